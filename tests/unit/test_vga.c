// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The VGA through its ports and memory: planes, text, pictures, the VBE interface, its PCI function, its state.
#include "device/display/vga.h"

#include "chip_bench.h"
#include "device/pci/pci.h"

#define DEVFN 0x10
#define VRAM_SIZE 0x100000

struct board {
    struct bench bench;
    struct pci_bus *bus;
    struct vga *vga;
    struct screen_source screen;
    struct screen_image image;
    struct screen_text text;
};

static void vga_open(struct board *b)
{
    memset(b, 0, sizeof *b);
    bench_open(&b->bench);
    b->bus = pci_bus_create(b->bench.memory, &b->bench.log);
    b->vga = vga_create(b->bench.memory, b->bus, DEVFN, &b->bench.log, b->bench.clock, NULL, VRAM_SIZE);
    b->screen = vga_screen(b->vga);
}

static void vga_close(struct board *b)
{
    host_free(b->image.pixels);
    vga_destroy(b->vga);
    pci_bus_destroy(b->bus);
    bench_close(&b->bench);
}

static void put(struct board *b, uint16_t port, uint8_t index, uint8_t value)
{
    out(&b->bench, port, index);
    out(&b->bench, port + 1, value);
}
static uint8_t get(struct board *b, uint16_t port, uint8_t index)
{
    out(&b->bench, port, index);
    return in(&b->bench, port + 1);
}
static void put_attribute(struct board *b, uint8_t index, uint8_t value)
{
    in(&b->bench, 0x3da);
    out(&b->bench, 0x3c0, index);
    out(&b->bench, 0x3c0, value);
}
static void put_vbe(struct board *b, uint16_t index, uint16_t value)
{
    memory_write(b->bench.memory, SPACE_PORTS, 0x1ce, 2, index);
    memory_write(b->bench.memory, SPACE_PORTS, 0x1cf, 2, value);
}
static uint16_t get_vbe(struct board *b, uint16_t index)
{
    uint64_t value;
    memory_write(b->bench.memory, SPACE_PORTS, 0x1ce, 2, index);
    memory_read(b->bench.memory, SPACE_PORTS, 0x1d0, 2, &value);
    return (uint16_t)value;
}
static uint32_t config(struct board *b, unsigned offset)
{
    uint64_t value;
    memory_write(b->bench.memory, SPACE_PORTS, 0xcf8, 4, 0x80000000 | DEVFN << 8 | offset);
    memory_read(b->bench.memory, SPACE_PORTS, 0xcfc, 4, &value);
    return (uint32_t)value;
}
static void set_config(struct board *b, unsigned offset, uint32_t value)
{
    memory_write(b->bench.memory, SPACE_PORTS, 0xcf8, 4, 0x80000000 | DEVFN << 8 | offset);
    memory_write(b->bench.memory, SPACE_PORTS, 0xcfc, 4, value);
}

/* What all modes share: colour addresses, memory on, the screen on, a palette and a DAC that count up. */
static void common(struct board *b)
{
    out(&b->bench, 0x3c2, 0x63);
    for (unsigned n = 0; n < 16; n++)
        put_attribute(b, (uint8_t)n, (uint8_t)n);
    put_attribute(b, 0x12, 0x0f);
    out(&b->bench, 0x3c8, 0);
    for (unsigned n = 0; n < 256; n++)
        for (unsigned c = 0; c < 3; c++)
            out(&b->bench, 0x3c9, (uint8_t)(c == 2 ? n & 0x3f : 0));
    in(&b->bench, 0x3da);
    out(&b->bench, 0x3c0, 0x20);
    put(b, 0x3c4, 2, 0x0f);
    put(b, 0x3ce, 8, 0xff);
    put(b, 0x3d4, 0x11, 0x00);
    put(b, 0x3d4, 0x17, 0xa3);
    put(b, 0x3d4, 0x18, 0xff);
    put(b, 0x3d4, 0x07, 0x1f);
}

/* Lines of the screen: vertical display end, and in the maximum scan line register those of a row. */
static void lines(struct board *b, unsigned count, uint8_t max_scan)
{
    unsigned end = count - 1;
    put(b, 0x3d4, 0x12, (uint8_t)end);
    put(b, 0x3d4, 0x07, (uint8_t)(0x10 | (end >> 8 & 1) << 1 | (end >> 9 & 1) << 6));
    put(b, 0x3d4, 0x09, 0x40 | max_scan);
}

static void text_mode(struct board *b)
{
    common(b);
    put(b, 0x3c4, 1, 0x00); /* nine dots */
    put(b, 0x3c4, 2, 0x03);
    put(b, 0x3c4, 4, 0x02);
    put(b, 0x3ce, 5, 0x10);
    put(b, 0x3ce, 6, 0x0e);
    put(b, 0x3d4, 0x01, 79);
    put(b, 0x3d4, 0x13, 40);
    lines(b, 400, 15);
    put(b, 0x3d4, 0x0a, 13);
    put(b, 0x3d4, 0x0b, 14);
}

static void planar_mode(struct board *b)
{
    common(b);
    put(b, 0x3c4, 1, 0x01);
    put(b, 0x3c4, 4, 0x06);
    put(b, 0x3ce, 5, 0x00);
    put(b, 0x3ce, 6, 0x05);
    put(b, 0x3d4, 0x01, 79);
    put(b, 0x3d4, 0x13, 40);
    put(b, 0x3d4, 0x17, 0xe3);
    lines(b, 480, 0);
}

static uint8_t plane(struct board *b, uint32_t address, unsigned p)
{
    put(b, 0x3ce, 4, (uint8_t)p);
    return (uint8_t)load(&b->bench, address, 1);
}

TEST(write_mode_0)
{
    struct board b;
    vga_open(&b);
    planar_mode(&b);
    store(&b.bench, 0xa0000, 1, 0x5a);
    for (unsigned p = 0; p < 4; p++)
        CHECK_EQ(plane(&b, 0xa0000, p), 0x5a);

    put(&b, 0x3c4, 2, 0x05); /* planes 0 and 2 only */
    put(&b, 0x3ce, 3, 0x01); /* turned right by one */
    store(&b.bench, 0xa0000, 1, 0x81);
    CHECK_EQ(plane(&b, 0xa0000, 0), 0xc0);
    CHECK_EQ(plane(&b, 0xa0000, 1), 0x5a);
    CHECK_EQ(plane(&b, 0xa0000, 2), 0xc0);

    put(&b, 0x3c4, 2, 0x0f);
    put(&b, 0x3ce, 3, 0x00);
    put(&b, 0x3ce, 0, 0x02); /* set/reset: plane 1 all ones, plane 0 all zeros */
    put(&b, 0x3ce, 1, 0x03);
    store(&b.bench, 0xa0001, 1, 0x33);
    CHECK_EQ(plane(&b, 0xa0001, 0), 0x00);
    CHECK_EQ(plane(&b, 0xa0001, 1), 0xff);
    CHECK_EQ(plane(&b, 0xa0001, 2), 0x33);
    vga_close(&b);
}

TEST(logic_and_bit_mask)
{
    static const struct {
        uint8_t function, result;
    } cases[] = {{0x00, 0x0f}, {0x08, 0x0c}, {0x10, 0xcf}, {0x18, 0xc3}};
    struct board b;
    vga_open(&b);
    planar_mode(&b);
    for (unsigned n = 0; n < 4; n++) {
        put(&b, 0x3ce, 3, 0);
        store(&b.bench, 0xa0000, 1, 0xcc);
        load(&b.bench, 0xa0000, 1); /* into the latches */
        put(&b, 0x3ce, 3, cases[n].function);
        store(&b.bench, 0xa0000, 1, 0x0f);
        CHECK_EQ(plane(&b, 0xa0000, 3), cases[n].result);
    }
    put(&b, 0x3ce, 3, 0);
    store(&b.bench, 0xa0000, 1, 0xcc);
    load(&b.bench, 0xa0000, 1);
    put(&b, 0x3ce, 8, 0xf0); /* the low half from the latches */
    store(&b.bench, 0xa0000, 1, 0x33);
    CHECK_EQ(plane(&b, 0xa0000, 0), 0x3c);
    vga_close(&b);
}

/* Mode 13h: the graphics controller was without effect on chained planes. */
TEST(chain_4_goes_through_the_graphics_controller)
{
    struct board b;
    vga_open(&b);
    planar_mode(&b);
    put(&b, 0x3c4, 4, 0x0e);
    store(&b.bench, 0xa0004, 4, 0x11cc55f0);
    put(&b, 0x3ce, 3, 0x18); /* exclusive or, of the map that the address chooses */
    CHECK_EQ(load(&b.bench, 0xa0004, 1), 0xf0);
    store(&b.bench, 0xa0004, 1, 0x0f);
    CHECK_EQ(load(&b.bench, 0xa0004, 4), 0x11cc55ff);
    store(&b.bench, 0xa0006, 1, 0x0f);
    CHECK_EQ(load(&b.bench, 0xa0004, 4), 0x11c355ff);
    put(&b, 0x3ce, 3, 0x01); /* turned right by one */
    store(&b.bench, 0xa0007, 1, 0x03);
    CHECK_EQ(load(&b.bench, 0xa0004, 4), 0x81c355ff);
    put(&b, 0x3ce, 3, 0x00);
    put(&b, 0x3ce, 8, 0x0f); /* the high half from the latch */
    store(&b.bench, 0xa0005, 1, 0xaa);
    CHECK_EQ(load(&b.bench, 0xa0004, 4), 0x81c35aff);
    put(&b, 0x3ce, 8, 0xff);
    put(&b, 0x3ce, 0, 0x01); /* set/reset: map 0 all ones, map 1 all zeros, the others as written */
    put(&b, 0x3ce, 1, 0x03);
    store(&b.bench, 0xa0008, 4, 0x33333333);
    CHECK_EQ(load(&b.bench, 0xa0008, 4), 0x333300ff);
    put(&b, 0x3ce, 1, 0x00);
    load(&b.bench, 0xa0005, 1);
    put(&b, 0x3ce, 5, 0x41); /* write mode 1: each map's latch */
    store(&b.bench, 0xa000c, 4, 0);
    CHECK_EQ(load(&b.bench, 0xa000c, 4), 0x81c35aff);
    put(&b, 0x3c4, 2, 0x02); /* a map that is masked stays */
    put(&b, 0x3ce, 5, 0x40);
    put(&b, 0x3ce, 3, 0x18);
    store(&b.bench, 0xa000c, 4, 0xffffffff);
    CHECK_EQ(load(&b.bench, 0xa000c, 4), 0x81c3a5ff);
    vga_close(&b);
}

/* Read mode 1 compares all maps, also where the address chooses one to be read. */
TEST(read_mode_1_in_chained_maps)
{
    struct board b;
    vga_open(&b);
    planar_mode(&b);
    put(&b, 0x3c4, 4, 0x0e);
    store(&b.bench, 0xa0000, 4, 0x0000ccf0);
    put(&b, 0x3ce, 2, 0x03);
    put(&b, 0x3ce, 7, 0x0f);
    put(&b, 0x3ce, 5, 0x48);
    for (unsigned n = 0; n < 4; n++)
        CHECK_EQ(load(&b.bench, 0xa0000 + n, 1), 0xc0);
    put(&b, 0x3c4, 4, 0x02); /* odd/even */
    put(&b, 0x3ce, 5, 0x18);
    CHECK_EQ(load(&b.bench, 0xa0000, 1), 0xc0);
    CHECK_EQ(load(&b.bench, 0xa0001, 1), 0xc0);
    vga_close(&b);
}

TEST(write_modes_1_to_3)
{
    struct board b;
    vga_open(&b);
    planar_mode(&b);
    put(&b, 0x3ce, 5, 0x02); /* mode 2: the value is a colour */
    store(&b.bench, 0xa0010, 1, 0x09);
    CHECK_EQ(plane(&b, 0xa0010, 0), 0xff);
    CHECK_EQ(plane(&b, 0xa0010, 1), 0x00);
    CHECK_EQ(plane(&b, 0xa0010, 3), 0xff);

    load(&b.bench, 0xa0010, 1);
    put(&b, 0x3ce, 5, 0x01); /* mode 1: copy of the latches */
    store(&b.bench, 0xa0020, 1, 0x55);
    CHECK_EQ(plane(&b, 0xa0020, 0), 0xff);
    CHECK_EQ(plane(&b, 0xa0020, 2), 0x00);

    put(&b, 0x3ce, 5, 0x03); /* mode 3: set/reset where the value and the bit mask say */
    put(&b, 0x3ce, 0, 0x04);
    put(&b, 0x3ce, 8, 0x3f);
    load(&b.bench, 0xa0010, 1);
    store(&b.bench, 0xa0010, 1, 0xf0);
    CHECK_EQ(plane(&b, 0xa0010, 0), 0xcf);
    CHECK_EQ(plane(&b, 0xa0010, 2), 0x30);
    vga_close(&b);
}

TEST(read_mode_1)
{
    struct board b;
    vga_open(&b);
    planar_mode(&b);
    put(&b, 0x3c4, 2, 0x01);
    store(&b.bench, 0xa0000, 1, 0xf0);
    put(&b, 0x3c4, 2, 0x02);
    store(&b.bench, 0xa0000, 1, 0xcc);
    put(&b, 0x3ce, 5, 0x08);
    put(&b, 0x3ce, 2, 0x03); /* colour 3 */
    put(&b, 0x3ce, 7, 0x0f);
    CHECK_EQ(load(&b.bench, 0xa0000, 1), 0xc0);
    put(&b, 0x3ce, 7, 0x01); /* only plane 0 counts */
    CHECK_EQ(load(&b.bench, 0xa0000, 1), 0xf0);
    put(&b, 0x3ce, 7, 0x00);
    CHECK_EQ(load(&b.bench, 0xa0000, 1), 0xff);
    vga_close(&b);
}

TEST(windows)
{
    static const struct {
        uint8_t map;
        uint32_t first, last, outside;
    } cases[] = {{0, 0xa0000, 0xbffff, 0}, {1, 0xa0000, 0xaffff, 0xb0000}, {2, 0xb0000, 0xb7fff, 0xa0000},
                 {3, 0xb8000, 0xbffff, 0xb7fff}};
    struct board b;
    vga_open(&b);
    planar_mode(&b);
    put(&b, 0x3c4, 4, 0x0e); /* chained, so that each byte is one of its own */
    for (unsigned n = 0; n < 4; n++) {
        put(&b, 0x3ce, 6, (uint8_t)(cases[n].map << 2 | 1));
        store(&b.bench, cases[n].first, 1, 0x11 + n);
        store(&b.bench, cases[n].last, 1, 0x22 + n);
        CHECK_EQ(load(&b.bench, cases[n].first, 1), 0x11 + n);
        CHECK_EQ(load(&b.bench, cases[n].last, 1), 0x22 + n);
        if (cases[n].outside != 0)
            CHECK_EQ(load(&b.bench, cases[n].outside, 1), 0xff);
    }
    out(&b.bench, 0x3c2, 0x61); /* memory off */
    CHECK_EQ(load(&b.bench, 0xb8000, 1), 0xff);
    vga_close(&b);
}

TEST(text)
{
    struct board b;
    vga_open(&b);
    text_mode(&b);
    store(&b.bench, 0xb8000, 2, 0x1e41);
    store(&b.bench, 0xb8000 + 2 * (80 * 24 + 79), 2, 0x4f5a);
    put(&b, 0x3d4, 0x0e, 0x00);
    put(&b, 0x3d4, 0x0f, 80 + 3);
    CHECK(b.screen.is_text(b.screen.opaque));
    CHECK(b.screen.text(b.screen.opaque, &b.text));
    CHECK_EQ(b.text.columns, 80);
    CHECK_EQ(b.text.rows, 25);
    CHECK_EQ(b.text.cells[0], 0x1e41);
    CHECK_EQ(b.text.cells[80 * 24 + 79], 0x4f5a);
    CHECK(b.text.cursor_visible);
    CHECK_EQ(b.text.cursor_row, 1);
    CHECK_EQ(b.text.cursor_column, 3);

    put(&b, 0x3d4, 0x0d, 80); /* scrolled by a row */
    b.screen.text(b.screen.opaque, &b.text);
    CHECK_EQ(b.text.cells[80 * 23 + 79], 0x4f5a);
    CHECK_EQ(b.text.cursor_row, 0);
    put(&b, 0x3d4, 0x0a, 0x2d);
    b.screen.text(b.screen.opaque, &b.text);
    CHECK(!b.text.cursor_visible);
    put(&b, 0x3c4, 1, 0x20); /* screen off */
    b.screen.text(b.screen.opaque, &b.text);
    CHECK_EQ(b.text.cells[80 * 23 + 79] & 0xff, ' ');
    vga_close(&b);
}

TEST(text_picture)
{
    struct board b;
    vga_open(&b);
    text_mode(&b);
    /* A font of two characters: C4h a line across, 41h the leftmost dot. */
    put(&b, 0x3c4, 2, 0x04);
    put(&b, 0x3c4, 4, 0x06);
    put(&b, 0x3ce, 5, 0x00);
    put(&b, 0x3ce, 6, 0x04);
    store(&b.bench, 0xa0000 + 0xc4 * 32, 1, 0xff);
    store(&b.bench, 0xa0000 + 0x41 * 32 + 1, 1, 0x80);
    text_mode(&b);
    put_attribute(&b, 0x30, 0x04); /* index bit 5 keeps the screen on; line characters reach into dot nine */
    store(&b.bench, 0xb8000, 4, 0x074107c4);
    CHECK(b.screen.render(b.screen.opaque, &b.image));
    CHECK_EQ(b.image.width, 720);
    CHECK_EQ(b.image.height, 400);
    for (unsigned x = 0; x < 9; x++)
        CHECK_EQ(b.image.pixels[x], 0x00001c);
    CHECK_EQ(b.image.pixels[9], 0);
    CHECK_EQ(b.image.pixels[720 + 9], 0x00001c);
    CHECK_EQ(b.image.pixels[720 + 10], 0);
    vga_close(&b);
}

static uint32_t pixel(const struct board *b, unsigned x, unsigned y)
{
    return b->image.pixels[y * b->image.width + x];
}

TEST(picture_256_colors)
{
    struct board b;
    vga_open(&b);
    common(&b);
    put(&b, 0x3c4, 1, 0x01);
    put(&b, 0x3c4, 4, 0x0e);
    put(&b, 0x3ce, 5, 0x40);
    put(&b, 0x3ce, 6, 0x05);
    put(&b, 0x3d4, 0x01, 79);
    put(&b, 0x3d4, 0x13, 40);
    lines(&b, 400, 1);
    store(&b.bench, 0xa0000, 1, 0x3f);
    store(&b.bench, 0xa0000 + 320 * 199 + 319, 1, 0x01);
    b.screen.render(b.screen.opaque, &b.image);
    CHECK_EQ(b.image.width, 640);
    CHECK_EQ(b.image.height, 400);
    CHECK_EQ(pixel(&b, 0, 0), 0xff);
    CHECK_EQ(pixel(&b, 1, 1), 0xff);
    CHECK_EQ(pixel(&b, 2, 0), 0);
    CHECK_EQ(pixel(&b, 639, 399), 0x04);
    CHECK_EQ(pixel(&b, 638, 398), 0x04);
    CHECK_EQ(pixel(&b, 639, 397), 0);
    vga_close(&b);
}

TEST(picture_16_colors)
{
    struct board b;
    vga_open(&b);
    planar_mode(&b);
    put(&b, 0x3ce, 5, 0x02);
    put(&b, 0x3ce, 8, 0x40);
    store(&b.bench, 0xa0000 + 80, 1, 0x0d);
    b.screen.render(b.screen.opaque, &b.image);
    CHECK_EQ(b.image.width, 640);
    CHECK_EQ(b.image.height, 480);
    CHECK_EQ(pixel(&b, 1, 1), 0x34);
    CHECK_EQ(pixel(&b, 0, 1), 0);
    put_attribute(&b, 0x33, 0x01); /* panned by a dot */
    put(&b, 0x3d4, 0x18, 9);       /* from line 10 on, from address 0 */
    put(&b, 0x3d4, 0x07, 0x02);
    put(&b, 0x3d4, 0x09, 0x00);
    b.screen.render(b.screen.opaque, &b.image);
    CHECK_EQ(pixel(&b, 0, 1), 0x34);
    CHECK_EQ(pixel(&b, 0, 11), 0x34);
    vga_close(&b);
}

/* Mode 4: two bits a pixel, odd lines 8 KiB above the even ones, every line twice. */
TEST(picture_cga)
{
    struct board b;
    vga_open(&b);
    common(&b);
    put(&b, 0x3c4, 1, 0x09);
    put(&b, 0x3c4, 2, 0x03);
    put(&b, 0x3c4, 4, 0x02);
    put(&b, 0x3ce, 5, 0x30);
    put(&b, 0x3ce, 6, 0x0f);
    put(&b, 0x3d4, 0x01, 39);
    put(&b, 0x3d4, 0x13, 20);
    put(&b, 0x3d4, 0x17, 0xa2);
    lines(&b, 400, 0x81);
    store(&b.bench, 0xb8000, 1, 0xc0);
    store(&b.bench, 0xba000, 1, 0x80);
    store(&b.bench, 0xb8000 + 81, 1, 0x01);
    b.screen.render(b.screen.opaque, &b.image);
    CHECK_EQ(b.image.width, 640);
    CHECK_EQ(pixel(&b, 0, 0), 0x0c);
    CHECK_EQ(pixel(&b, 1, 1), 0x0c);
    CHECK_EQ(pixel(&b, 0, 2), 0x08);
    CHECK_EQ(pixel(&b, 0, 3), 0x08);
    CHECK_EQ(pixel(&b, 14, 4), 0x04);
    vga_close(&b);
}

TEST(vbe_mode)
{
    struct board b;
    vga_open(&b);
    CHECK_EQ(get_vbe(&b, 0), 0xb0c5);
    CHECK_EQ(get_vbe(&b, 10), VRAM_SIZE / 0x10000);
    put_vbe(&b, 4, 0x02);
    CHECK_EQ(get_vbe(&b, 3), 32);
    put_vbe(&b, 4, 0);
    put_vbe(&b, 1, 640);
    put_vbe(&b, 2, 400);
    put_vbe(&b, 3, 32);
    put_vbe(&b, 4, 0x41);
    CHECK_EQ(get_vbe(&b, 4), 0x41);
    CHECK_EQ(get_vbe(&b, 6), 640);
    CHECK_EQ(get_vbe(&b, 7), VRAM_SIZE / (640 * 4));
    put_vbe(&b, 1, 320); /* not while it is on */
    CHECK_EQ(get_vbe(&b, 1), 640);

    set_config(&b, 0x10, 0xe0000000);
    set_config(&b, 0x04, 0x02);
    store(&b.bench, 0xe0000000 + 640 * 4 + 8, 4, 0xff123456);
    CHECK(!b.screen.is_text(b.screen.opaque));
    CHECK(!b.screen.text(b.screen.opaque, &b.text));
    CHECK(b.screen.render(b.screen.opaque, &b.image));
    CHECK_EQ(b.image.width, 640);
    CHECK_EQ(b.image.height, 400);
    CHECK_EQ(pixel(&b, 2, 1), 0x123456);
    CHECK(!b.screen.render(b.screen.opaque, &b.image)); /* nothing changed */
    store(&b.bench, 0xe0000000, 1, 1);
    CHECK(b.screen.render(b.screen.opaque, &b.image));

    put_vbe(&b, 9, 1); /* one line down */
    b.screen.render(b.screen.opaque, &b.image);
    CHECK_EQ(pixel(&b, 2, 0), 0x123456);
    put_vbe(&b, 9, 1000); /* as far as the memory goes */
    CHECK_EQ(get_vbe(&b, 9), VRAM_SIZE / (640 * 4) - 400);
    vga_close(&b);
}

TEST(vbe_depths)
{
    static const struct {
        uint16_t bpp;
        uint32_t stored, shown;
    } cases[] = {{8, 0x05, 0x14}, {15, 0x7c1f, 0xff00ff}, {16, 0xf81f, 0xff00ff}, {24, 0x123456, 0x123456}};
    struct board b;
    vga_open(&b);
    common(&b);
    set_config(&b, 0x10, 0xe0000000);
    set_config(&b, 0x04, 0x02);
    for (unsigned n = 0; n < 4; n++) {
        put_vbe(&b, 4, 0);
        put_vbe(&b, 1, 64);
        put_vbe(&b, 2, 64);
        put_vbe(&b, 3, cases[n].bpp);
        put_vbe(&b, 4, 0x41);
        store(&b.bench, 0xe0000000, 4, cases[n].stored);
        b.screen.render(b.screen.opaque, &b.image);
        CHECK_EQ(b.image.pixels[0], cases[n].shown);
        CHECK_EQ(b.image.pixels[63], 0);
    }
    vga_close(&b);
}

TEST(vbe_bank_and_refusal)
{
    struct board b;
    vga_open(&b);
    common(&b);
    put_vbe(&b, 1, 640);
    put_vbe(&b, 2, 480);
    put_vbe(&b, 3, 8);
    put_vbe(&b, 4, 0x01);
    put_vbe(&b, 5, 3);
    store(&b.bench, 0xa0002, 1, 0x3f);
    b.screen.render(b.screen.opaque, &b.image);
    CHECK_EQ(b.image.pixels[3 * 0x10000 + 2], 0xff);
    put(&b, 0x3ce, 3, 0x18); /* plain memory, whatever the VGA was last used for */
    put(&b, 0x3ce, 5, 0x08);
    put(&b, 0x3ce, 8, 0x00);
    store(&b.bench, 0xa0002, 1, 0x2a);
    CHECK_EQ(load(&b.bench, 0xa0002, 1), 0x2a);
    put_vbe(&b, 5, VRAM_SIZE / 0x10000); /* there is none */
    CHECK_EQ(get_vbe(&b, 5), 3);
    put_vbe(&b, 4, 0);
    put_vbe(&b, 1, 4096);
    put_vbe(&b, 2, 4096);
    put_vbe(&b, 4, 0x41); /* larger than the memory */
    CHECK_EQ(get_vbe(&b, 4) & 1, 0);
    vga_close(&b);
}

TEST(pci)
{
    struct board b;
    vga_open(&b);
    CHECK_EQ(config(&b, 0x00), 0x11111234);
    CHECK_EQ(config(&b, 0x08), 0x03000002);
    CHECK_EQ(config(&b, 0x2c), 0x11001af4);
    set_config(&b, 0x10, 0xffffffff);
    CHECK_EQ(config(&b, 0x10), (uint32_t)-VRAM_SIZE | 8);
    set_config(&b, 0x18, 0xffffffff);
    CHECK_EQ(config(&b, 0x18), 0xfffff000);
    set_config(&b, 0x18, 0xf0000000);
    set_config(&b, 0x04, 0x02);
    CHECK_EQ(load(&b.bench, 0xf0000500, 2), 0xb0c5);
    store(&b.bench, 0xf0000502, 2, 320);
    CHECK_EQ(get_vbe(&b, 1), 320);
    store(&b.bench, 0xf0000404, 2, 0x0702); /* 3C4h, 3C5h: one word */
    CHECK_EQ(get(&b, 0x3c4, 2), 0x07);
    CHECK_EQ(load(&b.bench, 0xf0000600, 4), 8);
    CHECK_EQ(load(&b.bench, 0xf0000604, 4), 0x1e1e1e1e);
    vga_close(&b);
}

TEST(registers)
{
    struct board b;
    vga_open(&b);
    CHECK_EQ(in(&b.bench, 0x3d4), 0xff); /* monochrome at first: 3Bxh */
    out(&b.bench, 0x3c2, 0x67);
    CHECK_EQ(in(&b.bench, 0x3cc), 0x67);
    put(&b, 0x3d4, 0x01, 0x4f);
    put(&b, 0x3d4, 0x11, 0x8e); /* registers 0 to 7 are protected now */
    put(&b, 0x3d4, 0x01, 0x00);
    CHECK_EQ(get(&b, 0x3d4, 0x01), 0x4f);
    put(&b, 0x3d4, 0x07, 0xff); /* but for line compare's bit */
    CHECK_EQ(get(&b, 0x3d4, 0x07), 0x10);
    put_attribute(&b, 0x13, 0x08);
    in(&b.bench, 0x3da);
    out(&b.bench, 0x3c0, 0x13);
    CHECK_EQ(in(&b.bench, 0x3c1), 0x08);
    out(&b.bench, 0x3c8, 7);
    out(&b.bench, 0x3c9, 1);
    out(&b.bench, 0x3c9, 2);
    out(&b.bench, 0x3c9, 0xff);
    CHECK_EQ(in(&b.bench, 0x3c8), 8);
    out(&b.bench, 0x3c7, 7);
    CHECK_EQ(in(&b.bench, 0x3c7), 3);
    CHECK_EQ(in(&b.bench, 0x3c9), 1);
    CHECK_EQ(in(&b.bench, 0x3c9), 2);
    CHECK_EQ(in(&b.bench, 0x3c9), 0x3f);
    vga_close(&b);
}

/* Software waits for the end of one retrace and the begin of the next: both have to come. */
TEST(retrace)
{
    struct board b;
    unsigned changes = 0;
    uint8_t before = 0;
    vga_open(&b);
    common(&b);
    for (unsigned n = 0; n < 10000; n++) {
        uint8_t status = in(&b.bench, 0x3da);
        changes += ((status ^ before) & 8) != 0;
        CHECK(!(status & 8) || status & 1);
        before = status;
        pass(&b.bench, 10000);
    }
    CHECK(changes >= 11 && changes <= 13); /* 100 ms: six frames */
    vga_close(&b);
}

struct frame {
    unsigned frames;
    unsigned hidden; /* percent of the time that nothing is displayed */
};

/* Retraces of so many milliseconds. Each has to be within a part of the frame that is not displayed. */
static struct frame retraces(struct board *b, unsigned ms)
{
    struct frame seen = {0, 0};
    uint8_t before = 8;
    for (unsigned n = 0; n < ms * 200; n++) {
        uint8_t status = in(&b->bench, 0x3da);
        seen.frames += status & ~before & 8 ? 1 : 0;
        seen.hidden += status & 1;
        CHECK(!(status & 8) || status & 1);
        before = status;
        pass(&b->bench, 5001); /* not a part of a line's time */
    }
    seen.hidden /= ms * 2;
    return seen;
}

/* What the CRTC has in each mode, and how often a second it comes to the retrace: all had 60 Hz, and
 * a text mode 525 lines. */
TEST(retrace_by_the_mode)
{
    static const struct {
        uint8_t misc, clocking, h_total, h_end, v_total, overflow, v_start, v_stop, v_end;
        unsigned frames, hidden;
    } modes[] = {
        {0x67, 0x00, 0x5f, 0x4f, 0xbf, 0x1f, 0x9c, 0x8e, 0x8f, 70, 28}, /* 3: 9 dots of 28.322 MHz */
        {0x67, 0x08, 0x2d, 0x27, 0xbf, 0x1f, 0x9c, 0x8e, 0x8f, 70, 28}, /* 1: half the characters */
        {0x63, 0x01, 0x5f, 0x4f, 0xbf, 0x1f, 0x9c, 0x8e, 0x8f, 70, 28}, /* 13h */
        {0xe3, 0x01, 0x5f, 0x4f, 0x0b, 0x3e, 0xea, 0x8c, 0xdf, 60, 26}, /* 12h */
        {0xe3, 0x01, 0x5f, 0x4f, 0x0d, 0x3e, 0xea, 0xac, 0xdf, 59, 27}, /* 320x240 of 256 colours */
        {0x63, 0x01, 0x5f, 0x4f, 0xbf, 0x1f, 0x9c, 0x8c, 0x8f, 70, 28}, /* ends where it begins: 16 lines */
    };
    struct board b;
    vga_open(&b);
    common(&b);
    for (unsigned n = 0; n < 6; n++) {
        out(&b.bench, 0x3c2, modes[n].misc);
        put(&b, 0x3c4, 1, modes[n].clocking);
        put(&b, 0x3d4, 0x11, 0);
        put(&b, 0x3d4, 0x00, modes[n].h_total);
        put(&b, 0x3d4, 0x01, modes[n].h_end);
        put(&b, 0x3d4, 0x06, modes[n].v_total);
        put(&b, 0x3d4, 0x07, modes[n].overflow);
        put(&b, 0x3d4, 0x10, modes[n].v_start);
        put(&b, 0x3d4, 0x11, modes[n].v_stop);
        put(&b, 0x3d4, 0x12, modes[n].v_end);
        struct frame seen = retraces(&b, 1000);
        CHECK(seen.frames >= modes[n].frames && seen.frames <= modes[n].frames + 1);
        CHECK_EQ(seen.hidden, modes[n].hidden);
    }
    vga_close(&b);
}

/* What no monitor could show has a retrace all the same, sixty times a second. */
TEST(retrace_without_a_mode)
{
    static const struct {
        uint8_t index, value;
    } wrong[] = {{0x00, 0x00}, {0x01, 0xff}, {0x06, 0x00}, {0x10, 0x00}, {0x12, 0xff}};
    struct board b;
    vga_open(&b);
    text_mode(&b);
    put(&b, 0x3d4, 0x07, 0x1f);
    for (unsigned n = 0; n < 5; n++) {
        put(&b, 0x3d4, 0x00, 0x5f);
        put(&b, 0x3d4, 0x01, 0x4f);
        put(&b, 0x3d4, 0x06, 0xbf);
        put(&b, 0x3d4, 0x10, 0x9c);
        put(&b, 0x3d4, 0x12, 0x8f);
        out(&b.bench, 0x3c2, 0x6f); /* no dot clock */
        CHECK_EQ((retraces(&b, 1000).frames + 1) / 2, 30);
        out(&b.bench, 0x3c2, 0x67);
        CHECK_EQ(retraces(&b, 100).frames, 7);
        put(&b, 0x3d4, wrong[n].index, wrong[n].value);
        CHECK_EQ((retraces(&b, 1000).frames + 1) / 2, 30);
    }
    put_vbe(&b, 1, 640);
    put_vbe(&b, 2, 480);
    put_vbe(&b, 4, 0x41);
    out(&b.bench, 0x3c2, 0x67);
    put(&b, 0x3d4, 0x12, 0x8f);
    CHECK_EQ((retraces(&b, 1000).frames + 1) / 2, 30);
    vga_close(&b);
}

TEST(any_register_values)
{
    struct board b;
    uint32_t random = 1;
    vga_open(&b);
    for (unsigned n = 0; n < 4000; n++) {
        random = random * 1664525 + 1013904223;
        uint16_t port = (uint16_t)(0x3c0 + (random >> 24) % 0x20);
        if (random >> 8 & 1)
            put(&b, port, (uint8_t)(random >> 16 & 0x1f), (uint8_t)(random >> 9));
        else
            put_vbe(&b, (uint16_t)(random >> 20 & 0x0f), (uint16_t)(random >> 12 & 0x1ff));
        store(&b.bench, 0xa0000 + (random >> 15), 1, random & 0xff);
        load(&b.bench, 0xa0000 + (random >> 15), 1);
        in(&b.bench, 0x3da);
        jump(&b.bench, random);
        if (n % 40 == 0) {
            unsigned width, height;
            b.screen.size(b.screen.opaque, &width, &height);
            b.screen.render(b.screen.opaque, &b.image);
            CHECK(width > 0 && height > 0);
            CHECK_EQ(b.image.width, width);
            CHECK_EQ(b.image.height, height);
        }
    }
    vga_close(&b);
}

TEST(state)
{
    struct board a, b;
    struct state s = {.loading = false};
    vga_open(&a);
    text_mode(&a);
    store(&a.bench, 0xb8000, 2, 0x1e41);
    vga_state(a.vga, &s);
    vga_open(&b);
    s.loading = true;
    s.position = 0;
    vga_state(b.vga, &s);
    CHECK(!s.failed);
    CHECK_EQ(s.position, s.size);
    CHECK(b.screen.text(b.screen.opaque, &b.text));
    CHECK_EQ(b.text.cells[0], 0x1e41);
    /* A mode that cannot be: the file is not ours. */
    for (size_t n = 0; n < s.size; n++)
        s.data[n] |= n > 20 && n < 2000 ? 0xff : 0;
    s.position = 0;
    vga_state(b.vga, &s);
    CHECK(s.failed);
    b.screen.render(b.screen.opaque, &b.image);
    host_free(s.data);
    vga_close(&a);
    vga_close(&b);
}
