// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Task switches by CALL, JMP, IRET, INT, task gate and exception.
#include "harness/harness.h"

uint32_t b_eflags, b_error, b_tr, b_cr0, b_esp, b_words[4], nested_switches;

CODE(call_task, "mov eax, 0x77; stc; call 0x50:0");
CODE(call_task_gate, "call 0x80:0");
CODE(jump_task_gate, "jmp 0x80:0");
CODE(int_task_gate, "int 0x33");
CODE(user_int_task_gate, "int 0x33; int 0x30");
CODE(user_call_task, "call 0x53:0; int 0x30");
CODE(user_call_task_gate, "call 0x83:0; int 0x30");
CODE(task_b_body, "pushfd; pop b_eflags; str eax; mov b_tr, eax; mov eax, cr0; mov b_cr0, eax; "
                  "mov b_esp, esp; clts; iretd; jmp task_b_body");
CODE(task_b_fault, "pop b_error; str eax; mov b_tr, eax; mov eax, [tss+0x20]; add dword ptr "
                   "[tss+0x20], 2; iretd; jmp task_b_fault");
CODE(jump_task, "jmp 0x50:0");
CODE(jump_back_body, "pushfd; pop b_eflags; jmp 0x28:0");
CODE(iret_task, "pushfd; or dword ptr [esp], 0x4000; popfd; iretd");
CODE(call_own_task, "call 0x28:0");
CODE(do_gp, "mov eax, 0xfff8; mov ds, ax");
CODE(do_ud, "ud2");
CODE(nothing, "nop; int 0x30");
CODE(task16_call, "mov ebx, 0x12345678; call 0x88:0");
CODE(task16_body, "str eax; mov b_tr, eax; mov b_words, ebx; mov b_esp, esp; iretd");
CODE(call_in_nested, "call 0xa0:0; add dword ptr nested_switches, 0x100; iretd");
CODE(return_from_nested, "add dword ptr nested_switches, 1; iretd");
CODE(call_outer_task, "call 0x50:0");

/* As the processor wrote it. */
static const volatile struct tss32 *const image = &tss_b;

/* A task that ended in recover() is still the current one. */
static void reload_tr(void)
{
    SET_DR(6, 0xffff0ff0);
    set_segment(TSS_SEL, (uint32_t)&tss, sizeof tss - 1, 0x89, 0);
    __asm__ volatile("ltr %w0; clts" : : "r"(TSS_SEL));
}

static unsigned type_of(unsigned selector)
{
    return gdt[selector / 8] >> 40 & 15;
}

TEST(task_call_and_iret, "SDM 3A 7.3, 7.4, table 7-2")
{
    make_task(task_b_body);
    EQUAL(try_call(call_task), -1);
    EQUAL(b_eflags, EFLAGS_NT | 2);
    EQUAL(b_tr, TSS_B_SEL);
    EQUAL(b_cr0 & CR0_TS, CR0_TS);
    EQUAL(image->link, TSS_SEL);
    EQUAL(tss.eax, 0x77);
    EQUAL(tss.eflags & 1, 1);
    EQUAL(image->eflags & EFLAGS_NT, 0); /* IRET clears it in the image */
    EQUAL(type_of(TSS_B_SEL), 9);
    EQUAL(type_of(TSS_SEL), 11);
}

TEST(task_gate_call, "SDM 3A 7.2.5, 7.3")
{
    make_task(task_b_body);
    set_gate(gdt, TASK_GATE / 8, TSS_B_SEL, 0, 0x85, 0);
    EQUAL(try_call(call_task_gate), -1);
    EQUAL(b_tr, TSS_B_SEL);
    EQUAL(b_eflags & EFLAGS_NT, EFLAGS_NT);
}

TEST(task_jump, "SDM 3A 7.3, table 7-2")
{
    make_task(jump_back_body);
    EQUAL(try_call(jump_task), -1);
    EQUAL(b_eflags & EFLAGS_NT, 0);
    EQUAL(image->link, 0);
    EQUAL(type_of(TSS_B_SEL), 9);
    EQUAL(type_of(TSS_SEL), 11);
    make_task(jump_back_body);
    set_gate(gdt, TASK_GATE / 8, TSS_B_SEL, 0, 0x85, 0);
    EQUAL(try_call(jump_task_gate), -1);
    EQUAL(type_of(TSS_B_SEL), 9);
}

TEST(task_gate_interrupt, "SDM 3A 6.12.2")
{
    make_task(task_b_body);
    set_gate(idt, 0x33, TSS_B_SEL, 0, 0xe5, 0);
    EQUAL(try_call(int_task_gate), -1);
    EQUAL(b_tr, TSS_B_SEL);
    EQUAL(b_esp, task_stack + sizeof task_stack); /* nothing is pushed */
    EQUAL(tss.eip, (uint32_t)int_task_gate + 2);
    EQUAL(type_of(TSS_B_SEL), 9);
    make_task(task_b_body);
    EQUAL(try_user(user_int_task_gate, EFLAGS_IF), BACK); /* the task keeps its level */
    EQUAL(tss.cs, CODE3);
    EQUAL(last.eip, (uint32_t)user_int_task_gate + 4);
    set_gate(idt, 0x33, TSS_B_SEL, 0, 0x85, 0);
    EQUAL(try_user(user_int_task_gate, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, 0x33 * 8 + 2);
}

/* An exception with an error code through a task gate: it lies on the new task's stack. */
TEST(task_gate_exception, "SDM 3A 6.12.2, 6.13")
{
    make_task(task_b_fault);
    set_gate(idt, EXC_GP, TSS_B_SEL, 0, 0x85, 0);
    EQUAL(try_call(do_gp), -1);
    EQUAL(b_error, 0xfff8);
    EQUAL(b_tr, TSS_B_SEL);
}

/* Ours calls B, B calls C; C may not call B, which is busy, and returns by B to us. */
TEST(tasks_nest, "SDM 3A 7.4, 7.4.1")
{
    static struct tss32 tss_c;
    static char stack_c[512];
    nested_switches = 0;
    make_task(call_in_nested);
    tss_c = tss_b;
    tss_c.eip = (uint32_t)return_from_nested;
    tss_c.esp = (uint32_t)stack_c + sizeof stack_c;
    set_segment(FREE_A, (uint32_t)&tss_c, 0x67, 0x89, 0);
    EQUAL(try_call(call_task), -1);
    EQUAL(nested_switches, 0x101);
    EQUAL(tss_c.link, TSS_B_SEL);
    EQUAL(tss_b.link, TSS_SEL);
    EQUAL(type_of(FREE_A), 9);
    EQUAL(type_of(TSS_B_SEL), 9);
    nested_switches = 0;
    make_task(call_in_nested);
    tss_c.eip = (uint32_t)call_outer_task;
    EQUAL(try_call(call_task), EXC_GP);
    EQUAL(last.error, TSS_B_SEL);
    EQUAL(last.eip, call_outer_task);
    reload_tr();
}

TEST(task_busy_is_not_entered, "SDM 3A 7.4.1")
{
    make_task(task_b_body);
    RAISES(call_own_task, EXC_GP, TSS_SEL);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x8b, 0);
    RAISES(call_task, EXC_GP, TSS_B_SEL);
    RAISES(jump_task, EXC_GP, TSS_B_SEL);
    set_gate(gdt, TASK_GATE / 8, TSS_B_SEL, 0, 0x85, 0);
    RAISES(call_task_gate, EXC_GP, TSS_B_SEL);
}

TEST(task_privilege, "SDM 3A 7.3; SDM 2 CALL")
{
    make_task(task_b_body);
    EQUAL(try_user(user_call_task, 0), EXC_GP); /* the descriptor's DPL */
    EQUAL(last.error, TSS_B_SEL);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0xe9, 0);
    EQUAL(try_user(user_call_task, 0), BACK);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x89, 0);
    set_gate(gdt, TASK_GATE / 8, TSS_B_SEL, 0, 0x85, 0);
    EQUAL(try_user(user_call_task_gate, 0), EXC_GP);
    EQUAL(last.error, TASK_GATE);
    make_task(task_b_body);
    set_gate(gdt, TASK_GATE / 8, TSS_B_SEL, 0, 0xe5, 0);
    EQUAL(try_user(user_call_task_gate, 0), BACK); /* the TSS's own DPL does not count */
}

TEST(task_descriptor_faults, "SDM 3A 7.3, table 7-1")
{
    make_task(task_b_body);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x66, 0x89, 0);
    RAISES(call_task, EXC_TS, TSS_B_SEL);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x09, 0);
    RAISES(call_task, EXC_NP, TSS_B_SEL);
    set_gate(gdt, TASK_GATE / 8, DATA0, 0, 0x85, 0);
    RAISES(call_task_gate, EXC_GP, DATA0);
    set_gate(gdt, TASK_GATE / 8, 0, 0, 0x85, 0);
    RAISES(call_task_gate, EXC_GP, 0);
    set_gate(gdt, TASK_GATE / 8, TSS_B_SEL | 4, 0, 0x85, 0);
    RAISES(call_task_gate, EXC_GP, TSS_B_SEL | 4);
    set_gate(gdt, TASK_GATE / 8, TSS_B_SEL, 0, 0x05, 0);
    RAISES(call_task_gate, EXC_NP, TASK_GATE);
}

TEST(task_return_faults, "SDM 2 IRET; SDM 3A 6.15 interrupt 10")
{
    tss.link = DATA0;
    RAISES(iret_task, EXC_TS, DATA0);
    tss.link = TSS_B_SEL; /* not busy */
    make_task(task_b_body);
    RAISES(iret_task, EXC_TS, TSS_B_SEL);
    tss.link = 0;
    RAISES(iret_task, EXC_TS, 0);
    tss.link = sizeof gdt;
    RAISES(iret_task, EXC_TS, sizeof gdt);
    tss.link = TSS_B_SEL | 4;
    RAISES(iret_task, EXC_TS, TSS_B_SEL | 4);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x0b, 0);
    tss.link = TSS_B_SEL;
    RAISES(iret_task, EXC_NP, TSS_B_SEL);
}

/* The T bit: #DB before the new task's first instruction. */
TEST(task_trap_bit, "SDM 3A 7.2.1; 3B 17.3.1.5")
{
    make_task(nothing);
    tss_b.trap = 1;
    EQUAL(try_call(jump_task), EXC_DB);
    EQUAL(last.eip, nothing);
    EQUAL(last_dr6 & 0xe00f, 0x8000);
    reload_tr();
}

/* After the commit point: the fault belongs to the new task. */
static void new_task_fault(int vector, uint32_t error)
{
    EQUAL(try_call(jump_task), vector);
    EQUAL(last.error, error);
    EQUAL(last.eip, nothing);
    EQUAL(type_of(TSS_B_SEL), 11);
    EQUAL(type_of(TSS_SEL), 9);
    reload_tr();
    make_task(nothing);
}

TEST(task_segment_faults, "SDM 3A 7.3, table 7-1")
{
    make_task(nothing);
    set_segment(FREE_A, 0, 0xfffff, 0x13, 0xc);
    tss_b.ds = FREE_A;
    new_task_fault(EXC_NP, FREE_A);
    tss_b.gs = EXECUTE_ONLY;
    new_task_fault(EXC_TS, EXECUTE_ONLY);
    tss_b.es = sizeof gdt;
    new_task_fault(EXC_TS, sizeof gdt);
    tss_b.fs = DATA0 | 3;
    new_task_fault(EXC_TS, DATA0);
}

/* Handlers of LDTR, CS and SS faults need a task of their own: there is no stack yet. */
static void fault_in_task(int vector, uint32_t error)
{
    static struct tss32 handler;
    static char stack[1024];
    handler = (struct tss32){
        .eip = (uint32_t)stubs + (unsigned)vector * 16,
        .eflags = 2,
        .esp = (uint32_t)stack + sizeof stack,
        .cs = CODE0,
        .ss = DATA0,
        .ds = DATA0,
        .es = DATA0,
        .io_map = 0x68,
    };
    set_segment(DF_TSS_SEL, (uint32_t)&handler, 0x67, 0x89, 0);
    set_gate(idt, (unsigned)vector, DF_TSS_SEL, 0, 0x85, 0);
    EQUAL(try_call(jump_task), vector);
    EQUAL(last.error, error);
    EQUAL(handler.link, TSS_B_SEL);
    EQUAL(tss_b.eip, nothing);
    reset_gate((unsigned)vector);
    reload_tr();
}

TEST(task_ldt_code_and_stack_faults, "SDM 3A 7.3, table 7-1")
{
    static const struct {
        uint32_t ldt, cs, ss;
        int vector;
        uint32_t error;
    } rows[] = {
        { DATA0, CODE0, DATA0, EXC_TS, DATA0 },
        { LDT_SEL | 4, CODE0, DATA0, EXC_TS, LDT_SEL | 4 },
        { sizeof gdt, CODE0, DATA0, EXC_TS, sizeof gdt },
        { 0, DATA0, DATA0, EXC_TS, DATA0 },
        { 0, 0, DATA0, EXC_TS, 0 },
        { 0, CODE3 & ~3u, DATA0, EXC_TS, CODE3 & ~3u },
        { 0, FREE_A, DATA0, EXC_NP, FREE_A },
        { 0, CODE0, 0, EXC_TS, 0 },
        { 0, CODE0, DATA3, EXC_TS, DATA3 & ~3u },
        { 0, CODE0, READ_ONLY, EXC_TS, READ_ONLY },
        { 0, CODE0, FREE_B, EXC_SS, FREE_B },
    };
    set_segment(FREE_A, 0, 0xfffff, 0x1b, 0xc);
    set_segment(FREE_B, 0, 0xfffff, 0x13, 0xc);
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        make_task(nothing);
        tss_b.ldt = rows[n].ldt;
        tss_b.cs = rows[n].cs;
        tss_b.ss = rows[n].ss;
        fault_in_task(rows[n].vector, rows[n].error);
    }
}

/* Two things wrong: the table's order of checks. */
TEST(task_code_and_stack_order, "SDM 3A 7.3, table 7-1")
{
    static const struct {
        uint32_t cs, ss;
        int vector;
        uint32_t error;
    } rows[] = {
        { CODE3 & ~3u, 0, EXC_TS, CODE3 & ~3u },  /* CS's level before SS */
        { CODE0, FREE_B, EXC_SS, FREE_B },        /* SS present before its level */
        { FREE_A, READ_ONLY, EXC_TS, READ_ONLY }, /* SS before CS present */
        { FREE_A, FREE_B, EXC_SS, FREE_B },
        { FREE_A, DATA0 | 1, EXC_NP, FREE_A }, /* SS's RPL last */
        { CODE0, DATA0 | 1, EXC_TS, DATA0 },
    };
    set_segment(FREE_A, 0, 0xfffff, 0x1b, 0xc); /* code, absent */
    set_segment(FREE_B, 0, 0xfffff, 0x33, 0xc); /* data of level 1, absent */
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        make_task(nothing);
        tss_b.cs = rows[n].cs;
        tss_b.ss = rows[n].ss;
        fault_in_task(rows[n].vector, rows[n].error);
    }
}

/* A TSS of the 80286 has words and no FS, GS, CR3, T bit. */
TEST(task_16_bit, "SDM 3A 7.6")
{
    static struct {
        uint16_t link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags, ax, cx, dx, bx, sp, bp, si, di, es,
            cs, ss, ds, ldt;
    } old;
    old.ip = (uint16_t)(uint32_t)task16_body;
    old.flags = 2;
    old.bx = 0xabcd;
    old.sp = 0x9100;
    old.cs = FREE_A;
    old.ss = old.ds = old.es = DATA0;
    set_segment(FREE_A, (uint32_t)task16_body & ~0xffffu, 0xfffff, 0x9b, 0xc);
    set_segment(TSS16_SEL, (uint32_t)&old, 0x2b, 0x81, 0);
    EQUAL(try_call(task16_call), -1);
    EQUAL(b_tr, TSS16_SEL);
    EQUAL(b_words[0] & 0xffff, 0xabcd);
    EQUAL(b_esp & 0xffff, 0x9100);
    EQUAL(old.link, TSS_SEL);
    EQUAL(type_of(TSS16_SEL), 1);
    EQUAL(tss.ebx, 0x12345678);
    set_segment(TSS16_SEL, (uint32_t)&old, 0x2a, 0x81, 0);
    RAISES(task16_call, EXC_TS, TSS16_SEL);
}

/* LDTR comes from the new task's image, and is not saved in the old one's. */
TEST(task_switch_loads_ldtr, "SDM 3A 7.2.1, 7.3")
{
    uint16_t selector;
    __asm__ volatile("lldt %w0" : : "r"(LDT_SEL));
    make_task(task_b_body);
    EQUAL(try_call(call_task), -1);
    EQUAL(tss.ldt, 0);
    __asm__ volatile("sldt %0" : "=r"(selector));
    EQUAL(selector, 0);
    tss.ldt = LDT_SEL;
    make_task(task_b_body);
    EQUAL(try_call(call_task), -1);
    __asm__ volatile("sldt %0" : "=r"(selector));
    EQUAL(selector, LDT_SEL);
}

/* Local breakpoints end with the task, global ones do not. */
TEST(task_switch_clears_local_breakpoints, "SDM 3B 17.2.4")
{
    uint32_t dr7;
    SET_DR(7, 0x4ff);
    make_task(task_b_body);
    SET_DR(0, 0x900000);
    SET_DR(1, 0x900000);
    SET_DR(2, 0x900000);
    SET_DR(3, 0x900000);
    EQUAL(try_call(call_task), -1);
    __asm__ volatile("movl %%dr7, %0" : "=r"(dr7));
    EQUAL(dr7 & 0xff, 0xaa);
}

/* The TSS that is left has no room: an exception's switch says EXT, INT n's does not. */
TEST(task_left_is_too_small, "SDM 3A 7.3; 6.13")
{
    make_task(nothing);
    set_gate(idt, EXC_UD, TSS_B_SEL, 0, 0x85, 0);
    set_gate(idt, 0x33, TSS_B_SEL, 0, 0xe5, 0);
    set_segment(TSS_SEL, (uint32_t)&tss, 0x20, 0x89, 0);
    __asm__ volatile("ltr %w0" : : "r"(TSS_SEL));
    RAISES(do_ud, EXC_TS, TSS_SEL | 1);
    RAISES(int_task_gate, EXC_TS, TSS_SEL);
    reset_gate(EXC_UD);
    reload_tr();
}

TEST(task_gate_interrupt_faults, "SDM 2 INT n; SDM 3A 6.13")
{
    make_task(task_b_body);
    set_gate(idt, 0x33, TSS_SEL, 0, 0xe5, 0); /* busy: our own */
    RAISES(int_task_gate, EXC_GP, TSS_SEL);
    set_gate(idt, 0x33, DATA0, 0, 0xe5, 0);
    RAISES(int_task_gate, EXC_GP, DATA0);
    set_gate(idt, 0x33, TSS_B_SEL | 4, 0, 0xe5, 0);
    RAISES(int_task_gate, EXC_GP, TSS_B_SEL | 4);
    set_gate(idt, 0x33, TSS_B_SEL, 0, 0x65, 0);
    RAISES(int_task_gate, EXC_NP, 0x33 * 8 + 2);
    set_gate(idt, 0x33, TSS_B_SEL, 0, 0xe5, 0);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x09, 0);
    RAISES(int_task_gate, EXC_NP, TSS_B_SEL);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x66, 0x89, 0);
    RAISES(int_task_gate, EXC_TS, TSS_B_SEL);
    set_gate(idt, EXC_UD, TSS_SEL, 0, 0x85, 0); /* an exception's: EXT */
    RAISES(do_ud, EXC_GP, TSS_SEL | 1);
}
