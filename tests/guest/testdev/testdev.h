// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the tests of the test devices share.
#ifndef TESTS_GUEST_TESTDEV_H
#define TESTS_GUEST_TESTDEV_H

#include "torture.h"

void test_boot(void);
void test_registers(void);
void test_memory(void);
void test_lines(void);
void test_flush(void);
void test_pci(void);
void test_sleep(void); /* does not return */

bool same(const void *a, const void *b, size_t size);
/* Where a page of devices is seen: place 0-15, and what follows it at the next places. */
uint32_t show(unsigned place, uint32_t physical);

static inline void outw(uint16_t port, uint16_t v)
{
    __asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}
static inline uint16_t inw(uint16_t port)
{
    uint16_t v;
    __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}
static inline void store16(uint32_t at, uint16_t v)
{
    *(volatile uint16_t *)at = v;
}
static inline uint16_t load16(uint32_t at)
{
    return *(volatile uint16_t *)at;
}

#endif
