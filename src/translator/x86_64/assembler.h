// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// x86-64 machine code, instruction by instruction, into a buffer.
#ifndef TRANSLATOR_X86_64_ASSEMBLER_H
#define TRANSLATOR_X86_64_ASSEMBLER_H

#include <stdbool.h>
#include <stdint.h>

/* Host registers by their encoding. */
enum host_register {
    HOST_RAX,
    HOST_RCX,
    HOST_RDX,
    HOST_RBX,
    HOST_RSP,
    HOST_RBP,
    HOST_RSI,
    HOST_RDI,
    HOST_R8,
    HOST_R9,
    HOST_R10,
    HOST_R11,
    HOST_R12,
    HOST_R13,
    HOST_R14,
    HOST_R15,
    HOST_NONE = 0xff
};

/* Opcode maps, mandatory and size prefixes, and REX.W; joined by |. */
enum {
    ASM_0F = 1,
    ASM_0F38 = 2,
    ASM_0F3A = 3,
    ASM_MAP = 3,
    ASM_66 = 1 << 2,
    ASM_F3 = 1 << 3,
    ASM_F2 = 1 << 4,
    ASM_W = 1 << 5,
    ASM_LOCK = 1 << 6,
    ASM_BYTE_REG = 1 << 7, /* reg is a byte register of REX encoding: SPL.. not AH.. */
    ASM_BYTE_RM = 1 << 8,  /* the same for rm */
};

/* A memory operand. */
struct host_memory {
    uint8_t base, index; /* HOST_* or HOST_NONE; index is never HOST_RSP */
    uint8_t scale;       /* shift count */
    bool gs;             /* relative to the GS base */
    bool address32;      /* the sum is cut to 32 bits before GS is added */
    int32_t disp;
};

/* Where code goes. All writes stop at end; overflow says that they did. */
struct assembler {
    uint8_t *p, *start, *end;
    bool overflow;
};

void asm_bytes(struct assembler *a, const void *bytes, unsigned count);
void asm_8(struct assembler *a, uint8_t v);
void asm_16(struct assembler *a, uint16_t v);
void asm_32(struct assembler *a, uint32_t v);
void asm_64(struct assembler *a, uint64_t v);

/* One opcode with ModRM: register and register, or register and memory. form: ASM_*. reg may also
 * be an opcode extension 0-7. An immediate is the caller's to add. */
void asm_rr(struct assembler *a, unsigned form, uint8_t opcode, unsigned reg, unsigned rm);
void asm_rm(struct assembler *a, unsigned form, uint8_t opcode, unsigned reg,
            const struct host_memory *m);
/* BMI2 RORX and the three-operand shifts: none of them touches a flag. width: 32 or 64. */
void asm_rorx(struct assembler *a, unsigned width, unsigned to, unsigned from, unsigned count);
void asm_shlx(struct assembler *a, unsigned width, unsigned to, unsigned from, unsigned count_reg);
void asm_shrx(struct assembler *a, unsigned width, unsigned to, unsigned from, unsigned count_reg);

/* Moves that leave the flags alone. */
void asm_mov32(struct assembler *a, unsigned to, unsigned from);
void asm_mov64(struct assembler *a, unsigned to, unsigned from);
void asm_mov32_imm(struct assembler *a, unsigned to, uint32_t v); /* zero-extends; B8+ form */
void asm_mov64_imm(struct assembler *a, unsigned to, uint64_t v);
void asm_lea32(struct assembler *a, unsigned to, const struct host_memory *m); /* of m without gs */
void asm_lea64(struct assembler *a, unsigned to, const struct host_memory *m);
void asm_load32(struct assembler *a, unsigned to, const struct host_memory *m);
void asm_load64(struct assembler *a, unsigned to, const struct host_memory *m);
void asm_store32(struct assembler *a, const struct host_memory *m, unsigned from);
void asm_store64(struct assembler *a, const struct host_memory *m, unsigned from);
void asm_store32_imm(struct assembler *a, const struct host_memory *m, uint32_t v);

/* base + disp; the field at this offset of struct cpu. */
static inline struct host_memory host_at(unsigned base, int32_t disp)
{
    return (struct host_memory){ .base = (uint8_t)base, .index = HOST_NONE, .disp = disp };
}
#define HOST_CPU              HOST_R15
#define host_cpu_field(field) host_at(HOST_CPU, (int32_t)offsetof(struct cpu, field))

/* Jumps: to a known address (within 2 GiB of where the code will run: the caller sees to it), or
 * forward to a place given later. */
struct asm_label {
    uint8_t *patch; /* the displacement's last byte + 1 */
    bool near;      /* 32-bit displacement */
};
void asm_jmp(struct assembler *a, const uint8_t *target);  /* E9; addresses in the writable view */
void asm_call(struct assembler *a, const uint8_t *target); /* E8 */
struct asm_label asm_jmp_forward(struct assembler *a);     /* E9 */
struct asm_label asm_call_forward(struct assembler *a);    /* E8 */
struct asm_label asm_jcc_forward(struct assembler *a, unsigned cc); /* 0F 8x */
struct asm_label asm_jcc_short(struct assembler *a, unsigned cc);   /* 7x */
struct asm_label asm_jrcxz(struct assembler *a);                    /* jrcxz, short */
struct asm_label asm_jmp_short(struct assembler *a);
/*
 * Jumps if RCX, of which the upper half is zero, is not zero: without flags, and without a taken
 * jump where it is zero, as then alone RCX - 1 has an upper half. JECXZ reaches 127 bytes, so its
 * target is the immediate of a MOV to R10: the caller emits these eight bytes, which hold a jump.
 * Clobbers RCX and R10.
 */
enum { ASM_UNLESS_ZERO_BYTES = 8 };
void asm_unless_zero(struct assembler *a);
void asm_bind(struct assembler *a, struct asm_label label); /* here */
/* Jump to, or call, what a register holds, or eight bytes of memory. */
void asm_jmp_reg(struct assembler *a, unsigned reg);
void asm_call_reg(struct assembler *a, unsigned reg);
void asm_jmp_mem(struct assembler *a, const struct host_memory *m);
void asm_call_mem(struct assembler *a, const struct host_memory *m);
/* To where the eight bytes at slot say; relative to RIP, so slot is in the writable view, too. */
void asm_jmp_slot(struct assembler *a, const void *slot);
void asm_call_slot(struct assembler *a, const void *slot);
void asm_load32_slot(struct assembler *a, unsigned to, const void *slot);
void asm_load64_slot(struct assembler *a, unsigned to, const void *slot);

#endif
