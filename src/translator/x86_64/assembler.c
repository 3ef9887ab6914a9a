// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// x86-64 machine code, instruction by instruction, into a buffer.
#include "translator/x86_64/assembler.h"

#include "base/bits.h"
#include "host/host.h"

void asm_8(struct assembler *a, uint8_t v)
{
    if (unlikely(a->p >= a->end)) {
        a->overflow = true;
        return;
    }
    *a->p++ = v;
}

void asm_bytes(struct assembler *a, const void *bytes, unsigned count)
{
    const uint8_t *from = bytes;
    for (unsigned n = 0; n < count; n++)
        asm_8(a, from[n]);
}

void asm_16(struct assembler *a, uint16_t v)
{
    asm_8(a, (uint8_t)v);
    asm_8(a, (uint8_t)(v >> 8));
}

void asm_32(struct assembler *a, uint32_t v)
{
    if (unlikely(a->end - a->p < 4)) {
        a->overflow = true;
        a->p = a->end;
        return;
    }
    store_le32(a->p, v);
    a->p += 4;
}

void asm_64(struct assembler *a, uint64_t v)
{
    asm_32(a, (uint32_t)v);
    asm_32(a, (uint32_t)(v >> 32));
}

/* ---- opcode and operands -------------------------------------------------------------------- */

enum { REX = 0x40, REX_W = 8, REX_R = 4, REX_X = 2, REX_B = 1 };

/*
 * SDM 2 section 2.2.1: REX stands right before the opcode, behind all prefixes, mandatory ones
 * too.
 */
static void opcode_bytes(struct assembler *a, unsigned form, unsigned rex, uint8_t opcode)
{
    if (form & ASM_LOCK)
        asm_8(a, 0xf0);
    if (form & ASM_66)
        asm_8(a, 0x66);
    if (form & ASM_F2)
        asm_8(a, 0xf2);
    if (form & ASM_F3)
        asm_8(a, 0xf3);
    if (form & ASM_W)
        rex |= REX_W;
    if (rex)
        asm_8(a, (uint8_t)(REX | rex));
    if (form & ASM_MAP)
        asm_8(a, 0x0f);
    if ((form & ASM_MAP) == ASM_0F38)
        asm_8(a, 0x38);
    if ((form & ASM_MAP) == ASM_0F3A)
        asm_8(a, 0x3a);
    asm_8(a, opcode);
}

/* Byte registers 4-7 are AH CH DH BH without REX, SPL BPL SIL DIL with any. */
static unsigned rex_of_byte(bool byte, unsigned r)
{
    return byte && r >= 4 && r < 8 ? REX : 0;
}

static uint8_t modrm(unsigned mod, unsigned reg, unsigned rm)
{
    return (uint8_t)(mod << 6 | (reg & 7) << 3 | (rm & 7));
}

void asm_rr(struct assembler *a, unsigned form, uint8_t opcode, unsigned reg, unsigned rm)
{
    unsigned rex = (reg & 8 ? REX_R : 0) | (rm & 8 ? REX_B : 0);
    rex |= rex_of_byte(form & ASM_BYTE_REG, reg) | rex_of_byte(form & ASM_BYTE_RM, rm);
    opcode_bytes(a, form, rex, opcode);
    asm_8(a, modrm(3, reg, rm));
}

/*
 * ModRM, SIB and displacement (SDM 2 section 2.1.5). rm 4 announces a SIB byte, so RSP and R12 as
 * bases need one; mod 0 with base 5 means "no base, disp32", so RBP and R13 need a displacement.
 * Without SIB that form is relative to RIP, so an absolute address has one.
 */
static void memory_bytes(struct assembler *a, unsigned reg, const struct host_memory *m)
{
    bool no_base = m->base == HOST_NONE, no_index = m->index == HOST_NONE;
    unsigned base = no_base ? 5 : m->base & 7u;
    bool sib = no_base || !no_index || base == 4;
    unsigned mod = m->disp == (int8_t)m->disp ? 1 : 2;
    if (no_base || (m->disp == 0 && base != 5))
        mod = 0;
    asm_8(a, modrm(mod, reg, sib ? 4 : base));
    if (sib)
        asm_8(a, (uint8_t)((no_index ? 0 : m->scale << 6) | (no_index ? 4 : m->index & 7) << 3 |
                           base));
    if (mod == 1)
        asm_8(a, (uint8_t)m->disp);
    else if (mod == 2 || no_base)
        asm_32(a, (uint32_t)m->disp);
}

void asm_rm(struct assembler *a, unsigned form, uint8_t opcode, unsigned reg,
            const struct host_memory *m)
{
    unsigned rex = reg & 8 ? REX_R : 0;
    host_assert(m->index != HOST_RSP, "RSP cannot be an index");
    if (m->base != HOST_NONE && m->base & 8)
        rex |= REX_B;
    if (m->index != HOST_NONE && m->index & 8)
        rex |= REX_X;
    rex |= rex_of_byte(form & ASM_BYTE_REG, reg);
    if (m->gs)
        asm_8(a, 0x65);
    if (m->address32)
        asm_8(a, 0x67);
    opcode_bytes(a, form, rex, opcode);
    memory_bytes(a, reg, m);
}

/* ---- BMI2: three-byte VEX (SDM 2 section 2.3.5) ---------------------------------------------- */

enum { VEX_66 = 1, VEX_F2 = 3 };

static void vex_rr(struct assembler *a, unsigned map, unsigned prefix, unsigned width,
                   uint8_t opcode, unsigned reg, unsigned vvvv, unsigned rm)
{
    asm_8(a, 0xc4);
    asm_8(a, (uint8_t)((reg & 8 ? 0 : 0x80) | 0x40 | (rm & 8 ? 0 : 0x20) | map));
    asm_8(a, (uint8_t)((width == 64 ? 0x80 : 0) | (~vvvv & 15) << 3 | prefix));
    asm_8(a, opcode);
    asm_8(a, modrm(3, reg, rm));
}

void asm_rorx(struct assembler *a, unsigned width, unsigned to, unsigned from, unsigned count)
{
    vex_rr(a, 3, VEX_F2, width, 0xf0, to, 0, from);
    asm_8(a, (uint8_t)count);
}

void asm_shlx(struct assembler *a, unsigned width, unsigned to, unsigned from, unsigned count_reg)
{
    vex_rr(a, 2, VEX_66, width, 0xf7, to, count_reg, from);
}

void asm_shrx(struct assembler *a, unsigned width, unsigned to, unsigned from, unsigned count_reg)
{
    vex_rr(a, 2, VEX_F2, width, 0xf7, to, count_reg, from);
}

/* ---- moves ----------------------------------------------------------------------------------- */

void asm_mov32(struct assembler *a, unsigned to, unsigned from)
{
    asm_rr(a, 0, 0x8b, to, from);
}

void asm_mov64(struct assembler *a, unsigned to, unsigned from)
{
    asm_rr(a, ASM_W, 0x8b, to, from);
}

void asm_mov32_imm(struct assembler *a, unsigned to, uint32_t v)
{
    opcode_bytes(a, 0, to & 8 ? REX_B : 0, (uint8_t)(0xb8 | (to & 7)));
    asm_32(a, v);
}

void asm_mov64_imm(struct assembler *a, unsigned to, uint64_t v)
{
    if (v == (uint32_t)v) {
        asm_mov32_imm(a, to, (uint32_t)v);
    } else if (v == (uint64_t)(int32_t)v) {
        asm_rr(a, ASM_W, 0xc7, 0, to);
        asm_32(a, (uint32_t)v);
    } else {
        opcode_bytes(a, ASM_W, to & 8 ? REX_B : 0, (uint8_t)(0xb8 | (to & 7)));
        asm_64(a, v);
    }
}

void asm_lea32(struct assembler *a, unsigned to, const struct host_memory *m)
{
    struct host_memory plain = *m;
    plain.gs = false;
    plain.address32 = false; /* the result is cut to 32 bits in any case */
    asm_rm(a, 0, 0x8d, to, &plain);
}

void asm_lea64(struct assembler *a, unsigned to, const struct host_memory *m)
{
    struct host_memory plain = *m;
    plain.gs = false;
    asm_rm(a, ASM_W, 0x8d, to, &plain);
}

void asm_load32(struct assembler *a, unsigned to, const struct host_memory *m)
{
    asm_rm(a, 0, 0x8b, to, m);
}

void asm_load64(struct assembler *a, unsigned to, const struct host_memory *m)
{
    asm_rm(a, ASM_W, 0x8b, to, m);
}

void asm_store32(struct assembler *a, const struct host_memory *m, unsigned from)
{
    asm_rm(a, 0, 0x89, from, m);
}

void asm_store64(struct assembler *a, const struct host_memory *m, unsigned from)
{
    asm_rm(a, ASM_W, 0x89, from, m);
}

void asm_store32_imm(struct assembler *a, const struct host_memory *m, uint32_t v)
{
    asm_rm(a, 0, 0xc7, 0, m);
    asm_32(a, v);
}

/* ---- jumps ----------------------------------------------------------------------------------- */

static void relative32(struct assembler *a, const uint8_t *target)
{
    int64_t distance = target - (a->p + 4);
    host_assert(distance == (int32_t)distance, "jump out of reach");
    asm_32(a, (uint32_t)distance);
}

void asm_jmp(struct assembler *a, const uint8_t *target)
{
    asm_8(a, 0xe9);
    relative32(a, target);
}

void asm_call(struct assembler *a, const uint8_t *target)
{
    asm_8(a, 0xe8);
    relative32(a, target);
}

struct asm_label asm_jmp_forward(struct assembler *a)
{
    asm_8(a, 0xe9);
    asm_32(a, 0);
    return (struct asm_label){ a->p, true };
}

struct asm_label asm_call_forward(struct assembler *a)
{
    asm_8(a, 0xe8);
    asm_32(a, 0);
    return (struct asm_label){ a->p, true };
}

struct asm_label asm_jcc_forward(struct assembler *a, unsigned cc)
{
    asm_8(a, 0x0f);
    asm_8(a, (uint8_t)(0x80 | cc));
    asm_32(a, 0);
    return (struct asm_label){ a->p, true };
}

static struct asm_label short_jump(struct assembler *a, unsigned opcode)
{
    asm_8(a, (uint8_t)opcode);
    asm_8(a, 0);
    return (struct asm_label){ a->p, false };
}

struct asm_label asm_jcc_short(struct assembler *a, unsigned cc)
{
    return short_jump(a, 0x70 | cc);
}

struct asm_label asm_jrcxz(struct assembler *a)
{
    return short_jump(a, 0xe3);
}

struct asm_label asm_jmp_short(struct assembler *a)
{
    return short_jump(a, 0xeb);
}

void asm_unless_zero(struct assembler *a)
{
    static const uint8_t jecxz_over_opcode[] = { 0x67, 0xe3, 2 }, mov_r10_imm64[] = { 0x49, 0xba };
    struct host_memory less = host_at(HOST_RCX, -1);
    asm_lea64(a, HOST_RCX, &less);
    asm_rorx(a, 64, HOST_RCX, HOST_RCX, 32);
    asm_bytes(a, jecxz_over_opcode, sizeof jecxz_over_opcode);
    asm_bytes(a, mov_r10_imm64, sizeof mov_r10_imm64);
}

void asm_bind(struct assembler *a, struct asm_label label)
{
    int64_t distance = a->p - label.patch;
    if (a->overflow)
        return; /* the code is thrown away, and the label may never have been written */
    if (label.near) {
        store_le32(label.patch - 4, (uint32_t)distance);
        return;
    }
    host_assert(distance >= 0 && distance <= 127, "short jump out of reach");
    label.patch[-1] = (uint8_t)distance;
}

/* FF /4 and /2 have 64-bit operands without REX.W. */
void asm_jmp_reg(struct assembler *a, unsigned reg)
{
    asm_rr(a, 0, 0xff, 4, reg);
}

void asm_call_reg(struct assembler *a, unsigned reg)
{
    asm_rr(a, 0, 0xff, 2, reg);
}

void asm_jmp_mem(struct assembler *a, const struct host_memory *m)
{
    asm_rm(a, 0, 0xff, 4, m);
}

void asm_call_mem(struct assembler *a, const struct host_memory *m)
{
    asm_rm(a, 0, 0xff, 2, m);
}

/* Mod 0, r/m 5: a displacement from the instruction's end. */
static void slot_operand(struct assembler *a, uint8_t opcode, unsigned reg, const void *slot)
{
    asm_8(a, opcode);
    asm_8(a, modrm(0, reg, 5));
    asm_32(a, (uint32_t)((const uint8_t *)slot - (a->p + 4)));
}

void asm_jmp_slot(struct assembler *a, const void *slot)
{
    slot_operand(a, 0xff, 4, slot);
}

void asm_call_slot(struct assembler *a, const void *slot)
{
    slot_operand(a, 0xff, 2, slot);
}

void asm_load32_slot(struct assembler *a, unsigned to, const void *slot)
{
    if (to & 8)
        asm_8(a, REX | REX_R);
    slot_operand(a, 0x8b, to, slot);
}

void asm_load64_slot(struct assembler *a, unsigned to, const void *slot)
{
    asm_8(a, REX | REX_W | (to & 8 ? REX_R : 0));
    slot_operand(a, 0x8b, to, slot);
}
