// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// CPU models and feature bits: one list that CPUID, -cpu and the decoder share.
#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* FEATURE_<NAME>: an index into the bit set of a model; see features.inc. */
enum cpu_feature {
#define CPU_FEATURE(NAME, text, leaf, reg, bit) FEATURE_##NAME,
#include "cpu/features.inc"
#undef CPU_FEATURE
    FEATURE_COUNT
};

struct cpu_model {
    char name[16];
    char vendor[13];
    char brand[49];
    uint8_t family, model, stepping;
    uint32_t max_leaf, max_extended_leaf;
    uint64_t features[2]; /* bit set of enum cpu_feature */
};

static inline bool cpu_model_has(const struct cpu_model *model, enum cpu_feature feature)
{
    return (model->features[feature / 64] >> (feature % 64)) & 1;
}

/* Parse "-cpu NAME[,+feature|,-feature|,feature=on|off]...". False with a message for an unknown
 * name. */
bool cpu_model_parse(struct cpu_model *model, const char *text, struct error *err);
/* Calls line() for each model, then each feature, for -cpu help. */
void cpu_model_list(void (*line)(void *opaque, const char *text), void *opaque);
/* The CPUID leaves as the model has them; dynamic bits (OSXSAVE, APIC enable, XCR0 sizes) are added
 * by the instruction. */
void cpu_model_cpuid(const struct cpu_model *model, uint32_t leaf, uint32_t subleaf,
                     uint32_t out[4]);

#endif
