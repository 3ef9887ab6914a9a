// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a translator hooks into the executor, and what its generated code finds in struct cpu.
#ifndef CPU_ENGINE_H
#define CPU_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/insn.h"

struct block;
struct cpu;
struct link;
struct ram_block;

/*
 * What translated code depends on besides its bytes and EIP. cpu->jit.mode holds it for the
 * state as it was when generated code was entered last.
 */
enum {
    /* bits 0-1: MODE_CS32, MODE_CS64 */
    TRANSLATION_USER = 1 << 2,    /* CPL 3 */
    TRANSLATION_STACK32 = 1 << 3, /* SS.B */
    TRANSLATION_DF = 1 << 4,      /* EFLAGS.DF is set */
    TRANSLATION_WINDOW = 1 << 5,  /* guest memory is reached through the window in GS */
    TRANSLATION_REFUSED = 1 << 6, /* only the executor is right: code limits, alignment checks */
    TRANSLATION_VALID = 1 << 7,   /* always set: no key is zero */
    TRANSLATION_BASE_SHIFT = 8,   /* 8-12: ES CS SS DS FS have base 0 */
    /* 14-18: ES CS SS DS FS may be read and written (CS: read) anywhere in 4 GiB. */
    TRANSLATION_LIMIT_SHIFT = 14,
    /* 13 and 19 say the same of GS while a block is emitted. Kernels run with the GS of the program
     * that called them, so it is no part of jit.mode: blocks that use it look when they are
     * entered. */
    /* 20-23: which of the CS bases in use it is, of addresses in the table of jump targets; 0: base
     * 0. No translation depends on it. */
    TRANSLATION_CS_SHIFT = 20,
    /* Not of a mode, of struct segment alone: may be read anywhere, which is enough for CS. */
    TRANSLATION_NO_READ_LIMIT = 1 << 30,
};
#define TRANSLATION_ZERO_BASE(seg) (1u << (TRANSLATION_BASE_SHIFT + (seg)))
#define TRANSLATION_NO_LIMIT(seg)  (1u << (TRANSLATION_LIMIT_SHIFT + (seg)))
#define TRANSLATION_CS_BASES       16u
#define TRANSLATION_CS_MASK        ((TRANSLATION_CS_BASES - 1) << TRANSLATION_CS_SHIFT)

/*
 * Linear address and mode to generated code: direct-mapped by the sum of the linear address and
 * itself rotated right by 12, low 16 bits (so that neither a page's offset nor its number alone
 * decides, and a page's entries follow one another). minus_key: -(linear + (mode << 32)); an empty
 * entry is all zeros, which no key equals as bit 63 of a key's complement is set.
 */
struct jump_target {
    uint64_t minus_key;
    const void *code;
};
#define JUMP_TARGET_BITS 16
#define JUMP_TARGETS     (1u << JUMP_TARGET_BITS)
static inline unsigned jump_target_index(uint32_t linear)
{
    return (linear + (linear >> 12 | linear << 20)) & (JUMP_TARGETS - 1);
}

/* Generated code reaches all of this relative to struct cpu. */
struct jit_state {
    uint32_t zero, mode; /* read together: the mode in the upper half of a jump target's key */
    /* Nonzero: x87 and MMX resp. SSE instructions cannot run on the host's registers now: the
     * guest's state is not in them, CR0 or CR4 forbid them, or an exception is unmasked. */
    uint8_t x87_closed, sse_closed;
    bool fpu_live; /* the guest's x87, MMX, XMM and MXCSR are the host's own: cpu->fpu is stale */
    /* Nonzero: a handler of the executor may not just go on with an x87 or MMX resp. SSE
     * instruction: CR0 or CR4 forbid them, or fpu_live. */
    uint8_t x87_held, sse_held;
    /* What a generated FLDCW, LDMXCSR or FLDENV tests and loads: memory could change between. */
    uint32_t fpu_scratch[7];
    /* Set by anything that makes it wrong to go on in the block that called C: it was dropped,
     * linear addresses mean something else. The block leaves at the next instruction border. */
    bool leave;
    bool in_code; /* atomic: generated code may be running, so that others have to kick */
    /* The way to memory may have to be chosen again: CPL or a control register changed. */
    bool space_changed;
    uint8_t *window; /* host address of linear 0, or NULL; also in the host's GS base */
    /* Generated code's own: C's stack pointer; the return stack's, when empty and while C runs;
     * what an exit hands over. */
    void *host_stack, *return_stack, *return_stack_now;
    uint64_t exit_value;
    /* Far links that are filled: links_filled[links_free] and behind. */
    struct link **links_filled;
    uint64_t links_free;
    struct link *varies;  /* a computed jump that left because its target changes too often */
    uint16_t flags_image; /* as LAHF and SETO give them */
    /* Counts what the executor did with a device, or stored into a page with code. */
    uint32_t special_accesses;
    uint32_t interrupts; /* counts those from outside that were delivered */
    void *stale;         /* a translation that is to be made anew before it is entered again */
};

/* All callbacks run on the thread that executes, or while nobody does. */
struct engine {
    /* Block b has run often enough: decide what its first instruction's handler is from now on. */
    void (*warm)(struct cpu *cpu, struct block *b);
    unsigned threshold; /* entries before warm() */
    /* The block's bytes changed; all blocks go. */
    void (*dropped)(struct cpu *cpu, struct block *b);
    void (*flushed)(struct cpu *cpu);
    /* The soft TLB dropped everything (but global pages), or one page. */
    void (*linear_flushed)(struct cpu *cpu, bool keep_global);
    void (*page_flushed)(struct cpu *cpu, uint32_t linear);
    /* Stores into these bytes of RAM must be seen from now on (code, clean dirty bits). */
    void (*protect)(struct cpu *cpu, struct ram_block *ram, uint64_t offset, uint64_t length);
    /* Bring the guest's FPU state into cpu->fpu and close the host's. Only while fpu_live. */
    void (*fpu_save)(struct cpu *cpu);
    /* From any thread: make generated code leave soon. */
    void (*kick)(struct cpu *cpu);
};

/* The handler of a new block's first instruction while it is counted. */
const struct insn *exec_warm(struct cpu *cpu, const struct insn *i);
void cpu_update_fpu_closed(struct cpu *cpu);

#endif
