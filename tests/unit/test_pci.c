// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PCI core and the PIIX bridges through their ports: configuration, BARs, interrupt routing,
// reset, power management.
#include "device/pci/pci.h"

#include "base/clock.h"
#include "base/state.h"
#include "device/pci/piix3.h"
#include "device/pci/piix4_pm.h"
#include "host/host.h"
#include "unit.h"

struct board {
    struct log log;
    struct memory *memory;
    struct pci_bus *bus;
    struct clock *clock;
    struct piix3 *piix3;
    struct piix4_pm *pm;
    bool isa[16];
    bool sci;
    int hard_resets, soft_resets, smis, power_offs, suspends;
};

static void out(struct board *b, uint16_t port, unsigned size, uint32_t value)
{
    memory_write(b->memory, SPACE_PORTS, port, size, value);
}

static uint32_t in(struct board *b, uint16_t port, unsigned size)
{
    uint64_t value;
    memory_read(b->memory, SPACE_PORTS, port, size, &value);
    return (uint32_t)value;
}

static uint32_t config_read(struct board *b, uint8_t devfn, unsigned offset, unsigned size)
{
    out(b, 0xcf8, 4, 0x80000000 | devfn << 8 | (offset & 0xfc));
    return in(b, 0xcfc + (offset & 3), size);
}

static void config_write(struct board *b, uint8_t devfn, unsigned offset, unsigned size,
                         uint32_t value)
{
    out(b, 0xcf8, 4, 0x80000000 | devfn << 8 | (offset & 0xfc));
    out(b, 0xcfc + (offset & 3), size, value);
}

static void isa_set(void *opaque, unsigned number, bool level)
{
    ((struct board *)opaque)->isa[number] = level;
}
static void sci_set(void *opaque, unsigned number, bool level)
{
    (void)number;
    ((struct board *)opaque)->sci = level;
}
static void on_reset(void *opaque, bool hard)
{
    struct board *b = opaque;
    *(hard ? &b->hard_resets : &b->soft_resets) += 1;
}
static void on_smi(void *opaque)
{
    ((struct board *)opaque)->smis++;
}
static void on_power_off(void *opaque)
{
    ((struct board *)opaque)->power_offs++;
}
static void on_suspend(void *opaque)
{
    ((struct board *)opaque)->suspends++;
}

static void board_create(struct board *b)
{
    struct irq_line isa[16];

    *b = (struct board){ 0 };
    b->memory = memory_create(&b->log);
    b->bus = pci_bus_create(b->memory, &b->log);
    b->clock = clock_create(CLOCK_VIRTUAL);
    for (unsigned n = 0; n < 16; n++)
        isa[n] = (struct irq_line){ isa_set, b, n };
    b->piix3 = piix3_create(b->bus, b->memory, &b->log, isa, on_reset, b);
    b->pm =
        piix4_pm_create(b->bus, b->memory, &b->log, b->clock, (struct irq_line){ sci_set, b, 9 },
                        &(struct piix4_pm_events){ on_smi, on_power_off, on_suspend, b });
}

static void board_destroy(struct board *b)
{
    piix4_pm_destroy(b->pm);
    piix3_destroy(b->piix3);
    pci_bus_destroy(b->bus);
    memory_destroy(b->memory);
    clock_destroy(b->clock);
}

/* A card with an I/O BAR, a memory BAR and a ROM. */
struct card {
    struct pci_function function;
    struct region *io, *mmio, *rom;
    struct ram_block *image;
    uint32_t last;
    int configured;
};

static bool card_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque;
    (void)size;
    *value = 0xc0 + offset;
    return true;
}
static bool card_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)offset;
    (void)size;
    ((struct card *)opaque)->last = (uint32_t)value;
    return true;
}
static const struct region_desc card_io = { .name = "card-io",
                                            .size = 32,
                                            .min_size = 1,
                                            .max_size = 4,
                                            .read = card_read,
                                            .write = card_write };
static const struct region_desc card_mmio = { .name = "card-mmio",
                                              .size = 4096,
                                              .min_size = 1,
                                              .max_size = 4,
                                              .read = card_read,
                                              .write = card_write };

static void card_configured(void *opaque, unsigned offset, unsigned size)
{
    (void)offset;
    (void)size;
    ((struct card *)opaque)->configured++;
}

static void card_create(struct board *b, struct card *c, uint8_t devfn, uint8_t pin)
{
    *c = (struct card){ 0 };
    pci_function_init(&c->function, "card", 0x1234, 0x5678, 0x020000, 7, 0x1af4, 0x1100, pin, c);
    c->function.config_written = card_configured;
    c->io = region_map_io(b->memory, 1 << SPACE_PORTS, &card_io, c, 0, 0);
    c->mmio = region_map_io(b->memory, 1 << SPACE_MEMORY, &card_mmio, c, 0, 0);
    c->image = ram_create(b->memory, "rom", 65536);
    c->image->host[0] = 0x55;
    c->rom = region_map_ram(b->memory, 1 << SPACE_MEMORY, "rom", c->image, NULL, 0, 0, 65536, 0);
    region_set_enabled(c->io, false);
    region_set_enabled(c->mmio, false);
    region_set_enabled(c->rom, false);
    pci_bar_set_io(&c->function, 0, c->io, 32);
    pci_bar_set_memory(&c->function, 1, c->mmio, 4096, true);
    pci_rom_set(&c->function, c->rom, 65536);
    CHECK(pci_register(b->bus, &c->function, devfn));
}

#define CARD PCI_DEVFN(3, 0)

TEST(absent_functions_read_all_ones)
{
    struct board b;
    board_create(&b);
    CHECK_EQ(config_read(&b, PCI_DEVFN(7, 0), 0, 4), 0xffffffff);
    CHECK_EQ(config_read(&b, PCI_DEVFN(7, 0), 0, 2), 0xffff);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 2), 0, 1), 0xff);
    config_write(&b, PCI_DEVFN(7, 0), 4, 4, 7);
    /* Another bus, and the enable bit off. */
    out(&b, 0xcf8, 4, 0x80010800);
    CHECK_EQ(in(&b, 0xcfc, 4), 0xffffffff);
    out(&b, 0xcf8, 4, 0x00000800);
    CHECK_EQ(in(&b, 0xcfc, 4), 0xffffffff);
    board_destroy(&b);
}

TEST(config_address_takes_dwords_only)
{
    struct board b;
    board_create(&b);
    out(&b, 0xcf8, 4, 0xffffffff);
    CHECK_EQ(in(&b, 0xcf8, 4), 0x80fffffc);
    out(&b, 0xcf8, 1, 0);
    out(&b, 0xcfa, 2, 0);
    CHECK_EQ(in(&b, 0xcf8, 4), 0x80fffffc);
    CHECK_EQ(in(&b, 0xcf8, 1), 0xff);
    /* A dword at CF8h does not reach the reset control register below its second byte. */
    out(&b, 0xcf8, 4, 0x80000600);
    CHECK_EQ(in(&b, 0xcf9, 1), 0);
    CHECK_EQ(b.hard_resets + b.soft_resets, 0);
    board_destroy(&b);
}

TEST(config_data_by_bytes_and_words)
{
    struct board b;
    board_create(&b);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 0), 0, 4), 0x70008086);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 0), 2, 2), 0x7000);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 0), 3, 1), 0x70);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 0), 0x0a, 2), 0x0601);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 0), 0x0e, 1), 0x80);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 3), 0, 4), 0x71138086);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 3), 0x2c, 4), 0x11001af4);
    /* Identity is read only; the interrupt line is the guest's. */
    config_write(&b, PCI_DEVFN(1, 3), 0, 4, 0);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 3), 0, 4), 0x71138086);
    config_write(&b, PCI_DEVFN(1, 3), 0x3c, 2, 0xff0b);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 3), 0x3c, 2), 0x010b);
    board_destroy(&b);
}

TEST(bar_sizing)
{
    struct board b;
    struct card c;
    board_create(&b);
    card_create(&b, &c, CARD, 1);
    CHECK_EQ(config_read(&b, CARD, 0x10, 4), 1);
    config_write(&b, CARD, 0x10, 4, 0xffffffff);
    CHECK_EQ(config_read(&b, CARD, 0x10, 4), 0xffffffe1);
    config_write(&b, CARD, 0x14, 4, 0xffffffff);
    CHECK_EQ(config_read(&b, CARD, 0x14, 4), 0xfffff008);
    config_write(&b, CARD, 0x18, 4, 0xffffffff);
    CHECK_EQ(config_read(&b, CARD, 0x18, 4), 0);
    config_write(&b, CARD, 0x30, 4, 0xfffffffe);
    CHECK_EQ(config_read(&b, CARD, 0x30, 4), 0xffff0000);
    CHECK(c.configured > 0);
    board_destroy(&b);
}

TEST(bars_decode_by_command_register)
{
    struct board b;
    struct card c;
    uint64_t value;
    board_create(&b);
    card_create(&b, &c, CARD, 1);
    config_write(&b, CARD, 0x10, 4, 0xc000);
    config_write(&b, CARD, 0x14, 4, 0xfe000000);
    CHECK_EQ(in(&b, 0xc004, 1), 0xff);
    config_write(&b, CARD, 4, 2, PCI_COMMAND_IO);
    CHECK_EQ(in(&b, 0xc004, 1), 0xc4);
    CHECK(!memory_read(b.memory, SPACE_MEMORY, 0xfe000002, 1, &value));
    config_write(&b, CARD, 4, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    CHECK(memory_read(b.memory, SPACE_MEMORY, 0xfe000002, 1, &value));
    CHECK_EQ(value, 0xc2);
    /* Moved by one byte of the register; then while its size is asked it decodes nowhere. */
    config_write(&b, CARD, 0x11, 1, 0xd0);
    CHECK_EQ(in(&b, 0xd004, 1), 0xc4);
    CHECK_EQ(in(&b, 0xc004, 1), 0xff);
    config_write(&b, CARD, 0x14, 4, 0xffffffff);
    CHECK(!memory_read(b.memory, SPACE_MEMORY, 0xfe000002, 1, &value));
    config_write(&b, CARD, 0x14, 4, 0);
    CHECK(!memory_read(b.memory, SPACE_MEMORY, 2, 1, &value));
    /* The ROM needs its own enable bit too. */
    config_write(&b, CARD, 0x30, 4, 0xfe010000);
    CHECK(!memory_read(b.memory, SPACE_MEMORY, 0xfe010000, 1, &value));
    config_write(&b, CARD, 0x30, 4, 0xfe010001);
    CHECK(memory_read(b.memory, SPACE_MEMORY, 0xfe010000, 1, &value));
    CHECK_EQ(value, 0x55);
    pci_bus_reset(b.bus);
    CHECK_EQ(in(&b, 0xd004, 1), 0xff);
    CHECK_EQ(config_read(&b, CARD, 0x10, 4), 1);
    CHECK(!memory_read(b.memory, SPACE_MEMORY, 0xfe010000, 1, &value));
    board_destroy(&b);
}

/* PCI 2.3, 6.2.5.1: the register after it holds the upper half. */
TEST(bar_of_64_bits)
{
    struct board b;
    struct card c;
    uint64_t value;
    board_create(&b);
    card_create(&b, &c, CARD, 1);
    c.function.bar[1] = (struct pci_bar){ .size = 0 };
    pci_bar_set_memory64(&c.function, 1, c.mmio, 4096);
    config_write(&b, CARD, 4, 2, PCI_COMMAND_MEMORY);
    config_write(&b, CARD, 0x14, 4, 0xffffffff);
    config_write(&b, CARD, 0x18, 4, 0xffffffff);
    CHECK_EQ(config_read(&b, CARD, 0x14, 4), 0xfffff00c);
    CHECK_EQ(config_read(&b, CARD, 0x18, 4), 0xffffffff);
    config_write(&b, CARD, 0x18, 4, 2);
    config_write(&b, CARD, 0x14, 4, 0x40000000);
    CHECK(memory_read(b.memory, SPACE_MEMORY, 0x240000003, 1, &value));
    CHECK_EQ(value, 0xc3);
    CHECK(!memory_read(b.memory, SPACE_MEMORY, 0x40000003, 1, &value));
    config_write(&b, CARD, 0x18, 4, 0);
    CHECK(memory_read(b.memory, SPACE_MEMORY, 0x40000003, 1, &value));
    config_write(&b, CARD, 0x14, 4, 0);
    CHECK(!memory_read(b.memory, SPACE_MEMORY, 3, 1, &value));
    board_destroy(&b);
}

TEST(slots)
{
    struct board b;
    struct card c, d, e;
    board_create(&b);
    CHECK_EQ(pci_free_slot(b.bus), 3);
    card_create(&b, &c, PCI_DEVFN(3, 0), 1);
    card_create(&b, &d, PCI_DEVFN(4, 5), 1);
    CHECK_EQ(pci_free_slot(b.bus), 5);
    pci_function_init(&e.function, "e", 1, 2, 3, 4, 5, 6, 1, NULL);
    CHECK(!pci_register(b.bus, &e.function, PCI_DEVFN(3, 0)));
    board_destroy(&b);
}

/* PIRQ = (pin + slot - 1) & 3: slot 3 pin A is PIRQC, slot 4 pin D is PIRQC too. */
TEST(interrupt_routing)
{
    struct board b;
    struct card c, d;
    board_create(&b);
    card_create(&b, &c, PCI_DEVFN(3, 0), 1);
    card_create(&b, &d, PCI_DEVFN(4, 0), 4);
    pci_irq_set(&c.function, true);
    CHECK(!b.isa[11]); /* PIRQRC is disabled at reset */
    config_write(&b, PCI_DEVFN(1, 0), 0x62, 1, 11);
    CHECK(b.isa[11]);
    pci_irq_set(&d.function, true);
    pci_irq_set(&c.function, false);
    CHECK(b.isa[11]);
    CHECK_EQ(config_read(&b, PCI_DEVFN(4, 0), 6, 1) & 8, 8);
    config_write(&b, PCI_DEVFN(1, 0), 0x62, 1, 10);
    CHECK(!b.isa[11]);
    CHECK(b.isa[10]);
    /* PIRQA to the same interrupt: the OR of both. */
    config_write(&b, PCI_DEVFN(1, 0), 0x60, 1, 10);
    config_write(&b, PCI_DEVFN(4, 0), 4, 2, PCI_COMMAND_INTX_DISABLE);
    CHECK(!b.isa[10]);
    config_write(&b, PCI_DEVFN(4, 0), 4, 2, 0);
    CHECK(b.isa[10]);
    /* Reserved interrupts are not driven. */
    config_write(&b, PCI_DEVFN(1, 0), 0x62, 1, 8);
    CHECK(!b.isa[8]);
    CHECK(!b.isa[10]);
    pci_bus_reset(b.bus);
    config_write(&b, PCI_DEVFN(1, 0), 0x62, 1, 11);
    CHECK(!b.isa[11]);
    board_destroy(&b);
}

TEST(reset_control)
{
    struct board b;
    board_create(&b);
    out(&b, 0xcf9, 1, 0x02);
    CHECK_EQ(in(&b, 0xcf9, 1), 0x02);
    CHECK_EQ(b.hard_resets, 0);
    out(&b, 0xcf9, 1, 0x06);
    CHECK_EQ(b.hard_resets, 1);
    out(&b, 0xcf9, 1, 0x06);
    CHECK_EQ(b.hard_resets, 1);
    out(&b, 0xcf9, 1, 0x00);
    out(&b, 0xcf9, 1, 0x04);
    CHECK_EQ(b.soft_resets, 1);
    piix3_reset(b.piix3);
    CHECK_EQ(in(&b, 0xcf9, 1), 0);
    board_destroy(&b);
}

#define PM PCI_DEVFN(1, 3)

static void pm_show(struct board *b)
{
    config_write(b, PM, 0x40, 4, 0x601);
    config_write(b, PM, 0x80, 1, 1);
}

TEST(pm_ports_follow_pmba)
{
    struct board b;
    board_create(&b);
    config_write(&b, PM, 0x80, 1, 1);
    CHECK_EQ(in(&b, 0x04, 2), 0xffff);
    config_write(&b, PM, 0x40, 4, 0x60f);
    CHECK_EQ(config_read(&b, PM, 0x40, 4), 0x601);
    CHECK_EQ(in(&b, 0x604, 2), 0);
    config_write(&b, PM, 0x80, 1, 0);
    CHECK_EQ(in(&b, 0x604, 2), 0xffff);
    board_destroy(&b);
}

TEST(pm_timer_runs_at_its_rate)
{
    struct board b;
    uint32_t first, second;
    int64_t start, end;
    board_create(&b);
    pm_show(&b);
    start = clock_now(b.clock);
    first = in(&b, 0x608, 4);
    while (clock_now(b.clock) < start + 3000000)
        ;
    second = in(&b, 0x608, 4);
    end = clock_now(b.clock);
    CHECK(first < 1 << 24);
    CHECK((second - first) >= (uint32_t)muldiv64(2900000, 3579545, NS_PER_SECOND));
    CHECK((second - first) <= (uint32_t)muldiv64(end - start, 3579545, NS_PER_SECOND) + 1);
    board_destroy(&b);
}

TEST(power_button_raises_sci)
{
    struct board b;
    board_create(&b);
    pm_show(&b);
    out(&b, 0xb2, 1, PIIX4_ACPI_ENABLE);
    CHECK_EQ(in(&b, 0x604, 2), 1);
    CHECK_EQ(b.smis, 0);
    piix4_pm_power_button(b.pm);
    CHECK(!b.sci);
    CHECK_EQ(in(&b, 0x600, 2), 0x100);
    out(&b, 0x602, 2, 0x100);
    CHECK(b.sci);
    out(&b, 0x600, 2, 0x100);
    CHECK(!b.sci);
    CHECK_EQ(in(&b, 0x600, 2), 0);
    out(&b, 0xb2, 1, PIIX4_ACPI_DISABLE);
    piix4_pm_power_button(b.pm);
    CHECK(!b.sci);
    board_destroy(&b);
}

TEST(gpe_block)
{
    struct board b;
    board_create(&b);
    out(&b, PIIX4_GPE_PORT + 2, 1, 0x12);
    CHECK_EQ(in(&b, PIIX4_GPE_PORT + 2, 2), 0x0012);
    CHECK_EQ(in(&b, PIIX4_GPE_PORT, 2), 0);
    board_destroy(&b);
}

TEST(smi_by_apmc)
{
    struct board b;
    board_create(&b);
    pm_show(&b);
    out(&b, 0xb3, 1, 0x5a);
    out(&b, 0xb2, 1, 0x01);
    CHECK_EQ(b.smis, 0);
    CHECK_EQ(in(&b, 0xb3, 1), 0x5a);
    config_write(&b, PM, 0x58, 4, 1u << 25);
    out(&b, 0xb2, 1, 0x01);
    CHECK_EQ(b.smis, 0);
    out(&b, 0x628, 4, in(&b, 0x628, 4) | 1);
    out(&b, 0xb2, 1, 0x01);
    CHECK_EQ(b.smis, 1);
    CHECK_EQ(in(&b, 0xb2, 1), 0x01);
    CHECK_EQ(in(&b, 0x618, 2) & 0x20, 0x20);
    board_destroy(&b);
}

TEST(sleep_types)
{
    struct board b;
    board_create(&b);
    pm_show(&b);
    out(&b, 0x604, 2, PIIX4_SLP_TYP_S5 << 10);
    CHECK_EQ(b.power_offs, 0);
    out(&b, 0x604, 2, 0x2000 | PIIX4_SLP_TYP_S5 << 10);
    CHECK_EQ(b.power_offs, 1);
    CHECK_EQ(in(&b, 0x604, 2) & 0x2000, 0);
    out(&b, 0x604, 2, 0x2000 | PIIX4_SLP_TYP_S4 << 10);
    CHECK_EQ(b.power_offs, 2);
    out(&b, 0x604, 2, 0x2000 | PIIX4_SLP_TYP_S3 << 10);
    CHECK_EQ(b.suspends, 1);
    piix4_pm_wake(b.pm, true, false);
    CHECK_EQ(in(&b, 0x600, 2), 0x8100);
    board_destroy(&b);
}

/* 82371AB 7.2.1, RTC_STS: the pin that rises, not the pin that is high. */
TEST(rtc_status)
{
    struct board b;
    board_create(&b);
    pm_show(&b);
    out(&b, 0x604, 2, 1);
    CHECK(!piix4_pm_rtc_irq(b.pm, true));
    CHECK_EQ(in(&b, 0x600, 2), 0x0400);
    CHECK(!b.sci);
    out(&b, 0x600, 2, 0x0400);
    CHECK(!piix4_pm_rtc_irq(b.pm, true));
    CHECK_EQ(in(&b, 0x600, 2), 0);
    out(&b, 0x602, 2, 0x0400);
    CHECK(!piix4_pm_rtc_irq(b.pm, false));
    CHECK(!piix4_pm_rtc_wakes(b.pm));
    CHECK(piix4_pm_rtc_irq(b.pm, true));
    CHECK(piix4_pm_rtc_wakes(b.pm));
    CHECK(b.sci);
    out(&b, 0x600, 2, 0x0400);
    CHECK(!piix4_pm_rtc_wakes(b.pm));
    board_destroy(&b);
}

TEST(registers_keep_their_power_in_s3)
{
    struct board b;
    board_create(&b);
    pm_show(&b);
    out(&b, 0x602, 2, 0x0400);
    struct piix4_pm_well well = piix4_pm_well(b.pm);
    piix4_pm_reset(b.pm);
    CHECK_EQ(in(&b, 0x602, 2), 0xffff);
    piix4_pm_set_well(b.pm, &well);
    CHECK_EQ(in(&b, 0x602, 2), 0x0400);
    board_destroy(&b);
}

TEST(smbus_has_no_devices)
{
    struct board b;
    board_create(&b);
    config_write(&b, PM, 0x90, 4, 0x701);
    config_write(&b, PM, 0x04, 2, PCI_COMMAND_IO);
    CHECK_EQ(in(&b, 0x700, 1), 0xff);
    config_write(&b, PM, 0xd2, 1, 0x09);
    CHECK_EQ(in(&b, 0x700, 1), 0);
    out(&b, 0x704, 1, 0xa1);
    out(&b, 0x702, 1, 0x48);
    CHECK_EQ(in(&b, 0x700, 1), 0x04);
    CHECK(!b.sci);
    out(&b, 0x702, 1, 0x09);
    CHECK(b.sci);
    out(&b, 0x700, 1, 0x1e);
    CHECK_EQ(in(&b, 0x700, 1), 0);
    CHECK(!b.sci);
    board_destroy(&b);
}

TEST(state_of_bridges)
{
    struct board b, c;
    struct state s = { 0 };
    struct card card, other;
    board_create(&b);
    card_create(&b, &card, CARD, 1);
    config_write(&b, CARD, 0x10, 4, 0xc000);
    config_write(&b, CARD, 4, 2, PCI_COMMAND_IO);
    config_write(&b, PCI_DEVFN(1, 0), 0x62, 1, 11);
    pci_irq_set(&card.function, true);
    pm_show(&b);
    out(&b, 0x602, 2, 0x100);
    pci_function_state(&card.function, &s);
    piix3_state(b.piix3, &s);
    piix4_pm_state(b.pm, &s);

    board_create(&c);
    card_create(&c, &other, CARD, 1);
    s.loading = true;
    pci_function_state(&other.function, &s);
    piix3_state(c.piix3, &s);
    piix4_pm_state(c.pm, &s);
    CHECK(!s.failed);
    CHECK_EQ(in(&c, 0xc004, 1), 0xc4);
    CHECK_EQ(in(&c, 0x602, 2), 0x100);
    CHECK_EQ(config_read(&c, PCI_DEVFN(1, 0), 0x62, 1), 11);
    pci_irq_set(&other.function, false);
    CHECK(!c.isa[11]);
    host_free(s.data);
    board_destroy(&b);
    board_destroy(&c);
}

static int lines;
static void count_line(void *opaque, const char *text)
{
    (void)opaque;
    lines++;
    if (lines == 2)
        CHECK(strstr(text, "ISA bridge: PCI device 8086:7000") != NULL);
}

TEST(print)
{
    struct board b;
    board_create(&b);
    lines = 0;
    pci_bus_print(b.bus, count_line, NULL);
    CHECK(lines >= 8);
    board_destroy(&b);
}

/* Random configuration writes and port accesses; after a reset all is where it was. */
TEST(random_accesses)
{
    static const uint8_t devfns[4] = { PCI_DEVFN(1, 0), PCI_DEVFN(1, 3), CARD, PCI_DEVFN(9, 1) };
    struct board b;
    struct card c;
    uint32_t seed = 99;
    board_create(&b);
    card_create(&b, &c, CARD, 2);
    for (unsigned n = 0; n < 20000; n++) {
        unsigned offset, size;
        uint64_t value;
        seed = seed * 1664525 + 1013904223;
        offset = seed >> 24;
        size = 1u << (seed >> 8 & 3) % 3;
        offset &= ~(size - 1);
        if (seed >> 22 & 1)
            config_write(&b, devfns[seed >> 20 & 3], offset, size, seed * 2654435761u);
        else if (seed >> 19 & 1)
            out(&b, (uint16_t)(seed >> 3), size, seed >> 7);
        else
            memory_read(b.memory, SPACE_MEMORY, (uint64_t)seed << 4, size, &value);
        pci_irq_set(&c.function, seed >> 18 & 1);
    }
    pci_bus_reset(b.bus);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 0), 0, 4), 0x70008086);
    CHECK_EQ(config_read(&b, PCI_DEVFN(1, 0), 0x60, 4), 0x80808080);
    CHECK_EQ(config_read(&b, PM, 0x40, 4), 1);
    CHECK_EQ(config_read(&b, CARD, 0x10, 4), 1);
    for (unsigned n = 0; n < 16; n++)
        CHECK(!b.isa[n]);
    CHECK(!b.sci);
    board_destroy(&b);
}
