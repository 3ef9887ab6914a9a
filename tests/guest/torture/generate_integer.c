// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs: integer instructions by table, then division, XLAT, stack and string groups.
#include "generate.h"

enum form {
    PLAIN,
    PLAIN_IMM8,
    RM,
    RM_R,
    R_RM,
    RM_IMM,
    RM_IMM8,
    RM_COUNT,
    RM_R_COUNT,
    A_IMM,
    A_OFFSET,
    IN_OPCODE,
    IN_OPCODE_IMM,
    R_RM_IMM,
    R_RM_IMM8,
    R_RM8,
    R_RM16
};
enum { B = 1, V = 2, BV = 3, DWORD = 4 };
enum {
    UNCHANGED = 1, /* the destination is only read */
    LOCKABLE = 2,  /* with a destination in memory */
    MEMORY = 4,    /* no registers */
    REGISTER = 8,  /* no memory */
    BOTH = 0x10,   /* writes the second operand, too */
    CONDITION = 0x20,
    A = 0x40, /* writes EAX, EDX */
    D = 0x80
};

static const struct row {
    uint16_t opcode;
    uint8_t digit, form, sizes;
    uint16_t reads, defines, undefines;
    uint8_t attributes;
} rows[] = {
#define ROW(opcode, digit, form, sizes, reads, defines, undefines, attributes)                     \
    { opcode, digit, form, sizes, reads, (uint16_t)(defines), (uint16_t)(undefines), attributes },
#include "generate_rows.inc"
};

struct choice {
    const struct row *row;
    struct operand operand;
    unsigned size, reg, rm;
    bool in_memory;
};

/* A register to write; of bytes, AH to BH go with EAX to EBX. */
static bool pick_written(struct program *p, unsigned size, unsigned *reg)
{
    int got = free_register(p, size == 1 ? 0x0f : 0xff);
    if (got < 0)
        return false;
    *reg = (unsigned)got | (size == 1 && chance(&p->random, 40) ? 4 : 0);
    return true;
}

static bool writes_reg(const struct row *row)
{
    return row->form == R_RM || row->form >= IN_OPCODE || (row->attributes & BOTH);
}

static bool writes_rm(const struct row *row)
{
    return row->form >= RM && row->form <= RM_R_COUNT && row->form != R_RM &&
           !(row->attributes & UNCHANGED);
}

static unsigned pick_size(struct program *p, const struct row *row)
{
    if (row->sizes == DWORD)
        return 4;
    if (row->sizes == B || (row->sizes == BV && chance(&p->random, 30)))
        return 1;
    return chance(&p->random, p->code16 ? 55 : 25) ? 2 : 4;
}

/* Registers and memory for a row; false where reserved registers forbid it. */
static bool choose(struct program *p, struct choice *c)
{
    const struct row *row = c->row;
    bool has_rm = row->form >= RM && row->form != A_IMM && row->form != A_OFFSET &&
                  row->form != IN_OPCODE && row->form != IN_OPCODE_IMM;
    if (((row->attributes & A) && !is_free(p, RAX)) || ((row->attributes & D) && !is_free(p, RDX)))
        return false;
    c->size = pick_size(p, row);
    c->reg = c->rm = any_register(p);
    c->in_memory = has_rm && !(row->attributes & REGISTER) &&
                   ((row->attributes & MEMORY) || chance(&p->random, 50));
    if (writes_reg(row) && !(writes_reg(row) && (row->attributes & UNCHANGED)) &&
        !pick_written(p, c->size, &c->reg))
        return false;
    if (has_rm && !c->in_memory)
        c->rm = any_register(p);
    if (!c->in_memory && writes_rm(row) && !pick_written(p, c->size, &c->rm))
        return false;
    return true;
}

static void put_opcode(struct program *p, const struct choice *c, unsigned low)
{
    const struct row *row = c->row;
    unsigned opcode = row->opcode | low;
    if (row->sizes == BV && c->size > 1)
        opcode |= 1;
    if (row->attributes & CONDITION)
        opcode |= random_below(&p->random, 16);
    if (opcode >> 8)
        put8(p, opcode >> 8);
    put8(p, opcode);
}

static void put_immediate(struct program *p, const struct choice *c)
{
    uint32_t v = random32(&p->random);
    switch ((enum form)c->row->form) {
    case PLAIN_IMM8: put8(p, v & 0x7f ? v & 0x7f : 10); break; /* AAM 0 is a division by 0 */
    case RM_IMM8:
    case R_RM_IMM8: put8(p, v); break;
    case RM_COUNT: put8(p, v & 31); break;
    case RM_R_COUNT: put8(p, v & 15); break;
    case RM_IMM:
    case A_IMM:
    case IN_OPCODE_IMM:
    case R_RM_IMM: put_size(p, c->size, chance(&p->random, 50) ? v & 0xff : v); break;
    default: break;
    }
}

static void put_chosen(struct program *p, struct choice *c)
{
    const struct row *row = c->row;
    bool digit = (row->form == RM && !(row->attributes & CONDITION)) || row->form == RM_IMM ||
                 row->form == RM_IMM8 || row->form == RM_COUNT;
    unsigned reg = digit ? row->digit : c->reg;
    if (c->in_memory && writes_rm(row) && (row->attributes & LOCKABLE) && chance(&p->random, 10))
        put8(p, 0xf0);
    if (row->form == A_OFFSET && p->code16)
        put8(p, 0x67);
    if (c->in_memory)
        put_prefixes(p, &c->operand);
    put_operand_size(p, row->sizes == B ? 1 : c->size);
    if (row->form == IN_OPCODE || row->form == IN_OPCODE_IMM) {
        put_opcode(p, c, c->reg);
    } else {
        put_opcode(p, c, 0);
        if (c->in_memory)
            put_operand(p, &c->operand, reg);
        else if (row->form >= RM && row->form != A_IMM && row->form != A_OFFSET)
            put8(p, 0xc0 | reg << 3 | c->rm);
    }
    if (row->form == A_OFFSET)
        put32(p, data_address(p, 1));
    put_immediate(p, c);
}

void put_integer(struct program *p)
{
    struct choice c = { .row = &rows[random_below(&p->random, ARRAY_SIZE(rows))] };
    if (!choose(p, &c))
        return;
    if (c.in_memory)
        memory_operand(p, &c.operand, 1);
    need_flags(p, c.row->reads);
    mark(p);
    put_chosen(p, &c);
    flags_done(p, c.row->defines, c.row->undefines);
}

/* ---- what needs preparation ------------------------------------------------------------------ */

/* DIV or IDIV; mostly with a high half that makes a quotient which fits. */
static void put_division(struct program *p)
{
    unsigned size = 1u << random_below(&p->random, 3), divisor = any_register(p);
    if (!is_free(p, RAX) || !is_free(p, RDX))
        return;
    if (size > 1 && chance(&p->random, 90)) {
        mark(p);
        put_operand_size(p, size);
        put16(p, 0xd233); /* XOR EDX,EDX */
        flags_done(p, FLAGS_ARITH, FLAG_AF);
    }
    int reg = free_register(p, size == 1 ? 0x0e : 0xfa);
    if (reg >= 0 && chance(&p->random, 90)) {
        divisor = (unsigned)reg;
        mark(p);
        put_operand_size(p, size);
        put8(p, size == 1 ? 0x80 : 0x83); /* OR divisor,41h */
        put8(p, 0xc8 | divisor);
        put8(p, 0x41);
        flags_done(p, FLAGS_ARITH, FLAG_AF);
    }
    mark(p);
    put_operand_size(p, size);
    put8(p, size == 1 ? 0xf6 : 0xf7);
    put8(p, 0xf0 | (chance(&p->random, 30) ? 8 : 0) | divisor);
    flags_done(p, 0, FLAGS_ARITH);
}

static void put_xlat(struct program *p)
{
    if (!is_free(p, RAX) || (!is_free(p, RBX) && !(p->pointers >> RBX & 1)))
        return;
    if (is_free(p, RBX))
        load_immediate(p, RBX, data_address(p, 1));
    mark(p);
    put8(p, 0xd7);
}

static void put_push(struct program *p)
{
    unsigned kind = random_below(&p->random, 4);
    struct operand o;
    if (kind == 3)
        memory_operand(p, &o, 1);
    mark(p);
    if (kind == 0)
        put8(p, 0x50 | any_register(p));
    else if (kind == 1)
        put16(p, 0x6a | random32(&p->random) << 8);
    else if (kind == 2) {
        put8(p, 0x68);
        put_size(p, p->code16 ? 2 : 4, random32(&p->random));
    } else {
        put_prefixes(p, &o);
        put8(p, 0xff);
        put_operand(p, &o, 6);
    }
}

static void put_pop(struct program *p)
{
    int reg = free_register(p, 0xff);
    struct operand o;
    if (reg >= 0 && chance(&p->random, 70)) {
        mark(p);
        put8(p, 0x58 | (unsigned)reg);
        return;
    }
    memory_operand(p, &o, 1);
    mark(p);
    put_prefixes(p, &o);
    put8(p, 0x8f);
    put_operand(p, &o, 0);
}

static void put_some(struct program *p, unsigned limit)
{
    for (unsigned n = random_below(&p->random, limit); n > 0; n--)
        put_integer(p);
}

/* PUSHF and POPF that change the arithmetic flags and DF only. */
static void put_flags_group(struct program *p)
{
    need_flags(p, FLAGS_ARITH);
    mark(p);
    put8(p, 0x9c);
    if (chance(&p->random, 50)) {
        put_pop(p);
        return;
    }
    mark(p);
    if (p->code16) /* BP may be anything: POP, XOR, PUSH */
        put8(p, 0x58);
    else {
        put8(p, 0x80);
        put16(p, 0x2434); /* XOR BYTE PTR [ESP],x */
        put8(p, random32(&p->random) & 0xd5);
    }
    if (p->code16) {
        mark(p);
        put8(p, 0x35); /* XOR AX,x */
        put16(p, random32(&p->random) & 0x8d5 & ~FLAG_TF);
        mark(p);
        put8(p, 0x50);
    }
    mark(p);
    put8(p, 0x9d);
}

/*
 * ENTER, some instructions that keep EBP, LEAVE. Levels over 1 read below ESP, and room on the
 * stack holds whatever was there: in the kernel that depends on interrupts.
 */
static void put_frame_group(struct program *p)
{
    if (!is_free(p, RBP))
        return;
    mark(p);
    put_operand_size(p, 4);
    put16(p, 0xe589); /* MOV EBP,ESP: nested levels read from there */
    mark(p);
    put8(p, 0xc8);
    bool kernel = program_in_kernel(p->mode);
    put16(p, kernel ? 0 : random_below(&p->random, 32) * 4);
    put8(p, random_below(&p->random, kernel ? 2 : 4));
    p->reserved |= 1 << RBP;
    put_some(p, 4);
    p->reserved &= (uint8_t) ~(1 << RBP);
    mark(p);
    put8(p, 0xc9);
}

/* POPA only where it may write every register. */
static void put_all_group(struct program *p)
{
    mark(p);
    put_operand_size(p, 4);
    put8(p, 0x60);
    mark(p);
    put_operand_size(p, 4);
    put8(p, 0x61);
}

static void put_stack_group(struct program *p)
{
    unsigned count = 1 + random_below(&p->random, 4);
    for (unsigned n = 0; n < count; n++)
        put_push(p);
    put_some(p, 4);
    for (unsigned n = 0; n < count; n++)
        put_pop(p);
}

void put_special(struct program *p)
{
    switch (random_below(&p->random, 8)) {
    case 0: put_division(p); break;
    case 1: put_xlat(p); break;
    case 2:
        if (!p->code16 || is_free(p, RAX))
            put_flags_group(p);
        break;
    case 3: put_frame_group(p); break;
    case 4: put_all_group(p); break;
    default: put_stack_group(p); break;
    }
}

/* ---- strings --------------------------------------------------------------------------------- */

static bool prepare(struct program *p, unsigned reg)
{
    if (p->pointers >> reg & 1)
        return true;
    if (!is_free(p, reg))
        return false;
    load_immediate(p, reg, data_address(p, 1));
    return true;
}

/*
 * LEA ESI,[EDI+x]: source and destination overlap by their addresses, or not at all. Where they did
 * in memory only, seen at two addresses, processors copy many bytes at a time, and not alike.
 */
static void put_near_source(struct program *p)
{
    mark(p);
    if (p->code16)
        put16(p, 0x6667);
    put16(p, 0xb78d);
    put32(p, random_below(&p->random, 0x800) - 0x400);
}

void put_string(struct program *p)
{
    static const uint8_t opcodes[] = { 0xa4, 0xa6, 0xaa, 0xac, 0xae };
    unsigned opcode = opcodes[random_below(&p->random, 5)],
             size = 1u << random_below(&p->random, 3);
    bool repeat = chance(&p->random, 70), compares = opcode == 0xa6 || opcode == 0xae;
    if ((opcode == 0xac && !is_free(p, RAX)) || (repeat && !is_free(p, RCX)))
        return;
    if (!prepare(p, RSI) || !prepare(p, RDI))
        return;
    if (repeat && opcode == 0xa4)
        put_near_source(p);
    if (repeat) {
        load_immediate(p, RCX, random_below(&p->random, 40));
        need_flags(p, compares ? FLAGS_ARITH : 0); /* a count of 0 leaves the flags */
    }
    mark(p);
    put8(p, 0xfc | random_below(&p->random, 2)); /* CLD, STD */
    mark(p);
    if (repeat)
        put8(p, 0xf2 | random_below(&p->random, 2));
    if (chance(&p->random, p->code16 ? 40 : 10))
        put8(p, 0x67);
    put_operand_size(p, size);
    put8(p, opcode | (size > 1));
    if (compares && !repeat)
        flags_done(p, FLAGS_ARITH, 0);
}
