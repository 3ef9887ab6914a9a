// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The x86-64 assembler: what it writes, read back by another disassembler.
#include "unit.h"

#include <Zydis/Zydis.h>

#include "base/bits.h"
#include "translator/x86_64/assembler.h"

static uint8_t buffer[64];
static struct assembler a;
static ZydisDecodedInstruction insn;
static ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];

static void begin(void)
{
    memset(buffer, 0xcc, sizeof buffer);
    a = (struct assembler){ .p = buffer, .start = buffer, .end = buffer + sizeof buffer };
}

static uint64_t random_state = UINT64_C(88172645463325252);

static uint64_t random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void fail(const char *what)
{
    unit_fail(__FILE__, __LINE__, "%s: %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x", what,
              buffer[0], buffer[1], buffer[2], buffer[3], buffer[4], buffer[5], buffer[6],
              buffer[7], buffer[8], buffer[9]);
}

/* Decode what was written: one instruction, all of it. */
static bool read_back(void)
{
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    bool ok = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, buffer, sizeof buffer, &insn, operand));
    ok = ok && insn.length == a.p - buffer && !a.overflow;
    if (!ok)
        fail("not one instruction");
    return ok;
}

/* ---- opcode, register, memory ---------------------------------------------------------------- */

struct sample {
    unsigned form;
    uint8_t opcode;
    ZydisMnemonic mnemonic;
    bool reg_first, extension; /* ModRM.reg is operand 0; is an opcode extension */
    uint8_t reg_bits, rm_bits; /* widths of the operands as registers; 128: XMM */
    bool memory_only;
};

/* One of each combination of map, prefix and width that the emitters use. */
static const struct sample samples[] = {
    { 0, 0x01, ZYDIS_MNEMONIC_ADD, false, false, 32, 32, false },
    { 0, 0x8b, ZYDIS_MNEMONIC_MOV, true, false, 32, 32, false },
    { ASM_W, 0x8b, ZYDIS_MNEMONIC_MOV, true, false, 64, 64, false },
    { ASM_66, 0x03, ZYDIS_MNEMONIC_ADD, true, false, 16, 16, false },
    { ASM_66 | ASM_W, 0x03, ZYDIS_MNEMONIC_ADD, true, false, 64, 64, false },
    { ASM_LOCK, 0x01, ZYDIS_MNEMONIC_ADD, false, false, 32, 32, true },
    { ASM_LOCK | ASM_66 | ASM_0F, 0xb1, ZYDIS_MNEMONIC_CMPXCHG, false, false, 16, 16, true },
    { ASM_BYTE_REG | ASM_BYTE_RM, 0x88, ZYDIS_MNEMONIC_MOV, false, false, 8, 8, false },
    { ASM_0F | ASM_BYTE_RM, 0xb6, ZYDIS_MNEMONIC_MOVZX, true, false, 32, 8, false },
    { ASM_0F | ASM_BYTE_RM | ASM_W, 0xbe, ZYDIS_MNEMONIC_MOVSX, true, false, 64, 8, false },
    { ASM_F3 | ASM_0F, 0xb8, ZYDIS_MNEMONIC_POPCNT, true, false, 32, 32, false },
    { ASM_F3 | ASM_0F | ASM_W, 0xb8, ZYDIS_MNEMONIC_POPCNT, true, false, 64, 64, false },
    { ASM_F2 | ASM_0F38 | ASM_66, 0xf1, ZYDIS_MNEMONIC_CRC32, true, false, 32, 16, false },
    { ASM_F2 | ASM_0F38 | ASM_BYTE_RM, 0xf0, ZYDIS_MNEMONIC_CRC32, true, false, 32, 8, false },
    { ASM_66 | ASM_0F38, 0x00, ZYDIS_MNEMONIC_PSHUFB, true, false, 128, 128, false },
    { ASM_F2 | ASM_0F, 0x58, ZYDIS_MNEMONIC_ADDSD, true, false, 128, 128, false },
    { ASM_66 | ASM_0F, 0x6e, ZYDIS_MNEMONIC_MOVD, true, false, 128, 32, false },
    { 0, 0xff, ZYDIS_MNEMONIC_DEC, false, true, 1, 32, false },
    { ASM_BYTE_RM, 0xf6, ZYDIS_MNEMONIC_NEG, false, true, 3, 8, false },
    { ASM_0F3A | ASM_66, 0x0a, ZYDIS_MNEMONIC_ROUNDSS, true, false, 128, 128, false },
};

static bool needs_imm8(const struct sample *s)
{
    return (s->form & ASM_MAP) == ASM_0F3A;
}

static bool same_register(const ZydisDecodedOperand *o, unsigned number, unsigned width)
{
    static const ZydisRegister first[] = { ZYDIS_REGISTER_AX, ZYDIS_REGISTER_EAX,
                                           ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_XMM0 };
    if (o->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return false;
    if (width == 8) /* AL CL DL BL AH CH DH BH SPL BPL SIL DIL R8B.. */
        return o->reg.value == ZYDIS_REGISTER_AL + number + (number >= 4 ? 4 : 0);
    return o->reg.value == first[width == 16 ? 0 : width == 32 ? 1 : width == 64 ? 2 : 3] + number;
}

static bool same_base(ZydisRegister found, unsigned wanted, bool address32)
{
    if (wanted == HOST_NONE)
        return found == ZYDIS_REGISTER_NONE;
    return found == (address32 ? ZYDIS_REGISTER_EAX : ZYDIS_REGISTER_RAX) + wanted;
}

static bool same_memory(const ZydisDecodedOperand *o, const struct host_memory *m)
{
    if (o->type != ZYDIS_OPERAND_TYPE_MEMORY || !same_base(o->mem.base, m->base, m->address32) ||
        !same_base(o->mem.index, m->index, m->address32))
        return false;
    if (m->index != HOST_NONE && o->mem.scale != 1u << m->scale)
        return false;
    if ((o->mem.segment == ZYDIS_REGISTER_GS) != m->gs)
        return false;
    return (int32_t)o->mem.disp.value == m->disp;
}

static bool read_sample(const struct sample *s)
{
    if (!read_back())
        return false;
    if (insn.mnemonic != s->mnemonic)
        fail("another instruction");
    if (((insn.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0) != ((s->form & ASM_LOCK) != 0))
        fail("LOCK");
    return true;
}

TEST(registers)
{
    for (unsigned n = 0; n < ARRAY_SIZE(samples) * 256; n++) {
        const struct sample *s = &samples[n / 256];
        unsigned reg = s->extension ? s->reg_bits : n & 15, rm = n >> 4 & 15;
        if (s->memory_only || (s->reg_bits == 128 && s->form == 0))
            continue;
        begin();
        asm_rr(&a, s->form, s->opcode, reg, rm);
        if (needs_imm8(s))
            asm_8(&a, 3);
        if (!read_sample(s))
            continue;
        if (!same_register(&operand[s->reg_first ? 1 : 0], rm, s->rm_bits))
            fail("r/m");
        if (!s->extension && !same_register(&operand[s->reg_first ? 0 : 1], reg, s->reg_bits))
            fail("reg");
    }
}

static struct host_memory random_memory(void)
{
    uint64_t r = random64();
    struct host_memory m = { .base = bits(r, 0, 4),
                             .index = bits(r, 4, 4),
                             .scale = bits(r, 8, 2),
                             .gs = bit(r, 10),
                             .address32 = bit(r, 11),
                             .disp = (int32_t)(r >> 32) };
    if (bits(r, 12, 3) == 0)
        m.base = HOST_NONE;
    if (bits(r, 15, 1) == 0 || m.index == HOST_RSP)
        m.index = HOST_NONE;
    if (bits(r, 16, 2) == 0)
        m.disp = 0;
    else if (bits(r, 16, 2) == 1)
        m.disp = (int8_t)m.disp;
    else if (bits(r, 18, 3) == 0)
        m.disp = bit(r, 21) ? 128 : -129;
    return m;
}

static void memory_sample(const struct sample *s)
{
    unsigned reg = s->extension ? s->reg_bits : bits(random64(), 0, 4);
    struct host_memory m = random_memory();
    begin();
    asm_rm(&a, s->form, s->opcode, reg, &m);
    if (needs_imm8(s))
        asm_8(&a, 3);
    if (!read_sample(s))
        return;
    if (!same_memory(&operand[s->reg_first ? 1 : 0], &m))
        fail("memory");
    if (!s->extension && !same_register(&operand[s->reg_first ? 0 : 1], reg, s->reg_bits))
        fail("reg beside memory");
}

TEST(memory)
{
    for (unsigned n = 0; n < 40000; n++)
        memory_sample(&samples[n % ARRAY_SIZE(samples)]);
}

/* High byte registers are reached by leaving ASM_BYTE_* out. */
TEST(high_bytes)
{
    begin();
    asm_rr(&a, 0, 0x88, 4, 3); /* mov bl, ah */
    CHECK(read_back());
    CHECK_EQ(operand[0].reg.value, ZYDIS_REGISTER_BL);
    CHECK_EQ(operand[1].reg.value, ZYDIS_REGISTER_AH);
}

/* No displacement byte is spent in vain. */
TEST(lengths)
{
    struct host_memory m = host_at(HOST_RBX, 0);
    begin();
    asm_load32(&a, HOST_RAX, &m);
    CHECK_EQ(a.p - buffer, 2);
    m.disp = 127;
    begin();
    asm_load32(&a, HOST_RAX, &m);
    CHECK_EQ(a.p - buffer, 3);
    m.disp = 128;
    begin();
    asm_load32(&a, HOST_RAX, &m);
    CHECK_EQ(a.p - buffer, 6);
}

/* ---- BMI2 and moves -------------------------------------------------------------------------- */

static void check_bmi2(ZydisMnemonic mnemonic, unsigned width, unsigned to, unsigned from)
{
    if (!read_back())
        return;
    CHECK_EQ(insn.mnemonic, mnemonic);
    CHECK(same_register(&operand[0], to, width));
    CHECK(same_register(&operand[1], from, width));
}

TEST(bmi2)
{
    for (unsigned n = 0; n < 2 * 16 * 16; n++) {
        unsigned width = n & 1 ? 64 : 32, to = n >> 1 & 15, from = n >> 5 & 15;
        unsigned count = bits(random64(), 0, 4);
        begin();
        asm_rorx(&a, width, to, from, 25);
        check_bmi2(ZYDIS_MNEMONIC_RORX, width, to, from);
        CHECK_EQ(operand[2].imm.value.u, 25);
        begin();
        asm_shlx(&a, width, to, from, count);
        check_bmi2(ZYDIS_MNEMONIC_SHLX, width, to, from);
        CHECK(same_register(&operand[2], count, width));
        begin();
        asm_shrx(&a, width, to, from, count);
        check_bmi2(ZYDIS_MNEMONIC_SHRX, width, to, from);
        CHECK(same_register(&operand[2], count, width));
    }
}

static void check_move(unsigned to, unsigned from, unsigned width)
{
    if (!read_back())
        return;
    CHECK_EQ(insn.mnemonic, ZYDIS_MNEMONIC_MOV);
    CHECK(same_register(&operand[0], to, width));
    CHECK(same_register(&operand[1], from, width));
}

TEST(register_moves)
{
    for (unsigned n = 0; n < 256; n++) {
        begin();
        asm_mov32(&a, n & 15, n >> 4);
        check_move(n & 15, n >> 4, 32);
        begin();
        asm_mov64(&a, n & 15, n >> 4);
        check_move(n & 15, n >> 4, 64);
    }
}

TEST(immediates)
{
    static const uint64_t values[] = { 0,
                                       1,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       UINT64_C(0xffffffff80000000),
                                       UINT64_C(0xffffffff7fffffff),
                                       UINT64_C(0x123456789abcdef0),
                                       ~UINT64_C(0) };
    for (unsigned n = 0; n < ARRAY_SIZE(values) * 16; n++) {
        uint64_t v = values[n / 16];
        begin();
        asm_mov64_imm(&a, n & 15, v);
        CHECK(read_back() && insn.mnemonic == ZYDIS_MNEMONIC_MOV);
        /* writing 32 bits clears the rest, whatever the disassembler extends the immediate to */
        bool narrow = v == (uint32_t)v;
        CHECK(same_register(&operand[0], n & 15, narrow ? 32 : 64));
        CHECK_EQ(operand[1].imm.value.u & (narrow ? UINT32_MAX : UINT64_MAX), v);
        begin();
        asm_mov32_imm(&a, n & 15, (uint32_t)v);
        CHECK(read_back() && same_register(&operand[0], n & 15, 32));
        CHECK_EQ((uint32_t)operand[1].imm.value.u, (uint32_t)v);
    }
}

static void check_memory(ZydisMnemonic mnemonic, const struct host_memory *m, unsigned which,
                         unsigned reg, unsigned width)
{
    if (!read_back())
        return;
    if (insn.mnemonic != mnemonic || !same_memory(&operand[which], m) ||
        !same_register(&operand[1 - which], reg, width))
        fail("move with memory");
}

TEST(memory_moves)
{
    for (unsigned n = 0; n < 4000; n++) {
        struct host_memory m = random_memory(), plain = m;
        unsigned reg = n & 15;
        begin();
        asm_load32(&a, reg, &m);
        check_memory(ZYDIS_MNEMONIC_MOV, &m, 1, reg, 32);
        begin();
        asm_load64(&a, reg, &m);
        check_memory(ZYDIS_MNEMONIC_MOV, &m, 1, reg, 64);
        begin();
        asm_store32(&a, &m, reg);
        check_memory(ZYDIS_MNEMONIC_MOV, &m, 0, reg, 32);
        begin();
        asm_store64(&a, &m, reg);
        check_memory(ZYDIS_MNEMONIC_MOV, &m, 0, reg, 64);
        begin();
        asm_store32_imm(&a, &m, 0x89abcdef);
        CHECK(read_back() && same_memory(&operand[0], &m));
        CHECK_EQ((uint32_t)operand[1].imm.value.u, 0x89abcdef);
        plain.gs = false;
        begin();
        asm_lea64(&a, reg, &m);
        check_memory(ZYDIS_MNEMONIC_LEA, &plain, 1, reg, 64);
        plain.address32 = false;
        begin();
        asm_lea32(&a, reg, &m);
        check_memory(ZYDIS_MNEMONIC_LEA, &plain, 1, reg, 32);
    }
}

/* ---- jumps ----------------------------------------------------------------------------------- */

/* The jump that was written at p. */
static void check_jump(const uint8_t *p, ZydisMnemonic mnemonic, unsigned length,
                       const uint8_t *target)
{
    ZydisDecoder decoder;
    uint64_t to = 0;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    CHECK(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, p, 15, &insn, operand)));
    CHECK_EQ(insn.mnemonic, mnemonic);
    CHECK_EQ(insn.length, length);
    ZydisCalcAbsoluteAddress(&insn, &operand[0], (uintptr_t)p, &to);
    CHECK_EQ(to, (uintptr_t)target);
}

TEST(jumps)
{
    begin();
    asm_jmp(&a, buffer + 50);
    check_jump(buffer, ZYDIS_MNEMONIC_JMP, 5, buffer + 50);
    begin();
    a.p += 40;
    asm_call(&a, buffer + 3);
    check_jump(buffer + 40, ZYDIS_MNEMONIC_CALL, 5, buffer + 3);
}

static struct asm_label plain_jump(struct assembler *at, unsigned kind)
{
    switch (kind) {
    case 0: return asm_jmp_forward(at);
    case 1: return asm_jcc_forward(at, 5);
    case 2: return asm_jcc_short(at, 12);
    case 3: return asm_jrcxz(at);
    default: return asm_jmp_short(at);
    }
}

TEST(labels)
{
    static const ZydisMnemonic mnemonics[] = { ZYDIS_MNEMONIC_JMP, ZYDIS_MNEMONIC_JNZ,
                                               ZYDIS_MNEMONIC_JL, ZYDIS_MNEMONIC_JRCXZ,
                                               ZYDIS_MNEMONIC_JMP };
    static const uint8_t lengths[] = { 5, 6, 2, 2, 2 };
    for (unsigned kind = 0; kind < 5; kind++) {
        begin();
        struct asm_label label = plain_jump(&a, kind);
        a.p += 17;
        asm_bind(&a, label);
        check_jump(buffer, mnemonics[kind], lengths[kind], buffer + lengths[kind] + 17);
    }
}

/* The way out lies in the last instruction, behind the two bytes of its opcode. */
TEST(unless_zero)
{
    begin();
    asm_unless_zero(&a);
    uint8_t *way_out = a.p;
    asm_64(&a, 0);
    static const struct {
        unsigned at;
        ZydisMnemonic mnemonic;
    } expected[] = { { 0, ZYDIS_MNEMONIC_LEA },
                     { 4, ZYDIS_MNEMONIC_RORX },
                     { 10, ZYDIS_MNEMONIC_JECXZ },
                     { 13, ZYDIS_MNEMONIC_MOV } };
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (unsigned n = 0; n < ARRAY_SIZE(expected); n++) {
        CHECK(ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder, buffer + expected[n].at, 15, &insn, operand)));
        CHECK_EQ(insn.mnemonic, expected[n].mnemonic);
    }
    CHECK_EQ(expected[3].at + insn.length, a.p - buffer);
    check_jump(buffer + 10, ZYDIS_MNEMONIC_JECXZ, 3, way_out);
}

TEST(indirect_jumps)
{
    for (unsigned reg = 0; reg < 16; reg++) {
        struct host_memory m = random_memory();
        begin();
        asm_jmp_reg(&a, reg);
        CHECK(read_back() && insn.mnemonic == ZYDIS_MNEMONIC_JMP);
        CHECK(same_register(&operand[0], reg, 64));
        begin();
        asm_call_reg(&a, reg);
        CHECK(read_back() && insn.mnemonic == ZYDIS_MNEMONIC_CALL);
        CHECK(same_register(&operand[0], reg, 64));
        begin();
        asm_jmp_mem(&a, &m);
        CHECK(read_back() && insn.mnemonic == ZYDIS_MNEMONIC_JMP && same_memory(&operand[0], &m));
        begin();
        asm_call_mem(&a, &m);
        CHECK(read_back() && insn.mnemonic == ZYDIS_MNEMONIC_CALL && same_memory(&operand[0], &m));
        CHECK_EQ(operand[0].size, 64);
    }
}

TEST(slots)
{
    for (unsigned reg = 0; reg < 16; reg++) {
        for (unsigned width = 32; width <= 64; width += 32) {
            uint64_t at = 0;
            begin();
            if (width == 32)
                asm_load32_slot(&a, reg, buffer + 40);
            else
                asm_load64_slot(&a, reg, buffer + 40);
            CHECK(read_back() && insn.mnemonic == ZYDIS_MNEMONIC_MOV);
            CHECK(same_register(&operand[0], reg, width));
            ZydisCalcAbsoluteAddress(&insn, &operand[1], (uintptr_t)buffer, &at);
            CHECK_EQ(at, (uintptr_t)buffer + 40);
            CHECK_EQ(operand[1].size, width);
        }
    }
}

/* ---- the buffer's end ------------------------------------------------------------------------ */

TEST(overflow)
{
    for (unsigned room = 0; room < 12; room++) {
        struct host_memory m = { .base = HOST_R12, .index = HOST_NONE, .disp = 0x12345678 };
        begin();
        a.end = buffer + room;
        asm_load64(&a, HOST_R9, &m); /* 8 bytes */
        struct asm_label label = asm_jmp_short(&a);
        asm_bind(&a, label);
        CHECK_EQ(a.overflow, room < 10);
        for (unsigned n = room; n < sizeof buffer; n++)
            CHECK_EQ(buffer[n], 0xcc);
    }
}
