// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Counting interrupts, and the chips as every test finds them.
#include "board.h"

volatile unsigned came[256], order_count;
volatile uint8_t order[ORDER_KEPT];
volatile uint32_t came_at[ORDER_KEPT];
void (*volatile service)(struct frame *f);

static bool count(struct frame *f)
{
    bool exception = f->vector < IRQ_BASE && f->vector != EXC_NMI && f->vector != 15;
    if (exception || f->vector == BACK)
        return false;
    came[f->vector]++;
    if (order_count < ORDER_KEPT) {
        order[order_count] = (uint8_t)f->vector;
        came_at[order_count++] = f->eip;
    }
    if (service)
        service(f);
    return true;
}

void count_interrupts(void (*with)(struct frame *f))
{
    for (unsigned n = 0; n < 256; n++)
        came[n] = 0;
    order_count = 0;
    service = with;
    hook = count;
}

/* ---- waiting --------------------------------------------------------------------------------- */

enum { WAIT_SECONDS = 10, LOOKS = 1000000, PIT_HZ = 1193182, MEASURED = PIT_HZ / 50 };

static uint64_t rdtsc(void)
{
    uint64_t v;
    __asm__ volatile("rdtsc" : "=A"(v));
    return v;
}

static uint64_t second; /* in counts of the TSC */

/* Measured by counter 2 of the 8254 in mode 0, before a test uses it. */
void kernel_start(void)
{
    unsigned looks = 100 * LOOKS;
    outb(0x61, 0);
    outb(0x43, 0xb0);
    outb(0x42, MEASURED & 0xff);
    outb(0x42, MEASURED >> 8);
    outb(0x61, 1);
    uint64_t start = rdtsc();
    while (!(inb(0x61) & 0x20) && --looks)
        ;
    uint64_t counts = rdtsc() - start;
    outb(0x61, 0);
    second = counts * 50;
}

struct wait wait_begin(void)
{
    return (struct wait){ rdtsc() + second * WAIT_SECONDS, LOOKS };
}

bool wait_on(struct wait *w)
{
    inb(0x61);
    if (w->left)
        w->left--;
    return w->left || rdtsc() < w->end;
}

/* ---- the 8259As ------------------------------------------------------------------------------ */

void pic_init(unsigned icw4)
{
    outb(PIC1, 0x11);
    outb(PIC1 + 1, IRQ_BASE);
    outb(PIC1 + 1, 4);
    outb(PIC1 + 1, (uint8_t)(1 | icw4));
    outb(PIC2, 0x11);
    outb(PIC2 + 1, IRQ_BASE + 8);
    outb(PIC2 + 1, 2);
    outb(PIC2 + 1, 1);
    pic_mask(0xffff);
    outb(0x4d0, 0);
    outb(0x4d1, 0);
}

void pic_mask(uint16_t mask)
{
    outb(PIC1 + 1, (uint8_t)mask);
    outb(PIC2 + 1, (uint8_t)(mask >> 8));
}

uint8_t pic_irr(uint16_t port)
{
    outb(port, 0x0a);
    return inb(port);
}

uint8_t pic_isr(uint16_t port)
{
    outb(port, 0x0b);
    return inb(port);
}

void pic_eoi(struct frame *f)
{
    if (f->vector >= IRQ_BASE + 8)
        outb(PIC2, 0x20);
    outb(PIC1, 0x20);
}

/* OUT of counter 0 is low in mode 0 until the count is through. */
void drop_irq0(void)
{
    outb(0x43, 0x30);
    outb(0x40, 0xff);
    outb(0x40, 0xff);
    outb(0x43, 0x30); /* and no count: it stays low */
}

void raise_irq0(void)
{
    outb(0x43, 0x30);
    outb(0x40, 1);
    outb(0x40, 0);
    CHECK(WAIT(pic_irr(PIC1) & 1));
}

/* ---- the keyboard controller ----------------------------------------------------------------- */

static void kbc_ready(void)
{
    WAIT(!(inb(0x64) & 2));
}

void kbc_command(uint8_t command)
{
    kbc_ready();
    outb(0x64, command);
}

void kbc_data(uint8_t data)
{
    kbc_ready();
    outb(0x60, data);
}

static void kbc_drain(void)
{
    for (unsigned n = 0; n < 64 && inb(0x64) & 1; n++)
        inb(0x60);
}

/* What a device sends lies in the output buffer and is a request, until it is read. */
void raise_irq1(void)
{
    drop_irq1_irq12();
    kbc_data(0xee); /* the keyboard's echo */
    CHECK(WAIT(pic_irr(PIC1) & 2));
}

void raise_irq12(void)
{
    drop_irq1_irq12();
    kbc_command(0xd4);
    kbc_data(0xe6); /* the mouse acknowledges: scaling 1:1 */
    CHECK(WAIT(pic_irr(PIC2) & 0x10));
}

void raise_irq0_irq1(void)
{
    pic_mask(0xffff);
    drop_irq0();
    raise_irq0();
    raise_irq1();
    pic_mask(0xfffc);
}

/* Both devices' interrupts on, no translation. */
void drop_irq1_irq12(void)
{
    kbc_drain();
    kbc_command(0x60);
    kbc_data(0x07);
    kbc_ready();
    kbc_drain();
}

/* ---- local APIC ------------------------------------------------------------------------------ */

bool apic_bit(unsigned set, unsigned vector)
{
    return apic(set + vector / 32 * 16) >> (vector & 31) & 1;
}

void apic_eoi(struct frame *f)
{
    (void)f;
    set_apic(APIC_EOI, 0);
}

static void drop_pending(struct frame *f)
{
    if (f->vector > BACK)
        set_apic(APIC_EOI, 0);
}

void apic_init(void)
{
    wrmsr(0x1b, 0xfee00900);
    set_apic(APIC_SVR, 0x1ff);
    set_apic(APIC_INITIAL, 0);
    set_apic(APIC_LVT_TIMER, 0x10000);
    set_apic(APIC_LVT_LINT0, 0x700); /* ExtINT */
    set_apic(APIC_LVT_LINT1, 0x400); /* NMI */
    set_apic(APIC_LVT_ERROR, 0x10000);
    set_apic(APIC_TPR, 0);
    set_apic(APIC_DFR, 0xffffffff);
    set_apic(APIC_LDR, 0);
    count_interrupts(drop_pending);
    for (unsigned n = 0; n < 16; n++)
        set_apic(APIC_EOI, 0);
    let_in();
    for (unsigned n = 0; n < 16; n++)
        set_apic(APIC_EOI, 0);
    set_apic(APIC_ESR, 0);
    set_apic(APIC_ESR, 0);
}

bool apic_begin(void (*with)(struct frame *f))
{
    if (!has(HAS_APIC))
        return false;
    pic_init(0);
    apic_init();
    count_interrupts(with);
    return true;
}

void apic_send(uint32_t command)
{
    set_apic(APIC_ICR_HIGH, apic(APIC_ID) & 0xff000000);
    set_apic(APIC_ICR, command | ICR_ASSERT);
}

/* ---- PCI ------------------------------------------------------------------------------------- */

uint32_t pci_read(unsigned devfn, unsigned offset)
{
    outl(0xcf8, 0x80000000u | devfn << 8 | (offset & 0xfc));
    return inl(0xcfc);
}

void pci_write(unsigned devfn, unsigned offset, uint32_t v)
{
    outl(0xcf8, 0x80000000u | devfn << 8 | (offset & 0xfc));
    outl(0xcfc, v);
}
