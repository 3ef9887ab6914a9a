// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// fw_cfg by its ports: selector, data, items' ends.
#include "device/nvram/fw_cfg.h"

#include "chip_bench.h"

enum { SELECTOR = 0x510, DATA };

static struct fw_cfg *open_fw_cfg(struct bench *b)
{
    bench_open(b);
    return fw_cfg_create(b->memory, &b->log, SELECTOR);
}

static void close_fw_cfg(struct bench *b, struct fw_cfg *fw)
{
    fw_cfg_destroy(fw);
    bench_close(b);
}

static void choose(struct bench *b, uint16_t key)
{
    memory_write(b->memory, SPACE_PORTS, SELECTOR, 2, key);
}

TEST(data_port)
{
    struct bench b;
    struct fw_cfg *fw = open_fw_cfg(&b);
    for (unsigned n = 0; n < 2; n++) {
        choose(&b, FW_CFG_SIGNATURE);
        CHECK_EQ(in(&b, DATA), 'Q');
        CHECK_EQ(in(&b, DATA), 'E');
    }
    CHECK_EQ(in(&b, DATA), 'M');
    CHECK_EQ(in(&b, DATA), 'U');
    CHECK_EQ(in(&b, DATA), 0);
    choose(&b, 0x3000);
    CHECK_EQ(in(&b, DATA), 0);
    close_fw_cfg(&b, fw);
}

/* The selector is 16 bits wide and write-only. */
TEST(selector_gives_no_data)
{
    struct bench b;
    struct fw_cfg *fw = open_fw_cfg(&b);
    uint64_t value;
    choose(&b, FW_CFG_SIGNATURE);
    CHECK_EQ(in(&b, SELECTOR), 0xff);
    memory_read(b.memory, SPACE_PORTS, SELECTOR, 2, &value);
    CHECK_EQ(value, 0);
    out(&b, SELECTOR, FW_CFG_ID);
    CHECK_EQ(in(&b, DATA), 'Q');
    close_fw_cfg(&b, fw);
}
