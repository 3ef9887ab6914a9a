// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Copies between the guest's memory and a buffer, a page at a time.
#include "control/guest_memory.h"

#include "base/bits.h"
#include "cpu/cpu.h"
#include "cpu/paging.h"

/* Where a linear address lies, and how far from there the same page goes. */
static bool translate(struct cpu *cpu, bool physical, uint64_t address, size_t length,
                      uint64_t *where, size_t *piece)
{
    *piece = MIN(length, PAGE_SIZE - (address & (PAGE_SIZE - 1)));
    *where = address;
    return physical || paging_debug_translate(cpu, (uint32_t)address, where);
}

static enum memory_space space(const struct cpu *cpu)
{
    return cpu->smm ? SPACE_SMM : SPACE_MEMORY;
}

bool guest_read(struct cpu *cpu, bool physical, uint64_t address, void *buffer, size_t length)
{
    uint8_t *to = buffer;
    while (length > 0) {
        uint64_t where;
        size_t piece;
        if (!translate(cpu, physical, address, length, &where, &piece) ||
            !memory_read_bytes(cpu->bus.memory, space(cpu), where, to, piece))
            return false;
        to += piece, address += piece, length -= piece;
    }
    return true;
}

bool guest_write(struct cpu *cpu, bool physical, uint64_t address, const void *buffer,
                 size_t length)
{
    const uint8_t *from = buffer;
    while (length > 0) {
        uint64_t where;
        size_t piece;
        if (!translate(cpu, physical, address, length, &where, &piece) ||
            !memory_write_bytes(cpu->bus.memory, space(cpu), where, from, piece))
            return false;
        from += piece, address += piece, length -= piece;
    }
    return true;
}
