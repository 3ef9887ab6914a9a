// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Message-signalled interrupts: a write to 0FEExxxxxH becomes an APIC message.
#include "device/intc/msi.h"

#include "host/host.h"

enum { MSI_BASE = 0xfee00000, MSI_SIZE = 0x100000 };

struct msi {
    const struct log *log;
    struct apic_bus *bus;
    struct region *region;
};

/* Address: destination in bits 19-12, redirection hint 3, destination mode 2. Data: trigger mode
 * 15, delivery mode 10-8, vector. */
bool msi_deliver(struct apic_bus *bus, uint64_t address, uint32_t data)
{
    if (address >> 20 != MSI_BASE >> 20)
        return false;
    struct apic_message message = {
        .vector = (uint8_t)data,
        .destination = (uint8_t)bits(address, 12, 8),
        .delivery = (enum apic_delivery)bits(data, 8, 3),
        .logical = bit(address, 2),
        .level = bit(data, 15),
    };
    /* A level-triggered message also says which way the level went; only its rise interrupts. */
    if (!message.level || bit(data, 14))
        apic_bus_deliver(bus, &message);
    return true;
}

static bool msi_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct msi *msi = opaque;
    if (size != 4 || offset & 3) {
        LOG(msi->log, GUEST_ERRORS, "msi: write of %u bytes at offset %x\n", size,
            (unsigned)offset);
        return false;
    }
    return msi_deliver(msi->bus, MSI_BASE + offset, (uint32_t)value);
}

/* The range is for writes. */
static bool msi_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque, (void)offset, (void)size, (void)value;
    return false;
}

static const struct region_desc msi_desc = { "msi", MSI_SIZE, 1, 4, msi_read, msi_write };

struct msi *msi_create(struct memory *memory, const struct log *log, struct apic_bus *bus)
{
    struct msi *msi = host_alloc(sizeof *msi);
    msi->log = log;
    msi->bus = bus;
    msi->region = region_map_io(memory, MEMORY_SPACES, &msi_desc, msi, MSI_BASE, 0);
    return msi;
}

void msi_destroy(struct msi *msi)
{
    if (msi == NULL)
        return;
    region_unmap(msi->region);
    host_free(msi);
}
