// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// `info registers`, laid out as QEMU's users know it.
#include "control/monitor_internal.h"

#include "base/bits.h"
#include "cpu/cpu.h"
#include "cpu/flags.h"

/* SDM 3A table 3-2. */
static const char *const system_types[16] = {
    "Reserved",   "TSS16-avl",  "LDT",       "TSS16-busy", "CallGate16", "TaskGate",
    "IntGate16",  "TrapGate16", "Reserved",  "TSS32-avl",  "Reserved",   "TSS32-busy",
    "CallGate32", "Reserved",   "IntGate32", "TrapGate32"
};

static void print_segment(struct monitor_call *c, const struct cpu *cpu, const char *name,
                          const struct segment *s)
{
    unsigned a = s->attributes;
    unsigned limit_high = (unsigned)((a & ATTR_G ? s->limit >> 28 : s->limit >> 16) & 0xf);
    monitor_say(c, "%-3s=%04x %08x %08x %08x", name, s->selector, (unsigned)s->base,
                (unsigned)s->limit, (a & 0xff) << 8 | limit_high << 16 | (a & 0xf000) << 8);
    if ((cpu->cr0 & CR0_PE) && (a & ATTR_P)) {
        monitor_say(c, " DPL=%u ", (a & ATTR_DPL) >> ATTR_DPL_SHIFT);
        if (!(a & ATTR_S))
            monitor_say(c, "%s", system_types[a & ATTR_TYPE]);
        else if (a & ATTR_CODE)
            monitor_say(c, "%s [%c%c%c]", a & ATTR_DB ? "CS32" : "CS16",
                        a & ATTR_CONFORMING ? 'C' : '-', a & ATTR_READABLE ? 'R' : '-',
                        a & ATTR_ACCESSED ? 'A' : '-');
        else
            monitor_say(c, "%s [%c%c%c]", a & ATTR_DB ? "DS  " : "DS16",
                        a & ATTR_EXPAND_DOWN ? 'E' : '-', a & ATTR_WRITABLE ? 'W' : '-',
                        a & ATTR_ACCESSED ? 'A' : '-');
    }
    monitor_say(c, "\n");
}

static void print_general(struct monitor_call *c, const struct cpu *cpu)
{
    const uint64_t *r = cpu->gpr;
    uint32_t f = cpu_eflags(cpu);
    monitor_say(c, "CPU#0\nEAX=%08x EBX=%08x ECX=%08x EDX=%08x\n", (unsigned)r[RAX],
                (unsigned)r[RBX], (unsigned)r[RCX], (unsigned)r[RDX]);
    monitor_say(c, "ESI=%08x EDI=%08x EBP=%08x ESP=%08x\n", (unsigned)r[RSI], (unsigned)r[RDI],
                (unsigned)r[RBP], (unsigned)r[RSP]);
    monitor_say(c, "EIP=%08x EFL=%08x [%c%c%c%c%c%c%c] CPL=%d II=%d A20=%d SMM=%d HLT=%d\n",
                (unsigned)cpu->eip, f, f & EFLAGS_DF ? 'D' : '-', f & EFLAGS_OF ? 'O' : '-',
                f & EFLAGS_SF ? 'S' : '-', f & EFLAGS_ZF ? 'Z' : '-', f & EFLAGS_AF ? 'A' : '-',
                f & EFLAGS_PF ? 'P' : '-', f & EFLAGS_CF ? 'C' : '-', cpu->cpl,
                (cpu->attention & ATTENTION_SHADOW) != 0, cpu->a20_mask == UINT32_MAX, cpu->smm,
                cpu->halted);
}

static void print_control(struct monitor_call *c, const struct cpu *cpu)
{
    monitor_say(c, "GDT=     %08x %08x\nIDT=     %08x %08x\n", (unsigned)cpu->gdtr.base,
                cpu->gdtr.limit, (unsigned)cpu->idtr.base, cpu->idtr.limit);
    monitor_say(c, "CR0=%08x CR2=%08x CR3=%08x CR4=%08x\n", cpu->cr0, cpu->cr2, (unsigned)cpu->cr3,
                cpu->cr4);
    monitor_say(c, "DR0=%08x DR1=%08x DR2=%08x DR3=%08x \nDR6=%08x DR7=%08x\n", cpu->dr[0],
                cpu->dr[1], cpu->dr[2], cpu->dr[3], cpu->dr[6], cpu->dr[7]);
    monitor_say(c, "EFER=%016llx\n", (unsigned long long)cpu->msr.efer);
}

static void print_float(struct monitor_call *c, const struct cpu *cpu)
{
    const struct fpu *f = &cpu->fpu;
    monitor_say(c, "FCW=%04x FSW=%04x [ST=%d] FTW=%02x MXCSR=%08x\n", f->control,
                (f->status & ~0x3800u) | (unsigned)f->top << 11, f->top, (uint8_t)~f->empty,
                (unsigned)f->mxcsr);
    for (unsigned n = 0; n < 8; n++)
        monitor_say(c, "FPR%u=%016llx %04x%s", n, (unsigned long long)f->physical[n].significand,
                    f->physical[n].sign_exponent, n % 2 ? "\n" : " ");
    for (unsigned n = 0; n < 8; n++)
        monitor_say(c, "XMM%02u=%016llx %016llx%s", n, (unsigned long long)f->xmm[n].u64[1],
                    (unsigned long long)f->xmm[n].u64[0], n % 2 ? "\n" : " ");
}

void info_registers(struct monitor_call *c)
{
    static const struct {
        const char *name;
        unsigned index;
    } segments[] = { { "ES", SEG_ES }, { "CS", SEG_CS }, { "SS", SEG_SS },    { "DS", SEG_DS },
                     { "FS", SEG_FS }, { "GS", SEG_GS }, { "LDT", SEG_LDTR }, { "TR", SEG_TR } };
    const struct cpu *cpu = c->session->pc->cpu;
    print_general(c, cpu);
    for (unsigned n = 0; n < ARRAY_SIZE(segments); n++)
        print_segment(c, cpu, segments[n].name, &cpu->seg[segments[n].index]);
    print_control(c, cpu);
    print_float(c, cpu);
}
