// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Far jumps, calls and returns within a level and outward; IRET; INT n.
#include "harness.h"

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
CODE(return_iret, "push frame_words+16; push frame_words+12; push frame_words+8; push "
                  "frame_words+4; push frame_words; iretd");
CODE(user_back, "mov eax, cs; int 0x30"); /* DS is null by now */
CODE(user_int_gate, "int 0x31");
CODE(user_retf_in, "push 8; push offset landing; retf");
CODE(user_popf, "push 0x3202; popfd; pushfd; pop eax; int 0x30");
CODE(user_cli, "cli");
CODE(user_iret_popf, "pushfd; or dword ptr [esp], 0x40000; popfd; pushfd; pop eax; int 0x30");

static void target(uint16_t selector, void (*to)(void))
{
    far_target.selector = selector;
    far_target.offset = (uint32_t)to;
}

static void jump_to(uint16_t selector, void (*to)(void), int vector, uint32_t error)
{
    target(selector, to);
    EQUAL(try_call(jump_far), vector);
    if (vector >= 0)
        EQUAL(last.error, error);
}

static void return_frame(uint32_t eip, uint32_t cs, uint32_t a, uint32_t b, uint32_t c)
{
    frame_words[0] = eip;
    frame_words[1] = cs;
    frame_words[2] = a;
    frame_words[3] = b;
    frame_words[4] = c;
}

void test_transfers(void)
{
    static char stack[256];
    uint32_t top = (uint32_t)stack + sizeof stack;

    jump_to(CODE0, landing_ret, -1, 0);
    EQUAL(seen_cs, CODE0);
    jump_to(CONFORMING, landing_ret, -1, 0);
    EQUAL(seen_cs, CONFORMING);
    jump_to(CODE0, landing_ret, -1, 0);
    jump_to(0, landing_ret, EXC_GP, 0);
    jump_to(CODE3, landing_ret, EXC_GP, CODE3 & ~3u);
    jump_to(CODE0 | 3, landing_ret, EXC_GP, CODE0);
    jump_to(DATA0, landing_ret, EXC_GP, DATA0);
    jump_to(LDT_SEL, landing_ret, EXC_GP, LDT_SEL);
    jump_to(CODE16, landing_ret, EXC_GP, 0); /* beyond its limit */
    target(CODE0, landing);
    EQUAL(try_call(call_far), -1);
    EQUAL(seen_esp, 8);
    EQUAL(seen_cs, CODE0);

    /* RETF outward, and what is wrong with it. */
    return_frame((uint32_t)user_back, CODE3, top, DATA3, 0);
    EQUAL(try_call(return_far), BACK);
    EQUAL(last.eax, CODE3);
    EQUAL(last.cs, CODE3);
    EQUAL(last.esp, top);
    EQUAL(last.ss, DATA3);
    EQUAL(last.ds & 0xffff, 0); /* DS was level 0; PUSH writes 16 bits of it */
    return_frame((uint32_t)user_back, CODE3, top, DATA0, 0);
    RAISES(return_far, EXC_GP, DATA0);
    return_frame((uint32_t)user_back, CODE3, top, 0, 0);
    RAISES(return_far, EXC_GP, 0);
    return_frame((uint32_t)user_back, DATA3, top, DATA3, 0);
    RAISES(return_far, EXC_GP, DATA3 & ~3u);
    return_frame((uint32_t)user_back, ABSENT, top, DATA3, 0);
    RAISES(return_far, EXC_GP, ABSENT);
    EQUAL(try_user(user_retf_in, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, CODE0);

    /* IRET: level 3 cannot change IF and IOPL. */
    return_frame((uint32_t)user_back, CODE3, 0x246, top, DATA3);
    EQUAL(try_call(return_iret), BACK);
    EQUAL(last.eflags & 0x3247, 0x246);
    EQUAL(try_user(user_popf, 0), BACK);
    EQUAL(last.eax, 0x2);
    EQUAL(try_user(user_popf, EFLAGS_IOPL), BACK);
    EQUAL(last.eax, 0x3202);
    EQUAL(try_user(user_cli, 0), EXC_GP);
    EQUAL(try_user(user_iret_popf, 0), BACK);
    EQUAL(last.eax & EFLAGS_AC, EFLAGS_AC);

    /* INT n through a gate of level 0, an absent one, one to nowhere. */
    EQUAL(try_user(user_int_gate, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, 0x31 * 8 + 2);
    EQUAL(last.eip, user_int_gate);
    idt[0x31] = 0;
    EQUAL(try_user(user_int_gate, EFLAGS_IF), EXC_GP);
    set_gate(idt, 0x31, CODE0, (uint32_t)stubs, 0x6e, 0);
    EQUAL(try_user(user_int_gate, EFLAGS_IF), EXC_NP);
    EQUAL(last.error, 0x31 * 8 + 2);
    set_gate(idt, 0x31, DATA0, (uint32_t)stubs, 0xee, 0);
    EQUAL(try_user(user_int_gate, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, DATA0);
}
