// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PIIX4 power management function: ACPI registers, PM timer, SMI command port, SMBus.
#ifndef DEVICE_PCI_PIIX4_PM_H
#define DEVICE_PCI_PIIX4_PM_H

#include "base/clock.h"
#include "device/irq.h"
#include "device/pci/pci.h"
#include "memory/memory.h"

/*
 * Function 8086:7113 at 00:1.3. Ports: the APM pair B2h/B3h; at PMBA (40h, shown while PMREGMISC
 * bit 0 is set) 64 bytes of power management; at SMBBA (90h, shown while SMBHSTCFG bit 0 is set) 16
 * bytes of SMBus host controller, on whose bus no device answers; at PIIX4_GPE_PORT four bytes of
 * general purpose event status and enable, which the DSDT of the "pc" board uses instead of PMBA +
 * 0Ch.
 */
#define PIIX4_GPE_PORT 0xafe0
/* What the FADT must say: SMI_CMD, and the commands that take and give back ACPI mode. SLP_TYP of
 * S3, S4 and S5. */
#define PIIX4_SMI_CMD      0xb2
#define PIIX4_ACPI_ENABLE  0xf1
#define PIIX4_ACPI_DISABLE 0xf0
#define PIIX4_SLP_TYP_S5   0
#define PIIX4_SLP_TYP_S3   1
#define PIIX4_SLP_TYP_S4   2

struct piix4_pm;

/* Called when the guest asks; each may be NULL. */
struct piix4_pm_events {
    void (*smi)(void *opaque);       /* SMI# asserted (once per cause) */
    void (*power_off)(void *opaque); /* soft-off: S5, or S4 with the image written by the guest */
    void (*suspend)(void *opaque);   /* S3: sleep until piix4_pm_wake() */
    void *opaque;
};

struct piix4_pm *piix4_pm_create(struct pci_bus *bus, struct memory *memory, const struct log *log,
                                 struct clock *clock, struct irq_line sci,
                                 const struct piix4_pm_events *events);
void piix4_pm_destroy(struct piix4_pm *chip);
void piix4_pm_reset(struct piix4_pm *chip);
void piix4_pm_state(struct piix4_pm *chip, struct state *s);

/* A person pressed the power button (system_powerdown). */
void piix4_pm_power_button(struct piix4_pm *chip);
/* What keeps its power in S3 and is not reset: where the registers are, and all of them. */
struct piix4_pm_well {
    uint8_t base[4], misc, pm[64], gpe[4];
};
struct piix4_pm_well piix4_pm_well(const struct piix4_pm *chip);
void piix4_pm_set_well(struct piix4_pm *chip, const struct piix4_pm_well *well);
/* End S3, after the caller has reset the board: sets WAK_STS (and PWRBTN_STS for the button,
 * RTC_STS for the alarm). */
void piix4_pm_wake(struct piix4_pm *chip, bool by_button, bool by_alarm);
/* The RTC's interrupt pin also sets RTC_STS when it rises. True: RTC_EN is set, which ends S3. */
bool piix4_pm_rtc_irq(struct piix4_pm *chip, bool level);
/* RTC_STS and RTC_EN are set: S3 would end at once. */
bool piix4_pm_rtc_wakes(const struct piix4_pm *chip);

#endif
