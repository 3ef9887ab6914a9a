// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The test kernel itself: tables, handlers, output on port E9h, exit by port F4h.
#include "harness.h"

uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(8))), idt[256], ldt[4];
struct tss32 tss, tss_b;
struct frame last;
uint32_t last_cr2, last_dr6;
bool (*hook)(struct frame *f);
static unsigned failures, checks;
static char user_stack[4096];

/* ---- output ---------------------------------------------------------------------------------- */

static void put(char c)
{
    __asm__ volatile("outb %0, $0xe9" : : "a"(c));
}

void print(const char *text)
{
    while (*text)
        put(*text++);
}

void print_hex(uint32_t v)
{
    for (int n = 28; n >= 0; n -= 4)
        put("0123456789abcdef"[v >> n & 15]);
}

static void fail(const char *what, const char *file, int line)
{
    failures++;
    print("FAIL ");
    print(file);
    put(':');
    for (int d = 1000; d > 0; d /= 10)
        put((char)('0' + line / d % 10));
    print(": ");
    print(what);
}

void check(bool ok, const char *what, const char *file, int line)
{
    checks++;
    if (ok)
        return;
    fail(what, file, line);
    put('\n');
}

void check_equal(uint32_t actual, uint32_t expected, const char *what, const char *file, int line)
{
    checks++;
    if (actual == expected)
        return;
    fail(what, file, line);
    print(" is ");
    print_hex(actual);
    print(", not ");
    print_hex(expected);
    put('\n');
}

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

static void load_tables(void)
{
    struct {
        uint16_t limit;
        void *base;
    } __attribute__((packed)) gdtr = { sizeof gdt - 1, gdt }, idtr = { sizeof idt - 1, idt };
    __asm__ volatile("lgdt %0; lidt %1" : : "m"(gdtr), "m"(idtr));
    __asm__ volatile(
        "ljmp $8, $1f; 1: movw $0x10, %%ax; movw %%ax, %%ds; movw %%ax, %%es; movw %%ax, %%ss;"
        "xorl %%eax, %%eax; movw %%ax, %%fs; movw %%ax, %%gs; lldt %%ax"
        :
        :
        : "eax");
}

void reset_tables(void)
{
    set_segment(CODE0, 0, 0xfffff, 0x9b, 0xc);
    set_segment(DATA0, 0, 0xfffff, 0x93, 0xc);
    set_segment(CODE3, 0, 0xfffff, 0xfb, 0xc);
    set_segment(DATA3, 0, 0xfffff, 0xf3, 0xc);
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
    gdt[GATE / 8] = gdt[TASK_GATE / 8] = 0;
    for (unsigned n = 0; n < 64; n++)
        set_gate(idt, n, CODE0, (uint32_t)stubs + n * 16, n == BACK ? 0xee : 0x8e, 0);
    tss.esp0 = (uint32_t)inner_stack;
    tss.ss0 = DATA0;
    tss.io_map = 0x88;
    for (unsigned n = 0; n < sizeof tss.io; n++)
        tss.io[n] = 0xff;
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

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
#define ROW(t) { #t, t },
    TESTS(ROW)
};

void guest_main(void);
void guest_main(void)
{
    /* Level 3 runs with IF set: no interrupt of the board may come. */
    __asm__ volatile("outb %0, $0x21; outb %0, $0xa1" : : "a"((uint8_t)0xff));
    for (unsigned n = 0; n < sizeof tests / sizeof tests[0]; n++) {
        unsigned before = failures;
        reset_tables();
        tests[n].run();
        print(failures == before ? "ok " : "failed ");
        print(tests[n].name);
        put('\n');
    }
    print(failures ? "done: failures\n" : "done: all passed\n");
    __asm__ volatile("outl %0, $0xf4" : : "a"(failures ? 1 : 0));
}
