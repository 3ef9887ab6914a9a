// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The log: formatting of a piece, names of the categories.
#include "base/log.h"

#include <stdarg.h>

#include "base/format.h"
#include "host/float.h"

struct category {
    const char *name;
    const char *help;
};

static const struct category categories[LOG_CATEGORY_COUNT] = {
#define LOG_CATEGORY(c, name, help) [LOG_##c] = { name, help },
#include "base/log_categories.inc"
#undef LOG_CATEGORY
};

_Static_assert(LOG_CATEGORY_COUNT <= 32, "the mask of struct log has 32 bits");

bool log_has_address(const struct log *log, uint64_t address)
{
    for (unsigned n = 0; n < log->range_count; n++)
        if (address >= log->ranges[n].first && address <= log->ranges[n].last)
            return true;
    return log->range_count == 0;
}

void log_write(const struct log *log, const char *fmt, ...)
{
    char text[1024];
    struct host_float kept;
    va_list ap;

    if (log->sink == NULL)
        return;
    va_start(ap, fmt);
    size_t length = vformat(text, sizeof text, fmt, ap);
    va_end(ap);
    if (length >= sizeof text) {
        length = sizeof text - 1;
        text[length - 1] = '\n';
    }
    /* The processor logs while the guest's FPU state is in the host's registers: cpu/x87/fpu.h. */
    host_float_set_aside(&kept);
    log->sink(log->opaque, text, length);
    host_float_give_back(&kept);
}

const char *log_category_name(enum log_category category)
{
    return (unsigned)category < LOG_CATEGORY_COUNT ? categories[category].name : NULL;
}

const char *log_category_help(enum log_category category)
{
    return (unsigned)category < LOG_CATEGORY_COUNT ? categories[category].help : NULL;
}

static bool same_name(const char *name, const char *given, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (name[i] == '\0' || name[i] != given[i])
            return false;
    return name[length] == '\0';
}

int log_category_find(const char *name, size_t length)
{
    for (unsigned i = 0; i < LOG_CATEGORY_COUNT; i++)
        if (same_name(categories[i].name, name, length))
            return (int)i;
    return -1;
}
