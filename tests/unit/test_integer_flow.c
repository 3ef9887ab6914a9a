// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Jumps, stack, strings, ports and faults of the integer instructions, run from guest memory.
#include "cpu_machine.h"

#include <stdlib.h>

#include "cpu/block_cache.h"
#include "cpu/insn.h"

enum { CODE = 0x5000, DATA = 0x40000, PAGE_DIRECTORY = 0x20000, PAGE_TABLE = 0x21000 };

#define UD2 "\x0f\x0b"

static void execute(struct cpu *cpu)
{
    const struct insn *i = exec_dispatch(cpu);
    while (i != NULL)
        i = i->fn(cpu, i);
}

/* Put the bytes at address and run from there to the first exception, UD2 being the planned one. */
static int run_at(struct cpu_machine *m, uint32_t address, const void *bytes, size_t length)
{
    struct cpu *cpu = m->cpu;
    memcpy(machine_at(m, address), bytes, length);
    block_cache_flush(cpu);
    cpu->eip = address;
    return RAISED(cpu, execute(cpu));
}
#define RUN(m, bytes) run_at(m, CODE, bytes UD2, sizeof(bytes UD2) - 1)

static struct cpu_machine *flat_machine(void)
{
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    m->cpu->attention = 0;
    return m;
}

static void set_limit(struct cpu *cpu, unsigned seg, uint32_t limit)
{
    cpu->seg[seg].limit = limit;
    segment_update_limits(&cpu->seg[seg]);
}

/* 16-bit stack segment with its base at 20000H. */
static void stack16(struct cpu *cpu)
{
    segment_load(cpu, SEG_SS, DATA16);
}

/* ---- control transfer ----------------------------------------------------------------------- */

TEST(relative_jumps)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    /* jmp +2 over UD2 */
    CHECK_EQ(RUN(m, "\xeb\x02" UD2 "\x90"), EXC_UD);
    CHECK_EQ(cpu->eip, CODE + 5);
    /* jmp +4; UD2 at CODE + 2; nop nop; jmp -6 */
    CHECK_EQ(RUN(m, "\xeb\x04" UD2 "\x90\x90\xeb\xfa"), EXC_UD);
    CHECK_EQ(cpu->eip, CODE + 2);
    /* 66: the target is cut to 16 bits */
    memcpy(machine_at(m, 0x5003), UD2, 2);
    CHECK_EQ(run_at(m, 0x15000, "\x66\xeb\x00" UD2, 5), EXC_UD);
    CHECK_EQ(cpu->eip, 0x5003);
    machine_destroy(m);
}

TEST(target_beyond_the_limit_faults_at_the_jump)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    set_limit(cpu, SEG_CS, 0x5fff);
    cpu->gpr[RSP] = STACK0;
    cpu->gpr[RCX] = 5;
    CHECK_EQ(RUN(m, "\xe9\xfb\x0f\x00\x00"), EXC_GP); /* jmp 6000 */
    CHECK_EQ(cpu->eip, CODE);
    CHECK_EQ(cpu->pending.error, 0);
    CHECK_EQ(RUN(m, "\xe8\xfb\x0f\x00\x00"), EXC_GP); /* call 6000 */
    CHECK_EQ(cpu->gpr[RSP], STACK0);
    poke32(m, STACK0, 0x6000);
    CHECK_EQ(RUN(m, "\xc3"), EXC_GP); /* ret */
    CHECK_EQ(cpu->gpr[RSP], STACK0);
    CHECK_EQ(cpu->eip, CODE);
    poke16(m, STACK0, 0x5010);
    memcpy(machine_at(m, 0x5010), UD2, 2);
    CHECK_EQ(RUN(m, "\x66\xc3"), EXC_UD); /* ret of 16 bits */
    CHECK_EQ(cpu->eip, 0x5010);
    CHECK_EQ(cpu->gpr[RSP], STACK0 + 2);
    /* loop to 4fff + 1000: ECX stays */
    CHECK_EQ(run_at(m, 0x5fc0, "\xe2\x7e", 2), EXC_GP);
    CHECK_EQ(cpu->gpr[RCX], 5);
    machine_destroy(m);
}

TEST(jcc_agrees_with_the_conditions)
{
    static const uint32_t flags[] = { EFLAGS_CF, EFLAGS_PF, EFLAGS_ZF,
                                      EFLAGS_SF, EFLAGS_OF, EFLAGS_AF };
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    for (unsigned set = 0; set < 64; set++) {
        uint32_t f = 0;
        for (unsigned n = 0; n < 6; n++)
            f |= bit(set, n) ? flags[n] : 0;
        bool c = f & EFLAGS_CF, z = f & EFLAGS_ZF, s = f & EFLAGS_SF, o = f & EFLAGS_OF,
             p = f & EFLAGS_PF;
        const bool conditions[8] = { o, c, z, c || z, s, p, s != o, z || s != o };
        for (unsigned cc = 0; cc < 16; cc++) {
            bool taken = conditions[cc / 2] != (cc & 1);
            uint8_t code[] = { (uint8_t)(0x70 | cc), 2, 0x0f, 0x0b, 0x0f, 0x0b };
            uint8_t near[] = { 0x0f, (uint8_t)(0x80 | cc), 2, 0, 0, 0, 0x0f, 0x0b, 0x0f, 0x0b };
            flags_set_all(cpu, f);
            CHECK_EQ(run_at(m, CODE, code, sizeof code), EXC_UD);
            CHECK_EQ(cpu->eip, CODE + (taken ? 4 : 2));
            CHECK_EQ(run_at(m, CODE, near, sizeof near), EXC_UD);
            CHECK_EQ(cpu->eip, CODE + (taken ? 8 : 6));
        }
    }
    machine_destroy(m);
}

TEST(call_and_return)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    cpu->gpr[RSP] = STACK0;
    /* push 7; call +2; UD2; inc eax; ret 4 */
    cpu->gpr[RAX] = 41;
    CHECK_EQ(RUN(m, "\x6a\x07\xe8\x02\x00\x00\x00" UD2 "\x40\xc2\x04\x00"), EXC_UD);
    CHECK_EQ(cpu->eip, CODE + 7);
    CHECK_EQ(cpu->gpr[RAX], 42);
    CHECK_EQ(cpu->gpr[RSP], STACK0);
    CHECK_EQ(peek32(m, STACK0 - 8), CODE + 7);
    /* call [esp+8] uses ESP before the push */
    poke32(m, STACK0 + 8, 0x5100);
    memcpy(machine_at(m, 0x5100), UD2, 2);
    CHECK_EQ(RUN(m, "\xff\x54\x24\x08"), EXC_UD);
    CHECK_EQ(cpu->eip, 0x5100);
    CHECK_EQ(cpu->gpr[RSP], STACK0 - 4);
    CHECK_EQ(peek32(m, STACK0 - 4), CODE + 4);
    machine_destroy(m);
}

TEST(loops_count_by_address_size)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    cpu->gpr[RCX] = 10;
    cpu->gpr[RAX] = 0;
    CHECK_EQ(RUN(m, "\x40\xe2\xfd"), EXC_UD); /* inc eax; loop -3 */
    CHECK_EQ(cpu->gpr[RAX], 10);
    CHECK_EQ(cpu->gpr[RCX], 0);
    cpu->gpr[RCX] = 0x50002;
    cpu->gpr[RAX] = 0;
    CHECK_EQ(RUN(m, "\x40\x67\xe2\xfc"), EXC_UD); /* inc eax; a16 loop -4 */
    CHECK_EQ(cpu->gpr[RAX], 2);
    CHECK_EQ(cpu->gpr[RCX], 0x50000);
    /* a16 jcxz +2: CX alone is looked at */
    CHECK_EQ(RUN(m, "\x67\xe3\x02" UD2), EXC_UD);
    CHECK_EQ(cpu->eip, CODE + 5);
    CHECK_EQ(RUN(m, "\xe3\x02" UD2), EXC_UD);
    CHECK_EQ(cpu->eip, CODE + 2);
    cpu->gpr[RCX] = 10;
    flags_set_all(cpu, 0);
    CHECK_EQ(RUN(m, "\xe1\xfe"), EXC_UD); /* loope -2 */
    CHECK_EQ(cpu->gpr[RCX], 9);
    CHECK_EQ(RUN(m, "\xe0\xfe"), EXC_UD); /* loopne -2 */
    CHECK_EQ(cpu->gpr[RCX], 0);
    machine_destroy(m);
}

TEST(sixteen_bit_code)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    far_jump(cpu, 0, CODE, 2, 0);
    cpu->attention = 0;
    cpu->gpr[RSP] = 0xffff0000 | STACK0;
    /* jmp +2 at the end of the segment goes on at its start */
    memcpy(machine_at(m, 2), UD2, 2);
    CHECK_EQ(run_at(m, 0xfffe, "\xeb\x02", 2), EXC_UD);
    CHECK_EQ(cpu->eip, 2);
    /* call +2; UD2; inc ax; ret: a word on the stack */
    cpu->gpr[RAX] = 0x1ffff;
    CHECK_EQ(RUN(m, "\xe8\x02\x00" UD2 "\x40\xc3"), EXC_UD);
    CHECK_EQ(cpu->eip, CODE + 3);
    CHECK_EQ(cpu->gpr[RAX], 0x10000);
    CHECK_EQ(cpu->gpr[RSP], 0xffff0000 | STACK0);
    CHECK_EQ(peek16(m, STACK0 - 2), CODE + 3);
    /* o32 jmp beyond 64 KiB */
    CHECK_EQ(RUN(m, "\x66\xe9\x00\x00\x01\x00"), EXC_GP);
    CHECK_EQ(cpu->eip, CODE);
    /* a32 mov eax,[esi*2+10]: a doubleword with both prefixes */
    cpu->gpr[RSI] = 0x3000;
    poke32(m, 0x6010, 0x89abcdef);
    CHECK_EQ(RUN(m, "\x66\x67\x8b\x04\x75\x10\x00\x00\x00"), EXC_UD);
    CHECK_EQ(cpu->gpr[RAX], 0x89abcdef);
    /* [bx+si-2] wraps within 64 KiB: 8000 + 8004 - 2 */
    cpu->gpr[RBX] = 0x8000;
    cpu->gpr[RSI] = 0x8004;
    CHECK_EQ(RUN(m, "\x66\xc7\x40\xfe\x44\x33\x22\x11"), EXC_UD);
    CHECK_EQ(peek32(m, 2), 0x11223344);
    machine_destroy(m);
}

/* ---- stack ----------------------------------------------------------------------------------- */

TEST(pop_memory_sees_esp_incremented)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    cpu->gpr[RSP] = STACK0;
    poke32(m, STACK0, 0x12345678);
    CHECK_EQ(RUN(m, "\x8f\x44\x24\x08"), EXC_UD); /* pop [esp+8] */
    CHECK_EQ(peek32(m, STACK0 + 12), 0x12345678);
    CHECK_EQ(cpu->gpr[RSP], STACK0 + 4);
    /* the store faults: ESP stays */
    set_limit(cpu, SEG_DS, 0xfff);
    cpu->gpr[RBX] = 0x1000;
    CHECK_EQ(RUN(m, "\x8f\x03"), EXC_GP);
    CHECK_EQ(cpu->gpr[RSP], STACK0 + 4);
    machine_destroy(m);
}

TEST(sixteen_bit_stack)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    stack16(cpu);
    for (unsigned r = 0; r < 8; r++)
        cpu->gpr[r] = 0x11110000u * r + r;
    /* SP wraps, the high half of ESP is left alone */
    cpu->gpr[RSP] = 0xabcd0000;
    CHECK_EQ(RUN(m, "\x50"), EXC_UD);
    CHECK_EQ(cpu->gpr[RSP], 0xabcdfffc);
    CHECK_EQ(peek32(m, 0x2fffc), 0);
    cpu->gpr[RSP] = 0xabcd0010;
    CHECK_EQ(RUN(m, "\x60"), EXC_UD); /* pusha: eight doublewords from 0010 down to fff0 */
    CHECK_EQ(cpu->gpr[RSP], 0xabcdfff0);
    CHECK_EQ(peek32(m, 0x20008), cpu->gpr[RCX]);
    CHECK_EQ(peek32(m, 0x2fffc), 0xabcd0010);
    CHECK_EQ(peek32(m, 0x2fff0), cpu->gpr[RDI]);
    cpu->gpr[RCX] = cpu->gpr[RDI] = 0;
    CHECK_EQ(RUN(m, "\x61"), EXC_UD);
    CHECK_EQ(cpu->gpr[RSP], 0xabcd0010);
    CHECK_EQ(cpu->gpr[RCX], 0x11110001);
    CHECK_EQ(cpu->gpr[RDI], 0x77770007);
    /* a doubleword across the end: #SS, nothing written, SP stays */
    cpu->gpr[RSP] = 0xabcd0012;
    poke32(m, 0x2000e, 0xdeadbeef);
    CHECK_EQ(RUN(m, "\x60"), EXC_SS);
    CHECK_EQ(cpu->gpr[RSP], 0xabcd0012);
    CHECK_EQ(peek32(m, 0x2000e), 0xdeadbeef);
    /* leave takes BP alone */
    cpu->gpr[RBP] = 0x99990100;
    poke32(m, 0x20100, 0x55667788);
    CHECK_EQ(RUN(m, "\xc9"), EXC_UD);
    CHECK_EQ(cpu->gpr[RSP], 0xabcd0104);
    CHECK_EQ(cpu->gpr[RBP], 0x55667788);
    machine_destroy(m);
}

TEST(enter_faults_before_it_changes_registers)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    cpu->gpr[RSP] = STACK0;
    cpu->gpr[RBP] = 0x1234;
    set_limit(cpu, SEG_SS, STACK0 + 0xff);
    CHECK_EQ(RUN(m, "\xc8\x00\x90\x00"), EXC_SS); /* enter 9000,0: the new top is below 0 */
    CHECK_EQ(cpu->gpr[RSP], STACK0);
    CHECK_EQ(cpu->gpr[RBP], 0x1234);
    CHECK_EQ(RUN(m, "\xc8\x10\x00\x00"), EXC_UD);
    CHECK_EQ(cpu->gpr[RSP], STACK0 - 4 - 16);
    CHECK_EQ(cpu->gpr[RBP], STACK0 - 4);
    machine_destroy(m);
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* Beyond the limit of DS, or a divide error: flags, registers and memory are what they were. */
TEST(faults_change_nothing)
{
    static const struct {
        const char *bytes;
        unsigned length;
        int vector;
    } cases[] = {
        { "\x01\x03", 2, EXC_GP },     /* add [ebx],eax */
        { "\x13\x03", 2, EXC_GP },     /* adc eax,[ebx] */
        { "\xf0\x01\x03", 3, EXC_GP }, /* lock add */
        { "\x87\x03", 2, EXC_GP },     /* xchg [ebx],eax */
        { "\x0f\xc1\x03", 3, EXC_GP }, /* xadd */
        { "\x0f\xb1\x13", 3, EXC_GP }, /* cmpxchg [ebx],edx */
        { "\x0f\xc7\x0b", 3, EXC_GP }, /* cmpxchg8b [ebx] */
        { "\xd3\x23", 2, EXC_GP },     /* shl [ebx],cl */
        { "\x0f\xab\x03", 3, EXC_GP }, /* bts [ebx],eax */
        { "\x0f\x44\x03", 3, EXC_GP }, /* cmovz eax,[ebx] */
        { "\xff\x33", 2, EXC_GP },     /* push [ebx] */
        { "\xff\x13", 2, EXC_GP },     /* call [ebx] */
        { "\xad", 1, EXC_GP },         /* lodsd */
        { "\xa5", 1, EXC_GP },         /* movsd */
        { "\xf7\xf7", 2, EXC_DE },     /* div edi */
        { "\xf7\xff", 2, EXC_DE },     /* idiv edi */
        { "\xd4\x00", 2, EXC_DE },     /* aam 0 */
    };
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    set_limit(cpu, SEG_DS, DATA + 2);
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        uint64_t gpr[8] = { 0x11, 0x22, 0x33, DATA, STACK0, 0x55, DATA, 0 };
        memcpy(cpu->gpr, gpr, sizeof gpr);
        flags_set_all(cpu, EFLAGS_CF | EFLAGS_ZF | EFLAGS_OF);
        poke32(m, DATA, 0x01020304);
        poke32(m, 0, 0x0a0b0c0d);
        CHECK_EQ(run_at(m, CODE, cases[n].bytes, cases[n].length), cases[n].vector);
        CHECK(memcmp(cpu->gpr, gpr, sizeof gpr) == 0);
        CHECK_EQ(flags_get_arith(cpu), EFLAGS_CF | EFLAGS_ZF | EFLAGS_OF);
        CHECK_EQ(peek32(m, DATA), 0x01020304);
        CHECK_EQ(peek32(m, 0), 0x0a0b0c0d);
        CHECK_EQ(cpu->eip, CODE);
    }
    machine_destroy(m);
}

/* LOCK on what no host atomic reaches: misaligned and across pages. */
TEST(locked_operands_anywhere)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    for (uint32_t address = DATA + 0xff8; address < DATA + 0x1004; address++) {
        poke32(m, address, 0xfffffffe);
        cpu->gpr[RBX] = address;
        cpu->gpr[RAX] = 5;
        CHECK_EQ(RUN(m, "\xf0\x01\x03"), EXC_UD);
        CHECK_EQ(peek32(m, address), 3);
        CHECK(flag_cf(cpu));
        flag_set_cf(cpu, true);
        CHECK_EQ(RUN(m, "\xf0\x11\x03"), EXC_UD); /* lock adc */
        CHECK_EQ(peek32(m, address), 9);
        CHECK_EQ(RUN(m, "\x87\x03"), EXC_UD);
        CHECK_EQ(peek32(m, address), 5);
        CHECK_EQ(cpu->gpr[RAX], 9);
    }
    /* LOCK where it is not allowed */
    CHECK_EQ(RUN(m, "\xf0\x01\xc3"), EXC_UD);
    CHECK_EQ(cpu->eip, CODE);
    machine_destroy(m);
}

/* ---- strings --------------------------------------------------------------------------------- */

static uint32_t random32(void)
{
    return (uint32_t)rand() << 16 ^ (uint32_t)rand();
}

enum { AREA = 0x4000 };

struct string_case {
    uint8_t opcode; /* of the byte form */
    uint8_t repeat;
    unsigned size;
    bool down, address16;
    uint32_t esi, edi, ecx, eax;
};

/* The definition: one element after the other. Returns how many were done. */
static uint32_t string_reference(const struct string_case *c, uint8_t *memory, uint32_t *eax,
                                 bool *compared, uint32_t *a, uint32_t *b)
{
    uint32_t mask = c->address16 ? 0xffff : 0xffffffff, step = c->down ? -c->size : c->size, n;
    *compared = false;
    *eax = c->eax;
    for (n = 0; n < (c->ecx & mask);) {
        uint8_t *source = memory + ((c->esi + n * step) & mask),
                *dest = memory + ((c->edi + n * step) & mask);
        n++;
        switch (c->opcode) {
        case 0xa4: memmove(dest, source, c->size); continue;
        case 0xaa: memcpy(dest, &c->eax, c->size); continue;
        case 0xac: memcpy(eax, source, c->size); continue;
        default: break;
        }
        *a = (uint32_t)(c->opcode == 0xae ? c->eax & size_mask(c->size) : load_le(source, c->size));
        *b = (uint32_t)load_le(dest, c->size);
        *compared = true;
        if ((*a == *b) != (c->repeat == 0xf3))
            break;
    }
    return n;
}

static void string_compare(struct cpu_machine *m, const struct string_case *c, uint8_t *memory)
{
    struct cpu *cpu = m->cpu;
    uint8_t code[8];
    unsigned length = 0;
    if (c->size == 2)
        code[length++] = 0x66;
    if (c->address16)
        code[length++] = 0x67;
    code[length++] = c->repeat;
    code[length++] = c->opcode + (c->size > 1);
    code[length++] = 0x0f;
    code[length++] = 0x0b;
    memcpy(memory, machine_at(m, 0), MIB(1));
    cpu->gpr[RSI] = c->esi;
    cpu->gpr[RDI] = c->edi;
    cpu->gpr[RCX] = c->ecx;
    cpu->gpr[RAX] = c->eax;
    cpu->eflags = EFLAGS_FIXED | (c->down ? EFLAGS_DF : 0);
    flags_set_all(cpu, EFLAGS_AF | EFLAGS_OF);

    uint32_t a = 0, b = 0, eax;
    bool compared;
    uint32_t n = string_reference(c, memory, &eax, &compared, &a, &b);
    uint32_t moved = n * (c->down ? -c->size : c->size), mask = c->address16 ? 0xffff : 0xffffffff;
    bool uses_esi = c->opcode != 0xaa && c->opcode != 0xae, uses_edi = c->opcode != 0xac;
    CHECK_EQ(run_at(m, CODE, code, length), EXC_UD);
    memcpy(memory + CODE, machine_at(m, CODE), length);
    CHECK_EQ(cpu->gpr[RCX], (c->ecx & ~mask) | ((c->ecx - n) & mask));
    CHECK_EQ(cpu->gpr[RSI], uses_esi ? (c->esi & ~mask) | ((c->esi + moved) & mask) : c->esi);
    CHECK_EQ(cpu->gpr[RDI], uses_edi ? (c->edi & ~mask) | ((c->edi + moved) & mask) : c->edi);
    CHECK_EQ(cpu->gpr[RAX], eax);
    CHECK_EQ(flag_zf(cpu), compared && a == b);
    CHECK_EQ(flag_cf(cpu), compared && a < b);
    CHECK_EQ(flag_of(cpu), !compared || (int64_t)(a ^ b) & (int64_t)(a ^ (a - b)) &
                                            (INT64_C(1) << (8 * c->size - 1)));
    if (memcmp(memory, machine_at(m, 0), MIB(1)) != 0)
        unit_fail(__FILE__, __LINE__,
                  "memory differs: opcode %x size %u esi %x edi %x ecx %x down %d a16 %d",
                  c->opcode, c->size, c->esi, c->edi, c->ecx, c->down, c->address16);
}

TEST(repeated_strings_are_element_by_element)
{
    static const uint8_t opcodes[] = { 0xa4, 0xaa, 0xac, 0xa6, 0xae };
    struct cpu_machine *m = flat_machine();
    uint8_t *memory = malloc(MIB(1));
    srand(7);
    for (unsigned n = 0; n < AREA; n++)
        *machine_at(m, DATA + n) = (uint8_t)(rand() % 3 ? 0x20 : rand() % 3);
    for (unsigned n = 0; n < 600; n++) {
        struct string_case c = {
            .opcode = opcodes[n % 5],
            .size = 1u << random32() % 3,
            .repeat = random32() & 1 ? 0xf3 : 0xf2,
            .down = random32() % 4 == 0,
            .esi = DATA + AREA / 2 + random32() % 0x1800,
            .ecx = random32() % 3 ? random32() % 0x700 : random32() % 5,
            .eax = random32() & 1 ? 0x20202020 : random32(),
        };
        c.edi =
            random32() & 1 ? DATA + AREA / 2 + random32() % 0x1800 : c.esi + random32() % 16 - 4;
        /* With 16-bit addresses the offsets wrap at 64 KiB of memory that holds nothing else. */
        if (n % 7 == 0 && n % 5 < 3) {
            c.address16 = true;
            c.esi = 0x10000 + 0xf000 + random32() % 0xf00;
            c.edi = 0x50000 + 0xa000 + random32() % 0x1000;
            c.ecx = 0x30000 + random32() % 0x40;
        }
        string_compare(m, &c, memory);
    }
    free(memory);
    machine_destroy(m);
}

TEST(repeat_stops_at_a_fault_and_resumes)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    set_limit(cpu, SEG_ES, DATA + 0x1803);
    memset(machine_at(m, DATA), 0, 0x3000);
    cpu->gpr[RDI] = DATA;
    cpu->gpr[RCX] = 0x1000;
    cpu->gpr[RAX] = 0x01010101;
    CHECK_EQ(RUN(m, "\xf3\xab"), EXC_GP); /* rep stosd */
    CHECK_EQ(cpu->gpr[RDI], DATA + 0x1804);
    CHECK_EQ(cpu->gpr[RCX], 0x1000 - 0x601);
    CHECK_EQ(cpu->eip, CODE);
    CHECK_EQ(peek32(m, DATA + 0x1800), 0x01010101);
    CHECK_EQ(peek32(m, DATA + 0x1804), 0);
    /* a count of zero touches nothing */
    cpu->gpr[RCX] = 0;
    CHECK_EQ(RUN(m, "\xf3\xab"), EXC_UD);
    CHECK_EQ(cpu->gpr[RDI], DATA + 0x1804);
    machine_destroy(m);
}

TEST(repeat_across_an_absent_page)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    for (unsigned n = 0; n < 512; n++)
        poke32(m, PAGE_TABLE + 4 * n, n << 12 | 7);
    poke32(m, PAGE_TABLE + 4 * ((DATA >> 12) + 2), 0);
    poke32(m, PAGE_DIRECTORY, PAGE_TABLE | 7);
    cpu_write_cr3(cpu, PAGE_DIRECTORY);
    cpu_write_cr0(cpu, cpu->cr0 | CR0_PG);
    cpu->gpr[RSI] = DATA + 0x4000;
    cpu->gpr[RDI] = DATA + 1;
    cpu->gpr[RCX] = 0x1000;
    memset(machine_at(m, DATA + 0x4000), 0x5a, 0x4000);
    CHECK_EQ(RUN(m, "\xf3\xa5"),
             EXC_PF); /* rep movsd: the element across the boundary writes nothing */
    CHECK_EQ(cpu->pending.error, PF_W);
    CHECK_EQ(cpu->pending.linear, DATA + 0x2000);
    CHECK_EQ(cpu->gpr[RCX], 0x1000 - 0x7ff);
    CHECK_EQ(cpu->gpr[RDI], DATA + 1 + 4 * 0x7ff);
    CHECK_EQ(cpu->gpr[RSI], DATA + 0x4000 + 4 * 0x7ff);
    CHECK_EQ(*machine_at(m, DATA + 0x1ffc), 0x5a);
    CHECK_EQ(*machine_at(m, DATA + 0x1ffd), 0);
    machine_destroy(m);
}

/* SDM 2A CLFLUSH: "allowed to flush a linear address in an execute-only segment" */
TEST(clflush_takes_execute_only_segments)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    cpu->seg[SEG_CS].attributes &= (uint16_t)~ATTR_READABLE;
    segment_update_limits(&cpu->seg[SEG_CS]);
    cpu->gpr[RSI] = DATA;
    CHECK_EQ(RUN(m, "\x2e\x8b\x06"), EXC_GP);
    CHECK_EQ(RUN(m, "\x2e\x0f\xae\x3e"), EXC_UD);
    cpu->seg[SEG_DS].attributes = 0;
    segment_update_limits(&cpu->seg[SEG_DS]);
    CHECK_EQ(RUN(m, "\x0f\xae\x3e"), EXC_GP);
    machine_destroy(m);
}

/* The pages of all slots are missing: silicon names the first one's address. */
TEST(popa_faults_at_its_lowest_slot)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    for (unsigned n = 0; n < 512; n++)
        poke32(m, PAGE_TABLE + 4 * n, n << 12 | 7);
    poke32(m, PAGE_TABLE + 4 * (DATA >> 12), 0);
    poke32(m, PAGE_TABLE + 4 * ((DATA >> 12) + 1), 0);
    poke32(m, PAGE_DIRECTORY, PAGE_TABLE | 7);
    cpu_write_cr3(cpu, PAGE_DIRECTORY);
    cpu_write_cr0(cpu, cpu->cr0 | CR0_PG);
    cpu->gpr[RSP] = DATA + 0xff0;
    cpu->gpr[RDI] = 7;
    CHECK_EQ(RUN(m, "\x61"), EXC_PF);
    CHECK_EQ(cpu->pending.linear, DATA + 0xff0);
    CHECK_EQ(cpu->gpr[RSP], DATA + 0xff0);
    CHECK_EQ(cpu->gpr[RDI], 7);
    machine_destroy(m);
}

/* An interrupt is asked for: one element, EIP at the instruction. */
TEST(repeat_gives_way_to_attention)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    struct insn insn;
    CHECK_EQ(insn_decode(&insn, (const uint8_t *)"\xf3\xa4", 2, MODE_CS32, NULL), 2);
    cpu->attention = ATTENTION_INTR;
    cpu->block_eip = 0x777;
    cpu->gpr[RSI] = DATA;
    cpu->gpr[RDI] = DATA + 0x100;
    cpu->gpr[RCX] = 2;
    CHECK(insn.fn(cpu, &insn) == NULL);
    CHECK_EQ(cpu->eip, 0x777);
    CHECK_EQ(cpu->gpr[RCX], 1);
    CHECK(insn.fn(cpu, &insn) == NULL);
    CHECK_EQ(cpu->eip, 0x779);
    CHECK_EQ(cpu->gpr[RCX], 0);
    CHECK_EQ(cpu->gpr[RDI], DATA + 0x102);
    machine_destroy(m);
}

/* ---- ports ----------------------------------------------------------------------------------- */

struct port {
    unsigned reads, writes;
    uint8_t written[64];
};

static bool port_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct port *port = opaque;
    *value = (0x1000 * size + offset * 0x100 + port->reads++) & size_mask(size);
    return true;
}

static bool port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct port *port = opaque;
    (void)offset;
    store_le(port->written + port->writes, size, value);
    port->writes += size;
    return true;
}

TEST(ports)
{
    static const struct region_desc desc = { "test", 8, 1, 4, port_read, port_write };
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    struct port port = { 0 };
    region_map_io(m->memory, 1 << SPACE_PORTS, &desc, &port, 0x70, 0);
    cpu->gpr[RAX] = 0x11223344;
    CHECK_EQ(RUN(m, "\xe4\x71"), EXC_UD); /* in al,71h */
    CHECK_EQ(cpu->gpr[RAX], 0x11223300);
    cpu->gpr[RDX] = 0xffff0072;
    CHECK_EQ(RUN(m, "\x66\xed"), EXC_UD); /* in ax,dx */
    CHECK_EQ(cpu->gpr[RAX], 0x11222201);
    CHECK_EQ(RUN(m, "\xef"), EXC_UD); /* out dx,eax */
    CHECK_EQ(port.writes, 4);
    CHECK_EQ(load_le32(port.written), 0x11222201);
    /* rep insw, rep outsb */
    cpu->gpr[RDX] = 0x70;
    cpu->gpr[RDI] = DATA;
    cpu->gpr[RCX] = 3;
    CHECK_EQ(RUN(m, "\xf3\x66\x6d"), EXC_UD);
    CHECK_EQ(peek16(m, DATA), 0x2002);
    CHECK_EQ(peek16(m, DATA + 4), 0x2004);
    CHECK_EQ(cpu->gpr[RDI], DATA + 6);
    CHECK_EQ(cpu->gpr[RCX], 0);
    cpu->gpr[RSI] = DATA + 5;
    cpu->gpr[RCX] = 2;
    port.writes = 0;
    CHECK_EQ(RUN(m, "\xfd\xf3\x6e"), EXC_UD); /* std; rep outsb */
    CHECK_EQ(port.writes, 2);
    CHECK_EQ(load_le16(port.written), 0x0420);
    CHECK_EQ(cpu->gpr[RSI], DATA + 3);
    /* INS to where no store is possible does not read the port */
    cpu->eflags &= ~EFLAGS_DF;
    set_limit(cpu, SEG_ES, DATA);
    cpu->gpr[RDI] = DATA;
    cpu->gpr[RCX] = 2;
    port.reads = 0;
    CHECK_EQ(RUN(m, "\xf3\x6c"), EXC_GP);
    CHECK_EQ(port.reads, 1);
    CHECK_EQ(cpu->gpr[RCX], 1);
    machine_destroy(m);
}

TEST(ports_need_permission)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    machine_user(m, EFLAGS_FIXED);
    cpu->attention = 0;
    poke16(m, TSS + 102, 0x2ff); /* no bitmap within the limit */
    CHECK_EQ(RUN(m, "\xec"), EXC_GP);
    CHECK_EQ(RUN(m, "\xee"), EXC_GP);
    cpu->gpr[RCX] = 1;
    CHECK_EQ(RUN(m, "\xf3\x6c"), EXC_GP);
    CHECK_EQ(RUN(m, "\xf3\x6e"), EXC_GP);
    cpu->gpr[RCX] = 0;
    CHECK_EQ(RUN(m, "\xf3\x6e"), EXC_UD);
    machine_destroy(m);
}

/* ---- code that changes itself --------------------------------------------------------------- */

TEST(store_into_the_next_instruction)
{
    struct cpu_machine *m = flat_machine();
    struct cpu *cpu = m->cpu;
    cpu->gpr[RAX] = 0;
    /* mov byte [CODE+8],7; mov al,1 of which the 1 becomes 7 */
    CHECK_EQ(RUN(m, "\xc6\x05\x08\x50\x00\x00\x07\xb0\x01"), EXC_UD);
    CHECK_EQ(cpu->gpr[RAX], 7);
    /* rep stosb over itself: what follows becomes 40 40: inc eax twice */
    cpu->gpr[RAX] = 0x40;
    cpu->gpr[RCX] = 2;
    cpu->gpr[RDI] = CODE + 2;
    CHECK_EQ(RUN(m, "\xf3\xaa\x90\x90"), EXC_UD);
    CHECK_EQ(cpu->gpr[RAX], 0x42);
    machine_destroy(m);
}
