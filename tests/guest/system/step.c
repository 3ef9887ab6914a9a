// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Single step over every kind of instruction.
#include "harness/harness.h"
#include "traps.h"

uint32_t trap_eip[TRAPS_KEPT], trap_dr6[TRAPS_KEPT], trap_ecx[TRAPS_KEPT];
unsigned traps;

static bool record(struct frame *f)
{
    if (f->vector != EXC_DB)
        return false;
    if (traps < TRAPS_KEPT) {
        trap_eip[traps] = f->eip;
        trap_dr6[traps] = last_dr6;
        trap_ecx[traps] = f->ecx;
    }
    traps++;
    SET_DR(6, 0xffff0ff0);
    f->eflags |= EFLAGS_RF;
    return traps < TRAPS_KEPT;
}

int run_traps_until(void (*code)(void))
{
    traps = 0;
    hook = record;
    SET_DR(6, 0xffff0ff0);
    int vector = try_call(code);
    hook = 0;
    return vector;
}

void run_traps(void (*code)(void))
{
    EQUAL(run_traps_until(code), -1);
}

/*
 * Nine bytes set TF; the trap comes behind the instruction after POPF. STOP clears it again: three
 * traps, behind PUSHFD, AND and POPFD.
 */
#define START "pushfd; or dword ptr [esp], 0x100; popfd;"
#define STOP  "pushfd; and dword ptr [esp], 0xfffffeff; popfd"
enum { START_SIZE = 9, STOP_TRAPS = 3 };

uint32_t step_word = 5, step_buffer[8];

CODE(step_plain, START "nop; lea eax, [ebx]; nop;" STOP);
CODE(step_mov_ss, START "mov eax, ss; mov ss, ax; nop; nop;" STOP);
CODE(step_pop_ss, START "push ss; pop ss; nop; nop;" STOP);
CODE(step_lss, START "mov dword ptr step_buffer, esp; mov word ptr step_buffer + 4, ss; lss esp, "
                     "step_buffer; nop;" STOP);
CODE(step_sti, START "sti; cli; nop;" STOP);
CODE(step_int, START "int 0x30");
CODE(step_fault, START "ud2");
CODE(step_int_and_back, START "int 0x35; nop; nop;" STOP);
CODE(plain_iret, "iretd");
CODE(step_int3, START "int3; nop;" STOP);
CODE(step_rep, START "mov ecx, 3; mov esi, offset step_buffer; lodsb; rep lodsb;" STOP);
CODE(step_rep_zero, START "xor ecx, ecx; mov esi, offset step_buffer; rep lodsb; nop;" STOP);
CODE(step_repne,
     START "mov ecx, 5; mov edi, offset step_buffer; mov al, 1; repne scasb; nop;" STOP);
CODE(step_into, START "xor eax, eax; into; nop;" STOP);
CODE(step_iret, "pushfd; or dword ptr [esp], 0x100; push cs; push offset step_iret_target; iretd;"
                "step_iret_target: nop; nop;" STOP);
CODE(step_popf_clears, START "pushfd; and dword ptr [esp], 0xfffffeff; popfd; nop; nop");
CODE(step_pushf, START "pushfd; pop eax; mov step_word, eax;" STOP);
CODE(step_calls, START "call step_called; nop; jmp step_jumped; ud2; step_jumped: " STOP
                       "; ret; step_called: ret");
CODE(step_branches,
     START "xor eax, eax; jz step_taken; ud2; step_taken: jnz step_taken; mov ecx, 2;"
           "step_loop: loop step_loop;" STOP);
CODE(step_far, START "jmp 0x08:step_far_target; step_far_target: push cs; push offset "
                     "step_far_back; retf; step_far_back:" STOP);
CODE(step_system,
     START "mov eax, cr0; mov cr0, eax; mov eax, cr3; mov cr3, eax; cpuid; in al, 0x61; out 0x80, "
           "al; mov eax, dr7; mov dr7, eax; xor ecx, ecx; lldt cx;" STOP);
CODE(
    step_prefixes, START
    "lock add dword ptr step_word, 1; xchg eax, step_word; .byte 0x66, 0x2e; nop; bswap eax;" STOP);
CODE(step_x87, START "fninit; fld1; fldpi; fstp st(0); fstp st(0); fnstsw ax; fwait;" STOP);
CODE(user_step, START "nop; nop; int 0x30");
CODE(user_step_gate, START "call 0x5b:0; nop; int 0x30");
CODE(gate_body, "nop; nop; retf");

extern char step_iret_target[], step_called[], step_jumped[], step_taken[], step_loop[],
    step_far_target[], step_far_back[];

#define AT(code, offset) ((uint32_t)(code) + START_SIZE + (offset))

TEST(step_behind_each, "SDM 3B 17.3.1.4")
{
    run_traps(step_plain);
    EQUAL(traps, 3 + STOP_TRAPS);
    EQUAL(trap_eip[0], AT(step_plain, 1));
    EQUAL(trap_eip[1], AT(step_plain, 3));
    EQUAL(trap_eip[2], AT(step_plain, 4));
    EQUAL(trap_eip[3], AT(step_plain, 5));
    EQUAL(trap_eip[5], AT(step_plain, 13));
    for (unsigned n = 0; n < traps; n++)
        EQUAL(trap_dr6[n] & 0xe00f, 0x4000);
}

/* MOV SS and POP SS hold the trap back for one instruction; LSS does not. */
TEST(step_over_stack_switch, "SDM 3A 6.8.3; 3B 17.3.1.4")
{
    run_traps(step_mov_ss);
    EQUAL(traps, 3 + STOP_TRAPS);
    EQUAL(trap_eip[0], AT(step_mov_ss, 2));
    EQUAL(trap_eip[1], AT(step_mov_ss, 5));
    EQUAL(trap_eip[2], AT(step_mov_ss, 6));
    run_traps(step_pop_ss);
    EQUAL(traps, 3 + STOP_TRAPS);
    EQUAL(trap_eip[0], AT(step_pop_ss, 1));
    EQUAL(trap_eip[1], AT(step_pop_ss, 3));
    run_traps(step_lss);
    EQUAL(traps, 4 + STOP_TRAPS);
}

TEST(step_over_sti, "SDM 2 STI")
{
    run_traps(step_sti);
    EQUAL(traps, 3 + STOP_TRAPS);
    EQUAL(trap_eip[0], AT(step_sti, 1));
}

/* INT n clears TF: the first trap comes after IRET has set it again, and the instruction behind. */
TEST(step_over_int, "SDM 3B 17.3.1.4; SDM 2 INT n")
{
    EQUAL(run_traps_until(step_int), BACK);
    EQUAL(traps, 0);
    EQUAL(last.eflags & EFLAGS_TF, EFLAGS_TF);
    set_gate(idt, 0x35, CODE0, (uint32_t)plain_iret, 0x8e, 0);
    run_traps(step_int_and_back);
    EQUAL(trap_eip[traps - STOP_TRAPS - 2], AT(step_int_and_back, 3));
    EQUAL(trap_eip[traps - STOP_TRAPS - 1], AT(step_int_and_back, 4));
    EQUAL(traps, 2 + STOP_TRAPS);
    EQUAL(run_traps_until(step_int3), EXC_BP);
    EQUAL(traps, 0);
}

/* INTO without an overflow interrupts nothing: it is stepped over as any other. */
TEST(step_over_into_not_taken, "SDM 3B 17.3.1.4; SDM 2 INTO")
{
    run_traps(step_into);
    EQUAL(traps, 3 + STOP_TRAPS);
    EQUAL(trap_eip[0], AT(step_into, 2));
    EQUAL(trap_eip[1], AT(step_into, 3));
    EQUAL(trap_eip[2], AT(step_into, 4));
}

TEST(step_over_fault, "SDM 3A 6.9; 3B 17.3.1.4")
{
    EQUAL(run_traps_until(step_fault), EXC_UD);
    EQUAL(traps, 0);
    EQUAL(last.eip, AT(step_fault, 0));
    EQUAL(last.eflags & EFLAGS_TF, EFLAGS_TF);
}

/* A trap after each iteration. */
TEST(step_within_repeated_string, "SDM 3B 17.3.1.4; SDM 2 REP")
{
    run_traps(step_rep);
    EQUAL(traps, 3 + 3 + STOP_TRAPS);
    for (unsigned n = 0; n < 3; n++) {
        EQUAL(trap_ecx[3 + n], 2 - n);
        EQUAL(trap_eip[3 + n], AT(step_rep, n < 2 ? 11 : 13));
    }
    run_traps(step_rep_zero);
    EQUAL(traps, 4 + STOP_TRAPS);
    EQUAL(trap_eip[2], AT(step_rep_zero, 9));
    for (unsigned n = 0; n < 8; n++)
        step_buffer[n] = 0x01000000;
    run_traps(step_repne); /* ends at the fourth byte */
    EQUAL(traps, 3 + 4 + 1 + STOP_TRAPS);
    EQUAL(trap_ecx[6], 1);
}

/* IRET and POPF that set TF are not stepped themselves; POPF that clears it is. */
TEST(step_begins_and_ends, "SDM 3B 17.3.1.4")
{
    run_traps(step_iret);
    EQUAL(traps, 2 + STOP_TRAPS);
    EQUAL(trap_eip[0], (uint32_t)step_iret_target + 1);
    run_traps(step_popf_clears);
    EQUAL(traps, 3);
    EQUAL(trap_eip[2], AT(step_popf_clears, 9));
}

TEST(step_pushes_tf, "SDM 2 PUSHF")
{
    run_traps(step_pushf);
    EQUAL(step_word & EFLAGS_TF, EFLAGS_TF);
}

TEST(step_over_transfers, "SDM 3B 17.3.1.4")
{
    run_traps(step_calls);
    EQUAL(trap_eip[0], step_called);
    EQUAL(trap_eip[1], AT(step_calls, 5));
    EQUAL(trap_eip[2], AT(step_calls, 6));
    EQUAL(trap_eip[3], step_jumped);
    EQUAL(traps, 4 + STOP_TRAPS);
    run_traps(step_branches);
    EQUAL(trap_eip[1], step_taken);
    EQUAL(trap_eip[2], (uint32_t)step_taken + 2);
    EQUAL(trap_eip[4], step_loop);
    EQUAL(trap_eip[5], (uint32_t)step_loop + 2);
    EQUAL(traps, 6 + STOP_TRAPS);
    run_traps(step_far);
    EQUAL(trap_eip[0], step_far_target);
    EQUAL(trap_eip[3], step_far_back);
    EQUAL(traps, 4 + STOP_TRAPS);
}

TEST(step_over_system_instructions, "SDM 3B 17.3.1.4")
{
    run_traps(step_system);
    EQUAL(traps, 11 + STOP_TRAPS);
    run_traps(step_prefixes);
    EQUAL(traps, 4 + STOP_TRAPS);
    step_word = 5;
}

TEST(step_over_x87, "SDM 3B 17.3.1.4")
{
    run_traps(step_x87);
    EQUAL(traps, 7 + STOP_TRAPS);
    EQUAL(trap_eip[0], AT(step_x87, 2));
}

static int user_vector;
static void (*user_code)(void);
static void go_user(void)
{
    user_vector = try_user(user_code, 0);
}

TEST(step_at_level_3, "SDM 3B 17.3.1.4; 3A 5.8.5")
{
    user_code = user_step;
    run_traps(go_user);
    EQUAL(user_vector, BACK);
    EQUAL(traps, 2);
    EQUAL(trap_eip[0], AT(user_step, 1));
    /* A call gate keeps TF: the inner procedure is stepped, too. */
    set_gate(gdt, GATE / 8, CODE0, (uint32_t)gate_body, 0xec, 0);
    user_code = user_step_gate;
    run_traps(go_user);
    EQUAL(user_vector, BACK);
    EQUAL(trap_eip[0], gate_body);
    EQUAL(trap_eip[1], (uint32_t)gate_body + 1);
    EQUAL(trap_eip[3], AT(user_step_gate, 7));
    EQUAL(traps, 5);
}

static const struct iret_frame v86 = { 0, 0x1000, EFLAGS_VM | EFLAGS_TF | 2, 0x800, 0x1800, 0, 0,
                                       0, 0 };

static void enter_v86(void)
{
    enter_iret(&v86);
}

TEST(step_in_v86, "SDM 3A 20.3.1; 3B 17.3.1.4")
{
    store32(0x10000, 0xf4909090); /* nop; nop; nop; hlt */
    EQUAL(run_traps_until(enter_v86), EXC_GP);
    EQUAL(traps, 3);
    EQUAL(trap_eip[2], 3);
}

CODE(step_hlt, START "sti; hlt; cli; nop;" STOP);
CODE(step_data_break, START "mov dword ptr step_word, 5; nop;" STOP);
CODE(step_strings, START "mov ecx, 2; mov esi, offset step_buffer; mov edi, offset step_buffer;"
                         "rep movsb; mov ecx, 2; rep stosb;" STOP);
CODE(step_lea_leave, START "enter 8, 0; leave; push eax; pop eax; pushad; popad;" STOP);
CODE(user_step_sysenter,
     START "mov ecx, esp; step_sysenter_at: sysenter; step_sysenter_behind: nop; int 0x30");
CODE(sysenter_entry, "nop; sysenter_second: mov edx, offset step_sysenter_behind; sysexit");
CODE(step_task, START "step_task_at: call 0x50:0; step_task_behind: nop;" STOP);
CODE(stepped_task, "nop; nop; iretd; jmp stepped_task");

extern char sysenter_second[], step_sysenter_behind[], step_task_behind[];

enum { APIC_EOI = 0xfee000b0, APIC_SVR = 0xfee000f0, APIC_LVT_TIMER = 0xfee00320 };
enum { APIC_INITIAL = 0xfee00380, APIC_DIVIDE = 0xfee003e0, LATE = 0x34 };

/* A debug exception ends HLT. Where it does not, the local APIC's timer does, seconds later. */
TEST(step_over_hlt, "SDM 2 HLT; SDM 3B 17.3.1.4")
{
    if (!has(HAS_APIC))
        return;
    store32(APIC_SVR, 0x1ff);
    store32(APIC_DIVIDE, 0xa);
    store32(APIC_LVT_TIMER, LATE);
    store32(APIC_INITIAL, 0x4000000);
    EQUAL(run_traps_until(step_hlt), -1);
    store32(APIC_LVT_TIMER, 0x10000);
    store32(APIC_INITIAL, 0);
    store32(APIC_EOI, 0);
    EQUAL(traps, 4 + STOP_TRAPS);
    EQUAL(trap_eip[1], AT(step_hlt, 2));
    EQUAL(trap_eip[2], AT(step_hlt, 3));
}

TEST(step_onto_data_breakpoint, "SDM 3B 17.2.3, 17.3.1.4")
{
    SET_DR(0, &step_word);
    SET_DR(7, 0xd0401);
    run_traps(step_data_break);
    SET_DR(7, 0x400);
    EQUAL(trap_dr6[0] & 0xe00f, 0x4001); /* one exception with both */
    EQUAL(trap_dr6[1] & 0xe00f, 0x4000);
    EQUAL(traps, 2 + STOP_TRAPS);
}

TEST(step_within_other_strings, "SDM 3B 17.3.1.4; SDM 2 REP")
{
    run_traps(step_strings);
    EQUAL(traps, 3 + 2 + 1 + 2 + STOP_TRAPS);
}

TEST(step_over_stack_frames, "SDM 3B 17.3.1.4")
{
    run_traps(step_lea_leave);
    EQUAL(traps, 6 + STOP_TRAPS);
}

/* SYSENTER leaves TF as it is: the trap behind it is of level 0. */
TEST(step_over_sysenter, "SDM 2 SYSENTER; SDM 3B 17.3.1.4")
{
    if (!has(HAS_SEP))
        return;
    wrmsr(0x174, CODE0);
    wrmsr(0x175, (uint32_t)inner_stack);
    wrmsr(0x176, (uint32_t)sysenter_entry);
    user_code = user_step_sysenter;
    run_traps(go_user);
    wrmsr(0x174, 0);
    EQUAL(user_vector, BACK);
    EQUAL(trap_eip[1], sysenter_entry);
    EQUAL(trap_eip[2], sysenter_second);
    EQUAL(trap_eip[4], step_sysenter_behind);
    EQUAL(traps, 6);
}

/* The new task has its own TF; the old one's comes back with its flags. */
TEST(step_over_task_switch, "SDM 3A 7.3; 3B 17.3.1.4")
{
    make_task(stepped_task);
    run_traps(step_task);
    __asm__ volatile("clts");
    EQUAL(tss.eflags & EFLAGS_TF, EFLAGS_TF);
    CHECK(traps == 1 + STOP_TRAPS || traps == 2 + STOP_TRAPS); /* IRET's own is not defined */
    EQUAL(trap_eip[traps - STOP_TRAPS - 1], (uint32_t)step_task_behind + 1);
}
