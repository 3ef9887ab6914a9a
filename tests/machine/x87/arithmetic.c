// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Instructions of one and two operands, under each rounding and precision control, and the C library's mathematics.
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct result {
    uint8_t first[10], second[10]; /* ST(0), and ST(1) where there is one */
    uint16_t status;
};

/* Two operands are loaded, b first; what is left is stored. FRSTOR's image would do, but this is how programs do it. */
#define DEFINE(name, instruction)                                                                  \
    static void name(long double a, long double b, uint16_t control, struct result *r)             \
    {                                                                                              \
        __asm__ volatile(                                                                          \
            "fninit\n\tfldt %[b]\n\tfldt %[a]\n\tfnclex\n\tfldcw %[control]\n\t" instruction       \
            "\n\tfnstsw %[status]\n\tfnclex\n\tfldcw %[all]\n\tfstpt %[first]\n\tfstpt "           \
            "%[second]\n\t"                                                                        \
            "fninit"                                                                               \
            : [first] "=m"(r->first), [second] "=m"(r->second), [status] "=m"(r->status)           \
            : [a] "m"(a), [b] "m"(b), [control] "m"(control), [all] "m"(all_masked));              \
    }

static const uint16_t all_masked = 0x37f;
enum { PRECISION_SINGLE = 0x07f, PRECISION_DOUBLE = 0x27f, PRECISION_EXTENDED = 0x37f };

DEFINE(x87_add, "fadd %%st(1), %%st")
DEFINE(x87_sub, "fsub %%st(1), %%st")
DEFINE(x87_mul, "fmul %%st(1), %%st")
DEFINE(x87_div, "fdiv %%st(1), %%st")
DEFINE(x87_divr, "fdivr %%st, %%st(1)")
DEFINE(x87_sqrt, "fsqrt")
DEFINE(x87_prem, "fprem")
DEFINE(x87_prem1, "fprem1")
DEFINE(x87_rndint, "frndint")
DEFINE(x87_scale, "fscale")
DEFINE(x87_xtract, "fxtract")
DEFINE(x87_com, "fcom %%st(1)")
DEFINE(x87_ucom, "fucom %%st(1)")
DEFINE(x87_xam, "fxam")
DEFINE(x87_tst, "ftst")
DEFINE(x87_sin, "fsin")
DEFINE(x87_cos, "fcos")
DEFINE(x87_sincos, "fsincos")
DEFINE(x87_ptan, "fptan")
DEFINE(x87_f2xm1, "f2xm1")
/* These pop: the third is a value that is known. */
DEFINE(x87_patan, "fpatan\n\tfld1")
DEFINE(x87_yl2x, "fyl2x\n\tfld1")
DEFINE(x87_yl2xp1, "fyl2xp1\n\tfld1")

typedef void x87_fn(long double a, long double b, uint16_t control, struct result *r);
struct operation {
    const char *name;
    x87_fn *run;
};
static const struct operation arithmetic[] = {
    { "fadd", x87_add },     { "fsub", x87_sub },       { "fmul", x87_mul },
    { "fdiv", x87_div },     { "fdivr", x87_divr },     { "fsqrt", x87_sqrt },
    { "fprem", x87_prem },   { "fprem1", x87_prem1 },   { "frndint", x87_rndint },
    { "fscale", x87_scale }, { "fxtract", x87_xtract }, { "fcom", x87_com },
    { "fucom", x87_ucom },   { "fxam", x87_xam },       { "ftst", x87_tst },
};
static const struct operation transcendental[] = {
    { "fsin", x87_sin },   { "fcos", x87_cos },       { "fsincos", x87_sincos },
    { "fptan", x87_ptan }, { "f2xm1", x87_f2xm1 },    { "fpatan", x87_patan },
    { "fyl2x", x87_yl2x }, { "fyl2xp1", x87_yl2xp1 },
};

static void report(const struct operation *o, uint16_t control, long double a, long double b)
{
    struct result r;
    o->run(a, b, control, &r);
    printf("%s %03x ", o->name, control);
    print_register(&a);
    print_register(&b);
    print_register(r.first);
    print_register(r.second);
    print_line("%04x", r.status);
}

static void over_edges(const struct operation *o, uint16_t control)
{
    for (unsigned n = 0; n < edge_value_count; n++)
        for (unsigned k = 0; k < edge_value_count; k += n % 3 + 1)
            report(o, control, edge_value(n), edge_value(k));
}

static void over_values(const struct operation *o, uint16_t control, unsigned count)
{
    uint32_t seed = control + (uint32_t)o->name[1] * 65537u;
    for (unsigned n = 0; n < count; n++) {
        long double a = next_value(&seed);
        report(o, control, a, next_value(&seed));
    }
}

void test_arithmetic(void)
{
    static const uint16_t precisions[] = { PRECISION_SINGLE, PRECISION_DOUBLE, PRECISION_EXTENDED };
    for (unsigned n = 0; n < sizeof arithmetic / sizeof *arithmetic; n++) {
        over_edges(&arithmetic[n], PRECISION_EXTENDED);
        for (unsigned k = 0; k < 12; k++)
            over_values(&arithmetic[n], (uint16_t)(precisions[k % 3] | (k / 3) << 10), 12);
    }
}

/* The same functions as programs reach them. */
static void test_library(void)
{
    uint32_t seed = 1;
    for (unsigned n = 0; n < 100; n++) {
        long double a = next_value(&seed), b = next_value(&seed);
        char text[64];
        snprintf(text, sizeof text, "%.21Lg", a);
        long double again = strtold(text, NULL);
        print_line("library %La %La %La %La %La %La %La %.17Lg %d", sinl(a), expl(a),
                   logl(fabsl(a)), atan2l(a, b), powl(fabsl(a), 0.75L), cbrtl(b),
                   tgammal(fabsl(b) + 0.5L), a * b, again == a);
    }
}

void test_transcendental(void)
{
    for (unsigned n = 0; n < sizeof transcendental / sizeof *transcendental; n++) {
        over_edges(&transcendental[n], PRECISION_EXTENDED);
        over_values(&transcendental[n], PRECISION_EXTENDED, 100);
        over_values(&transcendental[n], PRECISION_EXTENDED | 3 << 10, 20);
    }
    test_library();
}
