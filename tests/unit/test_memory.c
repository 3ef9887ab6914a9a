// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The memory map: what shows where, how accesses are split, who hears of stores.
#include "memory/memory.h"

#include <stdlib.h>

#include "host/host.h"
#include "unit.h"

#define MEMORY (1u << SPACE_MEMORY)
#define SMM    (1u << SPACE_SMM)
#define PORTS  (1u << SPACE_PORTS)

static const struct log quiet = { 0 };

/* A chip that writes down what it is asked. */
struct probe {
    char calls[256];
    uint64_t answer;
    bool refuse;
    struct host_lock *lock; /* to be held in each call */
    struct region *move;    /* unmapped by the next write */
};

static void record(struct probe *p, char kind, uint64_t offset, unsigned size, uint64_t value)
{
    size_t n = strlen(p->calls);
    if (p->lock != NULL)
        CHECK(host_lock_held(p->lock));
    if (kind == 'r')
        snprintf(p->calls + n, sizeof p->calls - n, "r%u@%" PRIx64 " ", size, offset);
    else
        snprintf(p->calls + n, sizeof p->calls - n, "w%u@%" PRIx64 "=%" PRIx64 " ", size, offset,
                 value);
}

static bool probe_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct probe *p = opaque;
    record(p, 'r', offset, size, 0);
    *value = p->answer >> (8 * (offset % 8));
    return !p->refuse;
}

static bool probe_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct probe *p = opaque;
    record(p, 'w', offset, size, value);
    if (p->move != NULL) {
        region_unmap(p->move);
        p->move = NULL;
    }
    return !p->refuse;
}

#define DESC(id, bytes, low, high)                                                                 \
    static const struct region_desc id = { #id, bytes, low, high, probe_read, probe_write }

static bool called(struct probe *p, const char *calls)
{
    bool same = strcmp(p->calls, calls) == 0;
    if (!same)
        fprintf(stderr, "called \"%s\", not \"%s\"\n", p->calls, calls);
    p->calls[0] = '\0';
    return same;
}

static uint64_t read_at(struct memory *m, enum memory_space space, uint64_t address, unsigned size)
{
    uint64_t value = 0x5555;
    memory_read(m, space, address, size, &value);
    return value;
}

TEST(ram_reads_what_was_written)
{
    struct memory *m = memory_create(&quiet);
    struct ram_block *ram = ram_create(m, "pc.ram", 0x10000);
    region_map_ram(m, MEMORY | SMM, "ram", ram, ram, 0, 0, 0x10000, 0);
    CHECK(memory_write(m, SPACE_MEMORY, 0x1ffd, 8, UINT64_C(0x1122334455667788)));
    CHECK_EQ(read_at(m, SPACE_SMM, 0x1ffd, 8), UINT64_C(0x1122334455667788));
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1ffe, 2), 0x6677);
    CHECK_EQ(ram->host[0x1ffd], 0x88);
    uint64_t value;
    CHECK(!memory_read(m, SPACE_MEMORY, 0xfffe, 4, &value)); /* half of it lies past the end */
    CHECK_EQ(value, 0xffff0000);
    CHECK(!memory_read(m, SPACE_MEMORY, 0x10000, 1, &value));
    CHECK_EQ(value, 0xff);
    CHECK(!memory_write(m, SPACE_PORTS, 0, 1, 0));
    memory_destroy(m);
}

TEST(priorities_and_order)
{
    DESC(low, 0x100, 1, 4);
    DESC(high, 0x10, 1, 4);
    DESC(later, 0x100, 1, 4);
    struct memory *m = memory_create(&quiet);
    struct probe a = { .answer = 0xaa }, b = { .answer = 0xbb }, c = { .answer = 0xcc };
    struct region *top = region_map_io(m, MEMORY, &high, &b, 0x1040, 1);
    region_map_io(m, MEMORY, &low, &a, 0x1000, 0);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x103f, 1), 0);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1040, 1), 0xbb);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1048, 1), 0xbb);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1050, 1), 0xaa);
    CHECK(called(&a, "r1@3f r1@50 "));
    /* Equal priority: the later one shows. */
    struct region *over = region_map_io(m, MEMORY, &later, &c, 0x1000, 0);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1050, 1), 0xcc);
    region_set_enabled(over, false);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1050, 1), 0xaa);
    region_set_base(top, 0x1080);
    CHECK_EQ(region_base(top), 0x1080);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1040, 1), 0xaa);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1080, 1), 0xbb);
    region_unmap(top);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1080, 1), 0xaa);
    memory_destroy(m);
}

/* CF8 takes dwords alone, CF9 shows above it and takes bytes (i440FX and PIIX3 data sheets). */
TEST(overlap_cf8_cf9)
{
    DESC(address, 4, 4, 4);
    DESC(reset, 1, 1, 1);
    struct memory *m = memory_create(&quiet);
    struct probe cf8 = { .answer = 0x80001234 }, cf9 = { .answer = 0x06 };
    region_map_io(m, PORTS, &address, &cf8, 0xcf8, 0);
    region_map_io(m, PORTS, &reset, &cf9, 0xcf9, 1);
    CHECK_EQ(read_at(m, SPACE_PORTS, 0xcf8, 4), 0x80001234);
    CHECK(called(&cf8, "r4@0 "));
    CHECK(memory_write(m, SPACE_PORTS, 0xcf8, 4, 0x80000000));
    CHECK(called(&cf8, "w4@0=80000000 "));
    CHECK(called(&cf9, ""));
    CHECK_EQ(read_at(m, SPACE_PORTS, 0xcf9, 1), 0x06);
    CHECK(memory_write(m, SPACE_PORTS, 0xcf9, 1, 0x06));
    CHECK(called(&cf9, "r1@0 w1@0=6 "));
    CHECK_EQ(read_at(m, SPACE_PORTS, 0xcf8, 1), 0xff);
    CHECK_EQ(read_at(m, SPACE_PORTS, 0xcfa, 2), 0xffff);
    CHECK(called(&cf8, ""));
    memory_destroy(m);
}

TEST(splits)
{
    DESC(bytes, 4, 1, 1);
    DESC(words, 8, 2, 2);
    DESC(dwords, 8, 1, 4);
    struct memory *m = memory_create(&quiet);
    struct probe b = { .answer = 0x44332211 }, w = { .answer = UINT64_C(0x8877665544332211) },
                 d = { .answer = UINT64_C(0x8877665544332211) };
    region_map_io(m, PORTS, &bytes, &b, 0x60, 0);
    region_map_io(m, PORTS, &words, &w, 0x70, 0);
    region_map_io(m, MEMORY, &dwords, &d, 0x1000, 0);
    CHECK_EQ(read_at(m, SPACE_PORTS, 0x60, 4), 0x44332211);
    CHECK(called(&b, "r1@0 r1@1 r1@2 r1@3 "));
    CHECK_EQ(read_at(m, SPACE_PORTS, 0x62, 4), 0xffff4433); /* runs out of the chip */
    CHECK(called(&b, "r1@2 r1@3 "));
    CHECK(memory_write(m, SPACE_PORTS, 0x72, 4, 0xddccbbaa));
    CHECK(called(&w, "w2@2=bbaa w2@4=ddcc "));
    CHECK(!memory_write(m, SPACE_PORTS, 0x72, 1, 0));
    CHECK(called(&w, ""));
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1000, 8), UINT64_C(0x8877665544332211));
    CHECK(called(&d, "r4@0 r4@4 "));
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1005, 4), 0xff887766);
    CHECK(called(&d, "r2@5 r1@7 "));
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0xfff, 2), 0x11ff);
    CHECK(called(&d, "r1@0 "));
    memory_destroy(m);
}

static unsigned strict_stops;

static void strict_stop(void *opaque, const char *what)
{
    strict_stops++;
    snprintf(opaque, 128, "%s", what);
}

static void collect(void *opaque, const char *text, size_t length)
{
    strncat(opaque, text, length);
}

TEST(unassigned_and_refused)
{
    DESC(chip, 4, 1, 4);
    char logged[512] = "", what[128];
    struct log log = { .mask = UINT32_C(1) << LOG_MEMORY, .sink = collect, .opaque = logged };
    struct memory *m = memory_create(&log);
    struct probe p = { .answer = 1, .refuse = true };
    uint64_t value;
    region_map_io(m, PORTS, &chip, &p, 0x100, 0);
    logged[0] = '\0';
    CHECK(!memory_read(m, SPACE_PORTS, 0x100, 4, &value));
    CHECK_EQ(value, 0xffffffff);
    CHECK(strcmp(logged, "unassigned port read of 4 at 0x100\n") == 0);
    logged[0] = '\0';
    memory_set_strict(m, strict_stop, what);
    strict_stops = 0;
    CHECK(!memory_write(m, SPACE_PORTS, 0xffff, 2, 0xabcd));
    CHECK_EQ(strict_stops, 1);
    CHECK(strcmp(what, "unassigned port write of 2 at 0xffff: 0xabcd") == 0);
    memory_destroy(m);
}

/* PAM: reads from ROM or RAM, writes to RAM or nowhere, each way apart (i440FX data sheet, 3.2.12).
 */
TEST(pam_like_swap)
{
    struct memory *m = memory_create(&quiet);
    struct ram_block *ram = ram_create(m, "pc.ram", 0x100000),
                     *rom = ram_create(m, "pc.bios", 0x20000);
    struct memory_page page;
    memset(rom->host, 0xbb, rom->size);
    region_map_ram(m, MEMORY, "ram", ram, ram, 0, 0, 0x100000, 0);
    struct region *pam = region_map_ram(m, MEMORY, "pam", rom, NULL, 0x4000, 0xc0000, 0x4000, 1);

    CHECK_EQ(read_at(m, SPACE_MEMORY, 0xc0010, 1), 0xbb);
    CHECK(memory_write(m, SPACE_MEMORY, 0xc0010, 1, 0x11)); /* dropped, but not unassigned */
    CHECK_EQ(rom->host[0x4010], 0xbb);
    CHECK_EQ(ram->host[0xc0010], 0);
    memory_find_page(m, SPACE_MEMORY, 0xc0010, &page);
    CHECK(page.read == rom->host + 0x4000 && page.read_block == rom && page.write == NULL &&
          !page.unassigned);

    region_set_ram(pam, rom, 0x4000, ram, 0xc0000); /* shadowing: read ROM, write RAM */
    uint64_t v = read_at(m, SPACE_MEMORY, 0xc0010, 4);
    CHECK(memory_write(m, SPACE_MEMORY, 0xc0010, 4, v));
    CHECK_EQ(ram->host[0xc0010], 0xbb);
    memory_find_page(m, SPACE_MEMORY, 0xc0010, &page);
    CHECK(page.read == rom->host + 0x4000 && page.write == ram->host + 0xc0000);
    CHECK_EQ(page.read_offset, 0x4000);
    CHECK_EQ(page.write_offset, 0xc0000);

    region_set_ram(pam, ram, 0xc0000, NULL, 0); /* shadow write-protected */
    CHECK(memory_write(m, SPACE_MEMORY, 0xc0010, 1, 0x22));
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0xc0010, 1), 0xbb);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0xbfffe, 4), 0);
    memory_destroy(m);
}

TEST(spaces)
{
    DESC(vga, 0x20000, 1, 4);
    struct memory *m = memory_create(&quiet);
    struct ram_block *ram = ram_create(m, "pc.ram", 0x100000);
    struct probe p = { .answer = 0x77 };
    region_map_ram(m, MEMORY | SMM, "ram", ram, ram, 0, 0, 0x100000, 0);
    region_map_io(m, MEMORY | SMM, &vga, &p, 0xa0000, 1);
    struct region *smram = region_map_ram(m, SMM, "smram", ram, ram, 0xa0000, 0xa0000, 0x20000, 2);
    ram->host[0xa0000] = 0x33;
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0xa0000, 1), 0x77);
    CHECK_EQ(read_at(m, SPACE_SMM, 0xa0000, 1), 0x33);
    region_set_spaces(smram, SMM | MEMORY); /* open */
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0xa0000, 1), 0x33);
    region_set_spaces(smram, 0);
    CHECK_EQ(read_at(m, SPACE_SMM, 0xa0000, 1), 0x77);
    memory_destroy(m);
}

TEST(pages_that_are_not_plain)
{
    DESC(chip, 0x10, 1, 4);
    struct memory *m = memory_create(&quiet);
    struct ram_block *ram = ram_create(m, "pc.ram", 0x4000);
    struct probe p = { .answer = 0 };
    struct memory_page page;
    region_map_ram(m, MEMORY, "ram", ram, ram, 0, 0, 0x4000, 0);
    region_map_io(m, MEMORY, &chip, &p, 0x2ff0, 1);
    memory_find_page(m, SPACE_MEMORY, 0x1abc, &page);
    CHECK(page.read == ram->host + 0x1000 && page.write == ram->host + 0x1000);
    memory_find_page(m, SPACE_MEMORY, 0x2000, &page); /* a chip shows in its last bytes */
    CHECK(page.read == NULL && page.write == NULL && !page.unassigned);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x2fee, 4), 0);
    CHECK(called(&p, "r2@0 "));
    memory_find_page(m, SPACE_MEMORY, 0x4000, &page);
    CHECK(page.read == NULL && page.unassigned);
    /* Two mappings of half a page each, and one at an odd offset: no page of any block. */
    region_map_ram(m, MEMORY, "half", ram, ram, 0, 0x5000, 0x800, 0);
    region_map_ram(m, MEMORY, "half", ram, ram, 0x800, 0x5800, 0x800, 0);
    region_map_ram(m, MEMORY, "odd", ram, ram, 0x800, 0x6000, 0x1000, 0);
    memory_find_page(m, SPACE_MEMORY, 0x5000, &page);
    CHECK(page.read == NULL && !page.unassigned);
    memory_find_page(m, SPACE_MEMORY, 0x6000, &page);
    CHECK(page.read == NULL && !page.unassigned);
    memory_destroy(m);
}

struct listening {
    unsigned maps;
    uint64_t code_offset, code_length, dirty_first, dirty_count;
    unsigned codes, dirties;
};

static void on_map(void *opaque)
{
    ((struct listening *)opaque)->maps++;
}

static void on_code(void *opaque, struct ram_block *block, uint64_t offset, uint64_t length)
{
    struct listening *l = opaque;
    (void)block;
    l->codes++;
    l->code_offset = offset;
    l->code_length = length;
}

static void on_dirty(void *opaque, struct ram_block *block, uint64_t first, uint64_t count)
{
    struct listening *l = opaque;
    (void)block;
    l->dirties++;
    l->dirty_first = first;
    l->dirty_count = count;
}

TEST(listeners_and_commits)
{
    DESC(chip, 0x10, 1, 4);
    struct memory *m = memory_create(&quiet);
    struct ram_block *ram = ram_create(m, "pc.ram", 0x8000);
    struct listening heard = { 0 };
    struct memory_listener listener = { on_map, on_code, on_dirty, &heard, NULL };
    struct probe p = { .answer = 0 };
    memory_add_listener(m, &listener);
    region_map_ram(m, MEMORY, "ram", ram, ram, 0, 0, 0x8000, 0);
    CHECK_EQ(heard.maps, 1);
    memory_begin(m);
    struct region *chip1 = region_map_io(m, MEMORY, &chip, &p, 0x9000, 0);
    region_map_io(m, MEMORY, &chip, &p, 0xa000, 0);
    CHECK_EQ(read_at(m, SPACE_MEMORY, 0x9000, 1), 0xff); /* not yet */
    memory_commit(m);
    CHECK_EQ(heard.maps, 2);
    region_set_base(chip1, 0x9000);
    region_set_enabled(chip1, true);
    CHECK_EQ(heard.maps, 2);

    memory_write(m, SPACE_MEMORY, 0x1000, 4, 1);
    CHECK_EQ(heard.codes, 0);
    ram_page_set_flags(ram, 1, RAM_PAGE_CODE);
    memory_write(m, SPACE_MEMORY, 0x1ffe, 4, 1); /* only the first two bytes are in the code page */
    CHECK_EQ(heard.codes, 1);
    CHECK_EQ(heard.code_offset, 0x1ffe);
    CHECK_EQ(heard.code_length, 2);
    uint8_t buffer[0x3000] = { 0 };
    memory_write_bytes(m, SPACE_MEMORY, 0x800, buffer, sizeof buffer);
    CHECK_EQ(heard.codes, 2);
    CHECK_EQ(heard.code_offset, 0x1000);
    CHECK_EQ(heard.code_length, 0x1000);
    memory_remove_listener(m, &listener);
    memory_write(m, SPACE_MEMORY, 0x1000, 1, 1);
    CHECK_EQ(heard.codes, 2);
    memory_destroy(m);
}

TEST(dirty_pages)
{
    struct memory *m = memory_create(&quiet);
    struct ram_block *ram = ram_create(m, "vga.ram", 0x100000);
    struct listening heard = { 0 };
    struct memory_listener listener = { .dirty_cleared = on_dirty, .opaque = &heard };
    uint64_t bitmap[4] = { 0 };
    memory_add_listener(m, &listener);
    region_map_ram(m, MEMORY, "ram", ram, ram, 0, 0, 0x100000, 0);
    CHECK(!ram_page_store_is_slow(ram, 5));
    ram_dirty_attach(ram, RAM_PAGE_DIRTY_DISPLAY);
    CHECK(!ram_page_store_is_slow(ram, 5)); /* all start dirty */
    CHECK(ram_dirty_fetch(ram, RAM_PAGE_DIRTY_DISPLAY, 0, 256, bitmap));
    CHECK_EQ(bitmap[0] & bitmap[1] & bitmap[2] & bitmap[3], UINT64_MAX);
    CHECK_EQ(heard.dirties, 1);
    CHECK_EQ(heard.dirty_count, 256);
    CHECK(ram_page_store_is_slow(ram, 5));
    CHECK(!ram_dirty_fetch(ram, RAM_PAGE_DIRTY_DISPLAY, 0, 256, NULL));
    CHECK_EQ(heard.dirties, 1);
    memory_write(m, SPACE_MEMORY, 0x46000, 4, 0);
    uint8_t buffer[0x1002] = { 0 };
    memory_write_bytes(m, SPACE_MEMORY, 0x7fff, buffer, sizeof buffer);
    CHECK(!ram_page_store_is_slow(ram, 7));
    memset(bitmap, 0, sizeof bitmap);
    CHECK(ram_dirty_fetch(ram, RAM_PAGE_DIRTY_DISPLAY, 0, 256, bitmap));
    CHECK_EQ(bitmap[0], UINT64_C(0x380));
    CHECK_EQ(bitmap[1], UINT64_C(1) << 6);
    CHECK_EQ(heard.dirties, 3);
    CHECK_EQ(heard.dirty_first, 70);
    /* A second client has bits of its own. */
    ram_dirty_attach(ram, RAM_PAGE_DIRTY_MIGRATION);
    CHECK(!ram_dirty_fetch(ram, RAM_PAGE_DIRTY_DISPLAY, 0, 256, NULL));
    CHECK(ram_dirty_fetch(ram, RAM_PAGE_DIRTY_MIGRATION, 3, 1, NULL));
    memory_destroy(m);
}

TEST(copies_across_everything)
{
    DESC(chip, 6, 1, 4);
    struct memory *m = memory_create(&quiet);
    struct ram_block *ram = ram_create(m, "pc.ram", 0x2000);
    struct probe p = { .answer = UINT64_C(0x8877665544332211) };
    uint8_t buffer[24];
    memset(ram->host, 0x5a, ram->size);
    region_map_ram(m, MEMORY, "ram", ram, ram, 0, 0, 0x1000, 0);
    region_map_io(m, MEMORY, &chip, &p, 0x1000, 0);
    CHECK(!memory_read_bytes(m, SPACE_MEMORY, 0xffe, buffer, 12));
    static const uint8_t expected[12] = { 0x5a, 0x5a, 0x11, 0x22, 0x33, 0x44,
                                          0x55, 0x66, 0xff, 0xff, 0xff, 0xff };
    CHECK(memcmp(buffer, expected, 12) == 0);
    CHECK(called(&p, "r4@0 r2@4 "));
    CHECK(memory_write_bytes(m, SPACE_MEMORY, 0xffe, buffer, 8));
    CHECK(called(&p, "w4@0=44332211 w2@4=6655 "));
    CHECK(memory_read_bytes(m, SPACE_MEMORY, 0, buffer, 24));
    CHECK(!memory_write_bytes(m, SPACE_MEMORY, UINT64_MAX - 3, buffer, 4));
    memory_destroy(m);
}

TEST(ends_of_the_spaces)
{
    DESC(chip, 0x1000, 1, 4);
    struct memory *m = memory_create(&quiet);
    struct probe p = { .answer = 0x42 };
    region_map_io(m, MEMORY | PORTS, &chip, &p, UINT64_C(0xfffffffffffff800),
                  0); /* half of it is out of reach */
    CHECK_EQ(read_at(m, SPACE_MEMORY, UINT64_MAX, 1), 0);
    CHECK(called(&p, "r1@7ff "));
    CHECK_EQ(read_at(m, SPACE_PORTS, 0xf800, 1), 0xff);
    region_map_io(m, PORTS, &chip, &p, 0xf800, 0);
    CHECK_EQ(read_at(m, SPACE_PORTS, 0xf800, 1), 0x42);
    CHECK_EQ(read_at(m, SPACE_PORTS, 0x10000, 1), 0xff);
    memory_destroy(m);
}

TEST(chips_run_under_the_lock)
{
    DESC(chip, 8, 1, 4);
    struct memory *m = memory_create(&quiet);
    struct host_lock *lock = host_lock_create();
    struct probe p = { .lock = lock };
    region_map_io(m, PORTS, &chip, &p, 0x10, 0);
    memory_set_lock(m, lock);
    memory_write(m, SPACE_PORTS, 0x10, 8, 0);
    CHECK(!host_lock_held(lock));
    host_lock_acquire(lock);
    memory_write(m, SPACE_PORTS, 0x10, 1, 0);
    CHECK(host_lock_held(lock));
    host_lock_release(lock);
    memory_destroy(m);
    host_lock_destroy(lock);
}

/* A chip's handler takes its own region away while the bus is still at the access. */
TEST(map_changes_under_an_access)
{
    DESC(chip, 8, 1, 1);
    struct memory *m = memory_create(&quiet);
    struct probe p = { .answer = 0 };
    p.move = region_map_io(m, PORTS, &chip, &p, 0x10, 0);
    CHECK(!memory_write(m, SPACE_PORTS, 0x10, 4, 0x04030201));
    CHECK(called(&p, "w1@0=1 "));
    memory_destroy(m);
}

static void add_line(void *opaque, const char *text)
{
    strcat(opaque, text);
    strcat(opaque, "\n");
}

TEST(print)
{
    DESC(chip, 0x10, 1, 4);
    char text[1024] = "";
    struct memory *m = memory_create(&quiet);
    struct ram_block *ram = ram_create(m, "pc.ram", 0x100000),
                     *rom = ram_create(m, "pc.bios", 0x1000);
    struct probe p = { .answer = 0 };
    region_map_ram(m, MEMORY, "ram", ram, ram, 0, 0, 0x100000, 0);
    region_map_ram(m, MEMORY, "bios", rom, NULL, 0, 0xff000, 0x1000, 1);
    region_map_ram(m, MEMORY, "pam", rom, ram, 0, 0xc0000, 0x1000, 1);
    region_map_io(m, MEMORY, &chip, &p, 0xfee00000, 4096);
    memory_print(m, SPACE_MEMORY, add_line, text);
    CHECK(strcmp(text, "0000000000000000-00000000000bffff (prio 0, ram): pc.ram\n"
                       "00000000000c0000-00000000000c0fff (prio 1, ram): pc.bios, writes to pc.ram "
                       "@0000000000000000\n"
                       "00000000000c1000-00000000000fefff (prio 0, ram): pc.ram @00000000000c1000\n"
                       "00000000000ff000-00000000000fffff (prio 1, rom): pc.bios\n"
                       "00000000fee00000-00000000fee0000f (prio 4096, i/o): chip\n") == 0);
    memory_destroy(m);
}

/* The flat view against the plain rule, address by address, for random maps. */
TEST(random_maps)
{
    enum { SPAN = 96, REGIONS = 12 };
    srand(1);
    for (unsigned round = 0; round < 300; round++) {
        struct memory *m = memory_create(&quiet);
        struct ram_block *ram = ram_create(m, "ram", 0x1000);
        struct {
            unsigned base, size;
            int priority;
            struct region *region;
            bool on;
        } r[REGIONS];
        for (unsigned i = 0; i < 0x1000; i++)
            ram->host[i] = (uint8_t)(i / SPAN);
        for (unsigned i = 0; i < REGIONS; i++) {
            r[i].base = (unsigned)rand() % SPAN;
            r[i].size = 1 + (unsigned)rand() % (SPAN - r[i].base);
            r[i].priority = rand() % 4;
            r[i].on = rand() % 4 != 0;
            r[i].region = region_map_ram(m, MEMORY, "r", ram, ram, i * SPAN, 0x1000 + r[i].base,
                                         r[i].size, r[i].priority);
            region_set_enabled(r[i].region, r[i].on);
        }
        for (unsigned a = 0; a < SPAN; a++) {
            uint64_t expected = 0xff;
            int best = -1;
            for (unsigned i = 0; i < REGIONS; i++)
                if (r[i].on && a >= r[i].base && a - r[i].base < r[i].size &&
                    r[i].priority >= best) {
                    best = r[i].priority;
                    expected = i;
                }
            CHECK_EQ(read_at(m, SPACE_MEMORY, 0x1000 + a, 1), expected);
        }
        memory_destroy(m);
    }
}
