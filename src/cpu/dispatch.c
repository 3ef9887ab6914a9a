// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From one block to the next: the jump cache, then the block cache, then the decoder.
#include "cpu/dispatch.h"

#include "cpu/print.h"
#include "cpu/x87/fpu.h"

static bool logs_blocks(const struct cpu *cpu)
{
    return unlikely(cpu->bus.log->mask & (1u << LOG_EXEC | 1u << LOG_CPU));
}

static void log_entry(struct cpu *cpu, const struct block *b)
{
    if (!log_has_address(cpu->bus.log, (uint32_t)(cpu->seg[SEG_CS].base + cpu->eip)))
        return;
    LOG(cpu->bus.log, EXEC, "%04x:%08x %u instructions\n", cpu->seg[SEG_CS].selector,
        (unsigned)cpu->eip, b->count);
    if (log_enabled(cpu->bus.log, LOG_CPU)) {
        fpu_sync(cpu);
        cpu_log_state(cpu);
    }
}

/* Page walks see what data does: in SMM that may be other memory. */
static const uint8_t *code_page(struct cpu *cpu, uint64_t physical)
{
    struct memory_page page;
    if (likely(!cpu->smm))
        return tlb_walk_page(cpu, physical)->read;
    memory_find_page(cpu->bus.memory, cpu_code_space(cpu), physical, &page);
    return page.read;
}

/* The block of cpu->eip, made if need be. A block that crosses a page is right only for the pages
 * mapped now. */
static const struct block *find_block(struct cpu *cpu, uint32_t linear)
{
    const struct tlb_page *page = tlb_find_fetch(cpu, linear);
    if (page->page.read == NULL)
        return NULL;
    const uint8_t *host = page->page.read + (linear & (PAGE_SIZE - 1));
    const struct block *b = block_find(cpu, host, NULL);
    if (b == NULL && (linear & (PAGE_SIZE - 1)) > PAGE_SIZE - 15) {
        /* Whether a second page is needed at all is known only to the decoder: look for the
         * crossing block without faulting. */
        struct translation t;
        uint32_t error, next = (linear | (PAGE_SIZE - 1)) + 1;
        if (paging_walk(cpu, next, ACCESS_FETCH, cpu->cpl == 3, true, &t, &error)) {
            const uint8_t *second = code_page(cpu, t.physical);
            if (second != NULL)
                b = block_find(cpu, host, second);
            if (b != NULL)
                tlb_find_fetch(cpu, next);
        }
        page = tlb_find_fetch(cpu, linear);
    }
    return b != NULL ? b : block_build(cpu, linear, page);
}

const struct insn *exec_dispatch_slow(struct cpu *cpu)
{
    cpu->current = NULL;
    cpu->block = NULL;
    if (__atomic_load_n(&cpu->attention, __ATOMIC_RELAXED) != 0 ||
        cpu->code_generation & GENERATION_SINGLE)
        return NULL;
    uint32_t linear = (uint32_t)cpu->seg[SEG_CS].base + (uint32_t)cpu->eip;
    /* Beyond the limit it is #GP, whatever page is there. */
    const struct block *b =
        (uint32_t)cpu->eip <= cpu->seg[SEG_CS].limit ? find_block(cpu, linear) : NULL;
    if (b == NULL || !dispatch_within_limit(cpu, b)) {
        b = block_build_single(cpu);
    } else if (!logs_blocks(cpu)) {
        struct jump_entry *e = jump_entry(cpu, linear);
        e->key = jump_key(cpu, linear);
        e->block = b;
    }
    if (logs_blocks(cpu))
        log_entry(cpu, b);
    const struct insn *first = dispatch_enter(cpu, b);
    EXEC_ENTER(first);
}

const struct insn *exec_dispatch(struct cpu *cpu)
{
    return dispatch_here(cpu);
}

/* The entry of a block that is not warm yet. */
EXEC(exec_warm)
{
    struct block *b = (struct block *)cpu->block;
    if (unlikely(++b->entries >= cpu->engine->threshold)) {
        cpu->engine->warm(cpu, b);
        return b->entry->fn(cpu, b->entry);
    }
    i = block_insns(cpu, b);
    return i->fn(cpu, i);
}

/* The block whose decoded instructions had to make room: it has them again, for good or a while. */
static EXEC(exec_forgotten)
{
    struct block *b = (struct block *)cpu->block;
    i = b->entry = block_insns(cpu, b);
    return i->fn(cpu, i);
}

static EXEC(exec_dropped_block)
{
    (void)i;
    cpu->eip = cpu->block_eip;
    cpu->instructions -= cpu->block->count;
    return exec_dispatch_slow(cpu);
}

const struct insn block_entry_counted = { .fn = exec_warm },
                  block_entry_forgotten = { .fn = exec_forgotten },
                  block_entry_dropped = { .fn = exec_dropped_block };

void exec_single(struct cpu *cpu, const struct insn *i, uint64_t block_eip)
{
    struct block *b = cpu->blocks->single;
    const struct insn *next = b->insns;
    b->count = 1;
    b->insns[0] = *i;
    b->insns[1] = (struct insn){ .fn = exec_block_end, .offset = i->offset + i->length };
    cpu->block = b;
    cpu->block_eip = block_eip;
    cpu->code_generation |= GENERATION_SINGLE;
    while (next != NULL)
        next = next->fn(cpu, next);
    cpu->code_generation &= ~GENERATION_SINGLE;
}

void exec_whole(struct cpu *cpu, struct block *b, uint64_t block_eip)
{
    const struct insn *next = block_insns(cpu, b);
    cpu->block = b;
    cpu->block_eip = block_eip;
    cpu->instructions += b->count;
    cpu->code_generation |= GENERATION_SINGLE;
    while (next != NULL)
        next = next->fn(cpu, next);
    cpu->code_generation &= ~GENERATION_SINGLE;
}

EXEC(exec_block_end)
{
    cpu->eip = insn_next_eip(cpu, i);
    EXEC_JUMP;
}

EXEC(exec_dropped)
{
    uint32_t eip = insn_eip(cpu, i);
    cpu->eip = cpu->mode & MODE_CS32 ? eip : eip & 0xffff;
    cpu->instructions -= cpu->block->count - (uint64_t)(i - cpu->block->insns);
    return exec_dispatch_slow(cpu);
}
