// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What -kernel takes: Linux's and Multiboot's headers, with whatever numbers in them.
#include <stdlib.h>

#include "base/bits.h"
#include "device/nvram/fw_cfg.h"
#include "fuzz.h"
#include "machine/linux_boot.h"
#include "machine/multiboot.h"
#include "machine/pc.h"
#include "memory/memory.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

/* The input's head stands where the loaders look: a Multiboot header is searched, Linux's is at 1F1h. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct log log;
    struct error err = { "" };
    struct memory *memory = memory_create(&log);
    struct fw_cfg *fw = fw_cfg_create(memory, &log, 0x510);
    struct pc_blob kernel = { data, size, "kernel" }, initrd = { data, size & 0xff, "initrd" };
    struct pc_module module = { { data, size, "module" }, "a module" };
    uint64_t low_ram = MIB(1) << (size & 7);
    if (multiboot_recognise(&kernel))
        multiboot_setup(fw, &kernel, &module, 1, "console=ttyS0", low_ram, &err);
    else
        linux_boot_setup(fw, &kernel, &initrd, "console=ttyS0", low_ram, &err);
    fw_cfg_destroy(fw);
    memory_destroy(memory);
    return 0;
}
