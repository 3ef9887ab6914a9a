// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// DAA DAS AAA AAS AAM AAD: decimal arithmetic (SDM 1, 7.3.3).
#include "cpu/integer/alu.h"

/* SDM 2, "DAA" and "DAS". OF is undefined and cleared. */
ALWAYS_INLINE void decimal_adjust(struct cpu *cpu, const struct insn *i, bool subtract)
{
    uint8_t al = (uint8_t)ACC(1);
    bool low = (al & 15) > 9 || flag_af(cpu), high = al > 0x99 || flag_cf(cpu);
    uint8_t correction = (low ? 0x06 : 0) + (high ? 0x60 : 0);
    /* DAS: the low digit's borrow sets CF too. */
    bool borrow = subtract && low && al < 6;
    al = (uint8_t)(subtract ? al - correction : al + correction);
    alu_set_flags(cpu, 1, al, high || borrow, false, low);
    SET_ACC(1, al);
}
REG_HANDLER(daa, decimal_adjust(cpu, i, false))
REG_HANDLER(das, decimal_adjust(cpu, i, true))

/* SF, ZF, PF and OF are undefined; they follow AL. */
ALWAYS_INLINE void ascii_adjust(struct cpu *cpu, uint16_t correction)
{
    uint16_t ax = reg16(cpu, RAX);
    bool adjust = (ax & 15) > 9 || flag_af(cpu);
    ax = (uint16_t)((ax + (adjust ? correction : 0)) & 0xff0f);
    alu_set_flags(cpu, 1, ax & 0xff, adjust, false, adjust);
    set_reg16(cpu, RAX, ax);
}
REG_HANDLER(aaa, ascii_adjust(cpu, 0x106))
REG_HANDLER(aas, ascii_adjust(cpu, (uint16_t)-0x106))

/* AAM divides by its immediate, #DE by 0; CF, OF and AF are undefined and cleared. */
EXEC(aam)
{
    uint8_t al = (uint8_t)ACC(1), base = (uint8_t)i->imm;
    if (base == 0)
        exec_raise(cpu, i, EXC_DE);
    set_reg16(cpu, RAX, (uint16_t)(al / base << 8 | al % base));
    flags_set_logic(cpu, 1, al % base);
    EXEC_NEXT;
}

EXEC(aad)
{
    uint16_t ax = reg16(cpu, RAX);
    uint8_t al = (uint8_t)((ax >> 8) * i->imm + ax);
    set_reg16(cpu, RAX, al);
    flags_set_logic(cpu, 1, al);
    EXEC_NEXT;
}
