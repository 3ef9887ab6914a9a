// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// pc-testdev's interrupt lines, through the 8259s and through the I/O APIC.
#include "testdev.h"

enum { LINES = 0x2000, LINE_COUNT = 24, ELCR = 0x4d0 };
enum { PIC1 = 0x20, PIC2 = 0xa0, PIC_EOI = 0x20, PIC_READ_IRR = 0x0a };
enum { LAPIC_EOI = 0xb0, LAPIC_SPURIOUS = 0xf0, LAPIC_TMR = 0x180 };
enum { APIC_BASE = 0x1b, APIC_ENABLED = 0x800 };
enum { IOAPIC_INDEX = 0, IOAPIC_DATA = 0x10, IOAPIC_REDIRECTION = 0x10, IOAPIC_MASKED = 0x10000 };
enum { LEVEL = 0x8000, HIGH_VECTOR = 0x78, LOW_VECTOR = 0x66 };

static uint32_t lapic, ioapic;
static unsigned came[128], order[4], orders, lower_after;
static bool coalesce;

static void set_line(unsigned line, uint8_t v)
{
    outb((uint16_t)(LINES + line), v);
}

static void start_pics(void)
{
    static const uint8_t words[][2] = { { PIC1, 0x11 },         { PIC1 + 1, IRQ_BASE },
                                        { PIC1 + 1, 4 },        { PIC1 + 1, 1 },
                                        { PIC2, 0x11 },         { PIC2 + 1, IRQ_BASE + 8 },
                                        { PIC2 + 1, 2 },        { PIC2 + 1, 1 },
                                        { PIC1 + 1, 0xff },     { PIC2 + 1, 0xff },
                                        { PIC1, PIC_READ_IRR }, { PIC2, PIC_READ_IRR } };
    for (unsigned n = 0; n < ARRAY_SIZE(words); n++)
        outb(words[n][0], words[n][1]);
}

/* What was asked for while interrupts were off comes before the second CLI. */
static void let_interrupts(void)
{
    __asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

static bool pic_hook(struct frame *f)
{
    if (f->vector < IRQ_BASE || f->vector >= IRQ_BASE + 16)
        return false;
    came[f->vector]++;
    if (f->vector >= IRQ_BASE + 8)
        outb(PIC2, PIC_EOI);
    outb(PIC1, PIC_EOI);
    return true;
}

/* An edge: one interrupt, and no other while the line stays up; a rise while masked waits. */
static void check_pic_line(unsigned line)
{
    uint16_t pic = line < 8 ? PIC1 : PIC2;
    uint8_t bit = (uint8_t)(1u << (line & 7));
    set_line(line, 1);
    EQUAL(inb(pic) & bit, bit);
    if (line >= 8)
        outb(PIC1 + 1, 0xfb);
    outb((uint16_t)(pic + 1), (uint8_t)~bit);
    let_interrupts();
    EQUAL(came[IRQ_BASE + line], 1);
    let_interrupts();
    EQUAL(came[IRQ_BASE + line], 1);
    set_line(line, 0);
    EQUAL(inb(pic) & bit, 0);
    let_interrupts();
    EQUAL(came[IRQ_BASE + line], 1);
    set_line(line, 0x80);
    let_interrupts();
    EQUAL(came[IRQ_BASE + line], 2);
    set_line(line, 0);
    outb(PIC1 + 1, 0xff);
    outb(PIC2 + 1, 0xff);
}

static void ioapic_write(unsigned n, uint32_t v)
{
    store32(ioapic + IOAPIC_INDEX, n);
    store32(ioapic + IOAPIC_DATA, v);
}

static uint32_t ioapic_read(unsigned n)
{
    store32(ioapic + IOAPIC_INDEX, n);
    return load32(ioapic + IOAPIC_DATA);
}

static void redirect(unsigned line, uint32_t low)
{
    ioapic_write(IOAPIC_REDIRECTION + 2 * line + 1, 0);
    ioapic_write(IOAPIC_REDIRECTION + 2 * line, low);
}

static bool apic_hook(struct frame *f)
{
    if (f->vector != HIGH_VECTOR && f->vector != LOW_VECTOR)
        return false;
    came[f->vector]++;
    if (orders < ARRAY_SIZE(order))
        order[orders++] = f->vector;
    if (coalesce) {
        set_line(14, 0);
        set_line(14, 1);
    }
    if (lower_after && came[f->vector] >= lower_after)
        set_line(14, 0);
    store32(lapic + LAPIC_EOI, 0);
    return true;
}

static void forget(void)
{
    memset(came, 0, sizeof came);
    memset(order, 0, sizeof order);
    orders = lower_after = 0;
    coalesce = false;
}

static void check_apic_edge(unsigned line)
{
    forget();
    redirect(line, LOW_VECTOR);
    set_line(line, 1);
    let_interrupts();
    EQUAL(came[LOW_VECTOR], 1);
    set_line(line, 0);
    let_interrupts();
    EQUAL(came[LOW_VECTOR], 1);
    redirect(line, IOAPIC_MASKED);
}

/* Suites read what a handler did one instruction after the OUT that raised the line. */
static void check_apic_at_once(void)
{
    uint32_t seen;
    forget();
    redirect(14, LOW_VECTOR);
    __asm__ volatile("sti; nop; outb %b2, %w3; nop; movl %1, %0; cli"
                     : "=r"(seen)
                     : "m"(came[LOW_VECTOR]), "a"(1), "d"(LINES + 14)
                     : "memory");
    EQUAL(seen, 1);
    set_line(14, 0);
    redirect(14, IOAPIC_MASKED);
}

/* A level that falls and rises within the handler is one with that before. */
static void check_apic_coalesce(void)
{
    forget();
    coalesce = true;
    lower_after = 1;
    redirect(14, LEVEL | HIGH_VECTOR);
    set_line(14, 1);
    for (unsigned n = 0; n < 4; n++)
        let_interrupts();
    EQUAL(came[HIGH_VECTOR], 1);
    redirect(14, IOAPIC_MASKED);
}

/* While masked an edge is lost and a level waits. */
static void check_apic_masked(void)
{
    forget();
    redirect(14, IOAPIC_MASKED | LOW_VECTOR);
    set_line(14, 1);
    set_line(14, 0);
    redirect(14, LOW_VECTOR);
    let_interrupts();
    EQUAL(came[LOW_VECTOR], 0);
    lower_after = 1;
    redirect(14, IOAPIC_MASKED | LEVEL | HIGH_VECTOR);
    set_line(14, 1);
    let_interrupts();
    EQUAL(came[HIGH_VECTOR], 0);
    redirect(14, LEVEL | HIGH_VECTOR);
    let_interrupts();
    EQUAL(came[HIGH_VECTOR], 1);
    redirect(14, IOAPIC_MASKED);
}

/* The local APIC's trigger mode register tells how the vector came last (SDM 3A, 10.8.4). */
static void check_trigger_mode(void)
{
    uint32_t bit = 1u << (HIGH_VECTOR & 31), at = lapic + LAPIC_TMR + (HIGH_VECTOR >> 5) * 16;
    for (unsigned round = 0; round < 2; round++) {
        forget();
        redirect(14, HIGH_VECTOR);
        set_line(14, 1);
        set_line(14, 0);
        let_interrupts();
        EQUAL(load32(at) & bit, 0);
        lower_after = 1;
        redirect(14, LEVEL | HIGH_VECTOR);
        set_line(14, 1);
        let_interrupts();
        EQUAL(load32(at) & bit, bit);
        EQUAL(came[HIGH_VECTOR], 2);
    }
    redirect(14, IOAPIC_MASKED);
}

/* 82093AA, 3.2: the version is read only, the identification has bits 27-24, arbitration follows. */
static void check_ioapic_registers(void)
{
    uint32_t id = ioapic_read(0), version = ioapic_read(1);
    ioapic_write(1, ~version);
    EQUAL(ioapic_read(1), version);
    EQUAL(version >> 16 & 0xff, LINE_COUNT - 1);
    ioapic_write(0, ~id);
    EQUAL(ioapic_read(0) ^ id, 0x0f000000);
    ioapic_write(0, 0x0f000000);
    ioapic_write(2, 0);
    EQUAL(ioapic_read(2), 0x0f000000);
    ioapic_write(0, id);
}

/* SDM 3A, 10.4.3: disabled by its MSR and enabled again, it may have to be set up again. */
static void check_apic_off_and_on(void)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(APIC_BASE));
    __asm__ volatile("wrmsr" : : "a"(low & ~APIC_ENABLED), "d"(high), "c"(APIC_BASE));
    __asm__ volatile("wrmsr" : : "a"(low | APIC_ENABLED), "d"(high), "c"(APIC_BASE));
    store32(lapic + LAPIC_SPURIOUS, 0x100 | SPURIOUS_VECTOR);
    check_apic_edge(14);
}

/* A level: again after each end of interrupt, until it falls. */
static void check_apic_level(void)
{
    forget();
    lower_after = 3;
    redirect(14, LEVEL | HIGH_VECTOR);
    set_line(14, 1);
    for (unsigned n = 0; n < 4; n++)
        let_interrupts();
    EQUAL(came[HIGH_VECTOR], 3);
    redirect(14, IOAPIC_MASKED);
}

/* Of two that wait, the higher vector comes first. */
static void check_apic_priority(void)
{
    forget();
    redirect(14, HIGH_VECTOR);
    redirect(15, LOW_VECTOR);
    set_line(15, 1);
    set_line(15, 0);
    set_line(14, 1);
    set_line(14, 0);
    let_interrupts();
    EQUAL(orders, 2);
    EQUAL(order[0], HIGH_VECTOR);
    EQUAL(order[1], LOW_VECTOR);
    redirect(14, IOAPIC_MASKED);
    redirect(15, IOAPIC_MASKED);
}

void test_lines(void)
{
    static const uint8_t pic_lines[] = { 5, 7, 14, 15 }, apic_lines[] = { 5, 14, 15, 16, 20, 23 };
    lapic = show(3, 0xfee00000);
    ioapic = show(4, 0xfec00000);
    outb(ELCR, 0);
    outb(ELCR + 1, 0);
    start_pics();
    hook = pic_hook;
    for (unsigned n = 0; n < ARRAY_SIZE(pic_lines); n++)
        check_pic_line(pic_lines[n]);

    store32(lapic + LAPIC_SPURIOUS, 0x100 | SPURIOUS_VECTOR);
    hook = apic_hook;
    for (unsigned n = 0; n < ARRAY_SIZE(apic_lines); n++)
        if (apic_lines[n] < 16 || !option("qemu", 0))
            check_apic_edge(apic_lines[n]);
    check_ioapic_registers();
    if (!option("qemu", 0))
        check_apic_at_once();
    check_apic_level();
    check_apic_coalesce();
    check_apic_masked();
    check_apic_priority();
    check_trigger_mode();
    check_apic_off_and_on();
    hook = NULL;
    EQUAL(inb(LINES), 0);
}
