// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What shows the screen: picture files, consoles, keys of a terminal, code page 437.
#include <curses.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/screen/code_page_437.h"
#include "backend/screen/console.h"
#include "backend/screen/curses_keys.h"
#include "backend/screen/screendump.h"
#include "unit.h"

static size_t read_file(const char *path, uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t length = file != NULL ? fread(data, 1, size, file) : 0;
    if (file != NULL)
        fclose(file);
    return length;
}

TEST(picture_files)
{
    static uint32_t pixels[] = {0xff0000, 0x00ff00, 0x0000ff, 0x123456};
    static const char ppm[] = "P6\n2 2\n255\n\xff\0\0\0\xff\0\0\0\xff\x12\x34\x56";
    struct screen_image image = {.width = 2, .height = 2, .pixels = pixels};
    struct error err;
    uint8_t data[512];
    char path[] = "/tmp/bmbt-test-XXXXXX";
    close(mkstemp(path));
    CHECK(screendump_write(&image, path, SCREENDUMP_PPM, &err));
    CHECK_EQ(read_file(path, data, sizeof data), sizeof ppm - 1);
    CHECK(memcmp(data, ppm, sizeof ppm - 1) == 0);
    CHECK(screendump_write(&image, path, SCREENDUMP_PNG, &err));
    CHECK(read_file(path, data, sizeof data) > 40);
    CHECK(memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0);
    CHECK_EQ(data[19], 2);
    unlink(path);
    CHECK(!screendump_write(&image, "/nonexistent/x.png", SCREENDUMP_PNG, &err));
    CHECK(strcmp(err.text, "No such file or directory") == 0);
    CHECK(!screendump_write(&image, "/dev/full", SCREENDUMP_PPM, &err));
    CHECK(strcmp(err.text, "No space left on device") == 0);
    CHECK(!screendump_write(&image, "/dev/full", SCREENDUMP_PNG, &err));
}

TEST(picture_formats)
{
    enum screendump_format format = SCREENDUMP_PPM;
    CHECK(screendump_format_find("png", &format));
    CHECK_EQ(format, SCREENDUMP_PNG);
    CHECK(!screendump_format_find("gif", &format));
    CHECK_EQ(screendump_format_of("/a.png/b.ppm"), SCREENDUMP_PPM);
    CHECK_EQ(screendump_format_of("b.PNG"), SCREENDUMP_PNG);
    CHECK_EQ(screendump_format_of("png"), SCREENDUMP_PPM);
}

static void write_text(struct char_backend *console, const char *text)
{
    char_write(console, (const uint8_t *)text, strlen(text));
}

/* The line begins with the text and is blank behind it. */
static bool line_is(const struct char_backend *console, unsigned n, const char *text)
{
    const char *line = console_line(console, n);
    size_t length = strlen(text);
    return line != NULL && strncmp(line, text, length) == 0 && strspn(line + length, " ") == CONSOLE_COLUMNS - length;
}

TEST(console_text)
{
    struct char_backend *console = console_open("monitor");
    write_text(console, "abc\r\nde\b \b");
    CHECK(line_is(console, 1, "abc"));
    CHECK(line_is(console, 0, "d"));
    CHECK_EQ(console_cursor_column(console), 1);
    CHECK(console_line(console, 2) == NULL);
    write_text(console, "\rxyz\x1b[2Dq\x1b[K");
    CHECK(line_is(console, 0, "xq"));
    for (unsigned n = 0; n < CONSOLE_COLUMNS; n++)
        write_text(console, "w");
    CHECK(line_is(console, 0, "ww"));
    for (unsigned n = 0; n < 2 * CONSOLE_LINES; n++)
        write_text(console, "\r\n");
    CHECK(console_line(console, CONSOLE_LINES - 1) != NULL);
    CHECK(console_line(console, CONSOLE_LINES) == NULL);
    char_destroy(console);
}

struct receiver {
    size_t room, length;
    uint8_t bytes[16];
    unsigned opened;
};

static size_t can_receive(void *opaque)
{
    return ((struct receiver *)opaque)->room;
}
static void receive(void *opaque, const uint8_t *data, size_t length)
{
    struct receiver *r = opaque;
    memcpy(r->bytes + r->length, data, length);
    r->length += length;
    r->room -= length;
}
static void event(void *opaque, enum char_event what)
{
    ((struct receiver *)opaque)->opened += what == CHAR_EVENT_OPENED;
}

TEST(console_keys)
{
    struct receiver r = {.room = 2};
    struct char_backend *console = console_open("serial0");
    char_attach(console, &(struct char_user){.can_receive = can_receive, .receive = receive, .event = event, .opaque = &r});
    CHECK_EQ(r.opened, 1);
    console_input(console, "hello", 5);
    CHECK_EQ(r.length, 2);
    r.room = 10;
    char_accept_input(console);
    CHECK_EQ(r.length, 5);
    CHECK(memcmp(r.bytes, "hello", 5) == 0);
    CHECK_EQ(r.opened, 1);
    char_destroy(console);
}

TEST(key_names)
{
    static const struct {
        struct curses_key key;
        const char *name;
    } cases[] = {
        {{.code = 'a'}, "a"},
        {{.code = 'Q'}, "shift-q"},
        {{.code = 'x', .alt = true}, "alt-x"},
        {{.code = 3}, "ctrl-c"},
        {{.code = '\r'}, "ret"},
        {{.code = 0x1b}, "esc"},
        {{.code = 0x7f}, "backspace"},
        {{.code = '?'}, "shift-slash"},
        {{.code = '\''}, "apostrophe"},
        {{.code = ' '}, "spc"},
        {{.code = KEY_F(1), .function = true}, "f1"},
        {{.code = KEY_F(14), .function = true, .alt = true}, "alt-shift-f2"},
        {{.code = KEY_F(25), .function = true}, "ctrl-f1"},
        {{.code = KEY_UP, .function = true}, "up"},
        {{.code = KEY_DC, .function = true}, "delete"},
    };
    char text[CURSES_KEY_TEXT];
    for (unsigned n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        CHECK(curses_key_name(&cases[n].key, text));
        if (strcmp(text, cases[n].name) != 0)
            unit_fail(__FILE__, __LINE__, "%s, not %s", text, cases[n].name);
    }
    CHECK(!curses_key_name(&(struct curses_key){.code = 0xe4}, text));
    CHECK(!curses_key_name(&(struct curses_key){.code = KEY_RESIZE, .function = true}, text));
    CHECK_EQ(curses_key_bytes(&(struct curses_key){.code = KEY_UP, .function = true}, text), 3);
    CHECK(memcmp(text, "\x1b[A", 3) == 0);
    CHECK_EQ(curses_key_bytes(&(struct curses_key){.code = 'b', .alt = true}, text), 2);
    CHECK(memcmp(text, "\x1b" "b", 2) == 0);
}

/* Every character of a US keyboard has a key. */
TEST(all_ascii)
{
    char text[CURSES_KEY_TEXT];
    for (unsigned code = 0; code < 0x80; code++)
        CHECK(curses_key_name(&(struct curses_key){.code = code}, text));
}

TEST(code_page)
{
    CHECK_EQ(code_page_437_unicode['A'], 'A');
    CHECK_EQ(code_page_437_unicode[0xc4], 0x2500);
    CHECK_EQ(code_page_437_unicode[0xb1], 0x2592);
    CHECK_EQ(code_page_437_unicode[0x81], 0xfc);
    CHECK_EQ(code_page_437_ascii(0xc4), '-');
    CHECK_EQ(code_page_437_ascii(0xff), ' ');
    for (unsigned n = 0; n < 256; n++)
        CHECK(code_page_437_ascii((uint8_t)n) >= ' ' && code_page_437_ascii((uint8_t)n) < 0x7f);
}
