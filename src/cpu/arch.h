// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Architectural constants: flags, control registers, exceptions, MSRs, descriptor attributes.
#ifndef CPU_ARCH_H
#define CPU_ARCH_H

/* Names and numbers as in the Intel SDM, volumes 1 (3.4), 3A (2, 3, 6) and 4. */

enum {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    REG_ZERO,
    GPR_SLOTS
};
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEG_COUNT, SEG_NONE = 15 };

#define EFLAGS_CF    (1u << 0)
#define EFLAGS_FIXED (1u << 1)
#define EFLAGS_PF    (1u << 2)
#define EFLAGS_AF    (1u << 4)
#define EFLAGS_ZF    (1u << 6)
#define EFLAGS_SF    (1u << 7)
#define EFLAGS_TF    (1u << 8)
#define EFLAGS_IF    (1u << 9)
#define EFLAGS_DF    (1u << 10)
#define EFLAGS_OF    (1u << 11)
#define EFLAGS_IOPL  (3u << 12)
#define EFLAGS_NT    (1u << 14)
#define EFLAGS_RF    (1u << 16)
#define EFLAGS_VM    (1u << 17)
#define EFLAGS_AC    (1u << 18)
#define EFLAGS_VIF   (1u << 19)
#define EFLAGS_VIP   (1u << 20)
#define EFLAGS_ID    (1u << 21)
#define EFLAGS_ARITH (EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF)

#define CR0_PE (1u << 0)
#define CR0_MP (1u << 1)
#define CR0_EM (1u << 2)
#define CR0_TS (1u << 3)
#define CR0_ET (1u << 4)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_AM (1u << 18)
#define CR0_NW (1u << 29)
#define CR0_CD (1u << 30)
#define CR0_PG (1u << 31)

#define CR4_VME        (1u << 0)
#define CR4_PVI        (1u << 1)
#define CR4_TSD        (1u << 2)
#define CR4_DE         (1u << 3)
#define CR4_PSE        (1u << 4)
#define CR4_PAE        (1u << 5)
#define CR4_MCE        (1u << 6)
#define CR4_PGE        (1u << 7)
#define CR4_PCE        (1u << 8)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_OSXSAVE    (1u << 18)

#define EFER_SCE (1u << 0)
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10)
#define EFER_NXE (1u << 11)

enum exception {
    EXC_DE = 0,
    EXC_DB = 1,
    EXC_NMI = 2,
    EXC_BP = 3,
    EXC_OF = 4,
    EXC_BR = 5,
    EXC_UD = 6,
    EXC_NM = 7,
    EXC_DF = 8,
    EXC_TS = 10,
    EXC_NP = 11,
    EXC_SS = 12,
    EXC_GP = 13,
    EXC_PF = 14,
    EXC_MF = 16,
    EXC_AC = 17,
    EXC_MC = 18,
    EXC_XM = 19
};

/* Page-fault error code, SDM 3A 4.7. */
#define PF_P    (1u << 0)
#define PF_W    (1u << 1)
#define PF_U    (1u << 2)
#define PF_RSVD (1u << 3)
#define PF_I    (1u << 4)

/* struct segment attributes: descriptor bits 40-47 in 0-7 and 52-55 in 12-15 (SDM 3A 3.4.5). */
#define ATTR_TYPE        0x000fu
#define ATTR_ACCESSED    0x0001u
#define ATTR_WRITABLE    0x0002u /* data */
#define ATTR_READABLE    0x0002u /* code */
#define ATTR_EXPAND_DOWN 0x0004u /* data */
#define ATTR_CONFORMING  0x0004u /* code */
#define ATTR_CODE        0x0008u
#define ATTR_S           0x0010u
#define ATTR_DPL_SHIFT   5
#define ATTR_DPL         0x0060u
#define ATTR_P           0x0080u
#define ATTR_AVL         0x1000u
#define ATTR_L           0x2000u
#define ATTR_DB          0x4000u
#define ATTR_G           0x8000u

#endif
