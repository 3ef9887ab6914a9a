// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The configuration space of one PCI function: masked writes, base address registers, reset, state.
#include "device/pci/pci.h"

#include "base/log.h"
#include "base/state.h"
#include "device/pci/pci_internal.h"
#include "host/host.h"

#define BAR_ROM 6

static unsigned bar_offset(unsigned bar)
{
    return bar == BAR_ROM ? PCI_ROM : PCI_BAR(bar);
}

void pci_function_init(struct pci_function *f, const char *name, uint16_t vendor, uint16_t device,
                       uint32_t class_code, uint8_t revision, uint16_t subsystem_vendor,
                       uint16_t subsystem, uint8_t interrupt_pin, void *opaque)
{
    __builtin_memset(f, 0, sizeof *f);
    f->name = name;
    f->opaque = opaque;
    store_le16(&f->config[0x00], vendor);
    store_le16(&f->config[0x02], device);
    store_le32(&f->config[0x08], class_code << 8 | revision);
    store_le16(&f->config[0x2c], subsystem_vendor);
    store_le16(&f->config[0x2e], subsystem);
    f->config[PCI_INTERRUPT_PIN] = interrupt_pin;
    /* Section 6.2: I/O, memory, master, parity response, SERR# and interrupt disable; cache line
     * size; interrupt line. */
    store_le16(&f->writable[PCI_COMMAND], 0x0547);
    f->writable[0x0c] = 0xff;
    f->writable[PCI_INTERRUPT_LINE] = 0xff;
    /* Section 6.2.3: error bits of the status register. */
    store_le16(&f->write_1_clear[PCI_STATUS], 0xf900);
}

static void bar_set(struct pci_function *f, unsigned bar, struct region *region, uint32_t size,
                    uint32_t type_bits, uint32_t writable_low)
{
    unsigned offset = bar_offset(bar);

    f->bar[bar] = (struct pci_bar){.region = region, .size = size};
    store_le32(&f->config[offset], type_bits);
    store_le32(&f->writable[offset], ~(size - 1) | writable_low);
}

void pci_bar_set_io(struct pci_function *f, unsigned bar, struct region *region, uint32_t size)
{
    bar_set(f, bar, region, size, 1, 0);
    f->bar[bar].io = true;
}

void pci_bar_set_memory(struct pci_function *f, unsigned bar, struct region *region, uint32_t size,
                        bool prefetchable)
{
    bar_set(f, bar, region, size, prefetchable ? 8 : 0, 0);
    f->bar[bar].prefetchable = prefetchable;
}

/* Section 6.2.5.1: type 2 in bits 2-1 is an address of 64 bits. */
void pci_bar_set_memory64(struct pci_function *f, unsigned bar, struct region *region,
                          uint64_t size)
{
    uint64_t writable = ~(size - 1);

    host_assert(bar < 5 && f->bar[bar + 1].size == 0, "a BAR of 64 bits takes the one behind it");
    host_assert(size >= 16 && (size & (size - 1)) == 0, "a BAR's size is a power of two");
    f->bar[bar] =
        (struct pci_bar){.region = region, .size = size, .prefetchable = true, .wide = true};
    store_le64(&f->config[PCI_BAR(bar)], 0xc);
    store_le64(&f->writable[PCI_BAR(bar)], writable);
}

/* Section 6.2.5.2: bits 10-1 of the ROM's register are reserved, bit 0 enables it. */
void pci_rom_set(struct pci_function *f, struct region *region, uint32_t size)
{
    if (size < 2048)
        size = 2048;
    bar_set(f, BAR_ROM, region, size, 0, 1);
}

/*
 * Where a BAR decodes now; false if nowhere. What the register holds while its size is asked (all
 * ones), a range that leaves the address space, and address 0 (never assigned; RAM is there) are
 * not decoded.
 */
static bool bar_decodes(const struct pci_function *f, unsigned bar, uint64_t *base)
{
    const struct pci_bar *b = &f->bar[bar];
    uint64_t value = load_le(&f->config[bar_offset(bar)], b->wide ? 8 : 4);
    uint64_t limit = b->io ? UINT16_MAX : b->wide ? UINT64_MAX - 1 : UINT32_MAX - 1, last;
    uint16_t command = load_le16(&f->config[PCI_COMMAND]);

    if (!(command & (b->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
        return false;
    if (bar == BAR_ROM && !(value & 1))
        return false;
    *base = value & ~(b->size - 1);
    if (b->io)
        *base &= ~UINT64_C(3);
    last = *base + (b->size - 1);
    return *base != 0 && last != UINT32_MAX && last <= limit;
}

void pci_update_bars(struct pci_function *f)
{
    if (f->bus == NULL)
        return;
    memory_begin(f->bus->memory);
    for (unsigned bar = 0; bar < ARRAY_SIZE(f->bar); bar++) {
        struct pci_bar *b = &f->bar[bar];
        uint64_t base = 0;
        bool mapped;
        if (b->size == 0)
            continue;
        mapped = bar_decodes(f, bar, &base);
        if (b->moved != NULL)
            b->moved(f->opaque, base, mapped);
        if (b->region == NULL)
            continue;
        if (mapped && region_base(b->region) != base)
            region_set_base(b->region, base);
        if (region_enabled(b->region) != mapped)
            region_set_enabled(b->region, mapped);
    }
    memory_commit(f->bus->memory);
}

uint32_t pci_config_read(struct pci_function *f, unsigned offset, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)f->config[(offset + i) & 0xff] << (8 * i);
    if (f->bus != NULL)
        LOG(f->bus->log, PCI, "pci: %s config %02x read %0*x\n", f->name, offset, (int)size * 2,
            value);
    return value;
}

static bool overlaps(unsigned offset, unsigned size, unsigned first, unsigned last)
{
    return offset <= last && offset + size > first;
}

void pci_config_write(struct pci_function *f, unsigned offset, unsigned size, uint32_t value)
{
    if (f->bus != NULL)
        LOG(f->bus->log, PCI, "pci: %s config %02x write %0*x\n", f->name, offset, (int)size * 2,
            value);
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (offset + i) & 0xff;
        uint8_t byte = (uint8_t)(value >> (8 * i));
        f->config[at] = (f->config[at] & ~f->writable[at]) | (byte & f->writable[at]);
        f->config[at] &= ~(byte & f->write_1_clear[at]);
    }
    if (overlaps(offset, size, PCI_COMMAND, PCI_COMMAND + 1)) {
        pci_update_bars(f);
        pci_update_intx(f);
    } else if (overlaps(offset, size, PCI_BAR(0), PCI_BAR(5) + 3) ||
               overlaps(offset, size, PCI_ROM, PCI_ROM + 3)) {
        pci_update_bars(f);
    }
    if (f->config_written != NULL)
        f->config_written(f->opaque, offset, size);
}

void pci_function_reset(struct pci_function *f)
{
    pci_irq_set(f, false);
    __builtin_memcpy(f->config, f->reset_value, sizeof f->config);
    pci_update_bars(f);
    if (f->reset != NULL)
        f->reset(f->opaque);
}

void pci_function_state(struct pci_function *f, struct state *s)
{
    state_section(s, "pci-function", 1);
    state_bytes(s, f->config, sizeof f->config);
    state_bool(s, &f->intx);
    if (!s->loading || s->failed)
        return;
    pci_update_bars(f);
    pci_update_intx(f);
    if (f->config_written != NULL)
        f->config_written(f->opaque, 0, sizeof f->config);
}
