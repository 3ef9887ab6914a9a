// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Numbers of model-specific registers and their constant contents.
#ifndef CPU_SYSTEM_MSR_H
#define CPU_SYSTEM_MSR_H

#include "cpu/cpu.h"

/* SDM 4 chapter 2. */
enum {
    MSR_P5_MC_ADDR = 0x0,
    MSR_P5_MC_TYPE = 0x1,
    MSR_TSC = 0x10,
    MSR_PLATFORM_ID = 0x17,
    MSR_APIC_BASE = 0x1b,
    MSR_EBL_CR_POWERON = 0x2a,
    MSR_TEST_CTL = 0x33,
    MSR_FEATURE_CONTROL = 0x3a,
    MSR_BIOS_UPDT_TRIG = 0x79,
    MSR_BIOS_SIGN_ID = 0x8b,
    MSR_MTRRCAP = 0xfe,
    MSR_ARCH_CAPABILITIES = 0x10a,
    MSR_BBL_CR_CTL3 = 0x11e,
    MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP = 0x175,
    MSR_SYSENTER_EIP = 0x176,
    MSR_MCG_CAP = 0x179,
    MSR_MCG_STATUS = 0x17a,
    MSR_MCG_CTL = 0x17b,
    MSR_PERF_STATUS = 0x198,
    MSR_PERF_CTL = 0x199,
    MSR_MISC_ENABLE = 0x1a0,
    MSR_DEBUGCTL = 0x1d9,
    MSR_LASTBRANCH_FROM = 0x1db,
    MSR_LASTBRANCH_TO = 0x1dc,
    MSR_LASTINT_FROM = 0x1dd,
    MSR_LASTINT_TO = 0x1de,
    MSR_MTRR_PHYSBASE0 = 0x200,
    MSR_MTRR_FIX64K = 0x250,
    MSR_MTRR_FIX16K = 0x258,
    MSR_MTRR_FIX4K = 0x268,
    MSR_PAT = 0x277,
    MSR_MTRR_DEF_TYPE = 0x2ff,
    MSR_MC0_CTL = 0x400,
};
#define MSR_EFER 0xc0000080u

#define MTRR_VARIABLE 8u
#define MC_BANKS      10u
#define TSC_HZ        INT64_C(1000000000)

#define MISC_ENABLE_FAST_STRINGS (1u << 0)
#define MISC_ENABLE_NO_BTS       (1u << 11)
#define MISC_ENABLE_NO_PEBS      (1u << 12)
#define MISC_ENABLE_MWAIT        (1u << 18)
#define MISC_ENABLE_WRITABLE     ((uint64_t)MISC_ENABLE_FAST_STRINGS)

/*
 * IA32_ARCH_CAPABILITIES: which leaks are not there. True because a guest access is compared with
 * its page's rights in the soft TLB before any data is touched, and no line fill, L1 or TSX state
 * of a guest exists: RDCL_NO, SKIP_L1DFL_VMENTRY, MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO,
 * FBSDP_NO, PSDP_NO, PBRSB_NO, GDS_NO, RFDS_NO. Not claimed: IBRS_ALL, SSB_NO, BHI_NO.
 */
#define ARCH_CAPABILITIES                                                                          \
    (UINT64_C(1) << 0 | UINT64_C(1) << 3 | UINT64_C(1) << 5 | UINT64_C(1) << 6 |                   \
     UINT64_C(1) << 8 | UINT64_C(1) << 13 | UINT64_C(1) << 14 | UINT64_C(1) << 15 |                \
     UINT64_C(1) << 24 | UINT64_C(1) << 26 | UINT64_C(1) << 27)

void msr_reset(struct cpu *cpu, bool init);

#endif
