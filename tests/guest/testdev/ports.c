// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// pc-testdev's register, and its memory, each access to which is a device's.
#include "testdev.h"

enum { REGISTER = 0xe0, BYTES = 0xe8 };
#define IO_MEMORY      0xff000000u
#define IO_MEMORY_SIZE 0x10000u

static const char letters[] = "abcdefghijklmnop";

void test_registers(void)
{
    outl(REGISTER, 0x87654321);
    EQUAL(inl(REGISTER), 0x87654321);
    EQUAL(inw(REGISTER), 0x4321);
    EQUAL(inw(REGISTER + 2), 0x8765);
    for (unsigned n = 0; n < 4; n++)
        EQUAL(inb((uint16_t)(REGISTER + n)), 0x87654321 >> 8 * n & 0xff);
    /* Its second byte is at the port where the output goes. */
    EQUAL(inb(BYTES), 0x21);
    EQUAL(inw(BYTES + 2), 0x8765);
    outw(REGISTER + 2, 0x8866);
    EQUAL(inl(REGISTER), 0x88664321);
    outb(REGISTER + 1, 0x44);
    EQUAL(inl(REGISTER), 0x88664421);
    outw(BYTES + 2, 0x1122);
    outb(BYTES, 0x33);
    EQUAL(inl(REGISTER), 0x11224433);

    /* String output leaves the last byte there, whichever way it goes. */
    const char *from = letters;
    uint32_t count = sizeof letters - 1;
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(REGISTER) : "memory");
    EQUAL(inb(REGISTER), 'p');
    EQUAL(from - letters, sizeof letters - 1);
    from = letters + sizeof letters - 2;
    count = sizeof letters - 1;
    __asm__ volatile("std; rep outsb; cld" : "+S"(from), "+c"(count) : "d"(REGISTER) : "memory");
    EQUAL(inb(REGISTER), 'a');
    EQUAL(letters - from, 1);
}

/* Sizes, borders of pages, and instructions that read and write one place. */
void test_memory(void)
{
    uint32_t at = show(0, IO_MEMORY), v = 0x55667788, w;
    show(1, IO_MEMORY + 4096);
    store32(at, 0x11223344);
    EQUAL(load32(at), 0x11223344);
    EQUAL(load16(at + 1), 0x2233);
    store8(at + 3, 0xaa);
    store16(at + 1, 0xbbcc);
    EQUAL(load32(at), 0xaabbcc44);
    store32(at + 4094, 0x01020304);
    EQUAL(load32(at + 4094), 0x01020304);
    EQUAL(load16(at + 4096), 0x0102);

    __asm__ volatile("xchgl %0, (%1)" : "+r"(v) : "r"(at) : "memory");
    EQUAL(v, 0xaabbcc44);
    EQUAL(load32(at), 0x55667788);
    __asm__ volatile("lock incl (%0)" : : "r"(at) : "memory", "cc");
    EQUAL(load32(at), 0x55667789);
    v = 0x11;
    __asm__ volatile("lock xaddl %0, (%1)" : "+r"(v) : "r"(at) : "memory", "cc");
    EQUAL(v, 0x55667789);
    EQUAL(load32(at), 0x5566779a);
    __asm__ volatile("btcl $3, (%0)" : : "r"(at) : "memory", "cc");
    EQUAL(load32(at), 0x55667792);
    __asm__ volatile("pushl (%2); popl %0; notl (%2); movl (%2), %1"
                     : "=&r"(v), "=&r"(w)
                     : "r"(at)
                     : "memory");
    EQUAL(v, 0x55667792);
    EQUAL(w, ~0x55667792u);

    memcpy((void *)(at + 4090), letters, sizeof letters);
    CHECK(same((const void *)(at + 4090), letters, sizeof letters));
    __asm__ volatile("fildll (%0); fistpll 16(%0)" : : "r"(at + 4090) : "memory");
    CHECK(same((const void *)(at + 4106), letters, 8));

    at = show(2, IO_MEMORY + IO_MEMORY_SIZE - 4096);
    store32(at + 4092, 0xcafef00d);
    EQUAL(load32(at + 4092), 0xcafef00d);
}
