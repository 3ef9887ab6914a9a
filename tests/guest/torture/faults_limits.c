// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Faults: operands about a segment's limit.
#include "faults.h"

enum { HOT = 20 };

/* Segments begin at FIRST; the limit lies at the border of the pages, or further up. GS_TEST is for
 * the other operand of string instructions. */
static void limit_at(const struct row *row, uint32_t limit)
{
    bool stack = row->at >= AT_ESP;
    set_segment(DATA_TEST, FIRST, stack ? 0xffff : limit, ACCESS_DATA3, SEGMENT_32);
    set_segment(GS_TEST, FIRST, 0xffff, ACCESS_DATA3, SEGMENT_32);
    set_segment(STACK_TEST, FIRST, stack ? limit : 0xffff, ACCESS_DATA3, SEGMENT_32);
}

static void start(const struct row *row, unsigned index, uint32_t offset, struct state *s)
{
    row_start(row, index, offset, FIRST + offset, 3, s);
    s->ds = row->at == AT_EDI && !(row->access & IN_DS) ? GS_TEST : DATA_TEST;
    s->es = row->at == AT_EDI ? DATA_TEST : GS_TEST;
    s->ss = STACK_TEST;
    s->esi -= row->at == AT_ESI ? 0 : FIRST;
    s->edi -= row->at == AT_EDI ? 0 : FIRST;
    if (row->at != AT_ESP && row->at != PUSHES)
        s->esp -= FIRST;
}

static uint32_t one_place(const struct row *row, unsigned index, uint32_t offset)
{
    static struct state first, good, end;
    bool outside = offset + row->size > 0x1000, stack = row->at >= AT_ESP;
    uint32_t registers, memory, d;
    start(row, index, offset, &first);
    limit_at(row, 0xffff);
    for (unsigned n = 0; n < HOT; n++) {
        row_fill(row, FIRST + offset, &first);
        good = first;
        state_run(&good);
    }
    registers = row_digest(row, &good);
    memory = row_memory(3);
    d = digest(registers, memory);
    for (unsigned n = 0; n < 3; n++) {
        row_fill(row, FIRST + offset, &first);
        limit_at(row, 0xfff);
        end = first;
        state_run(&end);
        d = digest(digest(d, digest_state(0, &end, row->undefined | row_vague(row))),
                   row_memory(3));
        limit_at(row, 0xffff);
        if (!outside && !(row->access & STEPS) && end.vector == EXC_GP)
            row_report(row, "a fault within the limit", offset, &first, &end);
        if (outside && !(row->access & STEPS) && end.vector != (stack ? EXC_SS : EXC_GP))
            row_report(row, "the wrong fault at a limit", offset, &first, &end);
        if (end.vector == EXC_BP)
            continue;
        if (end.error != 0)
            row_report(row, "an error code at a limit", offset, &first, &end);
        state_run(&end);
        if (row_digest(row, &end) != registers || row_memory(3) != memory)
            row_report(row, "another result behind the limit's fault", offset, &first, &end);
    }
    return d;
}

/* Not those that load segments: what they find in memory is flat. */
static bool fits(const struct row *row)
{
    unsigned fill = row->access >> FILL_SHIFT;
    return fill != FILL_RETURN && fill != FILL_SELECTOR && fill != FILL_POINTER &&
           row->at != AT_EBP;
}

void faults_limits(void)
{
    uint32_t only = option("row", ~0u);
    for (const struct row *row = fault_rows; row < fault_rows_end; row++) {
        unsigned index = (unsigned)(row - fault_rows);
        int offsets[8];
        unsigned count = row_offsets(row, offsets, true);
        uint32_t d = 0;
        if (!row_supported(row) || !fits(row) || (only != ~0u && only != index))
            continue;
        row_place(row, index);
        for (unsigned n = 0; n < count; n++)
            d = digest(d, one_place(row, index, 0x1000 + (uint32_t)offsets[n]));
        print_hex(d);
        print(" limit ");
        print(row->name);
        print("\n");
    }
    reset_tables();
}
