// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// -accel: how guest instructions are executed, and every switch of the translator.
#include "control/options_accel.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "control/keyval.h"
#include "translator/tunables.h"

#define CACHE_MAX MIB(1024)
#define THRESHOLD_MAX 1000000

static const struct {
    const char *name, *help;
    uint32_t bit;
} optimisations[] = {
    { "chain", "jumps to known addresses go straight to their target", OPTIMISE_CHAIN },
    { "lookup", "other jumps look up their target inline", OPTIMISE_LOOKUP },
    { "targets", "computed jumps remember their last target", OPTIMISE_TARGETS },
    { "origins", "targets once known are found again by their bytes", OPTIMISE_ORIGINS },
    { "return-stack", "returns are predicted by the host's own", OPTIMISE_RETURN },
    { "fpu", "x87, MMX and SSE run on the host's registers", OPTIMISE_FPU },
    { "rewrite", "accesses that meet devices or code get a probe", OPTIMISE_REWRITE },
};

static void print_help(void)
{
    printf("Ways to execute guest instructions:\n"
           "interp   the interpreter\n"
           "jit      the translator (default); tcg is the same\n"
           "Properties of jit:\n"
           "mmu=auto|host|soft   how guest memory is reached: through windows of the host's address\n"
           "                     space once they pay (default), always, never\n"
           "thread-hold=N        times that a block is interpreted before it is translated (default %u)\n"
           "tb-size=N            size of the code cache in MiB (default %u, and up to %u while code\n"
           "                     that was dropped to make room is wanted again)\n",
           (unsigned)TRANSLATION_THRESHOLD, (unsigned)(CODE_CACHE_DEFAULT >> 20),
           (unsigned)((CODE_CACHE_DEFAULT >> 20) * CODE_REGIONS_MAX / CODE_REGIONS));
    for (unsigned n = 0; n < ARRAY_SIZE(optimisations); n++)
        printf("%s=on|off%*s%s\n", optimisations[n].name,
               (int)(14 - strlen(optimisations[n].name)), "", optimisations[n].help);
}

static const char *const mmu_names[] = {
    [WINDOW_NEVER] = "soft", [WINDOW_ALWAYS] = "host", [WINDOW_AUTO] = "auto"
};

void accel_describe(const struct translator_options *o, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "jit,mmu=%s,thread-hold=%u,tb-size=%llu",
                                     mmu_names[o->windows], o->threshold,
                                     (unsigned long long)(o->cache_size >> 20));
    for (unsigned n = 0; n < ARRAY_SIZE(optimisations) && length < size; n++)
        length += (size_t)snprintf(text + length, size - length, ",%s=%s", optimisations[n].name,
                                   o->optimise & optimisations[n].bit ? "on" : "off");
}

static bool set_mmu(struct options_accel *accel, const char *value, struct error *err)
{
    for (unsigned n = 0; value != NULL && n < ARRAY_SIZE(mmu_names); n++)
        if (strcmp(value, mmu_names[n]) == 0) {
            accel->translator.windows = (enum window_policy)n;
            return true;
        }
    return error_set(err, "mmu=%s: there are auto, host and soft", value != NULL ? value : "");
}

static bool set_threshold(struct options_accel *accel, const char *key, const char *value,
                          struct error *err)
{
    uint64_t n;
    if (!keyval_number(key, value, THRESHOLD_MAX, &n, err))
        return false;
    if (n == 0)
        return error_set(err, "%s=0: at least 1", key);
    accel->translator.threshold = (unsigned)n;
    return true;
}

static bool set_cache(struct options_accel *accel, const char *key, const char *value,
                      struct error *err)
{
    uint64_t size;
    if (value == NULL)
        return error_set(err, "%s wants a size in MiB", key);
    if (!keyval_size(value, MIB(1), &size, err))
        return false;
    if (size < CODE_CACHE_MIN || size > CACHE_MAX)
        return error_set(err, "%s=%s: from 1 to 1024 MiB", key, value);
    accel->translator.cache_size = size & ~(uint64_t)0xffff;
    accel->translator.cache_grows = false;
    return true;
}

static bool set_optimisation(struct options_accel *accel, const char *key, const char *value,
                             struct error *err)
{
    for (unsigned n = 0; n < ARRAY_SIZE(optimisations); n++) {
        if (strcmp(key, optimisations[n].name) != 0)
            continue;
        bool on;
        if (!keyval_switch(key, value, &on, err))
            return false;
        accel->translator.optimise &= ~optimisations[n].bit;
        accel->translator.optimise |= on ? optimisations[n].bit : 0;
        return true;
    }
    return error_set(err, "no property '%s'; -accel help lists them", key);
}

static bool set_property(struct options_accel *accel, const char *key, const char *value,
                         struct error *err)
{
    if (!accel->jit)
        return error_set(err, "%s: the interpreter has no properties", key);
    if (strcmp(key, "mmu") == 0)
        return set_mmu(accel, value, err);
    if (strcmp(key, "thread-hold") == 0 || strcmp(key, "threshold") == 0)
        return set_threshold(accel, key, value, err);
    if (strcmp(key, "tb-size") == 0)
        return set_cache(accel, key, value, err);
    return set_optimisation(accel, key, value, err);
}

bool accel_choose(struct options *o, const char *name, struct error *err)
{
    if (name != NULL && strcmp(name, "help") == 0) {
        print_help();
        o->done = true;
        return true;
    }
    if (name != NULL && strcmp(name, "kvm") == 0)
        return error_set(err, "bmbt has its own ways to execute guest instructions: leave this out, "
                              "or say accel=jit or accel=interp");
    /* QEMU's name for doing it without hardware virtualization, which scripts say. */
    if (name != NULL && strcmp(name, "tcg") == 0)
        name = "jit";
    if (name == NULL || (strcmp(name, "interp") != 0 && strcmp(name, "jit") != 0))
        return error_set(err, "there are accel=jit and accel=interp");
    o->accel.jit = strcmp(name, "jit") == 0;
    return true;
}

bool option_accel(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value;
    for (bool first = true; (key = keyval_next(&cursor, &value)) != NULL; first = false) {
        if (first && (value == NULL || strcmp(key, "accel") == 0)) {
            if (!accel_choose(o, value == NULL ? key : value, err))
                return false;
        } else if (!set_property(&o->accel, key, value, err)) {
            return false;
        }
    }
    return true;
}
