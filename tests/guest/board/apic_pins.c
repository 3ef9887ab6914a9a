// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The local APIC's LINT0 pin, its spurious vector, off and on, INIT.
#include "board.h"

TEST(apic_lint0_extint, "SDM 3A 10.5.1")
{
    if (!apic_begin(pic_eoi))
        return;
    drop_irq0();
    pic_mask(0xfffe);
    set_apic(APIC_LVT_LINT0, 0x10700);
    raise_irq0();
    let_in();
    EQUAL(order_count, 0); /* masked */
    set_apic(APIC_LVT_LINT0, 0x700);
    let_in();
    EQUAL(came[IRQ_BASE], 1);
    EQUAL(apic_bit(APIC_ISR, IRQ_BASE), 0); /* the APIC knows nothing of it */
    pic_mask(0xffff);
    set_apic(APIC_LVT_LINT0, 0x56); /* fixed: the 8259A is not asked for the vector */
    service = apic_eoi;
    drop_irq0();
    raise_irq0();
    pic_mask(0xfffe);
    let_in();
    EQUAL(came[0x56], 1);
    pic_init(0);
    set_apic(APIC_LVT_LINT0, 0x700);
}

/* Globally disabled it is not there, and INTR is the processor's pin. */
TEST(apic_global_disable, "SDM 3A 10.4.3")
{
    if (!apic_begin(pic_eoi))
        return;
    wrmsr(0x1b, 0xfee00100);
    drop_irq0();
    pic_mask(0xfffe);
    raise_irq0();
    let_in();
    EQUAL(came[IRQ_BASE], 1);
    pic_mask(0xffff);
    wrmsr(0x1b, 0xfee00900);
    EQUAL(apic(APIC_SVR) & 0x1ff, 0xff); /* as after a reset */
    apic_init();
}

/* Level-sensitive and fixed: remote IRR stands until the EOI. */
TEST(apic_lint0_level, "SDM 3A 10.5.1, remote IRR, trigger mode")
{
    if (!apic_begin(0))
        return;
    drop_irq0();
    set_apic(APIC_LVT_LINT0, 0x8057);
    EQUAL(apic(APIC_LVT_LINT0) & 0x1ffff, 0x8057);
    raise_irq0();
    pic_mask(0xfffe); /* INTR stays high: nobody acknowledges the 8259A */
    EQUAL(apic(APIC_LVT_LINT0) & 0x4000, 0x4000);
    EQUAL(apic_bit(APIC_TMR, 0x57), 1);
    let_in();
    EQUAL(came[0x57], 1);
    EQUAL(apic(APIC_LVT_LINT0) & 0x4000, 0x4000);
    let_in();
    EQUAL(order_count, 1);
    set_apic(APIC_EOI, 0); /* still high */
    let_in();
    EQUAL(came[0x57], 2);
    pic_mask(0xffff);
    set_apic(APIC_EOI, 0);
    EQUAL(apic(APIC_LVT_LINT0) & 0x4000, 0);
    let_in();
    EQUAL(order_count, 2);
    apic_init();
}

TEST(apic_lint0_nmi, "SDM 3A 10.5.1, delivery mode")
{
    if (!apic_begin(0))
        return;
    drop_irq0();
    set_apic(APIC_LVT_LINT0, 0x455); /* the vector means nothing */
    pic_mask(0xfffe);
    raise_irq0();
    CHECK(WAIT(came[EXC_NMI])); /* IF is clear */
    EQUAL(came[EXC_NMI], 1);
    let_in();
    EQUAL(order_count, 1);
    set_apic(APIC_LVT_LINT0, 0x10700);
    pic_init(0);
    apic_init();
}

/* A request that the task priority takes back before INTA: nothing, or the spurious vector. */
TEST(apic_spurious_vector, "SDM 3A 10.9")
{
    if (!apic_begin(0))
        return;
    apic_send(0x51);
    set_apic(APIC_TPR, 0x60);
    let_in();
    EQUAL(came[0x51], 0);
    EQUAL(order_count, came[0xff]);
    EQUAL(apic_bit(APIC_ISR, 0xff), 0); /* no in-service bit, no EOI */
    EQUAL(apic_bit(APIC_IRR, 0x51), 1);
    count_interrupts(apic_eoi);
    set_apic(APIC_TPR, 0);
    let_in();
    EQUAL(came[0x51], 1);
    EQUAL(order_count, 1);
}

/* To where firmware goes after INIT, in real mode, and from there back to the caller. */
enum { RESUME = 0x7c00, RESUME_GDTR = 0x7bf0, BDA_RESUME = 0x467, SHUTDOWN_JUMP = 0x0a };
extern const char resume16[], resume16_end[];
void init_and_resume(void);
uint32_t resume_esp;
__asm__(".pushsection .text; .code16;"
        "resume16:"
        "  cli; xorw %ax, %ax; movw %ax, %ds; lgdtl 0x7bf0;"
        "  movl %cr0, %eax; orl $1, %eax; movl %eax, %cr0; ljmpl $0x08, $resume32;"
        "resume16_end:"
        ".code32;"
        "resume32:"
        "  movw $0x10, %ax; movw %ax, %ds; movw %ax, %es; movw %ax, %ss;"
        "  movl resume_esp, %esp; popal; ret;"
        "init_and_resume:"
        "  pushal; movl %esp, resume_esp; movl $0x4500, 0xfee00300;" /* INIT */
        "1: hlt; jmp 1b;"
        ".popsection");

/* INIT to ourselves; firmware goes on here by the AT's shutdown status, and leaves the local APIC
 * alone. */
static void take_init(void)
{
    for (unsigned n = 0; n < (unsigned)(resume16_end - resume16); n++)
        store8(RESUME + n, (uint8_t)resume16[n]);
    store32(RESUME_GDTR, sizeof gdt - 1);
    store32(RESUME_GDTR + 2, (uint32_t)gdt);
    store32(BDA_RESUME, RESUME >> 4 << 16);
    outb(0x70, 0x0f);
    outb(0x71, SHUTDOWN_JUMP);
    set_apic(APIC_ICR_HIGH, apic(APIC_ID) & 0xff000000);
    init_and_resume();
    reset_machine();
}

static void check_after_init(void)
{
    static const uint16_t zero[] = { APIC_TPR, APIC_LDR, APIC_ICR, APIC_ICR_HIGH, APIC_INITIAL };
    static const uint16_t masked[] = { APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1,
                                       APIC_LVT_ERROR };
    for (unsigned n = 0; n < ARRAY_SIZE(zero); n++)
        EQUAL(apic(zero[n]), 0);
    for (unsigned n = 0; n < ARRAY_SIZE(masked); n++)
        EQUAL(apic(masked[n]), 0x10000);
    for (unsigned n = 0; n < 0x80; n += 0x10) {
        EQUAL(apic(APIC_IRR + n), 0);
        EQUAL(apic(APIC_ISR + n), 0);
        EQUAL(apic(APIC_TMR + n), 0);
    }
    EQUAL(apic(APIC_SVR) & 0x1ff, 0xff);
    EQUAL(apic(APIC_DFR), 0xffffffff);
}

TEST(apic_after_init, "SDM 3A 10.4.7.1, 10.4.7.3; 8.4.2")
{
    if (!apic_begin(0))
        return;
    uint32_t id = apic(APIC_ID);
    uint64_t base = rdmsr(0x1b);
    apic_send(0x51);
    let_in(); /* in service */
    apic_send(0x61);
    set_apic(APIC_TPR, 0x20);
    set_apic(APIC_LDR, 0x01000000);
    set_apic(APIC_DFR, 0x0fffffff);
    set_apic(APIC_LVT_TIMER, 0x20055);
    set_apic(APIC_INITIAL, 0xffffffff);
    take_init();
    check_after_init();
    EQUAL(apic(APIC_ID), id);
    EQUAL(rdmsr(0x1b), base);
    apic_init();
}

/* The processor starts over at its reset vector, and the firmware does. */
TEST(apic_init_message, "SDM 3A 10.6.1, INIT; 9.1")
{
    if (!apic_begin(0))
        return;
    outb(0x70, 0x0f);
    outb(0x71, 0); /* the AT's shutdown status: a cold start */
    expect_reset();
    apic_send(0x500);
    WAIT(false);
    CHECK(false);
}
