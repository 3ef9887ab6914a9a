// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Page walks, rights, error codes, A and D bits, and what the soft TLB keeps (SDM 3A chapter 4).
#include "cpu_machine.h"

#include "cpu/paging.h"
#include "cpu/threading.h"
#include "cpu/tlb.h"

enum { DIRECTORY = 0x100000, TABLE = 0x101000, POINTERS = 0x102000, FRAME = 0x150000 };
enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100 };
#define LINEAR 0x00403123u /* directory entry 1, table entry 3; in PAE: pointer 0, directory entry 2, table entry 3 */

static struct cpu_machine *paged(uint32_t cr0, uint32_t cr4)
{
    struct cpu_machine *m = machine_create("max");
    m->cpu->cr0 = CR0_PE | CR0_PG | cr0;
    m->cpu->cr4 = cr4;
    m->cpu->cr3 = DIRECTORY;
    poke32(m, DIRECTORY + 4, TABLE | P | W | U);
    poke32(m, TABLE + 12, FRAME | P | W | U);
    tlb_flush(m->cpu, false);
    return m;
}

static void poke64(struct cpu_machine *m, uint32_t a, uint64_t v)
{
    store_le64(machine_at(m, a), v);
}

static struct cpu_machine *paged_pae(uint32_t cr0, bool nx)
{
    struct cpu_machine *m = machine_create("max");
    m->cpu->cr0 = CR0_PE | CR0_PG | cr0;
    m->cpu->cr4 = CR4_PAE;
    m->cpu->msr.efer = nx ? EFER_NXE : 0;
    m->cpu->cr3 = POINTERS;
    poke64(m, POINTERS, DIRECTORY | P);
    poke64(m, DIRECTORY + 16, TABLE | P | W | U);
    poke64(m, TABLE + 24, FRAME | P | W | U);
    CHECK(paging_load_pdptes(m->cpu, POINTERS));
    tlb_flush(m->cpu, false);
    return m;
}

/* The page-fault error code of an access, -1 if it succeeds. */
static int fault(struct cpu_machine *m, enum access_kind kind, bool user)
{
    struct translation t;
    uint32_t error;
    return paging_walk(m->cpu, LINEAR, kind, user, false, &t, &error) ? -1 : (int)error;
}

TEST(two_levels_translate_and_mark)
{
    struct cpu_machine *m = paged(0, 0);
    struct translation t;
    uint32_t error;
    CHECK(paging_walk(m->cpu, LINEAR, ACCESS_READ, true, false, &t, &error));
    CHECK_EQ(t.physical, FRAME | 0x123);
    CHECK(!t.writable);
    CHECK_EQ(peek32(m, DIRECTORY + 4) & 0xfff, P | W | U | A);
    CHECK_EQ(peek32(m, TABLE + 12) & 0xfff, P | W | U | A);
    CHECK(paging_walk(m->cpu, LINEAR, ACCESS_WRITE, true, false, &t, &error));
    CHECK(t.writable);
    CHECK_EQ(peek32(m, DIRECTORY + 4) & 0xfff, P | W | U | A);
    CHECK_EQ(peek32(m, TABLE + 12) & 0xfff, P | W | U | A | D);
    machine_destroy(m);
}

TEST(error_codes)
{
    struct cpu_machine *m = paged(0, 0);
    poke32(m, TABLE + 12, FRAME);
    CHECK_EQ(fault(m, ACCESS_READ, false), 0);
    CHECK_EQ(fault(m, ACCESS_WRITE, false), PF_W);
    CHECK_EQ(fault(m, ACCESS_WRITE, true), PF_W | PF_U);
    CHECK_EQ(fault(m, ACCESS_FETCH, true), PF_U);
    poke32(m, TABLE + 12, FRAME | P | U);
    CHECK_EQ(fault(m, ACCESS_READ, true), -1);
    CHECK_EQ(fault(m, ACCESS_WRITE, true), PF_P | PF_W | PF_U);
    poke32(m, TABLE + 12, FRAME | P | W);
    CHECK_EQ(fault(m, ACCESS_READ, true), PF_P | PF_U);
    CHECK_EQ(fault(m, ACCESS_WRITE, false), -1);
    poke32(m, DIRECTORY + 4, 0);
    CHECK_EQ(fault(m, ACCESS_READ, false), 0);
    machine_destroy(m);
}

TEST(a_fault_marks_nothing)
{
    struct cpu_machine *m = paged(0, 0);
    poke32(m, TABLE + 12, FRAME | P | W);
    CHECK_EQ(fault(m, ACCESS_WRITE, true), PF_P | PF_W | PF_U);
    CHECK_EQ(peek32(m, TABLE + 12), FRAME | P | W);
    CHECK_EQ(peek32(m, DIRECTORY + 4) & D, 0);
    machine_destroy(m);
}

TEST(write_protect_binds_the_supervisor)
{
    struct cpu_machine *m = paged(0, 0);
    poke32(m, TABLE + 12, FRAME | P | U);
    CHECK_EQ(fault(m, ACCESS_WRITE, false), -1);
    m->cpu->cr0 |= CR0_WP;
    CHECK_EQ(fault(m, ACCESS_WRITE, false), PF_P | PF_W);
    poke32(m, TABLE + 12, FRAME | P | U | W);
    CHECK_EQ(fault(m, ACCESS_WRITE, false), -1);
    poke32(m, DIRECTORY + 4, TABLE | P | U); /* rights are those of both levels */
    CHECK_EQ(fault(m, ACCESS_WRITE, false), PF_P | PF_W);
    machine_destroy(m);
}

TEST(large_pages_and_pse36)
{
    struct cpu_machine *m = paged(0, CR4_PSE);
    struct translation t;
    uint32_t error;
    poke32(m, DIRECTORY + 4, 0x00c00000 | 5 << 13 | P | W | U | PS);
    CHECK(paging_walk(m->cpu, LINEAR, ACCESS_WRITE, true, false, &t, &error));
    CHECK_EQ(t.physical, UINT64_C(0x500c03123));
    CHECK_EQ(t.page_size, 4 << 20);
    CHECK_EQ(peek32(m, DIRECTORY + 4) & (A | D), A | D);
    poke32(m, DIRECTORY + 4, 0x00c00000 | 1 << 17 | P | W | U | PS);
    CHECK_EQ(fault(m, ACCESS_READ, true), PF_P | PF_RSVD | PF_U);
    m->cpu->cr4 = 0; /* bit 7 means nothing without CR4.PSE */
    poke32(m, DIRECTORY + 4, TABLE | P | W | U | PS);
    CHECK_EQ(fault(m, ACCESS_READ, true), -1);
    machine_destroy(m);
}

TEST(pae_and_no_execute)
{
    struct cpu_machine *m = paged_pae(0, true);
    struct translation t;
    uint32_t error;
    CHECK(paging_walk(m->cpu, LINEAR, ACCESS_WRITE, true, false, &t, &error));
    CHECK_EQ(t.physical, FRAME | 0x123);
    CHECK_EQ(fault(m, ACCESS_FETCH, true), -1);
    poke64(m, TABLE + 24, UINT64_C(1) << 63 | FRAME | P | W | U);
    CHECK_EQ(fault(m, ACCESS_FETCH, true), PF_P | PF_U | PF_I);
    CHECK_EQ(fault(m, ACCESS_READ, true), -1);
    m->cpu->msr.efer = 0; /* then bit 63 is reserved, and I is not reported */
    CHECK_EQ(fault(m, ACCESS_FETCH, true), PF_P | PF_RSVD | PF_U);
    poke64(m, TABLE + 24, UINT64_C(0x3456) << 24 | FRAME | P | W | U); /* bits 36 up are reserved */
    CHECK_EQ(fault(m, ACCESS_READ, true), PF_P | PF_RSVD | PF_U);
    machine_destroy(m);
}

TEST(pae_large_page)
{
    struct cpu_machine *m = paged_pae(0, false);
    struct translation t;
    uint32_t error;
    poke64(m, DIRECTORY + 16, UINT64_C(0x940000000) | P | W | U | PS);
    CHECK(paging_walk(m->cpu, LINEAR, ACCESS_READ, false, false, &t, &error));
    CHECK_EQ(t.physical, UINT64_C(0x940003123));
    CHECK_EQ(t.page_size, 2 << 20);
    poke64(m, DIRECTORY + 16, UINT64_C(0x940002000) | P | W | U | PS);
    CHECK_EQ(fault(m, ACCESS_READ, false), PF_P | PF_RSVD);
    machine_destroy(m);
}

TEST(pdptes_are_checked_and_kept)
{
    struct cpu_machine *m = paged_pae(0, false);
    poke64(m, POINTERS + 8, 0x103000 | P | 2);
    CHECK(!paging_load_pdptes(m->cpu, POINTERS));
    poke64(m, POINTERS + 8, 0x103000 | 2); /* not present: nothing is reserved */
    CHECK(paging_load_pdptes(m->cpu, POINTERS));
    poke64(m, POINTERS, 0); /* the processor uses what MOV CR3 loaded */
    CHECK_EQ(fault(m, ACCESS_READ, false), -1);
    CHECK(paging_load_pdptes(m->cpu, POINTERS));
    CHECK_EQ(fault(m, ACCESS_READ, false), 0);
    machine_destroy(m);
}

TEST(the_tlb_keeps_until_flushed)
{
    struct cpu_machine *m = paged(0, CR4_PGE);
    struct cpu *cpu = m->cpu;
    poke32(m, FRAME + 0x123, 11);
    poke32(m, FRAME + 0x1123, 22);
    CHECK_EQ(cpu_load_system(cpu, LINEAR, 4), 11);
    poke32(m, TABLE + 12, (FRAME + 0x1000) | P | W | U | G);
    CHECK_EQ(cpu_load_system(cpu, LINEAR, 4), 11);
    tlb_flush_page(cpu, LINEAR);
    CHECK_EQ(cpu_load_system(cpu, LINEAR, 4), 22);
    poke32(m, TABLE + 12, FRAME | P | W | U);
    tlb_flush(cpu, true); /* MOV CR3 leaves global pages */
    CHECK_EQ(cpu_load_system(cpu, LINEAR, 4), 22);
    tlb_flush(cpu, false);
    CHECK_EQ(cpu_load_system(cpu, LINEAR, 4), 11);
    machine_destroy(m);
}

TEST(the_first_store_sets_dirty)
{
    struct cpu_machine *m = paged(0, 0);
    cpu_load_system(m->cpu, LINEAR, 1);
    CHECK_EQ(peek32(m, TABLE + 12) & D, 0);
    cpu_store_system(m->cpu, LINEAR, 1, 7);
    CHECK_EQ(peek32(m, TABLE + 12) & D, D);
    CHECK_EQ(*machine_at(m, FRAME + 0x123), 7);
    machine_destroy(m);
}

TEST(a_store_across_pages_is_all_or_nothing)
{
    struct cpu_machine *m = paged(0, 0);
    struct cpu *cpu = m->cpu;
    poke32(m, TABLE + 16, 0);
    poke32(m, FRAME + 0xffc, 0x11223344);
    CHECK_EQ(RAISED(cpu, cpu_store_system(cpu, 0x403ffe, 4, 0xaabbccdd)), EXC_PF);
    CHECK_EQ(cpu->pending.linear, 0x404000); /* the first byte that faults */
    CHECK_EQ(cpu->pending.error, PF_W);
    CHECK_EQ(peek32(m, FRAME + 0xffc), 0x11223344);
    poke32(m, TABLE + 16, (FRAME + 0x4000) | P | W);
    CHECK_EQ(RAISED(cpu, cpu_store_system(cpu, 0x403ffe, 4, 0xaabbccdd)), -1);
    CHECK_EQ(peek32(m, FRAME + 0xffc), 0xccdd3344);
    CHECK_EQ(peek16(m, FRAME + 0x4000), 0xaabb);
    machine_destroy(m);
}

TEST(victims_come_back)
{
    struct cpu_machine *m = paged(0, 0);
    poke32(m, DIRECTORY + 8, TABLE | P | W | U); /* 0x803000: the same place as 0x403000 */
    poke32(m, FRAME + 0x123, 5);
    CHECK_EQ(cpu_load_system(m->cpu, LINEAR, 4), 5);
    CHECK_EQ(cpu_load_system(m->cpu, LINEAR + 0x400000, 4), 5);
    poke32(m, DIRECTORY + 4, 0); /* not walked again */
    CHECK_EQ(RAISED(m->cpu, cpu_load_system(m->cpu, LINEAR, 4)), -1);
    tlb_flush_page(m->cpu, LINEAR);
    CHECK_EQ(RAISED(m->cpu, cpu_load_system(m->cpu, LINEAR, 4)), EXC_PF);
    /* The other one is a victim now; INVLPG finds it there. */
    poke32(m, DIRECTORY + 8, 0);
    CHECK_EQ(RAISED(m->cpu, cpu_load_system(m->cpu, LINEAR + 0x400000, 4)), -1);
    poke32(m, DIRECTORY + 12, TABLE | P | W | U);
    CHECK_EQ(cpu_load_system(m->cpu, LINEAR + 0x800000, 4), 5);
    tlb_flush_page(m->cpu, LINEAR + 0x400000);
    CHECK_EQ(RAISED(m->cpu, cpu_load_system(m->cpu, LINEAR + 0x400000, 4)), EXC_PF);
    machine_destroy(m);
}

/* ---- fast entries ---- */

/* As generated code asks: by the first byte's entry, with the last byte's page. */
static bool hits(const struct cpu *cpu, bool user, uint32_t linear, unsigned size, bool write)
{
    const struct tlb_entry *e = &cpu->tlbs[user][(linear >> 12) & 0xffff];
    uint32_t last = linear + size - 1;
    return (write ? e->write_tag : e->read_tag) + (last >> 12) + 1 == 0;
}

/* Pages 4 MiB apart through the one table, with its entry 3. */
static void map_everywhere(struct cpu_machine *m)
{
    for (unsigned n = 1; n < 1024; n++)
        poke32(m, DIRECTORY + 4 * n, TABLE | P | W | U);
}

TEST(fast_entries_serve_their_page)
{
    struct cpu_machine *m = paged(0, 0);
    struct cpu *cpu = m->cpu;
    map_everywhere(m);
    poke32(m, TABLE + 16, (FRAME + 0x1000) | P | W | U);
    CHECK(!hits(cpu, false, LINEAR, 1, false));
    CHECK(!hits(cpu, false, 0, 1, false)); /* a table of zeros is empty */
    CHECK(!hits(cpu, false, 0xfffff000, 1, false));
    cpu_load_system(cpu, LINEAR, 4);
    CHECK(hits(cpu, false, LINEAR, 4, false));
    CHECK(!hits(cpu, false, LINEAR, 4, true)); /* D is clear */
    CHECK(!hits(cpu, true, LINEAR, 4, false));
    CHECK(hits(cpu, false, 0x403ffc, 4, false));
    CHECK(!hits(cpu, false, 0x403ffd, 4, false));
    cpu_load_system(cpu, 0x404000, 4);
    CHECK(!hits(cpu, false, 0x403ffd, 4, false));
    const struct tlb_entry *e = &cpu->tlbs[0][0x403];
    CHECK(e->host + LINEAR == (uintptr_t)machine_at(m, FRAME | 0x123));
    cpu_store_system(cpu, LINEAR, 4, 1);
    CHECK(hits(cpu, false, LINEAR, 4, true));
    /* The last page of all, and the same place 256 MiB below. */
    poke32(m, TABLE + 4 * 0x3ff, FRAME | P | W | U);
    cpu_load_system(cpu, 0xfffff000, 4);
    CHECK(hits(cpu, false, 0xfffffffc, 4, false));
    CHECK(!hits(cpu, false, 0xfffffffd, 4, false));
    cpu_load_system(cpu, 0xeffff000, 4);
    CHECK(hits(cpu, false, 0xeffff000, 4, false));
    CHECK(!hits(cpu, false, 0xfffff000, 4, false));
    machine_destroy(m);
}

TEST(fast_entries_outlive_whole_ones)
{
    struct cpu_machine *m = paged(0, 0);
    struct cpu *cpu = m->cpu;
    map_everywhere(m);
    for (uint32_t n = 0; n < 32; n++)
        cpu_store_system(cpu, LINEAR + (n << 22), 4, n);
    for (uint32_t n = 0; n < 32; n++)
        CHECK(hits(cpu, false, LINEAR + (n << 22), 4, true));
    tlb_flush_page(cpu, LINEAR);
    CHECK(!hits(cpu, false, LINEAR, 4, false));
    CHECK(hits(cpu, false, LINEAR + (1 << 22), 4, false));
    tlb_protect(cpu, m->ram, FRAME, PAGE_SIZE, false);
    CHECK(!hits(cpu, false, LINEAR + (1 << 22), 4, true));
    CHECK(hits(cpu, false, LINEAR + (1 << 22), 4, false));
    uint32_t last = LINEAR + (31u << 22); /* its whole translation is still there, too */
    CHECK(!hits(cpu, false, last, 4, true));
    cpu_store_system(cpu, last, 4, 7); /* nothing stands against it any more */
    CHECK(hits(cpu, false, last, 4, true));
    tlb_flush(cpu, true);
    for (uint32_t n = 0; n < 32; n++)
        CHECK(!hits(cpu, false, LINEAR + (n << 22), 4, false));
    machine_destroy(m);
}

TEST(fast_entries_change_between_local_and_global)
{
    struct cpu_machine *m = paged(0, CR4_PGE);
    struct cpu *cpu = m->cpu;
    cpu_load_system(cpu, LINEAR, 4);
    poke32(m, TABLE + 12, FRAME | P | W | U | G);
    tlb_flush_page(cpu, LINEAR);
    cpu_load_system(cpu, LINEAR, 4); /* in both lists now */
    tlb_flush(cpu, true);
    CHECK(hits(cpu, false, LINEAR, 4, false));
    tlb_flush(cpu, true);
    CHECK(hits(cpu, false, LINEAR, 4, false));
    poke32(m, TABLE + 12, FRAME | P | W | U);
    tlb_flush_page(cpu, LINEAR);
    cpu_load_system(cpu, LINEAR, 4);
    tlb_flush(cpu, true);
    CHECK(!hits(cpu, false, LINEAR, 4, false));
    poke32(m, TABLE + 12, FRAME | P | W | U | G);
    cpu_load_system(cpu, LINEAR, 4);
    tlb_flush(cpu, true);
    CHECK(hits(cpu, false, LINEAR, 4, false));
    tlb_flush(cpu, false);
    CHECK(!hits(cpu, false, LINEAR, 4, false));
    machine_destroy(m);
}

/* Every place of the table, global if its number has bit 0, for both privileges; and again. */
TEST(flushes_find_every_fast_entry)
{
    struct cpu_machine *m = paged(0, CR4_PGE);
    struct cpu *cpu = m->cpu;
    map_everywhere(m);
    for (unsigned n = 0; n < 1024; n++)
        poke32(m, TABLE + 4 * n, FRAME | P | W | U | (n & 1 ? G : 0));
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t page = 1024; page < 1024 + TLB_SIZE; page++) {
            struct translation t;
            tlb_fill(cpu, page << 12, ACCESS_WRITE, false, &t);
            tlb_fill(cpu, page << 12, ACCESS_WRITE, true, &t);
        }
        tlb_flush(cpu, true);
        unsigned wrong = 0;
        for (uint32_t page = 1024; page < 1024 + TLB_SIZE; page++)
            for (unsigned user = 0; user < 2; user++)
                wrong += hits(cpu, user, page << 12, 1, true) != (page & 1);
        CHECK_EQ(wrong, 0);
        if (round == 0)
            continue; /* global ones are found by a later flush, too */
        tlb_flush(cpu, false);
        for (unsigned user = 0; user < 2; user++)
            for (unsigned n = 0; n < TLB_SIZE; n++)
                wrong += cpu->tlbs[user][n].read_tag != 0 || cpu->tlbs[user][n].write_tag != 0;
        CHECK_EQ(wrong, 0);
    }
    machine_destroy(m);
}

/* ---- large pages, faults, the engine ---- */

TEST(invlpg_drops_a_large_page_whole)
{
    struct cpu_machine *m = paged(0, CR4_PSE | CR4_PGE);
    struct cpu *cpu = m->cpu;
    poke32(m, DIRECTORY + 4, 0 | P | W | U | PS | G);
    cpu_load_system(cpu, 0x400000, 4);
    cpu_load_system(cpu, 0x401000, 4);
    cpu_load_system(cpu, 0x581000, 4);
    CHECK(hits(cpu, false, 0x400000, 4, false));
    CHECK(hits(cpu, false, 0x581000, 4, false));
    /* By now it is split: INVLPG of one address still ends the large page, global or not. */
    poke32(m, DIRECTORY + 4, TABLE | P | W | U);
    poke32(m, FRAME, 99);
    for (unsigned n = 0; n < 1024; n++)
        poke32(m, TABLE + 4 * n, FRAME | P | W | U);
    tlb_flush_page(cpu, 0x401fff);
    CHECK(!hits(cpu, false, 0x400000, 4, false));
    CHECK(!hits(cpu, false, 0x581000, 4, false));
    CHECK_EQ(cpu_load_system(cpu, 0x400000, 4), 99);
    CHECK_EQ(cpu_load_system(cpu, 0x581000, 4), 99);
    /* Small pages go one by one again. */
    tlb_flush_page(cpu, 0x400000);
    CHECK(!hits(cpu, false, 0x400000, 4, false));
    CHECK(hits(cpu, false, 0x581000, 4, false));
    machine_destroy(m);
}

/* SDM 3A 4.10.4.1: what was read before the fault is forgotten, so the handler needs no INVLPG. */
TEST(a_page_fault_drops_its_page)
{
    struct cpu_machine *m = paged(CR0_WP, 0);
    struct cpu *cpu = m->cpu;
    poke32(m, FRAME + 0x123, 1);
    poke32(m, FRAME + 0x1123, 2);
    poke32(m, TABLE + 12, FRAME | P | U);
    CHECK_EQ(cpu_load_system(cpu, LINEAR, 4), 1);
    CHECK(hits(cpu, false, LINEAR, 4, false));
    CHECK_EQ(RAISED(cpu, cpu_store_system(cpu, LINEAR, 4, 5)), EXC_PF);
    CHECK(!hits(cpu, false, LINEAR, 4, false));
    poke32(m, TABLE + 12, (FRAME + 0x1000) | P | U | W); /* a copy */
    CHECK_EQ(cpu_load_system(cpu, LINEAR, 4), 2);
    machine_destroy(m);
}

static struct {
    unsigned flushed, kept, pages, protects;
    uint32_t page;
    uint64_t offset, length;
} engine_saw;

static void saw_flush(struct cpu *cpu, bool keep_global)
{
    (void)cpu;
    engine_saw.flushed++;
    engine_saw.kept += keep_global;
}

static void saw_page(struct cpu *cpu, uint32_t linear)
{
    (void)cpu;
    engine_saw.pages++;
    engine_saw.page = linear;
}

static void saw_protect(struct cpu *cpu, struct ram_block *ram, uint64_t offset, uint64_t length)
{
    (void)cpu;
    (void)ram;
    engine_saw.protects++;
    engine_saw.offset = offset;
    engine_saw.length = length;
}

TEST(an_engine_hears_of_flushes)
{
    static const struct engine engine = {
        .linear_flushed = saw_flush,
        .page_flushed = saw_page,
        .protect = saw_protect,
    };
    struct cpu_machine *m = paged(CR0_WP, CR4_PSE);
    struct cpu *cpu = m->cpu;
    poke32(m, DIRECTORY + 8, 0 | P | W | PS);
    const struct engine *before = cpu->engine;
    cpu->engine = &engine;
    tlb_flush(cpu, false);
    CHECK_EQ(engine_saw.flushed, 1);
    CHECK_EQ(engine_saw.kept, 0);
    tlb_flush(cpu, true);
    CHECK_EQ(engine_saw.flushed, 2);
    CHECK_EQ(engine_saw.kept, 1);
    tlb_flush_page(cpu, LINEAR);
    CHECK_EQ(engine_saw.pages, 1);
    CHECK_EQ(engine_saw.page, LINEAR);
    poke32(m, TABLE + 12, FRAME | P | U);
    CHECK_EQ(RAISED(cpu, cpu_store_system(cpu, LINEAR + 1, 1, 5)), EXC_PF);
    CHECK_EQ(engine_saw.pages, 2);
    CHECK_EQ(engine_saw.page, LINEAR + 1);
    tlb_protect(cpu, m->ram, FRAME, 8192, false);
    CHECK_EQ(engine_saw.protects, 1);
    CHECK_EQ(engine_saw.offset, FRAME);
    CHECK_EQ(engine_saw.length, 8192);
    CHECK_EQ(engine_saw.flushed, 2);
    cpu_load_system(cpu, 0x800000, 4);
    tlb_flush_page(cpu, 0x9ff000); /* in a large page: all of it, which only a full flush says */
    CHECK_EQ(engine_saw.flushed, 3);
    CHECK_EQ(engine_saw.kept, 1);
    CHECK_EQ(engine_saw.pages, 2);
    cpu->engine = before;
    machine_destroy(m);
}

static void saw_nothing(struct cpu *cpu)
{
    (void)cpu;
}

/* The processor's thread is busy, and another one clears more dirty bits than can be queued. */
static void clear_more_than_the_queue_holds(struct cpu_machine *m)
{
    m->cpu->threading->idle = false;
    for (unsigned n = 0; n <= CHANGE_QUEUE; n++) {
        ram_page_set_flags(m->ram, n, RAM_PAGE_DIRTY_DISPLAY);
        CHECK(ram_dirty_fetch(m->ram, RAM_PAGE_DIRTY_DISPLAY, n, 1, NULL));
    }
    CHECK(ram_dirty_fetch(m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, NULL));
    m->cpu->threading->idle = true;
    CHECK(m->cpu->threading->overflow);
}

TEST(no_store_is_lost_by_more_changes_than_the_queue_holds)
{
    static const struct engine engine = {
        .flushed = saw_nothing,
        .linear_flushed = saw_flush,
        .protect = saw_protect,
    };
    struct cpu_machine *m = paged(CR0_WP, 0);
    struct cpu *cpu = m->cpu;
    const struct engine *before = cpu->engine;
    ram_dirty_attach(m->ram, RAM_PAGE_DIRTY_DISPLAY);
    cpu_store_system(cpu, LINEAR, 4, 1);
    CHECK(hits(cpu, false, LINEAR, 4, true));
    clear_more_than_the_queue_holds(m);
    CHECK(hits(cpu, false, LINEAR, 4, true)); /* nothing tells of a store here */
    cpu->engine = &engine;
    engine_saw.protects = 0;
    changes_apply(cpu);
    CHECK(engine_saw.protects >= 1);
    CHECK_EQ(engine_saw.length, m->ram->size); /* the machine has no other block */
    cpu->engine = before;
    CHECK(!hits(cpu, false, LINEAR, 4, true));
    CHECK(ram_dirty_fetch(m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, NULL));
    cpu_store_system(cpu, LINEAR, 4, 2);
    CHECK(ram_dirty_fetch(m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, NULL));
    machine_destroy(m);
}

TEST(a20_masks_every_physical_address)
{
    struct cpu_machine *m = machine_create("max");
    poke32(m, 0x1000, 0x1234);
    poke32(m, 0x101000, 0x5678);
    CHECK_EQ(cpu_load_system(m->cpu, 0x101000, 4), 0x5678);
    cpu_set_a20(m->cpu, false);
    cpu_attend(m->cpu, 0);
    tlb_flush(m->cpu, false);
    CHECK_EQ(cpu_load_system(m->cpu, 0x101000, 4), 0x1234);
    machine_destroy(m);
}

TEST(debug_translation_has_no_effect)
{
    struct cpu_machine *m = paged(0, 0);
    uint64_t physical;
    CHECK(paging_debug_translate(m->cpu, LINEAR, &physical));
    CHECK_EQ(physical, FRAME | 0x123);
    CHECK_EQ(peek32(m, TABLE + 12), FRAME | P | W | U);
    CHECK(!paging_debug_translate(m->cpu, 0x12345678, &physical));
    machine_destroy(m);
}

/* As by PAM registers that send reads to the BIOS and writes to RAM: A is set where nobody reads. */
TEST(tables_that_are_read_and_written_elsewhere)
{
    struct cpu_machine *m = paged(0, 0);
    struct translation t;
    uint32_t error;
    struct ram_block *shadow = ram_create(m->memory, "shadow", PAGE_SIZE);
    store_le32(shadow->host + 4, TABLE | P | W | U);
    region_map_ram(m->memory, 1 << SPACE_MEMORY, "shadow", shadow, m->ram, 0, DIRECTORY, PAGE_SIZE, 1);
    tlb_flush(m->cpu, false);
    poke32(m, 4, 0x12345678);
    CHECK(paging_walk(m->cpu, LINEAR, ACCESS_READ, true, false, &t, &error));
    CHECK_EQ(t.physical, FRAME | 0x123);
    CHECK_EQ(load_le32(shadow->host + 4) & A, 0);
    CHECK_EQ(peek32(m, 4), TABLE | P | W | U | A);
    machine_destroy(m);
}
