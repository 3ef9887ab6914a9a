// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Parsing of option arguments, and the line editor.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "control/keyval.h"
#include "control/line_editor.h"
#include "control/options.h"
#include "unit.h"

TEST(keyval_parts)
{
    char text[] = "file=a,,b=c,snapshot,x=,,,y", *cursor = text, *value;
    CHECK(strcmp(keyval_next(&cursor, &value), "file") == 0);
    CHECK(strcmp(value, "a,b=c") == 0);
    CHECK(strcmp(keyval_next(&cursor, &value), "snapshot") == 0);
    CHECK(value == NULL);
    CHECK(strcmp(keyval_next(&cursor, &value), "x") == 0);
    CHECK(strcmp(value, ",") == 0);
    CHECK(strcmp(keyval_next(&cursor, &value), "y") == 0);
    CHECK(keyval_next(&cursor, &value) == NULL);
}

TEST(keyval_sizes)
{
    uint64_t size;
    CHECK(keyval_size("64", MIB(1), &size, NULL));
    CHECK_EQ(size, MIB(64));
    CHECK(keyval_size("1.5G", MIB(1), &size, NULL));
    CHECK_EQ(size, GIB(3) / 2);
    CHECK(keyval_size("512k", MIB(1), &size, NULL));
    CHECK_EQ(size, KIB(512));
    CHECK(keyval_size("5T", MIB(1), &size, NULL));
    CHECK_EQ(size, UINT64_C(5) << 40);
    CHECK(!keyval_size("", MIB(1), &size, NULL));
    CHECK(!keyval_size("abc", MIB(1), &size, NULL));
    CHECK(!keyval_size("-1", MIB(1), &size, NULL));
    CHECK(!keyval_size("64Mi", MIB(1), &size, NULL));
    CHECK(!keyval_size("64X", MIB(1), &size, NULL));
    CHECK(!keyval_size("99999999999999999999", MIB(1), &size, NULL));
    CHECK(!keyval_size("9999999999999P", MIB(1), &size, NULL));
}

TEST(keyval_numbers_and_switches)
{
    uint64_t number;
    bool on = false;
    CHECK(keyval_number("port", "0x402", 0xffff, &number, NULL));
    CHECK_EQ(number, 0x402);
    CHECK(!keyval_number("port", "0x10000", 0xffff, &number, NULL));
    CHECK(!keyval_number("port", "12z", 0xffff, &number, NULL));
    CHECK(!keyval_number("port", NULL, 0xffff, &number, NULL));
    CHECK(keyval_switch("x", NULL, &on, NULL) && on);
    CHECK(keyval_switch("x", "off", &on, NULL) && !on);
    CHECK(!keyval_switch("x", "maybe", &on, NULL));
}

TEST(spelling)
{
    CHECK_EQ(spelling_distance("kernel", "kernel"), 0);
    CHECK_EQ(spelling_distance("kernal", "kernel"), 1);
    CHECK_EQ(spelling_distance("", "abc"), 3);
    CHECK_EQ(spelling_distance("kitten", "sitting"), 3);
}

TEST(options_of_drives)
{
    char *argv[] = { "bmbt",
                     "--hda",
                     "a",
                     "-drive",
                     "file=b,,c,media=cdrom",
                     "-drive",
                     "file=d,bus=1,unit=1,snapshot=on",
                     "e" };
    struct options o;
    struct error err = { "" };
    CHECK(options_parse(&o, 7, argv, &err));
    CHECK(strcmp(o.drives[0].file, "a") == 0 && !o.drives[0].cdrom);
    CHECK(!o.drives[1].present);
    CHECK(strcmp(o.drives[2].file, "b,c") == 0 && o.drives[2].cdrom && o.drives[2].read_only);
    CHECK(strcmp(o.drives[3].file, "d") == 0 && o.drives[3].snapshot);
    options_destroy(&o);
    /* What stands alone is the first hard disk. */
    CHECK(options_parse(&o, ARRAY_SIZE(argv), argv, &err));
    CHECK(strcmp(o.drives[0].file, "e") == 0);
    options_destroy(&o);
}

/* ---- the line editor ------------------------------------------------------------------------- */

static char entered[1100];

static void echo_nothing(void *opaque, const char *text, size_t length)
{
    (void)opaque, (void)text, (void)length;
}

static void line_entered(void *opaque, const char *line)
{
    (void)opaque;
    strcpy(entered, line);
}

static const char *type(struct line_editor *e, const char *keys)
{
    entered[0] = '\0';
    for (; *keys != '\0'; keys++)
        line_editor_input(e, *keys);
    return entered;
}

TEST(line_editing)
{
    struct line_editor e = { .prompt = "> ", .echo = echo_nothing, .entered = line_entered };
    CHECK(strcmp(type(&e, "abc\r"), "abc") == 0);
    CHECK(strcmp(type(&e, "abx\x7f"
                          "c\n"),
                 "abc") == 0);
    CHECK(strcmp(type(&e, "bc\x01"
                          "a\r"),
                 "abc") == 0);
    CHECK(strcmp(type(&e, "ac\x1b[Db\r"), "abc") == 0);
    CHECK(strcmp(type(&e, "abcd\x02\x04\r"), "abc") == 0);
    CHECK(strcmp(type(&e, "one two\x17\x7f\r"), "one") == 0);
    CHECK(strcmp(type(&e, "first\rsecond\r\x1b[A\x1b[A\r"), "first") == 0);
    CHECK(strcmp(type(&e, "\x10\x10\x0e\r"), "first") == 0);
    CHECK(strcmp(type(&e, "x\x15"
                          "abc\x1b[H\x0b\r"),
                 "") == 0);
    /* Escape sequences that mean nothing, and are too long, do nothing. */
    CHECK(strcmp(type(&e, "a\x1b[99;99;99;99~b\x1bOQ\r"), "ab") == 0);
    for (unsigned n = 0; n < 3000; n++)
        line_editor_input(&e, 'x');
    CHECK_EQ(strlen(type(&e, "\r")), LINE_MAX_LENGTH);
    for (unsigned n = 0; n < 200; n++) {
        char line[8] = { (char)('a' + n % 26), (char)('a' + n / 26), '\r' };
        type(&e, line);
    }
    CHECK_EQ(e.history_count, LINE_HISTORY);
    line_editor_release(&e);
}
