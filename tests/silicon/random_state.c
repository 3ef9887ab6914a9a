// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A random state of registers before a case.
#include "random_state.h"

#include <string.h>

#include "base/bits.h"
#include "cpu/x87/fpu.h"
#include "values.h"

static uint16_t random_control(struct random *r, bool quiet)
{
    unsigned masks = quiet || one_in(r, 2) ? 0x3f : random_below(r, 64);
    unsigned precision = one_in(r, 2) ? 3 : random_below(r, 4);
    return (uint16_t)(0x40 | random_below(r, 4) << 10 | precision << 8 | masks);
}

static uint16_t random_status(struct random *r, uint16_t control, bool quiet)
{
    uint16_t status = (uint16_t)(random32(r) & 0x4700) | (uint16_t)(random_below(r, 8) << 11);
    if (one_in(r, 4))
        status |= (uint16_t)(random_below(r, 128) & (control | 0x40));
    if (!quiet && one_in(r, 50)) /* perhaps pending */
        status |= (uint16_t)random_below(r, 64);
    if (status & ~control & X87_EXCEPTIONS)
        status |= X87_ES | X87_B;
    return status;
}

/* Mostly a stack with some room and something on it. In physical order, as FXSAVE has them. */
static uint8_t random_tags(struct random *r, unsigned top)
{
    unsigned tags = one_in(r, 3) ? random_below(r, 256) : 0xffu >> random_below(r, 7);
    return (uint8_t)(tags << top | tags >> (8 - top));
}

static void random_fpu(struct random *r, struct fx_image *fx, bool quiet)
{
    fx->control = random_control(r, quiet);
    fx->status = random_status(r, fx->control, quiet);
    fx->tags = random_tags(r, fx->status >> 11 & 7);
    fx->mxcsr = (quiet || one_in(r, 2) ? 0x1f80 : random_below(r, 64) << 7) |
                (random32(r) & 0xe040) | (one_in(r, 2) ? random_below(r, 64) : 0);
    for (unsigned n = 0; n < 8; n++) {
        fx->st[n] = random_f80(r);
        fx->xmm[n] = random_vector(r);
    }
}

void random_state_fill(struct random *r, struct silicon_state *s, bool quiet)
{
    memset(s, 0, sizeof *s);
    random_fpu(r, &s->fx, quiet);
    for (unsigned n = 0; n < 8; n++)
        s->gpr[n] = random_value(r);
    s->eflags = EFLAGS_FIXED | EFLAGS_IF | (random32(r) & FLAGS_IN);
    for (unsigned n = 0; n < SEGMENTS; n++)
        s->segment[n] = n == SEG_CS ? FLAT_CODE : FLAT_DATA;
}
