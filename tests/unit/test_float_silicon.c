// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The x87, MMX and SSE handlers against the host's own processor, row by row of the opcode table.
#include "unit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "cpu/access.h"
#include "cpu/x87/fpu.h"

/*
 * Each row with OP_X87, OP_MMX or OP_SSE is encoded with random operands and run twice from the
 * same random state: natively, between FXRSTOR and FXSAVE, and by decoder and handler. Registers,
 * status, MXCSR, flags, memory and the fault, if any, must agree. The encodings used mean the
 * same in 64-bit code, where this program runs; memory operands are [EBX] or [EDI], in a page
 * below 4 GiB.
 */
#define PAGE 4096u
#define AMD_LEAVES_C1 "fcomi fcomip fucomi fucomip" /* the manual says they clear it */

struct fx { /* FXSAVE's image */
    uint16_t control, status;
    uint8_t tags, reserved;
    uint16_t opcode;
    uint64_t ip, dp;
    uint32_t mxcsr, mxcsr_mask;
    struct f80 st[8];
    union vector xmm[16];
    uint8_t rest[96];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct f80) == 16 && sizeof(struct fx) == 512, "layout");

struct machine {
    struct fx fx;
    uint64_t gpr[8];
    uint64_t flags;
    uint8_t memory[1024];
    int vector; /* of the fault, -1 for none */
};

struct page {
    struct fx in, out;
    uint64_t gpr_in[8], gpr_out[8], flags_in, flags_out, host_rsp;
    uint8_t memory[1024] __attribute__((aligned(64)));
};

static uint8_t *code;
static struct page *page;
static struct cpu *cpu;
static uint8_t *copied_page;
static sigjmp_buf native_fault;
static int native_vector;
static uint64_t random_state = 0x2545f4914f6cdd1d;

static uint64_t random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x9e3779b97f4a7c15u;
}
static unsigned random_below(unsigned n) { return (unsigned)(random64() >> 33) % n; }

/* ---- values at which floating point does something special ----------------------------------- */
static uint32_t random_f32(void)
{
    static const uint32_t edges[] = {0,          0x80000000, 1,          0x007fffff, 0x00800000,
                                     0x7f7fffff, 0x7f800000, 0xff800000, 0x7f800001, 0xffc00000,
                                     0x7fc12345, 0x3f800000, 0xbf800000, 0x4f000000, 0xcf000000,
                                     0x3effffff, 0x3f000001, 0x4b000001, 0x5f000000, 0x00000123,
                                     0x80400000, 0x40490fdb, 0x1f800000, 0x5f7fffff};
    uint32_t r = (uint32_t)random64();
    switch (random_below(4)) {
    case 0: return r;
    case 1: return 0x3f000000 + (r & 0x81ffffff); /* near 1 */
    default: return edges[random_below(ARRAY_SIZE(edges))] ^ (random_below(4) ? 0 : r & 0x80000003);
    }
}

static uint64_t random_f64(void)
{
    static const uint64_t edges[] = {0,
                                     0x8000000000000000,
                                     1,
                                     0x000fffffffffffff,
                                     0x0010000000000000,
                                     0x7fefffffffffffff,
                                     0x7ff0000000000000,
                                     0xfff0000000000000,
                                     0x7ff0000000000001,
                                     0xfff8000000000000,
                                     0x7ff8123456789abc,
                                     0x3ff0000000000000,
                                     0xbff0000000000000,
                                     0x41e0000000000000,
                                     0xc1e0000000000000,
                                     0x41dfffffffe00000,
                                     0x3fe0000000000000,
                                     0x4330000000000001,
                                     0x47efffffffffffff,
                                     0x36a0000000000000,
                                     0x380fffffffffffff,
                                     0x43e0000000000000,
                                     0x400921fb54442d18,
                                     0x1ff0000000000000};
    uint64_t r = random64();
    switch (random_below(4)) {
    case 0: return r;
    case 1: return 0x3fe0000000000000 + (r & 0x803fffffffffffff);
    default:
        return edges[random_below(ARRAY_SIZE(edges))] ^
               (random_below(4) ? 0 : r & 0x8000000000000003);
    }
}

static struct f80 random_f80(void)
{
    static const struct f80 edges[] = {{0, 0},
                                       {0, 0x8000},
                                       {1, 0},
                                       {0x7fffffffffffffff, 0},
                                       {0x8000000000000000, 0} /* pseudo-denormal */,
                                       {0x8000000000000000, 1},
                                       {0xffffffffffffffff, 0x7ffe},
                                       {0x8000000000000000, 0x7fff},
                                       {0x8000000000000000, 0xffff},
                                       {0x8000000000000001, 0x7fff},
                                       {0xc000000000000000, 0xffff},
                                       {0xc123456789abcdef, 0x7fff},
                                       {0, 0x7fff} /* pseudo-infinity */,
                                       {0x4000000000000000, 0x7fff},
                                       {0x4000000000000000, 0x3fff} /* unnormal */,
                                       {0x8000000000000000, 0x3fff},
                                       {0x8000000000000000, 0xbfff},
                                       {0x8000000000000000, 0x3ffe},
                                       {0xc000000000000000, 0x3fff},
                                       {0xffffffffffffffff, 0x3ffe},
                                       {0xffffff7fffffffff, 0x3ffe},
                                       {0x8000000000000000, 0x403e},
                                       {0x8000000000000000, 0xc03e},
                                       {0xde0b6b3a763ffff0, 0x403a} /* 10^18 - 1 */,
                                       {0xde0b6b3a76400000, 0x403a},
                                       {0xc90fdaa22168c235, 0x4000},
                                       {0x8000000000000000, 0x3f81},
                                       {0x8000000000000000, 0x3c01},
                                       {0xffffffffffffffff, 0x43fe},
                                       {0xffffffffffffffff, 0x407e},
                                       {0xfffe000000000000, 0x400d},
                                       {0x8000000000000000, 0x400e},
                                       {0x8000000000000000, 0x401e},
                                       {0x8000000000000000, 0x403d},
                                       {0x8000000000000000, 0x403f}};
    struct f80 v = {random64(), (uint16_t)random64()};
    switch (random_below(8)) {
    case 0: return v;
    case 1:
        return (struct f80){v.significand | 1ull << 63,
                            (uint16_t)(0x3ff8 + random_below(16)) | (v.sign_exponent & 0x8000)};
    case 2:
        return (struct f80){v.significand | 1ull << 63,
                            (uint16_t)(0x3fff + random_below(70)) | (v.sign_exponent & 0x8000)};
    case 3:
        return (struct f80){(v.significand | 1ull << 63) & ~0ull << random_below(64),
                            v.sign_exponent};
    case 4:
        return (struct f80){(uint64_t)(1 + random_below(9)) << 60 | 1ull << 63,
                            (uint16_t)(0x3fff + random_below(5))};
    default: v.significand &= random_below(4) ? 0 : 3;
        struct f80 e = edges[random_below(ARRAY_SIZE(edges))];
        return (struct f80){e.significand ^ v.significand,
                            e.sign_exponent ^ (random_below(4) ? 0 : 0x8000)};
    }
}

static union vector random_vector(void)
{
    union vector v;
    switch (random_below(4)) {
    case 0: v.u64[0] = random64(), v.u64[1] = random64(); break;
    case 1: v.u64[0] = random_f64(), v.u64[1] = random_f64(); break;
    case 2:
        for (unsigned n = 0; n < 4; n++)
            v.u32[n] = random_f32();
        break;
    default:
        for (unsigned n = 0; n < 16; n++)
            v.u8[n] = "\0\1\x7f\x80\xff\xfe\2\x41"[random_below(8)];
    }
    return v;
}

/* ---- native ---------------------------------------------------------------------------------- */
static void native_signal(int number, siginfo_t *info, void *context)
{
    const ucontext_t *u = context;
    (void)info, (void)number;
    native_vector = (int)u->uc_mcontext.gregs[REG_TRAPNO];
    memcpy(&page->out, u->uc_mcontext.fpregs, sizeof page->out);
    siglongjmp(native_fault, 1);
}

static uint8_t *put(uint8_t *p, const char *bytes, unsigned length)
{
    memcpy(p, bytes, length);
    return p + length;
}
#define PUT(p, bytes) put(p, bytes, sizeof(bytes) - 1)
static uint8_t *put_address(uint8_t *p, const void *a)
{
    store_le32(p, (uint32_t)(uintptr_t)a);
    return p + 4;
}

static void native_code(const uint8_t *insn, unsigned length)
{
    uint8_t *p = code;
    p = PUT(p, "\x53\x55\x41\x54\x41\x55\x41\x56\x41\x57"); /* push rbx rbp r12-r15 */
    p = put_address(PUT(p, "\x48\x89\x24\x25"), &page->host_rsp); /* mov [host_rsp],rsp */
    p = put_address(PUT(p, "\xff\x34\x25"), &page->flags_in); /* push [flags_in] */
    p = put_address(PUT(p, "\x0f\xae\x0c\x25"), &page->in); /* fxrstor [in] */
    for (unsigned r = 0; r < 8; r++) {
        if (r == RSP)
            continue;
        p = PUT(p, "\x48\x8b");
        *p++ = (uint8_t)(r << 3 | 4);
        p = put_address(PUT(p, "\x25"), &page->gpr_in[r]); /* mov r,[gpr_in] */
    }
    p = PUT(p, "\x9d"); /* popf */
    p = put(p, (const char *)insn, length);
    p = put_address(PUT(p, "\x0f\xae\x04\x25"), &page->out); /* fxsave [out] */
    for (unsigned r = 0; r < 8; r++) {
        if (r == RSP)
            continue;
        p = PUT(p, "\x48\x89");
        *p++ = (uint8_t)(r << 3 | 4);
        p = put_address(PUT(p, "\x25"), &page->gpr_out[r]); /* mov [gpr_out],r */
    }
    p = put_address(PUT(p, "\x9c\x8f\x04\x25"), &page->flags_out); /* pushf; pop [flags_out] */
    PUT(p, "\xdb\xe3\x41\x5f\x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3"); /* fninit; pop r15-r12 rbp rbx;
                                                                       ret */
}

static void native_run(const uint8_t *insn, unsigned length, const struct machine *in,
                       struct machine *out)
{
    native_code(insn, length);
    page->in = in->fx;
    memcpy(page->gpr_in, in->gpr, sizeof in->gpr);
    memcpy(page->gpr_out, in->gpr, sizeof in->gpr);
    memcpy(page->memory, in->memory, sizeof in->memory);
    page->flags_in = page->flags_out = in->flags;
    memset(&page->out, 0, sizeof page->out);
    native_vector = -1;
    if (sigsetjmp(native_fault, 1) == 0)
        ((void (*)(void))code)();
    static const uint32_t standard = 0x1f80;
    __asm__ volatile("fninit\n\tldmxcsr %0\n\tcld" : : "m"(standard));
    out->vector = native_vector;
    out->fx = page->out;
    memcpy(out->gpr, page->gpr_out, sizeof out->gpr);
    memcpy(out->memory, page->memory, sizeof out->memory);
    out->flags = page->flags_out;
}

/* ---- executor -------------------------------------------------------------------------------- */
static const struct insn *stop(struct cpu *c, const struct insn *i)
{
    (void)c;
    return i;
}

static void set_cpu(const struct machine *in)
{
    struct fpu *f = &cpu->fpu;
    f->control = in->fx.control;
    f->status = in->fx.status & ~(7 << 11);
    f->top = in->fx.status >> 11 & 7;
    f->empty = (uint8_t)~in->fx.tags;
    for (unsigned n = 0; n < 8; n++)
        f->physical[(f->top + n) & 7] = in->fx.st[n];
    memcpy(f->xmm, in->fx.xmm, sizeof(union vector) * 8);
    f->mxcsr = in->fx.mxcsr;
    memcpy(cpu->gpr, in->gpr, sizeof in->gpr);
    flags_set_all(cpu, (uint32_t)in->flags);
    memcpy(copied_page + offsetof(struct page, memory), in->memory, sizeof in->memory);
}

static void get_cpu(struct machine *out)
{
    struct fpu *f = &cpu->fpu;
    out->fx.control = f->control;
    out->fx.status = fpu_status(cpu);
    out->fx.tags = fpu_abridged_tags(cpu);
    for (unsigned n = 0; n < 8; n++)
        out->fx.st[n] = f->physical[(f->top + n) & 7];
    memcpy(out->fx.xmm, f->xmm, sizeof(union vector) * 8);
    out->fx.mxcsr = f->mxcsr;
    memcpy(out->gpr, cpu->gpr, sizeof out->gpr);
    out->flags = cpu_eflags(cpu);
    memcpy(out->memory, copied_page + offsetof(struct page, memory), sizeof out->memory);
}

static void executor_run(const uint8_t *bytes, const struct machine *in, struct machine *out)
{
    struct insn insns[2] = {0};
    CHECK(insn_decode(&insns[0], bytes, 15, MODE_CS32, NULL) > 0);
    insns[1].fn = stop;
    set_cpu(in);
    out->vector = -1;
    if (__builtin_setjmp(cpu->jump) == 0)
        insns[0].fn(cpu, &insns[0]);
    else
        out->vector = cpu->pending.vector;
    get_cpu(out);
}

static bool setup(void)
{
    static uint8_t signal_stack[256 * 1024];
    if (page != NULL)
        return true;
    uint8_t *low = mmap((void *)0x21000000, 3 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (low == MAP_FAILED)
        return false;
    code = low;
    page = (struct page *)(low + PAGE);
    copied_page = calloc(1, PAGE);
    sigaltstack(&(stack_t){.ss_sp = signal_stack, .ss_size = sizeof signal_stack}, NULL);
    struct sigaction action = {.sa_sigaction = native_signal, .sa_flags = SA_ONSTACK | SA_SIGINFO};
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    cpu = calloc(1, sizeof *cpu);
    for (unsigned s = 0; s < SEG_COUNT; s++)
        cpu->seg[s] =
            (struct segment){.limit = 0xffffffff,
                             .attributes = ATTR_S | ATTR_P | ATTR_DB | ATTR_G | ATTR_WRITABLE,
                             .read_max = INT64_MAX,
                             .write_max = INT64_MAX};
    cpu->cr0 = CR0_PE | CR0_NE | CR0_ET;
    cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    cpu->eflags = EFLAGS_FIXED;
    cpu->mode = MODE_CS32;
    cpu->tlb = cpu->tlbs[0];
    uint32_t linear = (uint32_t)(uintptr_t)page;
    *tlb_entry(cpu, linear) =
        (struct tlb_entry){tlb_tag(linear), tlb_tag(linear),
                           (uint64_t)(uintptr_t)copied_page - linear};
    return true;
}

/* ---- cases ----------------------------------------------------------------------------------- */
struct test_case {
    const struct opcode *row;
    uint8_t bytes[16];
    unsigned length;
    struct machine in;
};

static bool has_operand(const struct opcode *row, enum operand operand)
{
    return row->operand[0] == operand || row->operand[1] == operand || row->operand[2] == operand;
}

static void random_fill(uint8_t *p, unsigned size)
{
    for (unsigned at = 0; at + 16 <= size; at += 16) {
        union vector v = random_vector();
        struct f80 f = random_f80();
        if (random_below(3) == 0)
            memcpy(&v, &f, 10);
        memcpy(p + at, &v, 16);
    }
}

static void random_state_of(struct machine *m)
{
    struct fx *f = &m->fx;
    memset(m, 0, sizeof *m);
    f->control =
        (uint16_t)(0x40 | random_below(4) << 10 | (random_below(2) ? 3 : random_below(4)) << 8 |
                   (random_below(2) ? 0x3f : random_below(64)));
    f->status = (uint16_t)(random64() & 0x4700) | (uint16_t)(random_below(8) << 11);
    if (random_below(4) == 0)
        f->status |= (uint16_t)(random_below(128) & (f->control | 0x40));
    if (random_below(50) == 0) /* pending */
        f->status |= (uint16_t)random_below(64);
    if (f->status & ~f->control & 0x3f)
        f->status |= 0x8080;
    f->tags = random_below(3) ? 0x7f << random_below(3) : (uint8_t)random64();
    f->tags = (uint8_t)(f->tags << (f->status >> 11 & 7) | f->tags >> (8 - (f->status >> 11 & 7)));
    for (unsigned n = 0; n < 8; n++)
        f->st[n] = random_f80(), f->xmm[n] = random_vector();
    f->mxcsr = (uint32_t)((random_below(2) ? 0x1f80 : random_below(64) << 7) |
                          (random64() & 0xe040) | (random_below(2) ? 0 : random_below(64)));
    for (unsigned r = 0; r < 8; r++)
        m->gpr[r] = random_below(2) ? random_below(20) - 2 : (uint32_t)random64();
    for (unsigned r = 0; r < 8; r++)
        m->gpr[r] = (uint32_t)m->gpr[r];
    m->flags = (random64() & EFLAGS_ARITH) | EFLAGS_FIXED | EFLAGS_IF;
    random_fill(m->memory, sizeof m->memory);
}

static void emit(struct test_case *c, unsigned byte) { c->bytes[c->length++] = (uint8_t)byte; }

static void make_case(struct test_case *c, const struct opcode *row)
{
    static const char *const maps[] = {"", "\x0f", "\x0f\x38", "\x0f\x3a"};
    static const uint8_t prefixes[] = {0, 0, 0x66, 0xf3, 0xf2};
    *c = (struct test_case){.row = row};
    random_state_of(&c->in);
    if (prefixes[row->prefix])
        emit(c, prefixes[row->prefix]);
    for (const char *m = maps[row->map]; *m; m++)
        emit(c, (uint8_t)*m);
    emit(c, row->opcode);
    bool memory = row->mod == MOD_MEM || (row->mod == MOD_ANY && random_below(2));
    unsigned reg = row->reg != REG_ANY ? row->reg : random_below(8),
             rm = row->rm != RM_ANY ? row->rm : random_below(8);
    bool general_rm = has_operand(row, OPERAND_Ed) || has_operand(row, OPERAND_Ew) ||
                      has_operand(row, OPERAND_Eb);
    if (has_operand(row, OPERAND_Gd) && reg == RSP)
        reg = RAX;
    if (general_rm && rm == RSP)
        rm = RCX;
    if (row->modrm)
        emit(c, memory ? reg << 3 | RBX : 0xc0 | reg << 3 | rm);
    if (has_operand(row, OPERAND_Ib))
        emit(c, (unsigned)random64() & (random_below(2) ? 0xff : 0x1f));
    uint32_t address = (uint32_t)(uintptr_t)page->memory +
                       (random_below(6) ? 64 * random_below(4) : random_below(256));
    if (memory)
        c->in.gpr[RBX] = address;
    if (row->opcode == 0xf7)
        c->in.gpr[RDI] = address;
    c->in.gpr[RSP] = 0;
}

/* Rows that this cannot compare: what the host's kernel or model decides, and pointers. */
static bool left_out(const struct opcode *row)
{
    static const char *const names[] = {"fxsave",  "fxrstor", "xsave",   "xrstor",
                                        "fnstenv", "fnsave",  "fldenv",  "frstor",
                                        "fneni",   "fndisi",  "fnsetpm", "ldmxcsr"};
    for (unsigned n = 0; n < ARRAY_SIZE(names); n++) {
        if (strcmp(row->mnemonic, names[n]) == 0)
            return true;
    }
    return false;
}

static void print_state(const char *title, const struct machine *m)
{
    printf("  %-8s cw %04x sw %04x tags %02x mxcsr %04x flags %03x vector %d\n", title,
           m->fx.control, m->fx.status, m->fx.tags, m->fx.mxcsr, (unsigned)m->flags & 0xfff,
           m->vector);
    for (unsigned n = 0; n < 8; n++)
        printf("    %u st %04x:%016" PRIx64 " xmm %016" PRIx64 "%016" PRIx64 " gpr %08x\n", n,
               m->fx.st[n].sign_exponent, m->fx.st[n].significand, m->fx.xmm[n].u64[1],
               m->fx.xmm[n].u64[0], (unsigned)m->gpr[n]);
}

static bool same(const struct test_case *c, const struct machine *a, const struct machine *b)
{
    const struct opcode *row = c->row;
    bool ok = a->vector == b->vector && a->fx.control == b->fx.control &&
              a->fx.tags == b->fx.tags && a->fx.mxcsr == b->fx.mxcsr &&
              !memcmp(a->fx.xmm, b->fx.xmm, sizeof(union vector) * 8) &&
              !memcmp(a->memory, b->memory, sizeof a->memory);
    ok &=
        ((a->fx.status ^ b->fx.status) & ~(strstr(AMD_LEAVES_C1, row->mnemonic) ? X87_C1 : 0)) == 0;
    ok &= ((a->flags ^ b->flags) & EFLAGS_ARITH & ~(uint64_t)row->flags_undefined) == 0;
    for (unsigned n = 0; n < 8; n++) {
        ok &= a->fx.st[n].significand == b->fx.st[n].significand &&
              a->fx.st[n].sign_exponent == b->fx.st[n].sign_exponent;
        ok &= n == RSP || a->gpr[n] == b->gpr[n];
    }
    return ok;
}

static bool run_case(const struct test_case *c)
{
    static struct machine native, executor;
    native_run(c->bytes, c->length, &c->in, &native);
    executor_run(c->bytes, &c->in, &executor);
    if (same(c, &native, &executor))
        return true;
    printf("%s:", c->row->mnemonic);
    for (unsigned n = 0; n < c->length; n++)
        printf(" %02x", c->bytes[n]);
    printf("\n");
    print_state("before", &c->in);
    print_state("silicon", &native);
    print_state("executor", &executor);
    if (memcmp(native.memory, executor.memory, sizeof native.memory)) {
        for (unsigned n = 0; n < sizeof native.memory; n++) {
            if (native.memory[n] != executor.memory[n])
                printf("  memory[%u]: silicon %02x executor %02x\n", n, native.memory[n],
                       executor.memory[n]);
        }
    }
    return false;
}

static void run_rows(unsigned attribute, unsigned not_attribute, unsigned times)
{
    struct test_case c;
    if (!setup()) {
        printf("skipped: no memory at a fixed low address\n");
        return;
    }
    const char *many = getenv("BMBT_TEST_CASES"), *only = getenv("BMBT_TEST_ROW");
    if (many != NULL)
        times = (unsigned)atoi(many);
    for (unsigned r = 0; r < opcode_count; r++) {
        const struct opcode *row = &opcode_table[r];
        if (!(row->attributes & attribute) || row->attributes & not_attribute || left_out(row) ||
            (only != NULL && strcmp(only, row->mnemonic) != 0))
            continue;
        unsigned failed = 0;
        for (unsigned n = 0; n < times && !failed; n++) {
            make_case(&c, row);
            failed += !run_case(&c);
        }
        if (failed)
            unit_fail(__FILE__, __LINE__, "%s (%02x /%u) differs from silicon", row->mnemonic,
                      row->opcode, row->reg);
    }
}

TEST(x87_like_silicon) { run_rows(OP_X87, 0, 500); }
TEST(mmx_like_silicon) { run_rows(OP_MMX, 0, 200); }
TEST(sse_like_silicon) { run_rows(OP_SSE, OP_MMX, 250); }
