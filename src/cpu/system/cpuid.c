// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// CPUID: the leaves of a model, and what the running processor adds to them.
#include "cpu/system/internal.h"
#include "cpu/system/msr.h"

#define HYPERVISOR_LEAF 0x40000000u

uint32_t cpu_signature(const struct cpu_model *model)
{
    uint32_t family = model->family, extended = 0;
    if (family > 15) {
        extended = family - 15;
        family = 15;
    }
    return extended << 20 | (uint32_t)(model->model >> 4) << 16 | family << 8 |
           (model->model & 15u) << 4 | model->stepping;
}

/* Four characters a register. */
static uint32_t text4(const char *text)
{
    return load_le32(text);
}

static uint32_t feature_word(const struct cpu_model *model, uint32_t leaf, unsigned reg)
{
    static const struct {
        uint32_t leaf;
        uint8_t reg, bit;
    } table[] = {
#define CPU_FEATURE(NAME, text, leaf_, reg_, bit_) { leaf_, reg_, bit_ },
#include "cpu/features.inc"
#undef CPU_FEATURE
    };
    uint32_t word = 0;
    for (unsigned n = 0; n < ARRAY_SIZE(table); n++)
        if (table[n].leaf == leaf && table[n].reg == reg && leaf &&
            cpu_model_has(model, (enum cpu_feature)n))
            word |= 1u << table[n].bit;
    return word;
}

/* SDM 2 "CPUID", leaf 04H: 32 KiB and 32 KiB of 8 ways, 4 MiB of 16, lines of 64 bytes. */
static void cache_leaf(uint32_t subleaf, uint32_t out[4])
{
    static const uint32_t caches[3][2] = { { 1 | 1 << 5, 8 },
                                           { 2 | 1 << 5, 8 },
                                           { 3 | 2 << 5, 16 } };
    static const uint32_t sets[3] = { 64, 64, 4096 };
    if (subleaf >= 3)
        return;
    out[0] = caches[subleaf][0] | 1 << 8;
    out[1] = (caches[subleaf][1] - 1) << 22 | 63;
    out[2] = sets[subleaf] - 1;
}

static void basic_leaf(const struct cpu_model *model, uint32_t leaf, uint32_t subleaf,
                       uint32_t out[4])
{
    switch (leaf) {
    case 0:
        out[0] = model->max_leaf;
        out[1] = text4(model->vendor);
        out[2] = text4(model->vendor + 8);
        out[3] = text4(model->vendor + 4);
        break;
    case 1:
        out[0] = cpu_signature(model);
        out[1] = cpu_model_has(model, FEATURE_CLFLUSH) ? 8 << 8 : 0;
        out[2] = feature_word(model, 1, 2);
        out[3] = feature_word(model, 1, 3);
        break;
    case 2: /* L1 32 + 32 KiB and L2 4 MiB; or, as the Pentium III, 16 + 16 and 512 KiB */
        out[0] = model->max_leaf < 4 ? 0x03020101 : 0x05b0b101;
        out[3] = model->max_leaf < 4 ? 0x0c040843 : 0x2cb43049;
        break;
    case 4: cache_leaf(subleaf, out); break;
    case 5:
        if (cpu_model_has(model, FEATURE_MONITOR)) {
            out[0] = out[1] = 64; /* line size */
            out[2] = 3;           /* enumerated; interrupts break even if masked */
        }
        break;
    case 7:
        if (subleaf == 0)
            out[3] = feature_word(model, 7, 3);
        break;
    case 0xd: /* x87 and SSE state: 512 bytes and the header */
        if (!cpu_model_has(model, FEATURE_XSAVE))
            break;
        if (subleaf == 0) {
            out[0] = 3;
            out[1] = out[2] = 512 + 64;
        }
        break;
    case 0x15: /* TSC = crystal * 1 / 1; the crystal drives the local APIC's timer too */
        out[0] = out[1] = 1;
        out[2] = (uint32_t)TSC_HZ;
        break;
    default: break; /* 3, 6, 8-0CH: nothing to report */
    }
}

static void extended_leaf(const struct cpu_model *model, uint32_t leaf, uint32_t out[4])
{
    switch (leaf) {
    case 0x80000000: out[0] = model->max_extended_leaf; break;
    case 0x80000001:
        out[2] = feature_word(model, leaf, 2);
        out[3] = feature_word(model, leaf, 3);
        break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
        for (unsigned n = 0; n < 4; n++)
            out[n] = text4(model->brand + (leaf - 0x80000002) * 16 + n * 4);
        break;
    case 0x80000006: out[2] = 4096u << 16 | 8 << 12 | 64; break; /* L2 4 MiB, 16 ways */
    case 0x80000007: out[3] = 1 << 8; break;                     /* invariant TSC */
    case 0x80000008: out[0] = 32 << 8 | 36; break;
    default: break;
    }
}

static bool is_hypervisor_leaf(const struct cpu_model *model, uint32_t leaf)
{
    return leaf >= HYPERVISOR_LEAF && leaf < HYPERVISOR_LEAF + 0x100 &&
           cpu_model_has(model, FEATURE_HYPERVISOR);
}

/* Out of range: the data of the highest basic leaf. */
static uint32_t leaf_in_range(const struct cpu_model *model, uint32_t leaf)
{
    if (is_hypervisor_leaf(model, leaf))
        return leaf;
    return leaf > (leaf >= 0x80000000 ? model->max_extended_leaf : model->max_leaf)
               ? model->max_leaf
               : leaf;
}

void cpu_model_cpuid(const struct cpu_model *model, uint32_t leaf, uint32_t subleaf,
                     uint32_t out[4])
{
    for (unsigned n = 0; n < 4; n++)
        out[n] = 0;
    if (is_hypervisor_leaf(model, leaf)) {
        if (leaf == HYPERVISOR_LEAF) {
            out[0] = HYPERVISOR_LEAF;
            out[1] = text4("bmbt");
            out[2] = text4("bmbt");
            out[3] = text4("bmbt");
        }
        return;
    }
    leaf = leaf_in_range(model, leaf);
    if (leaf >= 0x80000000)
        extended_leaf(model, leaf, out);
    else
        basic_leaf(model, leaf, subleaf, out);
}

void cpuid_read(struct cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    leaf = leaf_in_range(&cpu->model, leaf);
    cpu_model_cpuid(&cpu->model, leaf, subleaf, out);
    if (leaf == 1) {
        if (cpu->cr4 & CR4_OSXSAVE)
            out[2] |= 1u << 27;
        if (!(cpu->msr.apic_base & 0x800))
            out[3] &= ~(1u << 9);
    }
    if (leaf == 0xd && subleaf == 0 && cpu_model_has(&cpu->model, FEATURE_XSAVE))
        out[1] = 512 + 64;
}
