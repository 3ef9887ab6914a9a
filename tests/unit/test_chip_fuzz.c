// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random accesses to the ISA chips and APICs wired together: nothing a guest writes may do harm.
#include "chip_bench.h"
#include "device/char/parallel.h"
#include "device/char/serial_isa.h"
#include "device/intc/gsi.h"
#include "device/intc/i8259.h"
#include "device/intc/ioapic.h"
#include "device/intc/lapic.h"
#include "device/intc/msi.h"
#include "device/isa/dma.h"
#include "device/timer/hpet.h"
#include "device/timer/i8254.h"
#include "device/timer/mc146818.h"
#include "device/timer/speaker_port.h"

struct board {
    struct bench b;
    struct apic_bus *bus;
    struct lapic *lapic;
    struct ioapic *ioapic;
    struct msi *msi;
    struct i8259 *pic;
    struct gsi *gsi;
    struct hpet *hpet;
    struct i8254 *pit;
    struct speaker_port *speaker;
    struct mc146818 *rtc;
    struct serial_isa *serial;
    struct parallel *parallel;
    struct dma *dma;
    bool intr;
    uint64_t seed;
};

static void set_intr(void *opaque, bool level)
{
    ((struct board *)opaque)->intr = level;
}

static int pic_acknowledge(void *opaque)
{
    return i8259_acknowledge(((struct board *)opaque)->pic);
}

static void open_board(struct board *t)
{
    struct bench *b = &t->b;
    bench_open(b);
    struct lapic_cpu pins = { .set_intr = set_intr,
                              .pic_acknowledge = pic_acknowledge,
                              .opaque = t };
    t->bus = apic_bus_create(&b->log);
    t->lapic = lapic_create(b->memory, &b->log, b->clock, t->bus, &pins, 0, 1000000000);
    t->ioapic = ioapic_create(b->memory, &b->log, t->bus, IOAPIC_DEFAULT_BASE);
    t->msi = msi_create(b->memory, &b->log, t->bus);
    t->pic = i8259_create(b->memory, &b->log, 0x20, 0xa0,
                          (struct irq_line){ lapic_set_lint, t->lapic, 0 });
    t->gsi = gsi_create(t->pic, t->ioapic);
    struct irq_line line = { gsi_set_irq, t->gsi, 0 };
    t->hpet = hpet_create(b->memory, &b->log, b->clock, HPET_DEFAULT_BASE, line);
    t->pit = i8254_create(b->memory, &b->log, b->clock, 0x40, hpet_legacy_line(t->hpet, 0));
    t->speaker = speaker_port_create(b->memory, &b->log, b->clock, t->pit);
    t->rtc = mc146818_create(b->memory, &b->log, b->clock, 0, hpet_legacy_line(t->hpet, 8));
    line.number = 4;
    t->serial = serial_isa_create(b->memory, &b->log, b->clock, 0x3f8, line, NULL);
    line.number = 7;
    t->parallel = parallel_create(b->memory, &b->log, 0x378, line, NULL);
    t->dma = dma_create(b->memory, &b->log);
}

static void close_board(struct board *t)
{
    dma_destroy(t->dma);
    parallel_destroy(t->parallel);
    serial_isa_destroy(t->serial);
    mc146818_destroy(t->rtc);
    speaker_port_destroy(t->speaker);
    i8254_destroy(t->pit);
    hpet_destroy(t->hpet);
    gsi_destroy(t->gsi);
    i8259_destroy(t->pic);
    msi_destroy(t->msi);
    ioapic_destroy(t->ioapic);
    lapic_destroy(t->lapic);
    apic_bus_destroy(t->bus);
    bench_close(&t->b);
}

static uint32_t next_random(struct board *t)
{
    t->seed = t->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(t->seed >> 33);
}

static void step(struct board *t)
{
    static const struct {
        uint32_t base, size;
    } ranges[] = { { 0x00, 0x10 },        { 0x20, 2 },           { 0xa0, 2 },
                   { 0x4d0, 2 },          { 0x40, 4 },           { 0x61, 1 },
                   { 0x70, 2 },           { 0x80, 0x10 },        { 0xc0, 0x20 },
                   { 0x378, 3 },          { 0x3f8, 8 },          { 0xfec00000, 0x50 },
                   { 0xfee00000, 0x400 }, { 0xfed00000, 0x180 }, { 0xfee01000, 0x10000 } };
    uint32_t r = next_random(t), value = next_random(t) >> (r >> 24 & 31);
    unsigned n = r % ARRAY_SIZE(ranges), size = 1u << (r >> 8 & 3);
    uint64_t address = ranges[n].base + next_random(t) % ranges[n].size, loaded;
    if (n >= 11 && r >> 10 & 1) { /* mostly as the registers want it */
        address &= ~UINT64_C(15);
        size = 4;
    }
    enum memory_space space = n < 11 ? SPACE_PORTS : SPACE_MEMORY;
    if (r >> 12 & 1)
        memory_write(t->b.memory, space, address, size, value);
    else
        memory_read(t->b.memory, space, address, size, &loaded);
    if (r >> 13 & 1)
        gsi_set_irq(t->gsi, next_random(t) % GSI_COUNT, r >> 14 & 1);
    if ((r >> 15 & 3) == 0)
        jump(&t->b, next_random(t) & 0xffffff);
    if (t->intr && (r >> 17 & 1)) {
        int vector = lapic_acknowledge(t->lapic);
        CHECK(vector >= -1 && vector < 256);
    }
    uint8_t data[16] = { 0 };
    bool tc;
    if ((r >> 18 & 7) == 0)
        dma_transfer(t->dma, r >> 21 & 7, data, next_random(t) % 16, r >> 11 & 1, &tc);
    if ((r >> 15 & 0xffff) == 0)
        lapic_apic_base_changed(t->lapic, 0xfee00000 | (next_random(t) & 0x800));
}

TEST(random_accesses)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct board t = { .seed = seed };
        open_board(&t);
        for (int i = 0; i < 20000; i++)
            step(&t);
        close_board(&t);
    }
}

/* A state saved anywhere can be loaded into another board, and saved from there is the same. */
TEST(random_states)
{
    struct board t = { .seed = 99 }, u = { .seed = 1 };
    open_board(&t);
    open_board(&u);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 500; i++)
            step(&t);
        struct state first = { 0 }, second = { 0 };
        i8259_state(t.pic, &first);
        ioapic_state(t.ioapic, &first);
        gsi_state(t.gsi, &first);
        lapic_state(t.lapic, &first);
        i8254_state(t.pit, &first);
        mc146818_state(t.rtc, &first);
        hpet_state(t.hpet, &first);
        serial_isa_state(t.serial, &first);
        dma_state(t.dma, &first);
        first.loading = true;
        i8259_state(u.pic, &first);
        ioapic_state(u.ioapic, &first);
        gsi_state(u.gsi, &first);
        lapic_state(u.lapic, &first);
        i8254_state(u.pit, &first);
        mc146818_state(u.rtc, &first);
        hpet_state(u.hpet, &first);
        serial_isa_state(u.serial, &first);
        dma_state(u.dma, &first);
        CHECK(!first.failed);
        i8259_state(u.pic, &second);
        ioapic_state(u.ioapic, &second);
        gsi_state(u.gsi, &second);
        lapic_state(u.lapic, &second);
        i8254_state(u.pit, &second);
        mc146818_state(u.rtc, &second);
        hpet_state(u.hpet, &second);
        serial_isa_state(u.serial, &second);
        dma_state(u.dma, &second);
        CHECK_EQ(first.size, second.size);
        CHECK(memcmp(first.data, second.data, MIN(first.size, second.size)) == 0);
        host_free(first.data);
        host_free(second.data);
    }
    close_board(&t);
    close_board(&u);
}
