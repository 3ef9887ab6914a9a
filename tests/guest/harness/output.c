// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Running the tests, telling of them on port E9h, the exit by port F4h.
#include "harness/harness.h"

/*
 * What outlives a reset of the machine: which test ran. Firmware and loader leave this page alone.
 * A test that ends in a reset has either asked for it, or died.
 */
static struct {
    uint32_t magic, test, expected, failures, before, tests, checks;
} *const survivor = (void *)0xf00000;
#define SURVIVOR_MAGIC 0x62726573u

extern const struct guest_test guest_tests[], guest_tests_end[];

static unsigned failures, tests, checks; /* of the whole run */
static bool line_open;                   /* the test's name stands there alone */

static void put(char c)
{
    __asm__ volatile("outb %0, $0xe9" : : "a"(c));
}

void print(const char *text)
{
    while (*text)
        put(*text++);
}

void print_hex(uint32_t v)
{
    for (int n = 28; n >= 0; n -= 4)
        put("0123456789abcdef"[v >> n & 15]);
}

static void print_decimal(uint32_t v)
{
    if (v >= 10)
        print_decimal(v / 10);
    put((char)('0' + v % 10));
}

static void fail(const char *what, const char *file, int line)
{
    failures++;
    if (line_open)
        put('\n');
    line_open = false;
    print("FAIL ");
    print(file);
    put(':');
    print_decimal((uint32_t)line);
    print(": ");
    print(what);
}

void check(bool ok, const char *what, const char *file, int line)
{
    checks++;
    if (ok)
        return;
    fail(what, file, line);
    put('\n');
}

void check_equal(uint32_t actual, uint32_t expected, const char *what, const char *file, int line)
{
    checks++;
    if (actual == expected)
        return;
    fail(what, file, line);
    print(" is ");
    print_hex(actual);
    print(", not ");
    print_hex(expected);
    put('\n');
}

static void end_test(const struct guest_test *t, bool ok)
{
    if (ok && line_open) {
        print("ok\n");
    } else {
        print(ok ? "ok " : "failed ");
        print(t->name);
        print(ok ? "\n" : ", see ");
        if (!ok) {
            print(t->manual);
            put('\n');
        }
    }
    line_open = false;
}

static void remember(unsigned n, bool expected)
{
    survivor->magic = SURVIVOR_MAGIC;
    survivor->test = n;
    survivor->expected = expected;
    survivor->failures = survivor->before = failures;
    survivor->tests = tests;
    survivor->checks = checks;
}

void expect_reset(void)
{
    survivor->expected = 1;
    survivor->failures = failures;
    survivor->checks = checks + 1;
}

/* After a reset: the test that it ended, and which one comes next. */
static unsigned resume(void)
{
    if (survivor->magic != SURVIVOR_MAGIC)
        return 0;
    const struct guest_test *t = &guest_tests[survivor->test];
    failures = survivor->failures;
    tests = survivor->tests;
    checks = survivor->checks;
    bool ok = survivor->expected && failures == survivor->before;
    line_open = ok;
    if (!survivor->expected) {
        print("\nFAIL the machine was reset\n");
        failures++;
    }
    end_test(t, ok);
    return survivor->test + 1;
}

static bool same(const char *a, const char *b, unsigned length)
{
    for (unsigned n = 0; n < length; n++)
        if (!a[n] || a[n] != b[n])
            return false;
    return !a[length];
}

/* A word of Multiboot's command line that is not the kernel's path. */
static bool is_name(const char *word, unsigned length)
{
    for (unsigned n = 0; n < length; n++)
        if (word[n] == '/' || word[n] == '.' || word[n] == '=')
            return false;
    return length > 0;
}

/* The command line names tests, which alone shall run; or, behind a minus, those that shall not. */
static bool wanted(const struct guest_test *t, const char *line)
{
    bool any = false, named = false;
    while (*line) {
        unsigned length = 0;
        while (line[length] && line[length] != ' ')
            length++;
        if (line[0] == '-' && same(t->name, line + 1, length - 1))
            return false;
        if (line[0] != '-' && is_name(line, length)) {
            any = true;
            named = named || same(t->name, line, length);
        }
        line += length + (line[length] == ' ');
    }
    return named || !any;
}

static void run(unsigned n)
{
    const struct guest_test *t = &guest_tests[n];
    unsigned before = failures;
    tests++;
    remember(n, false);
    print(t->name);
    print(": ");
    line_open = true;
    reset_machine();
    t->run();
    reset_machine();
    end_test(t, failures == before);
}

void guest_main(uint32_t multiboot);
void guest_main(uint32_t multiboot)
{
    static char line[2048];
    unsigned count = (unsigned)(guest_tests_end - guest_tests);
    if (load32(multiboot) & 4) {
        const char *from = (const char *)load32(multiboot + 16);
        for (unsigned n = 0; n < sizeof line - 1 && from[n]; n++)
            line[n] = from[n];
    }
    /* Level 3 runs with IF set: no interrupt of the board may come. */
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
    if (kernel_start)
        kernel_start();
    for (unsigned n = resume(); n < count; n++)
        if (wanted(&guest_tests[n], line))
            run(n);
    survivor->magic = 0;
    reset_machine();
    print_decimal(tests);
    print(" tests, ");
    print_decimal(checks);
    print(" comparisons\n");
    print(failures ? "done: failures\n" : "done: all passed\n");
    outl(0xf4, failures ? 1 : 0);
    for (const char *bye = "Shutdown"; *bye; bye++) /* Bochs */
        outb(0x8900, (uint8_t)*bye);
}
