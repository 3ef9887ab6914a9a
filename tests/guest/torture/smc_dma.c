// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code: hot code is overwritten by the IDE controller's bus master.
#include "smc.h"

/* The disk's sector n begins with MOV EAX,n; RET. */
enum { SECTOR = 512, PATIENCE = 20000000 };
enum { DATA = 0x1f0, COUNT = 0x1f2, LBA = 0x1f3, DEVICE = 0x1f6, STATUS = 0x1f7, READ_DMA = 0xc8 };

static struct {
    uint32_t address, size;
} regions[2] __attribute__((aligned(64)));
static uint16_t master; /* port of the bus master */

static uint32_t pci_read(unsigned reg)
{
    outl(0xcf8, 0x80000000u | 1 << 11 | 1 << 8 | reg);
    return inl(0xcfc);
}

static void pci_write(unsigned reg, uint32_t v)
{
    outl(0xcf8, 0x80000000u | 1 << 11 | 1 << 8 | reg);
    outl(0xcfc, v);
}

static bool find_controller(void)
{
    if (!CHECK(pci_read(0) == 0x70108086))
        return false;
    if ((pci_read(0x20) & 0xfffc) == 0)
        pci_write(0x20, 0xc000);
    pci_write(4, (pci_read(4) & 0xffff) | 5);
    master = pci_read(0x20) & 0xfffc;
    outb(DEVICE, 0xe0);
    return CHECK(inb(STATUS) & 0x40); /* a disk, and ready */
}

static void start(unsigned sector)
{
    outb(master, 0);
    outb(master + 2, 6);
    outl(master + 4, (uint32_t)regions);
    outb(DEVICE, 0xe0);
    outb(COUNT, 1);
    outb(LBA, (uint8_t)sector);
    outb(LBA + 1, (uint8_t)(sector >> 8));
    outb(LBA + 2, 0);
    outb(STATUS, READ_DMA);
    outb(master, 9);
}

static bool complete(void)
{
    unsigned n = 0;
    while (!(inb(master + 2) & 4) && n < PATIENCE)
        n++;
    bool ok = !(inb(STATUS) & 0x89) && n < PATIENCE;
    outb(master, 0);
    return CHECK(ok);
}

static void one_region(uint32_t to)
{
    regions[0].address = to;
    regions[0].size = 0x80000000u | SECTOR;
}

/* The sector's first bytes go to one page, the rest to another: an instruction is cut in two. */
static void two_regions(uint32_t first, uint32_t second)
{
    regions[0].address = first;
    regions[0].size = 2;
    regions[1].address = second;
    regions[1].size = 0x80000000u | (SECTOR - 2);
}

static bool load(unsigned sector)
{
    start(sector);
    return complete();
}

/* EAX: the code; ECX: what it is to return; EDX counts down. */
CODE(run_until,
     "push ebx; push esi; mov ebx, eax; mov esi, 400000000; 1: call ebx; cmp eax, ecx; je 2f;"
     "dec esi; jnz 1b; 2: pop esi; pop ebx; ret");

void smc_dma(void)
{
    if (!find_controller())
        return;
    for (unsigned n = 0; n < 150; n++) {
        unsigned sector = n * 13 % 2000 + 1;
        one_region(FRAME(58) + 0x200);
        if (!load(sector) ||
            !EQUAL(run_hot(PAGE(58) + 0x200, n % 10 ? 3 : HOT), sector * (n % 10 ? 3 : HOT)))
            return;
        EQUAL(call0(FRAME(58) + 0x200), sector);
        EQUAL(load32(PAGE(58) + 0x201), sector);
    }
    for (unsigned n = 0; n < 60; n++) {
        unsigned sector = n * 17 + 256;
        two_regions(FRAME(58) + 0xffe, FRAME(60));
        map(PAGE(59), FRAME(60), RWX);
        if (!load(sector) ||
            !EQUAL(run_hot(PAGE(58) + 0xffe, n % 10 ? 3 : HOT), sector * (n % 10 ? 3 : HOT)))
            return;
    }
    /* The code runs while it is overwritten, and asks no port. */
    for (unsigned n = 0; n < 40; n++) {
        unsigned sector = n + 1000;
        one_region(FRAME(62));
        if (n == 0 && !load(sector - 1))
            return;
        EQUAL(run_hot(PAGE(62), HOT), (sector - 1) * HOT);
        start(sector);
        EQUAL(call_code(run_until, PAGE(62), sector), sector);
        if (!complete())
            return;
        EQUAL(call0(PAGE(62)), sector);
    }
}
