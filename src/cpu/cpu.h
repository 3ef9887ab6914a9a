// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The state of one guest processor.
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/log.h"
#include "cpu/arch.h"
#include "cpu/engine.h"
#include "cpu/features.h"
#include "host/float.h" /* struct f80, union vector */
#include "memory/memory.h"

struct block;
struct block_cache;
struct host_event;
struct host_lock;

/* A segment register with its hidden part. LDTR and TR too. Attributes as in arch.h; P == 0 and a
 * null selector: unusable. */
struct segment {
    uint64_t base;
    uint32_t limit; /* in bytes, granularity applied */
    uint16_t selector;
    uint16_t attributes;
    /*
     * For the fast check `offset + size - 1 <= max`: the limit where the plain compare is right
     * (usable, expand-up, readable resp. writable), INT64_MAX for a flat 4 GiB segment (accesses
     * wrap), -1 where the full check has to decide. segment_update_limits() computes them whenever
     * the rest changes.
     */
    int64_t read_max;
    int64_t write_max;
    /* What a translation has to know of it (engine.h), as of register number 0: computed with them. */
    uint32_t translation;
};

struct table_register { /* GDTR, IDTR */
    uint64_t base;
    uint32_t limit;
};

/*
 * x87 and SSE state, SDM 1 chapters 8 and 10. It begins as FXSAVE's image does (SDM 1 table 10-2), so
 * that a host that has these registers moves them without copying; but the x87 registers are in
 * physical order, and what stands in the image's head is in the fields behind it.
 */
struct fpu {
    _Alignas(16) uint64_t image_head[4];
    /* R0-R7; MM0-MM7 are their significands. ST(i) is physical[(top + i) & 7]. */
    struct f80 physical[8];
    union vector xmm[16];
    uint64_t image_rest[12];
    uint16_t control;
    uint16_t status; /* without TOP, which is kept apart */
    uint8_t top;
    uint8_t empty;   /* bit n: physical[n] is empty (tag 11) */
    uint16_t opcode; /* FOP: last non-control opcode, 11 bits */
    uint16_t ip_selector, dp_selector;
    uint32_t ip, dp;
    uint32_t mxcsr;
    bool ferr;  /* FERR# is asserted: CR0.NE = 0 and an error is pending */
    bool ignne; /* IGNNE#: go on in spite of it, until the error is cleared */
};

/*
 * One page for one privilege, as fast loads and stores find it: plain host accesses at host + linear
 * are right for what the tags allow. Entries are found by the low bits of the page number; 0 is no
 * tag, so that memory of zeros is an empty table. An access from linear to last hits if
 * tag + (last >> 12) + 1 is 0 (mod 2^32): one addition tests page and border without a flag.
 */
struct tlb_entry {
    uint32_t read_tag; /* tlb_tag() or TLB_INVALID */
    uint32_t write_tag;
    uint64_t host; /* host address = host + linear (mod 2^64) */
};
#define TLB_INVALID 0u
#define TLB_BITS    16
#define TLB_SIZE    (1u << TLB_BITS)
static inline uint32_t tlb_tag(uint32_t linear)
{
    return ~(linear >> 12);
}

/* Pending events that make the CPU leave the fast path at the next block boundary. Set from any
 * thread. */
enum {
    ATTENTION_INTR = 1 << 0, /* the INTR pin rose or may now be taken */
    ATTENTION_NMI = 1 << 1,
    ATTENTION_SMI = 1 << 2,
    ATTENTION_INIT = 1 << 3,
    ATTENTION_RESET =
        1 << 4,              /* whole-machine reset wanted: bus->reset() runs on the CPU's thread */
    ATTENTION_STOP = 1 << 5, /* somebody wants the CPU parked */
    ATTENTION_INVALIDATE = 1 << 6, /* queued code writes by others */
    ATTENTION_TLB = 1 << 7,        /* another thread wants the soft TLB dropped */
    ATTENTION_TRAP =
        1 << 8, /* single-step, data breakpoint or debugger after the current instruction */
    ATTENTION_SHADOW = 1 << 9, /* STI / MOV SS: interrupts wait for one instruction */
    ATTENTION_HALT = 1 << 10,  /* HLT executed */
    ATTENTION_EXIT = 1 << 11,  /* thread shall end */
    ATTENTION_STEP = 1 << 12,  /* the run loop wants one instruction only */
    /* Beside ATTENTION_SHADOW: MOV SS; traps and code breakpoints wait, too. SDM 3A 6.8.3 */
    ATTENTION_SHADOW_TRAPS = 1 << 13,
    ATTENTION_SHADOWS = ATTENTION_SHADOW | ATTENTION_SHADOW_TRAPS,
};

/* What the processor asks of the machine around it; callbacks upward, handed in at creation. */
struct cpu_bus {
    struct memory *memory;
    struct host_lock *lock; /* the device lock */
    struct clock *clock;    /* virtual clock: the TSC */
    const struct log *log;
    void *opaque;
    /* INTA: the vector to deliver, -1 if none any more (spurious is the PIC's affair). Under the
     * lock. */
    int (*acknowledge)(void *opaque);
    /* FERR#: IRQ 13 when CR0.NE = 0. Under the lock. */
    void (*ferr)(void *opaque, bool level);
    /* ATTENTION_RESET was seen: reset the whole machine. Under the lock, on the CPU's thread. */
    void (*reset)(void *opaque);
    /* The processor took INIT, and so does its local APIC. Under the lock, on the CPU's thread. */
    void (*init)(void *opaque);
    /* Triple fault: the board decides (PC: reset). Under the lock. */
    void (*triple_fault)(void *opaque);
    /* The CPU reached a debugger breakpoint, watchpoint or finished a debugger step; it is about to
     * park. No lock. */
    void (*debug_stop)(void *opaque);
    /* Local APIC: MSR 1BH changes, TPR is not visible to a 32-bit CPU. Under the lock. */
    void (*apic_base_changed)(void *opaque, uint64_t value);
    /* LOG IN_ASM: log one instruction of a block being decoded; mode is MODE_* of insn.h. May be
     * NULL. No lock. */
    void (*disassemble)(void *opaque, uint64_t eip, const uint8_t *bytes, unsigned length,
                        unsigned mode);
    void *disassemble_opaque;
};

struct cpu {
    /* Hot: what the executor's fast paths touch. 64 bits wide from the first day; 32-bit writes
     * zero-extend. */
    uint64_t gpr[GPR_SLOTS]; /* [REG_ZERO] is always 0: the missing base or index */
    uint64_t eip;            /* at block borders and after exec_sync(): see execute.h */
    uint64_t cc_result;      /* lazy arithmetic flags: see flags.h */
    uint64_t cc_carry;
    uint32_t eflags;    /* all but OSZAPC, which are in cc_*; bit 1 set */
    uint32_t attention; /* ATTENTION_*, atomic */
    struct segment seg[SEG_COUNT];
    struct tlb_entry *tlb;     /* the table of the current privilege: tlbs[cpl == 3] */
    const struct block *block; /* being executed */
    uint64_t block_eip;        /* EIP of its first instruction */
    uint64_t code_generation;  /* part of a jump cache key: block_cache.c's own */
    uint64_t instructions;     /* retired, counted a block at its entry */
    uint32_t stack_mask;       /* SS.B ? 0xffffffff : 0xffff */
    uint8_t cpl;
    uint8_t mode; /* MODE_* of insn.h: what decoding depends on */
    bool smm;
    bool halted;
    bool hold_interrupts; /* a debugger steps: INTR waits */
    bool trap_pending;    /* a #DB trap is due after this instruction; DR6 is set already */

    struct jit_state jit; /* what generated code shares with the executor: engine.h */

    struct fpu fpu;

    uint32_t cr0, cr2, cr4;
    uint64_t cr3;
    uint32_t dr[8]; /* 4 and 5 unused */
    struct table_register gdtr, idtr;
    uint64_t pdpte[4]; /* PAE page-directory pointers as loaded by MOV CR3 */
    uint64_t xcr0;
    uint32_t smbase;
    bool nmi_masked; /* until IRET */
    bool smi_masked;
    /* Set by cpu_raise() before the longjmp; taken by exception_deliver_pending(). delivering is
     * the vector being delivered when another is raised (-1: none): contributory and page faults
     * then make a double fault (SDM 3A table 6-5). */
    struct {
        int16_t vector, delivering;
        bool has_error;
        uint32_t error, linear;
    } pending;
    uint32_t a20_mask; /* applied to every physical address */

    struct {
        uint64_t apic_base, efer, pat;
        uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
        uint64_t tsc_offset, misc_enable;
        uint64_t mtrr_def_type, mtrr_fixed[11], mtrr_base[8], mtrr_mask[8];
        uint64_t mcg_status, mcg_ctl, mc[4 * 10];
        uint64_t feature_control, star, bios_sign_id, debugctl;
    } msr;

    struct cpu_model model; /* CPUID and feature bits: features.h */

    /* Pins: atomic. INTR is a level; SMI, NMI, INIT are latched by attention bits. */
    uint32_t intr_level;
    uint32_t latched; /* ATTENTION_* of events that came while masked; RSM and IRET give them back:
                         cpu_unlatch() */

    struct tlb_entry tlbs[2][TLB_SIZE]; /* [0] supervisor, [1] user */
    struct tlb_extra *tlb_extra; /* whole translations, lists for flushes: tlb.c's own */
    struct block_cache *blocks;  /* decoded code: block_cache.c's own */
    struct jump_target jump_targets[1u << JUMP_TARGET_BITS]; /* the translator's own */
    const struct engine *engine; /* NULL: the executor is alone */
    void *translator;            /* the engine's own */
    struct cpu_debug *debug;     /* debugger breakpoints: debug.c's own */
    struct cpu_threading *threading; /* park and wake: run.c's own */
    struct cpu_bus bus;
    struct memory_listener listener;
    void *jump[5];              /* __builtin_setjmp target of the run loop */
    const struct insn *current; /* the instruction exec_sync() was called for */
};

struct cpu *cpu_create(const struct cpu_bus *bus, const struct cpu_model *model);
void cpu_destroy(struct cpu *cpu);
/* Power-up and RESET# state (SDM 3A 9.1.1); init keeps what INIT# keeps (FPU, SSE, MTRRs, SMBASE,
 * TSC). Does not touch pins and thread. */
void cpu_reset(struct cpu *cpu, bool init);
struct state;
void cpu_state(struct cpu *cpu, struct state *s);

/* Derived values after a direct change of state (debugger, reset, SMM, state load): segment limits,
 * mode, tlb pointer, everything cached. */
void cpu_state_changed(struct cpu *cpu);

/* Pins, from any thread (callers hold the device lock). */
void cpu_set_intr(struct cpu *cpu, bool level);
void cpu_raise_nmi(struct cpu *cpu);
void cpu_raise_smi(struct cpu *cpu);
void cpu_raise_init(struct cpu *cpu);
void cpu_request_reset(struct cpu *cpu);
/* Takes effect at once when called on the CPU's thread (a port write), else at its next block. */
void cpu_set_a20(struct cpu *cpu, bool enabled);

/* Set attention bits and wake the CPU if it sleeps. */
void cpu_attend(struct cpu *cpu, uint32_t bits);
/* A mask of SMI or NMI was lifted, on the CPU's thread. */
static inline void cpu_unlatch(struct cpu *cpu)
{
    if (unlikely(cpu->latched != 0))
        __atomic_fetch_or(&cpu->attention, cpu->latched, __ATOMIC_SEQ_CST);
}

/* The processor's thread body: runs until cpu_exit(). Starts parked; cpu_resume() lets it go. */
void cpu_run(struct cpu *cpu);
/* Park the CPU at an instruction boundary and wait until it is (not from its own thread; do not
 * hold the device lock); let it go on; end cpu_run(). */
void cpu_park(struct cpu *cpu);
void cpu_resume(struct cpu *cpu);
bool cpu_parked(const struct cpu *cpu);
void cpu_exit(struct cpu *cpu);
/* Execute exactly one instruction (or deliver one pending interrupt) on the calling thread, CPU
 * parked. For debuggers and tests. */
void cpu_step(struct cpu *cpu);

#endif
