// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the board tells its firmware, read as firmware reads it: CMOS bytes.
#include "backend/block.h"
#include "base/bits.h"
#include "chip_bench.h"
#include "device/nvram/fw_cfg.h"
#include "device/timer/mc146818.h"
#include "machine/pc.h"
#include "machine/pc_firmware.h"

struct fixture {
    struct bench b;
    struct pc pc;
    struct block_backend disk;
};

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
