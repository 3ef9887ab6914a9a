// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The integer handlers against the host's own processor, in a 32-bit code segment.
#include "cpu_machine.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/utsname.h>

/*
 * Each row of the opcode table with only registers, flags and data memory in it is encoded with
 * random operands, run by the processor and by decoder and handler, and all that the manual
 * defines is compared. The code runs natively by a far jump to Linux's 32-bit user code segment,
 * so that DAA, PUSHA and 40-4F exist there too. A mapping below 4 GiB holds, page by page: the
 * thunk, its variables, a stack for the thunk, and MEMORY_PAGES of data and stack for the
 * instruction. The executor has RAM with a copy of the last part at the same addresses.
 */
#define PAGE         4096u
#define MEMORY_PAGES 8u
#define MEMORY_SIZE  (MEMORY_PAGES * PAGE)
/*
 * The instruction's stack begins at a multiple of 64 KiB: 16-bit pushes of a 32-bit stack cross
 * it.
 */
#define LOW_ADDRESS    (0x20000000u - 9 * PAGE)
#define CS32           0x23
#define DS32           0x2b
#define FLAGS_COMPARED (EFLAGS_ARITH | EFLAGS_DF)

struct registers {
    uint32_t gpr[8], eflags;
};

struct variables {
    struct registers in, out;
    uint64_t host_rsp;
    struct {
        uint32_t offset;
        uint16_t selector;
    } __attribute__((packed)) enter;
};

static uint8_t *low;
static struct variables *variables;
static uint8_t *native_memory, *copied_memory;
static uint32_t memory_address;
static uint8_t *thunk_insn; /* where the instruction goes */
static uint64_t random_state = 0x9e3779b97f4a7c15u;
static sigjmp_buf native_fault;
static volatile sig_atomic_t in_native;
static struct cpu *cpu;
static struct cpu_machine *machine;

static uint32_t random32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

/* Values at which carries, signs and counts change, and others. */
static uint32_t random_value(void)
{
    static const uint32_t edges[] = { 0,          1,          2,          7,         8,
                                      9,          0xf,        0x10,       0x11,      0x1f,
                                      0x20,       0x7f,       0x80,       0xff,      0x100,
                                      0x7fff,     0x8000,     0xffff,     0x10000,   0x7fffffff,
                                      0x80000000, 0x80000001, 0xfffffffe, 0xffffffff };
    uint32_t r = random32();
    return r & 3 ? edges[(r >> 2) % ARRAY_SIZE(edges)] ^ (r & 0x300 ? 0 : random32()) : random32();
}

/* ---- the native side ------------------------------------------------------------------------ */

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    store_le32(p, v);
    return p + 4;
}

static uint8_t *put(uint8_t *p, const char *bytes, size_t length)
{
    memcpy(p, bytes, length);
    return p + length;
}
#define PUT(p, bytes) put(p, bytes, sizeof(bytes) - 1)

static uint32_t low32(const void *p)
{
    return (uint32_t)(uintptr_t)p;
}

/* From the thunk's start up to the instruction. */
static void thunk_begin(void)
{
    uint8_t *p = low;
    p = PUT(p, "\x53\x55\x41\x54\x41\x55\x41\x56\x41\x57");             /* push rbx rbp r12-r15 */
    p = put32(PUT(p, "\x48\x89\x24\x25"), low32(&variables->host_rsp)); /* mov [host_rsp],rsp */
    p = put32(PUT(p, "\xff\x2c\x25"), low32(&variables->enter));        /* jmp far [enter] */
    variables->enter.offset = low32(p);
    variables->enter.selector = CS32;
    p = PUT(put32(PUT(p, "\xb8"), DS32),
            "\x8e\xd8\x8e\xc0");                      /* mov eax,DS32; mov ds,eax; mov es,eax */
    p = put32(PUT(p, "\xbc"), low32(low + 3 * PAGE)); /* mov esp */
    p = PUT(put32(PUT(p, "\xff\x35"), low32(&variables->in.eflags)),
            "\x9d"); /* push [in.eflags]; popf */
    for (unsigned r = 0; r < 8; r++) {
        p = PUT(p, "\x8b");
        *p++ = (uint8_t)(r << 3 | 5); /* mov r,[in.gpr] */
        p = put32(p, low32(&variables->in.gpr[r]));
    }
    thunk_insn = p;
}

/* The instruction and the way back. */
static void thunk_finish(const uint8_t *insn, unsigned length)
{
    uint8_t *p = put(thunk_insn, (const char *)insn, length);
    for (unsigned r = 0; r < 8; r++) {
        p = PUT(p, "\x89");
        *p++ = (uint8_t)(r << 3 | 5); /* mov [out.gpr],r */
        p = put32(p, low32(&variables->out.gpr[r]));
    }
    p = put32(PUT(p, "\xbc"), low32(low + 3 * PAGE)); /* mov esp */
    p = PUT(put32(PUT(p, "\x9c\x8f\x05"), low32(&variables->out.eflags)),
            "\xfc\xea"); /* pushf; pop [out.eflags]; cld; jmp far */
    uint8_t *target = p + 6;
    p = put32(p, low32(target));
    p = PUT(p, "\x33\x00");
    p = put32(PUT(p, "\x48\x8b\x24\x25"), low32(&variables->host_rsp)); /* mov rsp,[host_rsp] */
    PUT(p, "\x41\x5f\x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3"); /* pop r15-r12 rbp rbx; ret */
}

/* A fault anywhere else is the test's own. */
static void native_signal(int number)
{
    if (in_native)
        siglongjmp(native_fault, number);
    signal(number, SIG_DFL);
}

/* The vector of the fault, -1 for none. */
static int native_run(const uint8_t *insn, unsigned length, const struct registers *in,
                      struct registers *out)
{
    thunk_finish(insn, length);
    variables->in = *in;
    int number = sigsetjmp(native_fault, 1); /* a translator's handler may be in between */
    if (number == 0) {
        in_native = 1;
        ((void (*)(void))low)();
        *out = variables->out;
    }
    in_native = 0;
    return number == 0 ? -1 : number == SIGFPE ? EXC_DE : number == SIGILL ? EXC_UD : EXC_GP;
}

struct test_case {
    const struct opcode *row;
    uint8_t bytes[16];
    unsigned length;
    struct registers in;
};

/* ---- the executor's side -------------------------------------------------------------------- */

static const struct insn *stop(struct cpu *c, const struct insn *i)
{
    (void)c;
    return i;
}

static void executor_state(const struct registers *in)
{
    for (unsigned r = 0; r < 8; r++)
        cpu->gpr[r] = in->gpr[r];
    cpu->eflags = EFLAGS_FIXED | (in->eflags & EFLAGS_DF);
    flags_set_all(cpu, in->eflags);
}

/*
 * Until the instruction is done: a repeated one leaves after each element, for attention is
 * asked all the time.
 */
static int executor_run(struct insn *insns, const struct registers *in, struct registers *out)
{
    executor_state(in);
    insns[1] = (struct insn){ .fn = stop };
    cpu->block_eip = 0x1000;
    cpu->attention = ATTENTION_EXIT;
    int vector =
        RAISED(cpu, while (insns[0].fn(cpu, &insns[0]) == NULL && cpu->eip == cpu->block_eip));
    if (vector >= 0)
        return vector;
    for (unsigned r = 0; r < 8; r++) {
        CHECK_EQ(cpu->gpr[r] >> 32, 0);
        out->gpr[r] = reg32(cpu, r);
    }
    out->eflags = cpu_eflags(cpu);
    return -1;
}

/* The same by the engine under test: in guest memory, at an address that had no code yet, before UD2. */
static int engine_run(const struct test_case *c, struct registers *out)
{
    enum { CODE = 0x100000, CODE_END = 0x1f0000, PLACE = 32 };
    static uint32_t at = CODE_END;
    if (at == CODE_END) {
        block_cache_flush(cpu);
        at = CODE;
    }
    uint32_t begin = at, end = begin + c->length;
    at += PLACE;
    memcpy(machine_at(machine, begin), c->bytes, c->length);
    memcpy(machine_at(machine, end), "\x0f\x0b", 2);
    executor_state(&c->in);
    cpu->eip = begin;
    cpu->attention = 0;
    int vector = RAISED(cpu, {
        const struct insn *i = exec_dispatch(cpu);
        while (i != NULL)
            i = i->fn(cpu, i);
    });
    for (unsigned r = 0; r < 8; r++) {
        CHECK_EQ(cpu->gpr[r] >> 32, 0);
        out->gpr[r] = reg32(cpu, r);
    }
    out->eflags = cpu_eflags(cpu);
    return vector == EXC_UD && cpu->eip == end ? -1 : vector;
}

static bool setup(void)
{
    static uint8_t signal_stack[64 * 1024];
    struct utsname host;
    if (low != NULL)
        return true;
    if (uname(&host) != 0 || strcmp(host.machine, "x86_64") != 0)
        return false;
    low = mmap((void *)LOW_ADDRESS, 3 * PAGE + MEMORY_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (low == MAP_FAILED) {
        low = NULL;
        return false;
    }
    variables = (struct variables *)(low + PAGE);
    native_memory = low + 3 * PAGE;
    memory_address = low32(native_memory);
    for (unsigned n = 0; n < MEMORY_SIZE; n++)
        native_memory[n] = (uint8_t)random_value();
    thunk_begin();
    sigaltstack(&(stack_t){ .ss_sp = signal_stack, .ss_size = sizeof signal_stack }, NULL);
    struct sigaction action = { .sa_handler = native_signal, .sa_flags = SA_ONSTACK | SA_NODEFER };
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    struct cpu_machine *m = machine = machine_create("max");
    struct ram_block *copy = ram_create(m->memory, "copy", MEMORY_SIZE);
    region_map_ram(m->memory, 1 << SPACE_MEMORY, "copy", copy, copy, 0, memory_address, MEMORY_SIZE,
                   0);
    copied_memory = copy->host;
    memcpy(copied_memory, native_memory, MEMORY_SIZE);
    cpu = m->cpu;
    machine_protect(m);
    return true;
}

/* ---- encoding -------------------------------------------------------------------------------- */

/* Where memory operands are: in the middle, so that bit strings reach both ways. */
#define DATA_ADDRESS  (memory_address + 2 * PAGE)
#define STACK_ADDRESS (memory_address + 6 * PAGE)

static bool row_has(const struct opcode *row, enum operand operand)
{
    return row->operand[0] == operand || row->operand[1] == operand || row->operand[2] == operand;
}

static void emit(struct test_case *c, uint64_t value, unsigned size)
{
    store_le(c->bytes + c->length, size, value);
    c->length += size;
}

/* A bit string: the register may take the access far away from the address. */
static bool is_bit_string(const struct opcode *row)
{
    return row->map == MAP_0F && (row->opcode & 0xe7) == 0xa3;
}

/* Memory: [disp32], or [EBX+disp8], or [ESI+EDI*4+disp32]. */
static void emit_memory(struct test_case *c, unsigned reg)
{
    uint32_t address = DATA_ADDRESS + (random32() & 0xff);
    switch (is_bit_string(c->row) ? 0 : random32() % 3) {
    case 0:
        emit(c, reg << 3 | 5, 1);
        emit(c, address, 4);
        break;
    case 1: {
        int8_t disp = (int8_t)random32();
        emit(c, 0x40 | reg << 3 | RBX, 1);
        emit(c, (uint8_t)disp, 1);
        c->in.gpr[RBX] = address - (uint32_t)disp;
        break;
    }
    default:
        emit(c, 0x80 | reg << 3 | 4, 1);
        emit(c, 2 << 6 | RDI << 3 | RSI, 1);
        emit(c, address - c->in.gpr[RSI] - 4 * c->in.gpr[RDI], 4);
        break;
    }
}

static unsigned random_register(bool byte)
{
    unsigned r;
    do
        r = random32() & 7;
    while (r == RSP && !byte); /* ESP as an operand: by the stack rows alone */
    return r;
}

static void emit_operands(struct test_case *c, bool size16, bool lock)
{
    const struct opcode *row = c->row;
    bool byte_rm = row_has(row, OPERAND_Eb), byte_reg = row_has(row, OPERAND_Gb);
    if (row->modrm) {
        unsigned reg = row->reg != REG_ANY ? row->reg : random_register(byte_reg);
        bool memory = lock || row->mod == MOD_MEM || (row->mod == MOD_ANY && random32() & 1);
        if (memory) {
            if (is_bit_string(row))
                c->in.gpr[reg] = (uint32_t)(int16_t)c->in.gpr[reg];
            emit_memory(c, reg);
        } else {
            emit(c, 0xc0 | reg << 3 | (row->rm != RM_ANY ? row->rm : random_register(byte_rm)), 1);
        }
    }
    for (unsigned n = 0; n < 3; n++) {
        switch (row->operand[n]) {
        case OPERAND_Ib:
        case OPERAND_sIb: emit(c, random_value(), 1); break;
        case OPERAND_Iw: emit(c, random_value() & 0x3ff, 2); break;
        case OPERAND_Iz:
        case OPERAND_Iv: emit(c, random_value(), size16 ? 2 : 4); break;
        case OPERAND_Ob:
        case OPERAND_Ov: emit(c, DATA_ADDRESS + (random32() & 0xff), 4); break;
        default: break;
        }
    }
}

/* Registers that point to something, for rows that use them without saying. */
static void place_pointers(struct test_case *c)
{
    const struct opcode *row = c->row;
    bool stack = (row->opcode >= 0x50 && row->opcode <= 0x61) || row->opcode == 0x68 ||
                 row->opcode == 0x6a || row->opcode == 0x8f || row->opcode == 0xc8 ||
                 row->opcode == 0xc9 || row->opcode == 0xff;
    c->in.gpr[RSP] = STACK_ADDRESS + (random32() & 0xff);
    if (row->map == MAP_1B && stack)
        c->in.gpr[RBP] = STACK_ADDRESS + (random32() & 0xff);
    if (row->map == MAP_1B && row->opcode == 0xd7)
        c->in.gpr[RBX] = DATA_ADDRESS;
    if (row->attributes & OP_STRING) {
        c->in.gpr[RSI] = DATA_ADDRESS + (random32() & 0xff);
        c->in.gpr[RDI] =
            random32() & 1 ? DATA_ADDRESS + (random32() & 0xff) : c->in.gpr[RSI] + (random32() & 7);
        c->in.gpr[RCX] = random32() & 0x3f;
    }
    /* Division: quotients that fit, mostly. */
    if (row->map == MAP_1B && (row->opcode & 0xfe) == 0xf6 && row->reg >= 6 && random32() & 3)
        c->in.gpr[RDX] = random32() & 1 ? 0 : (uint32_t)((int32_t)c->in.gpr[RAX] >> 31);
}

static void make_case(struct test_case *c, const struct opcode *row)
{
    *c = (struct test_case){ .row = row };
    bool size16 = random32() % 3 == 0, lock = row->attributes & OP_LOCK && random32() & 1;
    for (unsigned r = 0; r < 8; r++)
        c->in.gpr[r] = random_value();
    c->in.eflags = EFLAGS_FIXED | (random32() & FLAGS_COMPARED);
    place_pointers(c);
    if (lock)
        emit(c, 0xf0, 1);
    if (size16)
        emit(c, 0x66, 1);
    if (row->prefix == PFX_F2 || row->prefix == PFX_F3)
        emit(c, row->prefix == PFX_F2 ? 0xf2 : 0xf3, 1);
    if (row->map == MAP_0F)
        emit(c, 0x0f, 1);
    bool in_opcode = row->operand[0] == OPERAND_Zv || row->operand[0] == OPERAND_Zb;
    emit(c,
         row->opcode | (in_opcode ? random_register(row->operand[0] == OPERAND_Zb ||
                                                    row->opcode == 0x50 || row->opcode == 0x58)
                                  : 0),
         1);
    emit_operands(c, size16, lock);
}

/* ---- comparison ----------------------------------------------------------------------------- */

static void report(const struct test_case *c, const char *what, uint32_t native, uint32_t executor)
{
    char text[400];
    unsigned n = 0;
    for (unsigned b = 0; b < c->length; b++)
        n += (unsigned)snprintf(text + n, sizeof text - n, "%02x ", c->bytes[b]);
    for (unsigned r = 0; r < 8; r++)
        n += (unsigned)snprintf(text + n, sizeof text - n, " %08x", c->in.gpr[r]);
    unit_fail(__FILE__, __LINE__, "%s: %s: processor %x, executor %x; bytes %s eflags %x",
              c->row->mnemonic, what, native, executor, text, c->in.eflags);
}

/* Bits of the count that the instruction takes, for rows of shifts. */
static unsigned shift_count(const struct test_case *c)
{
    return (row_has(c->row, OPERAND_CL)   ? c->in.gpr[RCX]
            : row_has(c->row, OPERAND_I1) ? 1
                                          : c->bytes[c->length - 1]) &
           31;
}

static bool is_shift(const struct opcode *row)
{
    return row->map == MAP_1B ? (row->opcode & 0xfe) == 0xc0 || (row->opcode & 0xfc) == 0xd0
                              : row->opcode == 0xa4 || row->opcode == 0xa5 || row->opcode == 0xac ||
                                    row->opcode == 0xad;
}

/* What the manual leaves undefined in this case. */
static uint32_t undefined_flags(const struct test_case *c)
{
    uint32_t undefined = c->row->flags_undefined;
    if (is_shift(c->row)) {
        unsigned count = shift_count(c);
        if (count == 0)
            return 0;
        if (count == 1)
            undefined &= ~EFLAGS_OF;
    }
    return undefined;
}

static bool skipped(const struct test_case *c)
{
    bool size16 = c->bytes[0] == 0x66;
    if (c->row->map == MAP_0F && c->row->opcode == 0xc8 && size16)
        return true; /* BSWAP of 16 bits is undefined */
    return c->row->map == MAP_0F && is_shift(c->row) && size16 && shift_count(c) > 16;
}

static void compare(const struct test_case *c)
{
    struct insn insns[2];
    struct registers native = { 0 }, executor = { 0 };
    int length = insn_decode(&insns[0], c->bytes, c->length, MODE_CS32, NULL);
    if (length != (int)c->length) {
        report(c, "length", c->length, (uint32_t)length);
        return;
    }
    insns[0].offset = 0;
    int native_vector = native_run(c->bytes, c->length, &c->in, &native);
    int vector = cpu->engine == NULL ? executor_run(insns, &c->in, &executor) : engine_run(c, &executor);
    if (native_vector != vector) {
        report(c, "exception", (uint32_t)native_vector, (uint32_t)vector);
    } else if (vector < 0) {
        for (unsigned r = 0; r < 8; r++)
            if (native.gpr[r] != executor.gpr[r])
                report(c, "register", native.gpr[r], executor.gpr[r]);
        uint32_t mask = FLAGS_COMPARED & ~undefined_flags(c);
        if ((native.eflags ^ executor.eflags) & mask)
            report(c, "flags", native.eflags & mask, executor.eflags & mask);
    }
    if (memcmp(native_memory, copied_memory, MEMORY_SIZE) != 0) {
        unsigned n = 0;
        while (native_memory[n] == copied_memory[n])
            n++;
        report(c, "memory", native_memory[n], copied_memory[n]);
        memcpy(copied_memory, native_memory, MEMORY_SIZE);
    }
}

/* The rows of opcodes/integer.inc come first in the table. */
#define OP(...) +1
static const unsigned integer_rows = 0
#include "cpu/opcodes/integer.inc"
    ;
#undef OP

/* Those that touch nothing but registers, arithmetic flags and memory: no jumps, no ports. */
static bool comparable(const struct opcode *row)
{
    if (row->attributes & OP_STRING)
        return row->opcode < 0x6c || row->opcode > 0x6f;
    return !(row->attributes & OP_END);
}

TEST(every_row_as_the_processor_does_it)
{
    if (!setup()) {
        fprintf(stderr, "skipped: no x86 processor, or no executable memory where it is wanted\n");
        return;
    }
    for (unsigned n = 0; n < integer_rows; n++) {
        const struct opcode *row = &opcode_table[n];
        if (!comparable(row))
            continue;
        for (unsigned k = 0; k < 1000; k++) {
            struct test_case c;
            make_case(&c, row);
            if (!skipped(&c))
                compare(&c);
        }
    }
    /* Of each block the executor does UD2; if it did more, this would compare it a second time. */
    const struct translator_counts *counts = translator_counts(cpu);
    if (counts != NULL)
        CHECK(counts->translations > 100000 && counts->executed < counts->translations * 5 / 4);
}
