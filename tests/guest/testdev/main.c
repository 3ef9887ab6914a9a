// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A kernel as test suites have them: with arguments and a module, on a board with test devices.
/*
 * Arguments: memory= and membar= in MiB, as the machine was made; sleep=1: S3 at the end. For QEMU also qemu=1: its
 * pc-testdev knows 16 lines, its pci-testdev hands writes to event descriptors and does not count
 * them, and under its TCG an interrupt comes some instructions after the OUT that caused it.
 */
#include "testdev.h"

enum { NOT_CACHED = 0x10 };

uint32_t show(unsigned place, uint32_t physical)
{
    uint32_t linear = TEST_LINEAR + place * 4096;
    map(linear, physical & ~0xfffu, PTE_P | PTE_W | NOT_CACHED);
    return linear + (physical & 0xfff);
}

bool same(const void *a, const void *b, size_t size)
{
    const uint8_t *p = a, *q = b;
    while (size > 0 && *p++ == *q++)
        size--;
    return size == 0;
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    { "boot information", test_boot },    { "pc-testdev register", test_registers },
    { "pc-testdev memory", test_memory }, { "pc-testdev lines", test_lines },
    { "pc-testdev flush", test_flush },   { "pci-testdev", test_pci },
};

void torture(void)
{
    for (unsigned n = 0; n < ARRAY_SIZE(tests); n++) {
        unsigned before = failures;
        tests[n].run();
        print(failures == before ? "ok " : "failed ");
        print(tests[n].name);
        print("\n");
    }
    if (failures == 0 && option("sleep", 0))
        test_sleep();
}
