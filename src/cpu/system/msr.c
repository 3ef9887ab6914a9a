// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Model-specific registers: which there are, what may be written, and the time-stamp counter.
#include "cpu/system/msr.h"

#include "cpu/paging.h"
#include "cpu/system/control.h"
#include "cpu/system/internal.h"
#include "cpu/x87/fpu.h"

#include "host/host.h"

/* SDM 4, tables 2-2 and 2-20. Physical addresses have 36 bits. */
#define PHYSICAL_MASK   UINT64_C(0xfffffffff)
#define MTRR_BASE_VALID ((PHYSICAL_MASK & ~UINT64_C(0xfff)) | 0xff)
#define MTRR_MASK_VALID ((PHYSICAL_MASK & ~UINT64_C(0xfff)) | 0x800)

static bool has(const struct cpu *cpu, enum cpu_feature feature)
{
    return cpu_model_has(&cpu->model, feature);
}

static bool is_p6(const struct cpu *cpu)
{
    return cpu->model.family >= 6;
}

/* The TSC counts the virtual clock's nanoseconds: constant, 1 GHz, stopped with the machine. */
static uint64_t tsc_at(const struct cpu *cpu, int64_t now)
{
    return (uint64_t)now * (TSC_HZ / NS_PER_SECOND) + cpu->msr.tsc_offset;
}

uint64_t cpu_tsc(struct cpu *cpu)
{
    return tsc_at(cpu, clock_now(cpu->bus.clock));
}

bool cpu_tsc_in_time(struct cpu *cpu, uint64_t *value)
{
    int64_t now = clock_now(cpu->bus.clock);
    *value = tsc_at(cpu, now);
    return likely(!clock_late(cpu->bus.clock, now));
}

/* ---- memory types ---------------------------------------------------------------------------- */

/* UC, WC, WT, WP, WB; UC- in the PAT only. */
static bool memory_type_valid(unsigned type, bool pat)
{
    return type == 0 || type == 1 || (type >= 4 && type <= 6) || (pat && type == 7);
}

static bool memory_types_valid(uint64_t value, bool pat)
{
    for (unsigned n = 0; n < 8; n++)
        if (!memory_type_valid((value >> (8 * n)) & 0xff, pat))
            return false;
    return true;
}

static int fixed_mtrr(uint32_t index)
{
    if (index == MSR_MTRR_FIX64K)
        return 0;
    if (index == MSR_MTRR_FIX16K || index == MSR_MTRR_FIX16K + 1)
        return 1 + (int)(index - MSR_MTRR_FIX16K);
    if (index >= MSR_MTRR_FIX4K && index < MSR_MTRR_FIX4K + 8)
        return 3 + (int)(index - MSR_MTRR_FIX4K);
    return -1;
}

static bool is_variable_mtrr(uint32_t index)
{
    return index >= MSR_MTRR_PHYSBASE0 && index < MSR_MTRR_PHYSBASE0 + 2 * MTRR_VARIABLE;
}

static bool read_mtrr(const struct cpu *cpu, uint32_t index, uint64_t *value)
{
    int fixed = fixed_mtrr(index);
    if (!has(cpu, FEATURE_MTRR))
        return false;
    if (index == MSR_MTRRCAP)
        *value = MTRR_VARIABLE | 1 << 8 | 1 << 10; /* fixed ranges, write combining */
    else if (index == MSR_MTRR_DEF_TYPE)
        *value = cpu->msr.mtrr_def_type;
    else if (is_variable_mtrr(index))
        *value =
            (index & 1 ? cpu->msr.mtrr_mask : cpu->msr.mtrr_base)[(index - MSR_MTRR_PHYSBASE0) / 2];
    else if (fixed >= 0)
        *value = cpu->msr.mtrr_fixed[fixed];
    else
        return false;
    return true;
}

static bool write_mtrr(struct cpu *cpu, uint32_t index, uint64_t value)
{
    int fixed = fixed_mtrr(index);
    if (!has(cpu, FEATURE_MTRR) || index == MSR_MTRRCAP)
        return false;
    if (index == MSR_MTRR_DEF_TYPE) {
        if ((value & ~UINT64_C(0xcff)) || !memory_type_valid(value & 0xff, false))
            return false;
        cpu->msr.mtrr_def_type = value;
    } else if (is_variable_mtrr(index)) {
        unsigned n = (index - MSR_MTRR_PHYSBASE0) / 2;
        if (index & 1) {
            if (value & ~MTRR_MASK_VALID)
                return false;
            cpu->msr.mtrr_mask[n] = value;
        } else {
            if ((value & ~MTRR_BASE_VALID) || !memory_type_valid(value & 0xff, false))
                return false;
            cpu->msr.mtrr_base[n] = value;
        }
    } else if (fixed >= 0) {
        if (!memory_types_valid(value, false))
            return false;
        cpu->msr.mtrr_fixed[fixed] = value;
    } else {
        return false;
    }
    return true;
}

/* ---- machine check --------------------------------------------------------------------------- */

static bool is_bank(uint32_t index)
{
    return index >= MSR_MC0_CTL && index < MSR_MC0_CTL + 4 * MC_BANKS;
}

static bool read_machine_check(const struct cpu *cpu, uint32_t index, uint64_t *value)
{
    if (!has(cpu, FEATURE_MCA))
        return false;
    switch (index) {
    case MSR_MCG_CAP: *value = MC_BANKS | 1 << 8; return true; /* MCG_CTL is there */
    case MSR_MCG_STATUS: *value = cpu->msr.mcg_status; return true;
    case MSR_MCG_CTL: *value = cpu->msr.mcg_ctl; return true;
    default: break;
    }
    if (!is_bank(index))
        return false;
    *value = cpu->msr.mc[index - MSR_MC0_CTL];
    return true;
}

/* Controls take all zeros or all ones, status registers zero alone (SDM 3B 15.3.2). */
static bool write_machine_check(struct cpu *cpu, uint32_t index, uint64_t value)
{
    if (!has(cpu, FEATURE_MCA))
        return false;
    switch (index) {
    case MSR_MCG_STATUS: cpu->msr.mcg_status = value & 7; return true;
    case MSR_MCG_CTL:
        if (value != 0 && value != ~UINT64_C(0))
            return false;
        cpu->msr.mcg_ctl = value;
        return true;
    default: break;
    }
    if (!is_bank(index) || ((index & 3) == 0 ? value != 0 && value != ~UINT64_C(0) : value != 0))
        return false;
    cpu->msr.mc[index - MSR_MC0_CTL] = value;
    return true;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool read_p6(const struct cpu *cpu, uint32_t index, uint64_t *value)
{
    if (!is_p6(cpu))
        return false;
    switch (index) {
    case MSR_PLATFORM_ID:
    case MSR_EBL_CR_POWERON:
    case MSR_TEST_CTL: *value = 0; return true;
    case MSR_BIOS_SIGN_ID: *value = cpu->msr.bios_sign_id; return true;
    case MSR_BBL_CR_CTL3: *value = 0x11e; return cpu->model.model < 15; /* L2 present and enabled */
    case MSR_DEBUGCTL: *value = cpu->msr.debugctl; return true;
    case MSR_LASTBRANCH_FROM:
    case MSR_LASTBRANCH_TO:
    case MSR_LASTINT_FROM:
    case MSR_LASTINT_TO: *value = 0; return cpu->model.model < 15;
    case MSR_FEATURE_CONTROL: *value = cpu->msr.feature_control; return cpu->model.model >= 15;
    case MSR_MISC_ENABLE: *value = cpu->msr.misc_enable; return cpu->model.model >= 13;
    case MSR_PERF_STATUS:
    case MSR_PERF_CTL: *value = 0; return cpu->model.model >= 13;
    default: return false;
    }
}

static bool read_msr(struct cpu *cpu, uint32_t index, uint64_t *value)
{
    switch (index) {
    case MSR_P5_MC_ADDR:
    case MSR_P5_MC_TYPE: *value = 0; return has(cpu, FEATURE_MCE);
    case MSR_TSC: *value = cpu_tsc(cpu); return has(cpu, FEATURE_TSC);
    case MSR_APIC_BASE: *value = cpu->msr.apic_base; return has(cpu, FEATURE_APIC) && is_p6(cpu);
    case MSR_SYSENTER_CS: *value = cpu->msr.sysenter_cs; return has(cpu, FEATURE_SEP);
    case MSR_SYSENTER_ESP: *value = cpu->msr.sysenter_esp; return has(cpu, FEATURE_SEP);
    case MSR_SYSENTER_EIP: *value = cpu->msr.sysenter_eip; return has(cpu, FEATURE_SEP);
    case MSR_PAT: *value = cpu->msr.pat; return has(cpu, FEATURE_PAT);
    case MSR_EFER: *value = cpu->msr.efer; return has(cpu, FEATURE_NX);
    case MSR_ARCH_CAPABILITIES:
        *value = ARCH_CAPABILITIES;
        return has(cpu, FEATURE_ARCH_CAPABILITIES);
    default: break;
    }
    return read_mtrr(cpu, index, value) || read_machine_check(cpu, index, value) ||
           read_p6(cpu, index, value);
}

bool msr_read(struct cpu *cpu, uint32_t index, uint64_t *value)
{
    *value = 0;
    if (read_msr(cpu, index, value))
        return true;
    LOG(cpu->bus.log, UNIMP, "RDMSR %08x: no such register, #GP\n", index);
    return false;
}

static bool write_apic_base(struct cpu *cpu, uint64_t value)
{
    /* BSP is read-only in effect for one CPU; x2APIC (bit 10) is not there. SDM 3A 10.4.4 */
    if (value & ~((PHYSICAL_MASK & ~UINT64_C(0xfff)) | 0x900))
        return false;
    cpu->msr.apic_base = (value & ~UINT64_C(0x100)) | (cpu->msr.apic_base & 0x100);
    if (cpu->bus.apic_base_changed) {
        fpu_sync(cpu);
        host_lock_acquire(cpu->bus.lock);
        cpu->bus.apic_base_changed(cpu->bus.opaque, cpu->msr.apic_base);
        host_lock_release(cpu->bus.lock);
    }
    return true;
}

static bool write_efer(struct cpu *cpu, uint64_t value)
{
    if (!has(cpu, FEATURE_NX) || (value & ~(uint64_t)EFER_NXE))
        return false;
    bool changed = cpu->msr.efer != value;
    cpu->msr.efer = value;
    if (changed)
        tlb_flush(cpu, false);
    return true;
}

static bool write_p6(struct cpu *cpu, uint32_t index, uint64_t value)
{
    if (!is_p6(cpu))
        return false;
    switch (index) {
    case MSR_BIOS_UPDT_TRIG:
        return true; /* an update that does not fit is ignored: the signature stays */
    case MSR_BIOS_SIGN_ID:
        return true; /* written 0 before CPUID.1 puts the revision there; it is constant */
    case MSR_EBL_CR_POWERON:
    case MSR_TEST_CTL: return value == 0;
    case MSR_DEBUGCTL:
        if (value)
            LOG(cpu->bus.log, UNIMP, "DEBUGCTL %08x: branch records and BTF are not there\n",
                (unsigned)value);
        cpu->msr.debugctl = 0;
        return !(value & ~UINT64_C(0x1fc3));
    case MSR_FEATURE_CONTROL:
        if (cpu->model.model < 15 || (cpu->msr.feature_control & 1) || (value & ~UINT64_C(1)))
            return false;
        cpu->msr.feature_control = value;
        return true;
    case MSR_MISC_ENABLE:
        if (cpu->model.model < 13)
            return false;
        cpu->msr.misc_enable =
            (cpu->msr.misc_enable & ~MISC_ENABLE_WRITABLE) | (value & MISC_ENABLE_WRITABLE);
        return true;
    case MSR_PERF_CTL: return cpu->model.model >= 13;
    default: return false;
    }
}

static bool write_msr(struct cpu *cpu, uint32_t index, uint64_t value)
{
    switch (index) {
    case MSR_P5_MC_ADDR:
    case MSR_P5_MC_TYPE: return has(cpu, FEATURE_MCE);
    case MSR_TSC:
        if (!has(cpu, FEATURE_TSC))
            return false;
        cpu->msr.tsc_offset += value - cpu_tsc(cpu);
        return true;
    case MSR_APIC_BASE: return has(cpu, FEATURE_APIC) && is_p6(cpu) && write_apic_base(cpu, value);
    case MSR_SYSENTER_CS: cpu->msr.sysenter_cs = (uint32_t)value; return has(cpu, FEATURE_SEP);
    case MSR_SYSENTER_ESP: cpu->msr.sysenter_esp = (uint32_t)value; return has(cpu, FEATURE_SEP);
    case MSR_SYSENTER_EIP: cpu->msr.sysenter_eip = (uint32_t)value; return has(cpu, FEATURE_SEP);
    case MSR_PAT:
        if (!has(cpu, FEATURE_PAT) || !memory_types_valid(value, true))
            return false;
        cpu->msr.pat = value;
        return true;
    case MSR_EFER: return write_efer(cpu, value);
    default: break;
    }
    return write_mtrr(cpu, index, value) || write_machine_check(cpu, index, value) ||
           write_p6(cpu, index, value);
}

bool msr_write(struct cpu *cpu, uint32_t index, uint64_t value)
{
    if (write_msr(cpu, index, value))
        return true;
    LOG(cpu->bus.log, UNIMP, "WRMSR %08x = %08x:%08x: no such register or value, #GP\n", index,
        (unsigned)(value >> 32), (unsigned)value);
    return false;
}

void msr_reset(struct cpu *cpu, bool init)
{
    cpu->msr.sysenter_cs = cpu->msr.sysenter_esp = cpu->msr.sysenter_eip = 0;
    cpu->msr.efer = 0;
    cpu->msr.debugctl = 0;
    /* INIT keeps MTRRs, machine-check banks, PAT, TSC, APIC base and the rest: SDM 3A table 9-1. */
    if (init)
        return;
    cpu->msr.apic_base = UINT64_C(0xfee00000) | 0x900; /* enabled, bootstrap processor */
    cpu->msr.pat = UINT64_C(0x0007040600070406);
    cpu->msr.misc_enable = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_NO_BTS | MISC_ENABLE_NO_PEBS |
                           (has(cpu, FEATURE_MONITOR) ? MISC_ENABLE_MWAIT : 0);
    cpu->msr.feature_control = 0;
    cpu->msr.bios_sign_id = UINT64_C(1) << 32;
    cpu->msr.mtrr_def_type = 0;
    __builtin_memset(cpu->msr.mtrr_fixed, 0, sizeof cpu->msr.mtrr_fixed);
    __builtin_memset(cpu->msr.mtrr_base, 0, sizeof cpu->msr.mtrr_base);
    __builtin_memset(cpu->msr.mtrr_mask, 0, sizeof cpu->msr.mtrr_mask);
    __builtin_memset(cpu->msr.mc, 0, sizeof cpu->msr.mc);
    cpu->msr.mcg_status = 0;
    cpu->msr.mcg_ctl = ~UINT64_C(0);
    cpu->msr.tsc_offset -= cpu_tsc(cpu);
}
