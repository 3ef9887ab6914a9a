// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Task switches by CALL, JMP, IRET, task gate and exception.
#include "harness.h"

static char stack_b[1024];
uint32_t b_eflags, b_error, b_tr, b_cr0;

CODE(call_task, "mov eax, 0x77; stc; call 0x50:0");
CODE(call_task_gate, "call 0x80:0");
CODE(task_b_body, "pushfd; pop b_eflags; str eax; mov b_tr, eax; mov eax, cr0; mov b_cr0, eax; "
                  "clts; iretd; jmp task_b_body");
CODE(task_b_fault, "pop b_error; str eax; mov b_tr, eax; mov eax, [tss+0x20]; add dword ptr "
                   "[tss+0x20], 2; iretd; jmp task_b_fault");
CODE(jump_task, "jmp 0x50:0");
CODE(jump_back_body, "pushfd; pop b_eflags; jmp 0x28:0");
CODE(iret_task, "pushfd; or dword ptr [esp], 0x4000; popfd; iretd");
CODE(do_gp, "mov eax, 0xfff8; mov ds, ax");
CODE(nothing, "nop");

static void make_task(void (*body)(void))
{
    tss_b = (struct tss32){
        .eip = (uint32_t)body,
        .eflags = 2,
        .esp = (uint32_t)stack_b + sizeof stack_b,
        .cs = CODE0,
        .ss = DATA0,
        .ds = DATA0,
        .es = DATA0,
        .io_map = 0x68,
    };
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x89, 0);
}

/* A task that ended in recover() is still the current one. */
static void reload_tr(void)
{
    __asm__ volatile("movl $0xffff0ff0, %%eax; movl %%eax, %%dr6" : : : "eax");
    set_segment(TSS_SEL, (uint32_t)&tss, sizeof tss - 1, 0x89, 0);
    __asm__ volatile("ltr %w0; clts" : : "r"(TSS_SEL));
}

static unsigned type_of(unsigned selector)
{
    return gdt[selector / 8] >> 40 & 15;
}

static void faults(void)
{
    make_task(task_b_body);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x66, 0x89, 0);
    RAISES(call_task, EXC_TS, TSS_B_SEL);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x8b, 0);
    RAISES(call_task, EXC_GP, TSS_B_SEL);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x09, 0);
    RAISES(call_task, EXC_NP, TSS_B_SEL);
    gdt[TASK_GATE / 8] = 0;
    set_gate(gdt, TASK_GATE / 8, DATA0, 0, 0x85, 0);
    RAISES(call_task_gate, EXC_GP, DATA0);
    tss.link = DATA0;
    RAISES(iret_task, EXC_TS, DATA0);
}

void test_tasks(void)
{
    make_task(task_b_body);
    EQUAL(try_call(call_task), -1);
    EQUAL(b_eflags, EFLAGS_NT | 2);
    EQUAL(b_tr, TSS_B_SEL);
    EQUAL(b_cr0 & 8, 8);
    EQUAL(tss_b.link, TSS_SEL);
    EQUAL(tss.eax, 0x77);
    EQUAL(tss.eflags & 1, 1);
    EQUAL(tss_b.eflags & EFLAGS_NT, 0);
    EQUAL(type_of(TSS_B_SEL), 9);
    EQUAL(type_of(TSS_SEL), 11);

    make_task(task_b_body);
    set_gate(gdt, TASK_GATE / 8, TSS_B_SEL, 0, 0x85, 0);
    EQUAL(try_call(call_task_gate), -1);
    EQUAL(b_tr, TSS_B_SEL);

    make_task(jump_back_body);
    EQUAL(try_call(jump_task), -1);
    EQUAL(b_eflags & EFLAGS_NT, 0);
    EQUAL(type_of(TSS_B_SEL), 9);
    EQUAL(type_of(TSS_SEL), 11);

    /* An exception with an error code through a task gate: it lies on the new task's stack. */
    make_task(task_b_fault);
    set_gate(idt, EXC_GP, TSS_B_SEL, 0, 0x85, 0);
    EQUAL(try_call(do_gp), -1);
    EQUAL(b_error, 0xfff8);
    EQUAL(b_tr, TSS_B_SEL);
    set_gate(idt, EXC_GP, CODE0, (uint32_t)stubs + EXC_GP * 16, 0x8e, 0);

    /* The T bit: #DB before the new task's first instruction. */
    make_task(nothing);
    tss_b.trap = 1;
    EQUAL(try_call(jump_task), EXC_DB);
    EQUAL(last.eip, nothing);
    EQUAL(last_dr6 & 0xe00f, 0x8000);
    reload_tr();

    /* After the commit point: the fault belongs to the new task. */
    make_task(nothing);
    tss_b.ds = ABSENT;
    EQUAL(try_call(jump_task), EXC_NP);
    EQUAL(last.error, ABSENT);
    EQUAL(last.eip, nothing);
    reload_tr();
    faults();
}
