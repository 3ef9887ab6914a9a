// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MOV and MOVZX between memory and a register: what drivers reach device memory by.
#include "cpu/access.h"
#include "cpu/system.h"
#include "translator/internal.h"

static unsigned operand_size(const struct insn *i)
{
    return i->flags & INSN_OSIZE16 ? 2 : 4;
}

static bool load(struct cpu *cpu, const struct insn *i, unsigned to, unsigned size)
{
    uint64_t value = cpu_load(cpu, i->seg, exec_ea(cpu, i), size);
    switch (size) {
    case 1: set_reg8(cpu, i, to, (uint8_t)value); break;
    case 2: set_reg16(cpu, to, (uint16_t)value); break;
    default: set_reg32(cpu, to, (uint32_t)value); break;
    }
    return true;
}

static bool load_extended(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint64_t value = cpu_load(cpu, i->seg, exec_ea(cpu, i), size) & size_mask(size);
    if (i->flags & INSN_OSIZE16)
        set_reg16(cpu, i->reg, (uint16_t)value);
    else
        set_reg32(cpu, i->reg, (uint32_t)value);
    return true;
}

static bool store(struct cpu *cpu, const struct insn *i, unsigned size, uint64_t value)
{
    cpu_store(cpu, i->seg, exec_ea(cpu, i), size, value & size_mask(size));
    return true;
}

static uint64_t source(const struct cpu *cpu, const struct insn *i, unsigned size)
{
    return size == 1 ? reg8(cpu, i, i->reg) : cpu->gpr[i->reg];
}

bool memory_move(struct cpu *cpu, const struct insn *i)
{
    if (i->op == INSN_OP_UNDEFINED)
        return false;
    const struct opcode *row = &opcode_table[i->op];
    unsigned size = row->opcode & 1 ? operand_size(i) : 1;
    bool memory = i->flags & INSN_MEMORY;
    if (row->map == MAP_0F)
        return memory && row->prefix == PFX_ANY && (row->opcode & 0xfe) == 0xb6 &&
               load_extended(cpu, i, row->opcode & 1 ? 2 : 1);
    if (row->map != MAP_1B)
        return false;
    switch (row->opcode & 0xfe) {
    case 0x88: return memory && store(cpu, i, size, source(cpu, i, size));
    case 0x8a: return memory && load(cpu, i, i->reg, size);
    case 0xa0: return load(cpu, i, RAX, size);
    case 0xa2: return store(cpu, i, size, cpu->gpr[RAX]);
    case 0xc6: return memory && store(cpu, i, size, i->imm);
    default: return false;
    }
}
