// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What emit functions are made of: guest registers, memory operands, ways out to the executor.
#ifndef TRANSLATOR_X86_64_EMITTER_H
#define TRANSLATOR_X86_64_EMITTER_H

#include <stddef.h>

#include "cpu/block_cache.h"
#include "cpu/cpu.h"
#include "cpu/insn.h"
#include "translator/translation.h"
#include "translator/x86_64/assembler.h"

/*
 * While generated code runs:
 *   EAX ECX EDX EBX EBP ESI EDI   the host's registers of the same name, upper halves zero
 *   ESP                           R14, upper half zero
 *   R15                           struct cpu
 *   R8-R13, XMM8-XMM15            free within one guest instruction
 *   RSP                           the return stack: see call.c. Never the guest's
 *   RFLAGS                        CF PF AF ZF SF OF are the guest's AT EVERY INSTRUCTION BORDER AND
 *                                 AT EVERY PLACE THAT CAN FAULT; DF is 0: it is in the mode
 *   GS base                       the window, in TRANSLATION_WINDOW mode
 *   x87, MMX, XMM0-7, MXCSR       the guest's, if jit.fpu_live
 * cpu->gpr, cc_* and eip are stale.
 *
 * The rules of an emit function:
 *  1. It emits the whole instruction, or returns false WITHOUT HAVING EMITTED ANYTHING: then the
 *     executor's handler is called for it. Rare forms need no code of their own.
 *  2. All that may fault (memory_operand(), a host instruction that faults) comes before guest
 *     state changes. On a fault or a slow access the WHOLE instruction is done by the executor with
 *     the state as it was at its begin, and execution goes on behind it. An instruction that
 *     accesses memory twice (PUSH m, MOVS) must have changed nothing when the second one faults: a
 *     window access is one host instruction that faults by itself; a soft one faults in
 *     memory_operand().
 *  3. Flags: host instructions that change flags may be used only where `e->flags_dead` has all six
 *     (the guest instruction writes them all without reading) and after the last place that can
 *     fault; else LEA, MOV, RORX, SHLX, JRCXZ.
 *  4. Guest registers are read and written only by host instructions with these registers; 32-bit
 *     writes zero the upper half by themselves, 8- and 16-bit writes keep it.
 */

enum memory_way { WAY_WINDOW, WAY_SOFT };

struct emitter {
    struct assembler a; /* hot code */
    unsigned number;    /* of the translation in its chain */
    struct cpu *cpu;
    struct translated *t;
    const struct block *block;
    const struct insn *insn; /* being emitted */
    unsigned index;          /* its number in the block; t->count: at the block's begin */
    uint32_t eip, next_eip;  /* its own and its successor's */
    uint32_t mode;           /* TRANSLATION_* */
    enum memory_way way;     /* how this instruction reaches memory */
    /* Nobody reads the six flags as they are before this instruction, but a fault: it overwrites
     * them all and reads none. */
    bool flags_dead;
    uint8_t fpu;                /* FPU_*: what is open where the code is that is being emitted */
    bool ended;                 /* nothing can fall through to the next instruction */
    struct cold_room cold;      /* the region's, with what this chain has taken */
    struct pending_stub *stubs; /* cold code to be emitted at the end: block.c's own */
    unsigned stub_count;
};

/* An emit function; see the rules above. */
typedef bool emit_fn(struct emitter *e, const struct insn *i);

/* Host register of a guest register (0-7). */
static inline unsigned host_gpr(unsigned guest)
{
    return guest == RSP ? HOST_R14 : guest;
}
static inline bool emitter_flat(const struct emitter *e, unsigned seg)
{
    uint32_t both = TRANSLATION_ZERO_BASE(seg) | TRANSLATION_NO_LIMIT(seg);
    return (e->mode & both) == both;
}

enum access { ACCESS_LOAD = 1, ACCESS_STORE = 2, ACCESS_MODIFY = 3 };

/*
 * The memory operand of instruction i (base, index, scale, disp, seg), of size bytes (1-512), for
 * the kind of access. Emits what is needed and gives the host operand, good for one or more host
 * instructions that access no byte outside [0, size). Clobbers R8-R11 (R12 and R13 survive); the
 * result may use R8 and R9 (so they hold until the instruction's end), or guest registers (so
 * access memory before you change one). Flags are kept. In a slow case control never comes back
 * here.
 */
struct host_memory memory_operand(struct emitter *e, const struct insn *i, unsigned size,
                                  enum access access);
/* The same for an offset that is computed already, in a host register (32 bits, zero-extended; not
 * R9-R11), in a segment. The register must keep its value until the access. */
struct host_memory memory_at(struct emitter *e, unsigned seg, unsigned offset_register,
                             unsigned size, enum access access);
/* base + disp in a segment, base a host register holding a guest value: [ESP - 4] and the like. The
 * sum wraps at 4 GiB, or at 64 KiB if wrap16. */
struct host_memory memory_based(struct emitter *e, unsigned seg, unsigned base, int32_t disp,
                                bool wrap16, unsigned size, enum access access);
/* The effective offset (not the linear address) of i's operand into a host register, flags kept. */
void effective_address(struct emitter *e, const struct insn *i, unsigned to);

/*
 * A way out, made here: this instruction has to be done by the executor after all; state and flags
 * are those of the instruction's begin. Control does not come back to behind it, but to the next
 * instruction, unless mode, mapping or attention changed. It is all there is of an instruction
 * without an emit function.
 */
void slow_path(struct emitter *e);

/*
 * require.c: on if it is so, else to the slow path; flags are kept. RCX is zero, and then has its
 * own value again, which is in the register `kept`; a register's 32 bits are zero, or those from
 * number `bit` on (these clobber R9); 64 bits are not negative (clobbers the register and R11).
 */
void require_rcx_zero(struct emitter *e, unsigned kept);
void require_zero(struct emitter *e, unsigned reg);
void require_zero_above(struct emitter *e, unsigned reg, unsigned bit);
void require_not_negative(struct emitter *e, unsigned reg);

/* A jump to a guest address in the block's own page, made now with the given label: a link. */
void link_path(struct emitter *e, struct asm_label label, uint32_t target);
/* The same to another page; a jump and a call that are made now. They clobber R8-R13. */
void far_link_path(struct emitter *e, struct asm_label label, uint32_t target);
void far_link_goto(struct emitter *e, uint32_t target);
void far_link_call(struct emitter *e, uint32_t target);
/* A far link of which computed.c knows where it leads: its slot, with COMPUTED_SLOTS - 1 more
 * behind it, all to be filled in; then the jump to what is done where it leads elsewhere. */
enum { COMPUTED_SLOTS = 3 };
uint64_t *computed_link(struct emitter *e);
void computed_miss_path(struct emitter *e, struct asm_label label);
/* Jump to a guest address: by a link or the table of jump targets. control.c */
void emit_goto(struct emitter *e, uint32_t target);

/*
 * The instruction re-encoded as it is: opcode, ModRM, immediate; registers by host_gpr(), memory by
 * memory_operand(). size: bytes of the memory operand. Knows ESP in R14, AH-BH beside REX, 66, F2,
 * F3 and LOCK. xmm/mm registers need no mapping: `vector_reg` and `vector_rm` tell that ModRM.reg
 * and rm are such.
 */
struct pass {
    unsigned size; /* memory operand, bytes; 0: from the row's operand and the operand size */
    bool vector_reg, vector_rm; /* MMX/XMM/x87 number, not a guest GPR */
};
bool emit_pass(struct emitter *e, const struct insn *i, struct pass how);

/* ESP += bytes, or SP where the stack is a 16-bit one. Flags kept. */
void adjust_stack(struct emitter *e, int32_t bytes);

/* to = base of seg + offset, both 32-bit registers. Flags are kept; clobbers R9 where the base is
 * not known to be 0. */
void add_segment_base(struct emitter *e, unsigned seg, unsigned to, unsigned offset);

/*
 * can_emit.c: which function emits a row; NULL: the executor does it. The table is made from the
 * lists integer.inc, control.inc, string.inc, system.inc, x87.inc, simd.inc in this directory:
 *   EMIT(map, first, last, prefix, reg, function)    rows of that map and opcode range; prefix and
 *                                                    reg: as the row has it, ANY: whatever it has
 * The first line that fits counts: special ones come first.
 */
emit_fn *emitter_of(const struct opcode *row);

#endif
