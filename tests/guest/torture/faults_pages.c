// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Faults: operands on pages that are not present, read-only, or the supervisor's.
#include "faults.h"

enum { HOT = 40 };

struct trial {
    const struct row *row;
    unsigned index, level;
    uint32_t linear;   /* of the operand */
    uint32_t bad_page; /* FIRST or SECOND */
    uint32_t bad;      /* bits of its entry */
    struct state start, good, end;
    uint32_t good_registers, good_memory;
};

static struct trial trial;

static void all_good(void)
{
    map(FIRST, FRAME(72), RWX);
    map(SECOND, FRAME(68), RWX);
}

/* As often as it takes, from the same state. */
static void run_good(struct trial *t)
{
    for (unsigned n = 0; n < HOT; n++) {
        row_fill(t->row, t->linear, &t->start);
        t->good = t->start;
        state_run(&t->good);
    }
    t->good_registers = row_digest(t->row, &t->good);
    t->good_memory = row_memory(t->level);
}

static bool complain(const struct trial *t, const char *what)
{
    row_report(t->row, what, t->linear, &t->start, &t->end);
    return false;
}

/* An error code as SDM 3A 4.7 says. Of read-modify-write, W on absent pages is left to digests. */
static uint32_t expected_error(const struct trial *t)
{
    uint32_t writes =
        t->row->access & WRITES && (t->bad & PTE_P || !(t->row->access & READS)) ? 2 : 0;
    return (t->bad & PTE_P) | writes | (t->level ? 4 : 0);
}

static bool nothing_changed(const struct trial *t)
{
    const struct state *a = &t->start, *b = &t->end;
    for (const uint32_t *p = &a->edi, *q = &b->edi; p <= &a->eax; p++, q++)
        if (*p != *q)
            return complain(t, "a register changed before the fault");
    if (b->eip != a->eip)
        return complain(t, "EIP is not that of the instruction");
    if ((b->eflags & ~FLAG_RF) != a->eflags)
        return complain(t, "flags changed before the fault");
    return true;
}

static bool check_fault(const struct trial *t, uint32_t memory)
{
    uint32_t steps = t->row->access & STEPS, mask = t->row->access & READS ? ~2u : ~0u;
    if (t->end.vector != EXC_PF)
        return complain(t, "no page fault");
    if (!(t->end.eflags & FLAG_RF) && !steps)
        return complain(t, "RF is clear in the frame of a fault");
    if (t->end.cr2 < t->bad_page || t->end.cr2 >= t->bad_page + 4096)
        return complain(t, "CR2 is not in the page");
    if (!steps && t->end.cr2 != (t->linear > t->bad_page ? t->linear : t->bad_page) &&
        t->bad_page == SECOND)
        return complain(t, "CR2 is not the first byte in the page");
    if ((t->end.error ^ expected_error(t)) & mask)
        return complain(t, "wrong error code");
    if (!steps && row_memory(t->level) != memory)
        return complain(t, "memory changed before the fault");
    return steps || row_is_sequence(t->row) || nothing_changed(t);
}

/* The digest of the fault, and whether all was well. */
static uint32_t run_bad(struct trial *t)
{
    row_fill(t->row, t->linear, &t->start);
    uint32_t memory = row_memory(t->level);
    map(t->bad_page, t->bad_page == FIRST ? FRAME(72) : FRAME(68), t->bad);
    t->end = t->start;
    state_run(&t->end);
    all_good();
    uint32_t d = digest_state(0, &t->end, row_vague(t->row));
    d = digest(digest(d, t->end.cr2), row_memory(t->level));
    if (!check_fault(t, memory))
        return 0;
    state_run(&t->end);
    if (row_digest(t->row, &t->end) != t->good_registers ||
        row_memory(t->level) != t->good_memory) {
        complain(t, "another result behind the fault");
        return 0;
    }
    return d;
}

/* Several times: the first fault may change how the engine does it. */
static uint32_t one_kind(struct trial *t, uint32_t page, uint32_t bits)
{
    uint32_t d = 0;
    t->bad_page = page;
    t->bad = bits;
    for (unsigned n = 0; n < 5; n++) {
        uint32_t again = run_bad(t);
        if (n > 0 && again != d) {
            complain(t, "another fault the second time");
            return 0;
        }
        d = again;
        if (d == 0)
            break;
    }
    return d;
}

static uint32_t one_place(struct trial *t, uint32_t d)
{
    bool crosses = t->linear < SECOND;
    row_start(t->row, t->index, t->linear, t->linear, t->level, &t->start);
    run_good(t);
    d = digest(digest(d, t->good_registers), t->good_memory);
    for (unsigned which = 0; which <= (unsigned)crosses; which++) {
        uint32_t page = which ? FIRST : SECOND;
        d = digest(d, one_kind(t, page, 0));
        d = digest(d, one_kind(t, page, PTE_W | PTE_U));
        if (t->row->access & WRITES)
            d = digest(d, one_kind(t, page, PTE_P | PTE_U));
        if (t->level)
            d = digest(d, one_kind(t, page, PTE_P | PTE_W));
    }
    return d;
}

static void one_row(const struct row *row, unsigned index)
{
    int offsets[8];
    unsigned count = row_offsets(row, offsets, false);
    uint32_t d = 0;
    row_place(row, index);
    trial.row = row;
    trial.index = index;
    for (unsigned level = 0; level < 2; level++) {
        if (level == 0 && (row->at >= AT_ESP || row->access >> FILL_SHIFT))
            continue; /* a fault could not be pushed; and selectors are for level 3 */
        trial.level = level * 3;
        for (unsigned n = 0; n < count; n++) {
            trial.linear = SECOND + (uint32_t)offsets[n];
            d = one_place(&trial, d);
        }
    }
    print_hex(d);
    print(" page ");
    print(row->name);
    print("\n");
}

void faults_pages(void)
{
    uint32_t only = option("row", ~0u);
    for (const struct row *row = fault_rows; row < fault_rows_end; row++) {
        unsigned index = (unsigned)(row - fault_rows);
        if (row_supported(row) && (only == ~0u || only == index))
            one_row(row, index);
    }
}
