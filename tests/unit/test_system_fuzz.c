// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random system code over random descriptors: the processor's own invariants hold, whatever a guest does.
#include "cpu_machine.h"

#include <stdlib.h>

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

/* Opcodes that this floor's system side executes, ModRM and immediates being random bytes. */
static const char *const opcodes[] = {
    "\x0f\x00", "\x0f\x01", "\x0f\x02", "\x0f\x03", "\x0f\x06", "\x0f\x20", "\x0f\x21", "\x0f\x22", "\x0f\x23",
    "\x0f\x30", "\x0f\x32", "\x0f\x34", "\x0f\x35", "\x0f\xa0", "\x0f\xa1", "\x0f\xa8", "\x0f\xa9", "\x0f\xaa",
    "\x0f\xb2", "\x0f\xb4", "\x0f\xb5", "\x06",     "\x07",     "\x0e",     "\x16",     "\x17",     "\x1e",
    "\x1f",     "\x62",     "\x63",     "\x66\xcf", "\x8c",     "\x8e",     "\x9a",     "\x9c",     "\x9d",
    "\xc4",     "\xc5",     "\xca",     "\xcb",     "\xcc",     "\xcd",     "\xce",     "\xcf",     "\xea",
    "\xf1",     "\xfa",     "\xfb",     "\xff",     "\x66",     "\x67",     "\xf3\xa5", "\xa5",     "\xe4",
    "\xe6",     "\xec",     "\xee",     "\x50",     "\x58",     "\x89",     "\x8b",     "\xe8",     "\xc3",
};

static void random_descriptor(struct cpu_machine *m, uint32_t at, uint64_t *seed)
{
    static const uint8_t access[] = { 0x9a, 0x92, 0xfa, 0xf2, 0x9e, 0x96, 0x82, 0x89, 0x8b, 0x81,
                                      0x83, 0x84, 0xec, 0xe5, 0x8e, 0xef, 0xee, 0x86, 0xe6, 0x85 };
    uint64_t r = next_random(seed);
    unsigned a = r & 15 ? access[(r >> 4) % sizeof access] : (r >> 8) & 0xff;
    if (!(a & 0x10) && (a & 4)) { /* a gate */
        set_gate(m, at, (r >> 12) & 0xff, 0x5000 + ((r >> 20) & 0xfff), a, (r >> 32) & 3);
        return;
    }
    static const uint32_t bases[] = { 0, 0, 0, TSS, TSS_B, LDT, 0x10000 };
    uint32_t limit = (r & 0x10000) ? 0xfffff : (r >> 20) & 0xffff;
    set_descriptor(m, at, 0, bases[(r >> 36) % ARRAY_SIZE(bases)], limit, a, (r >> 44) & 15);
}

static void randomize(struct cpu_machine *m, uint64_t *seed)
{
    struct cpu *cpu = m->cpu;
    for (unsigned n = 8; n < 0x100; n += 8)
        random_descriptor(m, GDT + n, seed);
    for (unsigned n = 0; n < 4; n++)
        random_descriptor(m, LDT + n * 8, seed);
    for (unsigned n = 0; n < 0x800; n += 8)
        if (next_random(seed) & 1)
            random_descriptor(m, IDT + n, seed);
    for (unsigned n = 0; n < 0x100; n += 4)
        if (next_random(seed) & 1)
            poke32(m, TSS_B + n, next_random(seed) & 0xff7f);
    for (uint32_t a = 0x5000; a < 0x7000;) {
        const char *op = opcodes[next_random(seed) % ARRAY_SIZE(opcodes)];
        memcpy(machine_at(m, a), op, strlen(op));
        a += (uint32_t)strlen(op);
        for (unsigned n = next_random(seed) % 4; n > 0; n--)
            *machine_at(m, a++) = (uint8_t)next_random(seed);
    }
    for (uint32_t a = STACK0 - 64; a < STACK0 + 64; a += 4)
        poke32(m, a, next_random(seed) & (next_random(seed) & 1 ? 0x3ff7f : 0xff));
    for (unsigned n = 0; n < 8; n++)
        cpu->gpr[n] = next_random(seed) & (next_random(seed) & 1 ? 0xffff : 0xffffffff);
    cpu->gpr[RSP] = STACK0 - 32;
    cpu->gpr[RAX] &= 0xff;
    cpu->eip = 0x5000 + next_random(seed) % 0x1000;
    /* Paging: 4 MiB pages at 10000H, or PAE pointers that may have reserved bits. */
    for (unsigned n = 0; n < 1024; n++)
        poke32(m, 0x10000 + 4 * n, (next_random(seed) & 0xe7) | 0x80 | (n < 2 ? 3 : 0));
    cpu->cr3 = 0x10000;
    eflags_write(cpu, (uint32_t)next_random(seed) & (EFLAGS_ARITH | EFLAGS_TF | EFLAGS_NT | EFLAGS_IOPL | EFLAGS_IF),
                 ~0u);
}

static bool check_invariants(struct cpu *cpu)
{
    unsigned before = 0;
#define HOLDS(condition)                                               \
    do {                                                               \
        if (!(condition)) {                                            \
            unit_fail(__FILE__, __LINE__, "%s", #condition);           \
            before++;                                                  \
        }                                                              \
    } while (0)
    HOLDS(cpu->gpr[REG_ZERO] == 0);
    for (unsigned n = 0; n < 8; n++)
        HOLDS(cpu->gpr[n] >> 32 == 0);
    HOLDS(cpu->eip >> 32 == 0);
    HOLDS((cpu->eflags & EFLAGS_ARITH) == 0 && (cpu->eflags & EFLAGS_FIXED));
    HOLDS((cpu->eflags & 0xffc08028u) == 0);
    HOLDS(cpu->cpl <= 3);
    HOLDS(cpu->cr0 & CR0_PE || cpu->cpl == 0);
    HOLDS(cpu->cr0 & CR0_PE || !(cpu->cr0 & CR0_PG));
    HOLDS(!(cpu->eflags & EFLAGS_VM) || (cpu->cpl == 3 && (cpu->cr0 & CR0_PE)));
    HOLDS(cpu->tlb == cpu->tlbs[cpu->cpl == 3]);
    HOLDS(cpu->mode == (cpu->seg[SEG_CS].attributes & ATTR_DB ? MODE_CS32 : 0));
    HOLDS(cpu->stack_mask == (cpu->seg[SEG_SS].attributes & ATTR_DB ? 0xffffffff : 0xffff));
    HOLDS(cpu->pending.delivering == -1 && (cpu->pending.vector == -1));
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        struct segment s = cpu->seg[n];
        segment_update_limits(&s);
        HOLDS(s.read_max == cpu->seg[n].read_max && s.write_max == cpu->seg[n].write_max);
        HOLDS(s.translation == cpu->seg[n].translation);
        HOLDS(s.base >> 32 == 0);
    }
    return before == 0;
}

/* A step may end with an exception still to be delivered: the run loop takes it in the next one. */
static void settle(struct cpu *cpu)
{
    for (unsigned n = 0; n < 4 && cpu->pending.vector >= 0; n++)
        if (__builtin_setjmp(cpu->jump) == 0)
            exception_deliver_pending(cpu);
}

TEST(random_system_code)
{
    const char *text = getenv("FUZZ_SEED"), *rounds_text = getenv("FUZZ_ROUNDS");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 0x9e3779b97f4a7c15;
    unsigned rounds = rounds_text ? (unsigned)atoi(rounds_text) : 400;
    for (unsigned round = 0; round < rounds; round++) {
        uint64_t first = seed;
        struct cpu_machine *m = machine_create("max");
        machine_protect(m);
        if (next_random(&seed) % 8 == 0)
            cpu_write_cr0(m->cpu, m->cpu->cr0 & ~CR0_PE);
        else if (next_random(&seed) % 2)
            machine_user(m, 0x202);
        randomize(m, &seed);
        for (unsigned n = 0; n < 60 && m->shutdowns == 0; n++) {
            cpu_step(m->cpu);
            settle(m->cpu);
            if (!check_invariants(m->cpu)) {
                unit_fail(__FILE__, __LINE__, "step %u of FUZZ_SEED=0x%" PRIx64 " FUZZ_ROUNDS=1", n, first);
                break;
            }
            if (m->cpu->halted)
                m->cpu->halted = false;
            if (next_random(&seed) % 32 == 0)
                cpu_raise_smi(m->cpu);
            if (next_random(&seed) % 32 == 0)
                cpu_raise_nmi(m->cpu);
        }
        machine_destroy(m);
    }
}
