// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// When interrupts are taken: NMI until IRET, the instructions behind STI and MOV SS.
#include "board.h"

static void nmi_again(struct frame *f)
{
    static volatile unsigned depth;
    (void)f;
    depth++;
    if (came[EXC_NMI] == 1) {
        apic_send(ICR_NMI);
        apic_send(ICR_NMI);
    }
    EQUAL(depth, 1); /* held until IRET */
    depth--;
}

TEST(nmi_is_held_until_iret, "SDM 3A 6.7.1")
{
    if (!apic_begin(nmi_again))
        return;
    apic_send(ICR_NMI);      /* IF is clear */
    EQUAL(came[EXC_NMI], 2); /* two of them in the handler: one is kept */
    EQUAL(order_count, 2);
}

CODE(sti_then_nop, "sti; nop; nop; nop; cli");
CODE(sti_then_cli, "sti; cli; nop");
CODE(sti_again, "sti; sti; nop; nop; cli");
CODE(popf_then_nop, "pushfd; or dword ptr [esp], 0x200; popfd; nop; nop; cli");
CODE(iret_then_nop, "pushfd; or dword ptr [esp], 0x200; push cs; push offset iret_in; iretd; "
                    "iret_in: nop; nop; cli");
CODE(sti_then_hlt, "sti; hlt; nop; cli");
CODE(sti_then_ret, "push offset sti_ret_to; sti; ret; sti_ret_to: nop; nop; cli");

extern char iret_in[], sti_ret_to[];

static uint32_t taken_at(void (*code)(void))
{
    count_interrupts(apic_eoi);
    apic_send(0x50);
    EQUAL(try_call(code), -1);
    return order_count ? came_at[0] : 0;
}

TEST(interrupt_shadow_of_sti, "SDM 2 STI; SDM 3A 6.8.1")
{
    if (!apic_begin(apic_eoi))
        return;
    EQUAL(taken_at(sti_then_nop), (uint32_t)sti_then_nop + 2);
    EQUAL(taken_at(sti_then_cli), 0);
    EQUAL(apic_bit(APIC_IRR, 0x50), 1);
    let_in();
    EQUAL(taken_at(sti_again), (uint32_t)sti_again + 2);
    EQUAL(taken_at(sti_then_hlt), (uint32_t)sti_then_hlt + 2);
    EQUAL(taken_at(sti_then_ret), sti_ret_to);
}

TEST(no_shadow_of_popf_and_iret, "SDM 3A 6.8.1; SDM 2 POPF, IRET")
{
    if (!apic_begin(apic_eoi))
        return;
    EQUAL(taken_at(popf_then_nop), (uint32_t)popf_then_nop + 9);
    EQUAL(taken_at(iret_then_nop), iret_in);
}

/* No interrupt between MOV SS and what follows it, whenever the timer strikes. */
CODE(mov_ss_loop, "mov ebx, 4000; mov eax, ss; sti; mov_ss_again: mov ss, ax; mov_ss_behind: nop; "
                  "dec ebx; jnz mov_ss_again; cli");
extern char mov_ss_behind[];
static volatile unsigned behind_mov_ss;

static void watch_mov_ss(struct frame *f)
{
    if (f->eip == (uint32_t)mov_ss_behind)
        behind_mov_ss++;
    set_apic(APIC_EOI, 0);
}

TEST(interrupt_shadow_of_mov_ss, "SDM 3A 6.8.3")
{
    if (!apic_begin(watch_mov_ss))
        return;
    behind_mov_ss = 0;
    set_apic(APIC_DIVIDE, 0xb);
    set_apic(APIC_LVT_TIMER, 0x20050);
    set_apic(APIC_INITIAL, 20000);
    for (unsigned n = 0; n < 20000 && came[0x50] < 50; n++)
        try_call(mov_ss_loop);
    set_apic(APIC_INITIAL, 0);
    set_apic(APIC_LVT_TIMER, 0x10000);
    let_in();
    CHECK(came[0x50] >= 50);
    EQUAL(behind_mov_ss, 0);
}

/* Between two iterations the instruction is not done: what is pushed says so, and nowhere else. */
enum { STRING_BYTES = 0x100000 };
CODE(long_string, "mov esi, 0x900000; mov edi, 0xa00000; mov ecx, 0x100000; cld; sti; nop; "
                  "long_string_at: rep movsb; nop; cli");
extern char long_string_at[];
static volatile unsigned within_string, wrong_rf;
static volatile uint32_t string_left;

/* One that comes as soon as the handler is left meets what IRET gave to RF, not what an iteration
 * did; nor is there a promise before the first iteration. */
static void watch_string(struct frame *f)
{
    bool within = f->eip == (uint32_t)long_string_at;
    if (!within || (f->ecx != string_left && f->ecx != STRING_BYTES)) {
        within_string += within;
        wrong_rf += (f->eflags & EFLAGS_RF) != (within ? EFLAGS_RF : 0);
    }
    string_left = within ? f->ecx : 0;
    set_apic(APIC_EOI, 0);
    set_apic(APIC_INITIAL, 20000); /* the next one leaves time for some iterations */
}

TEST(interrupt_within_repeated_string, "SDM 3B 17.3.1.1; SDM 2 REP")
{
    if (!apic_begin(watch_string))
        return;
    within_string = wrong_rf = 0;
    set_apic(APIC_DIVIDE, 0xb);
    set_apic(APIC_LVT_TIMER, 0x50);
    set_apic(APIC_INITIAL, 20000);
    for (unsigned n = 0; n < 2000 && within_string < 20; n++)
        try_call(long_string);
    set_apic(APIC_INITIAL, 0);
    set_apic(APIC_LVT_TIMER, 0x10000);
    let_in();
    CHECK(within_string >= 20);
    EQUAL(wrong_rf, 0);
}
