// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Descriptor tables, exceptions, running a program from a state to a state.
#include "torture.h"

struct tss32 {
    uint32_t link, esp0, ss0, unused[22];
    uint16_t trap, io_map;
};

/* What launch() pops. */
struct launch_frame {
    uint32_t ds, es, fs, gs, edi, esi, ebp, esp_, ebx, edx, ecx, eax;
    uint32_t eip, cs, eflags, esp, ss, v86_es, v86_ds, v86_fs, v86_gs;
};

uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(8)));
static uint64_t idt[128];
extern struct tss32 tss;
struct tss32 tss;
bool (*hook)(struct frame *f);
uint32_t last_cr2;
static struct state *running;
/* An exception in launch() itself pushes below the frame. */
static struct {
    uint8_t room[512];
    struct launch_frame frame;
} outer;

extern uint8_t stubs[];
void launch(const void *frame, const void *fx);
void land(void) __attribute__((noreturn));
void handle(struct frame *f);
void torture_main(uint32_t magic, uint32_t information);

/* ---- tables ---------------------------------------------------------------------------------- */

void set_segment(unsigned selector, uint32_t base, uint32_t limit, unsigned access, unsigned flags)
{
    gdt[selector / 8] = (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
                        (uint64_t)access << 40 | (uint64_t)(limit >> 16 & 15) << 48 |
                        (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}

static void set_gate(unsigned index, uint32_t offset, unsigned access)
{
    idt[index] = (offset & 0xffff) | (uint64_t)CODE0 << 16 | (uint64_t)access << 40 |
                 (uint64_t)(offset >> 16) << 48;
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
        "xorl %%eax, %%eax; movw %%ax, %%fs; movw %%ax, %%gs; lldt %%ax; ltr %w0"
        :
        : "r"(TSS_SEL)
        : "eax");
}

void reset_tables(void)
{
    unsigned flat = SEGMENT_32 | SEGMENT_PAGES;
    set_segment(CODE0, 0, 0xfffff, ACCESS_CODE0, flat);
    set_segment(DATA0, 0, 0xfffff, ACCESS_DATA0, flat);
    set_segment(CODE3, 0, 0xfffff, ACCESS_CODE3, flat);
    set_segment(DATA3, 0, 0xfffff, ACCESS_DATA3, flat);
    set_segment(TSS_SEL, (uint32_t)&tss, sizeof tss - 1, 0x89, 0);
    for (unsigned n = 0; n < ARRAY_SIZE(idt); n++) {
        bool open = n == EXC_BP || n == EXC_OF || n == SYSCALL;
        set_gate(n, (uint32_t)stubs + n * 16, open ? 0xee : 0x8e);
    }
    tss.ss0 = DATA0;
    tss.io_map = sizeof tss;
    load_tables();
    hook = NULL;
}

/* ---- exceptions ------------------------------------------------------------------------------ */

static void capture(struct state *s, const struct frame *f)
{
    bool v86 = f->eflags & FLAG_VM, outside = v86 || (f->cs & 3);
    memcpy(s, &f->edi, 8 * sizeof(uint32_t));
    s->esp = outside ? f->esp : (uint32_t)&f->esp;
    s->ss = outside ? f->ss & 0xffff : DATA0;
    s->eip = f->eip;
    s->cs = f->cs & 0xffff;
    s->eflags = f->eflags;
    s->ds = (v86 ? f->v86_ds : f->ds) & 0xffff;
    s->es = (v86 ? f->v86_es : f->es) & 0xffff;
    s->fs = (v86 ? f->v86_fs : f->fs) & 0xffff;
    s->gs = (v86 ? f->v86_gs : f->gs) & 0xffff;
    s->vector = f->vector;
    s->error = f->error;
    s->cr2 = last_cr2;
}

static void unexpected(const struct frame *f)
{
    static struct state s;
    print("FAIL: an exception that nobody expects\n");
    failures++;
    capture(&s, f);
    print_state(&s);
    print("  cr2=");
    print_hex(last_cr2);
    print("\n");
    finish();
}

void handle(struct frame *f)
{
    __asm__ volatile("movl %%cr2, %0" : "=r"(last_cr2));
    if (hook && hook(f))
        return;
    if (!running)
        unexpected(f);
    capture(running, f);
    __asm__ volatile("fxsave %0" : "=m"(running->fx));
    running = NULL;
    land();
}

/* ---- programs -------------------------------------------------------------------------------- */

void state_init(struct state *s, const void *code, uint32_t esp, unsigned level)
{
    memset(s, 0, sizeof *s);
    s->eip = (uint32_t)code;
    s->esp = esp;
    s->cs = level ? CODE3 : CODE0;
    s->ss = s->ds = s->es = level ? DATA3 : DATA0;
    s->eflags = 2;
    s->fx[0] = 0x7f; /* FCW 37Fh, MXCSR 1F80h */
    s->fx[1] = 3;
    s->fx[24] = 0x80;
    s->fx[25] = 0x1f;
}

/* At level 0 IRET takes three words from the stack that the program goes on with. */
void state_run(struct state *s)
{
    bool v86 = s->eflags & FLAG_VM, outside = v86 || (s->cs & 3);
    struct launch_frame *f =
        outside ? &outer.frame
                : (struct launch_frame *)(s->esp - offsetof(struct launch_frame, esp));
    memcpy(&f->edi, s, 8 * sizeof(uint32_t));
    f->eip = s->eip;
    f->cs = s->cs;
    f->eflags = s->eflags;
    f->ds = v86 ? DATA0 : s->ds;
    f->es = v86 ? DATA0 : s->es;
    f->fs = v86 ? 0 : s->fs;
    f->gs = v86 ? 0 : s->gs;
    if (outside) {
        f->esp = s->esp;
        f->ss = s->ss;
    }
    if (v86) {
        f->v86_es = s->es;
        f->v86_ds = s->ds;
        f->v86_fs = s->fs;
        f->v86_gs = s->gs;
    }
    running = s;
    launch(f, s->fx);
}

static void cpuid1(uint32_t *ecx, uint32_t *edx)
{
    uint32_t eax = 1, ebx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(*ecx), "=d"(*edx));
}

uint32_t cpuid_edx(void)
{
    uint32_t ecx, edx;
    cpuid1(&ecx, &edx);
    return edx;
}

uint32_t cpuid_ecx(void)
{
    uint32_t ecx, edx;
    cpuid1(&ecx, &edx);
    return ecx;
}

/* CR0: x87 without emulation, native errors, write protection also at level 0. CR4: FXSR, XM. */
void torture_main(uint32_t magic, uint32_t information)
{
    boot_magic = magic;
    boot_information = information;
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
    read_command_line();
    reset_tables();
    paging_start();
    set_cr0((cr0() & ~0xcu) | 0x10022);
    set_cr4(cr4() | 0x600);
    __asm__ volatile("fninit");
    torture();
    finish();
}
