// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PIIX3's IDE function: two channels at their legacy ports with bus-master DMA.
#include "device/pci/piix3_ide.h"

#include "device/block/bmdma.h"
#include "device/block/ide_channel.h"
#include "host/host.h"

/* Section numbers are those of the 82371SB (PIIX3) datasheet. */
#define IDETIM 0x40 /* 2.3.9: primary at 40h, secondary at 42h */
#define IDETIM_DECODE 0x8000
#define SIDETIM 0x44 /* 2.3.10 */
#define BMIBA 4      /* 2.3.7: the base address register at 20h */
#define BMIBA_PORTS 16

struct piix3_ide {
    struct pci_function function;
    struct memory *memory;
    struct region *bus_master_region;
    struct ide_channel *channel[2];
    struct bmdma *bmdma[2];
};

static bool bus_master_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct piix3_ide *chip = opaque;

    *value = 0;
    for (unsigned i = 0; i < size; i++, offset++)
        *value |= (uint64_t)bmdma_read(chip->bmdma[offset >> 3 & 1], offset & 7) << (8 * i);
    return true;
}

static bool bus_master_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct piix3_ide *chip = opaque;

    for (unsigned i = 0; i < size; i++, offset++)
        bmdma_write(chip->bmdma[offset >> 3 & 1], offset & 7, (uint8_t)(value >> (8 * i)));
    return true;
}

static const struct region_desc bus_master_desc = {
    .name = "piix3-bmdma",
    .size = BMIBA_PORTS,
    .min_size = 1,
    .max_size = 4,
    .read = bus_master_read,
    .write = bus_master_write,
};

/* 2.3.3: the command register's I/O bit governs the legacy ports too, its master bit the bus
 * master. */
static void update(struct piix3_ide *chip)
{
    const uint8_t *config = chip->function.config;

    for (unsigned n = 0; n < 2; n++) {
        bool decode = load_le16(&config[IDETIM + 2 * n]) & IDETIM_DECODE;
        ide_channel_set_decoded(chip->channel[n], decode && (config[PCI_COMMAND] & PCI_COMMAND_IO));
        bmdma_set_enabled(chip->bmdma[n], config[PCI_COMMAND] & PCI_COMMAND_MASTER);
    }
}

static void config_written(void *opaque, unsigned offset, unsigned size)
{
    (void)offset;
    (void)size;
    update(opaque);
}

static void reset(void *opaque)
{
    struct piix3_ide *chip = opaque;

    for (unsigned n = 0; n < 2; n++) {
        ide_channel_reset(chip->channel[n]);
        bmdma_reset(chip->bmdma[n]);
    }
    update(chip);
}

static void init_function(struct piix3_ide *chip)
{
    struct pci_function *f = &chip->function;

    pci_function_init(f, "PIIX3_IDE", 0x8086, 0x7010, 0x010180, 0, 0x1af4, 0x1100, 0, chip);
    f->config_written = config_written;
    f->reset = reset;
    store_le16(&f->config[PCI_STATUS], 0x0280);
    store_le32(&f->writable[IDETIM], 0xf3fff3ff);
    f->writable[SIDETIM] = 0xff;
    pci_bar_set_io(f, BMIBA, chip->bus_master_region, BMIBA_PORTS);
}

struct piix3_ide *piix3_ide_create(struct pci_bus *bus, struct memory *memory,
                                   const struct log *log, const struct irq_line irq[2],
                                   const struct ide_drive drives[4])
{
    static const uint16_t command_port[2] = {0x1f0, 0x170}, control_port[2] = {0x3f6, 0x376};
    struct piix3_ide *chip = host_alloc(sizeof *chip);

    chip->memory = memory;
    memory_begin(memory);
    for (unsigned n = 0; n < 2; n++) {
        chip->channel[n] = ide_channel_create(memory, log, command_port[n], control_port[n], irq[n],
                                              &drives[2 * n], n);
        chip->bmdma[n] = bmdma_create(memory, log, chip->channel[n]);
    }
    chip->bus_master_region = region_map_io(memory, 1 << SPACE_PORTS, &bus_master_desc, chip, 0, 0);
    region_set_enabled(chip->bus_master_region, false);
    init_function(chip);
    update(chip);
    memory_commit(memory);
    host_assert(pci_register(bus, &chip->function, PCI_DEVFN(1, 1)), "00:1.1 is taken");
    return chip;
}

void piix3_ide_destroy(struct piix3_ide *chip)
{
    if (chip == NULL)
        return;
    region_unmap(chip->bus_master_region);
    for (unsigned n = 0; n < 2; n++) {
        ide_channel_destroy(chip->channel[n]);
        bmdma_destroy(chip->bmdma[n]);
    }
    host_free(chip);
}

void piix3_ide_reset(struct piix3_ide *chip)
{
    pci_function_reset(&chip->function);
}

void piix3_ide_state(struct piix3_ide *chip, struct state *s)
{
    state_section(s, "piix3-ide", 1);
    for (unsigned n = 0; n < 2; n++) {
        ide_channel_state(chip->channel[n], s);
        bmdma_state(chip->bmdma[n], s);
    }
    pci_function_state(&chip->function, s);
}
