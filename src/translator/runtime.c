// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Between executor and generated code: entering, leaving, and instructions done for a translation.
#include "translator/internal.h"

#include "cpu/dispatch.h"
#include "base/bits.h"
#include "cpu/system.h"

/* ---- mode and flags -------------------------------------------------------------------------- */

/* CS limits are checked by the executor alone, unless no EIP can be beyond them. */
static bool code_is_limited(const struct cpu *cpu)
{
    uint32_t limit = cpu->seg[SEG_CS].limit;
    return cpu->mode & MODE_CS32 ? limit != 0xffffffffu : limit < 0xffff;
}

/* What segment_update_limits() found out, moved to the register's place. */
static uint32_t segment_bits(const struct cpu *cpu)
{
    const uint32_t both = TRANSLATION_ZERO_BASE(0) | TRANSLATION_NO_LIMIT(0);
    uint32_t cs = cpu->seg[SEG_CS].translation;
    uint32_t bits = (cs & TRANSLATION_ZERO_BASE(0)) << SEG_CS;
    bits |= cs & TRANSLATION_NO_READ_LIMIT ? TRANSLATION_NO_LIMIT(SEG_CS) : 0;
    bits |= (cpu->seg[SEG_ES].translation & both) << SEG_ES;
    bits |= (cpu->seg[SEG_SS].translation & both) << SEG_SS;
    bits |= (cpu->seg[SEG_DS].translation & both) << SEG_DS;
    bits |= (cpu->seg[SEG_FS].translation & both) << SEG_FS;
    return bits;
}

static void select_window(struct translator *tr)
{
    struct cpu *cpu = tr->cpu;
    if (tr->windows != NULL && !window_select(tr->windows))
        cpu->jit.window = NULL;
    cpu->jit.space_changed = false;
}

/* When there are more than numbers for them, all begin anew. */
static unsigned number_of_base(struct translator *tr, uint32_t base)
{
    unsigned n = tr->code_bases;
    while (n > 1 && tr->code_base[n - 1] != base)
        n--;
    if (n > 1)
        return n - 1;
    if (tr->code_bases == TRANSLATION_CS_BASES) {
        jump_targets_flush(tr, false);
        /* Whoever compares finds another mode, also where the number is the same. */
        tr->cpu->jit.mode = 0;
    }
    if (tr->code_bases == TRANSLATION_CS_BASES || tr->code_bases == 0)
        tr->code_bases = 1;
    tr->code_base[tr->code_bases] = base;
    return tr->code_bases++;
}

static uint32_t code_base_bits(struct translator *tr, uint32_t base)
{
    if (tr->last_code_base == 0 || tr->code_base[tr->last_code_base] != base)
        tr->last_code_base = number_of_base(tr, base);
    return tr->last_code_base << TRANSLATION_CS_SHIFT;
}

uint32_t translator_mode(struct cpu *cpu)
{
    if (unlikely(cpu->jit.space_changed))
        select_window(translator_of(cpu));
    uint32_t mode = cpu->mode | TRANSLATION_VALID | segment_bits(cpu);
    mode |= cpu->cpl == 3 ? TRANSLATION_USER : 0;
    mode |= cpu->stack_mask == 0xffffffffu ? TRANSLATION_STACK32 : 0;
    mode |= cpu->eflags & EFLAGS_DF ? TRANSLATION_DF : 0;
    mode |= cpu->jit.window != NULL ? TRANSLATION_WINDOW : 0;
    if (unlikely(code_is_limited(cpu) ||
                 (cpu->cpl == 3 && cpu->cr0 & CR0_AM && cpu->eflags & EFLAGS_AC)))
        mode |= TRANSLATION_REFUSED;
    if (!(mode & TRANSLATION_ZERO_BASE(SEG_CS)))
        mode |= code_base_bits(translator_of(cpu), (uint32_t)cpu->seg[SEG_CS].base);
    return mode;
}

void flags_to_image(struct cpu *cpu)
{
    uint32_t f = flags_get_arith(cpu);
    cpu->jit.flags_image = (uint16_t)((f & 0xff) << 8 | (f & EFLAGS_OF ? 1 : 0));
}

void flags_from_image(struct cpu *cpu)
{
    uint16_t image = cpu->jit.flags_image;
    flags_set_all(cpu, image >> 8 | (image & 1 ? EFLAGS_OF : 0));
}

/* ---- instructions that the executor does for a translation ----------------------------------- */

static bool mode_may_change(const struct insn *i)
{
    if (i->op == INSN_OP_UNDEFINED)
        return true;
    return !(opcode_table[i->op].attributes & (OP_X87 | OP_MMX | OP_SSE));
}

/* A site was found to need a probe: its translation is made anew when it is entered next. */
static void drop_stale(struct translator *tr)
{
    struct translated *t = tr->cpu->jit.stale;
    if (likely(t == NULL))
        return;
    tr->cpu->jit.stale = NULL;
    if (t->block != NULL)
        translation_drop(tr, t);
    tr->cpu->jit.leave = true;
}

static void count_executed(struct translator *tr, const struct insn *i)
{
    tr->counts.executed++;
    if (i->op < ARRAY_SIZE(tr->counts.executed_by_op))
        tr->counts.executed_by_op[i->op]++;
}

static bool gs_is_as_in(const struct cpu *cpu, const struct translated *t)
{
    return t->gs == TRANSLATION_NO_GS || t->gs == cpu->seg[SEG_GS].translation;
}

/*
 * A block did not find what it asks for at its begin. With another kind of GS it is another
 * translation's turn. Where it may not have the FPU, the executor does the block.
 */
static const uint8_t *enter_anew(struct translator *tr, struct cpu *cpu, struct translated *t)
{
    flags_from_image(cpu); /* the way back into the block ends here where there is an interrupt */
    cpu->eip = t->eip;
    tr->counts.entered_anew++;
    if (!gs_is_as_in(cpu, t))
        return NULL;
    if (fpu_open(cpu, t->fpu))
        return runs_at(tr, t->code + t->offsets[0]);
    exec_whole(cpu, t->block, t->eip);
    drop_stale(tr);
    return NULL;
}

bool translator_can_look_up(struct translator *tr, uint32_t mode)
{
    if (!(tr->options.optimise & OPTIMISE_LOOKUP))
        return false;
    tr->cpu->jit.mode = mode;
    return true;
}

/* The return stack is empty, but for the place of where generated code goes on. */
static void forget_calls(struct cpu *cpu)
{
    cpu->jit.return_stack_now = (uint64_t *)cpu->jit.return_stack - 1;
}

/* Another place or another mode: on by the table of jump targets, which knows of both. */
static const uint8_t *go_elsewhere(struct translator *tr, struct cpu *cpu, uint32_t mode)
{
    /* Calls that are open must not be returned to in the old mode's code. */
    bool other_mode = mode != cpu->jit.mode;
    if (!translator_can_look_up(tr, mode))
        return NULL;
    if (other_mode)
        forget_calls(cpu);
    flags_to_image(cpu);
    return runs_at(tr, tr->glue.lookup);
}

/* cpu->eip becomes its successor's, or where it jumped to. True: mode and flags are as before. */
static bool execute(struct cpu *cpu, const struct insn *i, uint32_t block_eip, uint32_t next)
{
    cpu->eip = block_eip + i->offset;
    cpu->current = NULL;
    if (memory_move(cpu, i)) {
        cpu->eip = next;
        return true;
    }
    exec_single(cpu, i, block_eip);
    return false;
}

/* The bytes were changed from outside just now, which attention will tell. */
static const uint8_t *leave_changed(struct cpu *cpu, const struct translated *t, unsigned index)
{
    uint32_t eip = t->eip + translation_guest_offset(t, index);
    flags_from_image(cpu);
    cpu->eip = t->mode & MODE_CS32 ? eip : eip & 0xffff;
    return NULL;
}

/*
 * The guest's registers are in struct cpu. Generated code may go on behind the instruction unless
 * something that it was made for has changed.
 */
const uint8_t *translator_execute(struct cpu *cpu, uint64_t behind)
{
    struct translator *tr = translator_of(cpu);
    const struct recent_site *site = code_cache_site(tr, behind - 1);
    struct translated *t = site->t;
    unsigned index = site->index, offset = site->guest_offset;
    if (index == t->count)
        return enter_anew(tr, cpu, t);
    struct block *b = t->block;
    const struct insn *i = &block_insns(cpu, b)[index];
    uint32_t next = t->eip + i->offset + i->length;
    if (unlikely(i->offset != offset))
        return leave_changed(cpu, t, index);
    if (!(t->mode & MODE_CS32))
        next &= 0xffff;
    flags_from_image(cpu);
    cpu->jit.leave = false;
    count_executed(tr, i);
    uint32_t special = cpu->jit.special_accesses, gs = cpu->seg[SEG_GS].translation;
    bool only_moved = execute(cpu, i, t->eip, next);
    /* Behind an open call there may be a link between blocks that were made for the GS it had. */
    if (unlikely(cpu->seg[SEG_GS].translation != gs))
        forget_calls(cpu);
    if (unlikely(b->slow_sites >> index & 1) && cpu->jit.special_accesses != special)
        sites_note_met(tr, b, index);
    drop_stale(tr);
    if (cpu->jit.leave || b->dropped)
        return NULL;
    uint32_t mode = !only_moved && mode_may_change(i) ? translator_mode(cpu) : cpu->jit.mode;
    /* Behind the last one, which may be a CALL of what comes next, there may be no code. */
    if ((uint32_t)cpu->eip != next || mode != cpu->jit.mode || index + 1 == t->count ||
        !gs_is_as_in(cpu, t))
        return go_elsewhere(tr, cpu, mode);
    if (t->fpu != 0 && !fpu_open(cpu, t->fpu))
        return NULL;
    if (!only_moved)
        flags_to_image(cpu);
    return runs_at(tr, t->code + t->offsets[index + 1]);
}

/* ---- entering and leaving -------------------------------------------------------------------- */

struct translated *translation_find(const struct cpu *cpu, const struct block *b, uint32_t eip,
                                    uint32_t mode)
{
    const struct translator *tr = translator_of(cpu);
    struct translated *t = translations_of(tr, b);
    while (t != NULL && (t->eip != eip || t->mode != mode || !gs_is_as_in(cpu, t)))
        t = translation_next(tr, t);
    return t;
}

static unsigned count_versions(const struct translator *tr, const struct block *b)
{
    unsigned count = 0;
    for (const struct translated *t = translations_of(tr, b); t != NULL;
         t = translation_next(tr, t))
        count++;
    return count;
}

/* Entries before one more version; where all is translated at once, these are, too. */
static unsigned threshold_of_more(const struct translator *tr)
{
    return 1 + (tr->options.threshold - 1) * TRANSLATION_MORE_FACTOR;
}

static struct translated *version_for(struct translator *tr, struct block *b, uint32_t eip,
                                      uint32_t mode)
{
    if (mode & TRANSLATION_REFUSED)
        return NULL;
    mode &= ~TRANSLATION_CS_MASK;
    struct translated *t = translation_find(tr->cpu, b, eip, mode);
    if (t != NULL)
        return t;
    /* One more version has to be earned, too, and better: a library lies elsewhere in each process,
     * and most of what a short one runs of it it runs once. */
    unsigned versions = count_versions(tr, b);
    if (++b->entries < (versions > 0 ? threshold_of_more(tr) : tr->options.threshold))
        return NULL;
    if (versions >= TRANSLATION_MAX_VERSIONS)
        translations_drop(tr, b);
    return translate(tr, b, eip, mode);
}

/* In one page, and as far from each other as their EIPs are: CS may have another base by now. */
static bool same_page(const struct translated *a, const struct translated *b)
{
    return ((uintptr_t)a->block->host ^ (uintptr_t)b->block->host) >> PAGE_SHIFT == 0 &&
           b->block->host - a->block->host == (int32_t)(b->eip - a->eip);
}

/* The way by which generated code was left last, if it leads here: next time it goes by itself. */
static void link_pending(struct translator *tr, struct translated *t)
{
    struct link *l = (struct link *)tr->pending;
    tr->pending = NULL;
    if (l == NULL || (!l->far && l->to != NO_DATA) || link_from(l)->block == NULL ||
        !(tr->options.optimise & OPTIMISE_CHAIN))
        return;
    if (l->target_eip != t->eip || link_from(l)->mode != t->mode)
        return;
    if (l->far) {
        far_link_fill(tr, l, runs_at(tr, t->code));
        tr->counts.linked++;
        return;
    }
    if (!same_page(link_from(l), t))
        return;
    if (t->block->second_page == NULL)
        link_to(tr, l, t);
    else if (tr->options.optimise & OPTIMISE_LOOKUP)
        link_by_table(l); /* right only for the second page mapped now */
}

/* A page walk may set an accessed bit in the block's own bytes, and so drop it: t->block is NULL. */
static void remember_target(struct translator *tr, struct cpu *cpu, struct translated *t)
{
    if (!(tr->options.optimise & OPTIMISE_LOOKUP))
        return;
    uint32_t linear = (uint32_t)cpu->seg[SEG_CS].base + t->eip;
    bool global = tlb_find_fetch(cpu, linear)->global;
    if (t->block == NULL)
        return;
    global = global && t->block->second_page == NULL;
    if (jump_target_add(tr, linear, global, t))
        origin_add(tr, t);
}

typedef enum exit_kind enter_fn(struct cpu *cpu, const void *code);

static void enter(struct translator *tr, struct cpu *cpu, const struct translated *t)
{
    enter_fn *fn = (enter_fn *)(uintptr_t)runs_at(tr, tr->glue.enter);
    flags_to_image(cpu);
    __atomic_store_n(&cpu->jit.in_code, true, __ATOMIC_SEQ_CST);
    enum exit_kind kind = fn(cpu, runs_at(tr, t->code));
    __atomic_store_n(&cpu->jit.in_code, false, __ATOMIC_RELAXED);
    tr->counts.entered++;
    if (kind == EXIT_DONE) {
        tr->counts.exit_done++;
        return;
    }
    flags_from_image(cpu);
    if (kind == EXIT_LINK) {
        tr->pending = (const struct link *)(uintptr_t)cpu->jit.exit_value;
        cpu->eip = tr->pending->target_eip;
        tr->counts.exit_link++;
    } else {
        cpu->eip = (uint32_t)cpu->jit.exit_value;
        tr->counts.exit_lookup++;
        computed_give_up(tr);
    }
}

EXEC(translator_run)
{
    struct translator *tr = translator_of(cpu);
    struct block *b = (struct block *)cpu->block;
    drop_stale(tr);
    if (unlikely(--tr->until_sites_look == 0))
        sites_look(tr);
    cpu->jit.mode = translator_mode(cpu);
    struct translated *t = version_for(tr, b, (uint32_t)cpu->block_eip, cpu->jit.mode);
    if (unlikely(t == NULL)) {
        i = block_insns(cpu, b);
        return i->fn(cpu, i);
    }
    remember_target(tr, cpu, t);
    cpu->eip = cpu->block_eip;
    cpu->block = NULL;
    if (likely(t->block != NULL)) {
        link_pending(tr, t);
        enter(tr, cpu, t);
    }
    EXEC_JUMP;
}
