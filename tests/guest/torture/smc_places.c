// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where the changed code lies: another page, the same page, the same block, the next instruction,
// the instruction itself; and what of an instruction changes, thousands of times.
#include "smc.h"

/* SDM 3A 8.1.3 asks for a jump between change and use; every processor since the Pentium does
 * without when address and physical page agree. */

/* ECX into the immediate of what follows, at a distance. */
CODE(change_same_page, "call 1f; 1: pop edx; mov [edx + 2f - 1b + 1], ecx; call 2f; ret;"
                       ".balign 64; 2: mov eax, 0; ret");
CODE(change_same_block, "call 1f; 1: pop edx; mov [edx + 2f - 1b + 1], ecx; lea edx, [edx + 1];"
                        "xor edx, ecx; nop; 2: mov eax, 0; ret");
CODE(change_next, "call 1f; 1: pop edx; mov [edx + 2f - 1b + 1], ecx; 2: mov eax, 0; ret");
/* The second byte of the immediate of the next instruction, whose bytes a decoder may hold. */
CODE(change_next_byte,
     "call 1f; 1: pop edx; mov eax, ecx; mov [edx + 2f - 1b + 2], cl; 2: mov eax, 0x11003344; ret");
/* Its own immediate, doubled each time. */
CODE(change_itself, "call itself; itself: pop edx; add byte ptr [edx + 4], 1;"
                    "movzx eax, byte ptr [edx + 4]; ret");
/* Backwards: what has just run, and runs again in the same loop. */
CODE(change_before, "call before; before: pop edx; xor eax, eax; again: add eax, 1;"
                    "mov [edx + 5], cl; dec ecx; jnz again; ret");
/* A jump is turned into another by the instruction before it. */
CODE(change_jump,
     "call 1f; 1: pop edx; and ecx, 1; add ecx, 0x72;"
     "mov [edx + 2f - 1b], cl; cmp cl, 0x80; 2: jc 3f; mov eax, 1; ret; 3: mov eax, 2; ret");

static void other_page(void)
{
    PLACE(PAGE(0), return_number);
    for (uint32_t n = 0; n < 3000; n++) {
        store32(PAGE(0) + 1, n * 0x01010101);
        if (!EQUAL(call_code((void *)PAGE(0), 0, 0), n * 0x01010101))
            return;
    }
    /* Rarely: the code is hot each time. */
    for (uint32_t n = 0; n < 30; n++) {
        store8(PAGE(0) + 1 + n % 4, (uint8_t)n);
        uint32_t now = load32(PAGE(0) + 1);
        EQUAL(run_hot(PAGE(0), HOT), now * HOT);
    }
}

static void by_argument(uint8_t *code, uint8_t *end, uint32_t mask, uint32_t base)
{
    place(PAGE(1), code, end);
    for (uint32_t n = 0; n < 3000; n++) {
        uint32_t value = n < 1500 ? n * 0x10203 : n / 100; /* then mostly the same bytes */
        if (!EQUAL(call_code((void *)PAGE(1), 0, value),
                   base | (value << 8 & mask) | (mask ? 0 : value)))
            return;
    }
}

void smc_places(void)
{
    other_page();
    by_argument(change_same_page, change_same_page_end, 0, 0);
    by_argument(change_same_block, change_same_block_end, 0, 0);
    by_argument(change_next, change_next_end, 0, 0);
    by_argument(change_next_byte, change_next_byte_end, 0xff00, 0x11000044);
    PLACE(PAGE(2), change_itself);
    for (uint32_t n = 0, expected = 1; n < 400; n++) {
        expected = n % 8 == 0 ? 2 : expected * 2 & 0xff;
        if (n % 8 == 0)
            PLACE(PAGE(2), change_itself);
        EQUAL(call_code((void *)PAGE(2), 0, 0), expected);
    }
    PLACE(PAGE(3), change_before);
    for (uint32_t n = 1; n < 200; n++) {
        uint32_t first = load8((uint32_t)PAGE(3) + 10), sum = 0;
        EQUAL(load8(PAGE(3) + 8), 0x83);
        for (uint32_t k = n % 100 + 1, add = first; k > 0; add = k--)
            sum += add;
        EQUAL(call_code((void *)PAGE(3), 0, n % 100 + 1), sum);
    }
    PLACE(PAGE(4), change_jump);
    for (uint32_t n = 0; n < 2000; n++) {
        /* JC (72h) or JNC (73h) after CMP CL, 80h. */
        if (!EQUAL(call_code((void *)PAGE(4), 0, n), n & 1 ? 1 : 2))
            return;
    }
}

/* ---- what changes ---------------------------------------------------------------------------- */

CODE(immediates, "mov al, 1; add eax, 2; add ax, 3; lea eax, [eax + 4]; imul eax, eax, 5; ret");

/* Every byte that is not an opcode, in a hot routine, one at a time. */
void smc_immediates(void)
{
    PLACE(PAGE(5), immediates);
    /* B0 01; 83 C0 02; 66 83 C0 03; 8D 40 04; 6B C0 05 */
    static const uint8_t at[] = { 1, 4, 8, 11, 14 };
    static uint8_t value[] = { 1, 2, 3, 4, 5 };
    struct random r = { 7 };
    for (unsigned n = 0; n < 4000; n++) {
        unsigned k = random_below(&r, 5);
        value[k] = (uint8_t)random_below(&r, 128);
        store8(PAGE(5) + at[k], value[k]);
        uint32_t v = value[0] + value[1];
        v = ((v + value[2]) & 0xffff) + value[3];
        if (!EQUAL(call_code((void *)PAGE(5), 0, 0), v * value[4]))
            return;
        if (n % 50 == 0)
            EQUAL(run_hot(PAGE(5), HOT), v * value[4] * HOT);
    }
}

struct variant {
    uint8_t byte;
    uint32_t result;
};

/* One byte of hot code takes turns; with fixed EAX and ECX each has one result. */
static void turns(uint8_t *code, uint8_t *end, unsigned offset, const struct variant *v,
                  unsigned count)
{
    place(PAGE(6), code, end);
    for (unsigned n = 0; n < 2000; n++) {
        unsigned k = n % count;
        store8(PAGE(6) + offset, v[k].byte);
        if (!EQUAL(call_code((void *)PAGE(6), 0x12345678, 0x00000003), v[k].result))
            return;
    }
    for (unsigned k = 0; k < count; k++) {
        store8(PAGE(6) + offset, v[k].byte);
        for (unsigned n = 0; n < HOT; n++)
            EQUAL(call_code((void *)PAGE(6), 0x12345678, 0x00000003), v[k].result);
    }
}
#define TURNS(code, offset, ...)                                                                   \
    do {                                                                                           \
        const struct variant v[] = { __VA_ARGS__ };                                                \
        turns(code, code##_end, offset, v, ARRAY_SIZE(v));                                         \
    } while (0)

CODE(opcode_alu, "add eax, ecx; ret");
CODE(opcode_prefix, "nop; mov eax, 0x90901234; ret"); /* behind 66h: two NOPs more */
CODE(opcode_modrm, "mov edx, 5; add eax, ecx; ret");
CODE(opcode_shift, "shl eax, 3; ret");
CODE(opcode_two, "movzx eax, cl; ret");
CODE(opcode_jcc, "cmp eax, ecx; jc 1f; mov eax, 1; ret; 1: mov eax, 2; ret");
CODE(opcode_target, "jmp 1f; 1: inc eax; inc eax; inc eax; ret");
CODE(opcode_rep,
     "push edi; push eax; mov edi, esp; nop; stosb; mov eax, ecx; pop edi; pop edi; ret");
CODE(opcode_segment, "push gs; push ds; pop gs; mov edx, offset opcode_data; .byte 0x3e; mov eax, "
                     "[edx]; pop gs; ret");
CODE(opcode_call, "call 1f; ret; nop; nop; 1: mov eax, 1; ret; nop; nop; mov eax, 2; ret");
CODE(opcode_length,
     "mov eax, 1; .byte 0x3d; inc eax; inc eax; inc eax; inc eax; ret"); /* CMP EAX, imm32 */
uint32_t opcode_data = 0x5a5a5a5a;

void smc_opcodes(void)
{
    uint32_t a = 0x12345678, c = 3;
    TURNS(opcode_alu, 0, { 0x01, a + c }, { 0x29, a - c }, { 0x31, a ^ c }, { 0x09, a | c },
          { 0x21, a & c }, { 0x89, c }, { 0x39, a }, { 0x87, c });
    TURNS(opcode_prefix, 0, { 0x90, 0x90901234 }, { 0x66, 0x12341234 }, { 0x3e, 0x90901234 });
    TURNS(opcode_modrm, 6, { 0xc8, a + c }, { 0xd0, a + 5 }, { 0xc0, a + a }, { 0xca, a });
    TURNS(opcode_shift, 1, { 0xe0, a << 3 }, { 0xe8, a >> 3 }, { 0xc0, a << 3 | a >> 29 });
    TURNS(opcode_two, 1, { 0xb6, 3 }, { 0xb7, 3 }, { 0xaf, a * 3 }, { 0xbc, 0 }, { 0xbd, 1 });
    TURNS(opcode_jcc, 2, { 0x72, 1 }, { 0x73, 2 }, { 0x74, 1 }, { 0x75, 2 }, { 0xeb, 2 });
    TURNS(opcode_target, 1, { 0, a + 3 }, { 1, a + 2 }, { 2, a + 1 }, { 3, a });
    TURNS(opcode_rep, 4, { 0x90, 3 }, { 0xf3, 0 });
    TURNS(opcode_segment, 10, { 0x3e, opcode_data }, { 0x65, opcode_data }, { 0x26, opcode_data });
    TURNS(opcode_call, 1, { 3, 1 }, { 11, 2 });
    TURNS(opcode_length, 5, { 0x3d, 1 }, { 0x90, 5 }, { 0x3c, 4 });
}
