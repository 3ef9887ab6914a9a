// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The devices of test kernels: pc-testdev by its ports and memory, pci-testdev by its BARs.
#include "chip_bench.h"
#include "device/isa/pc_testdev.h"
#include "device/pci/pci_testdev.h"

#define MEMORY 0xff000000u

static void out_sized(struct bench *b, uint16_t port, unsigned size, uint32_t value)
{
    memory_write(b->memory, SPACE_PORTS, port, size, value);
}

static uint32_t in_sized(struct bench *b, uint16_t port, unsigned size)
{
    uint64_t value;
    memory_read(b->memory, SPACE_PORTS, port, size, &value);
    return (uint32_t)value;
}

/* ---- pc-testdev ------------------------------------------------------------------------------ */

static struct pc_testdev *open_pc(struct bench *b)
{
    struct irq_line lines[PC_TESTDEV_LINES];
    bench_open(b);
    for (unsigned n = 0; n < PC_TESTDEV_LINES; n++)
        lines[n] = bench_line(b, n);
    return pc_testdev_create(b->memory, &b->log, lines);
}

static void close_pc(struct bench *b, struct pc_testdev *testdev)
{
    pc_testdev_destroy(testdev);
    bench_close(b);
}

TEST(pc_register_by_all_sizes)
{
    struct bench b;
    struct pc_testdev *testdev = open_pc(&b);
    CHECK_EQ(in_sized(&b, 0xe0, 4), 0);
    out_sized(&b, 0xe0, 4, 0x87654321);
    CHECK_EQ(in_sized(&b, 0xe0, 4), 0x87654321);
    CHECK_EQ(in_sized(&b, 0xe0, 2), 0x4321);
    CHECK_EQ(in_sized(&b, 0xe2, 2), 0x8765);
    CHECK_EQ(in(&b, 0xe3), 0x87);
    CHECK_EQ(in_sized(&b, 0xe8, 4), 0x87654321);
    CHECK_EQ(in(&b, 0xe9), 0x43);
    out_sized(&b, 0xe2, 2, 0x8866);
    CHECK_EQ(in_sized(&b, 0xe0, 4), 0x88664321);
    out(&b, 0xe1, 0x44);
    CHECK_EQ(in_sized(&b, 0xe0, 4), 0x88664421);
    out_sized(&b, 0xe8, 4, 0x11223344);
    CHECK_EQ(in_sized(&b, 0xe0, 4), 0x11223344);
    close_pc(&b, testdev);
}

TEST(pc_lines)
{
    struct bench b;
    struct pc_testdev *testdev = open_pc(&b);
    for (uint16_t n = 0; n < PC_TESTDEV_LINES; n++) {
        out(&b, 0x2000 + n, 1);
        CHECK(b.level[n]);
        CHECK_EQ(b.rises[n], 1);
        out(&b, 0x2000 + n, 0);
        CHECK(!b.level[n]);
        CHECK_EQ(in(&b, 0x2000 + n), 0);
    }
    out(&b, 0x2005, 0x80);
    CHECK(b.level[5] && !b.level[4] && !b.level[6]);
    CHECK(!memory_write(b.memory, SPACE_PORTS, 0x2000 + PC_TESTDEV_LINES, 1, 1));
    pc_testdev_reset(testdev);
    CHECK(!b.level[5]);
    close_pc(&b, testdev);
}

TEST(pc_memory)
{
    struct bench b;
    struct pc_testdev *testdev = open_pc(&b);
    uint64_t value;
    CHECK_EQ(load(&b, MEMORY, 8), 0);
    store(&b, MEMORY, 4, 0x11223344);
    store(&b, MEMORY + 3, 2, 0xbeef);
    CHECK_EQ(load(&b, MEMORY, 4), 0xef223344);
    CHECK_EQ(load(&b, MEMORY + 1, 2), 0x2233);
    store(&b, MEMORY + 8, 8, UINT64_C(0x1122334455667788));
    CHECK_EQ(load(&b, MEMORY + 8, 8), UINT64_C(0x1122334455667788));
    CHECK_EQ(load(&b, MEMORY + 15, 1), 0x11);
    store(&b, MEMORY + 0xffff, 1, 0x5a);
    CHECK_EQ(load(&b, MEMORY + 0xffff, 1), 0x5a);
    CHECK(memory_read(b.memory, SPACE_SMM, MEMORY + 0xffff, 1, &value));
    CHECK_EQ(value, 0x5a);
    CHECK(!memory_read(b.memory, SPACE_MEMORY, MEMORY + 0x10000, 1, &value));
    CHECK(!memory_read(b.memory, SPACE_MEMORY, MEMORY - 1, 1, &value));
    close_pc(&b, testdev);
}

static void count_change(void *opaque)
{
    ++*(unsigned *)opaque;
}

TEST(pc_flush_makes_processors_forget)
{
    struct bench b;
    struct pc_testdev *testdev = open_pc(&b);
    unsigned changes = 0;
    struct memory_listener listener = { .map_changed = count_change, .opaque = &changes };
    memory_add_listener(b.memory, &listener);
    out_sized(&b, 0xe4, 4, 0x12345000);
    CHECK_EQ(changes, 1);
    CHECK_EQ(in_sized(&b, 0xe4, 4), 0);
    CHECK(!memory_write(b.memory, SPACE_PORTS, 0xe4, 1, 0));
    CHECK_EQ(changes, 1);
    memory_remove_listener(b.memory, &listener);
    close_pc(&b, testdev);
}

TEST(pc_state)
{
    struct bench b, c;
    struct pc_testdev *testdev = open_pc(&b), *other = open_pc(&c);
    struct state s = { 0 };
    out_sized(&b, 0xe0, 4, 0x01020304);
    store(&b, MEMORY + 0x1234, 4, 0xcafef00d);
    pc_testdev_state(testdev, &s);
    s.loading = true;
    pc_testdev_state(other, &s);
    CHECK(!s.failed);
    CHECK_EQ(in_sized(&c, 0xe0, 4), 0x01020304);
    CHECK_EQ(load(&c, MEMORY + 0x1234, 4), 0xcafef00d);
    host_free(s.data);
    close_pc(&b, testdev);
    close_pc(&c, other);
}

/* ---- pci-testdev ----------------------------------------------------------------------------- */

#define DEVFN  PCI_DEVFN(3, 0)
#define MEMBAR 0xe0000000u
#define PORTS  0xc000u
enum { WIDTH = 1, OFFSET = 4, DATA = 8, COUNT = 12, NAME = 16 };

struct board {
    struct bench b;
    struct pci_bus *bus;
    struct pci_testdev *testdev;
};

static uint32_t config_read(struct board *t, unsigned at)
{
    out_sized(&t->b, 0xcf8, 4, 0x80000000 | DEVFN << 8 | at);
    return in_sized(&t->b, 0xcfc, 4);
}

static void config_write(struct board *t, unsigned at, uint32_t value)
{
    out_sized(&t->b, 0xcf8, 4, 0x80000000 | DEVFN << 8 | at);
    out_sized(&t->b, 0xcfc, 4, value);
}

static void show(struct board *t)
{
    config_write(t, 0x10, MEMBAR);
    config_write(t, 0x14, PORTS);
    config_write(t, 0x04, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
}

static void open_pci(struct board *t, uint64_t membar)
{
    bench_open(&t->b);
    t->bus = pci_bus_create(t->b.memory, &t->b.log);
    t->testdev = pci_testdev_create(t->bus, t->b.memory, &t->b.log, DEVFN, membar);
    show(t);
}

static void close_pci(struct board *t)
{
    pci_testdev_destroy(t->testdev);
    pci_bus_destroy(t->bus);
    bench_close(&t->b);
}

TEST(pci_configuration)
{
    struct board t;
    open_pci(&t, UINT64_C(8) << 30);
    CHECK_EQ(config_read(&t, 0), 0x00051b36);
    CHECK_EQ(config_read(&t, 8), 0x00ff0000);
    for (unsigned n = 0; n < 6; n++)
        config_write(&t, 0x10 + 4 * n, 0xffffffff);
    CHECK_EQ(config_read(&t, 0x10), 0xfffff000);
    CHECK_EQ(config_read(&t, 0x14), 0xffffff01);
    CHECK_EQ(config_read(&t, 0x18), 0x0000000c);
    CHECK_EQ(config_read(&t, 0x1c), 0xfffffffe);
    CHECK_EQ(config_read(&t, 0x20), 0);
    close_pci(&t);
    open_pci(&t, 0);
    config_write(&t, 0x18, 0xffffffff);
    CHECK_EQ(config_read(&t, 0x18), 0);
    close_pci(&t);
}

/* Nothing answers at BAR 2, wherever it is. */
TEST(pci_large_bar_is_empty)
{
    struct board t;
    uint64_t value;
    open_pci(&t, 1 << 20);
    config_write(&t, 0x18, 0xd0000000);
    config_write(&t, 0x1c, 1);
    CHECK_EQ(config_read(&t, 0x18), 0xd000000c);
    CHECK(!memory_read(t.b.memory, SPACE_MEMORY, UINT64_C(0x1d0000000), 4, &value));
    config_write(&t, 0x1c, 0);
    CHECK(!memory_read(t.b.memory, SPACE_MEMORY, 0xd0000000, 4, &value));
    close_pci(&t);
}

static void check_name(struct board *t, const char *name)
{
    for (unsigned n = 0; n <= strlen(name); n++)
        CHECK_EQ(load(&t->b, MEMBAR + NAME + n, 1), (uint8_t)name[n]);
}

TEST(pci_tests_in_memory)
{
    static const struct {
        const char *name;
        uint8_t data;
    } kinds[] = { { "mmio-no-eventfd", 0xfa },
                  { "mmio-wildcard-eventfd", 0xce },
                  { "mmio-datamatch-eventfd", 0xfa } };
    struct board t;
    open_pci(&t, 0);
    CHECK_EQ(load(&t.b, MEMBAR + WIDTH, 1), 0);
    for (unsigned n = 0; n < ARRAY_SIZE(kinds); n++) {
        store(&t.b, MEMBAR, 1, n);
        check_name(&t, kinds[n].name);
        CHECK_EQ(load(&t.b, MEMBAR + WIDTH, 1), 1);
        CHECK_EQ(load(&t.b, MEMBAR + OFFSET, 4), 0x800 + n);
        CHECK_EQ(load(&t.b, MEMBAR + DATA, 4), kinds[n].data);
        CHECK_EQ(load(&t.b, MEMBAR + COUNT, 4), 0);
        for (unsigned k = 0; k < 5; k++)
            store(&t.b, MEMBAR + 0x800 + n, 1, kinds[n].data);
        CHECK_EQ(load(&t.b, MEMBAR + COUNT, 4), 5);
        CHECK_EQ(in_sized(&t.b, PORTS + COUNT, 4), 5);
        store(&t.b, MEMBAR + 0x801 + n, 1, kinds[n].data);
        store(&t.b, MEMBAR + COUNT, 4, 99);
        CHECK_EQ(load(&t.b, MEMBAR + COUNT, 4), 5);
        store(&t.b, MEMBAR + 0x800 + n, 1, 0x55);
        CHECK_EQ(load(&t.b, MEMBAR + COUNT, 4), n == 1 ? 6 : 5);
        CHECK_EQ(load(&t.b, MEMBAR + 0x800 + n, 1), 0);
    }
    store(&t.b, MEMBAR, 1, 3);
    CHECK_EQ(load(&t.b, MEMBAR + WIDTH, 1), 0);
    close_pci(&t);
}

TEST(pci_tests_in_ports)
{
    struct board t;
    open_pci(&t, 0);
    for (unsigned n = 0; n < 3; n++) {
        out(&t.b, PORTS, (uint8_t)n);
        uint32_t offset = in_sized(&t.b, PORTS + OFFSET, 4);
        CHECK_EQ(offset, 0x83 + n);
        for (unsigned k = 0; k < 4; k++)
            out(&t.b, (uint16_t)(PORTS + offset), in(&t.b, PORTS + DATA));
        CHECK_EQ(in_sized(&t.b, PORTS + COUNT, 4), 4);
        CHECK_EQ(in(&t.b, PORTS + NAME), 'p');
    }
    out(&t.b, PORTS, 3);
    CHECK_EQ(in(&t.b, PORTS + WIDTH), 0);
    CHECK_EQ(in_sized(&t.b, PORTS + 0xfc, 4), 0);
    close_pci(&t);
}

TEST(pci_reset_and_state)
{
    struct board t, u;
    struct state s = { 0 };
    open_pci(&t, 0);
    open_pci(&u, 0);
    store(&t.b, MEMBAR, 1, 1);
    store(&t.b, MEMBAR + 0x801, 1, 0);
    pci_testdev_state(t.testdev, &s);
    s.loading = true;
    pci_testdev_state(u.testdev, &s);
    CHECK(!s.failed);
    CHECK_EQ(load(&u.b, MEMBAR + COUNT, 4), 1);
    CHECK_EQ(load(&u.b, MEMBAR + OFFSET, 4), 0x801);
    pci_testdev_reset(u.testdev);
    show(&u);
    CHECK_EQ(load(&u.b, MEMBAR + WIDTH, 1), 0);
    host_free(s.data);
    close_pci(&t);
    close_pci(&u);
}
