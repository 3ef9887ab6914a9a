// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Host traps in generated code: faults of guest accesses, kicks, and steps to an instruction's
// border.
#include "translator/internal.h"

/*
 * A kick has to bring the processor's thread out of generated code. Where it runs C, or the glue
 * before its last look at `attention`, it need not do anything: attention is set before the kick.
 * Where it runs a translation, the host single-steps to the next border of a guest instruction:
 * there all guest state is in known places, and the frame is redirected to the way out. So blocks,
 * chains, returns and loops need no test, and the interrupt is taken at an instruction's border
 * within some tens of host instructions.
 */

static uint64_t run_address(const struct translator *tr, const uint8_t *written)
{
    return (uint64_t)(uintptr_t)runs_at(tr, written);
}

static bool in_code(const struct translator *tr, uint64_t pc)
{
    return pc - run_address(tr, tr->cache) < tr->cache_size;
}

static uint32_t insn_address(const struct translated *t, unsigned n)
{
    uint32_t eip = t->eip + translation_guest_offset(t, n);
    return t->mode & MODE_CS32 ? eip : eip & 0xffff;
}

static bool between(const struct translator *tr, uint64_t pc, const uint8_t *first,
                    const uint8_t *end)
{
    return pc >= run_address(tr, first) && pc < run_address(tr, end);
}

static bool in_range(const struct translator *tr, uint64_t pc, const struct glue_range *range)
{
    return between(tr, pc, range->begin, range->end);
}

static void leave_glue(struct translator *tr, struct host_frame *frame)
{
    const struct glue *g = &tr->glue;
    frame_single_step(frame, false);
    if (in_range(tr, frame->pc, &g->enter_race))
        frame->pc = run_address(tr, g->enter_race.end);
    else if (in_range(tr, frame->pc, &g->execute_race))
        frame->pc = run_address(tr, g->execute_race.end);
    else if (in_range(tr, frame->pc, &g->find_race))
        frame->pc = run_address(tr, g->find_race.end);
    else if (in_range(tr, frame->pc, &g->to_code))
        frame_single_step(frame, true);
}

/* Its decoded form may be forgotten, and here nothing may be made room for. */
static struct insn insn_of(const struct translator *tr, const struct translated *t, unsigned n)
{
    struct insn i;
    block_decode_one(tr->cpu, t->block, translation_guest_offset(t, n), &i);
    return i;
}

/* No interrupt is taken between STI and the next instruction. SDM 3A 6.8.1 */
static bool behind_sti(const struct translator *tr, const struct translated *t, unsigned n)
{
    unsigned op = n > 0 ? insn_of(tr, t, n - 1).op : INSN_OP_UNDEFINED;
    return op != INSN_OP_UNDEFINED && opcode_table[op].map == MAP_1B &&
           opcode_table[op].opcode == 0xfb;
}

static bool go_to_border(struct translator *tr, struct host_frame *frame)
{
    frame_single_step(frame, false);
    if (!in_code(tr, frame->pc))
        return true;
    if (between(tr, frame->pc, tr->cache, tr->glue.end)) {
        leave_glue(tr, frame);
        return true;
    }
    if (__atomic_load_n(&tr->cpu->attention, __ATOMIC_SEQ_CST) == 0)
        return true;
    struct translated *t = code_cache_find(tr, frame->pc);
    if (t != NULL && t->block != NULL) {
        unsigned n = code_cache_insn_at(tr, t, frame->pc);
        bool border = n < t->count && frame->pc == run_address(tr, t->code + t->offsets[n]);
        if (border ? !behind_sti(tr, t, n) : n < t->count && frame_unwind(tr, frame)) {
            /* Between iterations what comes now pushes RF set. The host's own RF would tell before
             * the first one from it, but is lost where the host is a virtual machine. */
            if (!border)
                tr->cpu->eflags |= EFLAGS_RF;
            frame_leave(tr, frame, insn_address(t, n));
            return true;
        }
    }
    frame_single_step(frame, true);
    return true;
}

enum outcome { MAPPED, REFUSED, GUESTS_OWN };

/* GUESTS_OWN: the executor will raise an exception, which says nothing of what lies there. */
static enum outcome look_at_fault(struct translator *tr, enum host_trap trap, uint64_t address,
                                  bool write)
{
    if (trap != HOST_TRAP_ACCESS)
        return GUESTS_OWN;
    uint64_t linear = address - (uint64_t)(uintptr_t)tr->cpu->jit.window;
    if (tr->cpu->jit.window == NULL || linear > UINT32_MAX)
        return REFUSED;
    if (window_fault(tr->windows, (uint32_t)linear, write))
        return MAPPED;
    return window_fault_is_guests(tr->windows) ? GUESTS_OWN : REFUSED;
}

/* A fault of a guest's access: the page is mapped, or the executor does the instruction. */
static bool fault(struct translator *tr, enum host_trap trap, uint64_t address, bool write,
                  struct host_frame *frame)
{
    if (!in_code(tr, frame->pc))
        return false;
    if (trap == HOST_TRAP_ACCESS && frame_return_stack_overflow(tr, frame, address))
        return true;
    struct translated *t = code_cache_find(tr, frame->pc);
    if (t == NULL || t->block == NULL)
        return false;
    unsigned n = code_cache_insn_at(tr, t, frame->pc);
    if (n == t->count)
        return false;
    tr->counts.faults++;
    enum outcome outcome = look_at_fault(tr, trap, address, write);
    if (outcome == MAPPED) {
        tr->counts.faults_mapped++;
        return true;
    }
    tr->counts.faults_executed++;
    if (outcome == GUESTS_OWN)
        tr->counts.faults_guests++;
    else
        sites_count_fault(tr, t, n);
    frame_unwind(tr, frame);
    frame_execute(tr, frame);
    return true;
}

bool translator_trap(void *opaque, enum host_trap trap, uint64_t address, bool write,
                     struct host_frame *frame)
{
    struct translator *tr = opaque;
    switch (trap) {
    case HOST_TRAP_KICK: tr->counts.kicks++; return go_to_border(tr, frame);
    case HOST_TRAP_STEP: tr->counts.steps++; return go_to_border(tr, frame);
    default: return fault(tr, trap, address, write, frame);
    }
}
