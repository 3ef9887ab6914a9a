// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The chips of the whole board: ports, device memory, PCI configuration and what they find in RAM, in any order.
#include "backend/block.h"
#include "base/bits.h"
#include "fuzz.h"
#include "host/host.h"
#include "machine.h"
#include "memory/memory.h"

static struct session *machine;

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
    { SPACE_PORTS, 0x000, 0x100 },          { SPACE_PORTS, 0x1f0, 8 },
    { SPACE_PORTS, 0x170, 8 },              { SPACE_PORTS, 0x3f6, 1 },
    { SPACE_PORTS, 0x376, 1 },              { SPACE_PORTS, 0x3b0, 0x30 },
    { SPACE_PORTS, 0x3f8, 8 },              { SPACE_PORTS, 0x378, 3 },
    { SPACE_PORTS, 0x4d0, 2 },              { SPACE_PORTS, 0x510, 12 },
    { SPACE_PORTS, 0xcf8, 8 },              { SPACE_PORTS, 0xb000, 0x40 },
    { SPACE_PORTS, 0xc000, 0x40 },          { SPACE_MEMORY, 0xa0000, 0x20000 },
    { SPACE_MEMORY, 0xc0000, 0x40000 },     { SPACE_MEMORY, 0xfec00000, 0x50 },
    { SPACE_MEMORY, 0xfee00000, 0x400 },    { SPACE_MEMORY, 0xfed00000, 0x180 },
    { SPACE_MEMORY, 0xfd000000, 0x2000 },   { SPACE_MEMORY, 0x1000, 0x1000 },
    { SPACE_PORTS, 0, 0x10000 },            { SPACE_PORTS, 0x2000, 24 },
    { SPACE_MEMORY, 0xff000000, 0x10000 },
};

/* A dword of the configuration space of one of the board's functions. */
static void configure(struct memory *memory, struct input *in)
{
    uint64_t where = input_take(in, 2);
    memory_write(memory, SPACE_PORTS, 0xcf8, 4, 0x80000000 | (where & 0x1f) << 11 | (where >> 5 & 7) << 8 |
                                                    (where >> 8 & 0xfc));
    memory_write(memory, SPACE_PORTS, 0xcfc + (where >> 8 & 3), 1u << (where >> 15), input_take(in, 4));
}

/* A word of the disk's sectors, or of a packet. */
static void move_data(struct memory *memory, struct input *in)
{
    uint64_t value, count = input_take(in, 1) * 8;
    for (uint64_t n = 0; n < count; n++) {
        if (count & 8)
            memory_write(memory, SPACE_PORTS, count & 16 ? 0x1f0 : 0x170, 2, n);
        else
            memory_read(memory, SPACE_PORTS, count & 16 ? 0x1f0 : 0x170, 2, &value);
    }
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

/* Time passes, as far as the chips' timers are concerned; then what the disks' threads have to say. */
static void let_time_pass(struct session *s)
{
    clock_start(s->clock);
    clock_run(s->clock);
    clock_run(s->realtime_clock);
    clock_stop(s->clock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct memory *memory = machine->pc->memory;
    machine_reset(machine);
    host_lock_acquire(machine->lock);
    while (in.left > 0) {
        unsigned operation = (unsigned)input_take(&in, 1);
        switch (operation) {
        case 0xff: let_time_pass(machine); break;
        case 0xfe: configure(memory, &in); break;
        case 0xfd: move_data(memory, &in); break;
        default: access(memory, &in, operation); break;
        }
    }
    for (unsigned n = 0; n < PC_DRIVES; n++)
        if (machine->drives[n] != NULL)
            machine->drives[n]->ops->drain(machine->drives[n]);
    host_lock_release(machine->lock);
    return 0;
}
