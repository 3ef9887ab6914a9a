// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// IN OUT INS OUTS (SDM 1, chapter 18).
#include "cpu/integer/repeat.h"
#include "cpu/system.h"

/*
 * Permission is checked first, then the breakpoints; the device may change anything about the
 * processor but its registers.
 */
static uint32_t port_read(struct cpu *cpu, const struct insn *i, uint16_t port, unsigned size)
{
    exec_sync(cpu, i);
    cpu_check_io(cpu, port, size);
    debug_check_io(cpu, port, size);
    return cpu_port_read(cpu, port, size);
}

static void port_write(struct cpu *cpu, const struct insn *i, uint16_t port, unsigned size,
                       uint32_t value)
{
    exec_sync(cpu, i);
    cpu_check_io(cpu, port, size);
    debug_check_io(cpu, port, size);
    cpu_port_write(cpu, port, size, value);
}

/*
 * Blocks end here: what the device asks for (SMI, reset, an interrupt) is seen before the next
 * instruction.
 */
#define IN(name, size, port)                                                                       \
    EXEC(name)                                                                                     \
    {                                                                                              \
        SET_ACC(size, port_read(cpu, i, (uint16_t)(port), size));                                  \
        cpu->eip = insn_next_eip(cpu, i);                                                          \
        EXEC_JUMP;                                                                                 \
    }
IN(in_al_ib, 1, i->imm)
IN(in_eax_ib_16, 2, i->imm)
IN(in_eax_ib_32, 4, i->imm)
IN(in_al_dx, 1, reg32(cpu, RDX))
IN(in_eax_dx_16, 2, reg32(cpu, RDX))
IN(in_eax_dx_32, 4, reg32(cpu, RDX))

#define OUT(name, size, port)                                                                      \
    EXEC(name)                                                                                     \
    {                                                                                              \
        port_write(cpu, i, (uint16_t)(port), size, (uint32_t)ACC(size));                           \
        cpu->eip = insn_next_eip(cpu, i);                                                          \
        EXEC_JUMP;                                                                                 \
    }
OUT(out_ib_al, 1, i->imm)
OUT(out_ib_eax_16, 2, i->imm)
OUT(out_ib_eax_32, 4, i->imm)
OUT(out_dx_al, 1, reg32(cpu, RDX))
OUT(out_dx_eax_16, 2, reg32(cpu, RDX))
OUT(out_dx_eax_32, 4, reg32(cpu, RDX))

/*
 * A port may lose what is read: the destination is known to be writable before the port is
 * touched.
 */
ALWAYS_INLINE void ins_one(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t offset = string_offset(cpu, i, RDI);
    uint16_t port = reg16(cpu, RDX);
    exec_sync(cpu, i);
    cpu_check_io(cpu, port, size);
    probe_write(cpu, i, SEG_ES, offset, size);
    debug_check_io(cpu, port, size);
    store_operand(cpu, i, SEG_ES, offset, size, cpu_port_read(cpu, port, size));
    string_advance(cpu, i, RDI, size, 1);
}

ALWAYS_INLINE void outs_one(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint16_t port = reg16(cpu, RDX);
    exec_sync(cpu, i);
    cpu_check_io(cpu, port, size);
    uint64_t value = load_operand(cpu, i, i->seg, string_offset(cpu, i, RSI), size);
    debug_check_io(cpu, port, size);
    cpu_port_write(cpu, port, size, (uint32_t)value);
    string_advance(cpu, i, RSI, size, 1);
}

#define IO_STRING(insn, suffix, size)                                                              \
    EXEC(insn##_##suffix)                                                                          \
    {                                                                                              \
        insn##_one(cpu, i, size);                                                                  \
        cpu->eip = insn_next_eip(cpu, i);                                                          \
        EXEC_JUMP;                                                                                 \
    }                                                                                              \
    REP_HANDLER(rep_##insn##_##suffix, 0, insn##_one(cpu, i, size), true)
IO_STRING(ins, b, 1)
IO_STRING(ins, v_16, 2)
IO_STRING(ins, v_32, 4)
IO_STRING(outs, b, 1)
IO_STRING(outs, v_16, 2)
IO_STRING(outs, v_32, 4)
