// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The decoder: bytes to struct insn by the opcode table (SDM 2 chapter 2 and appendix A).
#include "cpu/insn.h"

#include "base/bits.h"
#include "cpu/execute.h"
#include "cpu/opcode_index.h"

enum { SHORT_OF_BYTES = 0, NO_SUCH_INSTRUCTION = -1, TOO_LONG = -2 };

struct decoder {
    const uint8_t *bytes;
    unsigned available;
    unsigned position;
    int failure; /* SHORT_OF_BYTES or TOO_LONG once `failed` */
    bool failed;
    unsigned mode;
    bool operand_prefix; /* 66 */
    bool address_prefix; /* 67 */
    uint8_t rep;         /* the last of F2 and F3 */
    uint8_t rex;
    uint8_t segment; /* the last override, or SEG_NONE */
    uint8_t modrm;
    uint8_t operand_size; /* 0: 16, 1: 32, 2: 64 */
};

/* May the next n bytes be read? Length comes before availability: a 16th byte is never fetched. */
static bool want(struct decoder *d, unsigned n)
{
    if (likely(d->position + n <= d->available && d->position + n <= INSN_MAX_LENGTH))
        return true;
    if (!d->failed)
        d->failure = d->position + n > INSN_MAX_LENGTH ? TOO_LONG : SHORT_OF_BYTES;
    d->failed = true;
    return false;
}

static uint8_t next8(struct decoder *d)
{
    return want(d, 1) ? d->bytes[d->position++] : 0;
}

static uint32_t next16(struct decoder *d)
{
    if (!want(d, 2))
        return 0;
    d->position += 2;
    return load_le16(d->bytes + d->position - 2);
}

static uint32_t next32(struct decoder *d)
{
    if (!want(d, 4))
        return 0;
    d->position += 4;
    return load_le32(d->bytes + d->position - 4);
}

/* In 64-bit mode FS and GS alone can be chosen: the other four prefixes are there for nothing, and
 * do not undo these (SDM 1 3.4.2.1). */
static void override(struct decoder *d, uint8_t segment)
{
    if (segment >= SEG_FS || !(d->mode & MODE_CS64))
        d->segment = segment;
}

/* The opcode's first byte, after prefixes. REX counts only directly before the opcode. */
static uint8_t decode_prefixes(struct decoder *d, struct insn *insn)
{
    for (;;) {
        uint8_t b = next8(d);
        if (d->failed)
            return 0;
        switch (b) {
        case 0x26: override(d, SEG_ES); break;
        case 0x2e: override(d, SEG_CS); break;
        case 0x36: override(d, SEG_SS); break;
        case 0x3e: override(d, SEG_DS); break;
        case 0x64: override(d, SEG_FS); break;
        case 0x65: override(d, SEG_GS); break;
        case 0x66: d->operand_prefix = true; break;
        case 0x67: d->address_prefix = true; break;
        case 0xf0: insn->flags |= INSN_LOCK; break;
        case 0xf2: d->rep = b; break;
        case 0xf3: d->rep = b; break;
        default:
            if ((b & 0xf0) != 0x40 || !(d->mode & MODE_CS64))
                return b;
            d->rex = b;
            continue;
        }
        d->rex = 0;
    }
}

static enum opcode_map decode_map(struct decoder *d, uint8_t *opcode)
{
    if (*opcode != 0x0f)
        return MAP_1B;
    *opcode = next8(d);
    if (*opcode == 0x38) {
        *opcode = next8(d);
        return MAP_0F38;
    }
    if (*opcode == 0x3a) {
        *opcode = next8(d);
        return MAP_0F3A;
    }
    return MAP_0F;
}

static bool prefix_matches(const struct decoder *d, enum opcode_prefix prefix)
{
    switch (prefix) {
    case PFX_ANY: return true;
    case PFX_F3: return d->rep == 0xf3;
    case PFX_F2: return d->rep == 0xf2;
    case PFX_66: return d->rep == 0 && d->operand_prefix;
    default: return d->rep == 0 && !d->operand_prefix;
    }
}

static bool modrm_matches(const struct decoder *d, const struct opcode *row)
{
    unsigned reg = (d->modrm >> 3) & 7, mod = d->modrm >> 6;
    if (row->reg != REG_ANY && row->reg != reg)
        return false;
    if (row->rm != RM_ANY && row->rm != (d->modrm & 7))
        return false;
    if (row->mod == MOD_ANY || (row->attributes & OP_BASE_REG32))
        return true;
    return (row->mod == MOD_REG) == (mod == 3);
}

/* With REX.B, 90 is XCHG with R8 (SDM 2 "NOP"). */
static bool is_nop_of_r8(const struct decoder *d, const struct opcode *row)
{
    return d->rex & 1 && row->map == MAP_1B && row->opcode == 0x90 && row->prefix == PFX_ANY &&
           row->operand[0] == OPERAND_NONE;
}

static const struct opcode *find_row(struct decoder *d, enum opcode_map map, uint8_t opcode,
                                     const struct cpu_model *model)
{
    struct opcode_slot slot = opcode_slots[map][opcode];
    const uint16_t *candidate = &opcode_candidates[slot.first];
    bool long_mode = d->mode & MODE_CS64, have_modrm = false;
    for (unsigned n = 0; n < slot.count; n++) {
        const struct opcode *row = &opcode_table[candidate[n]];
        if (row->modrm && !have_modrm) {
            d->modrm = next8(d);
            have_modrm = true;
            if (d->failed)
                return NULL;
        }
        if (!prefix_matches(d, row->prefix) || (row->modrm && !modrm_matches(d, row)) ||
            is_nop_of_r8(d, row))
            continue;
        if ((row->attributes & OP_I64 && long_mode) || (row->attributes & OP_O64 && !long_mode))
            continue;
        if (model != NULL && row->feature != FEATURE_ALWAYS && !cpu_model_has(model, row->feature))
            continue;
        return row;
    }
    return NULL;
}

/* SDM 2 table 2-1. */
static void decode_address16(struct decoder *d, struct insn *insn)
{
    static const uint8_t bases[8] = { RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX };
    static const uint8_t indices[8] = {
        RSI, RDI, RSI, RDI, REG_ZERO, REG_ZERO, REG_ZERO, REG_ZERO
    };
    unsigned mod = d->modrm >> 6, rm = d->modrm & 7;
    if (mod == 0 && rm == 6) {
        insn->disp = (int32_t)next16(d);
        return;
    }
    insn->base = bases[rm];
    insn->index = indices[rm];
    if (mod == 1)
        insn->disp = (int8_t)next8(d);
    else if (mod == 2)
        insn->disp = (int16_t)next16(d);
    if (insn->base == RBP)
        insn->seg = SEG_SS;
}

/* SDM 2 tables 2-2 and 2-3. */
static void decode_address32(struct decoder *d, struct insn *insn)
{
    unsigned mod = d->modrm >> 6, rm = d->modrm & 7;
    unsigned base = rm;
    if (rm == 4) {
        uint8_t sib = next8(d);
        unsigned index = ((sib >> 3) & 7) | (d->rex & 2 ? 8 : 0);
        if (index != RSP) {
            insn->index = index;
            insn->scale = sib >> 6;
        }
        base = sib & 7;
    }
    if (mod == 0 && base == RBP) {
        insn->disp = (int32_t)next32(d);
        if (rm != 4 && d->mode & MODE_CS64)
            insn->scale = INSN_SCALE_RIP;
        return;
    }
    insn->base = base | (d->rex & 1 ? 8 : 0);
    if (mod == 1)
        insn->disp = (int8_t)next8(d);
    else if (mod == 2)
        insn->disp = (int32_t)next32(d);
    if (base == RSP || base == RBP)
        insn->seg = insn->base < R8 ? SEG_SS : SEG_DS;
}

static void decode_modrm(struct decoder *d, const struct opcode *row, struct insn *insn)
{
    insn->reg = ((d->modrm >> 3) & 7) | (d->rex & 4 ? 8 : 0);
    if (d->modrm >> 6 == 3 || row->attributes & OP_BASE_REG32) {
        insn->rm = (d->modrm & 7) | (d->rex & 1 ? 8 : 0);
        return;
    }
    insn->flags |= INSN_MEMORY;
    if (insn->flags & INSN_ASIZE16)
        decode_address16(d, insn);
    else
        decode_address32(d, insn);
}

/* Operand and address size attributes, SDM 1 3.6. */
static void decode_sizes(struct decoder *d, const struct opcode *row, struct insn *insn)
{
    bool long_mode = d->mode & MODE_CS64, wide = d->mode & (MODE_CS32 | MODE_CS64);
    d->operand_size = wide != d->operand_prefix;
    if (long_mode && (d->rex & 8 || row->attributes & OP_F64 ||
                      (row->attributes & OP_D64 && !d->operand_prefix)))
        d->operand_size = 2;
    if (d->operand_size == 0)
        insn->flags |= INSN_OSIZE16;
    else if (d->operand_size == 2)
        insn->flags |= INSN_OSIZE64;
    if (!long_mode && wide == d->address_prefix)
        insn->flags |= INSN_ASIZE16;
    insn->addr_mask = insn->flags & INSN_ASIZE16        ? 0xffff
                      : long_mode && !d->address_prefix ? INSN_MASK_64
                                                        : 0xffffffff;
}

/* There are eight x87, MMX and segment registers: REX.R and REX.B mean nothing to them (SDM 2
 * 2.2.1.2). */
static void limit_registers(const struct opcode *row, struct insn *insn)
{
    for (unsigned n = 0; n < ARRAY_SIZE(row->operand); n++) {
        enum operand operand = row->operand[n];
        if (operand == OPERAND_Pq || operand == OPERAND_Pd ||
            (operand >= OPERAND_ES && operand <= OPERAND_Sw))
            insn->reg &= 7;
        else if (operand == OPERAND_Nq || operand == OPERAND_Qq || operand == OPERAND_Qd ||
                 operand == OPERAND_STi)
            insn->rm &= 7;
    }
}

/* REX.R makes CR8 of CR0, and no register at all of the others (SDM 2 "MOV - Move to/from Control
 * Registers", "MOV - Move to/from Debug Registers"). */
static bool has_register(const struct opcode *row, const struct insn *insn)
{
    bool control = row->operand[0] == OPERAND_Cd || row->operand[1] == OPERAND_Cd;
    bool debug = row->operand[0] == OPERAND_Dd || row->operand[1] == OPERAND_Dd;
    return insn->reg < 8 || !(control || debug) || (control && insn->reg == 8);
}

/* MOFFS is as wide as addresses are (SDM 2 2.2.1.4). */
static void decode_offset(struct decoder *d, struct insn *insn)
{
    insn->flags |= INSN_MEMORY;
    insn->disp = (int32_t)(insn->flags & INSN_ASIZE16 ? next16(d) : next32(d));
    if (insn->addr_mask == INSN_MASK_64)
        insn->imm = next32(d);
}

static uint32_t next_operand(struct decoder *d)
{
    return d->operand_size == 0 ? (uint32_t)(int16_t)next16(d) : next32(d);
}

/* What an operand takes from the bytes after ModRM, or from the opcode byte. A second immediate
 * goes to disp. */
static void decode_operand(struct decoder *d, enum operand operand, uint8_t opcode,
                           struct insn *insn, bool *have_imm)
{
    uint32_t value;
    switch (operand) {
    case OPERAND_Ib: value = next8(d); break;
    case OPERAND_sIb:
    case OPERAND_Jb: value = (uint32_t)(int8_t)next8(d); break;
    case OPERAND_Iw: value = next16(d); break;
    case OPERAND_Iv:
        insn->imm = next_operand(d);
        if (d->operand_size == 2) /* SDM 2 2.2.1.5 */
            insn->disp = (int32_t)next32(d);
        return;
    case OPERAND_Iz:
    case OPERAND_Jz: value = next_operand(d); break;
    case OPERAND_I1: value = 1; break;
    case OPERAND_Ap:
        insn->imm = d->operand_size == 0 ? next16(d) : next32(d);
        insn->disp = (int32_t)next16(d);
        return;
    case OPERAND_Ob:
    case OPERAND_Ov: decode_offset(d, insn); return;
    case OPERAND_Zb:
    case OPERAND_Zv: insn->reg = (opcode & 7) | (d->rex & 1 ? 8 : 0); return;
    default: return;
    }
    if (*have_imm)
        insn->disp = (int32_t)value;
    else
        insn->imm = value;
    *have_imm = true;
}

static int undefined(struct decoder *d, struct insn *insn)
{
    insn->fn = exec_undefined;
    insn->op = INSN_OP_UNDEFINED;
    insn->length = d->position;
    return NO_SUCH_INSTRUCTION;
}

int insn_decode(struct insn *insn, const uint8_t *bytes, unsigned available, unsigned mode,
                const struct cpu_model *model)
{
    struct decoder d = {
        .bytes = bytes, .available = available, .mode = mode, .segment = SEG_NONE
    };
    *insn =
        (struct insn){ .base = REG_ZERO, .index = REG_ZERO, .seg = SEG_DS, .fn = exec_undefined };

    uint8_t opcode = decode_prefixes(&d, insn);
    enum opcode_map map = decode_map(&d, &opcode);
    if (d.failed)
        return d.failure;
    const struct opcode *row = find_row(&d, map, opcode, model);
    if (d.failed)
        return d.failure;
    if (row == NULL)
        return undefined(&d, insn);

    insn->op = row - opcode_table;
    insn->flags |= d.rep == 0xf3 ? INSN_REP : d.rep == 0xf2 ? INSN_REPNE : 0;
    insn->flags |= d.rex ? INSN_REX : 0;
    decode_sizes(&d, row, insn);
    if (row->modrm)
        decode_modrm(&d, row, insn);
    bool have_imm = false;
    for (unsigned n = 0; n < ARRAY_SIZE(row->operand) && row->operand[n] != OPERAND_NONE; n++)
        decode_operand(&d, row->operand[n], opcode, insn, &have_imm);
    if (d.failed)
        return d.failure;
    if (row->attributes & OP_X87)
        insn->imm = (opcode & 7u) << 8 | d.modrm; /* FOP, SDM 1 8.1.9 */
    if (d.segment != SEG_NONE)
        insn->seg = d.segment;
    if (d.rex)
        limit_registers(row, insn);

    /* SDM 2 "LOCK": #UD unless the row allows it and its destination is in memory. */
    bool memory = insn->flags & INSN_MEMORY;
    exec_fn *fn = row->handler[d.operand_size][memory];
    bool exists = fn != NULL || (d.operand_size == 2 && row->handler[1][memory] != NULL);
    if (!exists || !has_register(row, insn) ||
        (insn->flags & INSN_LOCK && !(row->attributes & OP_LOCK && memory)))
        return undefined(&d, insn);
    insn->fn = fn != NULL ? fn : exec_undefined;
    insn->length = d.position;
    return d.position;
}
