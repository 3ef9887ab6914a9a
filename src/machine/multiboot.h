// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// -kernel for Multiboot kernels: image, modules and information structure for the boot ROM.
#ifndef MACHINE_MULTIBOOT_H
#define MACHINE_MULTIBOOT_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct fw_cfg;
struct pc_blob;
struct pc_module;

/* Is there a Multiboot 1 header in the first 8 KiB (Multiboot specification 0.6.96, 3.1)? */
bool multiboot_recognise(const struct pc_blob *kernel);

/* Put kernel, modules and information structure into fw_cfg as firmware/kernel_boot.S wants them.
 * False with a message. */
bool multiboot_setup(struct fw_cfg *fw, const struct pc_blob *kernel,
                     const struct pc_module *modules, unsigned count, const char *command_line,
                     uint64_t low_ram, struct error *err);

#endif
