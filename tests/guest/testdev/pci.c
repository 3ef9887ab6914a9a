// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// pci-testdev, found and used as QEMU's docs/specs/pci-testdev tells.
#include "testdev.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc, COMMAND = 4, BAR0 = 0x10, BAR2 = 0x18 };
enum { TEST = 0, WIDTH = 1, OFFSET = 4, DATA = 8, COUNT = 12, NAME = 16 };
enum { WRITES = 16, KINDS = 3 };
#define IDENTITY 0x00051b36u

/* A BAR: a port, or a linear address. */
struct bar {
    bool io;
    uint32_t at;
};

static uint32_t config_read(uint32_t slot, uint32_t at)
{
    outl(CONFIG_ADDRESS, 0x80000000 | slot << 11 | at);
    return inl(CONFIG_DATA);
}

static void config_write(uint32_t slot, uint32_t at, uint32_t v)
{
    outl(CONFIG_ADDRESS, 0x80000000 | slot << 11 | at);
    outl(CONFIG_DATA, v);
}

static uint32_t get(struct bar b, uint32_t offset, unsigned width)
{
    uint16_t port = (uint16_t)(b.at + offset);
    switch (width) {
    case 1: return b.io ? inb(port) : load8(b.at + offset);
    case 2: return b.io ? inw(port) : load16(b.at + offset);
    default: return b.io ? inl(port) : load32(b.at + offset);
    }
}

static void put(struct bar b, uint32_t offset, unsigned width, uint32_t v)
{
    uint16_t port = (uint16_t)(b.at + offset);
    if (width == 1)
        b.io ? outb(port, (uint8_t)v) : store8(b.at + offset, (uint8_t)v);
    else if (width == 2)
        b.io ? outw(port, (uint16_t)v) : store16(b.at + offset, (uint16_t)v);
    else
        b.io ? outl(port, v) : store32(b.at + offset, v);
}

static void print_name(struct bar b)
{
    for (unsigned n = NAME; get(b, n, 1) != 0; n++) {
        char text[2] = { (char)get(b, n, 1), 0 };
        print(text);
    }
    print("\n");
}

/* False: there is no such test. */
static bool run_one(struct bar b, unsigned number)
{
    put(b, TEST, 1, number);
    uint32_t width = get(b, WIDTH, 1), offset = get(b, OFFSET, 4), data = get(b, DATA, 4);
    if (width != 1 && width != 2 && width != 4)
        return false;
    print_name(b);
    EQUAL(get(b, COUNT, 4), 0);
    for (unsigned n = 0; n < WRITES; n++)
        put(b, offset, width, data);
    uint32_t count = get(b, COUNT, 4);
    if (count != 0 || !option("qemu", 0))
        EQUAL(count, WRITES);
    put(b, offset + 1, width, data);
    EQUAL(get(b, COUNT, 4), count);
    put(b, TEST, 1, number);
    EQUAL(get(b, COUNT, 4), 0);
    return true;
}

static void run_all(struct bar b)
{
    unsigned number = 0;
    while (number < 16 && run_one(b, number))
        number++;
    EQUAL(number, KINDS);
}

/* PCI 2.3, 6.2.5.1: all ones written show the size. */
static uint64_t large_bar_size(uint32_t slot)
{
    uint32_t low = config_read(slot, BAR2), high = config_read(slot, BAR2 + 4);
    config_write(slot, COMMAND, config_read(slot, COMMAND) & ~2u);
    config_write(slot, BAR2, 0xffffffff);
    config_write(slot, BAR2 + 4, 0xffffffff);
    uint64_t size =
        ~((uint64_t)config_read(slot, BAR2 + 4) << 32 | (config_read(slot, BAR2) & ~15u)) + 1;
    config_write(slot, BAR2, low);
    config_write(slot, BAR2 + 4, high);
    config_write(slot, COMMAND, config_read(slot, COMMAND) | 2);
    return size;
}

void test_pci(void)
{
    uint32_t slot = 0;
    while (slot < 32 && config_read(slot, 0) != IDENTITY)
        slot++;
    if (!CHECK(slot < 32))
        return;
    uint32_t memory = config_read(slot, BAR0), ports = config_read(slot, BAR0 + 4);
    EQUAL(memory & 1, 0);
    EQUAL(ports & 1, 1);
    CHECK((memory & ~15u) != 0 && (ports & ~3u) != 0);
    EQUAL(config_read(slot, COMMAND) & 3, 3);
    run_all((struct bar){ false, show(5, memory & ~15u) });
    run_all((struct bar){ true, ports & ~3u });
    EQUAL(config_read(slot, BAR2) & 15, 12);
    CHECK(large_bar_size(slot) == option("membar", 0) * (uint64_t)0x100000);
}
