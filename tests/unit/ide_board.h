// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// For the tests of IDE drives: a PIIX3 IDE function, RAM, and drives whose images lie in memory.
#ifndef TESTS_UNIT_IDE_BOARD_H
#define TESTS_UNIT_IDE_BOARD_H

#include <stdlib.h>

#include "base/bits.h"
#include "base/state.h"
#include "device/pci/piix3_ide.h"
#include "host/host.h"
#include "unit.h"

/* A back end in memory. Requests wait until ram_disk_run() (or the board's wait) ends them; with
 * BMBT_TEST_DISK=prompt reads end at once. */
struct ram_disk {
    struct block_backend base;
    uint8_t *data;
    struct block_request *pending;
    int fail;          /* what the next request answers; 0: it works */
    int reads, writes, flushes;
    bool prompt;
    uint64_t flushed_after; /* writes seen at the last flush */
};

static void ram_disk_run(struct ram_disk *disk);

static void ram_disk_submit(struct block_backend *b, struct block_request *request)
{
    struct ram_disk *disk = (struct ram_disk *)b;
    CHECK(disk->pending == NULL);
    disk->pending = request;
    if (disk->prompt && request->operation == BLOCK_READ)
        ram_disk_run(disk);
}

static void ram_disk_run(struct ram_disk *disk)
{
    struct block_request *r = disk->pending;
    int error = disk->fail;
    disk->pending = NULL;
    disk->fail = 0;
    disk->reads += r->operation == BLOCK_READ;
    disk->writes += r->operation == BLOCK_WRITE;
    disk->flushes += r->operation == BLOCK_FLUSH;
    if (r->operation == BLOCK_FLUSH)
        disk->flushed_after = (uint64_t)disk->writes;
    CHECK(r->offset + r->length <= disk->base.size);
    if (error == 0 && r->operation == BLOCK_READ)
        memcpy(r->buffer, disk->data + r->offset, r->length);
    if (error == 0 && r->operation == BLOCK_WRITE)
        memcpy(disk->data + r->offset, r->buffer, r->length);
    r->done(r, error);
}

static void ram_disk_drain(struct block_backend *b)
{
    struct ram_disk *disk = (struct ram_disk *)b;
    while (disk->pending != NULL)
        ram_disk_run(disk);
}

static void ram_disk_destroy(struct block_backend *b)
{
    (void)b;
}

static const struct block_backend_ops ram_disk_ops = {ram_disk_submit, ram_disk_drain,
                                                      ram_disk_destroy};

/* Sector n starts with n, little endian; the rest is n's low byte. */
static inline void ram_disk_create(struct ram_disk *disk, uint64_t size, unsigned sector)
{
    const char *kind = getenv("BMBT_TEST_DISK");
    *disk = (struct ram_disk){.base = {.ops = &ram_disk_ops, .size = size}};
    disk->prompt = kind != NULL && strcmp(kind, "prompt") == 0;
    disk->data = malloc(size);
    for (uint64_t at = 0; at < size; at += sector) {
        memset(disk->data + at, (int)(at / sector), MIN(sector, size - at));
        store_le32(disk->data + at, (uint32_t)(at / sector));
    }
}

struct ide_board {
    struct log log;
    struct memory *memory;
    struct pci_bus *bus;
    struct ram_block *ram;
    struct piix3_ide *ide;
    struct ram_disk *disk[4]; /* NULL: none */
    bool irq[2];
    int edges[2];
};

/* For a test that looks on while a request is under way. */
static inline void ide_board_disks_wait(struct ide_board *b)
{
    for (unsigned n = 0; n < 4; n++)
        if (b->disk[n] != NULL)
            b->disk[n]->prompt = false;
}

static void ide_board_irq(void *opaque, unsigned number, bool level)
{
    struct ide_board *b = opaque;
    b->edges[number - 14] += level && !b->irq[number - 14];
    b->irq[number - 14] = level;
}

static void out(struct ide_board *b, uint16_t port, unsigned size, uint32_t value)
{
    memory_write(b->memory, SPACE_PORTS, port, size, value);
}

static uint32_t in(struct ide_board *b, uint16_t port, unsigned size)
{
    uint64_t value;
    memory_read(b->memory, SPACE_PORTS, port, size, &value);
    return (uint32_t)value;
}

#define IDE_DEVFN PCI_DEVFN(1, 1)
#define BMBA 0xc000
#define RAM_SIZE MIB(4)

static inline uint32_t ide_config_read(struct ide_board *b, unsigned offset, unsigned size)
{
    out(b, 0xcf8, 4, 0x80000000u | IDE_DEVFN << 8 | (offset & 0xfc));
    return in(b, 0xcfc + (offset & 3), size);
}

static inline void ide_config_write(struct ide_board *b, unsigned offset, unsigned size,
                                    uint32_t value)
{
    out(b, 0xcf8, 4, 0x80000000u | IDE_DEVFN << 8 | (offset & 0xfc));
    out(b, 0xcfc + (offset & 3), size, value);
}

/* As firmware leaves it: both channels decoded, bus master registers at BMBA. */
static inline void ide_board_enable(struct ide_board *b)
{
    ide_config_write(b, 0x40, 4, 0x80008000);
    ide_config_write(b, 0x20, 4, BMBA);
    ide_config_write(b, 0x04, 2, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
}

static inline void ide_board_create(struct ide_board *b, struct ide_drive drives[4])
{
    struct irq_line irq[2];
    *b = (struct ide_board){0};
    for (unsigned n = 0; n < 2; n++)
        irq[n] = (struct irq_line){ide_board_irq, b, 14 + n};
    for (unsigned n = 0; n < 4; n++)
        b->disk[n] = (struct ram_disk *)drives[n].block;
    b->memory = memory_create(&b->log);
    b->bus = pci_bus_create(b->memory, &b->log);
    b->ram = ram_create(b->memory, "ram", RAM_SIZE);
    region_map_ram(b->memory, 1 << SPACE_MEMORY, "ram", b->ram, b->ram, 0, 0, RAM_SIZE, 0);
    b->ide = piix3_ide_create(b->bus, b->memory, &b->log, irq, drives);
    ide_board_enable(b);
}

static inline void ide_board_destroy(struct ide_board *b)
{
    piix3_ide_destroy(b->ide);
    pci_bus_destroy(b->bus);
    memory_destroy(b->memory);
    for (unsigned n = 0; n < 4; n++) {
        if (b->disk[n] != NULL)
            free(b->disk[n]->data);
    }
}

/* Let the drives' back ends end what they were asked, until none has anything left. */
static inline void ide_wait(struct ide_board *b)
{
    bool any = true;
    while (any) {
        any = false;
        for (unsigned n = 0; n < 4; n++) {
            if (b->disk[n] != NULL && b->disk[n]->pending != NULL) {
                ram_disk_run(b->disk[n]);
                any = true;
            }
        }
    }
}

/* One PRD table at 1000h: pieces of RAM from 100000h on, in descending order so that a mix-up
 * shows. */
static inline void put_prd(struct ide_board *b, unsigned n, uint32_t address, uint32_t length,
                           bool last)
{
    store_le32(b->ram->host + 0x1000 + 8 * n, address);
    store_le32(b->ram->host + 0x1000 + 8 * n + 4, (length & 0xffff) | (last ? 0x80000000u : 0));
}

#endif
