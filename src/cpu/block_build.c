// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Decoding: from bytes in guest memory to a block, or to one instruction that is not kept.
#include "cpu/block_store.h"

#include "cpu/execute.h"
#include "cpu/x87/fpu.h"

enum { INSN_MAX_LENGTH = 15 };

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
static void count_entries(const struct cpu *cpu, struct block *b)
{
    b->first_fn = b->insns[0].fn;
    if (cpu->engine != NULL)
        b->insns[0].fn = exec_warm;
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

static void log_block(struct cpu *cpu, const struct block *b)
{
    const struct log *log = cpu->bus.log;
    if (!log_enabled(log, LOG_IN_ASM))
        return;
    log_write(log, "block at %08x (CS base %08x), %u instructions\n", (unsigned)cpu->eip,
              (unsigned)cpu->seg[SEG_CS].base, b->count);
    if (cpu->bus.disassemble == NULL || b->second_page != NULL)
        return;
    fpu_sync(cpu);
    cpu->bus.disassemble(cpu->bus.disassemble_opaque, (uint32_t)(cpu->seg[SEG_CS].base + cpu->eip),
                         b->host, b->length, b->mode);
}

/*
 * The first instruction goes on in the next page: a block of its own, because the next page's
 * mapping may change by itself. Fetching there may raise #PF.
 */
static struct block *build_crossing(struct cpu *cpu, struct block *b, uint32_t linear,
                                    const struct memory_page *first, uint64_t allowed)
{
    uint8_t bytes[INSN_MAX_LENGTH];
    unsigned here = PAGE_SIZE - (linear & (PAGE_SIZE - 1));
    struct memory_page second = tlb_find_fetch(cpu, linear + here)->page;
    if (second.read == NULL)
        return NULL;
    unsigned available = MIN(allowed, sizeof bytes);
    for (unsigned n = 0; n < available; n++)
        bytes[n] = n < here ? b->host[n] : second.read[n - here];
    int length = insn_decode(b->insns, bytes, available, cpu->mode, &cpu->model);
    if (length == 0 || length < -1)
        return NULL;
    b->second_page = second.read;
    finish(b, 1, b->insns[0].length);
    count_entries(cpu, b);
    block_publish(cpu, b, first, &second);
    return b;
}

struct block *block_build(struct cpu *cpu, uint32_t linear, const struct tlb_page *page)
{
    struct memory_page first = page->page;
    unsigned start = linear & (PAGE_SIZE - 1), position = 0, count = 0;
    uint64_t allowed = bytes_in_limit(cpu, (uint32_t)cpu->eip);
    unsigned available = MIN(allowed, PAGE_SIZE - start);
    struct block *b = block_reserve(cpu);
    *b = (struct block){ .host = first.read + start, .mode = cpu->mode };
    while (count < BLOCK_MAX_INSNS && position < available) {
        struct insn *i = &b->insns[count];
        int length =
            insn_decode(i, b->host + position, available - position, cpu->mode, &cpu->model);
        if (length == 0 || length < -1)
            break;
        i->offset = position;
        position += i->length;
        count++;
        if (ends_block(i))
            break;
    }
    if (count == 0)
        return allowed > available ? build_crossing(cpu, b, linear, &first, allowed) : NULL;
    finish(b, count, position);
    count_entries(cpu, b);
    block_publish(cpu, b, &first, NULL);
    log_block(cpu, b);
    return b;
}

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
        memory_read(cpu->bus.memory, cpu_space(cpu), physical + n, 1, &value);
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
