// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Virtual-8086 mode: entry, exit, IOPL, I/O bitmap, VME.
#include "harness.h"

#define V86_CS   0x1000
#define V86_CODE ((volatile uint8_t *)(V86_CS << 4))

static struct iret_frame v86;

static void go(void)
{
    enter_iret(&v86);
}

/* Run bytes in virtual-8086 mode. */
static int run(const char *bytes, unsigned size, uint32_t eflags)
{
    for (unsigned n = 0; n < size; n++)
        V86_CODE[n] = (uint8_t)bytes[n];
    v86 =
        (struct iret_frame){ 0,      V86_CS, EFLAGS_VM | eflags | 2, 0x800, 0x1800, 0x1111, 0x2222,
                             0x3333, 0x4444 };
    return try_call(go);
}
#define RUN(bytes, eflags) run(bytes, sizeof(bytes) - 1, eflags)

static void entry_and_exit(void)
{
    EQUAL(RUN("\xcd\x30", EFLAGS_IOPL | EFLAGS_IF), BACK);
    EQUAL(last.cs, V86_CS);
    EQUAL(last.eip, 2);
    EQUAL(last.esp, 0x800);
    EQUAL(last.ss, 0x1800);
    EQUAL(last.v86_es, 0x1111);
    EQUAL(last.v86_ds, 0x2222);
    EQUAL(last.v86_fs, 0x3333);
    EQUAL(last.v86_gs, 0x4444);
    EQUAL(last.ds & 0xffff, 0); /* the handler's are null */
    EQUAL(last.gs & 0xffff, 0);
    EQUAL(last.eflags, EFLAGS_VM | EFLAGS_IOPL | EFLAGS_IF | 2);
    EQUAL(&last.v86_gs - &last.gs, 22);
}

static void iopl(void)
{
    EQUAL(RUN("\xcd\x30", EFLAGS_IF), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(last.eip, 0);
    EQUAL(RUN("\xfa", EFLAGS_IF), EXC_GP);
    EQUAL(RUN("\x9c", EFLAGS_IF), EXC_GP);
    EQUAL(RUN("\x9d", EFLAGS_IF), EXC_GP);
    EQUAL(RUN("\xcf", EFLAGS_IF), EXC_GP);
    EQUAL(RUN("\xf4", EFLAGS_IOPL), EXC_GP);
    EQUAL(RUN("\xfa\xcd\x30", EFLAGS_IOPL | EFLAGS_IF), BACK);
    EQUAL(last.eflags & EFLAGS_IF, 0);
    /* PUSHF shows IOPL; POPF cannot change it. */
    EQUAL(RUN("\x9c\x58\x68\x02\x00\x9d\x9c\x5b\xcd\x30", EFLAGS_IOPL | EFLAGS_IF), BACK);
    EQUAL(last.eax & 0xffff, 0x3202);
    EQUAL(last.ebx & 0xffff, 0x3002);
    /* INT3 knows no IOPL but the gate's DPL. */
    EQUAL(RUN("\xcc", 0), EXC_GP);
    EQUAL(last.error, 3 * 8 + 2);
    set_gate(idt, 3, CODE0, (uint32_t)stubs + 3 * 16, 0xee, 0);
    EQUAL(RUN("\xcc", 0), EXC_BP);
    EQUAL(last.eip, 1);
    set_gate(idt, 3, CODE0, (uint32_t)stubs + 3 * 16, 0x8e, 0);
    EQUAL(RUN("\x63\xc0", 0), EXC_UD);     /* ARPL */
    EQUAL(RUN("\x0f\x00\xc0", 0), EXC_UD); /* SLDT */
}

static void memory_and_ports(void)
{
    /* mov ax, 2000h; mov ds, ax; mov [5], ax; mov bx, [ffffh] */
    EQUAL(RUN("\xb8\x00\x20\x8e\xd8\xa3\x05\x00\x8b\x1e\xff\xff", 0), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(last.eip, 8);
    EQUAL(*(volatile uint16_t *)0x20005, 0x2000);
    EQUAL(last.v86_ds, 0x2000);
    EQUAL(RUN("\xe4\x80", EFLAGS_IOPL), EXC_GP);
    tss.io[0x80 / 8] = 0xfe;
    EQUAL(RUN("\xe4\x80\xcd\x30", EFLAGS_IOPL), BACK);
    EQUAL(RUN("\xe5\x80", EFLAGS_IOPL), EXC_GP);
    tss.io[0x80 / 8] = 0xff;
}

static void vme(void)
{
    uint32_t edx, eax = 1;
    __asm__ volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
    if (!(edx & 2))
        return;
    __asm__ volatile("movl %%cr4, %%eax; orl $1, %%eax; movl %%eax, %%cr4" : : : "eax");
    tss.redirection[0x40 / 8] = 0;
    *(volatile uint32_t *)(0x40 * 4) = V86_CS << 16 | 0x20;
    for (unsigned n = 0; n < 16; n++)
        V86_CODE[0x20 + n] =
            (uint8_t) "\x58\x5b\x59\x51\x53\x50\xcf"[n < 7 ? n
                                                           : 0]; /* pop ax bx cx, push back, iret */
    /* sti; int 40h; pushf; pop dx; cli; pushf; pop si; hlt */
    EQUAL(RUN("\xfb\xcd\x40\x9c\x5a\xfa\x9c\x5e\xf4", 0), EXC_GP);
    EQUAL(last.eip, 8);
    EQUAL(last.eax & 0xffff, 3);
    EQUAL(last.ebx & 0xffff, V86_CS);
    EQUAL(last.ecx & 0xffff, 0x3202); /* as the handler finds it: IOPL 3, IF = VIF */
    EQUAL(last.edx & 0xffff, 0x3202);
    EQUAL(last.esi & 0xffff, 0x3002);
    EQUAL(last.eflags & (EFLAGS_IF | EFLAGS_VIF | EFLAGS_IOPL), 0);
    EQUAL(RUN("\xfb", EFLAGS_VIP), EXC_GP); /* STI with one pending */
    EQUAL(RUN("\x66\x9c", 0), EXC_GP);
    tss.redirection[0x40 / 8] = 1;
    EQUAL(RUN("\xcd\x40", 0), EXC_GP);
    tss.redirection[0x40 / 8] = 0;
    __asm__ volatile("movl %%cr4, %%eax; andl $~1, %%eax; movl %%eax, %%cr4" : : : "eax");
}

void test_v86(void)
{
    entry_and_exit();
    iopl();
    memory_and_ports();
    vme();
}
