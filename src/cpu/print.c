// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The processor's state in words, for logs and monitors.
#include "cpu/print.h"

#include "base/format.h"
#include "cpu/flags.h"

struct printer {
    void (*line)(void *opaque, const char *text);
    void *opaque;
    char text[160];
};

static void print_flags(struct printer *p, const struct cpu *cpu)
{
    static const struct {
        uint32_t bit;
        char letter;
    } letters[] = {
        { EFLAGS_VM, 'V' }, { EFLAGS_RF, 'R' }, { EFLAGS_NT, 'N' }, { EFLAGS_OF, 'O' },
        { EFLAGS_DF, 'D' }, { EFLAGS_IF, 'I' }, { EFLAGS_TF, 'T' }, { EFLAGS_SF, 'S' },
        { EFLAGS_ZF, 'Z' }, { EFLAGS_AF, 'A' }, { EFLAGS_PF, 'P' }, { EFLAGS_CF, 'C' },
    };
    uint32_t eflags = cpu_eflags(cpu);
    char set[ARRAY_SIZE(letters) + 1] = { 0 };
    for (unsigned n = 0; n < ARRAY_SIZE(letters); n++)
        set[n] = eflags & letters[n].bit ? letters[n].letter : '-';
    format(p->text, sizeof p->text, "eip %08x eflags %08x [%s] cpl %u%s%s%s", (unsigned)cpu->eip,
           eflags, set, cpu->cpl, cpu->smm ? " SMM" : "", cpu->halted ? " halted" : "",
           cpu->a20_mask == 0xffffffff ? "" : " A20 masked");
    p->line(p->opaque, p->text);
}

static void print_segment(struct printer *p, const char *name, const struct segment *s)
{
    format(p->text, sizeof p->text, "%-4s %04x base %08x limit %08x attributes %04x", name,
           s->selector, (unsigned)s->base, (unsigned)s->limit, s->attributes);
    p->line(p->opaque, p->text);
}

static void print_table(struct printer *p, const char *name, const struct table_register *t)
{
    format(p->text, sizeof p->text, "%-4s      base %08x limit %08x", name, (unsigned)t->base,
           (unsigned)t->limit);
    p->line(p->opaque, p->text);
}

void cpu_print(const struct cpu *cpu, void (*line)(void *opaque, const char *text), void *opaque)
{
    static const char *const segments[SEG_COUNT] = { "es", "cs", "ss",   "ds",
                                                     "fs", "gs", "ldtr", "tr" };
    struct printer p = { .line = line, .opaque = opaque };
    format(p.text, sizeof p.text, "eax %08x ebx %08x ecx %08x edx %08x", (unsigned)cpu->gpr[RAX],
           (unsigned)cpu->gpr[RBX], (unsigned)cpu->gpr[RCX], (unsigned)cpu->gpr[RDX]);
    line(opaque, p.text);
    format(p.text, sizeof p.text, "esi %08x edi %08x ebp %08x esp %08x", (unsigned)cpu->gpr[RSI],
           (unsigned)cpu->gpr[RDI], (unsigned)cpu->gpr[RBP], (unsigned)cpu->gpr[RSP]);
    line(opaque, p.text);
    print_flags(&p, cpu);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        print_segment(&p, segments[n], &cpu->seg[n]);
    print_table(&p, "gdtr", &cpu->gdtr);
    print_table(&p, "idtr", &cpu->idtr);
    format(p.text, sizeof p.text, "cr0 %08x cr2 %08x cr3 %08x cr4 %08x efer %x", cpu->cr0, cpu->cr2,
           (unsigned)cpu->cr3, cpu->cr4, (unsigned)cpu->msr.efer);
    line(opaque, p.text);
    format(p.text, sizeof p.text, "dr0 %08x dr1 %08x dr2 %08x dr3 %08x dr6 %08x dr7 %08x",
           cpu->dr[0], cpu->dr[1], cpu->dr[2], cpu->dr[3], cpu->dr[6], cpu->dr[7]);
    line(opaque, p.text);
    format(p.text, sizeof p.text, "fcw %04x fsw %04x top %u empty %02x mxcsr %08x",
           cpu->fpu.control, cpu->fpu.status, cpu->fpu.top, cpu->fpu.empty,
           (unsigned)cpu->fpu.mxcsr);
    line(opaque, p.text);
}

static void log_line(void *opaque, const char *text)
{
    log_write(opaque, "%s\n", text);
}

void cpu_log_state(const struct cpu *cpu)
{
    cpu_print(cpu, log_line, (void *)(uintptr_t)cpu->bus.log);
}
