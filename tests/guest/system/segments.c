// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Loading segment registers, LDTR and TR, and every fault that a descriptor raises in it.
#include "harness/harness.h"

uint32_t test_selector, test_offset;
struct {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed)) far_pointer;
uint32_t pointer_esi;

CODE(load_ds, "mov eax, test_selector; mov ds, ax");
CODE(load_ss, "mov eax, test_selector; mov ss, ax");
CODE(load_es, "mov eax, test_selector; mov es, ax");
CODE(pop_ss, "push test_selector; pop ss");
CODE(pop_ds, "push test_selector; pop ds");
CODE(pop_gs, "push test_selector; pop gs");
CODE(load_lss, "lss esp, far_pointer");
CODE(load_lds, "mov esi, 0x5a5a5a5a; lds esi, far_pointer; mov ss:pointer_esi, esi");
CODE(load_les, "les edi, far_pointer");
CODE(load_lfs, "lfs edi, far_pointer");
CODE(load_lgs, "lgs edi, far_pointer");
CODE(load_tr, "mov eax, test_selector; ltr ax");
CODE(load_ldt, "mov eax, test_selector; lldt ax");
CODE(user_load_ds, "mov eax, test_selector; mov ds, ax; int 0x30");
CODE(user_load_ss, "mov eax, test_selector; mov ss, ax; int 0x30");
CODE(user_lldt, "lldt ax");
CODE(user_ltr, "ltr ax");
CODE(user_lgdt, "lgdt [esp]");
CODE(user_lidt, "lidt [esp]");

static int with(void (*code)(void), unsigned s)
{
    test_selector = s;
    far_pointer.offset = 0x12345678;
    far_pointer.selector = (uint16_t)s;
    return try_call(code);
}
#define LOAD(code, s, vector_, error_)                                                             \
    do {                                                                                           \
        EQUAL(with(code, s), vector_);                                                             \
        EQUAL(last.error, error_);                                                                 \
    } while (0)

static void data_faults(void (*load)(void))
{
    LOAD(load, ABSENT, EXC_NP, ABSENT);
    LOAD(load, EXECUTE_ONLY, EXC_GP, EXECUTE_ONLY);
    LOAD(load, DATA0 | 3, EXC_GP, DATA0);
    LOAD(load, TSS_SEL, EXC_GP, TSS_SEL);
    LOAD(load, LDT_SEL, EXC_GP, LDT_SEL);
    LOAD(load, 0xfff8, EXC_GP, 0xfff8);
    LOAD(load, sizeof gdt, EXC_GP, sizeof gdt);
    LOAD(load, 4, EXC_GP, 4); /* no LDT */
    LOAD(load, FREE_A, EXC_GP, FREE_A);
}

TEST(load_data_segment_faults, "SDM 2 MOV, POP, LDS; SDM 3A 5.6")
{
    data_faults(load_ds);
    data_faults(load_es);
    data_faults(pop_ds);
    data_faults(pop_gs);
    data_faults(load_lds);
    data_faults(load_les);
    data_faults(load_lfs);
    data_faults(load_lgs);
}

TEST(load_stack_segment_faults, "SDM 3A 5.7; SDM 2 MOV")
{
    static void (*const loads[])(void) = { load_ss, pop_ss, load_lss };
    set_segment(FREE_A, 0, 0xfffff, 0x13, 0xc); /* writable, not present */
    for (unsigned n = 0; n < ARRAY_SIZE(loads); n++) {
        LOAD(loads[n], 0, EXC_GP, 0);
        LOAD(loads[n], DATA3, EXC_GP, DATA3 & ~3u);
        LOAD(loads[n], DATA0 | 3, EXC_GP, DATA0);
        LOAD(loads[n], DATA3 & ~3u, EXC_GP, DATA3 & ~3u);
        LOAD(loads[n], CODE0, EXC_GP, CODE0);
        LOAD(loads[n], READ_ONLY, EXC_GP, READ_ONLY);
        LOAD(loads[n], TSS_SEL, EXC_GP, TSS_SEL);
        LOAD(loads[n], FREE_A, EXC_SS, FREE_A);
        LOAD(loads[n], sizeof gdt, EXC_GP, sizeof gdt);
    }
}

TEST(load_segments_at_level_3, "SDM 3A 5.6, 5.7")
{
    static const struct {
        void (*code)(void);
        unsigned selector;
        int vector;
        uint32_t error;
    } rows[] = {
        { user_load_ds, DATA3, BACK, 0 },
        { user_load_ds, CONFORMING | 3, BACK, 0 }, /* level 0, but conforming */
        { user_load_ds, CODE3, BACK, 0 },
        { user_load_ds, 0, BACK, 0 },
        { user_load_ds, 3, BACK, 0 },
        { user_load_ds, DATA0, EXC_GP, DATA0 },
        { user_load_ds, DATA0 | 3, EXC_GP, DATA0 },
        { user_load_ds, CODE0, EXC_GP, CODE0 },
        { user_load_ss, DATA3, BACK, 0 },
        { user_load_ss, DATA3 & ~3u, EXC_GP, DATA3 & ~3u },
        { user_load_ss, 3, EXC_GP, 0 },
        { user_load_ss, CODE3, EXC_GP, CODE3 & ~3u },
        { user_load_ss, DATA0 | 3, EXC_GP, DATA0 },
        { user_load_ss, DATA1 | 3, EXC_GP, DATA1 & ~3u },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        test_selector = rows[n].selector;
        EQUAL(try_user(rows[n].code, 0), rows[n].vector);
        EQUAL(last.error, rows[n].error);
    }
}

TEST(load_null_selectors, "SDM 3A 3.4.2, 5.4.1")
{
    for (unsigned rpl = 0; rpl < 4; rpl++)
        EQUAL(with(load_es, rpl), -1);
    EQUAL(with(load_es, DATA3), -1); /* outer data may be used inside */
    EQUAL(with(load_es, DATA1), -1);
}

TEST(load_sets_accessed, "SDM 3A 3.4.5.1")
{
    EQUAL(gdt[READ_ONLY / 8] >> 40 & 1, 0);
    EQUAL(with(load_es, READ_ONLY), -1);
    EQUAL(gdt[READ_ONLY / 8] >> 40 & 1, 1);
    set_segment(FREE_A, 0, 0xfffff, 0x92, 0xc);
    EQUAL(with(load_lds, FREE_A), -1);
    EQUAL(gdt[FREE_A / 8] >> 40 & 1, 1);
    set_segment(FREE_A, 0, 0xfffff, 0xd2, 0xc); /* level 2: what faults stays as it is */
    EQUAL(with(load_es, FREE_A | 3), EXC_GP);
    EQUAL(gdt[FREE_A / 8] >> 40 & 1, 0);
}

TEST(far_pointer_loads_both_or_none, "SDM 2 LDS")
{
    pointer_esi = 0;
    LOAD(load_lds, ABSENT, EXC_NP, ABSENT);
    EQUAL(last.esi, 0x5a5a5a5a);
    EQUAL(last.ds & 0xffff, DATA0);
    EQUAL(with(load_lds, DATA0), -1);
    EQUAL(pointer_esi, 0x12345678);
}

TEST(ldtr_faults, "SDM 2 LLDT")
{
    EQUAL(with(load_ldt, 0), -1);
    LOAD(load_ldt, TSS_B_SEL, EXC_GP, TSS_B_SEL);
    LOAD(load_ldt, DATA0, EXC_GP, DATA0);
    LOAD(load_ldt, LDT_SEL | 4, EXC_GP, LDT_SEL | 4);
    LOAD(load_ldt, sizeof gdt, EXC_GP, sizeof gdt);
    set_segment(FREE_A, (uint32_t)ldt, 31, 0x02, 0);
    LOAD(load_ldt, FREE_A, EXC_NP, FREE_A);
    EQUAL(try_user(user_lldt, 0), EXC_GP);
    EQUAL(last.error, 0);
}

TEST(ldt_descriptors, "SDM 3A 3.5.1, 2.4.2")
{
    ldt[1] = gdt[DATA0 / 8];
    EQUAL(with(load_ldt, LDT_SEL), -1);
    EQUAL(with(load_es, 0xc), -1);
    LOAD(load_es, 0x24, EXC_GP, 0x24);
    set_segment(FREE_A, (uint32_t)ldt, 14, 0x82, 0); /* one byte short of the second entry */
    EQUAL(with(load_ldt, FREE_A), -1);
    LOAD(load_es, 0xc, EXC_GP, 0xc);
    EQUAL(with(load_ldt, 0), -1);
    LOAD(load_es, 0xc, EXC_GP, 0xc);
    uint16_t selector;
    __asm__ volatile("lldt %w1; sldt %0" : "=r"(selector) : "r"(LDT_SEL | 3));
    EQUAL(selector, LDT_SEL | 3);
    EQUAL(with(load_ldt, 0), -1);
}

TEST(tr_null_selector, "SDM 2 LTR")
{
    LOAD(load_tr, 0, EXC_GP, 0);
    LOAD(load_tr, 3, EXC_GP, 0);
}

TEST(tr_faults, "SDM 2 LTR")
{
    LOAD(load_tr, TSS_SEL, EXC_GP, TSS_SEL); /* busy */
    LOAD(load_tr, DATA0, EXC_GP, DATA0);
    LOAD(load_tr, LDT_SEL, EXC_GP, LDT_SEL);
    LOAD(load_tr, TSS_B_SEL | 4, EXC_GP, TSS_B_SEL | 4);
    LOAD(load_tr, sizeof gdt, EXC_GP, sizeof gdt);
    set_segment(FREE_A, (uint32_t)&tss_b, 0x67, 0x09, 0);
    LOAD(load_tr, FREE_A, EXC_NP, FREE_A);
    EQUAL(try_user(user_ltr, 0), EXC_GP);
    EQUAL(last.error, 0);
}

TEST(tr_sets_busy, "SDM 2 LTR; SDM 3A 7.2.2")
{
    uint16_t selector;
    EQUAL(with(load_tr, TSS_B_SEL), -1);
    EQUAL(gdt[TSS_B_SEL / 8] >> 40 & 31, 11);
    EQUAL(gdt[TSS_SEL / 8] >> 40 & 31, 11); /* LTR is no task switch */
    EQUAL(with(load_tr, TSS16_SEL), -1);
    EQUAL(gdt[TSS16_SEL / 8] >> 40 & 31, 3);
    __asm__ volatile("str %0" : "=r"(selector));
    EQUAL(selector, TSS16_SEL);
}

TEST(table_registers_at_level_3, "SDM 3A 5.9")
{
    EQUAL(try_user(user_lgdt, EFLAGS_IOPL), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(try_user(user_lidt, EFLAGS_IOPL), EXC_GP);
    EQUAL(last.error, 0);
}

/* LGDT with a 16-bit operand takes 24 bits of the base; LIDT and SIDT move six bytes alike. */
TEST(table_register_operand_size, "SDM 2 LGDT, SIDT")
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) table = { 0x3ff, 0x12345678 }, seen = { 0, 0 };
    __asm__ volatile(".byte 0x66; lidt %1; sidt %0" : "=m"(seen) : "m"(table));
    set_idt(idt, sizeof idt - 1);
    EQUAL(seen.limit, 0x3ff);
    EQUAL(seen.base, 0x345678);
    __asm__ volatile("lidt %1; sidt %0" : "=m"(seen) : "m"(table));
    set_idt(idt, sizeof idt - 1);
    EQUAL(seen.base, 0x12345678);
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct query {
    uint16_t selector;
    bool lar, lsl, verr, verw;
    uint32_t rights, limit;
};
uint32_t query_selector, query_results[4], query_rights, query_limit;

/* LAR, LSL, VERR, VERW by the selector in query_selector; ZF of each. */
CODE(query,
     "mov ecx, query_selector; xor eax, eax; xor edx, edx;"
     "mov ebx, 0x5a5a5a5a; lar ebx, ecx; setz al; mov query_results, eax; mov query_rights, ebx;"
     "mov ebx, 0x5a5a5a5a; lsl ebx, ecx; setz al; mov query_results + 4, eax; mov query_limit, ebx;"
     "verr cx; setz al; mov query_results + 8, eax;"
     "verw cx; setz al; mov query_results + 12, eax");
CODE(user_query, "call query; int 0x30");

static void ask(const struct query *q, bool user)
{
    query_selector = q->selector;
    if (user)
        EQUAL(try_user(user_query, 0), BACK);
    else
        EQUAL(try_call(query), -1);
    EQUAL(query_results[0], q->lar);
    EQUAL(query_results[1], q->lsl);
    EQUAL(query_results[2], q->verr);
    EQUAL(query_results[3], q->verw);
    if (q->rights || !q->lar)
        EQUAL(q->lar ? query_rights & 0xf0ff00 : query_rights, q->lar ? q->rights : 0x5a5a5a5a);
    EQUAL(query_limit, q->lsl ? q->limit : 0x5a5a5a5a);
}

TEST(descriptor_queries, "SDM 3A 5.10.1-5.10.3; SDM 2 LAR, LSL, VERR")
{
    static const struct query rows[] = {
        { DATA0, 1, 1, 1, 1, 0xc09300, 0xffffffff },
        { CODE0, 1, 1, 1, 0, 0xc09b00, 0xffffffff },
        { EXECUTE_ONLY, 1, 1, 0, 0, 0xc09900, 0xffffffff },
        { READ_ONLY, 1, 1, 1, 0, 0, 0xffffffff },
        { ABSENT, 1, 1, 1, 1, 0xc01200, 0xffffffff },
        { SMALL, 1, 1, 1, 1, 0x409300, 0xff },
        { LDT_SEL, 1, 1, 0, 0, 0x8200, sizeof ldt - 1 },
        { TSS_B_SEL, 1, 1, 0, 0, 0x8900, 0x67 },
        { TSS16_SEL, 1, 1, 0, 0, 0x8100, 0x2b },
        { GATE, 1, 0, 0, 0, 0xec00, 0 },
        { TASK_GATE, 1, 0, 0, 0, 0xe500, 0 },
        { FREE_A, 0, 0, 0, 0, 0, 0 }, /* an interrupt gate */
        { FREE_B, 0, 0, 0, 0, 0, 0 }, /* type 0 */
        { 0, 0, 0, 0, 0, 0, 0 },
        { DATA0 | 3, 0, 0, 0, 0, 0, 0 },
        { 0x800, 0, 0, 0, 0, 0, 0 },
        { CONFORMING | 3, 1, 1, 1, 0, 0xc09f00, 0xffffffff },
    };
    set_gate(gdt, GATE / 8, CODE0, 0, 0xec, 0);
    set_gate(gdt, TASK_GATE / 8, TSS_B_SEL, 0, 0xe5, 0);
    set_gate(gdt, FREE_A / 8, CODE0, 0, 0xee, 0);
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++)
        ask(&rows[n], false);
}

TEST(descriptor_queries_at_level_3, "SDM 3A 5.10.1-5.10.3")
{
    static const struct query rows[] = {
        { DATA0, 0, 0, 0, 0, 0, 0 },
        { CODE0 | 3, 0, 0, 0, 0, 0, 0 },
        { DATA3, 1, 1, 1, 1, 0xc0f300, 0xffffffff },
        { CODE3, 1, 1, 1, 0, 0xc0fb00, 0xffffffff },
        { CONFORMING | 3, 1, 1, 1, 0, 0xc09f00, 0xffffffff },
        { TSS_B_SEL, 0, 0, 0, 0, 0, 0 },
        { GATE | 3, 1, 0, 0, 0, 0xec00, 0 },
    };
    set_gate(gdt, GATE / 8, CODE0, 0, 0xec, 0);
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++)
        ask(&rows[n], true);
}

TEST(arpl_raises_rpl, "SDM 3A 5.10.4; SDM 2 ARPL")
{
    static const struct {
        uint16_t destination, source, result;
        bool raised;
    } rows[] = { { 8, 3, 0xb, 1 }, { 0xb, 0x10, 0xb, 0 }, { 0xa, 0x12, 0xa, 0 }, { 9, 2, 0xa, 1 } };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        uint32_t destination = rows[n].destination | 0xabcd0000u;
        bool zf;
        __asm__ volatile("arpl %w2, %w0"
                         : "+r"(destination), "=@ccz"(zf)
                         : "r"((uint32_t)rows[n].source));
        EQUAL(destination, 0xabcd0000u | rows[n].result);
        EQUAL(zf, rows[n].raised);
    }
}
