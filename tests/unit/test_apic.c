// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Local APICs, I/O APIC, MSI and GSI routing by their registers.
#include "chip_bench.h"
#include "device/intc/gsi.h"
#include "device/intc/i8259.h"
#include "device/intc/ioapic.h"
#include "device/intc/lapic.h"
#include "device/intc/msi.h"

#define LAPIC  UINT64_C(0xfee00000)
#define IOAPIC UINT64_C(0xfec00000)

enum {
    ID = 0x20,
    TPR = 0x80,
    PPR = 0xa0,
    EOI = 0xb0,
    LDR = 0xd0,
    DFR = 0xe0,
    SVR = 0xf0,
    ISR = 0x100,
    TMR = 0x180,
    IRR = 0x200
};
enum {
    ESR = 0x280,
    ICR = 0x300,
    ICR2 = 0x310,
    LVTT = 0x320,
    LVT0 = 0x350,
    LVT1 = 0x360,
    LVTERR = 0x370,
    TMICT = 0x380,
    TMCCT = 0x390,
    TDCR = 0x3e0
};

struct processor {
    bool intr;
    unsigned nmis, smis, inits, startups;
    uint8_t startup_vector;
    struct i8259 *pic;
};

struct board {
    struct bench b;
    struct processor cpu;
    struct apic_bus *bus;
    struct lapic *lapic;
    struct ioapic *ioapic;
    struct msi *msi;
    struct i8259 *pic;
    struct gsi *gsi;
};

static void set_intr(void *opaque, bool level)
{
    ((struct processor *)opaque)->intr = level;
}

static void nmi(void *opaque)
{
    ((struct processor *)opaque)->nmis++;
}

static void smi(void *opaque)
{
    ((struct processor *)opaque)->smis++;
}

static void init(void *opaque)
{
    ((struct processor *)opaque)->inits++;
}

static void startup(void *opaque, uint8_t vector)
{
    struct processor *cpu = opaque;
    cpu->startups++;
    cpu->startup_vector = vector;
}

static int pic_acknowledge(void *opaque)
{
    return i8259_acknowledge(((struct processor *)opaque)->pic);
}

static struct lapic_cpu pins(struct processor *cpu)
{
    return (struct lapic_cpu){ set_intr, nmi, smi, init, startup, pic_acknowledge, cpu };
}

static void reg(struct board *t, unsigned offset, uint32_t value)
{
    store(&t->b, LAPIC + offset, 4, value);
}

static uint32_t get(struct board *t, unsigned offset)
{
    return (uint32_t)load(&t->b, LAPIC + offset, 4);
}

static void redirect(struct board *t, unsigned pin, uint32_t low, uint8_t destination)
{
    store(&t->b, IOAPIC, 4, 0x11 + 2 * pin);
    store(&t->b, IOAPIC + 0x10, 4, (uint32_t)destination << 24);
    store(&t->b, IOAPIC, 4, 0x10 + 2 * pin);
    store(&t->b, IOAPIC + 0x10, 4, low);
}

static uint32_t redirection(struct board *t, unsigned pin)
{
    store(&t->b, IOAPIC, 4, 0x10 + 2 * pin);
    return (uint32_t)load(&t->b, IOAPIC + 0x10, 4);
}

static void open_board(struct board *t, bool enable)
{
    bench_open(&t->b);
    t->cpu = (struct processor){ 0 };
    t->bus = apic_bus_create(&t->b.log);
    struct lapic_cpu p = pins(&t->cpu);
    t->lapic = lapic_create(t->b.memory, &t->b.log, t->b.clock, t->bus, &p, 0, 1000000000);
    t->ioapic = ioapic_create(t->b.memory, &t->b.log, t->bus, IOAPIC_DEFAULT_BASE);
    t->msi = msi_create(t->b.memory, &t->b.log, t->bus);
    t->pic = t->cpu.pic = i8259_create(t->b.memory, &t->b.log, 0x20, 0xa0,
                                       (struct irq_line){ lapic_set_lint, t->lapic, 0 });
    t->gsi = gsi_create(t->pic, t->ioapic);
    static const uint8_t icws[2][4] = { { 0x11, 0x08, 0x04, 0x01 }, { 0x11, 0x70, 0x02, 0x01 } };
    for (unsigned i = 0; i < 8; i++)
        out(&t->b, (i & 4 ? 0xa0 : 0x20) + (i & 3 ? 1 : 0), icws[i >> 2][i & 3]);
    if (enable)
        reg(t, SVR, 0x1ff);
}

static void close_board(struct board *t)
{
    gsi_destroy(t->gsi);
    i8259_destroy(t->pic);
    msi_destroy(t->msi);
    ioapic_destroy(t->ioapic);
    lapic_destroy(t->lapic);
    apic_bus_destroy(t->bus);
    bench_close(&t->b);
}

TEST(reset_values)
{
    struct board t;
    open_board(&t, false);
    CHECK_EQ(get(&t, ID), 0);
    CHECK_EQ(get(&t, 0x30), 0x50014);
    CHECK_EQ(get(&t, SVR), 0xff);
    CHECK_EQ(get(&t, DFR), 0xffffffff);
    CHECK_EQ(get(&t, LVT0), 0x10000);
    reg(&t, LVT0, 0x700); /* software-disabled: stays masked */
    CHECK_EQ(get(&t, LVT0), 0x10700);
    store(&t.b, IOAPIC, 4, 1);
    CHECK_EQ(load(&t.b, IOAPIC + 0x10, 4), 0x170020);
    close_board(&t);
}

TEST(disabled_apic_is_a_wire)
{
    struct board t;
    open_board(&t, false);
    gsi_set_irq(t.gsi, 1, true);
    CHECK(!t.cpu.intr);
    lapic_apic_base_changed(t.lapic, 0xfee00100);
    CHECK(t.cpu.intr);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x09);
    CHECK(!t.cpu.intr);
    lapic_set_lint(t.lapic, 1, true);
    CHECK_EQ(t.cpu.nmis, 1);
    CHECK_EQ(get(&t, SVR), 0xffffffff); /* no registers there */
    lapic_apic_base_changed(t.lapic, 0xfeb00900);
    CHECK_EQ(load(&t.b, 0xfeb00030, 4), 0x50014);
    close_board(&t);
}

TEST(virtual_wire_by_extint)
{
    struct board t;
    open_board(&t, true);
    reg(&t, LVT0, 0x8700);
    reg(&t, LVT1, 0x8400);
    reg(&t, TPR, 0xff); /* ExtINT knows no priority */
    gsi_set_irq(t.gsi, 1, true);
    CHECK(t.cpu.intr);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x09);
    CHECK(!t.cpu.intr);
    CHECK_EQ(get(&t, ISR), 0);
    lapic_set_lint(t.lapic, 1, true);
    lapic_set_lint(t.lapic, 1, false);
    CHECK_EQ(t.cpu.nmis, 1);
    out(&t.b, 0x20, 0x20);
    gsi_set_irq(t.gsi, 1, false);
    gsi_set_irq(t.gsi, 1, true);
    CHECK(t.cpu.intr);
    reg(&t, LVT0, 0x18700);
    CHECK(!t.cpu.intr);
    close_board(&t);
}

TEST(priorities_and_eoi)
{
    struct board t;
    open_board(&t, true);
    reg(&t, ICR, 0x44031); /* self */
    CHECK(t.cpu.intr);
    CHECK_EQ(get(&t, IRR + 0x10), 1 << 17);
    reg(&t, TPR, 0x30);
    CHECK(!t.cpu.intr);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0xff); /* spurious */
    reg(&t, TPR, 0x2f);
    CHECK(t.cpu.intr);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x31);
    CHECK_EQ(get(&t, PPR), 0x30);
    reg(&t, ICR, 0x44035); /* same class waits */
    CHECK(!t.cpu.intr);
    reg(&t, ICR, 0x44081);
    CHECK(t.cpu.intr);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x81);
    CHECK_EQ(get(&t, PPR), 0x80);
    reg(&t, EOI, 0);
    CHECK_EQ(get(&t, PPR), 0x30);
    CHECK(!t.cpu.intr);
    reg(&t, EOI, 0);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x35);
    CHECK_EQ(lapic_acknowledge(t.lapic), -1);
    close_board(&t);
}

/* A guest hung when the host kept the writer of TMICT waiting for longer than the count. */
TEST(timer_one_shot_shorter_than_its_write)
{
    struct board t;
    open_board(&t, true);
    reg(&t, LVTT, 0x40);
    reg(&t, TDCR, 0xb); /* by 1 */
    bench_host_delay = 1000;
    reg(&t, TMICT, 100);
    reg(&t, LVTT, 0x40); /* nor does touching the LVT lose what is due */
    bench_host_delay = 0;
    pass(&t.b, 1);
    CHECK(t.cpu.intr);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x40);
    reg(&t, EOI, 0);
    pass(&t.b, 10000);
    CHECK(!t.cpu.intr);
    close_board(&t);
}

TEST(timer_one_shot_and_periodic)
{
    struct board t;
    open_board(&t, true);
    reg(&t, LVTT, 0x40);
    reg(&t, TDCR, 0x3); /* by 16 */
    reg(&t, TMICT, 1000);
    pass(&t.b, 8000);
    CHECK_EQ(get(&t, TMCCT), 500);
    pass(&t.b, 7999);
    CHECK(!t.cpu.intr);
    pass(&t.b, 2);
    CHECK(t.cpu.intr);
    CHECK_EQ(get(&t, TMCCT), 0);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x40);
    reg(&t, EOI, 0);
    pass(&t.b, NS_PER_SECOND);
    CHECK(!t.cpu.intr);
    reg(&t, TDCR, 0xb); /* by 1 */
    reg(&t, LVTT, 0x20041);
    reg(&t, TMICT, 1000000);
    unsigned seen = 0;
    for (int i = 0; i < 100000; i++) {
        pass(&t.b, 100000);
        if (t.cpu.intr) {
            CHECK_EQ(lapic_acknowledge(t.lapic), 0x41);
            reg(&t, EOI, 0);
            seen++;
        }
    }
    CHECK(seen >= 9999 && seen <= 10000);
    reg(&t, TMICT, 0);
    pass(&t.b, NS_PER_SECOND);
    CHECK(!t.cpu.intr);
    close_board(&t);
}

TEST(errors)
{
    struct board t;
    open_board(&t, true);
    reg(&t, LVTERR, 0x50);
    reg(&t, ICR, 0x44005); /* vector below 16 */
    CHECK(t.cpu.intr);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x50);
    CHECK_EQ(get(&t, ESR), 0);
    reg(&t, ESR, 0);
    CHECK_EQ(get(&t, ESR), 0x20);
    reg(&t, ESR, 0);
    CHECK_EQ(get(&t, ESR), 0);
    get(&t, 0x3f0); /* no such register */
    reg(&t, ESR, 0);
    CHECK_EQ(get(&t, ESR), 0x80);
    reg(&t, LVTERR, 0x05); /* an error about an error does not go round */
    reg(&t, ICR, 0x44005);
    reg(&t, ESR, 0);
    CHECK_EQ(get(&t, ESR), 0x60);
    close_board(&t);
}

TEST(ioapic_edge)
{
    struct board t;
    open_board(&t, true);
    gsi_set_irq(t.gsi, 4, true);
    gsi_set_irq(t.gsi, 4, false);
    redirect(&t, 4, 0x34, 0);
    CHECK(!t.cpu.intr); /* an edge while masked is gone */
    gsi_set_irq(t.gsi, 4, true);
    CHECK(t.cpu.intr);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x34);
    reg(&t, EOI, 0);
    CHECK(!t.cpu.intr);
    /* IRQ 0 comes in at pin 2. */
    redirect(&t, 2, 0x30, 0);
    gsi_set_irq(t.gsi, 0, true);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x30);
    close_board(&t);
}

TEST(ioapic_level_until_eoi)
{
    struct board t;
    open_board(&t, true);
    redirect(&t, 11, 0x803b, 0);
    gsi_set_irq(t.gsi, 11, true);
    CHECK_EQ(redirection(&t, 11), 0xc03b);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x3b);
    CHECK_EQ(get(&t, TMR + 0x10), 1 << 27);
    CHECK(!t.cpu.intr);
    reg(&t, EOI, 0); /* still high */
    CHECK(t.cpu.intr);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x3b);
    gsi_set_irq(t.gsi, 11, false);
    reg(&t, EOI, 0);
    CHECK(!t.cpu.intr);
    CHECK_EQ(redirection(&t, 11), 0x803b);
    /* Unmasking with the line high sends. */
    redirect(&t, 11, 0x1803b, 0);
    gsi_set_irq(t.gsi, 11, true);
    CHECK(!t.cpu.intr);
    redirect(&t, 11, 0x803b, 0);
    CHECK(t.cpu.intr);
    /* The EOI register, and edge mode, clear Remote IRR. */
    gsi_set_irq(t.gsi, 11, false);
    store(&t.b, IOAPIC + 0x40, 4, 0x3b);
    CHECK_EQ(redirection(&t, 11), 0x803b);
    close_board(&t);
}

/* What came while software had it off was lost for good. */
TEST(ioapic_level_to_a_disabled_lapic)
{
    struct board t;
    open_board(&t, false);
    redirect(&t, 11, 0x803b, 0);
    redirect(&t, 12, 0x3c, 0);
    gsi_set_irq(t.gsi, 11, true);
    gsi_set_irq(t.gsi, 12, true);
    CHECK_EQ(redirection(&t, 11), 0x803b);
    reg(&t, SVR, 0x1ff);
    CHECK(t.cpu.intr);
    CHECK_EQ(redirection(&t, 11), 0xc03b);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x3b);
    CHECK(!t.cpu.intr); /* an edge is not sent again */
    reg(&t, SVR, 0x1ff);
    CHECK_EQ(get(&t, IRR + 0x10), 0);
    gsi_set_irq(t.gsi, 11, false);
    reg(&t, EOI, 0);
    CHECK(!t.cpu.intr);
    close_board(&t);
}

static void acknowledge_pic(struct board *t)
{
    CHECK(t->cpu.intr);
    CHECK_EQ(lapic_acknowledge(t->lapic), 0x0c);
    out(&t->b, 0x20, 0x20);
}

/* COM1 and COM3: the line was what the last of them had said. */
TEST(serial_ports_that_share_a_line)
{
    struct board t;
    struct state s = { 0 };
    open_board(&t, true);
    struct irq_line com1 = gsi_line(t.gsi, 4), com3 = gsi_line(t.gsi, 4);
    redirect(&t, 4, 0x8034, 0);
    irq_set(com1, true);
    irq_set(com3, true);
    irq_set(com3, false);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x34);
    reg(&t, EOI, 0);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x34); /* COM1 has not been served */
    irq_set(com1, false);
    reg(&t, EOI, 0);
    CHECK(!t.cpu.intr);

    redirect(&t, 4, 0x10000, 0);
    reg(&t, LVT0, 0x700);
    irq_set(com1, true);
    irq_set(com3, true);
    irq_set(com3, false);
    acknowledge_pic(&t); /* what COM3 took back was not COM1's */
    CHECK(!t.cpu.intr);
    irq_set(com3, true); /* an edge, whoever holds the line */
    acknowledge_pic(&t);
    irq_set(com3, false);

    gsi_state(t.gsi, &s);
    irq_set(com1, false);
    s.loading = true;
    gsi_state(t.gsi, &s);
    CHECK(!s.failed);
    irq_set(com3, true);
    irq_set(com3, false);
    redirect(&t, 4, 0x8035, 0);
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x35); /* COM1 had it up */
    acknowledge_pic(&t);
    host_free(s.data);
    close_board(&t);
}

TEST(message_signalled)
{
    struct board t;
    open_board(&t, true);
    store(&t.b, 0xfee00000, 4, 0x4051); /* to APIC 0: the page of the local APIC itself */
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x51);
    store(&t.b, 0xfeeff000, 4, 0x0061); /* broadcast */
    CHECK_EQ(lapic_acknowledge(t.lapic), 0x61);
    store(&t.b, 0xfee01000, 4, 0x0071); /* nobody */
    CHECK(!t.cpu.intr);
    CHECK(msi_deliver(t.bus, 0xfee00000, 0x0400)); /* NMI */
    CHECK_EQ(t.cpu.nmis, 1);
    CHECK(!msi_deliver(t.bus, 0xfed00000, 0));
    close_board(&t);
}

TEST(destinations)
{
    struct board t;
    struct processor other = { 0 };
    open_board(&t, true);
    struct lapic_cpu p = pins(&other);
    /* A second one; its page is never reached here as the first lies over it, so it is enabled by
     * messages' sight only. */
    struct lapic *second = lapic_create(t.b.memory, &t.b.log, t.b.clock, t.bus, &p, 1, 1000000000);
    reg(&t, SVR, 0x1ff); /* the later region shows: this is the second's */
    reg(&t, LDR, 0x02000000);
    CHECK_EQ(get(&t, ID), 0x01000000);
    CHECK(lapic_matches(second, 1, false));
    CHECK(!lapic_matches(second, 0, false));
    CHECK(lapic_matches(second, 0xff, false));
    CHECK(lapic_matches(second, 0x03, true));
    CHECK(!lapic_matches(second, 0x01, true));
    reg(&t, DFR, 0x0fffffff);
    reg(&t, LDR, 0x12000000);
    CHECK(lapic_matches(second, 0x13, true));
    CHECK(!lapic_matches(second, 0x23, true));
    CHECK(!lapic_matches(second, 0x11, true));
    CHECK(lapic_matches(second, 0xf2, true));
    /* Lowest priority: the second runs at a higher task priority. */
    reg(&t, TPR, 0x80);
    struct apic_message message = { .vector = 0x90,
                                    .destination = 0xff,
                                    .delivery = APIC_LOWEST_PRIORITY };
    CHECK(apic_bus_deliver(t.bus, &message));
    CHECK(t.cpu.intr && !other.intr);
    /* INIT and startup to all but self, sent by the second. */
    reg(&t, ICR, 0xc4500);
    reg(&t, ICR, 0xc4608);
    CHECK_EQ(t.cpu.inits, 1);
    CHECK_EQ(other.inits, 0);
    CHECK_EQ(t.cpu.startup_vector, 8);
    reg(&t, ICR2, 0);
    reg(&t, ICR, 0x8500); /* INIT level de-assert */
    CHECK_EQ(t.cpu.inits, 1);
    lapic_destroy(second);
    close_board(&t);
}
