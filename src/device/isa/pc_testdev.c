// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// pc-testdev: what test kernels use to make a board do what no driver would.
#include "device/isa/pc_testdev.h"

#include "base/bits.h"
#include "base/state.h"
#include "host/host.h"

#define MEMORY_BASE 0xff000000u
#define MEMORY_SIZE KIB(64)
/* Above a BIOS that is large enough to reach down there. */
#define MEMORY_PRIORITY 1

enum { REGISTER, FLUSH, REGISTER_BYTES, LINES, MEMORY, RANGES };

struct pc_testdev {
    struct memory *memory;
    const struct log *log;
    struct irq_line lines[PC_TESTDEV_LINES];
    struct region *region[RANGES];
    uint32_t reg;
    uint8_t bytes[MEMORY_SIZE];
};

static bool register_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct pc_testdev *testdev = opaque;
    *value = testdev->reg >> 8 * offset & size_mask(size);
    return true;
}

static bool register_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pc_testdev *testdev = opaque;
    uint64_t mask = size_mask(size) << 8 * offset;
    testdev->reg = (uint32_t)((testdev->reg & ~mask) | (value << 8 * offset & mask));
    return true;
}

static bool zero_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque, (void)offset, (void)size;
    *value = 0;
    return true;
}

/* What is kept is not kept by physical page, so all of it goes. */
static bool flush_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pc_testdev *testdev = opaque;
    if (offset != 0 || size != 4)
        return false;
    LOG(testdev->log, ISA, "pc-testdev: flush of page %08x\n", (unsigned)value);
    memory_forget_cached(testdev->memory);
    return true;
}

static bool lines_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pc_testdev *testdev = opaque;
    (void)size;
    LOG(testdev->log, ISA, "pc-testdev: line %u %s\n", (unsigned)offset, value ? "up" : "down");
    irq_set(testdev->lines[offset], value != 0);
    return true;
}

static bool memory_bytes_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct pc_testdev *testdev = opaque;
    *value = load_le(testdev->bytes + offset, size);
    return true;
}

static bool memory_bytes_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pc_testdev *testdev = opaque;
    store_le(testdev->bytes + offset, size, value);
    return true;
}

static const struct range {
    enum memory_space space;
    uint32_t base;
    int priority;
    struct region_desc desc;
} ranges[RANGES] = {
    [REGISTER] = { SPACE_PORTS, 0xe0, 0, { "pc-testdev", 4, 1, 4, register_read, register_write } },
    [FLUSH] = { SPACE_PORTS, 0xe4, 0, { "pc-testdev-flush", 4, 1, 4, zero_read, flush_write } },
    [REGISTER_BYTES] = { SPACE_PORTS,
                         0xe8,
                         0,
                         { "pc-testdev-bytes", 4, 1, 1, register_read, register_write } },
    [LINES] = { SPACE_PORTS,
                0x2000,
                0,
                { "pc-testdev-lines", PC_TESTDEV_LINES, 1, 1, zero_read, lines_write } },
    [MEMORY] = { SPACE_MEMORY,
                 MEMORY_BASE,
                 MEMORY_PRIORITY,
                 { "pc-testdev-memory", MEMORY_SIZE, 1, 8, memory_bytes_read,
                   memory_bytes_write } },
};

struct pc_testdev *pc_testdev_create(struct memory *memory, const struct log *log,
                                     const struct irq_line lines[PC_TESTDEV_LINES])
{
    struct pc_testdev *testdev = host_alloc(sizeof *testdev);
    testdev->memory = memory;
    testdev->log = log;
    __builtin_memcpy(testdev->lines, lines, sizeof testdev->lines);
    memory_begin(memory);
    for (unsigned n = 0; n < RANGES; n++) {
        const struct range *r = &ranges[n];
        unsigned spaces = r->space == SPACE_PORTS ? 1u << SPACE_PORTS : MEMORY_SPACES;
        testdev->region[n] = region_map_io(memory, spaces, &r->desc, testdev, r->base, r->priority);
    }
    memory_commit(memory);
    return testdev;
}

void pc_testdev_destroy(struct pc_testdev *testdev)
{
    if (testdev == NULL)
        return;
    memory_begin(testdev->memory);
    for (unsigned n = 0; n < RANGES; n++)
        region_unmap(testdev->region[n]);
    memory_commit(testdev->memory);
    host_free(testdev);
}

void pc_testdev_reset(struct pc_testdev *testdev)
{
    for (unsigned n = 0; n < PC_TESTDEV_LINES; n++)
        irq_set(testdev->lines[n], false);
}

void pc_testdev_state(struct pc_testdev *testdev, struct state *s)
{
    state_section(s, "pc-testdev", 1);
    state_u32(s, &testdev->reg);
    state_bytes(s, testdev->bytes, sizeof testdev->bytes);
}
