// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// ATA disks behind the PIIX3: registers, PIO, DMA, errors, resets.
#include "ide_board.h"

enum { DATA = 0x1f0, ERROR, COUNT, LOW, MID, HIGH, DEVICE, STATUS, CONTROL = 0x3f6 };
enum { BSY = 0x80, DRDY = 0x40, DF = 0x20, DSC = 0x10, DRQ = 0x08, ERR = 0x01 };
enum { ABRT = 0x04, IDNF = 0x10, UNC = 0x40 };
#define READY (DRDY | DSC)

/* One disk as primary master. */
struct fixture {
    struct ide_board b;
    struct ram_disk disk;
};

static void start(struct fixture *f, uint64_t sectors)
{
    struct ide_drive drives[4] = {0};
    ram_disk_create(&f->disk, sectors * 512, 512);
    drives[0].block = &f->disk.base;
    ide_board_create(&f->b, drives);
}

static void end(struct fixture *f)
{
    ide_board_destroy(&f->b);
}

static void command28(struct ide_board *b, uint8_t command, uint32_t lba, uint8_t count)
{
    out(b, DEVICE, 1, 0xe0 | lba >> 24);
    out(b, COUNT, 1, count);
    out(b, LOW, 1, lba & 0xff);
    out(b, MID, 1, lba >> 8 & 0xff);
    out(b, HIGH, 1, lba >> 16 & 0xff);
    out(b, STATUS, 1, command);
}

static void command48(struct ide_board *b, uint8_t command, uint64_t lba, uint16_t count)
{
    out(b, DEVICE, 1, 0x40);
    out(b, COUNT, 1, count >> 8);
    out(b, COUNT, 1, count & 0xff);
    out(b, LOW, 1, lba >> 24 & 0xff);
    out(b, LOW, 1, lba & 0xff);
    out(b, MID, 1, lba >> 32 & 0xff);
    out(b, MID, 1, lba >> 8 & 0xff);
    out(b, HIGH, 1, lba >> 40 & 0xff);
    out(b, HIGH, 1, lba >> 16 & 0xff);
    out(b, STATUS, 1, command);
}

static void read_block(struct ide_board *b, uint8_t *buffer, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i += 2)
        store_le16(buffer + i, (uint16_t)in(b, DATA, 2));
}

static void write_block(struct ide_board *b, const uint8_t *buffer, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i += 2)
        out(b, DATA, 2, load_le16(buffer + i));
}

TEST(power_on_signature)
{
    struct fixture f;
    start(&f, 2048);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(in(&f.b, ERROR, 1), 0x01);
    CHECK_EQ(in(&f.b, COUNT, 1), 1);
    CHECK_EQ(in(&f.b, LOW, 1), 1);
    CHECK_EQ(in(&f.b, MID, 1), 0);
    CHECK_EQ(in(&f.b, HIGH, 1), 0);
    CHECK_EQ(in(&f.b, DEVICE, 1), 0);
    end(&f);
}

TEST(absent_devices)
{
    struct fixture f;
    start(&f, 2048);
    /* Device 1 is absent: device 0 stands in for registers, not for status and commands. */
    out(&f.b, DEVICE, 1, 0xb0);
    out(&f.b, COUNT, 1, 0x55);
    CHECK_EQ(in(&f.b, COUNT, 1), 0x55);
    CHECK_EQ(in(&f.b, STATUS, 1), 0);
    CHECK_EQ(in(&f.b, CONTROL, 1), 0);
    out(&f.b, STATUS, 1, 0xec);
    CHECK_EQ(in(&f.b, STATUS, 1), 0);
    CHECK_EQ(f.b.edges[0], 0);
    out(&f.b, DEVICE, 1, 0xa0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    /* Nobody on the secondary channel: not busy, and registers hold nothing. */
    out(&f.b, 0x172, 1, 0x55);
    CHECK(in(&f.b, 0x172, 1) != 0x55);
    CHECK_EQ(in(&f.b, 0x177, 1) & BSY, 0);
    CHECK_EQ(in(&f.b, 0x376, 1) & BSY, 0);
    end(&f);
}

TEST(ports_decoded_by_idetim)
{
    struct fixture f;
    start(&f, 2048);
    ide_config_write(&f.b, 0x40, 2, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), 0xff);
    ide_config_write(&f.b, 0x40, 2, 0x8000);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    ide_config_write(&f.b, 0x04, 2, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), 0xff);
    CHECK_EQ(in(&f.b, CONTROL, 1), 0xff);
    end(&f);
}

TEST(identify)
{
    struct fixture f;
    uint8_t page[512];
    start(&f, 20480);
    out(&f.b, DEVICE, 1, 0xa0);
    out(&f.b, STATUS, 1, 0xec);
    CHECK(f.b.irq[0]);
    CHECK_EQ(in(&f.b, CONTROL, 1), READY | DRQ);
    CHECK(f.b.irq[0]); /* the alternate status leaves INTRQ */
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    CHECK(!f.b.irq[0]);
    read_block(&f.b, page, 512);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(load_le16(page), 0x0040);
    CHECK_EQ(load_le16(page + 2), 20); /* cylinders */
    CHECK_EQ(load_le16(page + 6), 16);
    CHECK_EQ(load_le16(page + 12), 63);
    CHECK_EQ(load_le32(page + 120), 20480);
    CHECK_EQ(load_le64(page + 200), 20480);
    CHECK_EQ(load_le16(page + 2 * 49) & 0x300, 0x300);
    CHECK_EQ(load_le16(page + 2 * 83) & 0xc400, 0x4400);
    CHECK(memcmp(page + 54, "MBTBH RADDSI K", 14) == 0);
    CHECK(memcmp(page + 20, "MB00001 ", 2) == 0);
    CHECK_EQ(load_le16(page + 2 * 93) & 0xdf61, 0x4041); /* it stands in for device 1 */
    /* A packet device's IDENTIFY is refused. */
    out(&f.b, STATUS, 1, 0xa1);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | ERR);
    CHECK_EQ(in(&f.b, ERROR, 1), ABRT);
    end(&f);
}

TEST(pio_read_interrupts_once_a_sector)
{
    struct fixture f;
    uint8_t sector[512];
    start(&f, 2048);
    ide_board_disks_wait(&f.b);
    command28(&f.b, 0x20, 5, 3);
    CHECK_EQ(in(&f.b, CONTROL, 1), BSY);
    CHECK_EQ(f.b.edges[0], 0);
    ide_wait(&f.b);
    for (unsigned n = 0; n < 3; n++) {
        CHECK_EQ(f.b.edges[0], n + 1);
        CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
        read_block(&f.b, sector, 512);
        CHECK_EQ(load_le32(sector), 5 + n);
        CHECK_EQ(sector[511], 5 + n);
    }
    CHECK_EQ(f.b.edges[0], 3);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(f.disk.reads, 1);
    end(&f);
}

/* 256 sectors (count 0), 32-bit data port. */
TEST(pio_read_256_sectors_by_dwords)
{
    struct fixture f;
    uint32_t first = 0;
    start(&f, 2048);
    command28(&f.b, 0x20, 1000, 0);
    ide_wait(&f.b);
    for (unsigned n = 0; n < 256; n++) {
        CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
        first = in(&f.b, DATA, 4);
        CHECK_EQ(first, 1000 + n);
        for (unsigned i = 4; i < 512; i += 4)
            in(&f.b, DATA, 4);
        ide_wait(&f.b);
    }
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(f.b.edges[0], 256);
    end(&f);
}

TEST(pio_write)
{
    struct fixture f;
    uint8_t sector[512];
    start(&f, 2048);
    command28(&f.b, 0x30, 7, 2);
    CHECK_EQ(f.b.edges[0], 0); /* the first block has no interrupt */
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    memset(sector, 0xa1, 512);
    write_block(&f.b, sector, 512);
    CHECK_EQ(f.b.edges[0], 1);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    memset(sector, 0xa2, 512);
    write_block(&f.b, sector, 512);
    CHECK_EQ(in(&f.b, STATUS, 1), BSY);
    ide_wait(&f.b);
    CHECK_EQ(f.b.edges[0], 2);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(f.disk.data[7 * 512], 0xa1);
    CHECK_EQ(f.disk.data[8 * 512 + 511], 0xa2);
    CHECK_EQ(f.disk.data[9 * 512], 9);
    CHECK_EQ(f.disk.flushes, 0);
    end(&f);
}

TEST(multiple_mode)
{
    struct fixture f;
    uint8_t block[16 * 512];
    start(&f, 2048);
    command28(&f.b, 0xc6, 0, 3);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | ERR);
    command28(&f.b, 0xc6, 0, 0);
    command28(&f.b, 0xc4, 0, 4);
    CHECK_EQ(in(&f.b, ERROR, 1), ABRT);
    command28(&f.b, 0xc6, 0, 4);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    f.b.edges[0] = 0;
    command28(&f.b, 0xc4, 20, 6);
    ide_wait(&f.b);
    in(&f.b, STATUS, 1);
    read_block(&f.b, block, 4 * 512);
    CHECK_EQ(load_le32(block + 3 * 512), 23);
    CHECK_EQ(f.b.edges[0], 2);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    read_block(&f.b, block, 2 * 512);
    CHECK_EQ(load_le32(block + 512), 25);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    command28(&f.b, 0xc5, 30, 6);
    memset(block, 0x3c, sizeof block);
    write_block(&f.b, block, 4 * 512);
    write_block(&f.b, block, 2 * 512);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(f.disk.data[35 * 512 + 9], 0x3c);
    CHECK_EQ(f.disk.data[36 * 512 + 9], 36);
    end(&f);
}

TEST(chs)
{
    struct fixture f;
    uint8_t sector[512];
    start(&f, 20480);
    /* 16 heads of 63 sectors: cylinder 1, head 2, sector 3. */
    out(&f.b, DEVICE, 1, 0xa2);
    out(&f.b, COUNT, 1, 1);
    out(&f.b, LOW, 1, 3);
    out(&f.b, MID, 1, 1);
    out(&f.b, HIGH, 1, 0);
    out(&f.b, STATUS, 1, 0x20);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    read_block(&f.b, sector, 512);
    CHECK_EQ(load_le32(sector), 16 * 63 + 2 * 63 + 2);
    /* Another translation: 4 heads of 32 sectors. */
    out(&f.b, DEVICE, 1, 0xa3);
    out(&f.b, COUNT, 1, 32);
    out(&f.b, STATUS, 1, 0x91);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    out(&f.b, COUNT, 1, 1);
    out(&f.b, STATUS, 1, 0x20);
    ide_wait(&f.b);
    in(&f.b, STATUS, 1);
    read_block(&f.b, sector, 512);
    CHECK_EQ(load_le32(sector), 128 + 3 * 32 + 2);
    /* Sector 0 and a head too many are not there. */
    out(&f.b, COUNT, 1, 1);
    out(&f.b, LOW, 1, 0);
    out(&f.b, STATUS, 1, 0x20);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | ERR);
    CHECK_EQ(in(&f.b, ERROR, 1), IDNF);
    out(&f.b, LOW, 1, 1);
    out(&f.b, DEVICE, 1, 0xa4);
    out(&f.b, STATUS, 1, 0x20);
    CHECK_EQ(in(&f.b, ERROR, 1), IDNF);
    end(&f);
}

TEST(lba48)
{
    struct fixture f;
    uint8_t sector[512];
    start(&f, 2048);
    command48(&f.b, 0x24, 2047, 1);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    read_block(&f.b, sector, 512);
    CHECK_EQ(load_le32(sector), 2047);
    command48(&f.b, 0x24, UINT64_C(0x123456789a), 1);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | ERR);
    CHECK_EQ(in(&f.b, ERROR, 1), IDNF);
    CHECK_EQ(in(&f.b, LOW, 1), 0x9a);
    CHECK_EQ(in(&f.b, MID, 1), 0x78);
    CHECK_EQ(in(&f.b, HIGH, 1), 0x56);
    out(&f.b, CONTROL, 1, 0x80); /* HOB */
    CHECK_EQ(in(&f.b, LOW, 1), 0x34);
    CHECK_EQ(in(&f.b, MID, 1), 0x12);
    CHECK_EQ(in(&f.b, HIGH, 1), 0x00);
    out(&f.b, COUNT, 1, 0); /* a write takes HOB back */
    CHECK_EQ(in(&f.b, LOW, 1), 0x9a);
    command48(&f.b, 0x27, 0, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(in(&f.b, LOW, 1), 0xff);
    CHECK_EQ(in(&f.b, MID, 1), 0x07);
    end(&f);
}

TEST(command_takes_hob_back)
{
    struct fixture f;
    start(&f, 2048);
    out(&f.b, COUNT, 1, 0x12);
    out(&f.b, COUNT, 1, 0x34);
    out(&f.b, CONTROL, 1, 0x80);
    CHECK_EQ(in(&f.b, COUNT, 1), 0x12);
    out(&f.b, STATUS, 1, 0xe5); /* CHECK POWER MODE answers in the count */
    CHECK_EQ(in(&f.b, COUNT, 1), 0xff);
    end(&f);
}

static void dma_start(struct ide_board *b, bool to_memory)
{
    out(b, BMBA + 2, 1, 0x06);
    out(b, BMBA + 4, 4, 0x1000);
    out(b, BMBA, 1, to_memory ? 8 : 0);
}

TEST(dma_read_scatters)
{
    struct fixture f;
    start(&f, 2048);
    ide_board_disks_wait(&f.b);
    put_prd(&f.b, 0, 0x102000, 0x400, false);
    put_prd(&f.b, 1, 0x100000, 0x1c00, true);
    dma_start(&f.b, true);
    command28(&f.b, 0xc8, 100, 16);
    CHECK_EQ(in(&f.b, CONTROL, 1), BSY);
    out(&f.b, BMBA, 1, 0x09);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 7, 1);
    ide_wait(&f.b);
    CHECK(f.b.irq[0]);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 7, 4);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK(!f.b.irq[0]);
    CHECK_EQ(load_le32(f.b.ram->host + 0x102000), 100);
    CHECK_EQ(load_le32(f.b.ram->host + 0x102200), 101);
    CHECK_EQ(load_le32(f.b.ram->host + 0x100000), 102);
    CHECK_EQ(load_le32(f.b.ram->host + 0x101a00), 115);
    CHECK_EQ(load_le32(f.b.ram->host + 0x101c00), 0);
    out(&f.b, BMBA + 2, 1, 4);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 7, 0);
    end(&f);
}

/* Started only after the drive has its data: it waits with DRQ. */
TEST(dma_waits_for_start)
{
    struct fixture f;
    start(&f, 2048);
    put_prd(&f.b, 0, 0x100000, 512, true);
    dma_start(&f.b, true);
    command28(&f.b, 0xc8, 3, 1);
    ide_wait(&f.b);
    CHECK(!f.b.irq[0]);
    CHECK_EQ(in(&f.b, CONTROL, 1), READY | DRQ);
    out(&f.b, BMBA, 1, 0x09);
    CHECK(f.b.irq[0]);
    CHECK_EQ(load_le32(f.b.ram->host + 0x100000), 3);
    end(&f);
}

TEST(dma_write_gathers_and_is_large)
{
    struct fixture f;
    start(&f, 4096);
    for (unsigned n = 0; n < 16; n++) {
        uint32_t at = 0x100000 + (15 - n) * 0x10000;
        memset(f.b.ram->host + at, (int)(0x40 + n), 0x10000);
        put_prd(&f.b, n, at, 0, n == 15); /* count 0: 64 KiB */
    }
    dma_start(&f.b, false);
    command48(&f.b, 0x35, 1024, 2048);
    out(&f.b, BMBA, 1, 0x01);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 7, 4);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(f.b.edges[0], 1);
    for (unsigned n = 0; n < 16; n++)
        CHECK_EQ(f.disk.data[1024 * 512 + n * 0x10000 + 0xffff], 0x40 + n);
    CHECK_EQ(load_le32(f.disk.data + 3072 * 512), 3072);
    end(&f);
}

/*
 * The table ends before the data: ACTIVE falls, no interrupt; a software reset gets the drive back.
 */
TEST(dma_short_table)
{
    struct fixture f;
    start(&f, 2048);
    put_prd(&f.b, 0, 0x100000, 512, true);
    dma_start(&f.b, true);
    command28(&f.b, 0xc8, 3, 2);
    out(&f.b, BMBA, 1, 0x09);
    ide_wait(&f.b);
    CHECK(!f.b.irq[0]);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 7, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    out(&f.b, CONTROL, 1, 4);
    out(&f.b, CONTROL, 1, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    end(&f);
}

/* The table has room left: interrupt and ACTIVE. */
TEST(dma_long_table)
{
    struct fixture f;
    start(&f, 2048);
    put_prd(&f.b, 0, 0x100000, 4096, true);
    dma_start(&f.b, true);
    command28(&f.b, 0xc8, 3, 2);
    out(&f.b, BMBA, 1, 0x09);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 7, 5);
    out(&f.b, BMBA, 1, 0);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 7, 4);
    end(&f);
}

TEST(dma_to_nowhere)
{
    struct fixture f;
    start(&f, 2048);
    put_prd(&f.b, 0, 0xf0000000, 512, true);
    dma_start(&f.b, true);
    command28(&f.b, 0xc8, 3, 1);
    out(&f.b, BMBA, 1, 0x09);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 3, 2);
    /* A table that is nowhere. */
    out(&f.b, BMBA, 1, 0);
    out(&f.b, BMBA + 2, 1, 6);
    out(&f.b, BMBA + 4, 4, 0xf0000000);
    out(&f.b, BMBA, 1, 9);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 3, 2);
    end(&f);
}

TEST(bus_master_needs_its_enable_bit)
{
    struct fixture f;
    start(&f, 2048);
    put_prd(&f.b, 0, 0x100000, 512, true);
    ide_config_write(&f.b, 4, 2, PCI_COMMAND_IO);
    dma_start(&f.b, true);
    command28(&f.b, 0xc8, 3, 1);
    out(&f.b, BMBA, 1, 0x09);
    ide_wait(&f.b);
    CHECK(!f.b.irq[0]);
    ide_config_write(&f.b, 4, 2, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    CHECK(f.b.irq[0]);
    end(&f);
}

TEST(beyond_the_end)
{
    struct fixture f;
    start(&f, 2048);
    command28(&f.b, 0x20, 2047, 2);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | ERR);
    CHECK_EQ(in(&f.b, ERROR, 1), IDNF);
    CHECK_EQ(in(&f.b, LOW, 1), 0);
    CHECK_EQ(in(&f.b, MID, 1), 8);
    command28(&f.b, 0xca, 2048, 1);
    CHECK_EQ(in(&f.b, ERROR, 1), IDNF);
    command28(&f.b, 0x40, 2040, 8);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    command28(&f.b, 0x70, 2048, 0);
    CHECK_EQ(in(&f.b, ERROR, 1), IDNF);
    end(&f);
}

TEST(read_error)
{
    struct fixture f;
    start(&f, 2048);
    f.disk.fail = -5;
    command28(&f.b, 0x20, 0x234, 2);
    ide_wait(&f.b);
    CHECK(f.b.irq[0]);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | ERR);
    CHECK_EQ(in(&f.b, ERROR, 1), UNC);
    CHECK_EQ(in(&f.b, LOW, 1), 0x34);
    CHECK_EQ(in(&f.b, MID, 1), 0x02);
    command28(&f.b, 0x20, 0x234, 1);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    CHECK_EQ(in(&f.b, ERROR, 1), 0);
    end(&f);
}

/* A full disk under the image (-ENOSPC): the guest sees a write fault. */
TEST(write_error)
{
    struct fixture f;
    start(&f, 2048);
    put_prd(&f.b, 0, 0x100000, 512, true);
    dma_start(&f.b, false);
    f.disk.fail = -28;
    command28(&f.b, 0xca, 0x42, 1);
    out(&f.b, BMBA, 1, 0x01);
    ide_wait(&f.b);
    CHECK(f.b.irq[0]);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | ERR | DF);
    CHECK_EQ(in(&f.b, ERROR, 1), UNC);
    CHECK_EQ(in(&f.b, LOW, 1), 0x42);
    f.disk.fail = -5;
    command28(&f.b, 0xe7, 0, 0);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | ERR | DF);
    end(&f);
}

TEST(flush_and_write_cache)
{
    struct fixture f;
    uint8_t sector[512] = {0};
    start(&f, 2048);
    command28(&f.b, 0xe7, 0, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), BSY);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(f.disk.flushes, 1);
    /* Off: flushed then, and after each write, before it ends. */
    out(&f.b, ERROR, 1, 0x82);
    out(&f.b, STATUS, 1, 0xef);
    ide_wait(&f.b);
    CHECK_EQ(f.disk.flushes, 2);
    f.b.edges[0] = 0;
    command28(&f.b, 0x30, 0, 1);
    write_block(&f.b, sector, 512);
    ram_disk_run(&f.disk);
    CHECK_EQ(in(&f.b, CONTROL, 1), BSY);
    CHECK_EQ(f.b.edges[0], 0);
    ide_wait(&f.b);
    CHECK_EQ(f.disk.flushes, 3);
    CHECK_EQ(f.disk.flushed_after, 1);
    CHECK_EQ(f.b.edges[0], 1);
    out(&f.b, ERROR, 1, 0x02);
    out(&f.b, STATUS, 1, 0xef);
    command28(&f.b, 0x30, 0, 1);
    write_block(&f.b, sector, 512);
    ide_wait(&f.b);
    CHECK_EQ(f.disk.flushes, 3);
    end(&f);
}

TEST(software_reset)
{
    struct fixture f;
    start(&f, 2048);
    command28(&f.b, 0x20, 5, 3);
    ide_wait(&f.b);
    CHECK(f.b.irq[0]);
    out(&f.b, CONTROL, 1, 4);
    CHECK(!f.b.irq[0]);
    CHECK_EQ(in(&f.b, STATUS, 1), BSY);
    out(&f.b, STATUS, 1, 0xec); /* not heard */
    out(&f.b, CONTROL, 1, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(in(&f.b, ERROR, 1), 1);
    CHECK_EQ(in(&f.b, COUNT, 1), 1);
    CHECK_EQ(in(&f.b, LOW, 1), 1);
    CHECK_EQ(f.b.edges[0], 1);
    end(&f);
}

/* Busy until the request in flight has ended, which nobody then hears of. */
TEST(reset_with_a_request_in_flight)
{
    struct fixture f;
    start(&f, 2048);
    ide_board_disks_wait(&f.b);
    command28(&f.b, 0x20, 5, 3);
    out(&f.b, CONTROL, 1, 4);
    out(&f.b, CONTROL, 1, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), BSY);
    out(&f.b, STATUS, 1, 0xec);
    CHECK_EQ(in(&f.b, STATUS, 1), BSY);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(f.b.edges[0], 0);
    command28(&f.b, 0xec, 0, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    end(&f);
}

TEST(interrupt_enable)
{
    struct fixture f;
    start(&f, 2048);
    out(&f.b, CONTROL, 1, 2);
    command28(&f.b, 0xe5, 0, 0);
    CHECK(!f.b.irq[0]);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 4, 0);
    out(&f.b, CONTROL, 1, 0);
    CHECK(f.b.irq[0]);
    CHECK_EQ(in(&f.b, BMBA + 2, 1) & 4, 4);
    /* Only the selected device drives INTRQ. */
    out(&f.b, DEVICE, 1, 0xb0);
    CHECK(!f.b.irq[0]);
    out(&f.b, DEVICE, 1, 0xa0);
    CHECK(f.b.irq[0]);
    CHECK_EQ(in(&f.b, COUNT, 1), 0xff);
    end(&f);
}

TEST(refused_commands)
{
    static const uint8_t codes[] = {0x00, 0x03, 0x08, 0x22, 0xa0, 0xf1, 0xf9, 0xff};
    struct fixture f;
    start(&f, 2048);
    for (unsigned n = 0; n < ARRAY_SIZE(codes); n++) {
        command28(&f.b, codes[n], 0, 1);
        CHECK(f.b.irq[0]);
        CHECK_EQ(in(&f.b, STATUS, 1), READY | ERR);
        CHECK_EQ(in(&f.b, ERROR, 1), ABRT);
    }
    out(&f.b, ERROR, 1, 0x99);
    out(&f.b, STATUS, 1, 0xef);
    CHECK_EQ(in(&f.b, ERROR, 1), ABRT);
    end(&f);
}

TEST(set_transfer_mode)
{
    struct fixture f;
    uint8_t page[512];
    start(&f, 2048);
    out(&f.b, ERROR, 1, 0x03);
    out(&f.b, COUNT, 1, 0x22);
    out(&f.b, STATUS, 1, 0xef);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    out(&f.b, STATUS, 1, 0xec);
    read_block(&f.b, page, 512);
    CHECK_EQ(load_le16(page + 2 * 63), 0x0407);
    CHECK_EQ(load_le16(page + 2 * 88) & 0xff00, 0);
    out(&f.b, COUNT, 1, 0x27);
    out(&f.b, STATUS, 1, 0xef);
    CHECK_EQ(in(&f.b, ERROR, 1), ABRT);
    end(&f);
}

TEST(diagnostic)
{
    struct fixture f;
    start(&f, 2048);
    out(&f.b, DEVICE, 1, 0xb0);
    out(&f.b, STATUS, 1, 0x90);
    CHECK(f.b.irq[0]);
    CHECK_EQ(in(&f.b, DEVICE, 1) & 0x10, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(in(&f.b, ERROR, 1), 1);
    CHECK_EQ(in(&f.b, LOW, 1), 1);
    end(&f);
}

TEST(power_modes)
{
    struct fixture f;
    start(&f, 2048);
    command28(&f.b, 0xe5, 0, 0);
    CHECK_EQ(in(&f.b, COUNT, 1), 0xff);
    command28(&f.b, 0xe0, 0, 0);
    ide_wait(&f.b);
    command28(&f.b, 0xe5, 0, 0);
    CHECK_EQ(in(&f.b, COUNT, 1), 0x00);
    command28(&f.b, 0xe6, 0, 0);
    ide_wait(&f.b);
    in(&f.b, STATUS, 1);
    f.b.edges[0] = 0;
    command28(&f.b, 0xec, 0, 0);
    CHECK_EQ(f.b.edges[0], 0);
    out(&f.b, CONTROL, 1, 4);
    out(&f.b, CONTROL, 1, 0);
    command28(&f.b, 0xec, 0, 0);
    CHECK_EQ(f.b.edges[0], 1);
    end(&f);
}

TEST(smart)
{
    struct fixture f;
    uint8_t page[512], sum = 0;
    start(&f, 2048);
    out(&f.b, ERROR, 1, 0xda);
    command28(&f.b, 0xb0, 0, 0);
    CHECK_EQ(in(&f.b, ERROR, 1), ABRT); /* no key */
    out(&f.b, ERROR, 1, 0xda);
    command28(&f.b, 0xb0, 0xc24f00, 0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(in(&f.b, MID, 1), 0x4f);
    CHECK_EQ(in(&f.b, HIGH, 1), 0xc2);
    out(&f.b, ERROR, 1, 0xd0);
    command28(&f.b, 0xb0, 0xc24f00, 0);
    read_block(&f.b, page, 512);
    for (unsigned n = 0; n < 512; n++)
        sum += page[n];
    CHECK_EQ(sum, 0);
    end(&f);
}

/* Two disks: each answers for itself. */
TEST(master_and_slave)
{
    struct ide_board b;
    struct ram_disk first, second;
    struct ide_drive drives[4] = {0};
    uint8_t sector[512];
    ram_disk_create(&first, 1000 * 512, 512);
    ram_disk_create(&second, 2000 * 512, 512);
    second.data[0] = 0x77;
    drives[0].block = &first.base;
    drives[1].block = &second.base;
    ide_board_create(&b, drives);
    out(&b, DEVICE, 1, 0xf0);
    out(&b, COUNT, 1, 1);
    out(&b, LOW, 1, 0);
    out(&b, MID, 1, 0);
    out(&b, HIGH, 1, 0);
    out(&b, STATUS, 1, 0x20);
    ide_wait(&b);
    CHECK(b.irq[0]);
    in(&b, STATUS, 1);
    read_block(&b, sector, 512);
    CHECK_EQ(sector[0], 0x77);
    CHECK_EQ(first.reads, 0);
    out(&b, DEVICE, 1, 0xa0);
    CHECK_EQ(in(&b, STATUS, 1), READY);
    ide_board_destroy(&b);
}

/* In the middle of a PIO read: the copy goes on where the original was. */
TEST(state_in_a_transfer)
{
    struct fixture f, g;
    struct state s = {0};
    uint8_t sector[512];
    start(&f, 2048);
    command28(&f.b, 0x20, 5, 2);
    ide_wait(&f.b);
    in(&f.b, STATUS, 1);
    read_block(&f.b, sector, 512);
    for (unsigned n = 0; n < 100; n++)
        in(&f.b, DATA, 2);
    piix3_ide_state(f.b.ide, &s);
    start(&g, 2048);
    s.loading = true;
    piix3_ide_state(g.b.ide, &s);
    CHECK(!s.failed);
    CHECK_EQ(in(&g.b, STATUS, 1), READY | DRQ);
    for (unsigned n = 100; n < 256; n++)
        CHECK_EQ(in(&g.b, DATA, 2), 0x0606);
    CHECK_EQ(in(&g.b, STATUS, 1), READY);
    host_free(s.data);
    end(&f);
    end(&g);
}

/* Random accesses to every port, with the back end ending requests now and then. */
TEST(random_accesses)
{
    struct fixture f;
    uint32_t seed = 12345;
    start(&f, 2048);
    for (unsigned n = 0; n < 200000; n++) {
        uint16_t port;
        unsigned size;
        seed = seed * 1664525 + 1013904223;
        port = seed >> 28 & 3 ? DATA + (seed >> 20 & 7)
               : seed >> 30   ? BMBA + (seed >> 20 & 15)
                              : CONTROL;
        size = 1u << (seed >> 24 & 3) % 3;
        if (seed >> 16 & 1)
            out(&f.b, port, size, seed >> 8);
        else
            in(&f.b, port, size);
        if ((seed >> 12 & 7) == 0 && f.disk.pending != NULL)
            ram_disk_run(&f.disk);
    }
    out(&f.b, CONTROL, 1, 4);
    out(&f.b, CONTROL, 1, 0);
    ide_wait(&f.b);
    out(&f.b, DEVICE, 1, 0xa0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    end(&f);
}

/* A saved state with bytes changed is refused or loads; then a reset still works. */
TEST(damaged_state)
{
    struct fixture f;
    struct state s = {0};
    uint32_t seed = 7;
    start(&f, 2048);
    command28(&f.b, 0x20, 5, 2);
    ide_wait(&f.b);
    piix3_ide_state(f.b.ide, &s);
    for (unsigned n = 0; n < 300; n++) {
        struct state t = {.loading = true, .size = s.size};
        seed = seed * 1664525 + 1013904223;
        t.data = malloc(s.size);
        memcpy(t.data, s.data, s.size);
        t.data[seed >> 8 & 127] ^= (uint8_t)seed;
        if (seed & 0x100)
            t.size = seed >> 12 & 255;
        piix3_ide_state(f.b.ide, &t);
        ide_board_enable(&f.b);
        for (unsigned i = 0; i < 600; i++)
            in(&f.b, DATA, 2);
        ide_wait(&f.b);
        free(t.data);
    }
    pci_bus_reset(f.b.bus);
    ide_board_enable(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    host_free(s.data);
    end(&f);
}
