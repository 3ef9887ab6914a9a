// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Using segments: limits, types, wrap-around, which fault they raise.
#include "harness/harness.h"

uint32_t use_selector, use_offset;

CODE(read_es, "mov eax, use_selector; mov ecx, use_offset; mov es, ax; mov eax, es:[ecx]");
CODE(read_es_byte, "mov eax, use_selector; mov ecx, use_offset; mov es, ax; mov al, es:[ecx]");
CODE(read_es_word, "mov eax, use_selector; mov ecx, use_offset; mov es, ax; mov ax, es:[ecx]");
CODE(write_es, "mov eax, use_selector; mov ecx, use_offset; mov es, ax; mov es:[ecx], eax");
CODE(stos_es, "mov eax, use_selector; mov edi, use_offset; mov es, ax; mov ecx, 2; rep stosb");
CODE(user_read_ss,
     "mov eax, use_selector; mov ecx, use_offset; mov ss, ax; mov eax, ss:[ecx]; int 0x30");
CODE(user_read_ebp,
     "mov eax, use_selector; mov ebp, use_offset; mov ss, ax; mov eax, [ebp]; int 0x30");
CODE(user_push,
     "mov eax, use_selector; mov ebx, use_offset; mov ss, ax; mov esp, ebx; push edx; int 0x30");
CODE(write_code, "mov cs:[0x7000], eax");
CODE(read_execute_only, "jmp 0x60:execute_only_code; execute_only_code: mov eax, cs:[0x7000]");
CODE(run_beyond, "jmp 0xa0:0");
CODE(address_16, "mov eax, use_selector; mov es, ax; mov bx, 0xffff; mov al, es:[bx + 2]");

static int with(void (*code)(void), unsigned s, uint32_t offset)
{
    use_selector = s;
    use_offset = offset;
    return try_call(code);
}
#define USE(code, s, offset, vector_)                                                              \
    do {                                                                                           \
        EQUAL(with(code, s, offset), vector_);                                                     \
        EQUAL(last.error, 0);                                                                      \
    } while (0)

TEST(null_segment_use, "SDM 3A 5.4.1")
{
    USE(read_es, 0, 0, EXC_GP);
    USE(write_es, 3, 0x1000, EXC_GP);
}

TEST(limit_of_data_segment, "SDM 3A 5.3")
{
    EQUAL(with(read_es, SMALL, 0xfc), -1);
    EQUAL(with(read_es_word, SMALL, 0xfe), -1);
    EQUAL(with(read_es_byte, SMALL, 0xff), -1);
    USE(read_es, SMALL, 0xfd, EXC_GP);
    USE(read_es_word, SMALL, 0xff, EXC_GP);
    USE(read_es_byte, SMALL, 0x100, EXC_GP);
    USE(read_es, SMALL, 0xffffffff, EXC_GP); /* across the end of the address space */
    USE(write_es, SMALL, 0xfffffffd, EXC_GP);
}

TEST(limit_within_repeated_string, "SDM 2 REP; SDM 3A 5.3")
{
    USE(stos_es, SMALL, 0xff, EXC_GP);
    EQUAL(last.ecx, 1); /* the first iteration is done */
    EQUAL(last.edi, 0x100);
    EQUAL(last.eip, (uint32_t)stos_es + 18);
}

TEST(limit_granularity, "SDM 3A 3.4.5, 5.3")
{
    set_segment(FREE_A, 0, 0x700, 0x93, 0xc); /* 700fffh */
    EQUAL(with(read_es, FREE_A, 0x700ffc), -1);
    USE(read_es, FREE_A, 0x700ffd, EXC_GP);
    set_segment(FREE_A, 0, 0x700, 0x93, 0x4);
    EQUAL(with(read_es, FREE_A, 0x6fd), -1);
    USE(read_es, FREE_A, 0x6fe, EXC_GP);
}

TEST(expand_down, "SDM 3A 3.4.5.1, 5.3")
{
    EQUAL(with(write_es, EXPAND_DOWN, 0x900000), -1);
    USE(write_es, EXPAND_DOWN, 0xfff, EXC_GP);
    USE(write_es, EXPAND_DOWN, 0xffc, EXC_GP);
    USE(read_es_byte, EXPAND_DOWN, 0, EXC_GP);
    set_segment(FREE_A, 0x900000, 0xfff, 0x97, 0); /* B = 0: up to FFFFh */
    EQUAL(with(write_es, FREE_A, 0x1000), -1);
    EQUAL(with(write_es, FREE_A, 0xfffc), -1);
    USE(write_es, FREE_A, 0xfffd, EXC_GP);
    USE(write_es, FREE_A, 0x10000, EXC_GP);
}

TEST(types_of_segments, "SDM 3A 5.4")
{
    USE(write_es, READ_ONLY, 0x900000, EXC_GP);
    EQUAL(with(read_es, READ_ONLY, 0x900000), -1);
    USE(write_es, CODE0, 0x900000, EXC_GP);
    EQUAL(with(read_es, CODE0, 0x900000), -1);
    RAISES(write_code, EXC_GP, 0);
    RAISES(read_execute_only, EXC_GP, 0);
}

static void use_stack(void (*code)(void), uint32_t offset, int vector)
{
    use_selector = FREE_A | 3;
    use_offset = offset;
    EQUAL(try_user(code, 0), vector);
    EQUAL(last.error, 0);
}

TEST(limit_of_stack_segment, "SDM 3A 6.15 interrupt 12")
{
    set_segment(FREE_A, 0x900000, 0xff, 0xf3, 0x4);
    use_stack(user_read_ss, 0xfc, BACK);
    use_stack(user_read_ss, 0xfd, EXC_SS);
    use_stack(user_read_ebp, 0xfc, BACK);
    use_stack(user_read_ebp, 0x100, EXC_SS);
    use_stack(user_push, 0x100, BACK);
    use_stack(user_push, 0x104, EXC_SS);
    EQUAL(last.esp, 0x104);
    EQUAL(last.eip, (uint32_t)user_push + 15);
    use_stack(user_push, 2, EXC_SS); /* FFFFFFFEh */
}

TEST(address_size_16_wraps, "SDM 1 3.3.5; SDM 2A 2.1.5")
{
    set_segment(FREE_A, 0x900000, 0, 0x93, 0); /* one byte */
    EQUAL(with(address_16, FREE_A, 0), EXC_GP);
    set_segment(FREE_A, 0x900000, 1, 0x93, 0);
    EQUAL(with(address_16, FREE_A, 0), -1); /* FFFFh + 2 is 1 */
}

TEST(code_limit, "SDM 3A 5.3; 6.15 interrupt 13")
{
    static uint8_t code[16] = { 0x90, 0x90, 0x90, 0xea, 0, 0, 0, 0, 8, 0 };
    set_segment(FREE_A, (uint32_t)code, 2, 0x9b, 0x4);
    RAISES(run_beyond, EXC_GP, 0);
    EQUAL(last.cs & 0xffff, FREE_A);
    EQUAL(last.eip, 3);
    set_segment(FREE_A, (uint32_t)code, 8, 0x9b, 0x4); /* the JMP's last byte lies outside */
    RAISES(run_beyond, EXC_GP, 0);
    EQUAL(last.eip, 3);
}
