// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The chips of the whole board: ports, device memory, PCI configuration and what they find in RAM, in any order;
// commands of disks, what comes from outside, and time.
#include "base/bits.h"
#include "chips.h"
#include "fuzz.h"
#include "host/host.h"
#include "machine.h"
#include "memory/memory.h"
#include "memory/ram.h"

/* Of an input: the machine stays as reset leaves it, before any firmware. */
enum { AS_RESET = 0xf0 };
enum { LOW_RAM = 0x10000, TIMERS_MAX = 64 };

static struct session *machine;
static int64_t time_passed;

/* The host's clock, and as much more as inputs let pass (the linker puts it in its place). */
int64_t __real_host_monotonic_ns(void);
int64_t __wrap_host_monotonic_ns(void);
int64_t __wrap_host_monotonic_ns(void)
{
    return __real_host_monotonic_ns() + __atomic_load_n(&time_passed, __ATOMIC_RELAXED);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    machine = machine_create();
    return 0;
}

/* Where something answers, and all ports. */
static const struct range {
    enum memory_space space;
    uint32_t first, size;
} ranges[] = {
    { SPACE_PORTS, 0x000, 0x100 },
    { SPACE_PORTS, 0x1f0, 8 },
    { SPACE_PORTS, 0x170, 8 },
    { SPACE_PORTS, 0x3f6, 1 },
    { SPACE_PORTS, 0x376, 1 },
    { SPACE_PORTS, 0x3b0, 0x30 },
    { SPACE_PORTS, 0x3f8, 8 },
    { SPACE_PORTS, 0x378, 3 },
    { SPACE_PORTS, 0x4d0, 2 },
    { SPACE_PORTS, 0x510, 12 },
    { SPACE_PORTS, 0xcf8, 8 },
    { SPACE_PORTS, PM_PORTS, 0x40 },
    { SPACE_PORTS, BUS_MASTER_PORTS, 16 },
    { SPACE_MEMORY, 0xa0000, 0x20000 },
    { SPACE_MEMORY, 0xc0000, 0x40000 },
    { SPACE_MEMORY, 0xfec00000, 0x50 },
    { SPACE_MEMORY, 0xfee00000, 0x400 },
    { SPACE_MEMORY, 0xfed00000, 0x180 },
    { SPACE_MEMORY, VGA_FRAME_BUFFER, 0x10000 },
    { SPACE_MEMORY, 0x1000, 0x1000 },
    { SPACE_PORTS, 0, 0x10000 },
    { SPACE_PORTS, 0xc100, 24 },
    { SPACE_MEMORY, 0xff000000, 0x10000 },
    { SPACE_MEMORY, 0xfcfff000, 0x100 },
    { SPACE_PORTS, SMBUS_PORTS, 16 },
    { SPACE_MEMORY, VGA_MMIO, 0x1000 },
    { SPACE_PORTS, 0xafe0, 4 },
    { SPACE_PORTS, 0x3c0, 0x20 },
    { SPACE_PORTS, 0x1ce, 3 },
    { SPACE_PORTS, 0x60, 5 },
    { SPACE_PORTS, 0x20, 2 },
    { SPACE_PORTS, 0xa0, 2 },
};

/* A dword of the configuration space of one of the board's functions. */
static void configure(struct memory *memory, struct input *in)
{
    uint64_t where = input_take(in, 2);
    memory_write(memory, SPACE_PORTS, 0xcf8, 4,
                 0x80000000 | (where & 0x1f) << 11 | (where >> 5 & 7) << 8 | (where >> 8 & 0xfc));
    memory_write(memory, SPACE_PORTS, 0xcfc + (where >> 8 & 3), 1u << (where >> 15),
                 input_take(in, 4));
}

static void access(struct memory *memory, struct input *in, unsigned operation)
{
    const struct range *r = &ranges[operation % ARRAY_SIZE(ranges)];
    uint64_t how = input_take(in, 1), value;
    uint64_t address = r->first + input_take(in, r->size > 256 ? 3 : 1) % r->size;
    unsigned size = 1u << (how & 3);
    if (r->space == SPACE_PORTS)
        size = MIN(size, 4u);
    if (how & 4)
        memory_read(memory, r->space, address, size, &value);
    else
        memory_write(memory, r->space, address, size, input_take(in, size));
}

/* Up to four seconds, each timer at its own time, as far as there are not too many. */
static void let_time_pass(struct session *s, struct input *in)
{
    int64_t end = host_monotonic_ns() + ((int64_t)1 << input_take(in, 1) % 33);
    clock_start(s->clock);
    for (unsigned n = 0; n < TIMERS_MAX; n++) {
        int64_t deadline = clock_host_deadline(s->clock), now = host_monotonic_ns();
        if (deadline > end || now > end)
            break;
        __atomic_fetch_add(&time_passed, deadline > now ? deadline - now : 0, __ATOMIC_RELAXED);
        clock_run(s->clock);
    }
    __atomic_fetch_add(&time_passed, MAX(end - host_monotonic_ns(), 0), __ATOMIC_RELAXED);
    clock_run(s->clock);
    clock_run(s->realtime_clock);
    clock_stop(s->clock);
}

/* The same for each input: what an earlier one has left in RAM is gone. */
static void begin(struct input *in)
{
    machine_reset(machine);
    host_lock_acquire(machine->lock);
    memset(machine->pc->ram->host, 0, LOW_RAM);
    ram_written(machine->pc->ram, 0, LOW_RAM);
    if (in->left > 0 && in->data[0] == AS_RESET)
        input_take(in, 1);
    else
        chips_set_up(machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct memory *memory = machine->pc->memory;
    begin(&in);
    while (in.left > 0) {
        unsigned operation = (unsigned)input_take(&in, 1);
        switch (operation) {
        case 0xff: let_time_pass(machine, &in); break;
        case 0xfe: configure(memory, &in); break;
        case 0xfd: chips_command_disk(machine, &in); break;
        case 0xfc: chips_reach_from_outside(machine, &in); break;
        case 0xfb: chips_settle(machine); break;
        default: access(memory, &in, operation); break;
        }
    }
    chips_settle(machine);
    host_lock_release(machine->lock);
    return 0;
}
