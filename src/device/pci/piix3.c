// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PIIX3 south bridge's function 0: PCI to ISA, interrupt routing, reset control.
#include "device/pci/piix3.h"

#include "base/log.h"
#include "base/state.h"
#include "host/host.h"

/* Section numbers are those of the 82371SB (PIIX3) datasheet, chapter 2. */
#define PIRQRC 0x60 /* 2.2.7: 60h-63h */
#define PIRQRC_DISABLE 0x80

/* 2.5.7: the reset control register. */
#define RESET_CONTROL_PORT 0xcf9
enum { RESET_HARD = 0x02, RESET_CPU = 0x04 };

/* Interrupts that a PIRQ may not reach (reserved values of PIRQRC bits 3-0): 0, 1, 2, 8, 13. */
#define RESERVED_IRQS (1u << 0 | 1u << 1 | 1u << 2 | 1u << 8 | 1u << 13)

struct piix3 {
    struct pci_function function;
    struct memory *memory;
    const struct log *log;
    struct region *reset_control_region;
    struct irq_line isa_irq[16];
    uint16_t isa_level; /* what isa_irq[n] was last set to */
    bool pirq[4];       /* the bus's PIRQA-PIRQD now */
    uint8_t reset_control;
    void (*reset)(void *opaque, bool hard);
    void *opaque;
};

static void update_irqs(struct piix3 *chip)
{
    uint16_t level = 0, changed;

    for (unsigned n = 0; n < 4; n++) {
        uint8_t route = chip->function.config[PIRQRC + n];
        if (chip->pirq[n] && !(route & PIRQRC_DISABLE))
            level |= 1u << (route & 15);
    }
    level &= ~RESERVED_IRQS;
    changed = level ^ chip->isa_level;
    chip->isa_level = level;
    for (unsigned irq = 0; irq < 16; irq++) {
        if (bit(changed, irq))
            irq_set(chip->isa_irq[irq], bit(level, irq));
    }
}

static void pirq_set(void *opaque, unsigned number, bool level)
{
    struct piix3 *chip = opaque;

    chip->pirq[number] = level;
    update_irqs(chip);
}

static void config_written(void *opaque, unsigned offset, unsigned size)
{
    struct piix3 *chip = opaque;

    if (offset > PIRQRC + 3 || offset + size <= PIRQRC)
        return;
    LOG(chip->log, PCI, "piix3: PIRQRC %02x %02x %02x %02x\n", chip->function.config[PIRQRC],
        chip->function.config[PIRQRC + 1], chip->function.config[PIRQRC + 2],
        chip->function.config[PIRQRC + 3]);
    update_irqs(chip);
}

static bool reset_control_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct piix3 *chip = opaque;

    (void)offset;
    (void)size;
    *value = chip->reset_control;
    return true;
}

/* The rise of RCPU resets; what is reset is what SRST says in the same write. */
static bool reset_control_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct piix3 *chip = opaque;
    uint8_t old = chip->reset_control;

    (void)offset;
    (void)size;
    chip->reset_control = value & (RESET_HARD | RESET_CPU);
    if ((value & RESET_CPU) && !(old & RESET_CPU)) {
        LOG(chip->log, ISA, "piix3: %s reset by port CF9h\n", value & RESET_HARD ? "hard" : "soft");
        if (chip->reset != NULL)
            chip->reset(chip->opaque, value & RESET_HARD);
    }
    return true;
}

static const struct region_desc reset_control_desc = {
    .name = "piix3-reset-control",
    .size = 1,
    .min_size = 1,
    .max_size = 1,
    .read = reset_control_read,
    .write = reset_control_write,
};

static void reset_chip(void *opaque)
{
    struct piix3 *chip = opaque;

    chip->reset_control = 0;
    update_irqs(chip);
}

static void init_function(struct piix3 *chip)
{
    struct pci_function *f = &chip->function;

    pci_function_init(f, "PIIX3", 0x8086, 0x7000, 0x060100, 0, 0x1af4, 0x1100, 0, chip);
    f->config_written = config_written;
    f->reset = reset_chip;
    f->config[PCI_HEADER_TYPE] = 0x80;
    /* 2.2.3, 2.2.4: I/O, memory and master are always on; medium DEVSEL#. */
    store_le16(&f->config[PCI_COMMAND], 0x0007);
    store_le16(&f->writable[PCI_COMMAND], 0x0108);
    store_le16(&f->config[PCI_STATUS], 0x0200);
    /* Power-on values and writable bits of ISA timing, X-bus chip selects, PIRQ routes, top of
     * memory, motherboard IRQ and DMA, SMI. */
    f->config[0x4c] = 0x4d;
    f->writable[0x4c] = 0xff;
    store_le16(&f->config[0x4e], 0x0003);
    store_le16(&f->writable[0x4e], 0x01ff);
    for (unsigned n = 0; n < 4; n++) {
        f->config[PIRQRC + n] = PIRQRC_DISABLE;
        f->writable[PIRQRC + n] = 0x8f;
    }
    f->config[0x69] = 0x02;
    f->writable[0x69] = 0xfe;
    store_le16(&f->writable[0x6a], 0x8092);
    f->config[0x70] = 0x80;
    f->writable[0x70] = 0xef;
    f->config[0x76] = f->config[0x77] = 0x0c;
    f->writable[0x76] = f->writable[0x77] = 0x8f;
    store_le16(&f->config[0x78], 0x0002);
    store_le16(&f->writable[0x78], 0xffff);
    f->writable[0x80] = 0x7f;
    f->writable[0x82] = 0x0f;
    f->config[0xa0] = 0x08;
    f->writable[0xa0] = 0x1f;
    store_le16(&f->writable[0xa2], 0x01ff);
    store_le32(&f->writable[0xa4], 0xffffffff);
    f->config[0xa8] = 0x0f;
    f->writable[0xa8] = 0xff;
    store_le16(&f->writable[0xaa], 0x01ff);
    f->writable[0xac] = f->writable[0xae] = 0xff;
}

struct piix3 *piix3_create(struct pci_bus *bus, struct memory *memory, const struct log *log,
                           const struct irq_line isa_irq[16],
                           void (*reset)(void *opaque, bool hard), void *opaque)
{
    struct piix3 *chip = host_alloc(sizeof *chip);
    struct irq_line route[4];

    chip->memory = memory;
    chip->log = log;
    chip->reset = reset;
    chip->opaque = opaque;
    __builtin_memcpy(chip->isa_irq, isa_irq, sizeof chip->isa_irq);
    init_function(chip);
    for (unsigned n = 0; n < 4; n++)
        route[n] = (struct irq_line){.set = pirq_set, .opaque = chip, .number = n};
    pci_bus_set_routes(bus, route);
    chip->reset_control_region =
        region_map_io(memory, 1 << SPACE_PORTS, &reset_control_desc, chip, RESET_CONTROL_PORT, 1);
    host_assert(pci_register(bus, &chip->function, PCI_DEVFN(1, 0)), "00:1.0 is taken");
    return chip;
}

void piix3_destroy(struct piix3 *chip)
{
    if (chip == NULL)
        return;
    region_unmap(chip->reset_control_region);
    host_free(chip);
}

void piix3_reset(struct piix3 *chip)
{
    pci_function_reset(&chip->function);
}

void piix3_state(struct piix3 *chip, struct state *s)
{
    state_section(s, "piix3", 1);
    for (unsigned n = 0; n < 4; n++)
        state_bool(s, &chip->pirq[n]);
    state_u16(s, &chip->isa_level);
    state_u8(s, &chip->reset_control);
    pci_function_state(&chip->function, s);
}
