// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Interrupts at random instruction boundaries: the timers and the list.
/*
 * Where interrupts hit is never the same twice; what a program computes is, with them or without,
 * and that is what is printed. Command line: seed= first= count= (programs) part=
 */
#include "interrupts.h"

#define LAPIC 0xfee00000u
enum { LAPIC_EOI = 0xb0, LAPIC_SPURIOUS = 0xf0, LAPIC_TIMER = 0x320 };
enum {
    LAPIC_INITIAL = 0x380,
    LAPIC_DIVIDE = 0x3e0,
    LAPIC_MASKED = 0x10000,
    LAPIC_PERIODIC = 0x20000
};

static uint32_t pit_count;
static uint32_t lapic_table[1024] __attribute__((aligned(4096)));

void timers_init(void)
{
    static const uint8_t words[][2] = { { 0x20, 0x11 }, { 0x21, IRQ_BASE }, { 0x21, 4 },
                                        { 0x21, 1 },    { 0xa0, 0x11 },     { 0xa1, IRQ_BASE + 8 },
                                        { 0xa1, 2 },    { 0xa1, 1 },        { 0x21, 0xff },
                                        { 0xa1, 0xff } };
    for (unsigned n = 0; n < ARRAY_SIZE(words); n++)
        outb(words[n][0], words[n][1]);
    lapic_table[LAPIC >> 12 & 1023] = LAPIC | PTE_P | PTE_W | 0x10; /* not cached */
    page_directory[LAPIC >> 22] = (uint32_t)lapic_table | PTE_P | PTE_W;
    set_cr3(cr3());
    store32(LAPIC + LAPIC_TIMER, LAPIC_MASKED);
    store32(LAPIC + LAPIC_SPURIOUS, 0x100 | SPURIOUS_VECTOR);
    store32(LAPIC + LAPIC_DIVIDE, 0xb);
}

void timer_start(enum timer timer, unsigned microseconds)
{
    if (timer == TIMER_LAPIC) {
        store32(LAPIC + LAPIC_TIMER, LAPIC_PERIODIC | LAPIC_VECTOR);
        store32(LAPIC + LAPIC_INITIAL, microseconds * 1000); /* about 1 GHz */
        return;
    }
    pit_count = microseconds * 1193u / 1000;
    outb(0x43, 0x34);
    outb(0x40, (uint8_t)pit_count);
    outb(0x40, (uint8_t)(pit_count >> 8));
    outb(0x21, 0xfe);
}

void timer_stop(void)
{
    store32(LAPIC + LAPIC_INITIAL, 0);
    store32(LAPIC + LAPIC_TIMER, LAPIC_MASKED);
    outb(0x21, 0xff);
}

bool timer_acknowledge(uint32_t vector)
{
    if (vector == LAPIC_VECTOR)
        store32(LAPIC + LAPIC_EOI, 0);
    else if (vector == IRQ_BASE)
        outb(0x20, 0x20);
    else
        return vector == SPURIOUS_VECTOR || vector == IRQ_BASE + 7;
    return true;
}

unsigned timer_since(void)
{
    outb(0x43, 0);
    unsigned count = inb(0x40);
    count |= (unsigned)inb(0x40) << 8;
    return count > pit_count ? 0 : (pit_count - count) * 1000 / 1193;
}

void timer_drain(void)
{
    for (unsigned n = 0; n < 4; n++)
        __asm__ volatile("sti; nop; nop; cli");
}

void torture(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = { { "programs", interrupts_programs },
                  { "tasks", interrupts_tasks },
                  { "loops", interrupts_loops },
                  { "strings", interrupts_strings },
                  { "shadows", interrupts_shadows },
                  { "steps", interrupts_steps },
                  { "breakpoints", interrupts_breakpoints } };
    uint32_t only = option("part", ARRAY_SIZE(parts));
    print("interrupts, seed ");
    print_decimal(option("seed", 1));
    print("\n");
    for (unsigned n = 0; n < ARRAY_SIZE(parts); n++) {
        unsigned before = failures;
        if (only < ARRAY_SIZE(parts) && only != n)
            continue;
        reset_tables();
        paging_start();
        timers_init();
        parts[n].run();
        timer_stop();
        print(failures == before ? "ok interrupts_" : "failed interrupts_");
        print(parts[n].name);
        print("\n");
    }
}
