// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// How late a timer interrupt comes: the 8254 counts on after it raised its line, and the handler reads the count.
// "begin idle" (halted) and "begin busy" (computing), each with "ticks XXXXXXXX" lines and "result 0".
#include "ports.h"
#include "report.h"

#define RELOAD     4773u /* 1193182 Hz / 4773: 250 interrupts a second */
#define INTERRUPTS 300u

static struct {
    uint16_t offset_low, selector, type, offset_high;
} idt[0x30];

static volatile uint32_t interrupts;
static uint32_t late[INTERRUPTS];

/* Latches counter 0; what is missing from the reload value has passed since the interrupt. */
__attribute__((interrupt, target("general-regs-only"))) static void on_timer(void *frame)
{
    (void)frame;
    out8(0x43, 0x00);
    uint32_t count = in8(0x40);
    count |= (uint32_t)in8(0x40) << 8;
    if (interrupts < INTERRUPTS)
        late[interrupts] = RELOAD - count;
    interrupts++;
    out8(0x20, 0x20);
}

static void set_gate(unsigned vector, void (*handler)(void *))
{
    uint32_t offset = (uint32_t)handler;
    idt[vector].offset_low = (uint16_t)offset;
    idt[vector].selector = 0x08;
    idt[vector].type = 0x8e00;
    idt[vector].offset_high = (uint16_t)(offset >> 16);
}

/* Both 8259s to vectors 20h and 28h, all lines masked but the timer's. */
static void set_controllers(void)
{
    static const uint8_t words[][2] = {
        { 0x11, 0x11 }, { 0x20, 0x28 }, { 0x04, 0x02 }, { 0x01, 0x01 }
    };
    for (unsigned n = 0; n < 4; n++) {
        out8(n ? 0x21 : 0x20, words[n][0]);
        out8(n ? 0xa1 : 0xa0, words[n][1]);
    }
    out8(0x21, 0xfe);
    out8(0xa1, 0xff);
}

static void start_timer(void)
{
    out8(0x43, 0x34); /* counter 0, both bytes, mode 2 */
    out8(0x40, RELOAD & 0xff);
    out8(0x40, RELOAD >> 8);
}

static void wait_idle(void)
{
    while (interrupts < INTERRUPTS)
        __asm__ volatile("hlt");
}

/* A chain of calls and jumps without an access to any device. */
static void wait_busy(void)
{
    volatile uint32_t value = 1;
    while (interrupts < INTERRUPTS)
        for (unsigned n = 0; n < 100; n++)
            value = value * 1664525u + 1013904223u;
}

static void measure(const char *name, void (*wait)(void))
{
    report_begin(name);
    interrupts = 0;
    start_timer();
    __asm__ volatile("sti");
    wait();
    __asm__ volatile("cli");
    for (unsigned n = 10; n < INTERRUPTS; n++) { /* the first ones warm up */
        say("ticks ");
        say_number(late[n]);
        say("\n");
    }
    report(0);
}

void program(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = { sizeof idt - 1, (uint32_t)idt };
    set_gate(0x20, (void (*)(void *))on_timer);
    set_controllers();
    __asm__ volatile("lidt %0" : : "m"(pointer));
    measure("idle", wait_idle);
    measure("busy", wait_busy);
}
