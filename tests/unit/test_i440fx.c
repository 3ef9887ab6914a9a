// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The host bridge's memory map: RAM, BIOS, PAM segments, SMRAM.
#include "device/pci/i440fx.h"

#include "base/state.h"
#include "host/host.h"
#include "unit.h"

struct board {
    struct log log;
    struct memory *memory;
    struct pci_bus *bus;
    struct i440fx *chip;
    struct ram_block *ram, *bios;
};

/* RAM holds 0x11 everywhere that a test looks; the BIOS image holds the number of its 16 KiB piece
 * + 0x80. */
static void board_create(struct board *b, uint64_t ram_size)
{
    *b = (struct board){0};
    b->memory = memory_create(&b->log);
    b->bus = pci_bus_create(b->memory, &b->log);
    b->ram = ram_create(b->memory, "pc.ram", ram_size);
    b->bios = ram_create(b->memory, "pc.bios", KIB(256));
    memset(b->ram->host, 0x11, MIB(1));
    for (unsigned n = 0; n < 16; n++)
        memset(b->bios->host + n * KIB(16), (int)(0x80 + n), KIB(16));
    b->chip = i440fx_create(b->bus, b->memory, &b->log, b->ram, b->bios);
}

static void board_destroy(struct board *b)
{
    i440fx_destroy(b->chip);
    pci_bus_destroy(b->bus);
    memory_destroy(b->memory);
}

static uint8_t config_read(struct board *b, unsigned offset)
{
    uint64_t value;
    memory_write(b->memory, SPACE_PORTS, 0xcf8, 4, 0x80000000 | (offset & 0xfc));
    memory_read(b->memory, SPACE_PORTS, 0xcfc + (offset & 3), 1, &value);
    return (uint8_t)value;
}

static void config_write(struct board *b, unsigned offset, uint8_t value)
{
    memory_write(b->memory, SPACE_PORTS, 0xcf8, 4, 0x80000000 | (offset & 0xfc));
    memory_write(b->memory, SPACE_PORTS, 0xcfc + (offset & 3), 1, value);
}

static uint8_t peek(struct board *b, enum memory_space space, uint64_t address)
{
    uint64_t value;
    memory_read(b->memory, space, address, 1, &value);
    return (uint8_t)value;
}

static void poke(struct board *b, enum memory_space space, uint64_t address, uint8_t value)
{
    memory_write(b->memory, space, address, 1, value);
}

TEST(identity)
{
    struct board b;
    board_create(&b, MIB(16));
    CHECK_EQ(config_read(&b, 0), 0x86);
    CHECK_EQ(config_read(&b, 2), 0x37);
    CHECK_EQ(config_read(&b, 3), 0x12);
    CHECK_EQ(config_read(&b, 8), 2);
    CHECK_EQ(config_read(&b, 0x2c), 0xf4);
    CHECK_EQ(config_read(&b, 0x2e), 0x00);
    CHECK_EQ(config_read(&b, 0x2f), 0x11);
    CHECK_EQ(config_read(&b, 0x72), 0x02);
    board_destroy(&b);
}

TEST(reset_map)
{
    struct board b;
    board_create(&b, MIB(16));
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0), 0x11);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0x9ffff), 0x11);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xa0000), 0xff);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xbffff), 0xff);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xc0000), 0xff);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xdffff), 0xff);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xe0000), 0x88);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xfffff), 0x8f);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xfffc0000), 0x80);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xfffffff0), 0x8f);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xfffbffff), 0xff);
    poke(&b, SPACE_MEMORY, 0xf0000, 0x22);
    poke(&b, SPACE_MEMORY, 0xfffffff0, 0x22);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xf0000), 0x8c);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xfffffff0), 0x8f);
    poke(&b, SPACE_MEMORY, 0x100000, 0x33);
    CHECK_EQ(b.ram->host[0x100000], 0x33);
    poke(&b, SPACE_MEMORY, 0xffffff, 0x34);
    CHECK_EQ(b.ram->host[0xffffff], 0x34);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0x1000000), 0xff);
    board_destroy(&b);
}

TEST(low_ram_size)
{
    CHECK_EQ(i440fx_low_ram(MIB(1)), MIB(1));
    CHECK_EQ(i440fx_low_ram(UINT64_C(0xe0000000) - 4096), UINT64_C(0xe0000000) - 4096);
    CHECK_EQ(i440fx_low_ram(UINT64_C(0xe0000000)), UINT64_C(0xc0000000));
    CHECK_EQ(i440fx_low_ram(GIB(8)), UINT64_C(0xc0000000));
}

TEST(ram_above_4_gib)
{
    struct board b;
    board_create(&b, GIB(4));
    poke(&b, SPACE_MEMORY, UINT64_C(0xbfffffff), 0x44);
    CHECK_EQ(b.ram->host[UINT64_C(0xbfffffff)], 0x44);
    CHECK_EQ(peek(&b, SPACE_MEMORY, UINT64_C(0xc0000000)), 0xff);
    poke(&b, SPACE_MEMORY, UINT64_C(0x100000000), 0x45);
    CHECK_EQ(b.ram->host[UINT64_C(0xc0000000)], 0x45);
    poke(&b, SPACE_MEMORY, UINT64_C(0x13fffffff), 0x46);
    CHECK_EQ(b.ram->host[UINT64_C(0xffffffff)], 0x46);
    CHECK_EQ(peek(&b, SPACE_MEMORY, UINT64_C(0x140000000)), 0xff);
    board_destroy(&b);
}

static const struct {
    unsigned reg, shift;
    uint32_t base, last;
    uint8_t pci; /* what reads from PCI show: the BIOS, or nothing */
} segments[13] = {
    {0x5a, 0, 0xc0000, 0xc3fff, 0xff}, {0x5a, 4, 0xc4000, 0xc7fff, 0xff},
    {0x5b, 0, 0xc8000, 0xcbfff, 0xff}, {0x5b, 4, 0xcc000, 0xcffff, 0xff},
    {0x5c, 0, 0xd0000, 0xd3fff, 0xff}, {0x5c, 4, 0xd4000, 0xd7fff, 0xff},
    {0x5d, 0, 0xd8000, 0xdbfff, 0xff}, {0x5d, 4, 0xdc000, 0xdffff, 0xff},
    {0x5e, 0, 0xe0000, 0xe3fff, 0x88}, {0x5e, 4, 0xe4000, 0xe7fff, 0x89},
    {0x5f, 0, 0xe8000, 0xebfff, 0x8a}, {0x5f, 4, 0xec000, 0xeffff, 0x8b},
    {0x59, 4, 0xf0000, 0xfffff, 0x8c},
};

/* Each segment in each of its four modes, in both spaces; its neighbours stay. */
TEST(pam)
{
    struct board b;
    board_create(&b, MIB(16));
    for (unsigned n = 0; n < 13; n++) {
        uint32_t base = segments[n].base, last = segments[n].last;
        for (unsigned mode = 0; mode < 4; mode++) {
            bool read_ram = mode & 1, write_ram = mode & 2;
            memset(b.ram->host + 0xc0000, 0x11, 0x40000);
            config_write(&b, segments[n].reg, (uint8_t)(mode << segments[n].shift));
            for (enum memory_space space = SPACE_MEMORY; space <= SPACE_SMM; space++) {
                b.ram->host[base] = 0x11;
                CHECK_EQ(peek(&b, space, base), read_ram ? 0x11 : segments[n].pci);
                poke(&b, space, base, 0x77);
                CHECK_EQ(b.ram->host[base], write_ram ? 0x77 : 0x11);
                poke(&b, space, last, 0x78);
                CHECK_EQ(b.ram->host[last], write_ram ? 0x78 : 0x11);
            }
            CHECK_EQ(peek(&b, SPACE_MEMORY, base - 1), n == 0    ? 0xff
                                                       : n == 12 ? 0x8b
                                                                 : segments[n - 1].pci);
            if (last != 0xfffff)
                CHECK_EQ(peek(&b, SPACE_MEMORY, last + 1), segments[n + 1].pci);
        }
        config_write(&b, segments[n].reg, 0);
    }
    CHECK_EQ(b.bios->host[KIB(128)], 0x88);
    board_destroy(&b);
}

/*
 * As firmware shadows itself: write through to RAM while reading ROM, then both RAM, then locked.
 */
TEST(shadowing)
{
    struct board b;
    board_create(&b, MIB(16));
    config_write(&b, 0x59, 0x20);
    for (uint32_t at = 0xf0000; at < 0x100000; at += 4096)
        poke(&b, SPACE_MEMORY, at, peek(&b, SPACE_MEMORY, at));
    config_write(&b, 0x59, 0x30);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xff000), 0x8f);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xff001), 0x11);
    poke(&b, SPACE_MEMORY, 0xff000, 0x99);
    config_write(&b, 0x59, 0x10);
    poke(&b, SPACE_MEMORY, 0xff000, 0x9a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xff000), 0x99);
    i440fx_reset(b.chip);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xff000), 0x8f);
    CHECK_EQ(config_read(&b, 0x59), 0);
    board_destroy(&b);
}

TEST(smram_open_smm_only_closed)
{
    struct board b;
    board_create(&b, MIB(16));
    CHECK_EQ(peek(&b, SPACE_SMM, 0xa0000), 0xff);
    config_write(&b, 0x72, 0x4a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xa0000), 0x11);
    CHECK_EQ(peek(&b, SPACE_SMM, 0xbffff), 0x11);
    poke(&b, SPACE_MEMORY, 0xa8000, 0x55);
    config_write(&b, 0x72, 0x0a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xa8000), 0xff);
    CHECK_EQ(peek(&b, SPACE_SMM, 0xa8000), 0x55);
    CHECK_EQ(peek(&b, SPACE_SMM_CODE, 0xa8000), 0x55);
    config_write(&b, 0x72, 0x2a); /* closed to data */
    CHECK_EQ(peek(&b, SPACE_SMM, 0xa8000), 0xff);
    CHECK_EQ(peek(&b, SPACE_SMM_CODE, 0xa8000), 0x55);
    config_write(&b, 0x72, 0x02);
    CHECK_EQ(peek(&b, SPACE_SMM, 0xa8000), 0xff);
    CHECK_EQ(peek(&b, SPACE_SMM_CODE, 0xa8000), 0xff);
    config_write(&b, 0x72, 0x42); /* open, but not enabled */
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xa8000), 0xff);
    board_destroy(&b);
}

TEST(smram_lock)
{
    struct board b;
    board_create(&b, MIB(16));
    config_write(&b, 0x72, 0x5a);
    CHECK_EQ(config_read(&b, 0x72), 0x1a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xa0000), 0xff);
    CHECK_EQ(peek(&b, SPACE_SMM, 0xa0000), 0x11);
    config_write(&b, 0x72, 0x4a);
    CHECK_EQ(config_read(&b, 0x72), 0x1a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xa0000), 0xff);
    i440fx_reset(b.chip);
    CHECK_EQ(config_read(&b, 0x72), 0x02);
    config_write(&b, 0x72, 0x4a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xa0000), 0x11);
    board_destroy(&b);
}

static bool vga_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque;
    (void)offset;
    (void)size;
    *value = 0xaa;
    return true;
}
static bool vga_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)opaque;
    (void)offset;
    (void)size;
    (void)value;
    return true;
}
static const struct region_desc vga_desc = {.name = "vga",
                                            .size = 0x20000,
                                            .min_size = 1,
                                            .max_size = 4,
                                            .read = vga_read,
                                            .write = vga_write};

TEST(smram_lies_over_the_display)
{
    struct board b;
    board_create(&b, MIB(16));
    region_map_io(b.memory, MEMORY_SPACES, &vga_desc, NULL, 0xa0000, 1);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xb8000), 0xaa);
    config_write(&b, 0x72, 0x0a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xb8000), 0xaa);
    CHECK_EQ(peek(&b, SPACE_SMM, 0xb8000), 0x11);
    config_write(&b, 0x72, 0x4a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xb8000), 0x11);
    board_destroy(&b);
}

TEST(state)
{
    struct board b, c;
    struct state s = {0};
    board_create(&b, MIB(16));
    config_write(&b, 0x59, 0x30);
    config_write(&b, 0x72, 0x1a);
    i440fx_state(b.chip, &s);
    board_create(&c, MIB(16));
    s.loading = true;
    i440fx_state(c.chip, &s);
    CHECK(!s.failed);
    CHECK_EQ(peek(&c, SPACE_MEMORY, 0xf0000), 0x11);
    config_write(&c, 0x72, 0x4a);
    CHECK_EQ(config_read(&c, 0x72), 0x1a);
    CHECK_EQ(peek(&c, SPACE_SMM, 0xa0000), 0x11);
    host_free(s.data);
    board_destroy(&b);
    board_destroy(&c);
}

/* A BIOS of 64 KiB lies below 1 MiB whole. */
TEST(small_bios)
{
    struct log log = {0};
    struct board b = {.log = log};
    b.memory = memory_create(&b.log);
    b.bus = pci_bus_create(b.memory, &b.log);
    b.ram = ram_create(b.memory, "pc.ram", MIB(1));
    b.bios = ram_create(b.memory, "pc.bios", KIB(64));
    memset(b.bios->host, 0x5a, KIB(64));
    b.chip = i440fx_create(b.bus, b.memory, &b.log, b.ram, b.bios);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xeffff), 0xff);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xf0000), 0x5a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xffff0000), 0x5a);
    config_write(&b, 0x59, 0x20);
    config_write(&b, 0x5f, 0x20);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xf0000), 0x5a);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0xeffff), 0xff);
    CHECK_EQ(peek(&b, SPACE_MEMORY, 0x100000), 0xff);
    board_destroy(&b);
}
