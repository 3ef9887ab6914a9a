// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// pci-testdev: a PCI function that counts the writes a test makes to it.
#include "device/pci/pci_testdev.h"

#include "base/log.h"
#include "base/state.h"
#include "host/host.h"

enum { BAR_MEMORY, BAR_PORTS, BARS, BAR_LARGE = 2 };
enum {
    HEADER_TEST = 0,
    HEADER_WIDTH = 1,
    HEADER_OFFSET = 4,
    HEADER_DATA = 8,
    HEADER_COUNT = 12,
    HEADER_NAME = 16,
    HEADER_SIZE = 48
};
enum { TESTS_PER_BAR = 3, TESTS = BARS * TESTS_PER_BAR, NO_TEST = 0xff };

/* All write a byte, of this value unless any will do. */
static const struct test {
    uint16_t offset;
    uint8_t data;
    bool any_data;
    char name[HEADER_SIZE - HEADER_NAME];
} tests[TESTS] = {
    { 0x800, 0xfa, false, "mmio-no-eventfd" },
    { 0x801, 0xce, true, "mmio-wildcard-eventfd" },
    { 0x802, 0xfa, false, "mmio-datamatch-eventfd" },
    { 0x83, 0xfa, false, "portio-no-eventfd" },
    { 0x84, 0xce, true, "portio-wildcard-eventfd" },
    { 0x85, 0xfa, false, "portio-datamatch-eventfd" },
};

struct pci_testdev {
    struct pci_function function;
    struct memory *memory;
    const struct log *log;
    struct region *region[BARS];
    uint8_t running; /* index into tests, or NO_TEST */
    uint32_t count;
};

/* Both BARs show the header of the test that runs, whichever of them began it. */
static bool header_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    const struct pci_testdev *testdev = opaque;
    uint8_t header[HEADER_SIZE + 8] = { 0 };

    *value = 0;
    if (testdev->running == NO_TEST || offset >= HEADER_SIZE)
        return true;
    const struct test *test = &tests[testdev->running];
    header[HEADER_TEST] = testdev->running;
    header[HEADER_WIDTH] = 1;
    store_le32(&header[HEADER_OFFSET], test->offset);
    store_le32(&header[HEADER_DATA], test->data);
    store_le32(&header[HEADER_COUNT], testdev->count);
    __builtin_memcpy(&header[HEADER_NAME], test->name, sizeof test->name);
    *value = load_le(&header[offset], size);
    return true;
}

static void begin(struct pci_testdev *testdev, unsigned bar, uint64_t number)
{
    bool known = number < TESTS_PER_BAR;
    testdev->running = known ? (uint8_t)(bar * TESTS_PER_BAR + number) : NO_TEST;
    testdev->count = 0;
    if (known)
        LOG(testdev->log, PCI, "pci-testdev: %s\n", tests[testdev->running].name);
}

/* Both BARs count, and a wider write of the same value counts as well. */
static bool bar_write(struct pci_testdev *testdev, unsigned bar, uint64_t offset, unsigned size,
                      uint64_t value)
{
    value &= size_mask(size);
    if (offset == HEADER_TEST) {
        begin(testdev, bar, value);
    } else if (testdev->running != NO_TEST) {
        const struct test *test = &tests[testdev->running];
        testdev->count += offset == test->offset && (test->any_data || value == test->data);
    }
    return true;
}

static bool memory_write_test(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    return bar_write(opaque, BAR_MEMORY, offset, size, value);
}

static bool ports_write_test(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    return bar_write(opaque, BAR_PORTS, offset, size, value);
}

static const struct region_desc bar_descs[BARS] = {
    [BAR_MEMORY] = { "pci-testdev-memory", 4096, 1, 4, header_read, memory_write_test },
    [BAR_PORTS] = { "pci-testdev-ports", 256, 1, 4, header_read, ports_write_test },
};

static void reset(void *opaque)
{
    struct pci_testdev *testdev = opaque;
    testdev->running = NO_TEST;
    testdev->count = 0;
}

static void create_bars(struct pci_testdev *testdev)
{
    static const unsigned spaces[BARS] = { MEMORY_SPACES, 1u << SPACE_PORTS };
    for (unsigned n = 0; n < BARS; n++) {
        testdev->region[n] =
            region_map_io(testdev->memory, spaces[n], &bar_descs[n], testdev, 0, 0);
        region_set_enabled(testdev->region[n], false);
    }
    pci_bar_set_memory(&testdev->function, BAR_MEMORY, testdev->region[BAR_MEMORY],
                       (uint32_t)bar_descs[BAR_MEMORY].size, false);
    pci_bar_set_io(&testdev->function, BAR_PORTS, testdev->region[BAR_PORTS],
                   (uint32_t)bar_descs[BAR_PORTS].size);
}

struct pci_testdev *pci_testdev_create(struct pci_bus *bus, struct memory *memory,
                                       const struct log *log, uint8_t devfn, uint64_t membar)
{
    struct pci_testdev *testdev = host_alloc(sizeof *testdev);
    struct pci_function *f = &testdev->function;

    testdev->memory = memory;
    testdev->log = log;
    pci_function_init(f, "pci-testdev", 0x1b36, 0x0005, 0x00ff00, 0, 0x1af4, 0x1100, 0, testdev);
    f->reset = reset;
    memory_begin(memory);
    create_bars(testdev);
    if (membar != 0)
        pci_bar_set_memory64(f, BAR_LARGE, NULL, membar);
    reset(testdev);
    memory_commit(memory);
    host_assert(pci_register(bus, f, devfn), "pci-testdev: the slot is taken");
    return testdev;
}

void pci_testdev_destroy(struct pci_testdev *testdev)
{
    if (testdev == NULL)
        return;
    memory_begin(testdev->memory);
    for (unsigned n = 0; n < BARS; n++)
        region_unmap(testdev->region[n]);
    memory_commit(testdev->memory);
    host_free(testdev);
}

void pci_testdev_reset(struct pci_testdev *testdev)
{
    pci_function_reset(&testdev->function);
}

void pci_testdev_state(struct pci_testdev *testdev, struct state *s)
{
    state_section(s, "pci-testdev", 1);
    state_u8(s, &testdev->running);
    state_u32(s, &testdev->count);
    pci_function_state(&testdev->function, s);
    /* A stream may hold anything; this is an index. */
    if (s->loading && testdev->running >= TESTS)
        reset(testdev);
}
