// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Differences that the manual allows, each with its sentence.
#include "tolerance.h"

#include "base/bits.h"
#include "compare.h"
#include "cpu/x87/fpu.h"
#include "rows.h"

static bool is_limit_fault(const struct silicon_result *r)
{
    return (r->vector == EXC_GP || r->vector == EXC_SS) && r->error == 0;
}

/* Within a few bytes of a segment's 4 GiB, on either side; 512 for FXSAVE's image. */
static bool at_the_end(uint32_t linear)
{
    static const uint8_t large[] = { ENTRY_BASED, ENTRY_WRAP };
    for (unsigned n = 0; n < ARRAY_SIZE(large); n++)
        if (linear - layout_segments[large[n]].base + 512 < 1024)
            return true;
    return linear + 512 < 1024;
}

/*
 * SDM 3A 5.3: "When the effective limit is FFFFFFFFH (4 GBytes), these accesses" - across the end
 * of the
 * segment - "may or may not cause the indicated exceptions."
 */
static bool crosses_4g(const struct silicon_result *a, const struct silicon_result *b)
{
    return is_limit_fault(a) && (b->vector == EXC_PF || b->vector == EXC_AC);
}

static bool wraps(const struct silicon_result *native, const struct silicon_result *guest)
{
    return (crosses_4g(native, guest) && (guest->vector == EXC_AC || at_the_end(guest->cr2))) ||
           (crosses_4g(guest, native) && at_the_end(native->cr2));
}

static bool is_memory_fault(const struct silicon_result *r)
{
    return (r->vector >= EXC_SS && r->vector <= EXC_PF) || r->vector == EXC_AC;
}

/*
 * SDM 3A table 6-2: the faults of one instruction's execution are one class, "the exact order
 * within the class is
 * implementation-dependent". These have several operands in memory, or checks on what they read.
 */
static bool has_many_faults(const struct opcode *row)
{
    return row_has(row, OPERAND_M) || row_has(row, OPERAND_Mt) || row_named(row, "retf") ||
           row_named(row, "call") || row_named(row, "callf") || row_named(row, "jmpf") ||
           row_named(row, "iret");
}

static bool row_has_unaligned(const struct opcode *row)
{
    return row_named(row, "movups") || row_named(row, "movupd") || row_named(row, "movdqu") ||
           row_named(row, "lddqu") || row_named(row, "maskmovdqu") ||
           (row->map == MAP_0F3A && row->opcode >= 0x60 && row->opcode <= 0x63); /* PCMPxSTRx */
}

static bool row_stores_many(const struct opcode *row)
{
    return row_named(row, "pusha") || row_named(row, "enter");
}

/* The case's row; of a program, that of the instruction that ended it. */
static const struct opcode *row_that_ended(const struct silicon_case *c,
                                           const struct silicon_result *native)
{
    const struct silicon_patch *code = case_code(c);
    uint32_t at = native->state.eip + layout_base(c->in.segment[SEG_CS]) - code->address;
    struct insn insn;
    if (c->row != NULL)
        return c->row;
    if (at >= code->length ||
        insn_decode(&insn, c->bytes + code->offset + at, code->length - at, MODE_CS32, NULL) <= 0 ||
        insn.op == INSN_OP_UNDEFINED)
        return NULL;
    return &opcode_table[insn.op];
}

#define DIFFERS_FAULT (DIFFERS_VECTOR | DIFFERS_ERROR | DIFFERS_CR2)
#define DIFFERS_GPRS  ((0xff & ~(1u << RSP)) * DIFFERS_GPR)

uint32_t tolerated(const struct silicon_case *c, const struct silicon_result *native,
                   const struct silicon_result *guest, uint32_t differs)
{
    const struct opcode *row = row_that_ended(c, native);
    bool both_fault = is_memory_fault(native) && is_memory_fault(guest);
    /* SDM 2 "MASKMOVQ": faults for bytes that are masked off, and the transition from x87 state
     * before a
     * fault, are the implementation's. */
    if (row != NULL && (row_named(row, "maskmovq") || row_named(row, "maskmovdqu")) &&
        is_memory_fault(native))
        return differs;
    if (wraps(native, guest))
        return differs & DIFFERS_FAULT;
    if (row == NULL)
        return 0;
    /* What PUSHA and ENTER have stored before they fault is written again when they are repeated.
 */
    if (row_stores_many(row) && both_fault && native->state.eip == guest->state.eip)
        return differs & (DIFFERS_FAULT | DIFFERS_MEMORY);
    if (has_many_faults(row) &&
        both_fault) /* CALL has pushed here when it finds the target's limit */
        return differs & (DIFFERS_FAULT | DIFFERS_MEMORY);
    /* SDM 2 "MOVUPS", "MOVDQU": "may or may not generate an alignment-check exception". */
    if (row_has_unaligned(row) && native->vector == EXC_AC)
        return differs;
    /* x87 pops that find nothing to store: the segment or page was looked at here. The same class
     * of table 6-2. */
    if (row->attributes & OP_X87 && row->attributes & OP_MEM_WRITE && is_memory_fault(native) &&
        guest->state.fx.status & X87_ES)
        return differs;
    /* POPA that faults half-way has loaded registers here; it begins again all the same. */
    if (row_named(row, "popa") && both_fault)
        return differs & DIFFERS_GPRS;
    /* UD0 and UD1 need not fetch their operands. SDM 2 "UD" */
    if (row_is(row, MAP_0F, 0xb9) || row_is(row, MAP_0F, 0xff))
        return differs & (native->vector == EXC_UD && guest->vector == EXC_PF ? DIFFERS_FAULT : 0);
    return 0;
}
