// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The processor's state taken out, put into another one, and told in words.
#include "cpu_machine.h"

#include "base/state.h"
#include "cpu/block_cache.h"
#include "cpu/flags.h"
#include "cpu/print.h"

static struct state saved(struct cpu_machine *m)
{
    struct state s = { 0 };
    cpu_state(m->cpu, &s);
    CHECK(!s.failed);
    return s;
}

static bool load(struct cpu_machine *m, const struct state *s, size_t size)
{
    struct state l = { .loading = true, .data = s->data, .size = size };
    cpu_state(m->cpu, &l);
    return !l.failed;
}

static void fill(struct cpu_machine *m)
{
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    for (unsigned n = 0; n < 8; n++) {
        cpu->gpr[n] = 0x11111111 * (n + 1);
        cpu->fpu.physical[n] =
            (struct f80){ UINT64_C(0x8000000000000000) + n, (uint16_t)(0x3fff + n) };
        cpu->fpu.xmm[n].u64[1] = n + 100;
    }
    cpu->fpu.top = 5;
    cpu->fpu.control = 0x27f;
    cpu->eip = 0x1234;
    cpu->eflags |= EFLAGS_DF;
    flags_set_all(cpu, EFLAGS_CF | EFLAGS_ZF);
    cpu->cr2 = 0xabcd0000;
    cpu->dr[1] = 0x7777;
    cpu->dr[7] = 0x404;
    cpu->msr.sysenter_eip = 0xc0001000;
    cpu->nmi_masked = true;
    cpu->attention |= ATTENTION_NMI | ATTENTION_STOP;
    cpu_set_a20(cpu, false);
    cpu_state_changed(cpu);
}

TEST(what_is_saved_comes_back)
{
    struct cpu_machine *a = machine_create("max"), *b = machine_create("max");
    struct cpu *cpu = b->cpu;
    fill(a);
    struct state s = saved(a);
    cpu->attention = 0;
    CHECK(load(b, &s, s.size));
    for (unsigned n = 0; n < 8; n++) {
        CHECK_EQ(cpu->gpr[n], 0x11111111 * (n + 1));
        CHECK_EQ(cpu->fpu.physical[n].sign_exponent, 0x3fff + n);
        CHECK_EQ(cpu->fpu.xmm[n].u64[1], n + 100);
    }
    CHECK_EQ(cpu->fpu.top, 5);
    CHECK_EQ(cpu_eflags(cpu), cpu_eflags(a->cpu));
    CHECK_EQ(cpu->mode, MODE_CS32);
    CHECK_EQ(cpu->seg[SEG_DS].read_max, a->cpu->seg[SEG_DS].read_max); /* computed anew */
    CHECK_EQ(cpu->gdtr.limit, GDT_LIMIT);
    CHECK_EQ(cpu->cr2, 0xabcd0000);
    CHECK_EQ(cpu->dr[1], 0x7777);
    CHECK_EQ(cpu->msr.sysenter_eip, 0xc0001000);
    CHECK_EQ(cpu->a20_mask, a->cpu->a20_mask);
    CHECK(cpu->nmi_masked);
    /* The NMI is the guest's, the wish to stop somebody else's. */
    CHECK(cpu->attention & ATTENTION_NMI && !(cpu->attention & ATTENTION_STOP));
    struct state again = saved(b);
    CHECK_EQ(again.size, s.size);
    CHECK(memcmp(again.data, s.data, s.size) == 0);
    host_free(again.data);
    host_free(s.data);
    machine_destroy(a);
    machine_destroy(b);
}

TEST(a_short_stream_is_refused)
{
    struct cpu_machine *m = machine_create("max");
    struct state s = saved(m);
    CHECK(!load(m, &s, s.size - 1));
    CHECK(!load(m, &s, 3));
    host_free(s.data);
    machine_destroy(m);
}

/* ---- in words -------------------------------------------------------------------------------- */

static char collected[8192];

static void collect(void *opaque, const char *text, size_t length)
{
    size_t used = strlen(collected);
    (void)opaque;
    if (used + length < sizeof collected) {
        memcpy(collected + used, text, length);
        collected[used + length] = 0;
    }
}

static void log_to_here(struct cpu_machine *m, uint32_t mask)
{
    collected[0] = 0;
    m->log.mask = mask;
    m->log.sink = collect;
}

#define CHECK_SAYS(text) CHECK(strstr(collected, text) != NULL)

TEST(state_in_words)
{
    struct cpu_machine *m = machine_create("max");
    fill(m);
    m->cpu->halted = true;
    log_to_here(m, 0);
    cpu_log_state(m->cpu);
    CHECK_SAYS("eax 11111111 ebx 44444444");
    CHECK_SAYS("eip 00001234 eflags 00000443 [----D---Z--C] cpl 0 halted A20 masked\n");
    CHECK_SAYS("ds   0010 base 00000000 limit ffffffff");
    CHECK_SAYS("gdtr      base 00001000 limit 000000ff");
    CHECK_SAYS("cr2 abcd0000");
    CHECK_SAYS("dr1 00007777");
    CHECK_SAYS("fcw 027f");
    machine_destroy(m);
}

static void execute(struct cpu *cpu)
{
    const struct insn *i = exec_dispatch(cpu);
    while (i != NULL)
        i = i->fn(cpu, i);
}

/* -d exec and -d cpu: each block as it is entered. */
TEST(blocks_in_the_log)
{
    static const uint8_t code[] = { 0x40, 0x43, 0x0f, 0x0b }; /* inc eax; inc ebx; ud2 */
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    memcpy(machine_at(m, 0x5000), code, sizeof code);
    log_to_here(m, 1u << LOG_EXEC | 1u << LOG_CPU);
    cpu->attention = 0;
    CHECK_EQ(RAISED(cpu, execute(cpu)), EXC_UD);
    CHECK_SAYS("0008:00005000 3 instructions\n");
    CHECK_SAYS("eip 00005000");
    machine_destroy(m);
}

static void disassemble(void *opaque, uint64_t eip, const uint8_t *bytes, unsigned length,
                        unsigned mode)
{
    struct cpu_machine *m = opaque;
    CHECK_EQ(eip, 0x5000);
    CHECK_EQ(bytes[0], 0x40);
    CHECK_EQ(length, 4);
    CHECK_EQ(mode, MODE_CS32);
    m->shutdowns = 1; /* where the test finds it again */
}

/* -d in_asm: each block when it is made. */
TEST(new_blocks_in_the_log)
{
    static const uint8_t code[] = { 0x40, 0x43, 0x0f, 0x0b };
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    memcpy(machine_at(m, 0x5000), code, sizeof code);
    log_to_here(m, 1u << LOG_IN_ASM);
    cpu->bus.disassemble = disassemble;
    cpu->bus.disassemble_opaque = m;
    cpu->attention = 0;
    CHECK_EQ(RAISED(cpu, execute(cpu)), EXC_UD);
    CHECK_SAYS("block at 00005000 (CS base 00000000), 3 instructions\n");
    CHECK_EQ(m->shutdowns, 1);
    machine_destroy(m);
}
