// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A processor with 2 MiB of RAM and nothing else, for tests of its system side.
#ifndef TESTS_UNIT_CPU_MACHINE_H
#define TESTS_UNIT_CPU_MACHINE_H

#include "unit.h"

#include <stdlib.h>

#include "base/error.h"
#include "common/machine.h"
#include "cpu/access.h"
#include "cpu/block_store.h"
#include "cpu/system.h"
#include "cpu/x87/fpu.h"
#include "host/host.h"

/* Where the engine under test cannot be had on this host. */
static inline void machine_skip(const char *why)
{
    printf("skipped: %s\n", why);
    exit(77);
}

static inline void machine_attach(struct cpu_machine *m, enum engine_kind engine,
                                  const struct translator_options *options)
{
    const char *why;
    if (!cpu_machine_attach(m, engine, options, &why))
        machine_skip(why);
}

/*
 * BMBT_TEST_ENGINE chooses what executes guest code, in the words of -accel: interp (without it,
 * too), or jit,mmu= and soft, host or auto. The translator then takes each block when it is
 * entered first.
 */
static inline void machine_attach_engine(struct cpu_machine *m)
{
    static const char jit[] = "jit,mmu=";
    struct translator_options options = translator_defaults;
    const char *name = getenv("BMBT_TEST_ENGINE");
    if (name == NULL || strcmp(name, "interp") == 0)
        return;
    enum engine_kind engine = strncmp(name, jit, sizeof jit - 1) == 0
                                  ? engine_find(name + sizeof jit - 1)
                                  : ENGINE_COUNT;
    if (engine == ENGINE_COUNT || engine == ENGINE_INTERP) {
        fprintf(stderr, "BMBT_TEST_ENGINE=%s: no such engine\n", name);
        exit(EXIT_FAILURE);
    }
    options.threshold = 1;
    options.cache_size = MIB(4);
    machine_attach(m, engine, &options);
}

static inline struct cpu_machine *machine_create(const char *model_name)
{
    struct cpu_model model;
    if (!cpu_model_parse(&model, model_name, NULL))
        unit_fail(__FILE__, __LINE__, "no model %s", model_name);
    struct cpu_machine *m = cpu_machine_create(&model, MIB(2));
    machine_attach_engine(m);
    translator_enter_thread(m->cpu);
    cpu_reset(m->cpu, false);
    return m;
}

/* cpu->instructions is right: translated code does not count. */
static inline bool machine_counts(const struct cpu_machine *m)
{
    return m->cpu->engine == NULL;
}

static inline void machine_destroy(struct cpu_machine *m)
{
    cpu_machine_destroy(m);
}

static inline uint8_t *machine_at(struct cpu_machine *m, uint32_t address)
{
    return m->ram->host + address;
}
static inline uint16_t peek16(struct cpu_machine *m, uint32_t a)
{
    return load_le16(machine_at(m, a));
}
static inline uint32_t peek32(struct cpu_machine *m, uint32_t a)
{
    return load_le32(machine_at(m, a));
}
static inline void poke16(struct cpu_machine *m, uint32_t a, uint16_t v)
{
    store_le16(machine_at(m, a), v);
}
static inline void poke32(struct cpu_machine *m, uint32_t a, uint32_t v)
{
    store_le32(machine_at(m, a), v);
}

/* What the run loop does about an exception before it delivers it. */
static inline int machine_raised(struct cpu *cpu)
{
    int vector = cpu->pending.vector;
    cpu->pending.vector = cpu->pending.delivering = -1;
    cpu->code_generation &= ~GENERATION_SINGLE;
    __atomic_store_n(&cpu->jit.in_code, false, __ATOMIC_RELAXED);
    fpu_sync(cpu);
    return vector;
}

/*
 * The vector that the statement raises, -1 for none; the error code is in cpu->pending.error then.
 */
#define RAISED(cpu_, statement)                                                                    \
    ({                                                                                             \
        volatile int raised_ = -1;                                                                 \
        if (__builtin_setjmp((cpu_)->jump) == 0) {                                                 \
            statement;                                                                             \
        } else {                                                                                   \
            raised_ = machine_raised(cpu_);                                                        \
        }                                                                                          \
        raised_;                                                                                   \
    })
#define CHECK_RAISES(cpu_, vector_, error_, statement)                                             \
    do {                                                                                           \
        CHECK_EQ(RAISED(cpu_, statement), vector_);                                                \
        CHECK_EQ((cpu_)->pending.error, error_);                                                   \
    } while (0)
#define CHECK_NO_RAISE(cpu_, statement) CHECK_EQ(RAISED(cpu_, statement), -1)

/* Tables: GDT at 1000, IDT at 2000, TSS at 3000. Stacks: level 0 8000, level 3 9000. */
enum {
    GDT = 0x1000,
    IDT = 0x2000,
    TSS = 0x3000,
    TSS_B = 0x3400,
    LDT = 0x3800,
    STACK0 = 0x8000,
    STACK3 = 0x9000
};
/* Selectors. */
enum {
    CODE0 = 0x08,
    DATA0 = 0x10,
    CODE3 = 0x1b,
    DATA3 = 0x23,
    TSS_SEL = 0x28,
    CONFORMING = 0x30,
    CODE16 = 0x38,
    DATA16 = 0x40,
    ABSENT = 0x48,
    TSS_B_SEL = 0x50,
    GATE = 0x58,
    EXECUTE_ONLY = 0x60,
    READ_ONLY = 0x68,
    LDT_SEL = 0x70,
    EXPAND_DOWN = 0x78,
    TASK_GATE = 0x80,
    TSS16_SEL = 0x88,
    GDT_LIMIT = 0xff
};

static inline void set_descriptor(struct cpu_machine *m, uint32_t table, unsigned selector,
                                  uint32_t base, uint32_t limit, unsigned access, unsigned flags)
{
    uint32_t at = table + (selector & ~7u);
    poke32(m, at, (limit & 0xffff) | base << 16);
    poke32(m, at + 4,
           (base >> 16 & 0xff) | access << 8 | (limit & 0xf0000) | flags << 20 |
               (base & 0xff000000));
}

static inline void set_gate(struct cpu_machine *m, uint32_t at, unsigned selector, uint32_t offset,
                            unsigned access, unsigned count)
{
    poke32(m, at, (offset & 0xffff) | selector << 16);
    poke32(m, at + 4, (offset & 0xffff0000) | access << 8 | count);
}

static inline void set_idt(struct cpu_machine *m, unsigned vector, unsigned selector,
                           uint32_t offset, unsigned access)
{
    set_gate(m, IDT + vector * 8, selector, offset, access, 0);
}

/* Flat protected mode at CPL 0, eip 0x5000, everything loaded. */
static inline void machine_protect(struct cpu_machine *m)
{
    struct cpu *cpu = m->cpu;
    set_descriptor(m, GDT, CODE0, 0, 0xfffff, 0x9a, 0xc);
    set_descriptor(m, GDT, DATA0, 0, 0xfffff, 0x92, 0xc);
    set_descriptor(m, GDT, CODE3, 0, 0xfffff, 0xfa, 0xc);
    set_descriptor(m, GDT, DATA3, 0, 0xfffff, 0xf2, 0xc);
    set_descriptor(m, GDT, TSS_SEL, TSS, 0x2ff, 0x89, 0);
    set_descriptor(m, GDT, CONFORMING, 0, 0xfffff, 0x9e, 0xc);
    set_descriptor(m, GDT, CODE16, 0x10000, 0xffff, 0x9a, 0);
    set_descriptor(m, GDT, DATA16, 0x20000, 0xffff, 0x92, 0);
    set_descriptor(m, GDT, ABSENT, 0, 0xfffff, 0x12, 0xc);
    set_descriptor(m, GDT, TSS_B_SEL, TSS_B, 0x67, 0x89, 0);
    set_descriptor(m, GDT, EXECUTE_ONLY, 0, 0xfffff, 0x98, 0xc);
    set_descriptor(m, GDT, READ_ONLY, 0, 0xfffff, 0x90, 0xc);
    set_descriptor(m, GDT, LDT_SEL, LDT, 0x1f, 0x82, 0);
    set_descriptor(m, GDT, EXPAND_DOWN, 0, 0xfff, 0x96, 0);
    cpu->gdtr = (struct table_register){ GDT, GDT_LIMIT };
    cpu->idtr = (struct table_register){ IDT, 0x7ff };
    cpu_write_cr0(cpu, cpu->cr0 | CR0_PE);
    far_jump(cpu, CODE0, 0x5000, 4, 0);
    segment_load(cpu, SEG_SS, DATA0);
    segment_load(cpu, SEG_DS, DATA0);
    segment_load(cpu, SEG_ES, DATA0);
    segment_load(cpu, SEG_FS, 0);
    segment_load(cpu, SEG_GS, 0);
    cpu->gpr[RSP] = STACK0;
    poke32(m, TSS + 4, STACK0);
    poke32(m, TSS + 8, DATA0);
    cpu->seg[SEG_TR] =
        (struct segment){ .base = TSS, .limit = 0x2ff, .selector = TSS_SEL, .attributes = 0x8b };
    segment_update_limits(&cpu->seg[SEG_TR]);
    poke32(m, GDT + TSS_SEL + 4, peek32(m, GDT + TSS_SEL + 4) | 0x200);
    for (unsigned n = 0; n < 256; n++)
        set_idt(m, n, CODE0, 0x6000 + n * 16, 0x8e);
}

/* On to CPL 3 by IRET. */
static inline void machine_user(struct cpu_machine *m, uint32_t eflags)
{
    struct cpu *cpu = m->cpu;
    cpu->gpr[RSP] = STACK0 - 20;
    poke32(m, STACK0 - 20, 0x5000);
    poke32(m, STACK0 - 16, CODE3);
    poke32(m, STACK0 - 12, eflags);
    poke32(m, STACK0 - 8, STACK3);
    poke32(m, STACK0 - 4, DATA3);
    interrupt_return(cpu, 4, 0);
}

#endif
