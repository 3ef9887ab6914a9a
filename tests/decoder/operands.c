// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A row's operand forms, read as SDM 2 appendix A.2 has them, against the other decoder's operands.
#include "operands.h"

#include <string.h>

#include "base/bits.h"

/* Where an operand comes from. */
enum source {
    FROM_NOWHERE, /* not an operand there: the flags of PUSHF and POPF */
    FROM_RM,      /* ModRM.rm and mod */
    FROM_REG,     /* ModRM.reg */
    FROM_OPCODE,  /* the opcode's low bits */
    FROM_NAME,    /* this register, always */
    FROM_IMMEDIATE,
    FROM_RELATIVE,
    FROM_POINTER,
    FROM_OFFSET, /* MOFFS */
    FROM_SOURCE, /* DS:ESI */
    FROM_DESTINATION,
};
enum file { NONE, GPR, MMX, XMM, ST, SEGMENT, CONTROL, DEBUG };
/* Bits: those of the operand size; the same, but never 64; not compared. */
enum { BY_SIZE = 1, BY_SIZE_TO_32 = 2, ANY = 0 };

struct form {
    uint8_t source, file, bits;
    uint8_t number; /* FROM_NAME */
};

static const struct form forms[] = {
    [OPERAND_Eb] = { FROM_RM, GPR, 8, 0 },
    [OPERAND_Ew] = { FROM_RM, GPR, 16, 0 },
    [OPERAND_Ed] = { FROM_RM, GPR, 32, 0 },
    [OPERAND_Ev] = { FROM_RM, GPR, BY_SIZE, 0 },
    [OPERAND_Ey] = { FROM_RM, GPR, ANY, 0 },
    [OPERAND_Gb] = { FROM_REG, GPR, 8, 0 },
    [OPERAND_Gw] = { FROM_REG, GPR, 16, 0 },
    [OPERAND_Gd] = { FROM_REG, GPR, 32, 0 },
    [OPERAND_Gv] = { FROM_REG, GPR, BY_SIZE, 0 },
    [OPERAND_M] = { FROM_RM, NONE, ANY, 0 },
    [OPERAND_Mb] = { FROM_RM, NONE, 8, 0 },
    [OPERAND_Mw] = { FROM_RM, NONE, 16, 0 },
    [OPERAND_Md] = { FROM_RM, NONE, 32, 0 },
    [OPERAND_Mq] = { FROM_RM, NONE, 64, 0 },
    [OPERAND_Mdq] = { FROM_RM, NONE, 128, 0 },
    [OPERAND_Mt] = { FROM_RM, NONE, 80, 0 },
    [OPERAND_Mp] = { FROM_RM, NONE, ANY, 0 },
    [OPERAND_Ma] = { FROM_RM, NONE, ANY, 0 },
    [OPERAND_Ms] = { FROM_RM, NONE, ANY, 0 },
    [OPERAND_Ib] = { FROM_IMMEDIATE, NONE, 8, 0 },
    [OPERAND_sIb] = { FROM_IMMEDIATE, NONE, BY_SIZE, 0 },
    [OPERAND_Iw] = { FROM_IMMEDIATE, NONE, 16, 0 },
    [OPERAND_Iz] = { FROM_IMMEDIATE, NONE, BY_SIZE, 0 },
    [OPERAND_Iv] = { FROM_IMMEDIATE, NONE, BY_SIZE, 0 },
    [OPERAND_I1] = { FROM_IMMEDIATE, NONE, 8, 0 },
    [OPERAND_Jb] = { FROM_RELATIVE, NONE, ANY, 0 },
    [OPERAND_Jz] = { FROM_RELATIVE, NONE, ANY, 0 },
    [OPERAND_Ap] = { FROM_POINTER, NONE, ANY, 0 },
    [OPERAND_Ob] = { FROM_OFFSET, NONE, 8, 0 },
    [OPERAND_Ov] = { FROM_OFFSET, NONE, BY_SIZE, 0 },
    [OPERAND_Zb] = { FROM_OPCODE, GPR, 8, 0 },
    [OPERAND_Zv] = { FROM_OPCODE, GPR, BY_SIZE, 0 },
    [OPERAND_AL] = { FROM_NAME, GPR, 8, RAX },
    [OPERAND_CL] = { FROM_NAME, GPR, 8, RCX },
    [OPERAND_DX] = { FROM_NAME, GPR, 16, RDX },
    [OPERAND_rAX] = { FROM_NAME, GPR, BY_SIZE, RAX },
    [OPERAND_eAX] = { FROM_NAME, GPR, BY_SIZE_TO_32, RAX },
    [OPERAND_ES] = { FROM_NAME, SEGMENT, ANY, SEG_ES },
    [OPERAND_CS] = { FROM_NAME, SEGMENT, ANY, SEG_CS },
    [OPERAND_SS] = { FROM_NAME, SEGMENT, ANY, SEG_SS },
    [OPERAND_DS] = { FROM_NAME, SEGMENT, ANY, SEG_DS },
    [OPERAND_FS] = { FROM_NAME, SEGMENT, ANY, SEG_FS },
    [OPERAND_GS] = { FROM_NAME, SEGMENT, ANY, SEG_GS },
    [OPERAND_Sw] = { FROM_REG, SEGMENT, ANY, 0 },
    [OPERAND_Cd] = { FROM_REG, CONTROL, ANY, 0 },
    [OPERAND_Dd] = { FROM_REG, DEBUG, ANY, 0 },
    [OPERAND_Rd] = { FROM_RM, GPR, ANY, 0 },
    [OPERAND_Xb] = { FROM_SOURCE, NONE, 8, 0 },
    [OPERAND_Xv] = { FROM_SOURCE, NONE, BY_SIZE, 0 },
    [OPERAND_Yb] = { FROM_DESTINATION, NONE, 8, 0 },
    [OPERAND_Yv] = { FROM_DESTINATION, NONE, BY_SIZE, 0 },
    [OPERAND_Fv] = { FROM_NOWHERE, NONE, ANY, 0 },
    [OPERAND_Pq] = { FROM_REG, MMX, ANY, 0 },
    [OPERAND_Pd] = { FROM_REG, MMX, ANY, 0 },
    [OPERAND_Nq] = { FROM_RM, MMX, ANY, 0 },
    [OPERAND_Qq] = { FROM_RM, MMX, 64, 0 },
    [OPERAND_Qd] = { FROM_RM, MMX, 32, 0 },
    [OPERAND_Vx] = { FROM_REG, XMM, ANY, 0 },
    [OPERAND_Vd] = { FROM_REG, XMM, ANY, 0 },
    [OPERAND_Vq] = { FROM_REG, XMM, ANY, 0 },
    [OPERAND_Ux] = { FROM_RM, XMM, ANY, 0 },
    [OPERAND_Uq] = { FROM_RM, XMM, ANY, 0 },
    [OPERAND_Wx] = { FROM_RM, XMM, 128, 0 },
    [OPERAND_Wd] = { FROM_RM, XMM, 32, 0 },
    [OPERAND_Wq] = { FROM_RM, XMM, 64, 0 },
    [OPERAND_Ww] = { FROM_RM, XMM, 16, 0 },
    [OPERAND_XMM0] = { FROM_NAME, XMM, ANY, 0 },
    [OPERAND_ST0] = { FROM_NAME, ST, ANY, 0 },
    [OPERAND_STi] = { FROM_RM, ST, ANY, 0 },
};

/* What both decoders found. */
struct pair {
    const struct insn *insn;
    const struct opcode *row;
    unsigned mode;
    const ZydisDecodedInstruction *other;
};

static unsigned operand_bits(const struct insn *i)
{
    return i->flags & INSN_OSIZE64 ? 64 : i->flags & INSN_OSIZE16 ? 16 : 32;
}

/* A port has 32 bits at most (SDM 2 "INS", "OUTS"). */
static bool is_port_string(const struct opcode *row)
{
    return row->map == MAP_1B && row->opcode >= 0x6c && row->opcode <= 0x6f;
}

/* Ed, and the Md of MOVNTI, are of 64 bits with REX.W (SDM 2 "MOVD/MOVQ", "CVTSI2SD", "PINSRD",
 * ...); but EXTRACTPS stores 32, and those of
 * UD0 and UD1 are of 32. */
static bool widens(const struct opcode *row, const struct form *f)
{
    if ((row->map == MAP_0F3A && row->opcode == 0x17) || strncmp(row->mnemonic, "ud", 2) == 0)
        return false;
    return f->bits == 32 && (f->file == GPR || (row->map == MAP_0F && row->opcode == 0xc3));
}

static unsigned form_bits(const struct pair *p, const struct form *f)
{
    unsigned bits = operand_bits(p->insn);
    if (f->bits == BY_SIZE)
        return is_port_string(p->row) ? MIN(bits, 32) : bits;
    if (f->bits == BY_SIZE_TO_32)
        return MIN(bits, 32);
    return bits == 64 && widens(p->row, f) ? 64 : f->bits;
}

/* ---- registers ------------------------------------------------------------------------------- */

/* Without REX, 4 to 7 are AH to BH; SPL to DIL have numbers of their own there. */
static ZydisRegister byte_register(const struct insn *i, unsigned number)
{
    unsigned id = number >= 4 && (i->flags & INSN_REX || number >= 8) ? number + 4 : number;
    return ZydisRegisterEncode(ZYDIS_REGCLASS_GPR8, (ZyanU8)id);
}

static bool is_gpr(ZydisRegister r)
{
    ZydisRegisterClass c = ZydisRegisterGetClass(r);
    return c == ZYDIS_REGCLASS_GPR16 || c == ZYDIS_REGCLASS_GPR32 || c == ZYDIS_REGCLASS_GPR64;
}

/* Which of 16, 32 and 64 bits is told by the operand size alone: elsewhere a form has one,
 * whatever the prefixes. */
static bool same_gpr(const struct pair *p, const struct form *f, unsigned number, ZydisRegister r)
{
    unsigned bits = form_bits(p, f);
    if (bits == 8 && !(p->row->attributes & OP_SSE))
        return r == byte_register(p->insn, number);
    if ((f->bits == BY_SIZE || f->bits == BY_SIZE_TO_32) && !(p->row->attributes & OP_X87))
        return r == ZydisRegisterEncode(bits == 16   ? ZYDIS_REGCLASS_GPR16
                                        : bits == 32 ? ZYDIS_REGCLASS_GPR32
                                                     : ZYDIS_REGCLASS_GPR64,
                                        (ZyanU8)number);
    return is_gpr(r) && ZydisRegisterGetId(r) == (int)number;
}

static const char *compare_register(const struct pair *p, const struct form *f, unsigned number,
                                    const ZydisDecodedOperand *o)
{
    static const ZydisRegisterClass classes[] = {
        [MMX] = ZYDIS_REGCLASS_MMX,         [XMM] = ZYDIS_REGCLASS_XMM,
        [ST] = ZYDIS_REGCLASS_X87,          [SEGMENT] = ZYDIS_REGCLASS_SEGMENT,
        [CONTROL] = ZYDIS_REGCLASS_CONTROL, [DEBUG] = ZYDIS_REGCLASS_DEBUG,
    };
    if (o->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return "kind of operand";
    bool same = f->file == GPR
                    ? same_gpr(p, f, number, o->reg.value)
                    : o->reg.value == ZydisRegisterEncode(classes[f->file], (ZyanU8)number);
    return same ? NULL : "register";
}

/* ---- memory ---------------------------------------------------------------------------------- */

static unsigned slot(ZydisRegister r)
{
    return r == ZYDIS_REGISTER_NONE ? REG_ZERO : (unsigned)ZydisRegisterGetId(r);
}

static const char *compare_segment(unsigned seg, const ZydisDecodedOperand *o)
{
    if (o->mem.type != ZYDIS_MEMOP_TYPE_MEM) /* LEA */
        return NULL;
    return ZydisRegisterEncode(ZYDIS_REGCLASS_SEGMENT, (ZyanU8)seg) == o->mem.segment ? NULL
                                                                                      : "segment";
}

/* These store 16 bits whatever the operand size: SDM 2 "MOV", "SLDT", "STR", "SMSW". */
static bool stores_word(const struct opcode *row)
{
    if (row->map == MAP_1B)
        return row->opcode == 0x8c;
    return row->map == MAP_0F &&
           ((row->opcode == 0x00 && row->reg < 2) || (row->opcode == 0x01 && row->reg == 4));
}

static const char *compare_size(const struct pair *p, const struct form *f,
                                const ZydisDecodedOperand *o)
{
    unsigned bits = stores_word(p->row) ? 16 : form_bits(p, f);
    return bits == ANY || o->mem.type != ZYDIS_MEMOP_TYPE_MEM || o->size == bits ? NULL
                                                                                 : "size in memory";
}

static unsigned address_bits(const struct pair *p)
{
    if (p->insn->flags & INSN_ASIZE16)
        return 16;
    return p->mode & MODE_CS64 && p->insn->addr_mask == INSN_MASK_64 ? 64 : 32;
}

static const char *compare_address(const struct pair *p, const ZydisDecodedOperand *o)
{
    const struct insn *i = p->insn;
    bool relative = o->mem.base == ZYDIS_REGISTER_RIP || o->mem.base == ZYDIS_REGISTER_EIP;
    if (((uint32_t)o->mem.disp.value ^ (uint32_t)i->disp) & (address_bits(p) == 16 ? 0xffff : ~0u))
        return "displacement";
    if (relative || i->scale == INSN_SCALE_RIP)
        return relative && i->scale == INSN_SCALE_RIP ? NULL : "relative to RIP";
    if (slot(o->mem.base) != i->base || slot(o->mem.index) != i->index)
        return "base or index";
    if (o->mem.index != ZYDIS_REGISTER_NONE && o->mem.scale != 0 && 1u << i->scale != o->mem.scale)
        return "scale";
    return NULL;
}

static const char *compare_memory(const struct pair *p, const struct form *f,
                                  const ZydisDecodedOperand *o)
{
    if (o->type != ZYDIS_OPERAND_TYPE_MEMORY)
        return "kind of operand";
    if (p->other->address_width != address_bits(p))
        return "address size";
    const char *difference = compare_address(p, o);
    if (difference == NULL)
        difference = compare_segment(p->insn->seg, o);
    return difference != NULL ? difference : compare_size(p, f, o);
}

static const char *compare_offset(const struct pair *p, const struct form *f,
                                  const ZydisDecodedOperand *o)
{
    if (o->type != ZYDIS_OPERAND_TYPE_MEMORY)
        return "kind of operand";
    unsigned bits = address_bits(p);
    uint64_t here = bits == 64 ? insn_offset64(p->insn) : (uint32_t)p->insn->disp;
    uint64_t mask = bits == 64 ? UINT64_MAX : bits == 32 ? UINT32_MAX : UINT16_MAX;
    if (((uint64_t)o->mem.disp.value ^ here) & mask || p->other->address_width != bits)
        return "offset";
    const char *difference = compare_segment(p->insn->seg, o);
    return difference != NULL ? difference : compare_size(p, f, o);
}

/* ESI, which an override applies to, or EDI, which none does. */
static const char *compare_string(const struct pair *p, const struct form *f,
                                  const ZydisDecodedOperand *o)
{
    bool source = f->source == FROM_SOURCE;
    if (o->type != ZYDIS_OPERAND_TYPE_MEMORY)
        return "kind of operand";
    if (slot(o->mem.base) != (source ? RSI : RDI) || p->other->address_width != address_bits(p))
        return "base or index";
    const char *difference = compare_segment(source ? p->insn->seg : SEG_ES, o);
    return difference != NULL ? difference : compare_size(p, f, o);
}

/* ---- immediates ------------------------------------------------------------------------------ */

/* ENTER's second one is kept elsewhere. MOV has the only one of 64 bits. */
static const char *compare_immediate(const struct pair *p, const struct form *f, bool second,
                                     const ZydisDecodedOperand *o)
{
    unsigned bits = form_bits(p, f);
    uint64_t here = second ? insn_imm2(p->insn) : p->insn->imm;
    if (o->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return "kind of operand";
    if (bits == 64 && f->source == FROM_IMMEDIATE)
        here = p->row->operand[1] == OPERAND_Iv ? insn_imm64(p->insn)
                                                : (uint64_t)(int32_t)p->insn->imm;
    uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    return (o->imm.value.u ^ here) & mask ? "immediate" : NULL;
}

static const char *compare_relative(const struct pair *p, const ZydisDecodedOperand *o)
{
    if (o->type != ZYDIS_OPERAND_TYPE_IMMEDIATE || !o->imm.is_relative)
        return "kind of operand";
    return o->imm.value.s != (int32_t)p->insn->imm ? "target" : NULL;
}

static const char *compare_pointer(const struct pair *p, const ZydisDecodedOperand *o)
{
    if (o->type != ZYDIS_OPERAND_TYPE_POINTER)
        return "kind of operand";
    bool same = o->ptr.offset == p->insn->imm && o->ptr.segment == insn_imm2(p->insn);
    return same ? NULL : "far pointer";
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const char *compare_operand(const struct pair *p, const struct form *f, bool second,
                                   const ZydisDecodedOperand *o)
{
    switch ((enum source)f->source) {
    case FROM_RM:
        return p->insn->flags & INSN_MEMORY ? compare_memory(p, f, o)
                                            : compare_register(p, f, p->insn->rm, o);
    case FROM_REG:
    case FROM_OPCODE: return compare_register(p, f, p->insn->reg, o);
    case FROM_NAME: return compare_register(p, f, f->number, o);
    case FROM_IMMEDIATE: return compare_immediate(p, f, second, o);
    case FROM_RELATIVE: return compare_relative(p, o);
    case FROM_POINTER: return compare_pointer(p, o);
    case FROM_OFFSET: return compare_offset(p, f, o);
    case FROM_SOURCE:
    case FROM_DESTINATION: return compare_string(p, f, o);
    default: return "form of operand";
    }
}

static bool is_immediate(unsigned operand)
{
    return forms[operand].source == FROM_IMMEDIATE;
}

/* FCOM and its kin compare with ST(0), which some of their forms name and others do not. */
static bool names_st0_or_not(const struct opcode *row)
{
    static const char *const names[] = { "fcom", "fcomp", "fucom", "fucomp" };
    bool found = false;
    for (unsigned n = 0; n < ARRAY_SIZE(names); n++)
        found |= strcmp(row->mnemonic, names[n]) == 0;
    return found;
}

static bool is_implied_st0(const ZydisDecodedOperand *o)
{
    return o->visibility == ZYDIS_OPERAND_VISIBILITY_IMPLICIT &&
           o->type == ZYDIS_OPERAND_TYPE_REGISTER && o->reg.value == ZYDIS_REGISTER_ST0;
}

/* Those of strings, and XMM0, are hidden there, but they are in the list, behind the others. */
const char *operands_compare(const struct insn *insn, const struct opcode *row, unsigned mode,
                             const ZydisDecodedInstruction *other,
                             const ZydisDecodedOperand *operands)
{
    struct pair p = { insn, row, mode, other };
    bool without_st0 = names_st0_or_not(row);
    unsigned there = 0;
    for (unsigned n = 0; n < ARRAY_SIZE(row->operand); n++) {
        const struct form *f = &forms[row->operand[n]];
        if (row->operand[n] == OPERAND_NONE || f->source == FROM_NOWHERE ||
            (without_st0 && row->operand[n] == OPERAND_ST0))
            continue;
        if (without_st0 && is_implied_st0(&operands[there]))
            there++;
        if (there == other->operand_count)
            return "number of operands";
        bool second = n > 0 && is_immediate(row->operand[n]) && is_immediate(row->operand[n - 1]);
        const char *difference = compare_operand(&p, f, second, &operands[there++]);
        if (difference != NULL)
            return difference;
    }
    return there >= other->operand_count_visible ? NULL : "number of operands";
}
