// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Loading and using segments, LDT, descriptor queries.
#include "harness.h"

static uint32_t selector;
uint32_t test_selector, test_offset;

CODE(load_ds, "mov eax, test_selector; mov ds, ax");
CODE(load_ss, "mov eax, test_selector; mov ss, ax");
CODE(load_es, "mov eax, test_selector; mov es, ax");
CODE(load_and_read_es,
     "mov eax, test_selector; mov ecx, test_offset; mov es, ax; mov eax, es:[ecx]");
CODE(load_and_write_es,
     "mov eax, test_selector; mov ecx, test_offset; mov es, ax; mov es:[ecx], eax");
CODE(read_through_bp,
     "mov eax, test_selector; mov ecx, test_offset; mov edx, esp; mov ss, ax; mov eax, ss:[ecx];"
     "mov bx, 0x10; mov ss, bx; mov esp, edx");
CODE(write_code, "mov cs:[0x7000], eax");
CODE(load_tr, "mov eax, test_selector; ltr ax");
CODE(load_ldt, "mov eax, test_selector; lldt ax");

static int with(void (*code)(void), unsigned s, uint32_t offset)
{
    test_selector = s;
    test_offset = offset;
    return try_call(code);
}
#define LOAD(code, s, vector_, error_)                                                             \
    do {                                                                                           \
        EQUAL(with(code, s, 0), vector_);                                                          \
        EQUAL(last.error, error_);                                                                 \
    } while (0)

static void queries(void)
{
    static const struct {
        uint16_t selector;
        bool lar, lsl, verr, verw;
        uint32_t rights, limit;
    } rows[] = {
        { DATA0, 1, 1, 1, 1, 0xc09300, 0xffffffff },
        { CODE0, 1, 1, 1, 0, 0xc09b00, 0xffffffff },
        { EXECUTE_ONLY, 1, 1, 0, 0, 0xc09900, 0xffffffff },
        { READ_ONLY, 1, 1, 1, 0, 0, 0xffffffff },
        { ABSENT, 1, 1, 1, 1, 0xc01200, 0xffffffff },
        { SMALL, 1, 1, 1, 1, 0x409300, 0xff },
        { LDT_SEL, 1, 1, 0, 0, 0x8200, sizeof ldt - 1 },
        { TSS_B_SEL, 1, 1, 0, 0, 0x8900, 0x67 },
        { GATE, 1, 0, 0, 0, 0xec00, 0 },
        { 0, 0, 0, 0, 0, 0, 0 },
        { DATA0 | 3, 0, 0, 0, 0, 0, 0 },
        { 0x800, 0, 0, 0, 0, 0, 0 },
        { CONFORMING | 3, 1, 1, 1, 0, 0xc09f00, 0xffffffff },
    };
    set_gate(gdt, GATE / 8, CODE0, 0, 0xec, 0);
    for (unsigned n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        uint32_t rights = 0, limit = 0;
        bool lar, lsl, verr, verw;
        selector = rows[n].selector;
        __asm__ volatile("lar %2, %0" : "+r"(rights), "=@ccz"(lar) : "r"(selector));
        __asm__ volatile("lsl %2, %0" : "+r"(limit), "=@ccz"(lsl) : "r"(selector));
        __asm__ volatile("verr %w1" : "=@ccz"(verr) : "r"(selector));
        __asm__ volatile("verw %w1" : "=@ccz"(verw) : "r"(selector));
        EQUAL(lar, rows[n].lar);
        EQUAL(lsl, rows[n].lsl);
        EQUAL(verr, rows[n].verr);
        EQUAL(verw, rows[n].verw);
        if (rows[n].rights)
            EQUAL(rights & 0xf0ff00, rows[n].rights);
        if (rows[n].lsl)
            EQUAL(limit, rows[n].limit);
    }
}

void test_segments(void)
{
    queries();
    LOAD(load_ds, ABSENT, EXC_NP, ABSENT);
    LOAD(load_ds, EXECUTE_ONLY, EXC_GP, EXECUTE_ONLY);
    LOAD(load_ds, DATA0 | 3, EXC_GP, DATA0);
    LOAD(load_ds, TSS_SEL, EXC_GP, TSS_SEL);
    LOAD(load_ds, 0xfff8, EXC_GP, 0xfff8);
    LOAD(load_ds, 4, EXC_GP, 4);
    LOAD(load_ss, 0, EXC_GP, 0);
    LOAD(load_ss, DATA3, EXC_GP, DATA3 & ~3u);
    LOAD(load_ss, CODE0, EXC_GP, CODE0);
    LOAD(load_ss, READ_ONLY, EXC_GP, READ_ONLY);
    LOAD(load_tr, 0, EXC_GP, 0);
    LOAD(load_tr, TSS_SEL, EXC_GP, TSS_SEL); /* busy */
    LOAD(load_tr, DATA0, EXC_GP, DATA0);
    LOAD(load_ldt, TSS_B_SEL, EXC_GP, TSS_B_SEL);
    EQUAL(with(load_es, 0, 0), -1);
    EQUAL(with(load_es, DATA3, 0), -1); /* outer data may be used inside */
    EQUAL(gdt[READ_ONLY / 8] >> 40 & 1, 0);
    EQUAL(with(load_es, READ_ONLY, 0), -1);
    EQUAL(gdt[READ_ONLY / 8] >> 40 & 1, 1); /* accessed */

    EQUAL(with(load_and_read_es, 0, 0), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(with(load_and_read_es, SMALL, 0xfc), -1);
    EQUAL(with(load_and_read_es, SMALL, 0xfd), EXC_GP);
    EQUAL(with(load_and_write_es, READ_ONLY, 0x7000), EXC_GP);
    EQUAL(with(load_and_write_es, EXPAND_DOWN, 0x1000), -1);
    EQUAL(with(load_and_write_es, EXPAND_DOWN, 0xfff), EXC_GP);
    EQUAL(with(load_and_write_es, EXPAND_DOWN, 0xffc), EXC_GP);
    EQUAL(with(load_and_read_es, CODE0, 0x7000), -1);
    EQUAL(try_call(write_code), EXC_GP);

    gdt[ABSENT / 8] |= UINT64_C(0x80) << 40; /* a present one in the LDT */
    ldt[1] = gdt[DATA0 / 8];
    EQUAL(with(load_ldt, LDT_SEL, 0), -1);
    EQUAL(with(load_es, 0xc, 0), -1);
    LOAD(load_es, 0x24, EXC_GP, 0x24);
    EQUAL(with(load_ldt, 0, 0), -1);
    LOAD(load_es, 0xc, EXC_GP, 0xc);
}
