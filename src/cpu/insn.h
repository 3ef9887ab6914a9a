// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A decoded instruction and the opcode table row it came from.
#ifndef CPU_INSN_H
#define CPU_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/arch.h"
#include "cpu/features.h"

struct cpu;
struct insn;

enum { INSN_MAX_LENGTH = 15 }; /* longer ones raise #GP */

/*
 * A handler executes one instruction and goes on to the next one of its block: it ends in EXEC_NEXT
 * or EXEC_JUMP (execute.h). It returns the first instruction of the next block, or NULL to leave to
 * the run loop.
 */
typedef const struct insn *exec_fn(struct cpu *cpu, const struct insn *i);

enum {
    INSN_OSIZE16 = 1 << 0, /* effective operand size is 16 */
    INSN_ASIZE16 = 1 << 1,
    INSN_OSIZE64 = 1 << 2, /* REX.W; 64-bit mode only */
    INSN_REP = 1 << 3,     /* F3 */
    INSN_REPNE = 1 << 4,   /* F2 */
    INSN_LOCK = 1 << 5,
    INSN_MEMORY = 1 << 6, /* the operand E/M/Q/W is in memory */
    INSN_REX = 1 << 7,    /* any REX: byte registers 4-7 are SPL.. */
};

/* 32 bytes; immutable once in a block, but for fn of a block that was dropped. */
struct insn {
    exec_fn *fn;
    uint32_t imm; /* immediate or relative displacement, sign-extended to 32 bits; Ap: the offset */
    int32_t disp; /* address displacement; Ob/Ov: the offset; ENTER: imm8 in imm2; Ap: selector in
                     imm2 */
    uint32_t addr_mask; /* 0xffff or 0xffffffff; INSN_MASK_64 */
    uint8_t base, index,
        scale;       /* gpr slots, REG_ZERO where there is none; scale is a shift count */
    uint8_t seg;     /* segment of the memory operand after overrides */
    uint8_t reg;     /* ModRM.reg, or the register in the opcode byte */
    uint8_t rm;      /* ModRM.rm when a register */
    uint8_t length;  /* bytes, 1-15 */
    uint8_t flags;   /* INSN_* */
    uint16_t op;     /* index into opcode_table */
    uint16_t offset; /* of the first byte from the block's first byte */
};
/* ENTER imm16,imm8 and far pointers carry their second immediate in the displacement field. */
#define insn_imm2(i) ((uint16_t)(i)->disp)
/* 64-bit mode: scale of a RIP-relative operand; addr_mask of 64-bit addresses, which have none; an
 * immediate and a MOFFS of 64 bits, of which the upper half is where the other is not. */
#define INSN_SCALE_RIP 0x80
#define INSN_MASK_64   0u
#define insn_imm64(i)    ((uint64_t)(uint32_t)(i)->disp << 32 | (i)->imm)
#define insn_offset64(i) ((uint64_t)(i)->imm << 32 | (uint32_t)(i)->disp)
/* op of an undefined encoding. */
#define INSN_OP_UNDEFINED 0xffff

/* What decoding depends on besides the bytes. */
enum { MODE_CS32 = 1 << 0, MODE_CS64 = 1 << 1 };

/* Operand forms in the manual's notation (SDM 2 appendix A.2), each with what the decoder has to
 * fetch. */
enum operand {
    OPERAND_NONE,
    OPERAND_Eb,
    OPERAND_Ew,
    OPERAND_Ed,
    OPERAND_Ev,
    OPERAND_Gb,
    OPERAND_Gw,
    OPERAND_Gd,
    OPERAND_Gv,
    OPERAND_Ey,
    OPERAND_M,
    OPERAND_Mb,
    OPERAND_Mw,
    OPERAND_Md,
    OPERAND_Mq,
    OPERAND_Mdq,
    OPERAND_Mt,
    OPERAND_Mp,
    OPERAND_Ma,
    OPERAND_Ms,
    OPERAND_Ib,
    OPERAND_sIb /* sign-extended to operand size */,
    OPERAND_Iw,
    OPERAND_Iz,
    OPERAND_Iv,
    OPERAND_I1,
    OPERAND_Jb,
    OPERAND_Jz,
    OPERAND_Ap,
    OPERAND_Ob,
    OPERAND_Ov,
    OPERAND_Zb,
    OPERAND_Zv /* register in opcode bits 0-2 */,
    OPERAND_AL,
    OPERAND_CL,
    OPERAND_DX,
    OPERAND_rAX,
    OPERAND_eAX,
    OPERAND_ES,
    OPERAND_CS,
    OPERAND_SS,
    OPERAND_DS,
    OPERAND_FS,
    OPERAND_GS,
    OPERAND_Sw,
    OPERAND_Cd,
    OPERAND_Dd,
    OPERAND_Rd,
    OPERAND_Xb,
    OPERAND_Xv,
    OPERAND_Yb,
    OPERAND_Yv,
    OPERAND_Fv,
    OPERAND_Pq,
    OPERAND_Pd,
    OPERAND_Nq,
    OPERAND_Qq,
    OPERAND_Qd,
    OPERAND_Vx,
    OPERAND_Vd,
    OPERAND_Vq,
    OPERAND_Ux,
    OPERAND_Uq,
    OPERAND_Wx,
    OPERAND_Wd,
    OPERAND_Wq,
    OPERAND_Ww,
    OPERAND_XMM0,
    OPERAND_ST0,
    OPERAND_STi,
};

/* Row attributes. */
enum {
    OP_END =
        1 << 0, /* ends a block: control flow, or changes what decoding or fetching depends on */
    OP_LOCK = 1 << 1,    /* LOCK allowed with a memory destination; elsewhere #UD */
    OP_I64 = 1 << 2,     /* invalid in 64-bit mode */
    OP_D64 = 1 << 3,     /* default operand size 64 in 64-bit mode */
    OP_F64 = 1 << 4,     /* operand size forced to 64 in 64-bit mode */
    OP_REAL_UD = 1 << 5, /* #UD in real and virtual-8086 mode (the handler checks) */
    OP_PRIV = 1 << 6,    /* privileged: CPL 0 (the handler checks) */
    OP_X87 = 1 << 7,
    OP_MMX = 1 << 8,
    OP_SSE = 1 << 9,
    OP_STRING = 1 << 10,     /* takes REP */
    OP_MEM_WRITE = 1 << 11,  /* writes its memory operand */
    OP_MEM_READ = 1 << 12,   /* reads its memory operand */
    OP_O64 = 1 << 13,        /* valid in 64-bit mode only */
    OP_JUMP = 1 << 14,       /* relative or indirect control transfer without privilege change */
    OP_BASE_REG32 = 1 << 15, /* Cd/Dd/Rd: ModRM.mod is ignored, always a register */
};

/* Opcode maps and mandatory prefixes. */
enum opcode_map { MAP_1B, MAP_0F, MAP_0F38, MAP_0F3A, MAP_COUNT };
enum opcode_prefix {
    PFX_ANY, /* 66 F2 F3 have their general meaning */
    PFX_NP,  /* none of 66 F2 F3 */
    PFX_66,
    PFX_F3,
    PFX_F2
};
enum { REG_ANY = 8 };                          /* ModRM.reg: 0-7 or any */
enum opcode_mod { MOD_ANY, MOD_MEM, MOD_REG }; /* ModRM.mod */
enum { RM_ANY = 8 };                           /* ModRM.rm with MOD_REG (x87 C0-FF, 0F 01 C8 ...) */

/*
 * A row. Handlers are chosen by [operand size: 0 = 16, 1 = 32, 2 = 64][0 = register, 1 = memory].
 * In the .inc lists:
 *
 *   OP(map, opcode, prefix, reg, mod, rm, "mnemonic", op1, op2, op3, attributes, reads, writes,
 * undefined, FEATURE, handlers)
 *
 * The syntax of each field, the handler forms and examples: opcodes.inc.
 */
struct opcode {
    uint8_t map, opcode, prefix, reg, mod, rm;
    bool modrm; /* has a ModRM byte */
    const char *mnemonic;
    uint8_t operand[3];
    uint16_t attributes;
    uint16_t flags_read, flags_written, flags_undefined;
    uint8_t feature;
    exec_fn *handler[3][2];
};

extern const struct opcode opcode_table[];
extern const unsigned opcode_count;

/*
 * Decode the instruction at bytes (available of them, at most 15 are looked at). Returns its length
 * with *insn filled but for offset; 0: more bytes are needed than are available; -1: no such
 * instruction (#UD) - insn->length then tells how many bytes were looked at; -2: longer than 15
 * bytes (#GP). mode: MODE_*. model: absent features are #UD; NULL: all. In an undefined encoding
 * insn->fn raises #UD, so the result can be executed all the same. So it does in an instruction of
 * 64-bit mode that has no handler yet.
 */
int insn_decode(struct insn *insn, const uint8_t *bytes, unsigned available, unsigned mode,
                const struct cpu_model *model);

#endif
