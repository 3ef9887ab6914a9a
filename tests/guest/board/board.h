// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the tests of the board's chips share: counting interrupts, waiting, the chips' ports.
#ifndef TESTS_GUEST_BOARD_BOARD_H
#define TESTS_GUEST_BOARD_BOARD_H

#include "harness/harness.h"

/* ---- interrupts ------------------------------------------------------------------------------ */

enum { ORDER_KEPT = 32 };
extern volatile unsigned came[256];           /* by vector */
extern volatile uint8_t order[ORDER_KEPT];    /* vectors as they came */
extern volatile uint32_t came_at[ORDER_KEPT]; /* the EIP that each met */
extern volatile unsigned order_count;
extern void (*volatile service)(struct frame *f); /* called by each, before IRET */

/* Forget what came; count all vectors but exceptions from now on. NMIs are counted, too. */
void count_interrupts(void (*with)(struct frame *f));

static inline void sti(void)
{
    __asm__ volatile("sti" : : : "memory");
}
static inline void cli(void)
{
    __asm__ volatile("cli" : : : "memory");
}
/* Interrupts that are pending now come here. */
static inline void let_in(void)
{
    __asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

/*
 * Until the condition holds; false where it does not. A busy host may keep the guest from looking:
 * a wait ends only when both ten seconds of the guest's time has passed, by the TSC, and it has
 * looked often.
 */
struct wait {
    uint64_t end;
    unsigned left;
};
struct wait wait_begin(void);
bool wait_on(struct wait *w);
#define WAIT(condition)                                                                            \
    ({                                                                                             \
        struct wait wait_ = wait_begin();                                                          \
        bool holds_;                                                                               \
        while (!(holds_ = (condition)) && wait_on(&wait_))                                         \
            ;                                                                                      \
        holds_;                                                                                    \
    })

/* ---- the 8259As ------------------------------------------------------------------------------ */

enum { PIC1 = 0x20, PIC2 = 0xa0 };
enum { AUTO_EOI = 2, SPECIAL_NESTED = 0x10 };

/* Both anew: vectors 20h-2Fh, all masked, with these bits of ICW4 on the master. */
void pic_init(unsigned icw4);
void pic_mask(uint16_t mask);
/* The same with nothing requested, and interrupts counted; they reach the processor by LINT0. */
void pic_begin(unsigned icw4, void (*with)(struct frame *f));
uint8_t pic_irr(uint16_t port);
uint8_t pic_isr(uint16_t port);
/* Non-specific EOIs to whoever has the vector in service. */
void pic_eoi(struct frame *f);

/* Requests that a test makes and takes back: IRQ 0 by the timer, 1 and 12 by the keyboard chip. */
void raise_irq0(void);
void drop_irq0(void);
void raise_irq1(void);
void raise_irq12(void);
/* Both at once: masked until both are requested, whatever was before. */
void raise_irq0_irq1(void);
void drop_irq1_irq12(void);
void kbc_command(uint8_t command);
void kbc_data(uint8_t data);

/* ---- local APIC ------------------------------------------------------------------------------ */

enum {
    APIC_ID = 0x20,
    APIC_VERSION = 0x30,
    APIC_TPR = 0x80,
    APIC_PPR = 0xa0,
    APIC_EOI = 0xb0,
    APIC_LDR = 0xd0,
    APIC_DFR = 0xe0,
    APIC_SVR = 0xf0,
    APIC_ISR = 0x100,
    APIC_TMR = 0x180,
    APIC_IRR = 0x200,
    APIC_ESR = 0x280,
    APIC_ICR = 0x300,
    APIC_ICR_HIGH = 0x310,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_INITIAL = 0x380,
    APIC_CURRENT = 0x390,
    APIC_DIVIDE = 0x3e0
};
enum { ICR_SELF = 0x40000, ICR_ASSERT = 0x4000, ICR_NMI = 0x400, ICR_SMI = 0x200 };

static inline uint32_t apic(unsigned reg)
{
    return load32(0xfee00000u + reg);
}
static inline void set_apic(unsigned reg, uint32_t v)
{
    store32(0xfee00000u + reg, v);
}
/* Software-enabled, spurious vector FFh, nothing pending, TPR 0, LINT0 the 8259A's, timer off. */
void apic_init(void);
/* The same, the 8259As masked, interrupts counted; false where there is no local APIC. */
bool apic_begin(void (*with)(struct frame *f));
bool apic_bit(unsigned set, unsigned vector);
void apic_eoi(struct frame *f);
/* A message of this delivery mode and vector to ourselves, by our ID. */
void apic_send(uint32_t command);

uint32_t pci_read(unsigned devfn, unsigned offset);
void pci_write(unsigned devfn, unsigned offset, uint32_t v);

#endif
