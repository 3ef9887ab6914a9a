// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 8237A pair by its ports: transfers, terminal count, masks, pages, cascade.
#include "device/isa/dma.h"

#include "chip_bench.h"

static struct dma *open_dma(struct bench *b)
{
    bench_open(b);
    struct ram_block *ram = ram_create(b->memory, "ram", MIB(1));
    region_map_ram(b->memory, 1u << SPACE_MEMORY, "ram", ram, ram, 0, 0, MIB(1), 0);
    struct dma *dma = dma_create(b->memory, &b->log);
    out(b, 0xd6, 0xc0); /* channel 4: cascade */
    out(b, 0xd4, 0x00);
    return dma;
}

static void close_dma(struct bench *b, struct dma *dma)
{
    dma_destroy(dma);
    bench_close(b);
}

static void program(struct bench *b, unsigned channel, uint8_t mode, uint8_t page, uint16_t address,
                    uint16_t count)
{
    static const uint8_t pages[8] = { 0x87, 0x83, 0x81, 0x82, 0x8f, 0x8b, 0x89, 0x8a };
    unsigned base = channel < 4 ? 0x00 : 0xc0, shift = channel < 4 ? 0 : 1, n = channel & 3;
    out(b, base + (10 << shift), 4 | n);
    out(b, base + (12 << shift), 0);
    out(b, base + (11 << shift), mode | n);
    out(b, base + (2 * n << shift), (uint8_t)address);
    out(b, base + (2 * n << shift), (uint8_t)(address >> 8));
    out(b, base + ((2 * n + 1) << shift), (uint8_t)count);
    out(b, base + ((2 * n + 1) << shift), (uint8_t)(count >> 8));
    out(b, pages[channel], page);
    out(b, base + (10 << shift), n);
}

TEST(bytes_to_memory_wrap_in_the_page)
{
    struct bench b;
    struct dma *dma = open_dma(&b);
    bool tc;
    uint8_t data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    program(&b, 2, 0x44, 0x01, 0xfffc, 7);
    CHECK(dma_can_transfer(dma, 2, true));
    CHECK(!dma_can_transfer(dma, 2, false));
    CHECK_EQ(dma_transfer(dma, 2, data, 5, true, &tc), 5);
    CHECK(!tc);
    CHECK_EQ(dma_transfer(dma, 2, data + 5, 10, true, &tc), 3);
    CHECK(tc);
    CHECK_EQ(load(&b, 0x1fffc, 4), 0x04030201);
    CHECK_EQ(load(&b, 0x10000, 4), 0x08070605);
    CHECK_EQ(in(&b, 0x08), 0x04);
    CHECK_EQ(in(&b, 0x08), 0x00);
    CHECK_EQ(in(&b, 0x0f) & 0xf, 0xf); /* masked itself */
    CHECK_EQ(dma_transfer(dma, 2, data, 1, true, &tc), 0);
    close_dma(&b, dma);
}

TEST(autoinit_decrement_verify)
{
    struct bench b;
    struct dma *dma = open_dma(&b);
    bool tc;
    uint8_t data[4] = { 0 };
    memory_write_bytes(b.memory, SPACE_MEMORY, 0x20000, "abcd", 4);
    program(&b, 1, 0x78, 0x02, 0x0003, 3); /* from memory, autoinit, downwards */
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(dma_transfer(dma, 1, data, 4, false, &tc), 4);
        CHECK(tc);
        CHECK(memcmp(data, "dcba", 4) == 0);
    }
    program(&b, 3, 0x40, 0x02, 0x0000, 3);
    memset(data, 9, sizeof data);
    CHECK_EQ(dma_transfer(dma, 3, data, 4, true, &tc), 4);
    CHECK(tc);
    CHECK_EQ(load(&b, 0x20000, 1), 'a');
    close_dma(&b, dma);
}

TEST(words_and_registers)
{
    struct bench b;
    struct dma *dma = open_dma(&b);
    bool tc;
    program(&b, 5, 0x44, 0x05, 0x8000,
            1); /* 50000H + 2 * 8000H, the page's lowest bit not used: 4.. + */
    CHECK_EQ(dma_transfer(dma, 5, (uint8_t *)"wxyz", 4, true, &tc), 4);
    CHECK(tc);
    CHECK_EQ(load(&b, 0x50000, 4), 0x7a797877);
    program(&b, 6, 0x44, 0x00, 0x1234, 0x5678);
    out(&b, 0xd8, 0);
    CHECK_EQ(in(&b, 0xc8), 0x34);
    CHECK_EQ(in(&b, 0xc8), 0x12);
    CHECK_EQ(in(&b, 0xca), 0x78);
    CHECK_EQ(in(&b, 0xca), 0x56);
    out(&b, 0x84, 0x99); /* scratch */
    CHECK_EQ(in(&b, 0x84), 0x99);
    close_dma(&b, dma);
}

static void count_ready(void *opaque)
{
    ++*(unsigned *)opaque;
}

TEST(masks_requests_and_cascade)
{
    struct bench b;
    struct dma *dma = open_dma(&b);
    unsigned ready = 0;
    dma_attach(dma, 2, count_ready, &ready);
    dma_set_request(dma, 2, true);
    CHECK_EQ(ready, 0);
    CHECK_EQ(in(&b, 0x08), 0x40);
    program(&b, 2, 0x44, 0, 0, 0xff);
    CHECK_EQ(ready, 1);
    out(&b, 0xd4, 0x04); /* the cascade masked closes 0-3 */
    CHECK(!dma_can_transfer(dma, 2, true));
    out(&b, 0xd4, 0x00);
    CHECK(dma_can_transfer(dma, 2, true));
    out(&b, 0x08, 0x04); /* controller disabled */
    CHECK(!dma_can_transfer(dma, 2, true));
    out(&b, 0x0d, 0); /* master clear masks all */
    CHECK(!dma_can_transfer(dma, 2, true));
    out(&b, 0x0e, 0);
    CHECK(dma_can_transfer(dma, 2, true));
    close_dma(&b, dma);
}
