// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Descriptor tables, handlers, and the state that every test begins with.
#include "harness/harness.h"

uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(8))), idt[256], ldt[4];
struct tss32 tss, tss_b;
char task_stack[1024];
struct frame last;
uint32_t last_cr2, last_dr6;
bool (*hook)(struct frame *f);
static char user_stack[4096] __attribute__((aligned(16)));

/* Compilers call these. */
void *memset(void *to, int value, unsigned size);
void *memset(void *to, int value, unsigned size)
{
    for (volatile char *p = to; size > 0; size--)
        *p++ = (char)value;
    return to;
}

void *memcpy(void *to, const void *from, unsigned size);
void *memcpy(void *to, const void *from, unsigned size)
{
    volatile char *p = to;
    for (const char *q = from; size > 0; size--)
        *p++ = *q++;
    return to;
}

/* ---- tables ---------------------------------------------------------------------------------- */

void set_segment(unsigned selector, uint32_t base, uint32_t limit, unsigned access, unsigned flags)
{
    gdt[selector / 8] = (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
                        (uint64_t)access << 40 | (uint64_t)(limit >> 16 & 15) << 48 |
                        (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}

void set_gate(uint64_t *table, unsigned index, unsigned selector, uint32_t offset, unsigned access,
              unsigned count)
{
    table[index] = (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)count << 32 |
                   (uint64_t)access << 40 | (uint64_t)(offset >> 16) << 48;
}

void reset_gate(unsigned vector)
{
    set_gate(idt, vector, CODE0, (uint32_t)stubs + vector * 16, vector == BACK ? 0xee : 0x8e, 0);
}

void set_idt(const void *base, uint16_t limit)
{
    struct {
        uint16_t limit;
        const void *base;
    } __attribute__((packed)) idtr = { limit, base };
    __asm__ volatile("lidt %0" : : "m"(idtr));
}

static void load_tables(void)
{
    struct {
        uint16_t limit;
        void *base;
    } __attribute__((packed)) gdtr = { sizeof gdt - 1, gdt };
    __asm__ volatile("lgdt %0" : : "m"(gdtr));
    set_idt(idt, sizeof idt - 1);
    __asm__ volatile(
        "ljmp $8, $1f; 1: movw $0x10, %%ax; movw %%ax, %%ds; movw %%ax, %%es; movw %%ax, %%ss;"
        "xorl %%eax, %%eax; movw %%ax, %%fs; movw %%ax, %%gs; lldt %%ax"
        :
        :
        : "eax");
}

static void set_segments(void)
{
    set_segment(CODE0, 0, 0xfffff, 0x9b, 0xc);
    set_segment(DATA0, 0, 0xfffff, 0x93, 0xc);
    set_segment(CODE3, 0, 0xfffff, 0xfb, 0xc);
    set_segment(DATA3, 0, 0xfffff, 0xf3, 0xc);
    set_segment(CODE1, 0, 0xfffff, 0xbb, 0xc);
    set_segment(DATA1, 0, 0xfffff, 0xb3, 0xc);
    set_segment(CONFORMING, 0, 0xfffff, 0x9f, 0xc);
    set_segment(CODE16, 0, 0xffff, 0x9b, 0);
    set_segment(DATA16, 0, 0xffff, 0x93, 0);
    set_segment(ABSENT, 0, 0xfffff, 0x12, 0xc);
    set_segment(EXECUTE_ONLY, 0, 0xfffff, 0x99, 0xc);
    set_segment(READ_ONLY, 0, 0xfffff, 0x90, 0xc);
    set_segment(EXPAND_DOWN, 0, 0xfff, 0x97, 0x4);
    set_segment(SMALL, (uint32_t)user_stack, 0xff, 0x93, 0x4);
    set_segment(LDT_SEL, (uint32_t)ldt, sizeof ldt - 1, 0x82, 0);
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x89, 0);
    set_segment(TSS16_SEL, (uint32_t)&tss_b, 0x2b, 0x81, 0);
    set_segment(TSS_SEL, (uint32_t)&tss, sizeof tss - 1, 0x89, 0);
    gdt[GATE / 8] = gdt[TASK_GATE / 8] = gdt[FREE_A / 8] = gdt[FREE_B / 8] = 0;
    gdt[DF_TSS_SEL / 8] = 0;
}

void make_task(void (*body)(void))
{
    tss_b = (struct tss32){
        .eip = (uint32_t)body,
        .eflags = 2,
        .esp = (uint32_t)task_stack + sizeof task_stack,
        .cs = CODE0,
        .ss = DATA0,
        .ds = DATA0,
        .es = DATA0,
        .io_map = 0x68,
    };
    set_segment(TSS_B_SEL, (uint32_t)&tss_b, 0x67, 0x89, 0);
}

static void set_tss(void)
{
    tss.link = 0;
    tss.esp0 = (uint32_t)inner_stack;
    tss.ss0 = DATA0;
    tss.ldt = 0;
    tss.trap = 0;
    tss.io_map = 0x88;
    for (unsigned n = 0; n < sizeof tss.redirection; n++)
        tss.redirection[n] = 0xff;
    for (unsigned n = 0; n < sizeof tss.io; n++)
        tss.io[n] = 0xff;
}

void reset_machine(void)
{
    __asm__ volatile("pushl $2; popfl; clts");
    set_cr0(0, CR0_PG);
    __asm__ volatile("movl %0, %%cr0" : : "r"(0x11));
    set_cr3(0);
    set_cr4(0, ~0u);
    if (has_nx())
        wrmsr(0xc0000080, 0);
    SET_DR(7, 0x400);
    SET_DR(6, 0xffff0ff0);
    SET_DR(0, 0);
    SET_DR(1, 0);
    SET_DR(2, 0);
    SET_DR(3, 0);
    set_segments();
    for (unsigned n = 0; n < 256; n++)
        reset_gate(n);
    set_tss();
    load_tables();
    __asm__ volatile("ltr %w0" : : "r"(TSS_SEL));
    hook = 0;
}

void handle(struct frame *f);
void handle(struct frame *f)
{
    __asm__ volatile("movl %%cr2, %0" : "=r"(last_cr2));
    __asm__ volatile("movl %%dr6, %0" : "=r"(last_dr6));
    last = *f;
    if (hook && hook(f))
        return;
    recover((int)f->vector);
}

/* ---- level 3 --------------------------------------------------------------------------------- */

static struct iret_frame user;

static void go(void)
{
    enter_iret(&user);
}

int try_user(void (*code)(void), uint32_t eflags)
{
    user = (struct iret_frame){ (uint32_t)code,
                                CODE3,
                                eflags | 2,
                                (uint32_t)user_stack + sizeof user_stack,
                                DATA3,
                                0,
                                0,
                                0,
                                0 };
    return try_call(go);
}
