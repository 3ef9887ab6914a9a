// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Windows: limits of the host, and who gets one.
#include "window_fixture.h"

#include <sys/mman.h>

/* ---- limits ---- */

TEST(beyond_4_gib_are_guards)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, DIRECTORY + 0xffc, TABLE | P | W | U);
    poke32(f->m, TABLE + 0xffc, (FRAME + 0x1000) | P | W | U);
    *machine_at(f->m, FRAME + 0x1fff) = 0x66;
    CHECK_EQ(peek(f, 0xffffffff), 0x66);
    const uint8_t *end = f->cpu->jit.window + (UINT64_C(1) << 32);
    for (int n = 0; n < 2; n++) {
        const uint8_t *at = n == 0 ? end : f->cpu->jit.window - 1;
        f->outside = 0;
        __asm__ volatile("lea 2f(%%rip), %%rax\n\t"
                         "mov %%rax, %[refused]\n\t"
                         "movb (%[at]), %%al\n"
                         "2:\tmovq $0, %[refused]"
                         : [refused] "+m"(f->refused)
                         : [at] "r"(at)
                         : "rax", "memory", "cc");
        CHECK_EQ(f->outside, (uintptr_t)at);
    }
    done(f);
}

/* Table entry n maps frame FRAME + reversed n: nothing is contiguous. */
static void scatter(struct fixture *f, uint32_t table, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        uint32_t frame = UPPER + (count - 1 - n) * 0x1000;
        poke32(f->m, table + 4 * n, frame | P | W | U);
        f->upper->host[frame - UPPER] = (uint8_t)(n * 7);
    }
}

/* All accessed already, as those of a space that ran soft until now. */
static struct fixture *scattered_and_used(void)
{
    struct fixture *f = paged(0, 0);
    scatter(f, TABLE, 1024);
    poke32(f->m, DIRECTORY + 4, TABLE | P | W | U | A);
    for (unsigned n = 0; n < 1024; n++)
        poke32(f->m, TABLE + 4 * n, peek32(f->m, TABLE + 4 * n) | A | D);
    return f;
}

TEST(faults_that_go_upwards_map_ahead)
{
    struct fixture *f = scattered_and_used();
    for (unsigned n = 0; n < 1024; n++)
        CHECK_EQ(peek(f, 0x00400000 + n * 0x1000), (uint8_t)(n * 7));
    CHECK(faults(f) >= 16 && faults(f) < 32);
    done(f);
    f = scattered_and_used();
    for (unsigned n = 1024; n-- > 0;)
        CHECK_EQ(peek(f, 0x00400000 + n * 0x1000), (uint8_t)(n * 7));
    CHECK_EQ(faults(f), 1024);
    done(f);
}

TEST(pages_ahead_are_only_such_as_were_accessed)
{
    struct fixture *f = scattered_and_used();
    for (unsigned n = 0; n < 1024; n += 2)
        poke32(f->m, TABLE + 4 * n, peek32(f->m, TABLE + 4 * n) & ~(uint32_t)(A | D));
    for (unsigned n = 0; n < 512; n++)
        CHECK_EQ(peek(f, 0x00400000 + n * 0x1000), (uint8_t)(n * 7));
    for (unsigned n = 512; n < 1024; n += 2)
        CHECK_EQ(peek32(f->m, TABLE + 4 * n) & A, 0);
    CHECK_EQ(peek32(f->m, TABLE + 4 * 510) & (A | D), A);
    done(f);
}

TEST(few_mappings_are_enough)
{
    struct fixture *f = paged(0, 0);
    struct window_counts counts;
    scatter(f, TABLE, 1024);
    windows_set_budget(f->ws, 64);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned n = 0; n < 1024; n++)
            CHECK_EQ(peek(f, 0x00400000 + n * 0x1000), (uint8_t)(n * 7));
    for (unsigned n = 0; n < 1024; n++)
        CHECK(poke(f, 0x00400000 + n * 0x1000, (uint8_t)n));
    for (unsigned n = 0; n < 1024; n++)
        CHECK_EQ(f->upper->host[(1023 - n) * 0x1000], (uint8_t)n);
    windows_count(f->ws, &counts);
    CHECK(counts.dropped_for_limit >= 1024 / 64);
    done(f);
}

/* Every other page of a range with another protection, until the host has no mapping left. */
static void *use_up_mappings(size_t size)
{
    uint8_t *range =
        mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t at = 0;
    while (at < size && mprotect(range + at, PAGE_SIZE, PROT_READ) == 0)
        at += 2 * PAGE_SIZE;
    CHECK(at < size);
    return range;
}

TEST(a_host_without_mappings_left)
{
    struct fixture *f = paged(0, 0);
    size_t size = (host_window_mapping_limit() + 16) * 2 * PAGE_SIZE;
    struct window_counts counts;
    scatter(f, TABLE, 1024);
    windows_set_budget(f->ws, UINT32_MAX);
    for (unsigned n = 0; n < 100; n++)
        CHECK_EQ(peek(f, 0x00400000 + n * 0x1000), (uint8_t)(n * 7));
    void *range = use_up_mappings(size);
    for (unsigned n = 0; n < 1024; n++) {
        int value = peek(f, 0x00400000 + n * 0x1000);
        CHECK(value == -1 || value == (uint8_t)(n * 7));
    }
    for (unsigned n = 0; n < 1024; n += 3) { /* what splits mappings */
        ram_page_set_flags(f->upper, 1023 - n, RAM_PAGE_CODE);
        window_protect(f->ws, f->upper, (1023 - n) * 0x1000, 0x1000);
        CHECK(!poke(f, 0x00400000 + n * 0x1000, 0));
        poke32(f->m, TABLE + 4 * n, 0);
        flush_page(f, 0x00400000 + n * 0x1000);
        CHECK_EQ(peek(f, 0x00400000 + n * 0x1000), -1);
    }
    munmap(range, size);
    windows_count(f->ws, &counts);
    CHECK(counts.dropped_for_limit > 0);
    for (unsigned n = 0; n < 1024; n++)
        CHECK_EQ(peek(f, 0x00400000 + n * 0x1000), n % 3 == 0 ? -1 : (uint8_t)(n * 7));
    done(f);
}

/* Timer interrupts until there is a window, or none; false: not within some seconds. */
static bool window_comes(struct fixture *f, bool wanted)
{
    int64_t end = host_monotonic_ns() + 5000000000;
    while ((f->cpu->jit.window != NULL) != wanted && host_monotonic_ns() < end)
        window_select(f->ws);
    return (f->cpu->jit.window != NULL) == wanted;
}

TEST(no_window_for_a_while_after_a_refusal)
{
    struct fixture *f = paged(0, 0);
    size_t size = (host_window_mapping_limit() + 16) * 2 * PAGE_SIZE;
    struct window_counts counts;
    scatter(f, TABLE, 1024);
    void *range = use_up_mappings(size);
    int value = 0;
    for (unsigned n = 0; n < 1024 && value != -1; n++)
        value = peek(f, 0x00400000 + n * 0x1000);
    CHECK_EQ(value, -1);
    CHECK(f->cpu->jit.space_changed); /* so C selects at once, and takes none */
    CHECK(!window_select(f->ws));
    windows_count(f->ws, &counts);
    CHECK_EQ(counts.refused, 1);
    munmap(range, size);
    CHECK(window_comes(f, true));
    CHECK_EQ(peek(f, 0x00400000), 0);
    CHECK_EQ(peek(f, 0x00401000), 7);
    done(f);
}

TEST(more_spaces_than_windows)
{
    struct fixture *f = paged(0, 0);
    struct window_counts counts;
    set_cpl(f, 3);
    for (unsigned n = 0; n < 200; n++) {
        uint32_t directory = 0x110000 + (n % 50) * 0x1000;
        poke32(f->m, directory + 4, TABLE | P | W | U);
        load_cr3(f, directory);
        CHECK_EQ(peek(f, LINEAR), 0x11);
    }
    windows_count(f->ws, &counts);
    CHECK(counts.windows <= 50);
    CHECK(counts.evicted > 100);
    done(f);
}

/* ---- policy ---- */

/* A millisecond, and a timer interrupt. */
static void run_a_while(struct fixture *f)
{
    unsigned cpl = f->cpu->cpl;
    int64_t end = host_monotonic_ns() + 1000000;
    while (host_monotonic_ns() < end)
        ;
    set_cpl(f, 0);
    set_cpl(f, cpl);
}

static void run_until_window(struct fixture *f)
{
    int64_t end = host_monotonic_ns() + 5000000000;
    while (f->cpu->jit.window == NULL && host_monotonic_ns() < end)
        run_a_while(f);
    CHECK(f->cpu->jit.window != NULL);
}

TEST(a_space_earns_its_window)
{
    struct fixture *f = paged_with(WINDOW_AUTO, 0, 0);
    CHECK(f->cpu->jit.window == NULL);
    CHECK(!window_fault(f->ws, LINEAR, false));
    int64_t start = host_monotonic_ns();
    run_until_window(f);
    set_cpl(f, 3);
    bool soft = f->cpu->jit.window == NULL;
    CHECK(soft || host_monotonic_ns() - start > 15000000); /* the test may have been kept waiting */
    run_until_window(f);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    done(f);
}

/*
 * Twenty processes of three milliseconds each. False: the test was kept waiting, which may count for
 * one of them, so that it earned a window by right.
 */
static bool run_short_processes(struct fixture *f)
{
    const int64_t ms = 1000000;
    int64_t start = host_monotonic_ns();
    f->cpu->gpr[RSP] = LINEAR + 0x800;
    set_cpl(f, 3);
    for (unsigned n = 0; n < 20; n++) {
        poke32(f->m, TABLE + 12, (FRAME + (n & 1) * 0x1000) | P | W | U | A | D);
        set_cpl(f, 0);
        load_cr3(f, DIRECTORY);
        set_cpl(f, 3);
        for (unsigned k = 0; k < 3; k++)
            run_a_while(f);
        int64_t waited = host_monotonic_ns() - start - (n + 1) * 3 * ms;
        if (f->cpu->jit.window == NULL)
            continue;
        CHECK(waited > ms / 2);
        return false;
    }
    return true;
}

TEST(short_processes_earn_nothing_together)
{
    struct fixture *f = paged_with(WINDOW_AUTO, 0, 0);
    unsigned n = 0;
    while (n < 50 && !run_short_processes(f)) {
        done(f);
        f = paged_with(WINDOW_AUTO, 0, 0);
        n++;
    }
    run_until_window(f);
    CHECK_EQ(peek(f, LINEAR), n < 50 ? 0x22 : 0x11); /* at last none was undisturbed */
    done(f);
}

TEST(a_page_that_changes_often_stays_soft)
{
    struct fixture *f = paged_with(WINDOW_AUTO, 0, 0);
    run_until_window(f);
    unsigned refused = 0;
    for (unsigned n = 0; n < 1000; n++) {
        poke32(f->m, TABLE + 12, (FRAME + (n & 1) * 0x1000) | P | W | U);
        flush_page(f, LINEAR);
        int value = peek(f, LINEAR);
        refused += value == -1;
        CHECK(value == -1 || value == (n & 1 ? 0x22 : 0x11));
    }
    CHECK(refused > 800);
    done(f);
}

/* That happens once, and says nothing of the pages that are there from then on. */
TEST(a_large_page_that_is_split_keeps_its_window)
{
    struct fixture *f = paged_with(WINDOW_AUTO, 0, CR4_PSE);
    poke32(f->m, DIRECTORY + 4, 0x400000 | P | W | U | PS);
    flush(f, false);
    run_until_window(f);
    for (unsigned n = 0; n < 1024; n += 256)
        CHECK(peek(f, 0x00400000 + n * 0x1000) != -1);
    scatter(f, TABLE, 1024);
    poke32(f->m, DIRECTORY + 4, TABLE | P | W | U);
    flush(f, false);
    for (unsigned n = 1024; n-- > 0;) /* downwards, where each has a fault of its own */
        CHECK_EQ(peek(f, 0x00400000 + n * 0x1000), (uint8_t)(n * 7));
    done(f);
}

TEST(a_window_that_does_not_pay_is_taken_away)
{
    struct fixture *f = paged_with(WINDOW_AUTO, 0, 0);
    set_cpl(f, 3);
    run_until_window(f);
    unsigned n = 0;
    for (; n < 5000 && f->cpu->jit.window != NULL; n++) {
        poke32(f->m, TABLE + 12, (FRAME + (n & 1) * 0x1000) | P | W | U);
        flush_page(f, LINEAR);
        CHECK_EQ(peek(f, LINEAR), n & 1 ? 0x22 : 0x11);
        set_cpl(f, 0);
        set_cpl(f, 3);
    }
    CHECK(n > 100 && n < 5000);
    run_until_window(f);
    CHECK_EQ(peek(f, LINEAR), (n - 1) & 1 ? 0x22 : 0x11);
    done(f);
}

TEST(never_means_never)
{
    struct fixture *f = paged_with(WINDOW_NEVER, 0, 0);
    CHECK(!window_select(f->ws));
    CHECK(!window_fault(f->ws, LINEAR, false));
    done(f);
}
