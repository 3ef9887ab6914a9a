// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Unmasked exceptions of x87 and SSE: what a signal handler finds in the saved state, and what it changes there.
#include "report.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

/* What Linux gives a 32-bit program: FNSAVE's image, and behind it FXSAVE's from its beginning. */
struct frame {
    uint32_t control, status, tag, instruction, code, operand, data;
    uint8_t registers[8][10];
    uint16_t status_at_signal, magic;
    struct {
        uint16_t control, status, tag, opcode;
        uint32_t addresses[4];
    } fx;
    uint32_t mxcsr, reserved;
    uint8_t fx_registers[8][16], xmm[8][16];
};

static volatile sig_atomic_t signals_seen;

static void print_saved(const struct frame *f)
{
    print_line(
        "  control %04x status %04x tag %04x, of FXSAVE %04x %04x %02x opcode %03x, mxcsr %08x",
        f->control & 0xffff, f->status & 0xffff, f->tag & 0xffff, f->fx.control, f->fx.status,
        f->fx.tag & 0xff, f->fx.opcode & 0x7ff, f->mxcsr);
    printf("  ");
    for (unsigned n = 0; n < 8; n++)
        print_register(f->registers[n]);
    print_line(";");
}

/* All exceptions are masked and those there are forgotten, so that the program goes on. */
static void on_exception(int number, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    struct frame *f = (struct frame *)context->uc_mcontext.fpregs;
    signals_seen++;
    print_line(" signal %d code %d", number, info->si_code);
    print_saved(f);
    f->control |= 0x3f;
    f->status &= ~0x80ffu;
    f->mxcsr = (f->mxcsr | 0x1f80) & ~0x3fu;
    __asm__ volatile("fninit"); /* the handler's own */
}

static void catch_exceptions(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_exception;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGFPE, &action, NULL);
}

static const float denormal = 0x1p-140f, small = 0x1p-126f, great = 0x1.fp127f;
static const double three = 3;

/* With one exception unmasked; the state behind it, and how often there was a signal. */
#define X87_CASE(name, unmasked, instructions, ...)                                                \
    do {                                                                                           \
        uint16_t control_ = 0x37f & ~(unmasked), status_;                                          \
        uint8_t st_[10];                                                                           \
        signals_seen = 0;                                                                          \
        print_line("%s unmasked %02x", name, unmasked);                                            \
        __asm__ volatile("fninit\n\tfldpi\n\tfldcw %[control]\n\t" instructions                    \
                         "\n\tfwait\n\tfnstsw %[status]\n\tfstpt %[st]\n\tfninit"                  \
                         : [st] "=m"(st_), [status] "=m"(status_)                                  \
                         : [control] "m"(control_), ##__VA_ARGS__);                                \
        printf(" signals %d, status %04x, ", (int)signals_seen, status_);                          \
        print_register(st_);                                                                       \
        print_line(";");                                                                           \
    } while (0)

enum { IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32 };

static void test_x87_exceptions(void)
{
    for (unsigned all = 0; all < 2; all++) {
        unsigned more = all ? IE | DE | ZE | OE | UE | PE : 0;
        X87_CASE("0 / 0", IE | more, "fldz\n\tfldz\n\tfdivp");
        X87_CASE("a register that is empty", IE | more, "fadd %%st(3), %%st");
        X87_CASE("one value too many", IE | more,
                 "fld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1");
        X87_CASE("a denormal operand", DE | more, "flds %[d]", [d] "m"(denormal));
        X87_CASE("1 / 0", ZE | more, "fld1\n\tfldz\n\tfdivrp");
        X87_CASE(
            "a store that overflows", OE | more,
            "flds %[g]\n\tfmul %%st, %%st\n\tfsts %[o]", [g] "m"(great), [o] "m"((float){ 0 }));
        X87_CASE(
            "a store that underflows", UE | more,
            "flds %[s]\n\tfmul %%st, %%st\n\tfsts %[o]", [s] "m"(small), [o] "m"((float){ 0 }));
        X87_CASE("1 / 3", PE | more, "fld1\n\tfdivl %[t]", [t] "m"(three));
        X87_CASE("the sine of pi", PE | more, "fldpi\n\tfsin");
        X87_CASE("an integer that does not fit", IE | more,
                 "flds %[g]\n\tfistpl %[o]\n\tfld1", [g] "m"(great), [o] "m"((int){ 0 }));
    }
}

static const float four_zeros[4] __attribute__((aligned(16))) = { 0 };
static const float values[4] __attribute__((aligned(16))) = { 1, 0x1p-140f, 0x1.fp127f, 3 };

#define SSE_CASE(name, unmasked, instruction)                                                      \
    do {                                                                                           \
        uint32_t mxcsr_ = 0x1f80 & ~((unmasked) << 7);                                             \
        uint32_t result_[4] __attribute__((aligned(16)));                                          \
        signals_seen = 0;                                                                          \
        print_line("%s unmasked %02x", name, unmasked);                                            \
        __asm__ volatile("ldmxcsr %[mxcsr]\n\tmovaps %[values], %%xmm0\n\tmovaps %[zeros], "       \
                         "%%xmm1\n\t" instruction                                                  \
                         "\n\tmovaps %%xmm0, %[result]\n\tstmxcsr %[mxcsr]"                        \
                         : [result] "=m"(result_), [mxcsr] "+m"(mxcsr_)                            \
                         : [values] "m"(values), [zeros] "m"(four_zeros)                           \
                         : "xmm0", "xmm1");                                                        \
        print_line(" signals %d, mxcsr %08x, %08x %08x %08x %08x", (int)signals_seen, mxcsr_,      \
                   result_[0], result_[1], result_[2], result_[3]);                                \
        mxcsr_ = 0x1f80;                                                                           \
        __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr_));                                            \
    } while (0)

static void test_sse_exceptions(void)
{
    SSE_CASE("divps by 0", ZE, "divps %%xmm1, %%xmm0");
    SSE_CASE("divps 0 / 0", IE, "divps %%xmm1, %%xmm1");
    SSE_CASE("mulps that overflows", OE, "mulps %%xmm0, %%xmm0");
    SSE_CASE("mulps that underflows", UE, "mulps %%xmm0, %%xmm0");
    SSE_CASE("addps of a denormal", DE, "addps %%xmm0, %%xmm0");
    SSE_CASE("sqrtps", PE, "sqrtps %%xmm0, %%xmm0");
    SSE_CASE("none", 0, "divps %%xmm1, %%xmm0");
}

/* A handler that uses the FPU itself, in the midst of a computation that keeps values in all registers. */
static void on_user_signal(int number)
{
    long double sum = 0;
    for (int n = 1; n < 50; n++)
        sum += 1.0L / n;
    signals_seen += number == SIGUSR1 && sum > 4;
}

static void test_handler_computes(void)
{
    uint8_t st[8][10];
    signal(SIGUSR1, on_user_signal);
    signals_seen = 0;
    __asm__ volatile(
        "fninit\n\tfld1\n\tfldl2t\n\tfldl2e\n\tfldpi\n\tfldlg2\n\tfldln2\n\tfldz\n\tfld1");
    raise(SIGUSR1);
    for (unsigned n = 0; n < 8; n++)
        __asm__ volatile("fstpt %0" : "=m"(st[n]));
    print_line("a handler that computes: %d", (int)signals_seen);
    for (unsigned n = 0; n < 8; n++)
        print_register(st[n]);
    print_line(";");
}

void test_signals(void)
{
    catch_exceptions();
    test_x87_exceptions();
    test_sse_exceptions();
    test_handler_computes();
}
