// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The CD-ROM drive: packets by PIO and DMA, sense data, medium changes, what it says of itself and
// its disc.
#include "ide_board.h"

/* Secondary master, as the board has it. */
enum { DATA = 0x170, ERROR, COUNT, LOW, MID, HIGH, DEVICE, STATUS, CONTROL = 0x376 };
enum { BSY = 0x80, DRDY = 0x40, DSC = 0x10, DRQ = 0x08, ERR = 0x01 };
#define READY (DRDY | DSC)
#define SECTORS 1000

struct fixture {
    struct ide_board b;
    struct ram_disk disc;
    uint8_t reply[70000];
    unsigned length; /* of the reply */
    unsigned bursts;
    unsigned change_at; /* the burst in which the medium changes; 0: none */
};

static void start_size(struct fixture *f, uint64_t size)
{
    struct ide_drive drives[4] = {0};
    if (size != 0)
        ram_disk_create(&f->disc, size, 2048);
    else
        f->disc = (struct ram_disk){.base = {.ops = &ram_disk_ops}};
    f->disc.base.removable = true;
    f->change_at = 0;
    drives[2] = (struct ide_drive){.block = &f->disc.base, .cdrom = true};
    ide_board_create(&f->b, drives);
}

/* Sends a packet; collects what comes by PIO. True if it ended without a check condition. */
static bool packet_limit(struct fixture *f, const uint8_t packet[12], unsigned limit)
{
    struct ide_board *b = &f->b;
    out(b, DEVICE, 1, 0xa0);
    out(b, ERROR, 1, 0);
    out(b, MID, 1, limit & 0xff);
    out(b, HIGH, 1, limit >> 8);
    b->edges[1] = 0;
    out(b, STATUS, 1, 0xa0);
    CHECK_EQ(in(b, STATUS, 1), READY | DRQ);
    CHECK_EQ(in(b, COUNT, 1) & 3, 1);
    CHECK_EQ(b->edges[1], 0);
    for (unsigned i = 0; i < 12; i += 2)
        out(b, DATA, 2, load_le16(packet + i));
    f->length = f->bursts = 0;
    for (;;) {
        unsigned burst;
        ide_wait(b);
        CHECK(b->irq[1]);
        if (!(in(b, STATUS, 1) & DRQ))
            break;
        CHECK_EQ(in(b, COUNT, 1) & 3, 2);
        burst = in(b, MID, 1) | in(b, HIGH, 1) << 8;
        CHECK(burst > 0 && (limit == 0xffff || burst <= limit || limit < 2));
        if (++f->bursts == f->change_at)
            f->disc.base.media_changed(f->disc.base.opaque);
        for (unsigned i = 0; i < burst; i += 2) {
            uint16_t word = (uint16_t)in(b, DATA, 2);
            if (f->length + i + 1 < sizeof f->reply)
                store_le16(f->reply + f->length + i, word);
        }
        f->length += burst;
    }
    CHECK_EQ(in(b, COUNT, 1) & 3, 3);
    return !(in(b, STATUS, 1) & ERR);
}

static bool packet(struct fixture *f, const uint8_t bytes[12])
{
    return packet_limit(f, bytes, 0xfffe);
}

#define PACKET(f, ...) packet(f, (const uint8_t[12]){__VA_ARGS__})

/* Key, code and qualifier as REQUEST SENSE gives them: 0xkccqq. */
static uint32_t sense(struct fixture *f)
{
    CHECK(PACKET(f, 0x03, 0, 0, 0, 18));
    CHECK_EQ(f->length, 18);
    CHECK_EQ(f->reply[0], 0x70);
    return (uint32_t)f->reply[2] << 16 | f->reply[12] << 8 | f->reply[13];
}

/* After the power-on attention. */
static void start(struct fixture *f)
{
    start_size(f, SECTORS * 2048);
    PACKET(f, 0x00);
    sense(f);
}

static void end(struct fixture *f)
{
    ide_board_destroy(&f->b);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

TEST(signature_and_identify)
{
    struct fixture f;
    start_size(&f, SECTORS * 2048);
    CHECK_EQ(in(&f.b, STATUS, 1), 0);
    CHECK_EQ(in(&f.b, MID, 1), 0x14);
    CHECK_EQ(in(&f.b, HIGH, 1), 0xeb);
    out(&f.b, MID, 1, 0);
    out(&f.b, STATUS, 1, 0xec);
    CHECK_EQ(in(&f.b, STATUS, 1) & ERR, ERR);
    CHECK_EQ(in(&f.b, ERROR, 1), 4);
    CHECK_EQ(in(&f.b, MID, 1), 0x14);
    CHECK_EQ(in(&f.b, HIGH, 1), 0xeb);
    out(&f.b, STATUS, 1, 0xa1);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    CHECK_EQ(in(&f.b, DATA, 2), 0x85c0);
    for (unsigned n = 1; n < 256; n++)
        in(&f.b, DATA, 2);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    end(&f);
}

/* Alone on its channel it does not show its signature for the absent slave. */
TEST(no_ghost_of_a_slave)
{
    struct fixture f;
    start_size(&f, SECTORS * 2048);
    out(&f.b, CONTROL, 1, 4);
    out(&f.b, CONTROL, 1, 0);
    out(&f.b, DEVICE, 1, 0xb0);
    for (uint16_t port = DATA; port <= STATUS; port++)
        CHECK_EQ(in(&f.b, port, 1), 0);
    CHECK_EQ(in(&f.b, DATA, 2), 0);
    CHECK_EQ(in(&f.b, CONTROL, 1), 0);
    out(&f.b, STATUS, 1, 0xa1);
    CHECK_EQ(in(&f.b, STATUS, 1), 0);
    CHECK_EQ(f.b.edges[1], 0);
    out(&f.b, DEVICE, 1, 0xa0);
    CHECK_EQ(in(&f.b, ERROR, 1), 1);
    CHECK_EQ(in(&f.b, COUNT, 1), 1);
    CHECK_EQ(in(&f.b, LOW, 1), 1);
    CHECK_EQ(in(&f.b, MID, 1), 0x14);
    CHECK_EQ(in(&f.b, HIGH, 1), 0xeb);
    CHECK_EQ(in(&f.b, DEVICE, 1), 0xa0);
    end(&f);
}

TEST(power_on_attention)
{
    struct fixture f;
    start_size(&f, SECTORS * 2048);
    CHECK(PACKET(&f, 0x12, 0, 0, 0, 36)); /* INQUIRY does not take it */
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(in(&f.b, ERROR, 1) >> 4, 6);
    CHECK_EQ(sense(&f), 0x62900);
    CHECK_EQ(sense(&f), 0);
    CHECK(PACKET(&f, 0x00));
    end(&f);
}

TEST(inquiry)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0x12, 0, 0, 0, 36));
    CHECK_EQ(f.length, 36);
    CHECK_EQ(f.reply[0], 0x05);
    CHECK_EQ(f.reply[1], 0x80);
    CHECK(memcmp(f.reply + 8, "BMBT    BMBT DVD-ROM    ", 24) == 0);
    CHECK(PACKET(&f, 0x12, 0, 0, 0, 5));
    CHECK_EQ(f.length, 5);
    CHECK(PACKET(&f, 0x12, 0, 0, 0, 0));
    CHECK_EQ(f.length, 0);
    CHECK(!PACKET(&f, 0x12, 1, 0x80, 0, 36));
    CHECK_EQ(sense(&f), 0x52400);
    end(&f);
}

TEST(read_capacity)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0x25));
    CHECK_EQ(f.length, 8);
    CHECK_EQ(be32(f.reply), SECTORS - 1);
    CHECK_EQ(be32(f.reply + 4), 2048);
    end(&f);
}

TEST(read_10_and_12)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0x28, 0, 0, 0, 1, 2, 0, 0, 3));
    CHECK_EQ(f.length, 3 * 2048);
    CHECK_EQ(load_le32(f.reply + 2048), 0x103);
    CHECK_EQ(f.bursts, 1);
    CHECK(packet_limit(&f, (const uint8_t[12]){0x28, 0, 0, 0, 0, 7, 0, 0, 2}, 2048));
    CHECK_EQ(f.bursts, 2);
    CHECK_EQ(load_le32(f.reply + 2048), 8);
    /* An odd limit: bursts are even. */
    CHECK(packet_limit(&f, (const uint8_t[12]){0xa8, 0, 0, 0, 0, 9, 0, 0, 0, 1}, 1001));
    CHECK_EQ(f.bursts, 3);
    CHECK_EQ(f.length, 2048);
    CHECK_EQ(load_le32(f.reply), 9);
    CHECK_EQ(f.reply[2047], 9);
    CHECK(PACKET(&f, 0x28, 0, 0, 0, 0, 0, 0, 0, 0));
    CHECK_EQ(f.length, 0);
    end(&f);
}

TEST(read_beyond_the_end)
{
    struct fixture f;
    start(&f);
    CHECK(!PACKET(&f, 0x28, 0, 0, 0, 3, 0xe7, 0, 0, 2));
    CHECK_EQ(in(&f.b, ERROR, 1) >> 4, 5);
    CHECK_EQ(sense(&f), 0x52100);
    CHECK(PACKET(&f, 0x28, 0, 0, 0, 3, 0xe7, 0, 0, 1));
    CHECK(!PACKET(&f, 0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1));
    f.disc.fail = -5;
    CHECK(!PACKET(&f, 0x28, 0, 0, 0, 0, 0, 0, 0, 1));
    CHECK_EQ(sense(&f), 0x31100);
    end(&f);
}

/* A read of 200 sectors by DMA: several chunks, one interrupt. */
TEST(dma_read)
{
    static const uint8_t read[12] = {0x28, 0, 0, 0, 0, 100, 0, 0, 200};
    struct fixture f;
    start(&f);
    for (unsigned n = 0; n < 7; n++)
        put_prd(&f.b, n, 0x100000 + n * 0x10000,
                200 * 2048 - n * 0x10000 < 0x10000 ? 200 * 2048 - n * 0x10000 : 0, n == 6);
    out(&f.b, BMBA + 8 + 4, 4, 0x1000);
    out(&f.b, BMBA + 8, 1, 8);
    f.b.edges[1] = 0;
    out(&f.b, ERROR, 1, 1);
    out(&f.b, STATUS, 1, 0xa0);
    for (unsigned i = 0; i < 12; i += 2)
        out(&f.b, DATA, 2, load_le16(read + i));
    out(&f.b, BMBA + 8, 1, 9);
    ide_wait(&f.b);
    CHECK_EQ(f.b.edges[1], 1);
    CHECK_EQ(in(&f.b, BMBA + 8 + 2, 1) & 7, 4);
    CHECK_EQ(in(&f.b, STATUS, 1), READY);
    CHECK_EQ(in(&f.b, COUNT, 1) & 3, 3);
    for (unsigned n = 0; n < 200; n++)
        CHECK_EQ(load_le32(f.b.ram->host + 0x100000 + n * 2048), 100 + n);
    end(&f);
}

TEST(zero_byte_limit)
{
    struct fixture f;
    start(&f);
    CHECK(!packet_limit(&f, (const uint8_t[12]){0x25}, 0));
    CHECK_EQ(in(&f.b, ERROR, 1), 4);
    CHECK(packet_limit(&f, (const uint8_t[12]){0x00}, 0));
    end(&f);
}

TEST(read_toc)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0x43, 0, 0, 0, 0, 0, 0, 0, 100));
    CHECK_EQ(f.length, 20);
    CHECK_EQ(f.reply[1], 18);
    CHECK_EQ(f.reply[2], 1);
    CHECK_EQ(f.reply[3], 1);
    CHECK_EQ(f.reply[5], 0x14);
    CHECK_EQ(be32(f.reply + 8), 0);
    CHECK_EQ(f.reply[14], 0xaa);
    CHECK_EQ(be32(f.reply + 16), SECTORS);
    /* From the lead-out, in minutes: 1000 + 150 frames are 0:15:25. */
    CHECK(PACKET(&f, 0x43, 2, 0, 0, 0, 0, 0xaa, 0, 100));
    CHECK_EQ(f.length, 12);
    CHECK_EQ(be32(f.reply + 8), 0x000f19);
    CHECK(PACKET(&f, 0x43, 0, 1, 0, 0, 0, 0, 0, 12));
    CHECK_EQ(f.length, 12);
    CHECK_EQ(f.reply[6], 1);
    CHECK(PACKET(&f, 0x43, 2, 2, 0, 0, 0, 0, 0, 100));
    CHECK_EQ(f.length, 4 + 4 * 11);
    CHECK_EQ(f.reply[4 + 22 + 3], 0xa2);
    CHECK_EQ(f.reply[4 + 22 + 9], 15);
    CHECK(!PACKET(&f, 0x43, 0, 0, 0, 0, 0, 2, 0, 100));
    CHECK_EQ(sense(&f), 0x52400);
    CHECK(!PACKET(&f, 0x43, 0, 5, 0, 0, 0, 0, 0, 100));
    end(&f);
}

TEST(mode_sense)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 128));
    CHECK_EQ(f.length, 8 + 22);
    CHECK_EQ(f.reply[1], 28);
    CHECK_EQ(f.reply[8], 0x2a);
    CHECK(PACKET(&f, 0x1a, 0, 0x01, 0, 24));
    CHECK_EQ(f.reply[0], f.length - 1);
    CHECK_EQ(f.reply[4], 0x01);
    CHECK(PACKET(&f, 0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 128));
    CHECK_EQ(f.length, 8 + 8 + 16 + 22);
    CHECK(!PACKET(&f, 0x5a, 0, 0x05, 0, 0, 0, 0, 0, 128));
    CHECK_EQ(sense(&f), 0x52400);
    CHECK(!PACKET(&f, 0x5a, 0, 0xea, 0, 0, 0, 0, 0, 128));
    CHECK_EQ(sense(&f), 0x53900);
    end(&f);
}

TEST(get_configuration)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0x46, 0, 0, 0, 0, 0, 0, 1, 0));
    CHECK_EQ(be32(f.reply), f.length - 4);
    CHECK_EQ(f.reply[7], 0x08);
    CHECK_EQ(f.reply[8 + 3], 8);
    CHECK(PACKET(&f, 0x46, 2, 0, 0x10, 0, 0, 0, 1, 0));
    CHECK_EQ(f.length, 8 + 12);
    CHECK_EQ(f.reply[10] & 1, 1);
    CHECK(PACKET(&f, 0x46, 2, 0, 0x1f, 0, 0, 0, 1, 0));
    CHECK_EQ(f.reply[10] & 1, 0);
    CHECK(PACKET(&f, 0x46, 0, 0, 0, 0, 0, 0, 0, 8));
    CHECK_EQ(f.length, 8);
    end(&f);
}

TEST(disc_and_track_information)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0x51, 0, 0, 0, 0, 0, 0, 0, 34));
    CHECK_EQ(f.length, 34);
    CHECK_EQ(f.reply[2], 0x0e);
    CHECK(PACKET(&f, 0x52, 1, 0, 0, 0, 1, 0, 0, 36));
    CHECK_EQ(be32(f.reply + 24), SECTORS);
    CHECK(!PACKET(&f, 0x52, 1, 0, 0, 0, 2, 0, 0, 36));
    CHECK(PACKET(&f, 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8));
    CHECK_EQ(f.length, 8);
    CHECK(!PACKET(&f, 0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4));
    CHECK_EQ(sense(&f), 0x53002);
    end(&f);
}

TEST(read_cd)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0xbe, 0, 0, 0, 0, 20, 0, 0, 2, 0x10));
    CHECK_EQ(f.length, 2 * 2048);
    CHECK_EQ(load_le32(f.reply + 2048), 21);
    /* All of it: synchronization, header 0:02:20 mode 1, data, check bytes. */
    CHECK(PACKET(&f, 0xbe, 0, 0, 0, 0, 20, 0, 0, 3, 0xf8));
    CHECK_EQ(f.length, 3 * 2352);
    CHECK_EQ(f.reply[0], 0);
    CHECK_EQ(f.reply[1], 0xff);
    CHECK_EQ(f.reply[11], 0);
    CHECK_EQ(be32(f.reply + 12), 0x00022001);
    CHECK_EQ(load_le32(f.reply + 16), 20);
    CHECK_EQ(be32(f.reply + 2 * 2352 + 12), 0x00022201);
    CHECK_EQ(load_le32(f.reply + 2 * 2352 + 16), 22);
    CHECK_EQ(f.reply[2 * 2352 + 16 + 2047], 22);
    /* Headers only; by minutes. */
    CHECK(PACKET(&f, 0xb9, 0, 0, 0, 2, 5, 0, 2, 8, 0x20));
    CHECK_EQ(f.length, 3 * 4);
    CHECK_EQ(be32(f.reply + 8), 0x00020701);
    CHECK(!PACKET(&f, 0xbe, 0x04, 0, 0, 0, 20, 0, 0, 2, 0x10));
    CHECK_EQ(sense(&f), 0x56400);
    end(&f);
}

TEST(unknown_packets)
{
    struct fixture f;
    start(&f);
    CHECK(!PACKET(&f, 0xff));
    CHECK_EQ(sense(&f), 0x52000);
    CHECK(!PACKET(&f, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1));
    CHECK_EQ(sense(&f), 0x52000);
    out(&f.b, ERROR, 1, 2); /* overlap */
    out(&f.b, STATUS, 1, 0xa0);
    CHECK_EQ(in(&f.b, ERROR, 1), 4);
    end(&f);
}

TEST(empty_drive)
{
    struct fixture f;
    start_size(&f, 0);
    PACKET(&f, 0x00);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x23a00);
    CHECK(!PACKET(&f, 0x25));
    CHECK(PACKET(&f, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
    CHECK_EQ(f.reply[5] & 3, 0);
    CHECK(PACKET(&f, 0x46, 0, 0, 0, 0, 0, 0, 1, 0));
    CHECK_EQ(f.reply[7], 0);
    f.b.disk[2] = NULL;
    end(&f);
}

TEST(no_backend_at_all)
{
    struct ide_drive drives[4] = {[2] = {.cdrom = true}};
    struct fixture f = {0};
    ide_board_create(&f.b, drives);
    PACKET(&f, 0x00);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x23a00);
    end(&f);
}

TEST(tray_and_lock)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0x1e, 0, 0, 0, 1));
    CHECK(!PACKET(&f, 0x1b, 0, 0, 0, 2));
    CHECK_EQ(sense(&f), 0x25302);
    CHECK(PACKET(&f, 0x1e, 0, 0, 0, 0));
    CHECK(PACKET(&f, 0x1b, 0, 0, 0, 2));
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x23a02);
    CHECK(PACKET(&f, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
    CHECK_EQ(f.reply[5] & 3, 1);
    CHECK(PACKET(&f, 0x1b, 0, 0, 0, 3));
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x00));
    end(&f);
}

TEST(reset_leaves_the_tray_open)
{
    struct fixture f;
    start(&f);
    CHECK(PACKET(&f, 0x1b, 0, 0, 0, 2));
    CHECK(PACKET(&f, 0x1e, 0, 0, 0, 1));
    pci_bus_reset(f.b.bus);
    ide_board_enable(&f.b);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62900);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x23a02);
    CHECK(PACKET(&f, 0x1b, 0, 0, 0, 3));
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x00));
    CHECK(PACKET(&f, 0x1b, 0, 0, 0, 2)); /* the lock is gone */
    end(&f);
}

TEST(medium_change)
{
    struct fixture f;
    start(&f);
    f.disc.base.size = 500 * 2048;
    f.disc.base.media_changed(f.disc.base.opaque);
    CHECK(!PACKET(&f, 0x25));
    CHECK_EQ(sense(&f), 0x23a00);
    CHECK(!PACKET(&f, 0x25));
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x25));
    CHECK_EQ(be32(f.reply), 499);
    CHECK(PACKET(&f, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
    CHECK_EQ(f.reply[4], 2);
    CHECK_EQ(f.reply[5] & 3, 2);
    CHECK(PACKET(&f, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
    CHECK_EQ(f.reply[4], 0);
    f.disc.base.size = 0;
    f.disc.base.media_changed(f.disc.base.opaque);
    CHECK(!PACKET(&f, 0x28, 0, 0, 0, 0, 0, 0, 0, 1));
    CHECK_EQ(sense(&f), 0x23a00);
    end(&f);
}

static void put_disc(struct fixture *f, uint64_t sectors)
{
    f->disc.base.size = sectors * 2048;
    f->disc.base.media_changed(f->disc.base.opaque);
}

/* Event and media status as GET EVENT STATUS NOTIFICATION gives them. */
static uint32_t media_event(struct fixture *f)
{
    CHECK(PACKET(f, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
    return (uint32_t)f->reply[4] << 8 | f->reply[5];
}

/* Windows XP takes a disc for a new one only after it has found none. */
TEST(change_shows_an_empty_drive_first)
{
    struct fixture f;
    start(&f);
    put_disc(&f, 500);
    put_disc(&f, 600);
    CHECK(PACKET(&f, 0x46, 0, 0, 0, 0, 0, 0, 1, 0));
    CHECK_EQ(f.reply[7], 0); /* no profile is current */
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x23a00);
    CHECK_EQ(media_event(&f), 0x202);
    put_disc(&f, 500); /* which it does not know of yet: it knows that there was none */
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x25));
    CHECK_EQ(be32(f.reply), 499);
    end(&f);
}

TEST(disc_taken_out_and_put_in_unseen)
{
    struct fixture f;
    start(&f);
    put_disc(&f, 0);
    put_disc(&f, 500);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x23a00);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x00));
    put_disc(&f, 0);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x23a00);
    CHECK(!PACKET(&f, 0x00));
    put_disc(&f, 500); /* this time it has seen */
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x00));
    end(&f);
}

/* A driver that asks for events alone. */
TEST(change_by_events)
{
    struct fixture f;
    start(&f);
    put_disc(&f, 500);
    CHECK_EQ(media_event(&f), 0x300);
    CHECK_EQ(media_event(&f), 0x202);
    CHECK_EQ(media_event(&f), 0x002);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x00));
    put_disc(&f, 600);
    CHECK_EQ(media_event(&f), 0x300);
    CHECK(!PACKET(&f, 0x00)); /* Linux looks at once: it has been told, and reads after this */
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x00));
    CHECK_EQ(media_event(&f), 0x202);
    end(&f);
}

/* The firmware knows no disc before its first look: it finds the one that was put in before. */
TEST(change_before_the_first_command)
{
    struct fixture f;
    start_size(&f, SECTORS * 2048);
    put_disc(&f, 500);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(in(&f.b, ERROR, 1) >> 4, 6);
    CHECK(PACKET(&f, 0x00));
    put_disc(&f, 600);
    CHECK(PACKET(&f, 0x1b, 0, 0, 0, 2)); /* ejected: seen to be gone */
    CHECK(PACKET(&f, 0x1b, 0, 0, 0, 3));
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x00));
    put_disc(&f, 500);
    pci_bus_reset(f.b.bus);
    ide_board_enable(&f.b);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62900);
    CHECK(PACKET(&f, 0x00));
    end(&f);
}

TEST(medium_change_while_reading)
{
    struct fixture f;
    start(&f);
    f.change_at = 1;
    CHECK(!PACKET(&f, 0x28, 0, 0, 0, 0, 0, 0, 0, 200));
    CHECK(f.length < 200 * 2048);
    f.change_at = 0;
    CHECK_EQ(sense(&f), 0x23a00);
    CHECK(!PACKET(&f, 0x28, 0, 0, 0, 0, 0, 0, 0, 1));
    CHECK_EQ(sense(&f), 0x62800);
    CHECK(PACKET(&f, 0x28, 0, 0, 0, 0, 0, 0, 0, 1));
    end(&f);
}

/* 5000 bytes: three sectors, the last one's end reads as zeros. */
TEST(odd_tail)
{
    struct fixture f;
    start_size(&f, 5120);
    PACKET(&f, 0x00);
    CHECK(PACKET(&f, 0x25));
    CHECK_EQ(be32(f.reply), 2);
    CHECK(PACKET(&f, 0x28, 0, 0, 0, 0, 2, 0, 0, 1));
    CHECK_EQ(f.reply[1023], 2);
    CHECK_EQ(f.reply[1024], 0);
    CHECK_EQ(f.reply[2047], 0);
    end(&f);
}

TEST(device_reset)
{
    struct fixture f;
    start(&f);
    PACKET(&f, 0x1b, 0, 0, 0, 2);
    out(&f.b, STATUS, 1, 0xa0);
    CHECK_EQ(in(&f.b, STATUS, 1), READY | DRQ);
    f.b.edges[1] = 0;
    out(&f.b, STATUS, 1, 0x08);
    CHECK_EQ(in(&f.b, STATUS, 1), 0);
    CHECK_EQ(in(&f.b, ERROR, 1), 1);
    CHECK_EQ(in(&f.b, MID, 1), 0x14);
    CHECK_EQ(f.b.edges[1], 0);
    CHECK(!PACKET(&f, 0x00)); /* the tray stays open */
    CHECK_EQ(sense(&f), 0x23a02);
    end(&f);
}

TEST(device_reset_while_reading)
{
    static const uint8_t read[12] = {0x28, 0, 0, 0, 0, 0, 0, 0, 1};
    struct fixture f;
    start(&f);
    ide_board_disks_wait(&f.b);
    out(&f.b, STATUS, 1, 0xa0);
    for (unsigned i = 0; i < 12; i += 2)
        out(&f.b, DATA, 2, load_le16(read + i));
    f.b.edges[1] = 0;
    CHECK_EQ(in(&f.b, STATUS, 1), BSY);
    out(&f.b, STATUS, 1, 0x08);
    CHECK_EQ(in(&f.b, STATUS, 1), BSY);
    ide_wait(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), 0);
    CHECK_EQ(f.b.edges[1], 0);
    CHECK(PACKET(&f, 0x00));
    end(&f);
}

TEST(state_between_bursts)
{
    static const uint8_t read[12] = {0x28, 0, 0, 0, 0, 50, 0, 0, 70};
    struct fixture f, g;
    struct state s = {0};
    start(&f);
    out(&f.b, ERROR, 1, 0);
    out(&f.b, MID, 1, 0x00);
    out(&f.b, HIGH, 1, 0x08);
    out(&f.b, STATUS, 1, 0xa0);
    for (unsigned i = 0; i < 12; i += 2)
        out(&f.b, DATA, 2, load_le16(read + i));
    ide_wait(&f.b);
    for (unsigned i = 0; i < 1024; i++)
        in(&f.b, DATA, 2);
    piix3_ide_state(f.b.ide, &s);
    start(&g);
    s.loading = true;
    piix3_ide_state(g.b.ide, &s);
    CHECK(!s.failed);
    for (unsigned n = 1; n < 70; n++) {
        CHECK_EQ(in(&g.b, STATUS, 1), READY | DRQ);
        CHECK_EQ(in(&g.b, DATA, 4), 50 + n);
        for (unsigned i = 2; i < 1024; i++)
            in(&g.b, DATA, 2);
        ide_wait(&g.b);
    }
    CHECK_EQ(in(&g.b, STATUS, 1), READY);
    host_free(s.data);
    end(&f);
    end(&g);
}

/* Random packets: whatever they ask, the drive ends them and answers the next. */
TEST(random_packets)
{
    struct fixture f;
    uint32_t seed = 4711;
    start(&f);
    for (unsigned n = 0; n < 3000; n++) {
        uint8_t bytes[12];
        for (unsigned i = 0; i < 12; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = seed >> 29 == 0 ? (uint8_t)(seed >> 16) : (uint8_t)((seed >> 16) & 3);
            if (i == 0)
                bytes[0] = (uint8_t)(seed >> 20);
        }
        if (bytes[0] == 0xa8 || bytes[0] == 0x28 || bytes[0] == 0xbe || bytes[0] == 0xb9)
            bytes[6] = bytes[7] = 0; /* few sectors, or the test takes long */
        packet_limit(&f, bytes, 0x8000);
    }
    packet(&f, (const uint8_t[12]){0x1b, 0, 0, 0, 3});
    packet(&f, (const uint8_t[12]){0x1e});
    packet(&f, (const uint8_t[12]){0x00});
    CHECK(PACKET(&f, 0x12, 0, 0, 0, 36));
    end(&f);
}

/* A saved state with bytes changed is refused or loads; then a reset still works. */
TEST(damaged_state)
{
    static const uint8_t read[12] = {0x28, 0, 0, 0, 0, 50, 0, 0, 70};
    struct fixture f;
    struct state s = {0};
    uint32_t seed = 11;
    start(&f);
    out(&f.b, MID, 1, 0x00);
    out(&f.b, HIGH, 1, 0x08);
    out(&f.b, STATUS, 1, 0xa0);
    for (unsigned i = 0; i < 12; i += 2)
        out(&f.b, DATA, 2, load_le16(read + i));
    ide_wait(&f.b);
    piix3_ide_state(f.b.ide, &s);
    for (unsigned n = 0; n < 300; n++) {
        struct state t = {.loading = true, .size = s.size};
        seed = seed * 1664525 + 1013904223;
        t.data = malloc(s.size);
        memcpy(t.data, s.data, s.size);
        /* The registers before the drive's buffer, or its own fields after it. */
        t.data[n & 1 ? seed >> 8 & 127 : s.size - 500 + (seed >> 8) % 250] ^= (uint8_t)seed;
        piix3_ide_state(f.b.ide, &t);
        ide_board_enable(&f.b);
        for (unsigned i = 0; i < 3000; i++)
            in(&f.b, DATA, 2);
        ide_wait(&f.b);
        free(t.data);
    }
    pci_bus_reset(f.b.bus);
    ide_board_enable(&f.b);
    CHECK_EQ(in(&f.b, STATUS, 1), 0);
    CHECK(!PACKET(&f, 0x00));
    CHECK_EQ(sense(&f), 0x62900);
    host_free(s.data);
    end(&f);
}
