// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The FPU as others see it: its registers' images, FERR#, reset.
#ifndef CPU_X87_FPU_H
#define CPU_X87_FPU_H

#include "cpu/cpu.h"

/* Control and status word bits, SDM 1 8.1.3 and 8.1.5. */
enum {
    X87_IE = 1 << 0,
    X87_DE = 1 << 1,
    X87_ZE = 1 << 2,
    X87_OE = 1 << 3,
    X87_UE = 1 << 4,
    X87_PE = 1 << 5,
    X87_EXCEPTIONS = 0x3f,
    X87_SF = 1 << 6,
    X87_ES = 1 << 7,
    X87_C0 = 1 << 8,
    X87_C1 = 1 << 9,
    X87_C2 = 1 << 10,
    X87_C3 = 1 << 14,
    X87_B = 1 << 15,
};

/*
 * cpu->fpu is right only while jit.fpu_live is not set. Everybody who reads or writes it calls
 * fpu_sync() first, and so does everybody who is about to leave the freestanding floors, or to call
 * a chip, on the processor's thread: what they run may use the registers that the guest's state is
 * in. What runs with the state live is compiled without vector and x87 registers
 * (tests/structure/general_registers.py); of the host it calls what host.h says keeps them.
 */
static inline void fpu_sync(struct cpu *cpu)
{
    if (unlikely(cpu->jit.fpu_live))
        cpu->engine->fpu_save(cpu);
}

/*
 * The status word with TOP; the full tag word (00 valid, 01 zero, 10 special, 11 empty);
 * FXSAVE's abridged one.
 */
uint16_t fpu_status(const struct cpu *cpu);
uint16_t fpu_tags(const struct cpu *cpu);
static inline uint8_t fpu_abridged_tags(const struct cpu *cpu) { return (uint8_t)~cpu->fpu.empty; }

/* Set them; ES, B and FERR# follow from flags and masks. */
void fpu_set_control(struct cpu *cpu, uint16_t control);
void fpu_set_status(struct cpu *cpu, uint16_t status);
void fpu_set_tags(struct cpu *cpu, uint16_t tags);

/* FNINIT. */
void fpu_initialize(struct cpu *cpu);

/*
 * For the board, on a write to port F0H (under the device lock): lower IRQ 13 and assert IGNNE#
 * until the guest has cleared the error. SDM 1 appendix D.2.
 */
void fpu_clear_ferr(struct cpu *cpu);

#endif
