// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// 80-bit arithmetic on the host's own x87.
#include "host/float.h"

/*
 * Each operation starts from an empty host stack, loads the given control word, runs the one
 * instruction and takes the status word. FNCLEX costs ten times an addition, so it is run only
 * where it has to be: before, if flags are set that may not be reported; after, if an unmasked
 * exception is pending (ES), for the next waiting instruction would take #MF. Flags left behind
 * are masked in the host's own control word. Operands travel as 80-bit loads and stores, which
 * raise nothing and change nothing. ST(0) is freed at the end where an unmasked exception may
 * have kept the instruction from popping.
 */
static const uint16_t host_control = 0x037f;

/* FXSAVE's image holds all of the guest's: only hosts have upper halves of the vector registers. */
void host_float_set_aside(struct host_float *kept)
{
    static const uint32_t standard = 0x1f80;
    __asm__ volatile("fxsave64 %[kept]\n\tfninit\n\tldmxcsr %[standard]"
                     : [kept] "=m"(*kept)
                     : [standard] "m"(standard)
                     : "memory");
}

void host_float_give_back(const struct host_float *kept)
{
    __asm__ volatile("fxrstor64 %[kept]" : : [kept] "m"(*kept) : "memory");
}

#define X87_CLOBBER \
    "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "cc", "memory"
#define X87_BEGIN "fnstsw %%ax\n\ttestb %[stale], %%al\n\tjz 1f\n\tfnclex\n1:\tfldcw %[control]\n\t"
#define X87_STATUS "fnstsw %%ax\n\ttestb %%al, %%al\n\tjns 2f\n\tfnclex\n2:\t"
#define X87_END "fldcw %[host]"

/* Flags that must not be there at the start. */
static inline uint8_t stale_flags(uint32_t environment)
{
    return (uint8_t)(0x3f & ~(environment >> 16));
}

/* text runs with the operands named a, b and out. */
#define X87_RUN(text, ...)                                                                \
    uint16_t status;                                                                      \
    __asm__ volatile(X87_BEGIN text X87_END                                               \
                     : [status] "=&a"(status)                                             \
                     : [control] "m"(environment), [stale] "q"(stale_flags(environment)), \
                       [host] "m"(host_control), ##__VA_ARGS__                            \
                     : X87_CLOBBER);                                                      \
    return status

/*
 * a = a op b with b an 80-bit real, and with b a 32- or 64-bit real in memory, whose own
 * denormals and NaNs count.
 */
#define BINARY(name, op)                                                            \
    uint16_t float_##name(uint32_t environment, struct f80 *a, const struct f80 *b) \
    {                                                                               \
        X87_RUN("fldt (%[b])\n\tfldt (%[a])\n\t" op " %%st(1), %%st\n\t" X87_STATUS \
                "fstpt (%[a])\n\tfstp %%st(0)\n\t", [a] "r"(a), [b] "r"(b));        \
    }                                                                               \
    uint16_t float_##name##_f32(uint32_t environment, struct f80 *a, uint32_t b)    \
    {                                                                               \
        X87_RUN("fldt (%[a])\n\t" op "s %[b]\n\t" X87_STATUS "fstpt (%[a])\n\t",    \
                [a] "r"(a), [b] "m"(b));                                            \
    }                                                                               \
    uint16_t float_##name##_f64(uint32_t environment, struct f80 *a, uint64_t b)    \
    {                                                                               \
        X87_RUN("fldt (%[a])\n\t" op "l %[b]\n\t" X87_STATUS "fstpt (%[a])\n\t",    \
                [a] "r"(a), [b] "m"(b));                                            \
    }
BINARY(add, "fadd")
BINARY(mul, "fmul")
BINARY(sub, "fsub")
BINARY(subr, "fsubr")
BINARY(div, "fdiv")
BINARY(divr, "fdivr")

/* Of ST(0) by ST(1), without popping. */
#define BY_ST1(name, op)                                                            \
    uint16_t float_##name(uint32_t environment, struct f80 *a, const struct f80 *b) \
    {                                                                               \
        X87_RUN("fldt (%[b])\n\tfldt (%[a])\n\t" op "\n\t" X87_STATUS               \
                "fstpt (%[a])\n\tfstp %%st(0)\n\t",                                 \
                [a] "r"(a), [b] "r"(b));                                            \
    }
BY_ST1(prem, "fprem")
BY_ST1(prem1, "fprem1")
BY_ST1(scale, "fscale")

/* ST(1) = f(ST(1), ST(0)), pop. If it did not pop, ST(0) is b and ST(1) the unchanged a. */
#define INTO_ST1(name, op)                                                                    \
    uint16_t float_##name(uint32_t environment, struct f80 *a, const struct f80 *b)           \
    {                                                                                         \
        struct f80 r;                                                                         \
        uint16_t status;                                                                      \
        __asm__ volatile(X87_BEGIN "fldt (%[a])\n\tfldt (%[b])\n\t" op "\n\t" X87_STATUS      \
                         "fstpt (%[r])\n\tffree %%st(0)\n\t" X87_END                          \
                         : [status] "=&a"(status)                                             \
                         : [control] "m"(environment), [stale] "q"(stale_flags(environment)), \
                           [host] "m"(host_control), [a] "r"(a), [b] "r"(b), [r] "r"(&r)      \
                         : X87_CLOBBER);                                                      \
        if (!(status & ~environment & 7))                                                     \
            *a = r;                                                                           \
        return status;                                                                        \
    }
INTO_ST1(yl2x, "fyl2x")
INTO_ST1(yl2xp1, "fyl2xp1")
INTO_ST1(patan, "fpatan")

#define UNARY(name, op)                                                                 \
    uint16_t float_##name(uint32_t environment, struct f80 *a)                          \
    {                                                                                   \
        X87_RUN("fldt (%[a])\n\t" op "\n\t" X87_STATUS "fstpt (%[a])\n\t", [a] "r"(a)); \
    }
UNARY(sqrt, "fsqrt")
UNARY(round, "frndint")
UNARY(2xm1, "f2xm1")
UNARY(sin, "fsin")
UNARY(cos, "fcos")

/*
 * The new ST(0) goes to pushed, ST(1) to a. Where nothing was pushed the second store
 * underflows: FNINIT forgets it.
 */
#define UNARY_PUSH(name, op)                                                                  \
    uint16_t float_##name(uint32_t environment, struct f80 *a, struct f80 *pushed)            \
    {                                                                                         \
        struct f80 top, below;                                                                \
        uint16_t status;                                                                      \
        __asm__ volatile(X87_BEGIN "fldt (%[a])\n\t" op "\n\t" X87_STATUS                     \
                         "fstpt (%[top])\n\tfstpt (%[below])\n\tfninit"                       \
                         : [status] "=&a"(status)                                             \
                         : [control] "m"(environment), [stale] "q"(stale_flags(environment)), \
                           [a] "r"(a), [top] "r"(&top), [below] "r"(&below)                   \
                         : X87_CLOBBER);                                                      \
        if (!(status & ~environment & 7) && !(status & 1 << 10)) {                            \
            *a = below;                                                                       \
            *pushed = top;                                                                    \
        }                                                                                     \
        return status;                                                                        \
    }
UNARY_PUSH(ptan, "fptan")
UNARY_PUSH(sincos, "fsincos")

/* FXTRACT leaves C2 alone. */
uint16_t float_xtract(uint32_t environment, struct f80 *a, struct f80 *pushed)
{
    struct f80 top, below;
    uint16_t status;
    __asm__ volatile(X87_BEGIN "fldt (%[a])\n\tfxtract\n\t" X87_STATUS
                               "fstpt (%[top])\n\tfstpt (%[below])\n\tfninit"
                     : [status] "=&a"(status)
                     : [control] "m"(environment), [stale] "q"(stale_flags(environment)),
                       [a] "r"(a), [top] "r"(&top), [below] "r"(&below)
                     : X87_CLOBBER);
    if (!(status & ~environment & 7)) {
        *a = below;
        *pushed = top;
    }
    return status;
}

uint16_t float_compare(uint32_t environment, const struct f80 *a, const struct f80 *b)
{
    X87_RUN("fldt (%[b])\n\tfldt (%[a])\n\tfcom %%st(1)\n\t" X87_STATUS
            "fstp %%st(0)\n\tfstp %%st(0)\n\t",
            [a] "r"(a), [b] "r"(b));
}

uint16_t float_compare_quiet(uint32_t environment, const struct f80 *a, const struct f80 *b)
{
    X87_RUN("fldt (%[b])\n\tfldt (%[a])\n\tfucom %%st(1)\n\t" X87_STATUS
            "fstp %%st(0)\n\tfstp %%st(0)\n\t",
            [a] "r"(a), [b] "r"(b));
}

uint16_t float_compare_f32(uint32_t environment, const struct f80 *a, uint32_t b)
{
    X87_RUN("fldt (%[a])\n\tfcoms %[b]\n\t" X87_STATUS "fstp %%st(0)\n\t",
            [a] "r"(a), [b] "m"(b));
}

uint16_t float_compare_f64(uint32_t environment, const struct f80 *a, uint64_t b)
{
    X87_RUN("fldt (%[a])\n\tfcoml %[b]\n\t" X87_STATUS "fstp %%st(0)\n\t",
            [a] "r"(a), [b] "m"(b));
}

#define STORE(name, type, op)                                                        \
    uint16_t float_to_##name(uint32_t environment, const struct f80 *a, type *out)   \
    {                                                                                \
        X87_RUN("fldt (%[a])\n\t" op " (%[out])\n\t" X87_STATUS "ffree %%st(0)\n\t", \
                [a] "r"(a), [out] "r"(out));                                         \
    }
STORE(f32, uint32_t, "fstps")
STORE(f64, uint64_t, "fstpl")
STORE(s16, uint16_t, "fistps")
STORE(s32, uint32_t, "fistpl")
STORE(s64, uint64_t, "fistpll")
STORE(bcd, uint8_t, "fbstp")
