// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Counter 2 of the 8254. Its gate and OUT are in port 61h.
#ifndef TESTS_GUEST_BOARD_PIT_H
#define TESTS_GUEST_BOARD_PIT_H

#include "board.h"

enum { GATE_2 = 1, OUT_2 = 0x20 };
enum { LSB = 0x10, MSB = 0x20, BOTH = 0x30 };

static inline void gate(bool level)
{
    outb(0x61, level ? GATE_2 : 0);
}

static inline bool out(void)
{
    return inb(0x61) & OUT_2;
}

static inline void control(unsigned mode, unsigned access, unsigned bcd)
{
    outb(0x43, (uint8_t)(0x80 | access | mode << 1 | bcd));
}

static inline void load(uint16_t count)
{
    outb(0x42, (uint8_t)count);
    outb(0x42, (uint8_t)(count >> 8));
}

static inline uint16_t value(void)
{
    outb(0x43, 0x80); /* latch */
    uint8_t low = inb(0x42);
    return (uint16_t)(low | inb(0x42) << 8);
}

static inline uint8_t status(void)
{
    outb(0x43, 0xe8);
    return inb(0x42);
}

/* The count has gone from the register into the counter. */
static inline bool loaded(void)
{
    return WAIT(!(status() & 0x40));
}

#endif
