// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the board tells its firmware: CMOS bytes and fw_cfg items.
#include "machine/pc_firmware.h"

#include "backend/block.h"
#include "base/bits.h"
#include "device/nvram/fw_cfg.h"
#include "device/pci/i440fx.h"
#include "device/timer/mc146818.h"
#include "machine/acpi/acpi.h"
#include "machine/linux_boot.h"
#include "machine/multiboot.h"
#include "machine/pc.h"
#include "machine/smbios.h"

#define LOW_MEMORY_END  UINT64_C(0x100000000)
#define E820_RAM        1
#define E820_ENTRY_SIZE 20

/* CMOS bytes as SeaBIOS (src/hw/rtc.h) reads them. */
enum {
    CMOS_FLOPPY_TYPES = 0x10,
    CMOS_DISK_TYPES = 0x12,
    CMOS_EQUIPMENT = 0x14,
    CMOS_BASE_KIB = 0x15,
    CMOS_EXTENDED_KIB = 0x17,
    CMOS_DISK_TYPE_C = 0x19,
    CMOS_DISK_TYPE_D = 0x1a,
    CMOS_CHECKSUM = 0x2e,
    CMOS_EXTENDED_KIB_2 = 0x30,
    CMOS_ABOVE_16M_64K = 0x34,
    CMOS_BOOT_THIRD = 0x38,
    CMOS_DISK_TRANSLATION = 0x39,
    CMOS_BOOT_FIRST_SECOND = 0x3d,
    CMOS_ABOVE_4G_64K = 0x5b,
    CMOS_CPUS_MINUS_1 = 0x5f,
};
#define EQUIPMENT_FPU       0x02
#define EQUIPMENT_PS2_MOUSE 0x04
#define DISK_TYPE_EXTENDED  0x0f /* the type is in CMOS_DISK_TYPE_C or _D, where it is above 15 */
#define DISK_TYPE_USER      47

static void cmos_u16(struct pc *pc, uint8_t index, uint64_t value, uint64_t limit)
{
    value = MIN(value, limit);
    mc146818_set_cmos(pc->rtc, index, (uint8_t)value);
    mc146818_set_cmos(pc->rtc, index + 1, (uint8_t)(value >> 8));
}

static void set_memory_size(struct pc *pc)
{
    uint64_t low = i440fx_low_ram(pc->config.ram_size), high = pc->config.ram_size - low;
    cmos_u16(pc, CMOS_BASE_KIB, MIN(low, KIB(640)) >> 10, 640);
    uint64_t extended = low > MIB(1) ? low - MIB(1) : 0;
    cmos_u16(pc, CMOS_EXTENDED_KIB, extended >> 10, 65535);
    cmos_u16(pc, CMOS_EXTENDED_KIB_2, extended >> 10, 65535);
    cmos_u16(pc, CMOS_ABOVE_16M_64K, low > MIB(16) ? (low - MIB(16)) >> 16 : 0, 65535);
    for (unsigned n = 0; n < 3; n++)
        mc146818_set_cmos(pc->rtc, (uint8_t)(CMOS_ABOVE_4G_64K + n),
                          (uint8_t)(high >> 16 >> 8 * n));

    uint8_t e820[2][E820_ENTRY_SIZE] = { 0 };
    store_le64(e820[0] + 8, low);
    store_le32(e820[0] + 16, E820_RAM);
    store_le64(e820[1], LOW_MEMORY_END);
    store_le64(e820[1] + 8, high);
    store_le32(e820[1] + 16, E820_RAM);
    fw_cfg_set_file(pc->fw_cfg, "etc/e820", e820, high ? sizeof e820 : sizeof e820[0]);
    fw_cfg_set_u64(pc->fw_cfg, FW_CFG_RAM_SIZE, pc->config.ram_size);
}

/* Two bits a disk: 0 none, 1 LBA; a disk that CHS of 1024 cylinders, 16 heads, 63 sectors can reach
 * needs none. */
static void set_disks(struct pc *pc)
{
    uint8_t types = 0, extended[2] = { 0 }, translation = 0;
    for (unsigned n = 0; n < PC_DRIVES; n++) {
        const struct block_backend *disk = pc->config.drives[n];
        if (disk == NULL || pc->config.drive_is_cdrom[n])
            continue;
        if (n < 2) {
            types |= (uint8_t)(n == 0 ? DISK_TYPE_EXTENDED << 4 : DISK_TYPE_EXTENDED);
            extended[n] = DISK_TYPE_USER;
        }
        if (disk->size / 512 > UINT64_C(1024) * 16 * 63)
            translation |= (uint8_t)(1u << 2 * n);
    }
    mc146818_set_cmos(pc->rtc, CMOS_DISK_TYPES, types);
    mc146818_set_cmos(pc->rtc, CMOS_DISK_TYPE_C, extended[0]);
    mc146818_set_cmos(pc->rtc, CMOS_DISK_TYPE_D, extended[1]);
    mc146818_set_cmos(pc->rtc, CMOS_DISK_TRANSLATION, translation);
    mc146818_set_cmos(pc->rtc, CMOS_FLOPPY_TYPES, 0);
    mc146818_set_cmos(pc->rtc, CMOS_EQUIPMENT, EQUIPMENT_FPU | EQUIPMENT_PS2_MOUSE);
    mc146818_set_cmos(pc->rtc, CMOS_CPUS_MINUS_1, 0);
}

/* IBM PC/AT Technical Reference, CMOS RAM: the sum of bytes 10H to 2DH, high byte first. */
static void set_checksum(struct pc *pc)
{
    unsigned sum = 0;
    for (uint8_t index = CMOS_FLOPPY_TYPES; index < CMOS_CHECKSUM; index++)
        sum += mc146818_cmos(pc->rtc, index);
    mc146818_set_cmos(pc->rtc, CMOS_CHECKSUM, (uint8_t)(sum >> 8));
    mc146818_set_cmos(pc->rtc, CMOS_CHECKSUM + 1, (uint8_t)sum);
}

static unsigned boot_device(char letter)
{
    switch (letter) {
    case 'a': return 1;
    case 'c': return 2;
    case 'd': return 3;
    case 'n': return 4;
    default: return 0;
    }
}

void pc_firmware_set_boot_order(struct pc *pc, const char *letters)
{
    unsigned device[3] = { 0 }, count = 0;
    for (; *letters && count < ARRAY_SIZE(device); letters++)
        if (boot_device(*letters))
            device[count++] = boot_device(*letters);
    mc146818_set_cmos(pc->rtc, CMOS_BOOT_FIRST_SECOND, (uint8_t)(device[1] << 4 | device[0]));
    mc146818_set_cmos(pc->rtc, CMOS_BOOT_THIRD, (uint8_t)(device[2] << 4));
}

/* Index x: sleep state Sx. Bit 7: offered; bits 0-6: the value of SLP_TYP. S3 is 1, S4 is 2, S5 is
 * 0 on PIIX4. */
static void set_system_states(struct pc *pc)
{
    static const uint8_t states[6] = { 0x80, 0, 0, 0x81, 0x82, 0x80 };
    fw_cfg_set_file(pc->fw_cfg, "etc/system-states", states, sizeof states);
}

/* Where nothing boots: wait for ever (-1) rather than start over after a time, in milliseconds. */
static void set_boot_fail_wait(struct pc *pc)
{
    static const uint8_t for_ever[4] = { 0xff, 0xff, 0xff, 0xff };
    fw_cfg_set_file(pc->fw_cfg, "etc/boot-fail-wait", for_ever, sizeof for_ever);
}

static bool set_kernel(struct pc *pc, struct error *err)
{
    const struct pc_config *c = &pc->config;
    if (c->kernel.size == 0)
        return true;
    uint64_t low = i440fx_low_ram(c->ram_size);
    if (multiboot_recognise(&c->kernel))
        return multiboot_setup(pc->fw_cfg, &c->kernel, c->modules, c->module_count, c->command_line,
                               low, err);
    return linux_boot_setup(pc->fw_cfg, &c->kernel, &c->initrd, c->command_line, low, err);
}

bool pc_firmware_setup(struct pc *pc, struct error *err)
{
    struct fw_cfg *fw = pc->fw_cfg;
    const struct pc_config *c = &pc->config;

    set_memory_size(pc);
    set_disks(pc);
    set_system_states(pc);
    set_boot_fail_wait(pc);
    pc_firmware_set_boot_order(pc, c->boot_once != NULL ? c->boot_once : c->boot_order);

    fw_cfg_set(fw, FW_CFG_UUID, c->uuid, sizeof c->uuid);
    fw_cfg_set_u16(fw, FW_CFG_NOGRAPHIC, c->nographic);
    fw_cfg_set_u16(fw, FW_CFG_NB_CPUS, 1);
    fw_cfg_set_u16(fw, FW_CFG_MAX_CPUS, 1);
    fw_cfg_set_u16(fw, FW_CFG_BOOT_MENU, c->boot_menu);
    fw_cfg_set_u32(fw, FW_CFG_IRQ0_OVERRIDE, 1);

    struct acpi_config acpi = { .low_ram = i440fx_low_ram(c->ram_size) };
    for (unsigned n = 0; n < PC_SERIAL_PORTS; n++)
        acpi.serial[n] = pc->serial[n] != NULL;
    for (unsigned n = 0; n < PC_PARALLEL_PORTS; n++)
        acpi.parallel[n] = pc->parallel[n] != NULL;
    acpi_tables_build(fw, &acpi);
    smbios_tables_build(
        fw, &(struct smbios_config){ .ram_size = c->ram_size, .uuid = c->uuid, .cpu = &c->cpu });
    set_checksum(pc);
    return set_kernel(pc, err);
}
