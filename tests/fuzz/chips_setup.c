// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The board's PCI functions as firmware leaves them. Without that nobody would get past their closed doors.
#include "base/bits.h"
#include "chips.h"
#include "memory/memory.h"

enum { IDE = 0x09, PM = 0x0b, VGA = 0x10, TESTDEV = 0x18 };

static const struct setting {
    uint8_t function, offset;
    uint32_t value;
} settings[] = {
    { IDE, 0x20, BUS_MASTER_PORTS | 1 },
    { IDE, 0x40, 0xb300b300 }, /* IDETIM: both channels answer */
    { IDE, 0x04, 0x5 },
    { PM, 0x40, PM_PORTS | 1 },    /* PMBA */
    { PM, 0x80, 0x1 },             /* PMREGMISC */
    { PM, 0x90, SMBUS_PORTS | 1 }, /* SMBBA */
    { PM, 0xd0, 0x10000 },         /* SMBHSTCFG */
    { PM, 0x04, 0x1 },
    { VGA, 0x10, VGA_FRAME_BUFFER },
    { VGA, 0x18, VGA_MMIO },
    { VGA, 0x04, 0x3 },
    { TESTDEV, 0x10, 0xfd000000 - 0x1000 },
    { TESTDEV, 0x14, 0xc100 },
    { TESTDEV, 0x04, 0x3 },
};

void chips_set_up(struct session *s)
{
    for (unsigned n = 0; n < ARRAY_SIZE(settings); n++) {
        const struct setting *set = &settings[n];
        memory_write(s->pc->memory, SPACE_PORTS, 0xcf8, 4,
                     0x80000000 | (uint32_t)set->function << 8 | set->offset);
        memory_write(s->pc->memory, SPACE_PORTS, 0xcfc, 4, set->value);
    }
}
