// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The guest's FPU state in the host's registers: moved there and back, and who has to ask for it.
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "cpu/access.h"
#include "cpu/simd/simd.h"
#include "cpu/system.h"
#include "host/host.h"
#include "translator/internal.h"

#define DATA 0x00400000u
#define PAGE 4096u

static struct cpu *cpu;
static uint8_t *memory;
static const struct engine engine = { .fpu_save = fpu_save };
static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint64_t random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1du;
}

static const struct insn *stop(struct cpu *c, const struct insn *i)
{
    (void)c;
    return i;
}

static void start(void)
{
    if (cpu == NULL) {
        cpu = host_alloc(sizeof *cpu);
        memory = aligned_alloc(PAGE, PAGE);
        cpu->bus.lock = host_lock_create();
    }
    struct host_lock *lock = cpu->bus.lock;
    memset(cpu, 0, sizeof *cpu);
    memset(memory, 0, PAGE);
    cpu->bus.lock = lock;
    cpu->engine = &engine;
    for (unsigned s = 0; s < SEG_COUNT; s++)
        cpu->seg[s] =
            (struct segment){ .limit = 0xffffffff,
                              .attributes = ATTR_S | ATTR_P | ATTR_DB | ATTR_G | ATTR_WRITABLE,
                              .read_max = INT64_MAX,
                              .write_max = INT64_MAX };
    cpu->cr0 = CR0_PE | CR0_NE | CR0_ET;
    cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
    cpu->xcr0 = 3;
    cpu->mode = MODE_CS32;
    cpu->tlb = cpu->tlbs[0];
    for (unsigned n = 0; n < TLB_SIZE; n++)
        cpu->tlb[n] = (struct tlb_entry){ TLB_INVALID, TLB_INVALID, 0 };
    *tlb_entry(cpu, DATA) =
        (struct tlb_entry){ tlb_tag(DATA), tlb_tag(DATA), (uint64_t)(uintptr_t)memory - DATA };
    cpu->gpr[RBX] = DATA;
    fpu_reset(cpu, false);
    fpu_set_control(cpu, 0x037f);
    cpu->fpu.empty = 0xff;
    cpu_update_fpu_closed(cpu);
}

static struct insn decode(const char *bytes, unsigned size)
{
    uint8_t padded[16] = { 0 };
    struct insn i;
    memcpy(padded, bytes, size);
    CHECK(insn_decode(&i, padded, sizeof padded, MODE_CS32, NULL) > 0);
    return i;
}

/* ---- there and back -------------------------------------------------------------------------- */

static struct f80 random_f80(void)
{
    static const uint16_t exponents[] = { 0, 0x8000, 0x7fff, 0xffff, 1, 0x3fff, 0xbfff, 0x4005 };
    static const uint64_t significands[] = { 0, 1, UINT64_C(1) << 63, UINT64_C(3) << 62 };
    uint64_t r = random64();
    return (struct f80){ r & 1 ? random64() : significands[r >> 1 & 3],
                         r & 8 ? (uint16_t)(r >> 32) : exponents[r >> 4 & 7] };
}

/* masked: the x87 may run on the host too. */
static void random_state(struct fpu *f, bool masked)
{
    f->control = (uint16_t)((random64() & 0x1f3f) | 0x40 | (masked ? 0x3f : 0));
    f->status = (uint16_t)(random64() & 0x477f);
    if (f->status & ~f->control & X87_EXCEPTIONS)
        f->status |= X87_ES | X87_B;
    f->top = random64() & 7;
    f->empty = (uint8_t)random64();
    f->opcode = random64() & 0x7ff;
    f->ip = (uint32_t)random64();
    f->dp = (uint32_t)random64();
    f->ip_selector = (uint16_t)random64();
    f->dp_selector = (uint16_t)random64();
    f->mxcsr = (uint32_t)(random64() & 0xffff) | MXCSR_MASKS;
    for (unsigned n = 0; n < 8; n++) {
        f->physical[n] = random_f80();
        if ((random64() & 3) == 0)
            f->physical[n].sign_exponent = 0xffff; /* as MMX leaves it */
        f->xmm[n] = (union vector){ .u64 = { random64(), random64() } };
    }
}

static void check_same(const struct fpu *a, const struct fpu *b)
{
    CHECK_EQ(a->control, b->control);
    CHECK_EQ(a->status, b->status);
    CHECK_EQ(a->top, b->top);
    CHECK_EQ(a->empty, b->empty);
    CHECK_EQ(a->opcode, b->opcode);
    CHECK_EQ(a->ip, b->ip);
    CHECK_EQ(a->dp, b->dp);
    CHECK_EQ(a->ip_selector, b->ip_selector);
    CHECK_EQ(a->dp_selector, b->dp_selector);
    CHECK_EQ(a->mxcsr, b->mxcsr);
    for (unsigned n = 0; n < 8; n++) {
        CHECK_EQ(a->physical[n].significand, b->physical[n].significand);
        CHECK_EQ(a->physical[n].sign_exponent, b->physical[n].sign_exponent);
        CHECK_EQ(a->xmm[n].u64[0], b->xmm[n].u64[0]);
        CHECK_EQ(a->xmm[n].u64[1], b->xmm[n].u64[1]);
    }
    for (unsigned n = 8; n < 16; n++)
        CHECK_EQ(a->xmm[n].u64[0] | a->xmm[n].u64[1], 0);
}

/* C's own control words, and an empty stack: none of the next eight pushes may overflow. */
static void check_host(void)
{
    struct {
        uint16_t control, unused1, status, unused2, tags, rest[9];
    } environment;
    uint32_t mxcsr;
    __asm__ volatile("fnstenv %0\n\tfldenv %0\n\tstmxcsr %1" : "=m"(environment), "=m"(mxcsr));
    CHECK_EQ(environment.control, 0x037f);
    CHECK_EQ(environment.tags, 0xffff);
    CHECK_EQ(mxcsr & ~0x3fu, 0x1f80);
}

TEST(round_trip)
{
    start();
    for (unsigned round = 0; round < 20000; round++) {
        bool masked = round & 1;
        random_state(&cpu->fpu, masked);
        if (round < 16)
            cpu->fpu.top = round >> 1; /* each at least once */
        struct fpu before = cpu->fpu;
        bool opened = fpu_open(cpu, masked ? FPU_X87 | FPU_SSE : FPU_SSE);
        bool live = cpu->jit.fpu_live;
        if (opened)
            fpu_sync(cpu);
        CHECK(opened && live && !cpu->jit.fpu_live);
        check_same(&cpu->fpu, &before);
        check_host();
    }
}

/* What generated code did to the registers is seen: TOP, tags, status, values. */
TEST(changes_arrive)
{
    static const union vector v = { .u64 = { 0x1122334455667788, 0x99aabbccddeeff00 } };
    start();
    cpu->fpu.top = 3;
    fpu_open(cpu, FPU_X87);
    __asm__ volatile(
        "fld1\n\tfldpi\n\tfldz\n\tfldz\n\tfdivp\n\tmovups %0, %%xmm7\n\tmovups %0, %%xmm9"
        :
        : "m"(v)
        : "xmm7", "xmm9");
    fpu_sync(cpu);
    CHECK_EQ(cpu->fpu.top, 0);
    CHECK_EQ(cpu->fpu.empty, 0xf8);
    CHECK_EQ(cpu->fpu.status & X87_EXCEPTIONS, X87_IE); /* 0 / 0 */
    CHECK_EQ(cpu->fpu.physical[2].sign_exponent, 0x3fff);
    CHECK_EQ(cpu->fpu.physical[1].significand, 0xc90fdaa22168c235);
    CHECK_EQ(cpu->fpu.physical[0].significand, UINT64_C(3) << 62);
    CHECK_EQ(cpu->fpu.xmm[7].u64[1], v.u64[1]);
    CHECK_EQ(cpu->fpu.xmm[9].u64[0], 0); /* generated code's own */
    check_host();
}

/* ---- when it may be there -------------------------------------------------------------------- */

/* Every combination, against the rules as the manual has them: SDM 3A 2.5, 13.1; SDM 1 8.1.5. */
TEST(closed_and_held)
{
    start();
    for (unsigned n = 0; n < 1u << 12; n++) {
        bool ts = n & 1, em = n & 2, osfxsr = n & 4, live = n & 8, pending = n & 16;
        unsigned x87_unmasked = n >> 5 & 7, sse_unmasked = n >> 8 & 7;
        cpu->cr0 = CR0_PE | (ts ? CR0_TS : 0) | (em ? CR0_EM : 0) | (n & 1 << 11 ? CR0_MP : 0);
        cpu->cr4 = osfxsr ? CR4_OSFXSR : 0;
        /* 0: none; 1-6: that one; 7: all */
        unsigned x87_bits = x87_unmasked == 7 ? 0x3f : x87_unmasked ? 1u << (x87_unmasked - 1) : 0;
        unsigned sse_bits = sse_unmasked == 7 ? 0x3f : sse_unmasked ? 1u << (sse_unmasked - 1) : 0;
        cpu->fpu.control = (uint16_t)(0x037f & ~x87_bits);
        cpu->fpu.status = pending ? X87_ES | X87_B : 0;
        cpu->fpu.mxcsr = 0x1f80 & ~(sse_bits << 7);
        cpu->jit.fpu_live = live;
        cpu_update_fpu_closed(cpu);
        bool x87_off = ts || em, sse_off = ts || em || !osfxsr;
        CHECK_EQ(!!cpu->jit.x87_held, x87_off || live);
        CHECK_EQ(!!cpu->jit.sse_held, sse_off || live);
        CHECK_EQ(!!cpu->jit.x87_closed, x87_off || !live || pending || x87_unmasked);
        CHECK_EQ(!!cpu->jit.sse_closed, sse_off || !live || sse_unmasked);
    }
    cpu->jit.fpu_live = false;
}

/* Opening changes nothing where instructions may not run on the host all the same. */
TEST(refused)
{
    start();
    struct fpu before = cpu->fpu;
    CHECK(fpu_closed(cpu, FPU_X87) && fpu_closed(cpu, FPU_SSE) && !fpu_closed(cpu, 0));
    cpu->cr0 |= CR0_TS;
    CHECK(!fpu_open(cpu, FPU_X87) && !fpu_open(cpu, FPU_SSE));
    cpu->cr0 &= ~CR0_TS;
    cpu->fpu.control = before.control = 0x037b;
    CHECK(!fpu_open(cpu, FPU_X87) && !fpu_open(cpu, FPU_X87 | FPU_SSE));
    CHECK(!cpu->jit.fpu_live);
    check_same(&cpu->fpu, &before);
    CHECK(fpu_open(cpu, FPU_SSE));
    CHECK(fpu_closed(cpu, FPU_X87) && !fpu_closed(cpu, FPU_SSE));
    CHECK(fpu_open(cpu, FPU_SSE)); /* it is there */
    CHECK(!fpu_open(cpu, FPU_X87));
    CHECK(cpu->jit.fpu_live);
    fpu_sync(cpu);
}

/* What runs on the host's registers, and what the executor keeps. */
TEST(kinds)
{
    static const struct {
        const char *bytes;
        unsigned kinds;
    } table[] = { { "\xd9\xe8", FPU_X87 },
                  { "\x0f\xfc\xc1", FPU_X87 },
                  { "\x0f\x58\xc1", FPU_SSE },
                  { "\xf3\x0f\xd6\xc1", FPU_X87 | FPU_SSE }, /* movq2dq */
                  { "\x9b", FPU_X87 },
                  { "\xd9\x2b", FPU_X87 },     /* fldcw */
                  { "\x0f\xae\x13", FPU_SSE }, /* ldmxcsr */
                  { "\xd9\x33", FPU_X87 },     /* fnstenv */
                  { "\x66\xd9\x23", 0 },       /* fldenv of 14 bytes */
                  { "\xdd\x33", 0 },           /* fnsave */
                  { "\x0f\xae\x03", 0 },       /* fxsave */
                  { "\x0f\xae\x2b", 0 },       /* xrstor */
                  { "\x66\x0f\xf7\xc1", 0 },   /* maskmovdqu */
                  { "\x01\xc0", 0 } };
    for (unsigned n = 0; n < ARRAY_SIZE(table); n++) {
        struct insn i = decode(table[n].bytes, (unsigned)strlen(table[n].bytes));
        CHECK_EQ(fpu_kinds(&i), table[n].kinds);
    }
}

/* ---- who asks for it ------------------------------------------------------------------------- */

/* The executor's handlers of every kind find it, and leave it in memory. */
static void executed(const char *bytes, unsigned size)
{
    struct insn insns[2] = { decode(bytes, size), { .fn = stop } };
    start();
    cpu->gpr[RAX] = 3;
    cpu->fpu.xmm[0].u32[0] = 0x3f800000;
    CHECK(fpu_open(cpu, FPU_X87));
    __asm__ volatile("fld1\n\tmovaps %%xmm0, %%xmm1" : : : "xmm1");
    insns[0].fn(cpu, &insns[0]);
    CHECK(!cpu->jit.fpu_live);
    CHECK_EQ(cpu->fpu.xmm[1].u32[0], 0x3f800000);
    CHECK_EQ(cpu->fpu.physical[7].significand, UINT64_C(1) << 63);
    check_host();
}
#define EXECUTED(bytes) executed(bytes, sizeof bytes - 1)

TEST(executor_asks)
{
    EXECUTED("\x0f\x58\xc1");
    CHECK_EQ(cpu->fpu.xmm[0].u32[0], 0x40000000); /* addps: 1 + 1 */
    EXECUTED("\xd8\xc0");
    CHECK_EQ(cpu->fpu.physical[7].sign_exponent, 0x4000); /* fadd st,st */
    EXECUTED("\xdf\xe0");
    CHECK_EQ(cpu->gpr[RAX], 7 << 11); /* fnstsw ax */
    EXECUTED("\x0f\xfc\xc1");         /* paddb mm0,mm1 */
    CHECK_EQ(cpu->fpu.empty, 0);
    EXECUTED("\xdd\x33"); /* fnsave [ebx] */
    CHECK_EQ(load_le16(memory + 36), 0x3fff);
    EXECUTED("\xd9\x33"); /* fnstenv [ebx] */
    CHECK_EQ(load_le16(memory + 8), 0x3fff);
    EXECUTED("\x0f\xae\x03"); /* fxsave [ebx] */
    CHECK_EQ(load_le32(memory + 160 + 16), 0x3f800000);
    EXECUTED("\x0f\xae\x23"); /* xsave [ebx] */
    CHECK_EQ(load_le32(memory + 160 + 16), 0x3f800000);
    EXECUTED("\x0f\xae\x5b\x04"); /* stmxcsr [ebx+4] */
    CHECK_EQ(load_le32(memory + 4), 0x1f80);
    EXECUTED("\x9b");                 /* fwait */
    EXECUTED("\x66\x0f\x6f\x53\x10"); /* movdqa xmm2,[ebx+10h] */
}

/* ---- what it survives ------------------------------------------------------------------------ */

/* The host's registers hold `in` while function runs; what they hold then. */
static struct host_float run_with(const struct host_float *in, void (*function)(void))
{
    struct host_float out;
    register const struct host_float *from __asm__("r12") = in;
    register struct host_float *to __asm__("r13") = &out;
    __asm__ volatile("movq %%rsp, %%rbx\n\t"
                     "subq $256, %%rsp\n\t"
                     "andq $-64, %%rsp\n\t"
                     "fxrstor64 (%[from])\n\t"
                     "callq *%[function]\n\t"
                     "fxsave64 (%[to])\n\t"
                     "movq %%rbx, %%rsp\n\t"
                     "fninit"
                     : [function] "+a"(function)
                     : [from] "r"(from), [to] "r"(to)
                     : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc",
                       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "st");
    __builtin_ia32_ldmxcsr(0x1f80);
    return out;
}

static struct host_lock *lock;
static struct host_event *event;
static volatile int64_t now;

static void call_lock(void)
{
    host_lock_acquire(lock);
    host_lock_release(lock);
}
static void call_event(void)
{
    host_event_set(event);
}
static void call_clock(void)
{
    now = host_monotonic_ns();
}
static struct host_window *window;
static struct host_ram *ram;
static void call_window(void)
{
    if (window == NULL)
        return;
    host_window_map(window, 0, ram, 0, 4 * PAGE, true);
    host_window_protect(window, PAGE, PAGE, false);
    host_window_unmap(window, 0, 4 * PAGE);
    host_set_window_base(host_window_address(window));
}
static void sink(void *opaque, const char *text, size_t length)
{
    volatile double *sum = opaque;
    char line[64];
    *sum += (double)length / 3;
    snprintf(line, sizeof line, "%s %f %Lf", text, *sum, (long double)*sum);
}
static volatile double sum;
static const struct log a_log = { .sink = sink, .opaque = (void *)(uintptr_t)&sum };
static void call_log(void)
{
    log_write(&a_log, "%u\n", 7u);
}
static void call_aside(void)
{
    struct host_float kept;
    host_float_set_aside(&kept);
    __asm__ volatile("fldpi\n\tfstp %%st(0)\n\txorps %%xmm3, %%xmm3" : : : "xmm3");
    host_float_give_back(&kept);
}

/* Each alignment and length: what fills or looks at memory may choose its instructions by them. */
static uint8_t from_here[2048], to_there[2048];
static volatile int differ;
static void call_memory_functions(void)
{
    for (volatile size_t length = 0; length < 1024; length = length * 5 / 4 + 1)
        for (volatile size_t at = 0; at < 64; at += 7) {
            memset(from_here + at, 1, length);
            memcpy(to_there, from_here + at, length);
            memmove(to_there + at, to_there, length);
            differ |= memcmp(to_there + at, from_here, length);
        }
}

static __attribute__((noinline)) void use(volatile uint8_t *byte)
{
    *byte = 1;
}

/* Arrays whose lives end before their function's, at each alignment of the stack. */
static __attribute__((noinline)) void use_stack(size_t depth)
{
    for (volatile unsigned n = 0; n < 2; n++) {
        uint8_t array[4096 + 32];
        use(array + depth);
    }
    for (volatile unsigned n = 0; n < 2; n++) {
        uint8_t array[512];
        use(array + depth);
    }
    if (depth > 0)
        use_stack(depth - 1);
}
static void call_stack(void)
{
    use_stack(20);
}

static void *jump[5];
static __attribute__((noinline)) void jump_back(void)
{
    uint8_t array[256];
    use(array + 255);
    __builtin_longjmp(jump, 1);
}
static void call_jump(void)
{
    if (__builtin_setjmp(jump) == 0)
        jump_back();
}

/* What host.h says of locks, events and the clock; the log, whose sink is hosted code; and what the
 * compiler, or a sanitizer, puts in. */
TEST(host_calls)
{
    static void (*const calls[])(void) = {
        call_lock,
        call_event,
        call_clock,
        call_window,
        call_log,
        call_aside,
        call_memory_functions,
        call_stack,
        call_jump,
    };
    struct host_float in;
    lock = host_lock_create();
    event = host_event_create();
    ram = host_ram_create(4 * PAGE);
    window = host_window_create(4 * PAGE);
    __asm__ volatile("fxsave64 %0" : "=m"(in));
    for (unsigned n = 0; n < ARRAY_SIZE(calls); n++)
        calls[n](); /* the dynamic linker's work */
    for (unsigned n = 0; n < ARRAY_SIZE(calls); n++) {
        for (unsigned at = 32; at < 416; at += 8)
            store_le64(in.registers + at, random64());
        for (unsigned r = 0; r < 8; r++) /* reserved */
            memset(in.registers + 32 + 16 * r + 10, 0, 6);
        store_le16(in.registers, 0x0f7f);
        store_le16(in.registers + 2, 0x2845);
        in.registers[4] = 0xa5;
        store_le32(in.registers + 24, 0xffa1);
        struct host_float out = run_with(&in, calls[n]);
        CHECK(memcmp(in.registers, out.registers, 5) == 0);
        CHECK(memcmp(in.registers + 24, out.registers + 24, 4) == 0);
        CHECK(memcmp(in.registers + 32, out.registers + 32, 384) == 0);
    }
    CHECK(sum != 0 && now != 0);
    host_window_destroy(window);
    host_ram_destroy(ram);
    host_event_destroy(event);
    host_lock_destroy(lock);
}
