// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PIIX4's SMBus host controller, on whose bus no device answers.
#include "device/pci/piix4_smbus.h"

/* 82371AB (PIIX4) datasheet, 7.3 */
enum { SMBHSTSTS = 0, SMBSLVSTS = 1, SMBHSTCNT = 2, SMBHSTADD = 4 };
enum { STATUS_DEV_ERR = 0x04, STATUS_EVENTS = 0x1e, SLAVE_STATUS_EVENTS = 0x3c };
enum { CONTROL_INTEREN = 0x01, CONTROL_WRITABLE = 0x1d, CONTROL_START = 0x40 };

static bool smbus_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct piix4_smbus *smbus = opaque;

    (void)size;
    *value = smbus->reg[offset];
    return true;
}

/* A transfer to an address that nobody acknowledges ends with DEV_ERR, at once. */
static void control_write(struct piix4_smbus *smbus, uint8_t value)
{
    smbus->reg[SMBHSTCNT] = value & CONTROL_WRITABLE;
    if (value & CONTROL_START) {
        smbus->reg[SMBHSTSTS] |= STATUS_DEV_ERR;
        LOG(smbus->log, ISA, "piix4_smbus: address %02x: no device\n", smbus->reg[SMBHSTADD]);
    }
}

static bool smbus_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct piix4_smbus *smbus = opaque;
    uint8_t byte = (uint8_t)value;

    (void)size;
    switch (offset) {
    case SMBHSTSTS: smbus->reg[SMBHSTSTS] &= ~(byte & STATUS_EVENTS); break;
    case SMBSLVSTS: smbus->reg[SMBSLVSTS] &= ~(byte & SLAVE_STATUS_EVENTS); break;
    case SMBHSTCNT: control_write(smbus, byte); break;
    default: smbus->reg[offset] = byte; break;
    }
    smbus->changed(smbus->opaque);
    return true;
}

static const struct region_desc smbus_desc = {
    .name = "piix4-smbus",
    .size = PIIX4_SMBUS_PORTS,
    .min_size = 1,
    .max_size = 1,
    .read = smbus_read,
    .write = smbus_write,
};

void piix4_smbus_init(struct piix4_smbus *smbus, struct memory *memory, const struct log *log,
                      void (*changed)(void *opaque), void *opaque)
{
    smbus->log = log;
    smbus->changed = changed;
    smbus->opaque = opaque;
    smbus->region = region_map_io(memory, 1 << SPACE_PORTS, &smbus_desc, smbus, 0, 0);
}

bool piix4_smbus_interrupt(const struct piix4_smbus *smbus)
{
    return (smbus->reg[SMBHSTCNT] & CONTROL_INTEREN) && (smbus->reg[SMBHSTSTS] & STATUS_EVENTS);
}

void piix4_smbus_reset(struct piix4_smbus *smbus)
{
    __builtin_memset(smbus->reg, 0, sizeof smbus->reg);
}

void piix4_smbus_state(struct piix4_smbus *smbus, struct state *s)
{
    state_section(s, "piix4-smbus", 1);
    state_bytes(s, smbus->reg, sizeof smbus->reg);
}
