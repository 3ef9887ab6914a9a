// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// format() against the C library's snprintf.
#include "base/format.h"

#include <limits.h>

#include "base/error.h"
#include "base/log.h"
#include "unit.h"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

#define SAME(...)                                                                                  \
    do {                                                                                           \
        char ours[256], theirs[256];                                                               \
        size_t n = format(ours, sizeof ours, __VA_ARGS__);                                         \
        size_t m = (size_t)snprintf(theirs, sizeof theirs, __VA_ARGS__);                           \
        if (n != m || strcmp(ours, theirs) != 0)                                                   \
            unit_fail(__FILE__, __LINE__, "\"%s\" (%zu), not \"%s\" (%zu)", ours, n, theirs, m);   \
    } while (0)

TEST(integers)
{
    SAME("%d %i %u %x %X %o", -1, INT_MIN, UINT_MAX, 0xabcu, 0xABCu, 8u);
    SAME("%ld %lld %llu %lx %zu %zx %jd %jx %td", LONG_MIN, LLONG_MIN, ULLONG_MAX, ULONG_MAX,
         (size_t)7, SIZE_MAX, INTMAX_MIN, UINTMAX_MAX, (ptrdiff_t)-5);
    SAME("%hhd %hhu %hd %hu", 300, 300, 70000, 70000);
    SAME("%d %u %x %o", 0, 0u, 0u, 0u);
}

TEST(flags_width_precision)
{
    static const char *const flags[] = { "",   "-",  "0",  "+",  " ",  "#",  "-0",
                                         "-+", "-#", "0#", "0+", "0 ", "+ ", "-0#" };
    static const char *const sizes[] = { "",   "1",   "8",    "20",   ".0",  ".1",
                                         ".5", "8.3", "8.12", "20.5", "1.20" };
    static const char conversions[] = "duxXo";
    static const int values[] = { 0, 1, -1, 42, 0x1234, INT_MIN, INT_MAX };

    for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
        for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
            for (const char *c = conversions; *c != '\0'; c++)
                for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
                    char fmt[32];
                    snprintf(fmt, sizeof fmt, "<%%%s%s%c>", flags[f], sizes[s], *c);
                    SAME(fmt, values[v]);
                }
}

TEST(text)
{
    SAME("%s|%10s|%-10s|%.2s|%-5.1s|%c|%5c|%-5c|%%", "abc", "abc", "abc", "abc", "abc", 'x', 'y',
         'z');
    SAME("%*d|%-*d|%.*d|%.*s|%*s", 8, 5, 8, 5, 4, 5, 2, "abc", -6, "ab");
    SAME("%.*d", -1, 5);
    SAME("%p", (void *)0x1234);
    SAME("");
    char raw[4] = { 'a', 'b', 'c', 'd' }; /* without a NUL: the precision bounds the reading */
    SAME("%.4s", raw);
}

TEST(truncates_and_counts)
{
    char buf[8];
    memset(buf, 'x', sizeof buf);
    CHECK_EQ(format(buf, 4, "%s", "abcdef"), 6);
    CHECK(strcmp(buf, "abc") == 0);
    CHECK_EQ(buf[4], 'x');
    CHECK_EQ(format(buf, 0, "%d", 12345), 5);
    CHECK_EQ(buf[0], 'a');
    CHECK_EQ(format(buf, 1, "%d", 12345), 5);
    CHECK_EQ(buf[0], '\0');
    CHECK_EQ(format(NULL, 0, "%08x", 1u), 8);
}

TEST(error_text)
{
    struct error err;
    CHECK(!error_set(&err, "%s: no such file", "disk.img"));
    CHECK(strcmp(err.text, "disk.img: no such file") == 0);
    CHECK(!error_set(NULL, "%d", 1));
}

static void append(void *opaque, const char *text, size_t length)
{
    strncat(opaque, text, length);
}

TEST(log_of_some_addresses)
{
    static const struct log_range ranges[] = { { 0x1000, 0x1fff }, { 5, 5 } };
    struct log log = { .mask = UINT32_C(1) << LOG_EXEC };
    CHECK(log_enabled_at(&log, LOG_EXEC, 0x2000));
    log.ranges = ranges;
    log.range_count = 2;
    CHECK(log_enabled_at(&log, LOG_EXEC, 0x1000) && log_enabled_at(&log, LOG_EXEC, 0x1fff));
    CHECK(!log_enabled_at(&log, LOG_EXEC, 0xfff) && !log_enabled_at(&log, LOG_EXEC, 0x2000));
    CHECK(log_enabled_at(&log, LOG_EXEC, 5) && !log_enabled_at(&log, LOG_CPU, 5));
}

TEST(log_categories)
{
    char out[128] = "";
    struct log log = { .mask = UINT32_C(1) << LOG_INT, .sink = append, .opaque = out };
    LOG(&log, INT, "vector %02x\n", 14);
    LOG(&log, CPU, "never\n");
    CHECK(strcmp(out, "vector 0e\n") == 0);
    CHECK_EQ(log_category_find("int", 3), LOG_INT);
    CHECK_EQ(log_category_find("in_asm", 2), (uint64_t)-1);
    CHECK_EQ(log_category_find("intc", 4), LOG_INTC);
    CHECK_EQ(log_category_find("interrupts", 10), (uint64_t)-1);
    CHECK(strcmp(log_category_name(LOG_NVRAM), "nvram") == 0);
    CHECK(log_category_name(LOG_CATEGORY_COUNT) == NULL);
}
