// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code: REP MOVS and REP STOS over code, over its borders, over what comes next.
#include "smc.h"

/* INC EAX and NOP, in a row over a page's border; the number of INCs is the result. */
enum { LENGTH = 256, START = 4096 - LENGTH / 2, INC = 0x40, NOP = 0x90, RET = 0xc3 };

static uint8_t shadow[LENGTH];

/* AL from EDI on, ECX bytes or dwords; EDX: DF. */
static void rep_stos(uint32_t to, uint32_t count, uint8_t value, bool dwords, bool down)
{
    uint32_t all = value * 0x01010101u, step = dwords ? 4 : 1;
    if (down) {
        to += (count - 1) * step;
        __asm__ volatile("std");
    }
    if (dwords)
        __asm__ volatile("rep stosl; cld" : "+D"(to), "+c"(count) : "a"(all) : "memory");
    else
        __asm__ volatile("rep stosb; cld" : "+D"(to), "+c"(count) : "a"(all) : "memory");
}

static void rep_movs(uint32_t to, const uint8_t *from, uint32_t count, bool dwords, bool down)
{
    uint32_t step = dwords ? 4 : 1;
    if (down) {
        to += (count - 1) * step;
        from += (count - 1) * step;
        __asm__ volatile("std");
    }
    if (dwords)
        __asm__ volatile("rep movsl; cld" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    else
        __asm__ volatile("rep movsb; cld" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

static uint32_t count_incs(void)
{
    uint32_t count = 0;
    for (unsigned n = 0; n < LENGTH; n++)
        count += shadow[n] == INC;
    return count;
}

static void over_border(struct random *r, uint32_t code, uint32_t write)
{
    memset(shadow, INC, LENGTH);
    memcpy((void *)code, shadow, LENGTH);
    store8(code + LENGTH, RET);
    for (unsigned n = 0; n < 400; n++) {
        bool dwords = chance(r, 50), down = chance(r, 30);
        unsigned from = random_below(r, LENGTH), most = (LENGTH - from) / (dwords ? 4 : 1);
        unsigned count = random_below(r, most + 1);
        uint8_t value = chance(r, 50) ? INC : NOP;
        memset(shadow + from, value, count * (dwords ? 4 : 1));
        if (chance(r, 50))
            rep_stos(write + from, count, value, dwords, down);
        else
            rep_movs(write + from, shadow + from, count, dwords, down);
        uint32_t times = n % 40 == 0 ? HOT : 1;
        if (!EQUAL(run_hot(code, times), count_incs() * times))
            return;
    }
}

/* REP STOSB up to the next instruction and beyond; ECX bytes of AL, then 32 bytes and RET. */
CODE(stos_next, "cld; call stos_here; stos_here: pop edi; add edi, 8; mov edx, ecx; rep stosb;"
                ".fill 32, 1, 0x40; ret");
/* It copies itself and what follows: to itself the same, behind it something new. */
CODE(movs_self, "cld; mov edi, eax; mov esi, ecx; xor eax, eax; mov ecx, 48; rep movsb; .fill 64, "
                "1, 0x40; ret");

static void next_instruction(void)
{
    for (uint32_t n = 0; n < 2000; n++) {
        uint32_t count = n % 32, value = n & 1 ? INC : NOP;
        PLACE(PAGE(16), stos_next);
        uint32_t expected = value + (value == INC ? 32 : 32 - count);
        EQUAL(call_code((void *)PAGE(16), 0, 0), 32);
        if (!EQUAL(call_code((void *)PAGE(16), value, count), expected))
            return;
    }
}

static void itself(void)
{
    PLACE(PAGE(17), movs_self);
    for (uint32_t n = 0; n < 600; n++) {
        uint32_t incs = 64;
        memcpy(shadow, movs_self, 96);
        for (unsigned k = 14; k < 48; k++) {
            shadow[k] = (n * 7 + k) % 5 < 2 ? NOP : INC;
            incs -= shadow[k] == NOP;
        }
        PLACE(PAGE(17), movs_self);
        if (!EQUAL(call_code((void *)PAGE(17), PAGE(17), (uint32_t)shadow), incs))
            return;
    }
}

void smc_strings(void)
{
    struct random r = { 5 };
    over_border(&r, PAGE(14) + START, PAGE(14) + START);
    over_border(&r, PAGE(14) + START, FRAME(14) + START);
    over_border(&r, FRAME(14) + START, PAGE(14) + START);
    /* The two pages in another order than where they are written. */
    map(PAGE(18), FRAME(21), RWX);
    map(PAGE(19), FRAME(20), RWX);
    over_border(&r, PAGE(18) + START, PAGE(18) + START);
    next_instruction();
    itself();
}
