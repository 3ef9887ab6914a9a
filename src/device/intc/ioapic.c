// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The I/O APIC (82093AA): 24 inputs, each with its redirection entry.
#include "device/intc/ioapic.h"

#include "base/format.h"
#include "base/state.h"
#include "host/host.h"

enum { OFFSET_SELECT = 0x00, OFFSET_WINDOW = 0x10, OFFSET_EOI = 0x40 };
enum { REG_ID = 0, REG_VERSION = 1, REG_ARBITRATION = 2, REG_REDIRECTION = 0x10 };

/* Version 20H: the 82093AA's successors in chip sets, which have the EOI register. */
enum { VERSION = (IOAPIC_PINS - 1) << 16 | 0x20 };

/* A redirection table entry (82093AA 3.2.4). */
#define ENTRY_VECTOR            UINT64_C(0xff)
#define ENTRY_LOGICAL           (UINT64_C(1) << 11)
#define ENTRY_DELIVERY_STATUS   (UINT64_C(1) << 12)
#define ENTRY_POLARITY          (UINT64_C(1) << 13)
#define ENTRY_REMOTE_IRR        (UINT64_C(1) << 14)
#define ENTRY_LEVEL             (UINT64_C(1) << 15)
#define ENTRY_MASKED            (UINT64_C(1) << 16)
#define ENTRY_DESTINATION_SHIFT 56
#define ENTRY_WRITABLE          (UINT64_C(0xff) << ENTRY_DESTINATION_SHIFT | UINT64_C(0x1afff))

struct ioapic {
    const struct log *log;
    struct apic_bus *bus;
    struct region *region;
    uint8_t select;
    uint8_t id;
    uint32_t lines;
    uint64_t entries[IOAPIC_PINS];
};

static unsigned delivery_mode(uint64_t entry)
{
    return (unsigned)bits(entry, 8, 3);
}

/* Only fixed and lowest-priority interrupts know levels: the others are edges whatever the entry
 * says. */
static bool by_level(uint64_t entry)
{
    return (entry & ENTRY_LEVEL) && delivery_mode(entry) <= APIC_LOWEST_PRIORITY;
}

static bool send(struct ioapic *ioapic, unsigned pin)
{
    uint64_t entry = ioapic->entries[pin];
    struct apic_message message = {
        .vector = (uint8_t)(entry & ENTRY_VECTOR),
        .destination = (uint8_t)(entry >> ENTRY_DESTINATION_SHIFT),
        .delivery = (enum apic_delivery)delivery_mode(entry),
        .logical = entry & ENTRY_LOGICAL,
        .level = by_level(entry),
    };
    LOG(ioapic->log, INTC, "ioapic: pin %u sends vector %02x\n", pin, message.vector);
    return apic_bus_deliver(ioapic->bus, &message);
}

/* A level-triggered input that is high is sent once, until the EOI clears Remote IRR. */
static void service_level(struct ioapic *ioapic, unsigned pin)
{
    uint64_t *entry = &ioapic->entries[pin];
    if (!by_level(*entry) || (*entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)) ||
        !bit(ioapic->lines, pin))
        return;
    /* Set first: an EOI may come from within the delivery. */
    *entry |= ENTRY_REMOTE_IRR;
    if (!send(ioapic, pin))
        *entry &= ~ENTRY_REMOTE_IRR;
}

/* "Edge-sensitive interrupts signaled on a masked interrupt pin are ignored" (82093AA 3.2.4,
 * interrupt mask). */
void ioapic_set_irq(void *opaque, unsigned pin, bool level)
{
    struct ioapic *ioapic = opaque;
    host_assert(pin < IOAPIC_PINS, "ioapic: no such pin");
    bool rises = level && !bit(ioapic->lines, pin);
    ioapic->lines = (ioapic->lines & ~(1u << pin)) | (uint32_t)level << pin;
    uint64_t entry = ioapic->entries[pin];
    if (by_level(entry))
        service_level(ioapic, pin);
    else if (rises && !(entry & ENTRY_MASKED))
        send(ioapic, pin);
}

void ioapic_eoi(struct ioapic *ioapic, uint8_t vector)
{
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t *entry = &ioapic->entries[pin];
        if (!(*entry & ENTRY_REMOTE_IRR) || (*entry & ENTRY_VECTOR) != vector)
            continue;
        *entry &= ~ENTRY_REMOTE_IRR;
        service_level(ioapic, pin);
    }
}

void ioapic_retry(struct ioapic *ioapic)
{
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        service_level(ioapic, pin);
}

static void write_entry(struct ioapic *ioapic, unsigned pin, unsigned half, uint32_t value)
{
    uint64_t old = ioapic->entries[pin];
    uint64_t entry =
        half ? (old & UINT32_MAX) | (uint64_t)value << 32 : (old & ~(uint64_t)UINT32_MAX) | value;
    entry = (entry & ENTRY_WRITABLE) | (old & ENTRY_REMOTE_IRR);
    if (!(entry & ENTRY_LEVEL))
        entry &= ~ENTRY_REMOTE_IRR;
    ioapic->entries[pin] = entry;
    LOG(ioapic->log, INTC, "ioapic: entry %u = %016llx\n", pin, (unsigned long long)entry);
    service_level(ioapic, pin);
}

static void write_register(struct ioapic *ioapic, uint32_t value)
{
    unsigned n = ioapic->select;
    if (n >= REG_REDIRECTION && n < REG_REDIRECTION + 2 * IOAPIC_PINS)
        write_entry(ioapic, (n - REG_REDIRECTION) / 2, n & 1, value);
    else if (n == REG_ID)
        ioapic->id = value >> 24 & 15;
    else
        LOG(ioapic->log, GUEST_ERRORS, "ioapic: write to register %02x\n", n);
}

static uint32_t read_register(const struct ioapic *ioapic)
{
    unsigned n = ioapic->select;
    if (n >= REG_REDIRECTION && n < REG_REDIRECTION + 2 * IOAPIC_PINS)
        return (uint32_t)(ioapic->entries[(n - REG_REDIRECTION) / 2] >> (n & 1 ? 32 : 0));
    switch (n) {
    case REG_ID:
    case REG_ARBITRATION: return (uint32_t)ioapic->id << 24;
    case REG_VERSION: return VERSION;
    default: LOG(ioapic->log, GUEST_ERRORS, "ioapic: read of register %02x\n", n); return 0;
    }
}

/* Registers are accessed as double words; the select register has but eight bits. */
static bool ioapic_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct ioapic *ioapic = opaque;
    if (offset == OFFSET_SELECT)
        ioapic->select = (uint8_t)value;
    else if (offset == OFFSET_WINDOW && size == 4)
        write_register(ioapic, (uint32_t)value);
    else if (offset == OFFSET_EOI)
        ioapic_eoi(ioapic, (uint8_t)value);
    else
        LOG(ioapic->log, GUEST_ERRORS, "ioapic: write of %u bytes at %03x\n", size,
            (unsigned)offset);
    return true;
}

static bool ioapic_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct ioapic *ioapic = opaque;
    uint64_t whole = 0;
    if ((offset & ~UINT64_C(3)) == OFFSET_SELECT)
        whole = ioapic->select;
    else if ((offset & ~UINT64_C(3)) == OFFSET_WINDOW)
        whole = read_register(ioapic);
    else
        LOG(ioapic->log, GUEST_ERRORS, "ioapic: read at %03x\n", (unsigned)offset);
    *value = whole >> 8 * (offset & 3) & size_mask(size);
    return true;
}

static const struct region_desc ioapic_desc = { "ioapic", 0x1000, 1, 4, ioapic_read, ioapic_write };

struct ioapic *ioapic_create(struct memory *memory, const struct log *log, struct apic_bus *bus,
                             uint32_t base)
{
    struct ioapic *ioapic = host_alloc(sizeof *ioapic);
    ioapic->log = log;
    ioapic->bus = bus;
    bool added = apic_bus_add_ioapic(bus, ioapic);
    host_assert(added, "ioapic: too many on the bus");
    ioapic->region = region_map_io(memory, MEMORY_SPACES, &ioapic_desc, ioapic, base, 0);
    ioapic_reset(ioapic);
    return ioapic;
}

void ioapic_destroy(struct ioapic *ioapic)
{
    if (ioapic == NULL)
        return;
    region_unmap(ioapic->region);
    host_free(ioapic);
}

void ioapic_reset(struct ioapic *ioapic)
{
    ioapic->select = 0;
    ioapic->id = 0;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        ioapic->entries[pin] = ENTRY_MASKED;
}

void ioapic_state(struct ioapic *ioapic, struct state *s)
{
    state_section(s, "ioapic", 1);
    state_u8(s, &ioapic->select);
    state_u8(s, &ioapic->id);
    state_u32(s, &ioapic->lines);
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        state_u64(s, &ioapic->entries[pin]);
}

void ioapic_print(const struct ioapic *ioapic, void (*line)(void *opaque, const char *text),
                  void *opaque)
{
    char text[128];
    format(text, sizeof text, "ioapic: id=%u sel=%02x lines=%06x", ioapic->id, ioapic->select,
           ioapic->lines);
    line(opaque, text);
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t e = ioapic->entries[pin];
        format(text, sizeof text, "  pin %-2u 0x%016llx dest=%02x vec=%02x mode=%u %s %s%s%s", pin,
               (unsigned long long)e, (unsigned)(e >> ENTRY_DESTINATION_SHIFT),
               (unsigned)(e & ENTRY_VECTOR), delivery_mode(e),
               e & ENTRY_LOGICAL ? "logical" : "physical", e & ENTRY_LEVEL ? "level" : "edge",
               e & ENTRY_MASKED ? " masked" : "", e & ENTRY_REMOTE_IRR ? " remote-irr" : "");
        line(opaque, text);
    }
}
