// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// ACPI tables of the PC, built into one blob with the script that places it.
#include "machine/acpi/acpi.h"

#include "base/bits.h"
#include "device/nvram/fw_cfg.h"
#include "device/pci/piix4_pm.h"
#include "host/host.h"
#include "machine/acpi/loader.h"
#include "machine/blobs.h"

/* ACPI 1.0b chapter 5 for RSDP, RSDT, FADT, FACS, MADT; IA-PC HPET specification 1.0a 3.2.4;
 * Microsoft's WAET. */
#define TABLES_FILE     "etc/acpi/tables"
#define RSDP_FILE       "etc/acpi/rsdp"
#define HEADER_SIZE     36
#define CHECKSUM_OFFSET 9
#define BLOB_SIZE       KIB(64)
#define MAX_TABLES      8

#define PM_BASE     0x600 /* where SeaBIOS moves PIIX4's PMBA */
#define SCI_IRQ     9
#define IOAPIC_BASE 0xfec00000u
#define LAPIC_BASE  0xfee00000u
#define HPET_BASE   0xfed00000u
#define HPET_ID     0x8086a201u

struct blob {
    uint8_t *data;
    uint32_t size;
    struct loader loader;
    uint32_t tables[MAX_TABLES]; /* offsets of what the RSDT points to */
    unsigned count;
};

static void put8(struct blob *b, uint8_t v)
{
    b->data[b->size++] = v;
}
static void put16(struct blob *b, uint16_t v)
{
    store_le16(b->data + b->size, v);
    b->size += 2;
}
static void put32(struct blob *b, uint32_t v)
{
    store_le32(b->data + b->size, v);
    b->size += 4;
}
static void put_text(struct blob *b, const char *text, unsigned size)
{
    __builtin_memcpy(b->data + b->size, text, size);
    b->size += size;
}

static uint32_t begin_table(struct blob *b, const char *signature, uint8_t revision)
{
    uint32_t start = b->size;
    put_text(b, signature, 4);
    put32(b, 0); /* length, by end_table() */
    put8(b, revision);
    put8(b, 0); /* checksum, by the firmware */
    put_text(b, "BMBT  ", 6);
    put_text(b, "BMBTPC  ", 8);
    put32(b, 1);
    put_text(b, "BMBT", 4);
    put32(b, 1);
    return start;
}

static void end_table(struct blob *b, uint32_t start, bool in_rsdt)
{
    store_le32(b->data + start + 4, b->size - start);
    loader_add_checksum(&b->loader, TABLES_FILE, start + CHECKSUM_OFFSET, start, b->size - start);
    if (in_rsdt)
        b->tables[b->count++] = start;
}

/* A pointer inside the blob holds the offset of its target until the firmware adds the blob's
 * address. */
static void put_pointer(struct blob *b, uint32_t target)
{
    loader_add_pointer(&b->loader, TABLES_FILE, b->size, 4, TABLES_FILE);
    put32(b, target);
}

static uint32_t build_facs(struct blob *b)
{
    uint32_t start = b->size; /* 64-byte aligned: it comes first */
    put_text(b, "FACS", 4);
    put32(b, 64);
    b->size = start + 64;
    return start;
}

/* SeaBIOS (pciinit.c) lets the window begin at the first of these that is not below the RAM. */
static uint32_t pci_window(uint64_t low_ram)
{
    return low_ram <= 0x80000000u   ? 0x80000000u
           : low_ram <= 0xc0000000u ? 0xc0000000u
                                    : 0xe0000000u;
}

/* Name (name, value) of the DSDT: NameOp, name, DWordPrefix, value (ACPI 1.0b 16.2). */
static void set_name(uint8_t *aml, uint32_t size, const char *name, uint32_t value)
{
    for (uint32_t at = 0; at + 10 <= size; at++) {
        if (aml[at] == 0x08 && aml[at + 5] == 0x0c && !__builtin_memcmp(aml + at + 1, name, 4)) {
            store_le32(aml + at + 6, value);
            return;
        }
    }
    host_assert(false, "the DSDT lacks a name that the machine sets");
}

static uint32_t build_dsdt(struct blob *b, const struct acpi_config *config)
{
    uint32_t start = b->size, size = (uint32_t)(dsdt_aml_end - dsdt_aml);
    uint32_t serial = 0, parallel = 0;
    for (unsigned n = 0; n < ARRAY_SIZE(config->serial); n++)
        serial |= (uint32_t)config->serial[n] << n;
    for (unsigned n = 0; n < ARRAY_SIZE(config->parallel); n++)
        parallel |= (uint32_t)config->parallel[n] << n;
    uint8_t *aml = b->data + start;
    __builtin_memcpy(aml, dsdt_aml, size);
    set_name(aml, size, "PWMN", pci_window(config->low_ram));
    set_name(aml, size, "COMP", serial);
    set_name(aml, size, "LPTP", parallel);
    aml[CHECKSUM_OFFSET] = 0;
    b->size += size;
    end_table(b, start, false);
    return start;
}

static void build_fadt(struct blob *b, uint32_t facs, uint32_t dsdt)
{
    enum { WBINVD = 1 << 0, PROC_C1 = 1 << 2, SLP_BUTTON = 1 << 5 };
    uint32_t start = begin_table(b, "FACP", 1);
    put_pointer(b, facs);
    put_pointer(b, dsdt);
    put8(b, 1); /* INT_MODEL: multiple APIC */
    put8(b, 0);
    put16(b, SCI_IRQ);
    put32(b, PIIX4_SMI_CMD);
    put8(b, PIIX4_ACPI_ENABLE);
    put8(b, PIIX4_ACPI_DISABLE);
    put8(b, 0); /* S4BIOS_REQ */
    put8(b, 0);
    put32(b, PM_BASE); /* PM1a event block */
    put32(b, 0);
    put32(b, PM_BASE + 4); /* PM1a control block */
    put32(b, 0);
    put32(b, 0);
    put32(b, PM_BASE + 8); /* PM timer */
    put32(b, PIIX4_GPE_PORT);
    put32(b, 0);
    put8(b, 4); /* lengths */
    put8(b, 2);
    put8(b, 0);
    put8(b, 4);
    put8(b, 4);
    put8(b, 0);
    put8(b, 0);
    put8(b, 0);
    put16(b, 0xfff); /* no C2 */
    put16(b, 0xfff); /* no C3 */
    put16(b, 0);     /* WBINVD is there: no flush parameters */
    put16(b, 0);
    put8(b, 0); /* no duty cycle */
    put8(b, 0);
    put8(b, 0);    /* no day alarm */
    put8(b, 0);    /* no month alarm */
    put8(b, 0x32); /* century */
    put16(b, 0);
    put8(b, 0);
    put32(b, WBINVD | PROC_C1 | SLP_BUTTON); /* S4 is off: the RTC does not wake from it */
    end_table(b, start, true);
}

static void put_override(struct blob *b, uint8_t irq, uint32_t gsi, uint16_t flags)
{
    put8(b, 2);
    put8(b, 10);
    put8(b, 0); /* ISA */
    put8(b, irq);
    put32(b, gsi);
    put16(b, flags);
}

static void build_madt(struct blob *b)
{
    static const uint8_t level_irqs[] = { 5, 9, 10, 11 };
    enum { ACTIVE_HIGH_LEVEL = 0x0d, CONFORMS = 0 };
    uint32_t start = begin_table(b, "APIC", 1);
    put32(b, LAPIC_BASE);
    put32(b, 1); /* a PIC pair is there too */
    put8(b, 0);  /* local APIC of processor 0, enabled */
    put8(b, 8);
    put8(b, 0);
    put8(b, 0);
    put32(b, 1);
    put8(b, 1); /* I/O APIC 0 from GSI 0 on */
    put8(b, 12);
    put8(b, 0);
    put8(b, 0);
    put32(b, IOAPIC_BASE);
    put32(b, 0);
    put_override(b, 0, 2, CONFORMS);
    for (unsigned n = 0; n < ARRAY_SIZE(level_irqs); n++)
        put_override(b, level_irqs[n], level_irqs[n], ACTIVE_HIGH_LEVEL);
    put8(b, 4); /* NMI on LINT1 of all processors */
    put8(b, 6);
    put8(b, 0xff);
    put16(b, CONFORMS);
    put8(b, 1);
    end_table(b, start, true);
}

static void build_hpet(struct blob *b)
{
    uint32_t start = begin_table(b, "HPET", 1);
    put32(b, HPET_ID);
    put8(b, 0); /* generic address: memory */
    put8(b, 0);
    put8(b, 0);
    put8(b, 0);
    put32(b, HPET_BASE);
    put32(b, 0);
    put8(b, 0);
    put16(b, 0);
    put8(b, 0);
    end_table(b, start, true);
}

/* Tells Windows that the PM timer and RTC need no workarounds. */
static void build_waet(struct blob *b)
{
    uint32_t start = begin_table(b, "WAET", 1);
    put32(b, 1 << 1); /* ACPI PM timer good */
    end_table(b, start, true);
}

static uint32_t build_rsdt(struct blob *b)
{
    uint32_t start = begin_table(b, "RSDT", 1);
    for (unsigned n = 0; n < b->count; n++)
        put_pointer(b, b->tables[n]);
    end_table(b, start, false);
    return start;
}

static void build_rsdp(struct blob *b, struct fw_cfg *fw, uint32_t rsdt)
{
    enum { RSDP_SIZE = 20, RSDP_CHECKSUM = 8, RSDP_RSDT = 16 };
    uint8_t rsdp[RSDP_SIZE] = "RSD PTR ";
    __builtin_memcpy(rsdp + 9, "BMBT  ", 6);
    store_le32(rsdp + RSDP_RSDT, rsdt);
    fw_cfg_set_file(fw, RSDP_FILE, rsdp, sizeof rsdp);
    loader_add_pointer(&b->loader, RSDP_FILE, RSDP_RSDT, 4, TABLES_FILE);
    loader_add_checksum(&b->loader, RSDP_FILE, RSDP_CHECKSUM, 0, RSDP_SIZE);
}

void acpi_tables_build(struct fw_cfg *fw, const struct acpi_config *config)
{
    struct blob *b = host_alloc(sizeof *b);
    b->data = host_alloc(BLOB_SIZE);
    loader_allocate(&b->loader, RSDP_FILE, 16, LOADER_ZONE_FSEG);
    loader_allocate(&b->loader, TABLES_FILE, 64, LOADER_ZONE_HIGH);

    uint32_t facs = build_facs(b), dsdt = build_dsdt(b, config);
    build_fadt(b, facs, dsdt);
    build_madt(b);
    build_hpet(b);
    build_waet(b);
    uint32_t rsdt = build_rsdt(b);
    host_assert(b->size <= BLOB_SIZE, "ACPI tables outgrew their blob");

    fw_cfg_set_file(fw, TABLES_FILE, b->data, b->size);
    build_rsdp(b, fw, rsdt);
    loader_publish(&b->loader, fw);
    host_free(b->data);
    host_free(b);
}
