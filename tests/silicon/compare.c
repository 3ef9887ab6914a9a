// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Do silicon and guest agree on what is defined?
#include "compare.h"

#include <string.h>

#include "cpu/x87/fpu.h"
#include "tolerance.h"

/* All that a program can change, and RF, which tells faults from traps. */
#define FLAGS_COMPARED                                                                             \
    (EFLAGS_ARITH | EFLAGS_DF | EFLAGS_TF | EFLAGS_IF | EFLAGS_IOPL | EFLAGS_NT | EFLAGS_RF |      \
     EFLAGS_AC | EFLAGS_ID)

/* A program's depend on where it ended, if that was in it; INT3 points behind itself. */
uint32_t compared_flags(const struct silicon_case *c, const struct silicon_result *native)
{
    const struct silicon_undefined *u = &c->undefined;
    uint32_t here = 0, anywhere = 0;
    uint32_t offset = native->state.eip - c->in.eip - (native->vector == EXC_BP);
    bool known = u->points == 0;
    for (unsigned n = 0; n < u->points; n++) {
        anywhere |= u->point[n].flags;
        if (u->point[n].offset == offset)
            here |= u->point[n].flags, known = true;
    }
    return FLAGS_COMPARED & ~(u->flags | (known ? here : anywhere));
}

const uint8_t *native_page(const struct silicon_result *native, unsigned page)
{
    const uint8_t *from = native->changed >> page & 1 ? native->memory : layout_background();
    return from + page * LAYOUT_PAGE;
}

static bool undefined_byte(const struct silicon_case *c, uint32_t address)
{
    return address - c->undefined.memory < c->undefined.memory_length;
}

static uint32_t compare_page(const struct silicon_case *c, unsigned page, const uint8_t *a,
                             const uint8_t *b)
{
    if (memcmp(a, b, LAYOUT_PAGE) == 0)
        return 0;
    for (unsigned n = 0; n < LAYOUT_PAGE; n++)
        if (a[n] != b[n] && !undefined_byte(c, layout_page_address(page) + n))
            return DIFFERS_MEMORY;
    return 0;
}

static uint32_t compare_memory(const struct silicon_case *c, const struct silicon_result *native,
                               const struct guest *g)
{
    uint32_t d = 0;
    for (unsigned n = 0; n < LAYOUT_PAGES; n++)
        if (layout_page_kind(n) != PAGE_MISSING)
            d |= compare_page(c, n, native_page(native, n), guest_page(g, n));
    return d;
}

/* A null selector's RPL is lost whenever the kernel returns to the program. SDM 2 "IRET" */
static uint32_t compare_segments(const uint16_t *a, const uint16_t *b)
{
    for (unsigned n = 0; n < SEGMENTS; n++)
        if (a[n] != b[n] && ((a[n] | b[n]) & ~3))
            return DIFFERS_SEGMENT;
    return 0;
}

static uint32_t compare_fpu(const struct silicon_case *c, const struct fx_image *a,
                            const struct fx_image *b)
{
    uint32_t d = 0;
    if (a->control != b->control)
        d |= DIFFERS_X87_CONTROL;
    if ((a->status ^ b->status) & ~c->undefined.x87_status)
        d |= DIFFERS_X87_STATUS;
    if (a->tags != b->tags)
        d |= DIFFERS_X87_TAGS;
    /*
     * AMD's processors store them only while an unmasked exception is pending. In programs they are
     * not compared: a translation that runs on such a host's registers loses those of an
     * instruction whose exception is unmasked later.
     */
    if (c->row != NULL && a->status & X87_ES &&
        ((uint32_t)a->ip != (uint32_t)b->ip || (uint32_t)a->dp != (uint32_t)b->dp ||
         a->opcode != b->opcode))
        d |= DIFFERS_X87_POINTERS;
    for (unsigned n = 0; n < 8; n++)
        if (a->st[n].significand != b->st[n].significand ||
            a->st[n].sign_exponent != b->st[n].sign_exponent)
            d |= DIFFERS_ST;
    if (memcmp(a->xmm, b->xmm, 8 * sizeof a->xmm[0]) != 0)
        d |= DIFFERS_XMM;
    if (a->mxcsr != b->mxcsr)
        d |= DIFFERS_MXCSR;
    return d;
}

static bool has_error(int32_t vector)
{
    return vector == EXC_DF || (vector >= EXC_TS && vector <= EXC_PF) || vector == EXC_AC;
}

uint32_t compare(const struct silicon_case *c, const struct silicon_result *native,
                 const struct silicon_result *guest, const struct guest *g)
{
    const struct silicon_state *a = &native->state, *b = &guest->state;
    uint32_t d = 0;
    if (c->undefined.everything)
        return 0;
    if (native->vector != guest->vector)
        d |= DIFFERS_VECTOR;
    else if (has_error(native->vector) && native->error != guest->error)
        d |= DIFFERS_ERROR;
    else if (native->vector == EXC_PF && native->cr2 != guest->cr2)
        d |= DIFFERS_CR2;
    if (a->eip != b->eip)
        d |= DIFFERS_EIP;
    if ((a->eflags ^ b->eflags) & compared_flags(c, native))
        d |= DIFFERS_EFLAGS;
    for (unsigned n = 0; n < 8; n++)
        if ((a->gpr[n] ^ b->gpr[n]) & ~(c->undefined.gpr >> n & 1 ? c->undefined.gpr_bits : 0))
            d |= DIFFERS_GPR << n;
    d |= compare_segments(a->segment, b->segment);
    d |= compare_fpu(c, &a->fx, &b->fx);
    d |= compare_memory(c, native, g);
    return d == 0 ? 0 : d & ~tolerated(c, native, guest, d);
}
