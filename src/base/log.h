// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The log: categories switched at run time, free when off.
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

enum log_category {
#define LOG_CATEGORY(c, name, help) LOG_##c,
#include "base/log_categories.inc"
#undef LOG_CATEGORY
    LOG_CATEGORY_COUNT
};

/* Guest addresses first to last. */
struct log_range {
    uint64_t first, last;
};

/* One per machine. The sink gets whole formatted pieces; it may be called from any thread. */
struct log {
    uint32_t mask; /* bit n: enum log_category n is on */
    void (*sink)(void *opaque, const char *text, size_t length);
    void *opaque;
    /* What is logged of guest code, block by block, is only of code that begins in one of these; with
     * none of all code. */
    const struct log_range *ranges;
    unsigned range_count;
};

static inline bool log_enabled(const struct log *log, enum log_category category)
{
    return unlikely(log->mask & (UINT32_C(1) << category));
}

bool log_has_address(const struct log *log, uint64_t address);

/* Is the category on, and wanted of guest code at this linear address? */
static inline bool log_enabled_at(const struct log *log, enum log_category category,
                                  uint64_t address)
{
    return log_enabled(log, category) && log_has_address(log, address);
}

/* Formats (see base/format.h) and hands to the sink; the text carries its own newline. */
void log_write(const struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define LOG(log, category, ...)                    \
    do {                                           \
        if (log_enabled((log), LOG_##category))    \
            log_write((log), __VA_ARGS__);         \
    } while (0)

/* Name and help of a category, for -d help; -1 where the name is unknown. */
const char *log_category_name(enum log_category category);
const char *log_category_help(enum log_category category);
int log_category_find(const char *name, size_t length);

#endif
