// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// -kernel for Linux: the boot protocol, handed to the boot ROM in pieces.
#ifndef MACHINE_LINUX_BOOT_H
#define MACHINE_LINUX_BOOT_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct fw_cfg;
struct pc_blob;

/*
 * Put kernel, initrd (size 0: none) and command line into fw_cfg as firmware/kernel_boot.S wants
 * them. low_ram: bytes of RAM below 4 GiB. False with a message: not a kernel, truncated, too old,
 * or something does not fit.
 */
bool linux_boot_setup(struct fw_cfg *fw, const struct pc_blob *kernel, const struct pc_blob *initrd,
                      const char *command_line, uint64_t low_ram, struct error *err);

#endif
