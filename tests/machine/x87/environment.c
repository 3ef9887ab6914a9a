// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The x87's environment and state in all their forms, stored, changed and loaded again.
#include "report.h"

#include <stdio.h>
#include <string.h>

/* SDM 1 figure 8-9: addresses of the last instruction and operand, and its opcode, are left out. */
struct environment {
    uint16_t control, reserved1, status, reserved2, tag, reserved3;
    uint32_t instruction, code, operand, data;
};
struct state {
    struct environment environment;
    uint8_t registers[8][10];
};
struct fx_state {
    uint16_t control, status;
    uint8_t tag, reserved;
    uint16_t opcode;
    uint32_t instruction, code, operand, data, mxcsr, mxcsr_mask;
    uint8_t registers[8][16], xmm[16][16], rest[96];
} __attribute__((aligned(16)));

static void print_environment(const char *what, const struct environment *e)
{
    print_line("%s control %04x status %04x tag %04x", what, e->control, e->status, e->tag);
}

static void print_state(const char *what, const struct state *s)
{
    print_environment(what, &s->environment);
    for (unsigned n = 0; n < 8; n++)
        print_register(s->registers[n]);
    print_line(";");
}

static void print_fx(const char *what, const struct fx_state *s)
{
    print_line("%s control %04x status %04x tag %02x mxcsr %08x", what, s->control, s->status,
               s->tag, s->mxcsr);
    for (unsigned n = 0; n < 8; n++)
        print_register(s->registers[n]);
    for (unsigned n = 0; n < 8; n++)
        for (unsigned k = 16; k-- > 0;)
            printf("%02x", s->xmm[n][k]);
    print_line(";");
}

/* Some registers full, one of them a NaN, one a zero. The compiler's own code is to need none meanwhile. */
static void fill(unsigned count)
{
    long double values[8];
    for (unsigned n = 0; n < 8; n++)
        values[n] = edge_value((n * 7 + count) % edge_value_count);
    __asm__ volatile("fninit");
    for (unsigned n = 0; n < count; n++)
        __asm__ volatile("fldt %0" : : "m"(values[n]));
}

static void test_environments(unsigned count)
{
    struct environment e;
    struct state s, again;
    fill(count);
    __asm__ volatile("fnstenv %0" : "=m"(e));
    print_environment("fnstenv", &e);
    e.status = (uint16_t)((e.status & ~0x3800) | (count * 3 & 7) << 11);
    e.tag = (uint16_t)(0x1b1b * (count + 1));
    __asm__ volatile("fldenv %1\n\tfnsave %0" : "=m"(s) : "m"(e));
    print_state("fldenv, fnsave", &s);
    s.environment.control = (uint16_t)(0x7f | (count & 3) << 10 | (count % 3 == 1 ? 0 : 0x200));
    __asm__ volatile("frstor %1\n\tfnsave %0\n\tfninit" : "=m"(again) : "m"(s));
    print_state("frstor, fnsave", &again);
}

/* 14 bytes: SDM 1 figure 8-12. */
static void test_16_bit_forms(unsigned count)
{
    uint16_t e[7];
    uint8_t s[94];
    fill(count);
    __asm__ volatile("data16 fnstenv %0" : "=m"(e));
    print_line("16 bits: %04x %04x %04x", e[0], e[1], e[2]);
    __asm__ volatile("data16 fldenv %1\n\tdata16 fnsave %0" : "=m"(s) : "m"(e));
    for (unsigned n = 0; n < 8; n++)
        print_register(&s[14 + 10 * n]);
    print_line(";");
    __asm__ volatile("data16 frstor %0\n\tfninit" : : "m"(s));
}

static void test_fx(unsigned count)
{
    struct fx_state s, again;
    uint32_t mxcsr = 0x1f80 | (count & 3) << 13;
    memset(&s, 0, sizeof s);
    memset(&again, 0, sizeof again);
    fill(count);
    __asm__ volatile("fxsave %0" : "+m"(s));
    memset(s.xmm, (int)(count * 29), 128);
    s.mxcsr = mxcsr;
    s.tag = (uint8_t)(s.tag ^ (1u << (count & 7)));
    __asm__ volatile("fxrstor %1\n\tfxsave %0\n\tfninit"
                     : "+m"(again)
                     : "m"(s)
                     : "xmm0", "xmm1", "xmm2", "xmm3");
    print_fx("fxrstor, fxsave", &again);
    mxcsr = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

void test_environment(void)
{
    for (unsigned count = 0; count <= 8; count++) {
        test_environments(count);
        test_16_bit_forms(count);
        test_fx(count);
    }
}
