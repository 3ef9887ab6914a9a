// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Decoding: from bytes in guest memory to a block, or to one instruction that is not kept.
#include "cpu/block_store.h"

#include "cpu/execute.h"
#include "cpu/x87/fpu.h"

/* Bytes from eip that CS.limit allows. 16-bit code ends at 64 KiB. */
static uint64_t bytes_in_limit(const struct cpu *cpu, uint32_t eip)
{
    uint64_t limit = cpu->seg[SEG_CS].limit;
    if (!(cpu->mode & MODE_CS32))
        limit = MIN(limit, 0xffff);
    return eip > limit ? 0 : limit - eip + 1;
}

static void finish(struct block *b, unsigned count, unsigned length)
{
    b->count = count;
    b->length = length;
    b->insns[count] =
        (struct insn){ .fn = exec_block_end, .offset = length, .op = INSN_OP_UNDEFINED };
}

/* A block that is kept is counted while an engine wants to know which run often. */
static void set_entry(const struct cpu *cpu, struct block *b)
{
    b->entry = cpu->engine != NULL ? &block_entry_counted : b->insns;
}

/* Jcc: where it is not taken, the block goes on. */
static bool falls_through(const struct opcode *row)
{
    return (row->map == MAP_1B && (row->opcode & 0xf0) == 0x70) ||
           (row->map == MAP_0F && (row->opcode & 0xf0) == 0x80);
}

static bool ends_block(const struct insn *i)
{
    if (i->op == INSN_OP_UNDEFINED)
        return true;
    const struct opcode *row = &opcode_table[i->op];
    return row->attributes & OP_END && !falls_through(row);
}

/* What follows a conditional jump is a block already: it is not decoded, and translated, twice. */
static bool joins_another(struct cpu *cpu, const struct block *b, const struct insn *i,
                          unsigned position)
{
    return opcode_table[i->op].attributes & OP_END && block_find(cpu, b->host + position, NULL);
}

static void log_block(struct cpu *cpu, const struct block *b)
{
    const struct log *log = cpu->bus.log;
    uint32_t linear = (uint32_t)(cpu->seg[SEG_CS].base + cpu->eip);
    if (!log_enabled_at(log, LOG_IN_ASM, linear))
        return;
    log_write(log, "block at %08x (CS base %08x), %u instructions\n", (unsigned)cpu->eip,
              (unsigned)cpu->seg[SEG_CS].base, b->count);
    if (cpu->bus.disassemble == NULL || b->second_page != NULL)
        return;
    fpu_sync(cpu);
    cpu->bus.disassemble(cpu->bus.disassemble_opaque, linear, b->host, b->length, b->mode);
}

static bool decode_crossing(const struct cpu *cpu, struct block *b, const uint8_t *second,
                            unsigned here, uint64_t allowed)
{
    uint8_t bytes[INSN_MAX_LENGTH];
    unsigned available = MIN(allowed, sizeof bytes);
    for (unsigned n = 0; n < available; n++)
        bytes[n] = n < here ? b->host[n] : second[n - here];
    int length = insn_decode(b->insns, bytes, available, cpu->mode, &cpu->model);
    return length != 0 && length >= -1;
}

/*
 * The first instruction goes on in the next page: a block of its own, because the next page's
 * mapping may change by itself. Fetching there may raise #PF. It may be the same page of RAM, mapped
 * twice: such an instruction is not kept, as a block is in the list of each of two pages once.
 */
static struct block *build_crossing(struct cpu *cpu, struct block *b, uint32_t linear,
                                    const struct memory_page *first, uint64_t allowed)
{
    unsigned here = PAGE_SIZE - (linear & (PAGE_SIZE - 1));
    struct memory_page second = tlb_find_fetch(cpu, linear + here)->page;
    if (second.read == NULL || second.read == first->read)
        return NULL;
    block_watch_page(first);
    block_watch_page(&second);
    if (!decode_crossing(cpu, b, second.read, here, allowed)) {
        block_unwatch_page(cpu, first);
        block_unwatch_page(cpu, &second);
        return NULL;
    }
    b->second_page = second.read;
    b->uses_gs = b->insns[0].seg == SEG_GS;
    finish(b, 1, b->insns[0].length);
    set_entry(cpu, b);
    block_publish(cpu, b, first, &second);
    return b;
}

/* As many instructions as there are in the next so many bytes: gives how many bytes they have. */
static unsigned decode_block(struct cpu *cpu, struct block *b, unsigned available)
{
    unsigned position = 0, count = 0;
    while (count < BLOCK_MAX_INSNS && position < available) {
        struct insn *i = &b->insns[count];
        int length =
            insn_decode(i, b->host + position, available - position, cpu->mode, &cpu->model);
        if (length == 0 || length < -1)
            break;
        i->offset = position;
        b->uses_gs |= i->seg == SEG_GS;
        position += i->length;
        count++;
        if (ends_block(i) || joins_another(cpu, b, i, position))
            break;
    }
    finish(b, count, position);
    return position;
}

struct block *block_build(struct cpu *cpu, uint32_t linear, const struct tlb_page *page)
{
    struct memory_page first = page->page;
    unsigned start = linear & (PAGE_SIZE - 1);
    uint64_t allowed = bytes_in_limit(cpu, (uint32_t)cpu->eip);
    unsigned available = MIN(allowed, PAGE_SIZE - start);
    struct block *b = block_reserve(cpu);
    *b = (struct block){ .host = first.read + start, .mode = cpu->mode, .insns = b->insns };
    block_watch_page(&first);
    if (decode_block(cpu, b, available) == 0) {
        block_unwatch_page(cpu, &first);
        return allowed > available ? build_crossing(cpu, b, linear, &first, allowed) : NULL;
    }
    set_entry(cpu, b);
    block_publish(cpu, b, &first, NULL);
    log_block(cpu, b);
    return b;
}

/* ---- forgotten instructions ------------------------------------------------------------------ */

/* The bytes of a block from offset on, at most as many as an instruction has. */
static unsigned bytes_of_block(const struct block *b, unsigned offset, uint8_t *bytes)
{
    unsigned length = offset < b->length ? MIN(b->length - offset, INSN_MAX_LENGTH) : 0;
    unsigned here = PAGE_SIZE - ((uintptr_t)b->host & (PAGE_SIZE - 1));
    for (unsigned n = 0; n < length; n++)
        bytes[n] = offset + n < here ? b->host[offset + n] : b->second_page[offset + n - here];
    return length;
}

void block_decode_one(const struct cpu *cpu, const struct block *b, unsigned offset,
                      struct insn *insn)
{
    uint8_t bytes[INSN_MAX_LENGTH];
    int length = insn_decode(insn, bytes, bytes_of_block(b, offset, bytes), b->mode, &cpu->model);
    if (length == 0 || length < -1)
        *insn = (struct insn){ .fn = exec_dropped, .op = INSN_OP_UNDEFINED, .length = 1 };
    insn->offset = (uint16_t)offset;
}

/* Whoever comes to them leaves for the loop, which hears of the change. */
static void decode_changed(const struct block *b, struct insn *insns)
{
    for (unsigned n = 0; n < b->count; n++)
        insns[n] = (struct insn){ .fn = exec_dropped,
                                  .op = INSN_OP_UNDEFINED,
                                  .length = 1,
                                  .offset = (uint16_t)MIN(n, b->length) };
}

/*
 * The bytes have not changed, or the block were dropped: they say what they said. But a device may
 * have changed them a moment ago, and the processor not heard of it.
 */
const struct insn *block_insns(struct cpu *cpu, struct block *b)
{
    if (likely(b->insns != NULL))
        return b->insns;
    struct insn *insns = block_insns_reserve(cpu);
    unsigned offset = 0;
    cpu->current = NULL; /* may have been in what is overwritten */
    for (unsigned n = 0; n < b->count; n++) {
        block_decode_one(cpu, b, offset, &insns[n]);
        offset += insns[n].length;
    }
    if (unlikely(offset != b->length))
        decode_changed(b, insns);
    block_insns_keep(cpu, b);
    finish(b, b->count, b->length);
    return b->insns;
}

/* ---- single instructions --------------------------------------------------------------------- */

/* Up to count bytes at linear, none beyond its page. */
static unsigned fetch(struct cpu *cpu, uint32_t linear, uint8_t *bytes, unsigned count)
{
    const struct tlb_page *p = tlb_find_fetch(cpu, linear);
    unsigned start = linear & (PAGE_SIZE - 1);
    uint64_t physical = p->physical + start;
    count = MIN(count, PAGE_SIZE - start);
    if (p->page.read != NULL) {
        __builtin_memcpy(bytes, p->page.read + start, count);
        return count;
    }
    fpu_sync(cpu);
    for (unsigned n = 0; n < count; n++) {
        uint64_t value = 0xff;
        memory_read(cpu->bus.memory, cpu_code_space(cpu), physical + n, 1, &value);
        bytes[n] = (uint8_t)value;
    }
    return count;
}

/* SDM 3A 6.15, #GP: an instruction beyond CS.limit, or longer than 15 bytes. A page is fetched only
 * if its bytes are needed. */
struct block *block_build_single(struct cpu *cpu)
{
    struct block *b = cpu->blocks->single;
    uint32_t linear = (uint32_t)cpu->seg[SEG_CS].base + (uint32_t)cpu->eip;
    uint8_t bytes[INSN_MAX_LENGTH];
    unsigned allowed = MIN(bytes_in_limit(cpu, (uint32_t)cpu->eip), sizeof bytes), available = 0;
    int length = 0;
    while (length == 0) {
        if (available == allowed)
            cpu_raise_error(cpu, EXC_GP, 0);
        available += fetch(cpu, linear + available, bytes + available, allowed - available);
        length = insn_decode(b->insns, bytes, available, cpu->mode, &cpu->model);
    }
    if (length < -1)
        cpu_raise_error(cpu, EXC_GP, 0);
    finish(b, 1, b->insns[0].length);
    return b;
}
