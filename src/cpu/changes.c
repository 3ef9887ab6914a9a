// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Memory changes that the processor must hear of, from any thread: code bytes, dirty bits, the map.
#include "cpu/block_cache.h"
#include "cpu/threading.h"
#include "cpu/tlb.h"
#include "host/host.h"

/*
 * TLB and blocks belong to whoever executes. On that thread a change takes effect at once; while
 * nobody executes, by whoever makes it; else it is queued, and the processor takes it at its next
 * block - before it can take an interrupt that tells of it, or jump to the new code.
 */
static void apply(struct cpu *cpu, const struct change *c, bool late)
{
    if (c->kind == CHANGE_CODE)
        block_cache_invalidate(cpu, c->ram, c->offset, c->length);
    else /* Queued: stores since then went unnoticed, so pages that could take them count as
            written. */
        tlb_protect(cpu, c->ram, c->offset, c->length, late);
}

static void change(struct cpu *cpu, struct change c)
{
    struct cpu_threading *t = cpu->threading;
    if (host_lock_held(t->running)) {
        apply(cpu, &c, false);
        return;
    }
    host_lock_acquire(t->state);
    bool idle = t->idle;
    if (idle)
        apply(cpu, &c, false);
    else if (t->queued < CHANGE_QUEUE)
        t->queue[t->queued++] = c;
    else
        t->overflow = true;
    host_lock_release(t->state);
    if (!idle)
        cpu_attend(cpu, ATTENTION_INVALIDATE);
}

static void map_changed(void *opaque)
{
    struct cpu *cpu = opaque;
    struct cpu_threading *t = cpu->threading;
    if (host_lock_held(t->running)) {
        tlb_flush(cpu, false);
        return;
    }
    host_lock_acquire(t->state);
    bool idle = t->idle;
    if (idle)
        tlb_flush(cpu, false);
    host_lock_release(t->state);
    if (!idle)
        cpu_attend(cpu, ATTENTION_TLB);
}

static void code_written(void *opaque, struct ram_block *ram, uint64_t offset, uint64_t length)
{
    change(opaque, (struct change){ CHANGE_CODE, ram, offset, length });
}

static void dirty_cleared(void *opaque, struct ram_block *ram, uint64_t first, uint64_t count)
{
    change(opaque, (struct change){ CHANGE_DIRTY, ram, first << PAGE_SHIFT, count << PAGE_SHIFT });
}

void changes_listen(struct cpu *cpu)
{
    cpu->listener = (struct memory_listener){
        .map_changed = map_changed,
        .code_written = code_written,
        .dirty_cleared = dirty_cleared,
        .opaque = cpu,
    };
    memory_add_listener(cpu->bus.memory, &cpu->listener);
}

/* More changes than were kept: every block may be stale, and every page that could be stored to by
 * a fast path counts as written. */
static void apply_overflow(struct cpu *cpu)
{
    block_cache_flush(cpu);
    for (struct ram_block *ram = memory_ram_blocks(cpu->bus.memory); ram != NULL; ram = ram->next)
        tlb_protect(cpu, ram, 0, ram->size, true);
}

void changes_apply(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    const uint32_t changes = ATTENTION_INVALIDATE | ATTENTION_TLB;
    if (!(__atomic_load_n(&cpu->attention, __ATOMIC_SEQ_CST) & changes))
        return;
    uint32_t bits = __atomic_fetch_and(&cpu->attention, ~changes, __ATOMIC_SEQ_CST);
    if (bits & ATTENTION_INVALIDATE) {
        host_lock_acquire(t->state);
        for (unsigned n = 0; n < t->queued; n++)
            apply(cpu, &t->queue[n], true);
        t->queued = 0;
        bool overflow = t->overflow;
        t->overflow = false;
        host_lock_release(t->state);
        if (overflow)
            apply_overflow(cpu);
    }
    if (bits & ATTENTION_TLB)
        tlb_flush(cpu, false);
}
