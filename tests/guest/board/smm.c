// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// System-management mode: entry, the saved state, RSM.
#include "smm.h"

CODE(smi_user, "mov al, 0x55; out 0xb2, al; smi_user_behind: nop; nop; mov eax, cs; int 0x30");
CODE(rsm, ".byte 0x0f, 0xaa");

extern char smi_user_behind[];

TEST(smm_entry_state, "SDM 3C 34.5.1, table 34-4")
{
    smm_begin(0);
    set_cr0(CR0_TS | CR0_NE, 0);
    set_cr4(CR4_DE, 0);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    EQUAL(load32(IN_CR0) & (CR0_PE | CR0_EM | CR0_TS | CR0_PG), 0);
    EQUAL(load32(IN_CR0) & CR0_NE, CR0_NE); /* the others stay */
    EQUAL(load32(IN_CR4), 0);
    EQUAL(load32(IN_EFLAGS), 2);
    EQUAL(load32(IN_CS), 0xa000);
    EQUAL(load32(IN_EIP) & 0xffff, 0x8000);
    EQUAL(load32(IN_DATA), 0);
    EQUAL(load32(IN_DR7), 0x400);
    EQUAL(load32(IN_HIGH), 0x600d600d);
    EQUAL(cr0() & (CR0_TS | CR0_NE), CR0_TS | CR0_NE);
    EQUAL(cr4(), CR4_DE);
}

TEST(smm_saved_state, "SDM 3C 34.4.1, 34.9, 34.11, table 34-1")
{
    smm_begin(0);
    SET_DR(7, 0x401);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(field(F_EIP), smi_behind);
    EQUAL(field(F_EAX) & 0xff, 0x55);
    EQUAL(field(F_EBX), 0x11223344);
    EQUAL(field(F_ECX), 0x99aabbcc);
    EQUAL(field(F_EDI), 0x55667788);
    EQUAL(field(F_CR0), cr0());
    EQUAL(field(F_CR3), 0);
    EQUAL(field(F_DR7), 0x401);
    EQUAL(field(F_EFLAGS) & (EFLAGS_IF | 2), 2);
    EQUAL(field(F_TR) & 0xffff, TSS_SEL);
    EQUAL(field(F_LDTR) & 0xffff, 0);
    EQUAL(field(F_CS) & 0xffff, CODE0);
    EQUAL(field(F_DS) & 0xffff, DATA0);
    EQUAL(field(F_SS) & 0xffff, DATA0);
    EQUAL(field(F_ES) & 0xffff, DATA0);
    EQUAL(field(F_GS) & 0xffff, 0);
    EQUAL(field(F_REVISION) & 0x20000, 0x20000); /* SMBASE can be relocated */
    EQUAL(field(F_SMBASE), 0xa0000);
    EQUAL(field(F_HALT) >> 16 & 1, 0);
    EQUAL(smi_ebx, 0x11223344);
    EQUAL(smi_edi, 0x55667788);
    uint32_t dr7;
    __asm__ volatile("movl %%dr7, %0" : "=r"(dr7));
    EQUAL(dr7, 0x401);
}

TEST(rsm_loads_what_was_written, "SDM 3C 34.3.2, 34.4.1")
{
    smm_begin(CHANGE_EBX);
    store32(SKIP, 2);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(smi_ebx, 0xfeedbeef);
    EQUAL(smi_edi, 0x55667788);
}

TEST(rsm_outside_smm, "SDM 2 RSM; SDM 3C 34.3.2")
{
    RAISES(rsm, EXC_UD, 0);
    EQUAL(last.eip, rsm);
}

TEST(smi_at_level_3, "SDM 3C 34.3")
{
    smm_begin(0);
    tss.io[0xb2 / 8] = 0;
    EQUAL(try_user(smi_user, 0), BACK);
    EQUAL(load32(COUNT), 1);
    EQUAL(last.eax, CODE3);
    EQUAL(last.cs, CODE3);
    EQUAL(last.ss, DATA3);
    EQUAL(field(F_CS) & 0xffff, CODE3);
    EQUAL(field(F_EIP), smi_user_behind);
}

TEST(smi_with_paging, "SDM 3C 34.3.2, 34.5.1")
{
    static uint32_t directory[1024] __attribute__((aligned(4096)));
    smm_begin(0);
    for (unsigned n = 0; n < 1024; n++)
        directory[n] = n << 22 | 0x83;
    directory[2] = 0x400083; /* linear 800000h shows 400000h, here and not in SMM */
    set_cr4(CR4_PSE, 0);
    set_cr3(directory);
    set_cr0(CR0_PG, 0);
    store32(0x800000, 0xcafecafe);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    EQUAL(load32(IN_CR0) & CR0_PG, 0);
    EQUAL(field(F_CR3), directory);
    EQUAL(cr0() & CR0_PG, CR0_PG);
    EQUAL(cr4(), CR4_PSE);
    EQUAL(load32(0x800000), 0xcafecafe);
    EQUAL(load32(0x400000), 0xcafecafe);
}

TEST(smbase_relocation, "SDM 3C 34.11")
{
    smm_begin(RELOCATE);
    store32(NEW_SMBASE, 0x500000);
    place_handler(0x500000);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(field(F_SMBASE), 0xa0000);
    store32(SMBASE, 0x500000);
    store32(NEW_SMBASE, 0xa0000);
    EQUAL(try_call(smi_by_port), -1); /* there, and back */
    EQUAL(load32(COUNT), 2);
    EQUAL(field(F_SMBASE), 0x500000);
    EQUAL(field(F_EIP), smi_behind);
    EQUAL(load32(IN_HIGH), 0x600d600d);
    store32(SMBASE, 0xa0000);
    store32(ORDERS, 0);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 3);
    EQUAL(field(F_SMBASE), 0xa0000);
}

static void at_nmi(struct frame *f)
{
    if (f->vector == EXC_NMI)
        store32(0x9080, load32(COUNT));
}

TEST(nmi_waits_for_rsm, "SDM 3C 34.8")
{
    if (!has(HAS_APIC))
        return;
    smm_begin(NMI_INSIDE);
    count_interrupts(at_nmi);
    store32(0x9080, 0);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    EQUAL(came[EXC_NMI], 1);
    EQUAL(load32(0x9080), 1);
    EQUAL(order_count, 1);
}

TEST(smi_within_smi, "SDM 3C 34.2, 34.3.1")
{
    if (!has(HAS_APIC))
        return;
    smm_begin(SMI_INSIDE);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 2); /* one after the other */
    EQUAL(smi_ebx, 0x11223344);
}

TEST(smi_by_apic_message, "SDM 3A 10.6.1; 3C 34.2")
{
    if (!has(HAS_APIC))
        return;
    smm_begin(0);
    apic_send(ICR_SMI);
    EQUAL(WAIT(load32(COUNT)), true);
    EQUAL(load32(COUNT), 1);
}

/*
 * HLT that an SMI interrupts: the handler decides whether it goes on. The timer's interrupt ends it
 * else. On a busy host the SMI may come before the HLT: once more.
 */
static uint32_t halt_with(unsigned orders, uint32_t backup)
{
    for (unsigned n = 0; n < 50; n++) {
        smm_begin(orders);
        count_interrupts(apic_eoi);
        set_apic(APIC_LVT_LINT0, 0x200); /* INTR makes an SMI */
        drop_irq0();
        pic_mask(0xfffe);
        set_apic(APIC_DIVIDE, orders & NO_RESTART ? 0xa : 0xb);
        set_apic(APIC_LVT_TIMER, 0x50);
        set_apic(APIC_INITIAL, backup);
        outb(0x43, 0x30);
        outb(0x40, 0);
        outb(0x40, 0x80);
        __asm__ volatile("sti; hlt; cli" : : : "memory");
        uint32_t woken = came[0x50];
        set_apic(APIC_INITIAL, 0);
        set_apic(APIC_LVT_TIMER, 0x10000);
        pic_mask(0xffff);
        set_apic(APIC_LVT_LINT0, 0x700);
        if (load32(COUNT) == 1 && (field(F_HALT) & 0x10000))
            return woken;
    }
    return 0xffff; /* never met the HLT */
}

TEST(smi_ends_halt, "SDM 3C 34.10")
{
    if (!has(HAS_APIC))
        return;
    EQUAL(halt_with(NO_RESTART, 0x01000000), 0); /* the SMI alone ended it */
}

TEST(smi_restarts_halt, "SDM 3C 34.10")
{
    if (!has(HAS_APIC))
        return;
    EQUAL(halt_with(0, 200000000), 1); /* only the timer's interrupt did */
}

/* RSM into a state that cannot be is a shutdown, which the board answers by a reset. */
TEST(rsm_of_invalid_state, "SDM 3C 34.3.2; SDM 2 RSM")
{
    smm_begin(BREAK_STATE);
    expect_reset();
    try_call(smi_by_port);
    WAIT(false);
    CHECK(false);
}
