// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the board tells its firmware, read as firmware reads it: CMOS bytes, and ACPI tables.
#include "backend/block.h"
#include "base/bits.h"
#include "chip_bench.h"
#include "device/nvram/fw_cfg.h"
#include "device/timer/mc146818.h"
#include "machine/pc.h"
#include "machine/pc_firmware.h"

enum { TABLES_MAX = 65536 };

struct fixture {
    struct bench b;
    struct pc pc;
    struct block_backend disk;
    uint8_t tables[TABLES_MAX];
    uint32_t size;
};

static uint32_t take_be32(struct bench *b)
{
    uint32_t value = 0;
    for (unsigned n = 0; n < 4; n++)
        value = value << 8 | in(b, 0x511);
    return value;
}

/* The file's key and size from the directory. */
static uint16_t find_file(struct bench *b, const char *name, uint32_t *size)
{
    memory_write(b->memory, SPACE_PORTS, 0x510, 2, FW_CFG_FILE_DIR);
    for (uint32_t left = take_be32(b); left > 0; left--) {
        char entry[56];
        *size = take_be32(b);
        uint16_t key = (uint16_t)(take_be32(b) >> 16);
        for (unsigned n = 0; n < sizeof entry; n++)
            entry[n] = (char)in(b, 0x511);
        if (strcmp(entry, name) == 0)
            return key;
    }
    *size = 0;
    return 0xffff;
}

static void start(struct fixture *f, uint64_t disk_size)
{
    struct error err = { "" };
    bench_open(&f->b);
    f->disk = (struct block_backend){ .size = disk_size };
    f->pc =
        (struct pc){ .config = { .ram_size = MIB(256), .command_line = "", .boot_order = "cd" } };
    f->pc.config.drives[0] = disk_size != 0 ? &f->disk : NULL;
    f->pc.fw_cfg = fw_cfg_create(f->b.memory, &f->b.log, 0x510);
    f->pc.rtc = mc146818_create(f->b.memory, &f->b.log, f->b.clock, 0, bench_line(&f->b, 8));
    CHECK(pc_firmware_setup(&f->pc, &err));
    uint16_t key = find_file(&f->b, "etc/acpi/tables", &f->size);
    CHECK(f->size > 36 && f->size <= TABLES_MAX);
    memory_write(f->b.memory, SPACE_PORTS, 0x510, 2, key);
    for (uint32_t n = 0; n < MIN(f->size, TABLES_MAX); n++)
        f->tables[n] = in(&f->b, 0x511);
}

static void end(struct fixture *f)
{
    mc146818_destroy(f->pc.rtc);
    fw_cfg_destroy(f->pc.fw_cfg);
    bench_close(&f->b);
}

static uint8_t cmos(struct fixture *f, uint8_t index)
{
    out(&f->b, 0x70, index);
    return in(&f->b, 0x71);
}

/* IBM PC/AT Technical Reference, CMOS RAM: 2EH and 2FH hold the sum of 10H to 2DH, high byte first;
 * a drive type of 15 is in 19H or 1AH, where 0 to 15 are reserved. */
static void check_cmos(struct fixture *f, uint8_t types, uint8_t first, uint8_t second)
{
    unsigned sum = 0;
    for (uint8_t index = 0x10; index < 0x2e; index++)
        sum += cmos(f, index);
    CHECK(sum != 0);
    CHECK_EQ(cmos(f, 0x2e) << 8 | cmos(f, 0x2f), sum);
    CHECK_EQ(cmos(f, 0x12), types);
    CHECK_EQ(cmos(f, 0x19), first);
    CHECK_EQ(cmos(f, 0x1a), second);
}

TEST(cmos_checksum_and_drive_types)
{
    struct fixture f;
    start(&f, 0);
    check_cmos(&f, 0, 0, 0);
    end(&f);
    start(&f, MIB(64));
    check_cmos(&f, 0xf0, 47, 0);
    end(&f);
}

/* The MC146818A has an index and a data register; Linux takes more ports for a second bank. */
TEST(rtc_has_two_ports)
{
    static const uint8_t rtc_ports[] = { 0x47, 1, 0x70, 0, 0x70, 0 }; /* ACPI 1.0b 6.4.2.5 */
    struct fixture f;
    unsigned found = 0;
    start(&f, 0);
    for (uint32_t n = 0; n + 8 <= f.size; n++) {
        if (memcmp(f.tables + n, rtc_ports, sizeof rtc_ports) == 0) {
            CHECK_EQ(f.tables[n + 7], 2);
            found++;
        }
    }
    CHECK_EQ(found, 1);
    end(&f);
}

/* Flag 7 of the FADT (ACPI 1.0b 5.2.5): here S4 is off, and nothing wakes from it but the button. */
TEST(rtc_does_not_wake_from_s4)
{
    struct fixture f;
    unsigned found = 0;
    start(&f, 0);
    for (uint32_t n = 0; n + 116 <= f.size; n++) {
        if (memcmp(f.tables + n, "FACP", 4) == 0) {
            CHECK_EQ(load_le32(f.tables + n + 4), 116);
            CHECK_EQ(load_le32(f.tables + n + 112) & 1u << 7, 0);
            found++;
        }
    }
    CHECK_EQ(found, 1);
    end(&f);
}
