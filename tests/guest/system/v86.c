// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Virtual-8086 mode: entry, exit, IOPL, I/O bitmap, VME; and protected-mode virtual interrupts.
#include "harness/harness.h"

#define V86_CS   0x1000
#define V86_CODE ((volatile uint8_t *)(V86_CS << 4))

static struct iret_frame v86;

static void go(void)
{
    enter_iret(&v86);
}

/* Run bytes in virtual-8086 mode; behind them lies HLT, a #GP(0). */
static int run(const char *bytes, unsigned size, uint32_t eflags)
{
    for (unsigned n = 0; n < size; n++)
        V86_CODE[n] = (uint8_t)bytes[n];
    V86_CODE[size] = 0xf4;
    v86 =
        (struct iret_frame){ 0,      V86_CS, EFLAGS_VM | eflags | 2, 0x800, 0x1800, 0x1111, 0x2222,
                             0x3333, 0x4444 };
    return try_call(go);
}
#define RUN(bytes, eflags) run(bytes, sizeof(bytes) - 1, eflags)

/* A vector of the 8086's own table, and code at an offset in its segment. */
static void set_vector(unsigned vector, unsigned offset, const char *bytes, unsigned size)
{
    store32(vector * 4, V86_CS << 16 | offset);
    for (unsigned n = 0; n < size; n++)
        V86_CODE[offset + n] = (uint8_t)bytes[n];
}
#define VECTOR(vector, offset, bytes) set_vector(vector, offset, bytes, sizeof(bytes) - 1)

TEST(v86_entry_and_exit, "SDM 3A 20.2.5, 20.2.6, 20.3.1")
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
    EQUAL(last.es & 0xffff, 0);
    EQUAL(last.fs & 0xffff, 0);
    EQUAL(last.gs & 0xffff, 0);
    EQUAL(last.eflags, EFLAGS_VM | EFLAGS_IOPL | EFLAGS_IF | 2);
}

CODE(v86_jump_task, "jmp 0x50:0");

TEST(v86_entry_by_task_switch, "SDM 3A 20.2.5, 7.3")
{
    V86_CODE[0] = 0xf4; /* HLT */
    tss_b = (struct tss32){
        .eip = 0,
        .eflags = EFLAGS_VM | 2,
        .esp = 0x800,
        .es = 0x1111,
        .cs = V86_CS,
        .ss = 0x1800,
        .ds = 0x2222,
        .fs = 0x3333,
        .gs = 0x4444,
        .esp0 = (uint32_t)inner_stack - 0x400,
        .ss0 = DATA0,
        .io_map = 0x68,
    };
    EQUAL(try_call(v86_jump_task), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(last.eip, 0);
    EQUAL(last.cs, V86_CS);
    EQUAL(last.eflags & EFLAGS_VM, EFLAGS_VM);
    EQUAL(last.v86_gs, 0x4444);
}

TEST(v86_sensitive_instructions, "SDM 3A 20.2.7")
{
    static const char *const sensitive[] = { "\xfa", "\xfb", "\x9c", "\x9d", "\xcd\x30", "\xcf" };
    for (unsigned n = 0; n < ARRAY_SIZE(sensitive); n++) {
        EQUAL(run(sensitive[n], n == 4 ? 2 : 1, EFLAGS_IF), EXC_GP);
        EQUAL(last.error, 0);
        EQUAL(last.eip, 0);
    }
    EQUAL(RUN("\xf4", EFLAGS_IOPL), EXC_GP);
    EQUAL(RUN("\x0f\x20\xc0", EFLAGS_IOPL), EXC_GP);         /* MOV EAX,CR0 */
    EQUAL(RUN("\x0f\x01\x16\x00\x00", EFLAGS_IOPL), EXC_GP); /* LGDT */
    EQUAL(RUN("\x0f\x08", EFLAGS_IOPL), EXC_GP);             /* INVD */
    EQUAL(RUN("\x0f\x06", EFLAGS_IOPL), EXC_GP);             /* CLTS */
    EQUAL(RUN("\xfa\xcd\x30", EFLAGS_IOPL | EFLAGS_IF), BACK);
    EQUAL(last.eflags & EFLAGS_IF, 0);
    /* PUSHF shows IOPL; POPF cannot change it. */
    EQUAL(RUN("\x9c\x58\x68\x02\x00\x9d\x9c\x5b\xcd\x30", EFLAGS_IOPL | EFLAGS_IF), BACK);
    EQUAL(last.eax & 0xffff, 0x3202);
    EQUAL(last.ebx & 0xffff, 0x3002);
}

/* Those of protected mode alone. */
TEST(v86_undefined_instructions, "SDM 2 ARPL, LAR, LLDT, SLDT, STR, VERR")
{
    EQUAL(RUN("\x63\xc0", 0), EXC_UD);                     /* ARPL */
    EQUAL(RUN("\x0f\x00\xc0", 0), EXC_UD);                 /* SLDT */
    EQUAL(RUN("\x0f\x00\xc8", 0), EXC_UD);                 /* STR */
    EQUAL(RUN("\x0f\x00\xd0", 0), EXC_UD);                 /* LLDT */
    EQUAL(RUN("\x0f\x00\xd8", 0), EXC_UD);                 /* LTR */
    EQUAL(RUN("\x0f\x00\xe0", 0), EXC_UD);                 /* VERR */
    EQUAL(RUN("\x0f\x02\xc0", 0), EXC_UD);                 /* LAR */
    EQUAL(RUN("\x0f\x03\xc0", 0), EXC_UD);                 /* LSL */
    EQUAL(RUN("\x0f\x01\xe0\xcd\x30", EFLAGS_IOPL), BACK); /* SMSW may be used */
    EQUAL(last.eax & CR0_PE, CR0_PE);
}

/* INT3 knows no IOPL but the gate's DPL. */
TEST(v86_int3, "SDM 2 INT n; SDM 3A 20.3")
{
    EQUAL(RUN("\xcc", 0), EXC_GP);
    EQUAL(last.error, 3 * 8 + 2);
    set_gate(idt, 3, CODE0, (uint32_t)stubs + 3 * 16, 0xee, 0);
    EQUAL(RUN("\xcc", 0), EXC_BP);
    EQUAL(last.eip, 1);
    EQUAL(RUN("\xcd\x03", 0), EXC_GP); /* INT 3 as INT n does */
    EQUAL(last.error, 0);
    EQUAL(last.eip, 0);
}

TEST(v86_int_n_gates, "SDM 3A 20.3.1.1, 20.3.3")
{
    EQUAL(RUN("\xcd\x31", EFLAGS_IOPL), EXC_GP); /* the gate's DPL is 0 */
    EQUAL(last.error, 0x31 * 8 + 2);
    set_gate(idt, 0x31, CONFORMING, (uint32_t)stubs, 0xee, 0);
    EQUAL(RUN("\xcd\x31", EFLAGS_IOPL), EXC_GP); /* only to a non-conforming segment of level 0 */
    EQUAL(last.error, CONFORMING);
    set_gate(idt, 0x31, CODE3, (uint32_t)stubs, 0xee, 0);
    EQUAL(RUN("\xcd\x31", EFLAGS_IOPL), EXC_GP);
    EQUAL(last.error, CODE3 & ~3u);
}

TEST(v86_segments, "SDM 3A 20.1.1, 20.2.2")
{
    /* mov ax, 2000h; mov ds, ax; mov [5], ax; mov bx, [ffffh] */
    EQUAL(RUN("\xb8\x00\x20\x8e\xd8\xa3\x05\x00\x8b\x1e\xff\xff", 0), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(last.eip, 8);
    EQUAL(*(volatile uint16_t *)0x20005, 0x2000);
    EQUAL(last.v86_ds, 0x2000);
    /* mov bp, ffffh; mov ax, [bp] */
    EQUAL(RUN("\xbd\xff\xff\x8b\x46\x00", 0), EXC_SS);
    EQUAL(last.error, 0);
    /* mov ebx, 10000h; mov al, [ebx] */
    EQUAL(RUN("\x66\xbb\x00\x00\x01\x00\x67\x8a\x03", 0), EXC_GP);
    EQUAL(last.eip, 6);
    /* mov ax, ffffh; mov ds, ax; mov ax, [7010h]; hlt: no wrap at 1 MiB */
    store32(0x7000, 0x77777777);
    EQUAL(RUN("\xb8\xff\xff\x8e\xd8\xa1\x10\x70\xf4", 0), EXC_GP);
    EQUAL(last.eip, 8);
    EQUAL(last.eax & 0xffff, load32(0x107000) & 0xffff);
    CHECK(load32(0x107000) != load32(0x7000));
}

TEST(v86_io_bitmap, "SDM 3A 20.2.8; SDM 1 19.5.2")
{
    EQUAL(RUN("\xe4\x80", EFLAGS_IOPL), EXC_GP); /* IOPL does not count */
    EQUAL(last.error, 0);
    tss.io[0x80 / 8] = 0xfe;
    EQUAL(RUN("\xe4\x80\xcd\x30", EFLAGS_IOPL), BACK);
    EQUAL(RUN("\xe5\x80", EFLAGS_IOPL), EXC_GP);
    tss.io[0x80 / 8] = 0xfc;
    EQUAL(RUN("\xe5\x80\xcd\x30", EFLAGS_IOPL), BACK);
    /* 87h and 88h: two bytes of the bitmap */
    tss.io[0x80 / 8] = 0x7f;
    EQUAL(RUN("\xe5\x87", EFLAGS_IOPL), EXC_GP);
    tss.io[0x88 / 8] = 0xfe;
    EQUAL(RUN("\xe5\x87\xcd\x30", EFLAGS_IOPL), BACK);
}

/* ---- VME ------------------------------------------------------------------------------------- */

static bool vme(void)
{
    if (has(HAS_VME)) {
        set_cr4(CR4_VME, 0);
        store8((uint32_t)&tss.redirection[0x40 / 8], 0xfe);
        return true;
    }
    return false;
}

/* INT n to the 8086's own handler: method 6, IOPL < 3. */
TEST(vme_redirected_interrupt, "SDM 3A 20.3.3.6, 20.4")
{
    if (!vme())
        return;
    VECTOR(0x40, 0x20, "\x58\x5b\x59\x51\x53\x50\xcf"); /* pop ax bx cx, push back, iret */
    /* sti; int 40h; pushf; pop dx; cli; pushf; pop si; hlt */
    EQUAL(RUN("\xfb\xcd\x40\x9c\x5a\xfa\x9c\x5e\xf4", 0), EXC_GP);
    EQUAL(last.eip, 8);
    EQUAL(last.eax & 0xffff, 3);
    EQUAL(last.ebx & 0xffff, V86_CS);
    EQUAL(last.ecx & 0xffff, 0x3202); /* as the handler finds it: IOPL 3, IF = VIF */
    EQUAL(last.edx & 0xffff, 0x3202);
    EQUAL(last.esi & 0xffff, 0x3002);
    EQUAL(last.eflags & (EFLAGS_IF | EFLAGS_VIF | EFLAGS_IOPL), 0);
    tss.redirection[0x40 / 8] = 0xff;
    EQUAL(RUN("\xcd\x40", 0), EXC_GP);
    EQUAL(last.error, 0);
}

/* Method 5: IOPL 3, the real IF. */
TEST(vme_redirected_interrupt_at_iopl_3, "SDM 3A 20.3.3.5")
{
    if (!vme())
        return;
    VECTOR(0x40, 0x20, "\x58\x5b\x59\x51\x53\x50\x9c\x5a\xcf"); /* and pushf; pop dx */
    EQUAL(RUN("\xcd\x40\xcd\x30", EFLAGS_IOPL | EFLAGS_IF), BACK);
    EQUAL(last.eax & 0xffff, 2);
    EQUAL(last.ecx & 0xffff, 0x3202);
    EQUAL(last.edx & 0xffff, 0x3002);
    EQUAL(last.eflags & (EFLAGS_IF | EFLAGS_VIF), EFLAGS_IF);
}

TEST(vme_virtual_interrupt_pending, "SDM 3A 20.3.2, 20.4")
{
    if (!vme())
        return;
    EQUAL(RUN("\xfb", EFLAGS_VIP), EXC_GP); /* STI with one pending */
    EQUAL(last.error, 0);
    EQUAL(last.eip, 0);
    EQUAL(last.eflags & EFLAGS_VIF, 0);
    /* push 202h; popf */
    EQUAL(RUN("\x68\x02\x02\x9d", EFLAGS_VIP), EXC_GP);
    EQUAL(last.eip, 3);
    EQUAL(RUN("\xfb\xf4", 0), EXC_GP); /* with none: HLT's #GP */
    EQUAL(last.eip, 1);
    EQUAL(last.eflags & EFLAGS_VIF, EFLAGS_VIF);
    /* VIP and VIF both set, TF: POPF with TF is refused too. push 102h; popf */
    EQUAL(RUN("\x68\x02\x01\x9d", 0), EXC_GP);
    EQUAL(last.eip, 3);
}

TEST(vme_32_bit_flags, "SDM 2 PUSHF, POPF, IRET")
{
    if (!vme())
        return;
    EQUAL(RUN("\x66\x9c", 0), EXC_GP);
    EQUAL(RUN("\x66\x9d", 0), EXC_GP);
    EQUAL(RUN("\x66\xcf", 0), EXC_GP);
}

/* ---- protected-mode virtual interrupts ------------------------------------------------------- */

CODE(pvi_sti_cli, "sti; pushfd; pop eax; cli; int 0x30");
CODE(pvi_sti, "sti; int 0x30");
CODE(pvi_popf, "push 0x202; popfd; pushfd; pop eax; int 0x30");

TEST(pvi_at_level_3, "SDM 3A 20.4")
{
    if (!has(HAS_VME))
        return;
    set_cr4(CR4_PVI, 0);
    EQUAL(try_user(pvi_sti_cli, 0), BACK);
    EQUAL(last.eax & (EFLAGS_IF | EFLAGS_VIF), EFLAGS_VIF);
    EQUAL(last.eflags & (EFLAGS_IF | EFLAGS_VIF), 0);
    EQUAL(try_user(pvi_sti, 0), BACK);
    EQUAL(last.eflags & (EFLAGS_IF | EFLAGS_VIF), EFLAGS_VIF);
    EQUAL(try_user(pvi_sti, EFLAGS_VIP), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(last.eip, pvi_sti);
    EQUAL(try_user(pvi_sti, EFLAGS_IOPL), BACK); /* IOPL 3: the real IF */
    EQUAL(last.eflags & (EFLAGS_IF | EFLAGS_VIF), EFLAGS_IF);
    EQUAL(try_user(pvi_popf, 0), BACK); /* POPF is as without */
    EQUAL(last.eflags & (EFLAGS_IF | EFLAGS_VIF), 0);
    set_cr4(0, CR4_PVI);
    EQUAL(try_user(pvi_sti, 0), EXC_GP);
}

/* IRET at IOPL below 3: IF is VIF, and neither TF nor a pending VIP go with it. */
TEST(vme_iret, "SDM 2 IRET; SDM 3A 20.3.3, 20.4")
{
    if (!vme())
        return;
    /* push 7202h; push 1000h; push 9; iret; nop; hlt: flags with NT and IF */
    EQUAL(RUN("\x68\x02\x72\x68\x00\x10\x68\x0a\x00\xcf\x90\xf4", 0), EXC_GP);
    EQUAL(last.eip, 11);
    EQUAL(last.eflags & (EFLAGS_VIF | EFLAGS_NT | EFLAGS_IF | EFLAGS_IOPL), EFLAGS_VIF | EFLAGS_NT);
    EQUAL(last.cs, V86_CS);
    EQUAL(last.esp, 0x800);
    EQUAL(RUN("\x68\x02\x72\x68\x00\x10\x68\x0a\x00\xcf\x90\xf4", EFLAGS_VIP), EXC_GP);
    EQUAL(last.eip, 9); /* the IRET */
    EQUAL(last.eflags & EFLAGS_VIF, 0);
    EQUAL(RUN("\x68\x02\x01\x68\x00\x10\x68\x0a\x00\xcf\x90\xf4", 0), EXC_GP); /* TF */
    EQUAL(last.eip, 9);
    EQUAL(RUN("\x68\x02\x00\x68\x00\x10\x68\x0a\x00\xcf\x90\xf4", EFLAGS_VIP), EXC_GP);
    EQUAL(last.eip, 11); /* without IF it may pend */
}

/* IOPL 3: IRET moves all flags but IOPL and VM. */
TEST(v86_iret_at_iopl_3, "SDM 2 IRET; SDM 3A 20.2.7")
{
    EQUAL(RUN("\x68\x02\x42\x68\x00\x10\x68\x0a\x00\xcf\x90\xcd\x30", EFLAGS_IOPL), BACK);
    EQUAL(last.eip, 13);
    EQUAL(last.eflags, EFLAGS_VM | EFLAGS_IOPL | EFLAGS_NT | EFLAGS_IF | 2);
    /* o32 iret: pushes of 32 bits, upper flags AC and VM */
    EQUAL(RUN("\x66\x68\x02\x02\x06\x00\x66\x68\x00\x10\x00\x00\x66\x68\x14\x00\x00\x00\x66\xcf"
              "\xcd\x30",
              EFLAGS_IOPL),
          BACK);
    EQUAL(last.eip, 0x16);
    EQUAL(last.eflags, EFLAGS_VM | EFLAGS_AC | EFLAGS_IOPL | EFLAGS_IF | 2);
}

uint32_t v86_task_link;
CODE(v86_handler_task, "mov v86_task_link, esp; iretd; jmp v86_handler_task");

/* An interrupt by a task gate leaves virtual-8086 mode, and IRET comes back to it. */
TEST(v86_exit_by_task_gate, "SDM 3A 20.2.6, 20.3.1.3, 7.3")
{
    make_task(v86_handler_task);
    set_gate(idt, 0x33, TSS_B_SEL, 0, 0xe5, 0);
    v86_task_link = 0;
    EQUAL(RUN("\xcd\x33\xb8\x34\x12\xf4", EFLAGS_IOPL), EXC_GP);
    EQUAL(last.eip, 5);
    EQUAL(last.eax & 0xffff, 0x1234);
    EQUAL(last.cs, V86_CS);
    EQUAL(last.v86_gs, 0x4444);
    EQUAL(v86_task_link, task_stack + sizeof task_stack); /* nothing was pushed */
    EQUAL(tss.eflags & EFLAGS_VM, EFLAGS_VM);             /* as the switch saved it */
    EQUAL(tss.eip, 2);
    EQUAL(tss.cs, V86_CS);
    EQUAL(tss.gs, 0x4444);
}

/* Faults and traps of the 8086 program leave it by the IDT, whatever IOPL is. */
TEST(v86_exceptions, "SDM 3A 20.3.1.1")
{
    EQUAL(RUN("\x0f\x0b", 0), EXC_UD);
    EQUAL(last.eip, 0);
    EQUAL(RUN("\x31\xc9\xf7\xf1", 0), EXC_DE);
    EQUAL(last.eip, 2);
    EQUAL(RUN("\xb0\x7f\x04\x01\xce", 0), EXC_GP); /* INTO: by the gate's DPL */
    EQUAL(last.error, EXC_OF * 8 + 2);
    set_gate(idt, EXC_OF, CODE0, (uint32_t)stubs + EXC_OF * 16, 0xee, 0);
    EQUAL(RUN("\xb0\x7f\x04\x01\xce", 0), EXC_OF);
    EQUAL(last.eip, 5);
    EQUAL(last.v86_ds, 0x2222);
}
