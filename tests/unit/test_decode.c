// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The decoder: operand forms by hand. tests/decoder has the comparison with another decoder.
#include "unit.h"

#include "cpu/execute.h"
#include "cpu/insn.h"

static struct insn insn;

#define DECODE(mode, ...)                                                        \
    ({                                                                           \
        static const uint8_t bytes_[] = {__VA_ARGS__};                           \
        insn_decode(&insn, bytes_, sizeof bytes_, mode, NULL);                   \
    })
#define CODE16(...) DECODE(0, __VA_ARGS__)
#define CODE32(...) DECODE(MODE_CS32, __VA_ARGS__)
#define IS(mnemonic_) CHECK(strcmp(opcode_table[insn.op].mnemonic, mnemonic_) == 0)

static void check_address(unsigned base, unsigned index, unsigned scale, int32_t disp, unsigned seg)
{
    CHECK(insn.flags & INSN_MEMORY);
    CHECK_EQ(insn.base, base);
    CHECK_EQ(insn.index, index);
    CHECK_EQ(insn.scale, scale);
    CHECK_EQ((uint32_t)insn.disp, (uint32_t)disp);
    CHECK_EQ(insn.seg, seg);
}

TEST(addresses_32)
{
    CHECK_EQ(CODE32(0x8b, 0x44, 0x24, 0x08), 4); /* mov eax, [esp+8] */
    check_address(RSP, REG_ZERO, 0, 8, SEG_SS);
    CHECK_EQ(CODE32(0x8b, 0x4c, 0xb3, 0xfc), 4); /* mov ecx, [ebx+esi*4-4] */
    check_address(RBX, RSI, 2, -4, SEG_DS);
    CHECK_EQ(insn.reg, RCX);
    CHECK_EQ(CODE32(0x8b, 0x04, 0xad, 1, 0, 0, 0x80), 7); /* mov eax, [ebp*4+0x80000001]: DS */
    check_address(REG_ZERO, RBP, 2, (int32_t)0x80000001, SEG_DS);
    CHECK_EQ(CODE32(0x8b, 0x05, 4, 3, 2, 1), 6); /* mov eax, [0x01020304] */
    check_address(REG_ZERO, REG_ZERO, 0, 0x01020304, SEG_DS);
    CHECK_EQ(CODE32(0x65, 0x8b, 0x45, 0x00), 4); /* mov eax, gs:[ebp+0] */
    check_address(RBP, REG_ZERO, 0, 0, SEG_GS);
    CHECK_EQ(CODE32(0x64, 0x2e, 0xa1, 1, 0, 0, 0), 7); /* the last override counts */
    check_address(REG_ZERO, REG_ZERO, 0, 1, SEG_CS);
}

TEST(addresses_16)
{
    CHECK_EQ(CODE16(0x8b, 0x42, 0xff), 3); /* mov ax, [bp+si-1] */
    check_address(RBP, RSI, 0, -1, SEG_SS);
    CHECK_EQ(insn.addr_mask, 0xffff);
    CHECK(insn.flags & INSN_OSIZE16 && insn.flags & INSN_ASIZE16);
    CHECK_EQ(CODE16(0x8b, 0x06, 0x34, 0x82), 4); /* mov ax, [0x8234] */
    check_address(REG_ZERO, REG_ZERO, 0, 0x8234, SEG_DS);
    CHECK_EQ(CODE16(0x8b, 0x87, 0x34, 0x12), 4); /* mov ax, [bx+0x1234] */
    check_address(RBX, REG_ZERO, 0, 0x1234, SEG_DS);
    CHECK_EQ(CODE16(0x67, 0x66, 0x8b, 0x04, 0x24), 5); /* mov eax, [esp] */
    check_address(RSP, REG_ZERO, 0, 0, SEG_SS);
    CHECK(!(insn.flags & (INSN_OSIZE16 | INSN_ASIZE16)));
    CHECK_EQ(CODE32(0x67, 0x8b, 0x00), 3); /* mov eax, [bx+si] */
    check_address(RBX, RSI, 0, 0, SEG_DS);
}

TEST(immediates)
{
    CHECK_EQ(CODE32(0x83, 0xc0, 0xf0), 3); /* add eax, -16 */
    CHECK_EQ(insn.imm, 0xfffffff0);
    CHECK_EQ(CODE32(0xcd, 0x80), 2); /* int 80h: not sign-extended */
    CHECK_EQ(insn.imm, 0x80);
    CHECK_EQ(CODE32(0xc2, 0x00, 0x80), 3);
    CHECK_EQ(insn.imm, 0x8000);
    CHECK_EQ(CODE16(0xe9, 0xfe, 0xff), 3);
    CHECK_EQ(insn.imm, 0xfffffffe);
    CHECK_EQ(CODE32(0xc8, 0x10, 0x20, 0x03), 4); /* enter 0x2010, 3 */
    CHECK_EQ(insn.imm, 0x2010);
    CHECK_EQ(insn_imm2(&insn), 3);
    CHECK_EQ(CODE32(0xea, 1, 2, 3, 4, 0x34, 0x92), 7);
    CHECK_EQ(insn.imm, 0x04030201);
    CHECK_EQ(insn_imm2(&insn), 0x9234);
    CHECK_EQ(CODE16(0xea, 1, 2, 0x34, 0x92), 5);
    CHECK_EQ(insn.imm, 0x0201);
    CHECK_EQ(CODE32(0xc7, 0x44, 0x88, 0x04, 1, 2, 3, 4), 8); /* mov dword [eax+ecx*4+4], imm */
    CHECK_EQ(insn.imm, 0x04030201);
    CHECK_EQ(insn.disp, 4);
    CHECK_EQ(CODE32(0xbf, 9, 0, 0, 0), 5);
    CHECK_EQ(insn.reg, RDI);
}

TEST(groups_and_mandatory_prefixes)
{
    CHECK(CODE32(0xf7, 0xe1) > 0);
    IS("mul");
    CHECK(CODE32(0x0f, 0x01, 0xc8) == -1 || insn.op != INSN_OP_UNDEFINED);
    CHECK(CODE32(0x0f, 0x6f, 0xc1) > 0);
    IS("movq");
    CHECK(CODE32(0x66, 0x0f, 0x6f, 0xc1) > 0);
    IS("movdqa");
    CHECK(CODE32(0x66, 0xf3, 0x0f, 0x6f, 0xc1) > 0); /* F3 wins */
    IS("movdqu");
    CHECK_EQ(CODE32(0xf2, 0x0f, 0x6f, 0xc1), -1);
    CHECK(CODE32(0xd9, 0xfa) > 0);
    IS("fsqrt");
    CHECK(CODE32(0xf3, 0x90) > 0);
    IS("pause");
}

TEST(undefined)
{
    CHECK_EQ(CODE32(0xf0, 0x01, 0xc8), -1); /* LOCK with a register */
    CHECK(insn.fn == exec_undefined);
    CHECK_EQ(CODE32(0xf0, 0x01, 0x08), 3);
    CHECK_EQ(CODE32(0xf0, 0x8b, 0x08), -1); /* LOCK MOV */
    CHECK_EQ(CODE32(0xc5, 0xf8, 0x77), -1); /* LDS with a register, not VEX */
    CHECK_EQ(CODE32(0x62, 0xc0), -1);
    CHECK_EQ(CODE32(0x0f, 0x24, 0xc0), -1); /* MOV from a test register: 386 and 486 only */
    CHECK_EQ(CODE32(0x0f, 0x04), -1);
    CHECK(insn.length > 0);
}

TEST(short_and_long)
{
    CHECK_EQ(CODE32(0xb8, 1, 2, 3), 0);
    CHECK_EQ(CODE32(0x66), 0);
    CHECK_EQ(CODE32(0x8b, 0x84, 0x24), 0);
    CHECK_EQ(CODE32(0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x90), 15);
    CHECK_EQ(CODE32(0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x90), -2);
    CHECK_EQ(CODE32(0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x04, 0x90), -2);
}

TEST(features_of_the_model)
{
    static const uint8_t cmov[] = {0x0f, 0x44, 0xc1};
    struct cpu_model model = {.name = "none"};
    CHECK_EQ(insn_decode(&insn, cmov, sizeof cmov, MODE_CS32, &model), -1);
    model.features[FEATURE_CMOV / 64] |= UINT64_C(1) << FEATURE_CMOV % 64;
    CHECK_EQ(insn_decode(&insn, cmov, sizeof cmov, MODE_CS32, &model), 3);
}

TEST(rex_in_64_bit_mode)
{
    CHECK_EQ(DECODE(MODE_CS64, 0x44, 0x8b, 0x4c, 0x24, 0x08), 5); /* mov r9d, [rsp+8] */
    CHECK_EQ(insn.reg, R9);
    CHECK_EQ(insn.base, RSP);
    CHECK_EQ(CODE32(0x44), 1); /* inc esp */
    CHECK_EQ(insn.reg, RSP);
}

TEST(what_is_wide_in_64_bit_mode)
{
    /* SDM 2 2.2.1.5, 2.2.1.4 */
    CHECK_EQ(DECODE(MODE_CS64, 0x49, 0xb9, 1, 2, 3, 4, 5, 6, 7, 8), 10); /* mov r9, imm64 */
    CHECK_EQ(insn.reg, R9);
    CHECK_EQ(insn_imm64(&insn), 0x0807060504030201);
    CHECK_EQ(DECODE(MODE_CS64, 0xa1, 1, 2, 3, 4, 5, 6, 7, 8), 9); /* mov eax, [moffs64] */
    CHECK_EQ(insn_offset64(&insn), 0x0807060504030201);
    CHECK_EQ(DECODE(MODE_CS64, 0x67, 0xa1, 1, 2, 3, 4), 6);
    CHECK_EQ(insn.addr_mask, 0xffffffff);
    CHECK_EQ(DECODE(MODE_CS64, 0x48, 0x01, 0xd8), 3); /* add rax, rbx: no handler yet */
    CHECK(insn.fn == exec_undefined && insn.flags & INSN_OSIZE64);
}

TEST(prefixes_in_64_bit_mode)
{
    CHECK_EQ(DECODE(MODE_CS64, 0x64, 0x2e, 0x8b, 0x03), 4); /* CS does not undo FS */
    CHECK_EQ(insn.seg, SEG_FS);
    CHECK_EQ(DECODE(MODE_CS64, 0x26, 0x8b, 0x03), 3);
    CHECK_EQ(insn.seg, SEG_DS);
    CHECK_EQ(DECODE(MODE_CS64, 0x41, 0x90), 2); /* xchg r8d, eax */
    IS("xchg");
    CHECK_EQ(DECODE(MODE_CS64, 0x45, 0x0f, 0x6f, 0xc1), 4); /* movq mm0, mm1 */
    CHECK_EQ(insn.reg, 0);
    CHECK_EQ(insn.rm, 1);
    CHECK_EQ(DECODE(MODE_CS64, 0x44, 0x0f, 0x20, 0xc0), 4); /* mov rax, cr8 */
    CHECK_EQ(DECODE(MODE_CS64, 0x44, 0x0f, 0x20, 0xd0), -1);
}
