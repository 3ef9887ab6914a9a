// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PIIX4 power management function: ACPI registers, PM timer, SMI command port, SMBus.
#include "device/pci/piix4_pm.h"

#include "base/log.h"
#include "base/state.h"
#include "device/pci/piix4_smbus.h"
#include "host/host.h"

/* Section numbers are those of the 82371AB (PIIX4) datasheet, chapter 7. Configuration space: */
#define PMBA            0x40 /* 7.1.13 */
#define DEVACTB         0x58 /* 7.1.19 */
#define PMREGMISC       0x80 /* 7.1.29 */
#define SMBBA           0x90 /* 7.1.30 */
#define SMBHSTCFG       0xd2 /* 7.1.31 */
#define DEVACTB_APMC_EN (UINT32_C(1) << 25)

/* Ports at PMBA (7.2) */
#define PMSTS    0x00
#define PMEN     0x02
#define PMCNTRL  0x04
#define PMTMR    0x08
#define GPSTS    0x0c
#define GPEN     0x0e
#define GLBSTS   0x18
#define GLBCTL   0x28
#define PM_PORTS 64

enum {
    PM1_TMROF = 1 << 0,
    PM1_GBL = 1 << 5,
    PM1_PWRBTN = 1 << 8,
    PM1_RTC = 1 << 10,
    PM1_WAK = 1 << 15
};
#define PM1_SCI_EVENTS (PM1_TMROF | PM1_GBL | PM1_PWRBTN | PM1_RTC)
enum { PMCNTRL_SCI_EN = 1 << 0, PMCNTRL_SUS_EN = 1 << 13 };
enum { GLBSTS_APM = 1 << 5, GLBCTL_SMI_EN = 1 << 0 };

#define PM_TIMER_HZ   3579545
#define PM_TIMER_BITS 24

struct piix4_pm {
    struct pci_function function;
    struct memory *memory;
    const struct log *log;
    struct irq_line sci;
    struct piix4_pm_events events;
    struct region *pm_region, *apm_region, *gpe_region;
    struct clock *clock;
    struct timer overflow_timer;
    int64_t overflow_time; /* when the top bit changes next after TMROF_STS was last cleared */
    uint8_t pm[PM_PORTS];
    bool rtc_irq;
    struct piix4_smbus smbus;
    uint8_t apm[2]; /* command B2h, status B3h */
    uint8_t gpe[4]; /* status, enable */
};

/* What a write to PMBA + n may change, and what it clears by ones; the rest is read only. */
static const uint8_t pm_writable[PM_PORTS] = {
    [PMEN] = 0x21,       [PMEN + 1] = 0x05,   [PMCNTRL] = 0x03, [PMCNTRL + 1] = 0x1c,
    [GPEN] = 0x01,       [GPEN + 1] = 0x0f,   [0x10] = 0x1e,    [0x11] = 0x3e,
    [0x20] = 0xff,       [0x21] = 0x0f,       [GLBCTL] = 0xff,  [GLBCTL + 1] = 0xff,
    [GLBCTL + 2] = 0xff, [GLBCTL + 3] = 0x07, [0x2c] = 0xff,    [0x2d] = 0xff,
    [0x2e] = 0xff,       [0x2f] = 0xff,       [0x34] = 0xff,    [0x35] = 0xff,
    [0x36] = 0xff,       [0x37] = 0x7f,
};
static const uint8_t pm_write_1_clear[PM_PORTS] = {
    [PMSTS] = 0x21,      [PMSTS + 1] = 0x8d, [GPSTS] = 0x81, [GPSTS + 1] = 0x0f, [GLBSTS] = 0xff,
    [GLBSTS + 1] = 0x0f, [0x1c] = 0xff,      [0x1d] = 0xff,  [0x1e] = 0xff,      [0x1f] = 0x3f,
};

static uint16_t pm_word(const struct piix4_pm *chip, unsigned offset)
{
    return load_le16(&chip->pm[offset]);
}

static void pm_set(struct piix4_pm *chip, unsigned offset, uint16_t bits_set)
{
    store_le16(&chip->pm[offset], pm_word(chip, offset) | bits_set);
}

/* 7.2.4: 24 bits at 3.579545 MHz. */
static int64_t timer_ticks(const struct piix4_pm *chip)
{
    return muldiv64(clock_now(chip->clock), PM_TIMER_HZ, NS_PER_SECOND);
}

/* 7.2.1: TMROF_STS is set whenever bit 23 changes: the next multiple of 2^23 ticks. */
static void plan_overflow(struct piix4_pm *chip)
{
    int64_t half = INT64_C(1) << (PM_TIMER_BITS - 1);
    int64_t next = (timer_ticks(chip) / half + 1) * half;

    chip->overflow_time = muldiv64(next, NS_PER_SECOND, PM_TIMER_HZ) + 1;
}

static void refresh(struct piix4_pm *chip)
{
    store_le32(&chip->pm[PMTMR], timer_ticks(chip) & ((1 << PM_TIMER_BITS) - 1));
    if (clock_now(chip->clock) >= chip->overflow_time)
        pm_set(chip, PMSTS, PM1_TMROF);
}

/* SCI is a level: some enabled event's status, or the SMBus host where SMBHSTCFG bits 3-1 choose
 * IRQ 9. */
static void update_sci(struct piix4_pm *chip)
{
    uint16_t pm1;
    bool events, smbus;

    refresh(chip);
    pm1 = pm_word(chip, PMSTS) & pm_word(chip, PMEN) & PM1_SCI_EVENTS;
    events = pm1 != 0 || (pm_word(chip, GPSTS) & pm_word(chip, GPEN)) != 0 ||
             (load_le16(chip->gpe) & load_le16(chip->gpe + 2)) != 0;
    smbus =
        piix4_smbus_interrupt(&chip->smbus) && bits(chip->function.config[SMBHSTCFG], 1, 3) == 4;
    irq_set(chip->sci, (events && (pm_word(chip, PMCNTRL) & PMCNTRL_SCI_EN)) || smbus);

    if ((pm_word(chip, PMEN) & PM1_TMROF) && !(pm_word(chip, PMSTS) & PM1_TMROF))
        timer_set(&chip->overflow_timer, chip->overflow_time);
    else
        timer_cancel(&chip->overflow_timer);
}

static void smbus_changed(void *opaque)
{
    update_sci(opaque);
}

static void overflow_expired(void *opaque)
{
    update_sci(opaque);
}

/* 7.2.3: SUS_EN starts the sequence that SUS_TYP names, and reads as zero. */
static void suspend(struct piix4_pm *chip)
{
    unsigned type = bits(pm_word(chip, PMCNTRL), 10, 3);

    LOG(chip->log, ISA, "piix4_pm: SUS_EN, SUS_TYP %u\n", type);
    if (type == PIIX4_SLP_TYP_S5 || type == PIIX4_SLP_TYP_S4) {
        if (chip->events.power_off != NULL)
            chip->events.power_off(chip->events.opaque);
    } else if (type == PIIX4_SLP_TYP_S3) {
        if (chip->events.suspend != NULL)
            chip->events.suspend(chip->events.opaque);
    } else {
        LOG(chip->log, UNIMP, "piix4_pm: power-on suspend, SUS_TYP %u\n", type);
    }
}

static bool pm_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct piix4_pm *chip = opaque;

    refresh(chip);
    *value = load_le(&chip->pm[offset], size);
    return true;
}

static bool pm_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct piix4_pm *chip = opaque;
    bool sleep = false;

    refresh(chip);
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (unsigned)offset + i;
        uint8_t byte = (uint8_t)(value >> (8 * i));
        chip->pm[at] = (chip->pm[at] & ~pm_writable[at]) | (byte & pm_writable[at]);
        chip->pm[at] &= ~(byte & pm_write_1_clear[at]);
        if (at == PMSTS && (byte & PM1_TMROF))
            plan_overflow(chip);
        if (at == PMCNTRL + 1)
            sleep = byte & (PMCNTRL_SUS_EN >> 8);
    }
    update_sci(chip);
    if (sleep)
        suspend(chip);
    return true;
}

/* The board has no SMM firmware that switches ACPI mode: the chip answers the FADT's two commands
 * itself. Any other command is an SMI where DEVACTB and GLBCTL enable it. */
static void apm_command(struct piix4_pm *chip, uint8_t command)
{
    bool enabled = (load_le32(&chip->function.config[DEVACTB]) & DEVACTB_APMC_EN) &&
                   (chip->pm[GLBCTL] & GLBCTL_SMI_EN);

    LOG(chip->log, ISA, "piix4_pm: APM command %02x%s\n", command, enabled ? ", SMI" : "");
    if (command == PIIX4_ACPI_ENABLE || command == PIIX4_ACPI_DISABLE) {
        chip->pm[PMCNTRL] = (chip->pm[PMCNTRL] & ~PMCNTRL_SCI_EN) |
                            (command == PIIX4_ACPI_ENABLE ? PMCNTRL_SCI_EN : 0);
        update_sci(chip);
    } else if (enabled) {
        pm_set(chip, GLBSTS, GLBSTS_APM);
        if (chip->events.smi != NULL)
            chip->events.smi(chip->events.opaque);
    }
}

static bool apm_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct piix4_pm *chip = opaque;

    (void)size;
    *value = chip->apm[offset];
    return true;
}

static bool apm_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct piix4_pm *chip = opaque;

    (void)size;
    chip->apm[offset] = (uint8_t)value;
    if (offset == 0)
        apm_command(chip, (uint8_t)value);
    return true;
}

static bool gpe_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct piix4_pm *chip = opaque;

    (void)size;
    *value = chip->gpe[offset];
    return true;
}

static bool gpe_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct piix4_pm *chip = opaque;

    (void)size;
    if (offset < 2)
        chip->gpe[offset] &= ~(uint8_t)value;
    else
        chip->gpe[offset] = (uint8_t)value;
    update_sci(chip);
    return true;
}

static const struct region_desc pm_desc = {
    .name = "piix4-pm",
    .size = PM_PORTS,
    .min_size = 1,
    .max_size = 4,
    .read = pm_read,
    .write = pm_write,
};
static const struct region_desc apm_desc = {
    .name = "piix4-apm",
    .size = 2,
    .min_size = 1,
    .max_size = 1,
    .read = apm_read,
    .write = apm_write,
};
static const struct region_desc gpe_desc = {
    .name = "piix4-gpe",
    .size = 4,
    .min_size = 1,
    .max_size = 1,
    .read = gpe_read,
    .write = gpe_write,
};
/* A base that was never set (0) would cover the DMA and interrupt controllers. */
static void show(struct region *region, uint16_t base, bool enabled)
{
    enabled &= base != 0;
    if (enabled)
        region_set_base(region, base);
    region_set_enabled(region, enabled);
}

static void update_regions(struct piix4_pm *chip)
{
    const uint8_t *config = chip->function.config;

    memory_begin(chip->memory);
    show(chip->pm_region, load_le16(&config[PMBA]) & 0xffc0, config[PMREGMISC] & 1);
    show(chip->smbus.region, load_le16(&config[SMBBA]) & 0xfff0,
         (config[SMBHSTCFG] & 1) && (config[PCI_COMMAND] & PCI_COMMAND_IO));
    memory_commit(chip->memory);
}

static void config_written(void *opaque, unsigned offset, unsigned size)
{
    (void)offset;
    (void)size;
    update_regions(opaque);
    update_sci(opaque);
}

static void reset(void *opaque)
{
    struct piix4_pm *chip = opaque;

    __builtin_memset(chip->pm, 0, sizeof chip->pm);
    piix4_smbus_reset(&chip->smbus);
    __builtin_memset(chip->apm, 0, sizeof chip->apm);
    __builtin_memset(chip->gpe, 0, sizeof chip->gpe);
    plan_overflow(chip);
    update_regions(chip);
    update_sci(chip);
}

static void init_function(struct piix4_pm *chip)
{
    struct pci_function *f = &chip->function;

    pci_function_init(f, "PIIX4_PM", 0x8086, 0x7113, 0x068000, 3, 0x1af4, 0x1100, 1, chip);
    f->config_written = config_written;
    f->reset = reset;
    store_le16(&f->config[PCI_STATUS], 0x0280);
    /* Counters, device activity and resource registers: held, and nothing is monitored. */
    __builtin_memset(&f->writable[0x44], 0xff, PMREGMISC - 0x44);
    store_le32(&f->config[PMBA], 1);
    store_le16(&f->writable[PMBA], 0xffc0);
    f->writable[PMREGMISC] = 0x01;
    store_le32(&f->config[SMBBA], 1);
    store_le16(&f->writable[SMBBA], 0xfff0);
    f->writable[SMBHSTCFG] = 0x0f;
    f->writable[0xd3] = f->writable[0xd4] = f->writable[0xd5] = 0xff;
}

struct piix4_pm *piix4_pm_create(struct pci_bus *bus, struct memory *memory, const struct log *log,
                                 struct clock *clock, struct irq_line sci,
                                 const struct piix4_pm_events *events)
{
    struct piix4_pm *chip = host_alloc(sizeof *chip);

    chip->memory = memory;
    chip->log = log;
    chip->sci = sci;
    chip->events = *events;
    chip->clock = clock;
    timer_init(&chip->overflow_timer, clock, overflow_expired, chip);
    init_function(chip);
    memory_begin(memory);
    chip->pm_region = region_map_io(memory, 1 << SPACE_PORTS, &pm_desc, chip, 0, 0);
    piix4_smbus_init(&chip->smbus, memory, log, smbus_changed, chip);
    chip->apm_region = region_map_io(memory, 1 << SPACE_PORTS, &apm_desc, chip, PIIX4_SMI_CMD, 0);
    chip->gpe_region = region_map_io(memory, 1 << SPACE_PORTS, &gpe_desc, chip, PIIX4_GPE_PORT, 0);
    reset(chip);
    memory_commit(memory);
    host_assert(pci_register(bus, &chip->function, PCI_DEVFN(1, 3)), "00:1.3 is taken");
    return chip;
}

void piix4_pm_destroy(struct piix4_pm *chip)
{
    if (chip == NULL)
        return;
    timer_cancel(&chip->overflow_timer);
    region_unmap(chip->pm_region);
    region_unmap(chip->smbus.region);
    region_unmap(chip->apm_region);
    region_unmap(chip->gpe_region);
    host_free(chip);
}

void piix4_pm_reset(struct piix4_pm *chip)
{
    pci_function_reset(&chip->function);
}

void piix4_pm_state(struct piix4_pm *chip, struct state *s)
{
    state_section(s, "piix4_pm", 2);
    state_i64(s, &chip->overflow_time);
    state_bytes(s, chip->pm, sizeof chip->pm);
    state_bool(s, &chip->rtc_irq);
    piix4_smbus_state(&chip->smbus, s);
    state_bytes(s, chip->apm, sizeof chip->apm);
    state_bytes(s, chip->gpe, sizeof chip->gpe);
    pci_function_state(&chip->function, s);
}

void piix4_pm_power_button(struct piix4_pm *chip)
{
    pm_set(chip, PMSTS, PM1_PWRBTN);
    update_sci(chip);
}

/* 82371AB 7.2.1: RTC_STS is set when IRQ8# is asserted. */
bool piix4_pm_rtc_irq(struct piix4_pm *chip, bool level)
{
    bool rises = level && !chip->rtc_irq;
    chip->rtc_irq = level;
    if (!rises)
        return false;
    LOG(chip->log, ISA, "piix4_pm: RTC_STS, PMEN %04x\n", pm_word(chip, PMEN));
    pm_set(chip, PMSTS, PM1_RTC);
    update_sci(chip);
    return piix4_pm_rtc_wakes(chip);
}

bool piix4_pm_rtc_wakes(const struct piix4_pm *chip)
{
    return pm_word(chip, PMSTS) & pm_word(chip, PMEN) & PM1_RTC;
}

struct piix4_pm_well piix4_pm_well(const struct piix4_pm *chip)
{
    struct piix4_pm_well well = { .misc = chip->function.config[PMREGMISC] };
    _Static_assert(sizeof well.pm == sizeof chip->pm, "the well holds the registers");
    __builtin_memcpy(well.base, &chip->function.config[PMBA], sizeof well.base);
    __builtin_memcpy(well.pm, chip->pm, sizeof well.pm);
    __builtin_memcpy(well.gpe, chip->gpe, sizeof well.gpe);
    return well;
}

void piix4_pm_set_well(struct piix4_pm *chip, const struct piix4_pm_well *well)
{
    chip->function.config[PMREGMISC] = well->misc;
    __builtin_memcpy(&chip->function.config[PMBA], well->base, sizeof well->base);
    __builtin_memcpy(chip->pm, well->pm, sizeof chip->pm);
    __builtin_memcpy(chip->gpe, well->gpe, sizeof chip->gpe);
    update_regions(chip);
    update_sci(chip);
}

void piix4_pm_wake(struct piix4_pm *chip, bool by_button, bool by_alarm)
{
    pm_set(chip, PMSTS, PM1_WAK | (by_button ? PM1_PWRBTN : 0) | (by_alarm ? PM1_RTC : 0));
    update_sci(chip);
}
