// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The I/O APIC: its registers, edges and levels, masks, delivery modes, destinations.
#include "board.h"

enum { ID, VERSION, ARBITRATION, ENTRIES = 0x10, PINS = 24 };
enum {
    LOWEST = 0x100,
    NMI = 0x400,
    EXTINT = 0x700,
    LOGICAL = 0x800,
    REMOTE_IRR = 0x4000,
    LEVEL = 0x8000,
    MASKED = 0x10000
};
enum { KEYBOARD = 1, MOUSE = 12 }; /* pins of the ISA interrupts */

#define IOAPIC 0xfec00000u

static uint32_t get(unsigned reg)
{
    store32(IOAPIC, reg);
    return load32(IOAPIC + 0x10);
}

static void put(unsigned reg, uint32_t v)
{
    store32(IOAPIC, reg);
    store32(IOAPIC + 0x10, v);
}

static uint32_t entry(unsigned pin)
{
    return get(ENTRIES + 2 * pin);
}

/* Masked first: the two halves are two writes. */
static void set_entry(unsigned pin, uint32_t destination, uint32_t low)
{
    put(ENTRIES + 2 * pin, MASKED);
    put(ENTRIES + 2 * pin + 1, destination);
    put(ENTRIES + 2 * pin, low);
}

/* To ourselves, by our ID. */
static void route(unsigned pin, uint32_t low)
{
    set_entry(pin, apic(APIC_ID) & 0xff000000, low);
}

/* Nothing comes by the 8259As; every entry is masked. */
static bool begin(void (*with)(struct frame *f))
{
    if (!apic_begin(with))
        return false;
    drop_irq1_irq12();
    drop_irq0();
    set_apic(APIC_LVT_LINT0, 0x10700);
    for (unsigned pin = 0; pin < PINS; pin++)
        set_entry(pin, 0, MASKED);
    return true;
}

static void end(void)
{
    drop_irq1_irq12();
    set_entry(KEYBOARD, 0, MASKED);
    set_entry(MOUSE, 0, MASKED);
    apic_init();
}

TEST(ioapic_registers, "82093AA 3.1.1, 3.2.1-3.2.3")
{
    if (!begin(0))
        return;
    uint32_t version = get(VERSION), kept = get(ID);
    EQUAL(version >> 16 & 0xff, PINS - 1);
    EQUAL(version & 0xff00ff00, 0);
    CHECK((version & 0xff) >= 0x11);
    put(VERSION, ~version); /* read-only */
    EQUAL(get(VERSION), version);
    put(ID, 0xffffffff);
    EQUAL(get(ID), 0x0f000000);
    EQUAL(get(ARBITRATION), 0x0f000000); /* the same data is loaded into both */
    put(ID, 0x05000000);
    EQUAL(get(ID), 0x05000000);
    EQUAL(get(ARBITRATION), 0x05000000);
    put(ARBITRATION, 0x0a000000); /* read-only */
    EQUAL(get(ARBITRATION), 0x05000000);
    put(ID, kept);
    store32(IOAPIC, 0xabcdef01);
    EQUAL(load32(IOAPIC), VERSION); /* eight bits */
}

TEST(ioapic_entries, "82093AA 3.2.4")
{
    if (!begin(0))
        return;
    for (unsigned pin = 0; pin < PINS; pin++) {
        put(ENTRIES + 2 * pin, 0xffffffff);
        put(ENTRIES + 2 * pin + 1, 0xffffffff);
    }
    for (unsigned pin = 0; pin < PINS; pin++) {
        EQUAL(entry(pin), 0x1afff); /* delivery status and remote IRR are the chip's */
        EQUAL(get(ENTRIES + 2 * pin + 1), 0xff000000);
        set_entry(pin, pin << 24, MASKED | (0x40 + pin));
    }
    for (unsigned pin = 0; pin < PINS; pin++) {
        EQUAL(entry(pin), MASKED | (0x40 + pin));
        EQUAL(get(ENTRIES + 2 * pin + 1), pin << 24);
    }
    end();
}

TEST(ioapic_edge, "82093AA 3.2.4, trigger mode; SDM 3A 10.8.4")
{
    if (!begin(0))
        return;
    route(KEYBOARD, 0x61);
    raise_irq1();
    EQUAL(apic_bit(APIC_IRR, 0x61), 1);
    EQUAL(apic_bit(APIC_TMR, 0x61), 0);
    let_in();
    EQUAL(came[0x61], 1);
    EQUAL(entry(KEYBOARD), 0x61); /* no remote IRR, idle */
    set_apic(APIC_EOI, 0);
    let_in(); /* the line is still high */
    EQUAL(order_count, 1);
    raise_irq1(); /* low, and high again */
    let_in();
    set_apic(APIC_EOI, 0);
    EQUAL(came[0x61], 2);
    EQUAL(order_count, 2);
    end();
}

TEST(ioapic_masked_edge_is_lost, "82093AA 3.2.4, interrupt mask")
{
    if (!begin(apic_eoi))
        return;
    route(KEYBOARD, MASKED | 0x61);
    raise_irq1();
    let_in();
    route(KEYBOARD, 0x61); /* neither delivered nor held pending */
    let_in();
    EQUAL(order_count, 0);
    raise_irq1();
    let_in();
    EQUAL(came[0x61], 1);
    end();
}

TEST(ioapic_level, "82093AA 3.2.4, remote IRR; SDM 3A 10.8.4, 10.8.5")
{
    if (!begin(0))
        return;
    route(KEYBOARD, LEVEL | 0x62);
    EQUAL(entry(KEYBOARD), LEVEL | 0x62);
    raise_irq1();
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, REMOTE_IRR); /* a local APIC has accepted it */
    EQUAL(apic_bit(APIC_IRR, 0x62), 1);
    EQUAL(apic_bit(APIC_TMR, 0x62), 1);
    let_in();
    EQUAL(came[0x62], 1);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, REMOTE_IRR);
    let_in();
    EQUAL(order_count, 1);
    set_apic(APIC_EOI, 0); /* still high: at once again */
    EQUAL(apic_bit(APIC_IRR, 0x62), 1);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, REMOTE_IRR);
    let_in();
    EQUAL(came[0x62], 2);
    drop_irq1_irq12();
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, REMOTE_IRR); /* until the EOI */
    set_apic(APIC_EOI, 0);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, 0);
    let_in();
    EQUAL(order_count, 2);
    end();
}

/* An interrupt that no local APIC takes stays the input's, until one does. */
TEST(ioapic_level_retried, "82093AA 3.2.4, remote IRR; SDM 3A 10.4.7.2, 10.6.2")
{
    if (!begin(apic_eoi))
        return;
    set_apic(APIC_SVR, 0xff); /* software-disabled */
    route(KEYBOARD, LEVEL | 0x62);
    raise_irq1();
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, 0);
    EQUAL(apic_bit(APIC_IRR, 0x62), 0);
    set_apic(APIC_SVR, 0x1ff);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, REMOTE_IRR);
    EQUAL(apic_bit(APIC_IRR, 0x62), 1);
    drop_irq1_irq12();
    let_in();
    EQUAL(came[0x62], 1);
    set_entry(KEYBOARD, 0x10000000, LOGICAL | LEVEL | 0x62);
    raise_irq1();
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, 0);
    set_apic(APIC_LDR, 0x10000000);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, REMOTE_IRR);
    drop_irq1_irq12();
    let_in();
    EQUAL(came[0x62], 2);
    EQUAL(order_count, 2);
    end();
}

/* The same vector by an edge afterwards: its EOI is no business of the I/O APIC. */
TEST(ioapic_trigger_mode_of_vector, "SDM 3A 10.8.4, TMR")
{
    if (!begin(apic_eoi))
        return;
    route(KEYBOARD, LEVEL | 0x62);
    raise_irq1();
    EQUAL(apic_bit(APIC_TMR, 0x62), 1);
    drop_irq1_irq12();
    let_in();
    EQUAL(came[0x62], 1);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, 0);
    apic_send(0x62);
    EQUAL(apic_bit(APIC_TMR, 0x62), 0);
    let_in();
    EQUAL(came[0x62], 2);
    end();
}

TEST(ioapic_level_mask, "82093AA 3.2.4, interrupt mask")
{
    if (!begin(apic_eoi))
        return;
    route(KEYBOARD, MASKED | LEVEL | 0x62);
    raise_irq1();
    let_in();
    EQUAL(order_count, 0);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, 0);
    put(ENTRIES + 2 * KEYBOARD, LEVEL | 0x62); /* it is high: that is enough */
    service = 0;
    let_in();
    EQUAL(came[0x62], 1);
    put(ENTRIES + 2 * KEYBOARD, MASKED | LEVEL | 0x62); /* what was accepted is not taken back */
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, REMOTE_IRR);
    set_apic(APIC_EOI, 0);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, 0);
    let_in();
    EQUAL(order_count, 1);
    end();
}

/* An EOI goes by the vector. */
TEST(ioapic_eoi_by_vector, "82093AA 3.2.4, remote IRR; SDM 3A 10.8.5")
{
    if (!begin(0))
        return;
    route(KEYBOARD, LEVEL | 0x62);
    route(MOUSE, LEVEL | 0x83);
    raise_irq12();
    EQUAL(entry(MOUSE) & REMOTE_IRR, REMOTE_IRR);
    let_in();
    EQUAL(came[0x83], 1);
    drop_irq1_irq12();
    kbc_data(0xee);
    CHECK(WAIT(entry(KEYBOARD) & REMOTE_IRR));
    drop_irq1_irq12();
    set_apic(APIC_EOI, 0); /* of 83h, which is in service */
    EQUAL(entry(MOUSE) & REMOTE_IRR, 0);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, REMOTE_IRR);
    let_in();
    set_apic(APIC_EOI, 0);
    EQUAL(came[0x62], 1);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, 0);
    EQUAL(order_count, 2);
    end();
}

/* The I/O APICs of later chip sets, of version 20h, take the vector themselves. */
TEST(ioapic_eoi_register, "82801BA 9.5.5 EOI register")
{
    if (!begin(0) || (get(VERSION) & 0xff) < 0x20)
        return;
    route(KEYBOARD, LEVEL | 0x62);
    raise_irq1();
    let_in();
    drop_irq1_irq12();
    store32(IOAPIC + 0x40, 0x63);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, REMOTE_IRR);
    store32(IOAPIC + 0x40, 0x62);
    EQUAL(entry(KEYBOARD) & REMOTE_IRR, 0);
    EQUAL(apic_bit(APIC_ISR, 0x62), 1); /* the local APIC's service goes on */
    set_apic(APIC_EOI, 0);
    EQUAL(order_count, 1);
    end();
}

TEST(ioapic_lowest_priority, "82093AA 3.2.4, delivery mode; SDM 3A 10.6.2.4")
{
    if (!begin(apic_eoi))
        return;
    route(KEYBOARD, LOWEST | 0x64);
    raise_irq1();
    let_in();
    EQUAL(came[0x64], 1);
    set_apic(APIC_LDR, 0x02000000);
    set_entry(KEYBOARD, 0x02000000, LOWEST | LOGICAL | 0x65);
    raise_irq1();
    let_in();
    EQUAL(came[0x65], 1);
    EQUAL(order_count, 2);
    end();
}

/* NMI and SMI are edges whatever the entry says, and their vector is nobody's. */
TEST(ioapic_nmi, "82093AA 3.2.4, delivery mode")
{
    if (!begin(0))
        return;
    route(KEYBOARD, NMI | LEVEL | 0x66);
    raise_irq1();
    let_in();
    EQUAL(came[EXC_NMI], 1);
    EQUAL(order_count, 1);
    raise_irq1();
    EQUAL(came[EXC_NMI], 2);
    EQUAL(apic_bit(APIC_IRR, 0x66), 0);
    end();
}

/* The 8259As are asked for the vector. */
TEST(ioapic_extint, "82093AA 3.2.4, delivery mode; SDM 3A 10.5.1")
{
    if (!begin(pic_eoi))
        return;
    route(KEYBOARD, EXTINT | 0x67);
    pic_mask(0xfffd);
    let_in();
    EQUAL(order_count, 0);
    raise_irq1();
    let_in();
    EQUAL(came[IRQ_BASE + KEYBOARD], 1);
    EQUAL(order_count, 1);
    EQUAL(apic_bit(APIC_ISR, IRQ_BASE + KEYBOARD), 0);
    pic_mask(0xffff);
    end();
}

TEST(ioapic_destinations, "82093AA 3.2.4, destination; SDM 3A 10.6.2")
{
    static const struct {
        uint32_t mode, destination;
        bool accepted;
    } rows[] = {
        { 0, 0, true }, /* our ID is added */
        { 0, 0x05000000, false },
        { LOGICAL, 0x10000000, true },
        { LOGICAL, 0x30000000, true },
        { LOGICAL, 0x20000000, false },
        { LOGICAL, 0xff000000, true },
    };
    if (!begin(apic_eoi))
        return;
    set_apic(APIC_LDR, 0x10000000);
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        uint32_t to = rows[n].destination;
        if (!rows[n].mode)
            to ^= apic(APIC_ID) & 0xff000000;
        count_interrupts(apic_eoi);
        drop_irq1_irq12();
        set_entry(KEYBOARD, to, rows[n].mode | 0x68);
        raise_irq1();
        let_in();
        EQUAL(came[0x68], rows[n].accepted);
        drop_irq1_irq12();
        set_entry(KEYBOARD, to, rows[n].mode | LEVEL | 0x69);
        raise_irq1();
        EQUAL(entry(KEYBOARD) & REMOTE_IRR, rows[n].accepted ? REMOTE_IRR : 0);
        drop_irq1_irq12();
        let_in();
        EQUAL(came[0x69], rows[n].accepted);
    }
    end();
}

TEST(ioapic_illegal_vector, "SDM 3A 10.5.2, 10.5.3")
{
    if (!begin(apic_eoi))
        return;
    route(KEYBOARD, 0x0e);
    raise_irq1();
    set_apic(APIC_ESR, 0);
    EQUAL(apic(APIC_ESR) & 0x40, 0x40); /* received */
    let_in();
    EQUAL(order_count, 0);
    set_apic(APIC_ESR, 0);
    end();
}

/* A request that the 8259A has masked is no business of the I/O APIC, and the other way round. */
TEST(ioapic_beside_8259a, "MP specification 3.6.2, symmetric I/O mode")
{
    if (!begin(0))
        return;
    set_apic(APIC_LVT_LINT0, 0x700);
    route(KEYBOARD, 0x61);
    pic_mask(0xfffd);
    raise_irq1();
    let_in();
    EQUAL(came[0x61], 1);
    EQUAL(came[IRQ_BASE + KEYBOARD], 1); /* whoever is told, is told */
    set_apic(APIC_EOI, 0);
    outb(PIC1, 0x20);
    pic_mask(0xffff);
    raise_irq1();
    let_in();
    EQUAL(came[0x61], 2);
    EQUAL(order_count, 3);
    set_apic(APIC_EOI, 0);
    end();
}
