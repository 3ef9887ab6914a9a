// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// CPU models by name, and -cpu NAME,+feature,-feature.
#include "cpu/features.h"

#include "base/bits.h"
#include "base/error.h"
#include "base/format.h"

static const struct {
    const char *text;
    uint32_t leaf;
} features[FEATURE_COUNT] = {
#define CPU_FEATURE(NAME, text_, leaf_, reg, bit) { text_, leaf_ },
#include "cpu/features.inc"
#undef CPU_FEATURE
};

#define F(name) (UINT64_C(1) << FEATURE_##name)
_Static_assert(FEATURE_COUNT <= 64, "the model table below uses one word of feature bits");

/*
 * No model claims 64-bit mode, VMX, hyper-threading or performance counters. MONITOR is off unless
 * asked for: MWAIT would spin (see exec_mwait). The 486 is a DX4, the first with CPUID and VME.
 */
#define FEATURES_486 (F(ALWAYS) | F(I486) | F(FPU) | F(VME))
#define FEATURES_PENTIUM                                                                           \
    (FEATURES_486 | F(DE) | F(PSE) | F(TSC) | F(MSR) | F(MCE) | F(CX8) | F(APIC) | F(MMX))
#define FEATURES_PENTIUM3                                                                          \
    (FEATURES_PENTIUM | F(PAE) | F(SEP) | F(MTRR) | F(PGE) | F(MCA) | F(CMOV) | F(PAT) |           \
     F(PSE36) | F(FXSR) | F(SSE) | F(NOPL))
#define FEATURES_CORE2                                                                             \
    (FEATURES_PENTIUM3 | F(CLFLUSH) | F(SSE2) | F(SS) | F(SSE3) | F(SSSE3) | F(NX))
#define FEATURES_MAX                                                                               \
    (FEATURES_CORE2 | F(SSE4_1) | F(SSE4_2) | F(POPCNT) | F(XSAVE) | F(HYPERVISOR) |               \
     F(ARCH_CAPABILITIES))

static const struct {
    const char *description;
    struct cpu_model model;
} models[] = {
    { "Intel 486DX4",
      { .name = "486",
        .vendor = "GenuineIntel",
        .family = 4,
        .model = 8,
        .stepping = 0,
        .max_leaf = 1,
        .features = { FEATURES_486 } } },
    { "Intel Pentium with MMX",
      { .name = "pentium",
        .vendor = "GenuineIntel",
        .family = 5,
        .model = 4,
        .stepping = 3,
        .max_leaf = 1,
        .features = { FEATURES_PENTIUM } } },
    { "Intel Pentium III",
      { .name = "pentium3",
        .vendor = "GenuineIntel",
        .family = 6,
        .model = 8,
        .stepping = 3,
        .max_leaf = 2,
        .features = { FEATURES_PENTIUM3 } } },
    { "Intel Core 2 Duo without 64-bit mode",
      { .name = "core2duo",
        .vendor = "GenuineIntel",
        .brand = "Intel(R) Core(TM)2 Duo CPU     T7700  @ 2.40GHz",
        .family = 6,
        .model = 15,
        .stepping = 11,
        .max_leaf = 10,
        .max_extended_leaf = 0x80000008,
        .features = { FEATURES_CORE2 } } },
    { "everything that bmbt has (default)",
      { .name = "max",
        .vendor = "GenuineIntel",
        .brand = "bmbt virtual 32-bit processor",
        .family = 6,
        .model = 15,
        .stepping = 11,
        .max_leaf = 0x15,
        .max_extended_leaf = 0x80000008,
        .features = { FEATURES_MAX } } },
};

static size_t length_to(const char *text, char stop)
{
    size_t n = 0;
    while (text[n] && text[n] != stop)
        n++;
    return n;
}

static bool equal(const char *name, const char *text, size_t length)
{
    for (size_t n = 0; n < length; n++)
        if (name[n] != text[n])
            return false;
    return !name[length];
}

/* "sse4_1" and "sse4.1" are the same. */
static bool equal_feature(const char *name, const char *text, size_t length)
{
    if (!*name)
        return false;
    for (size_t n = 0; n < length; n++)
        if (name[n] != text[n] && !(name[n] == '.' && (text[n] == '_' || text[n] == '-')))
            return false;
    return !name[length];
}

static bool set_feature(struct cpu_model *model, const char *text, size_t length, bool on,
                        struct error *err)
{
    for (unsigned n = 0; n < FEATURE_COUNT; n++) {
        if (equal_feature(features[n].text, text, length)) {
            uint64_t bit = UINT64_C(1) << (n % 64);
            model->features[n / 64] = (model->features[n / 64] & ~bit) | (on ? bit : 0);
            return true;
        }
    }
    return error_set(err, "-cpu: no feature '%.*s'; '-cpu help' lists them", (int)length, text);
}

/* What CPUID leaf 0 gives, twelve characters. */
static bool set_vendor(struct cpu_model *model, const char *text, size_t length, struct error *err)
{
    if (length != sizeof model->vendor - 1)
        return error_set(err, "-cpu: a vendor has 12 characters, as in vendor=GenuineIntel");
    __builtin_memcpy(model->vendor, text, length);
    return true;
}

static bool parse_feature(struct cpu_model *model, const char *text, size_t length,
                          struct error *err)
{
    if (length >= 7 && equal("vendor=", text, 7))
        return set_vendor(model, text + 7, length - 7, err);
    if (length && (*text == '+' || *text == '-'))
        return set_feature(model, text + 1, length - 1, *text == '+', err);
    for (size_t n = 0; n < length; n++) {
        if (text[n] == '=') {
            bool on = equal("on", text + n + 1, length - n - 1);
            if (!on && !equal("off", text + n + 1, length - n - 1))
                return error_set(err, "-cpu: '%.*s' must end in =on or =off", (int)length, text);
            return set_feature(model, text, n, on, err);
        }
    }
    return set_feature(model, text, length, true, err);
}

bool cpu_model_parse(struct cpu_model *model, const char *text, struct error *err)
{
    size_t length = length_to(text, ',');
    unsigned found;
    for (found = 0; found < ARRAY_SIZE(models); found++)
        if (equal(models[found].model.name, text, length))
            break;
    if (found == ARRAY_SIZE(models))
        return error_set(err,
                         "-cpu: no model '%.*s'; there are 486, pentium, pentium3, core2duo, max",
                         (int)length, text);
    *model = models[found].model;
    for (text += length; *text == ','; text += length) {
        text++;
        length = length_to(text, ',');
        if (!parse_feature(model, text, length, err))
            return false;
    }
    /* Leaf 07H and 0DH have to be reachable for what they tell. */
    if (cpu_model_has(model, FEATURE_XSAVE) && model->max_leaf < 0xd)
        model->max_leaf = 0xd;
    if (cpu_model_has(model, FEATURE_ARCH_CAPABILITIES) && model->max_leaf < 7)
        model->max_leaf = 7;
    if (cpu_model_has(model, FEATURE_NX) && model->max_extended_leaf < 0x80000001)
        model->max_extended_leaf = 0x80000001;
    return true;
}

void cpu_model_list(void (*line)(void *opaque, const char *text), void *opaque)
{
    char text[96];
    for (unsigned n = 0; n < ARRAY_SIZE(models); n++) {
        format(text, sizeof text, "%-16s %s", models[n].model.name, models[n].description);
        line(opaque, text);
    }
    for (unsigned n = 0; n < FEATURE_COUNT; n++) {
        if (*features[n].text) {
            format(text, sizeof text, "+%-15s CPUID leaf %x", features[n].text, features[n].leaf);
            line(opaque, text);
        }
    }
}
