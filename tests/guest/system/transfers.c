// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Far jumps, calls and returns within a level and outward; IRET.
#include "harness/harness.h"

struct {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed)) far_target;
uint32_t seen_cs, seen_esp, frame_words[6];

CODE(jump_far, "jmp fword ptr far_target");
CODE(call_far, "mov seen_esp, esp; call fword ptr far_target");
CODE(landing, "mov seen_cs, cs; sub seen_esp, esp; retf");
CODE(landing_ret, "mov seen_cs, cs");
/* Push the words of frame_words, last one first, and return by them. */
CODE(return_far,
     "push frame_words+12; push frame_words+8; push frame_words+4; push frame_words; retf");
CODE(return_far_8, "push frame_words+12; push frame_words+8; push 0; push 0; push frame_words+4;"
                   "push frame_words; retf 8");
CODE(return_iret, "push frame_words+16; push frame_words+12; push frame_words+8; push "
                  "frame_words+4; push frame_words; iretd");
CODE(return_iret_same,
     "push frame_words+8; push frame_words+4; push offset iret_same_end; iretd; iret_same_end:"
     "pushfd; pop seen_esp; mov seen_cs, cs");
CODE(iret_level_0,
     "pushfd; pop eax; and eax, 0xfffffdff; or eax, 0x3200; push eax; push cs;"
     "push offset iret_level_0_end; iretd; iret_level_0_end: cli; pushfd; pop seen_esp");
CODE(user_back, "mov eax, cs; int 0x30"); /* DS is null by now */
CODE(user_retf_in, "push 8; push offset landing; retf");
CODE(user_retf_16, "pushw 0x1b; pushw 0x9000; .byte 0x66; retf");
CODE(user_popf, "push 0x3202; popfd; pushfd; pop eax; int 0x30");
CODE(user_iret_flags,
     "pushfd; or dword ptr [esp], 0x3200; and dword ptr [esp], 0xfffffdff; push cs;"
     "push offset user_iret_flags_end; iretd; user_iret_flags_end: pushfd; pop eax; int 0x30");
CODE(user_cli, "cli");
CODE(user_popf_ac, "pushfd; or dword ptr [esp], 0x240000; popfd; pushfd; pop eax; int 0x30");
CODE(segments_kept,
     "mov eax, 0x23; mov ds, ax; mov eax, 0x30; mov es, ax; mov eax, 0xb1; mov fs, ax;"
     "mov eax, 0xb8; mov gs, ax;"
     "push dword ptr ss:frame_words+12; push dword ptr ss:frame_words+8; push dword ptr "
     "ss:frame_words+4; push dword ptr ss:frame_words; retf");

static void target(uint16_t selector, void (*to)(void))
{
    far_target.selector = selector;
    far_target.offset = (uint32_t)to;
}

static void far_faults(void (*code)(void), unsigned selector, int vector, uint32_t error)
{
    target((uint16_t)selector, landing_ret);
    RAISES(code, vector, error);
    EQUAL(last.eip, code == call_far ? (uint32_t)code + 6 : (uint32_t)code);
}

static void return_frame(uint32_t eip, uint32_t cs, uint32_t a, uint32_t b, uint32_t c)
{
    frame_words[0] = eip;
    frame_words[1] = cs;
    frame_words[2] = a;
    frame_words[3] = b;
    frame_words[4] = c;
}

TEST(far_jump, "SDM 3A 5.8.1")
{
    target(CODE0, landing_ret);
    EQUAL(try_call(jump_far), -1);
    EQUAL(seen_cs, CODE0);
    target(CONFORMING, landing_ret);
    EQUAL(try_call(jump_far), -1);
    EQUAL(seen_cs, CONFORMING);
    target(CONFORMING | 3, landing_ret);
    EQUAL(try_call(jump_far), -1);
    EQUAL(seen_cs, CONFORMING); /* RPL becomes CPL */
}

TEST(far_call, "SDM 3A 5.8.1; SDM 2 CALL")
{
    target(CODE0, landing);
    EQUAL(try_call(call_far), -1);
    EQUAL(seen_esp, 8);
    EQUAL(seen_cs, CODE0);
}

TEST(far_transfer_faults, "SDM 2 JMP, CALL; SDM 3A 5.8.1.1")
{
    static void (*const codes[])(void) = { jump_far, call_far };
    set_segment(FREE_A, 0, 0xfffff, 0x1b, 0xc);
    for (unsigned n = 0; n < ARRAY_SIZE(codes); n++) {
        far_faults(codes[n], 0, EXC_GP, 0);
        far_faults(codes[n], 3, EXC_GP, 0);
        far_faults(codes[n], CODE3, EXC_GP, CODE3 & ~3u);
        far_faults(codes[n], CODE3 & ~3u, EXC_GP, CODE3 & ~3u);
        far_faults(codes[n], CODE0 | 3, EXC_GP, CODE0);
        far_faults(codes[n], DATA0, EXC_GP, DATA0);
        far_faults(codes[n], LDT_SEL, EXC_GP, LDT_SEL);
        far_faults(codes[n], FREE_A, EXC_NP, FREE_A);
        far_faults(codes[n], FREE_B, EXC_GP, FREE_B);
        far_faults(codes[n], sizeof gdt, EXC_GP, sizeof gdt);
        far_faults(codes[n], 0xc, EXC_GP, 0xc);
        far_faults(codes[n], CODE16, EXC_GP, 0); /* beyond its limit */
    }
}

TEST(far_return_outward, "SDM 3A 5.8.6; SDM 2 RET")
{
    static char stack[256];
    uint32_t top = (uint32_t)stack + sizeof stack;
    return_frame((uint32_t)user_back, CODE3, top, DATA3, 0);
    EQUAL(try_call(return_far), BACK);
    EQUAL(last.eax, CODE3);
    EQUAL(last.cs, CODE3);
    EQUAL(last.esp, top);
    EQUAL(last.ss, DATA3);
    EQUAL(last.ds & 0xffff, 0); /* DS was level 0; PUSH writes 16 bits of it */
    return_frame((uint32_t)user_back, CODE3, top, DATA3, 0);
    EQUAL(try_call(return_far_8), BACK);
    EQUAL(last.esp, top + 8);
    return_frame((uint32_t)user_back, CONFORMING | 3, top, DATA3, 0);
    EQUAL(try_call(return_far), BACK);
    EQUAL(last.cs, CONFORMING | 3);
}

/* What level 3 may use stays, what it may not becomes null. */
TEST(return_outward_segments, "SDM 3A 5.8.6")
{
    return_frame((uint32_t)user_back, CODE3, 0x900100, DATA3, 0);
    EQUAL(try_call(segments_kept), BACK);
    EQUAL(last.ds & 0xffff, DATA3);
    EQUAL(last.es & 0xffff, CONFORMING);
    EQUAL(last.fs & 0xffff, 0); /* code of level 1 */
    EQUAL(last.gs & 0xffff, 0); /* data of level 1 */
}

TEST(far_return_faults, "SDM 2 RET")
{
    static const struct {
        uint32_t cs, ss;
        int vector;
        uint32_t error;
    } rows[] = {
        { CODE3, DATA0, EXC_GP, DATA0 },
        { CODE3, 0, EXC_GP, 0 },
        { CODE3, 3, EXC_GP, 0 },
        { CODE3, DATA3 & ~3u, EXC_GP, DATA3 & ~3u },
        { CODE3, CODE3, EXC_GP, CODE3 & ~3u },
        { CODE3, FREE_B | 3, EXC_SS, FREE_B },
        { CODE3, sizeof gdt | 3, EXC_GP, sizeof gdt },
        { DATA3, DATA3, EXC_GP, DATA3 & ~3u },
        { 0, DATA3, EXC_GP, 0 },
        { ABSENT, DATA3, EXC_GP, ABSENT }, /* data */
        { FREE_A | 3, DATA3, EXC_NP, FREE_A },
        { CODE0 | 3, DATA3, EXC_GP, CODE0 }, /* its DPL is not RPL */
        { CODE3 & ~3u, DATA3, EXC_GP, CODE3 & ~3u },
        { CONFORMING | 3, DATA0, EXC_GP, DATA0 },
    };
    set_segment(FREE_A, 0, 0xfffff, 0x7b, 0xc);
    set_segment(FREE_B, 0, 0xfffff, 0x73, 0xc);
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        return_frame((uint32_t)user_back, rows[n].cs, 0x900100, rows[n].ss, 0);
        RAISES(return_far, rows[n].vector, rows[n].error);
        return_frame((uint32_t)user_back, rows[n].cs, 2, 0x900100, rows[n].ss);
        RAISES(return_iret, rows[n].vector, rows[n].error);
    }
}

TEST(far_return_inward, "SDM 3A 5.8.6")
{
    EQUAL(try_user(user_retf_in, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, CODE0);
}

/* 16-bit operands: IP without an upper half, two words of stack. */
TEST(far_return_16_bit, "SDM 2 RET")
{
    store8(0x9000, 0xf4); /* HLT at level 3: #GP(0) */
    EQUAL(try_user(user_retf_16, 0), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(last.eip, 0x9000);
    EQUAL(last.cs, CODE3);
}

TEST(iret_to_same_level, "SDM 2 IRET")
{
    return_frame(0, CODE0, 0x10cd7, 0, 0);
    EQUAL(try_call(return_iret_same), -1);
    EQUAL(seen_esp, 0xcd7); /* PUSHF shows no RF */
    EQUAL(seen_cs, CODE0);
    EQUAL(try_call(iret_level_0), -1);
    EQUAL(seen_esp & (EFLAGS_IOPL | EFLAGS_IF), EFLAGS_IOPL);
}

TEST(iret_to_outer_level, "SDM 2 IRET")
{
    return_frame((uint32_t)user_back, CODE3, 0x246, 0x900100, DATA3);
    EQUAL(try_call(return_iret), BACK);
    EQUAL(last.eflags & 0x3247, 0x246);
    EQUAL(last.esp, 0x900100);
    EQUAL(last.ds & 0xffff, 0);
}

TEST(flags_that_level_3_cannot_change, "SDM 2 POPF, IRET; SDM 3A 5.9")
{
    EQUAL(try_user(user_popf, 0), BACK);
    EQUAL(last.eax, 0x2);
    EQUAL(try_user(user_popf, EFLAGS_IOPL), BACK);
    EQUAL(last.eax, 0x3202);
    EQUAL(try_user(user_iret_flags, EFLAGS_IF), BACK);
    EQUAL(last.eax & 0x3202, 0x202);
    EQUAL(try_user(user_iret_flags, EFLAGS_IF | EFLAGS_IOPL), BACK);
    EQUAL(last.eax & 0x3202, 0x3002);
    EQUAL(try_user(user_cli, 0), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(try_user(user_popf_ac, 0), BACK);
    EQUAL(last.eax & 0x240000, 0x240000); /* AC and ID are anybody's */
}

CODE(return_far_small_stack, "mov eax, 0xa0; mov ss, ax; mov esp, 0xfc; retf");
CODE(return_iret_small_stack, "mov eax, 0xa0; mov ss, ax; mov esp, 0xf8; iretd");
CODE(user_iret_vm, "pushfd; or dword ptr [esp], 0x20000; push cs; push offset user_iret_vm_end; "
                   "iretd; user_iret_vm_end: pushfd; pop eax; int 0x30");
CODE(jump_conforming_outer, "jmp 0xa0:0");

/* A conforming segment of an outer level cannot be entered from an inner one. */
TEST(conforming_of_outer_level, "SDM 3A 5.8.1.2")
{
    set_segment(FREE_A, 0, 0xfffff, 0xff, 0xc);
    RAISES(jump_conforming_outer, EXC_GP, FREE_A);
    far_faults(call_far, FREE_A, EXC_GP, FREE_A);
    far_faults(jump_far, CODE0 | 1, EXC_GP, CODE0); /* RPL above CPL, non-conforming */
}

TEST(return_beyond_limit, "SDM 2 RET, IRET")
{
    set_segment(FREE_A, 0, 0xfff, 0x9b, 4);
    set_segment(FREE_B, 0, 0xfff, 0xfb, 4);
    return_frame(0x1000, FREE_A, 2, 0, 0);
    RAISES(return_far, EXC_GP, 0);
    return_frame(0x1000, FREE_A, 2, 0, 0);
    RAISES(return_iret, EXC_GP, 0);
    return_frame(0x1000, FREE_B | 3, 0x900100, DATA3, 0);
    RAISES(return_far, EXC_GP, 0);
    return_frame(0x1000, FREE_B | 3, 2, 0x900100, DATA3);
    RAISES(return_iret, EXC_GP, 0);
}

/* What is popped has to lie on the stack. The exception needs another one: a task's. */
TEST(return_beyond_stack, "SDM 2 RET, IRET")
{
    set_segment(FREE_A, 0x900000, 0xff, 0x93, 4);
    static void (*const codes[])(void) = { return_far_small_stack, return_iret_small_stack };
    for (unsigned n = 0; n < ARRAY_SIZE(codes); n++) {
        make_task((void (*)(void))(stubs + EXC_SS * 16));
        set_gate(idt, EXC_SS, TSS_B_SEL, 0, 0x85, 0);
        RAISES(codes[n], EXC_SS, 0);
        EQUAL(tss.ss, FREE_A);
        EQUAL(tss.esp, n ? 0xf8 : 0xfc);
        set_segment(TSS_SEL, (uint32_t)&tss, sizeof tss - 1, 0x89, 0);
        __asm__ volatile("ltr %w0; clts" : : "r"(TSS_SEL));
        reset_gate(EXC_SS);
    }
}

/* Only level 0 goes to virtual-8086 mode by IRET. */
TEST(iret_at_level_3_keeps_vm, "SDM 2 IRET; SDM 3A 20.2.5")
{
    EQUAL(try_user(user_iret_vm, 0), BACK);
    EQUAL(last.cs, CODE3);
    EQUAL(last.eflags & EFLAGS_VM, 0);
}
