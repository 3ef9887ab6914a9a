// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Memory management: page faults, mappings made and removed, a byte sieve over 100 MB in 4 KiB pages.
#include "program.h"
#include "system_programs.h"

#include <string.h>
#include <sys/mman.h>

#define PAGE  4096u
#define SIEVE 100000000u

static void *map_small_pages(size_t size)
{
    char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        fail("mmap");
    madvise(pages, size, MADV_NOHUGEPAGE); /* fails where there are none, which is as well */
    return pages;
}

uint32_t fault_unit(void)
{
    volatile char *pages = map_small_pages(1024 * PAGE);
    uint32_t sum = 0;
    for (unsigned n = 0; n < 1024; n++) {
        pages[n * PAGE] = 1;
        sum += (uint32_t)pages[n * PAGE];
    }
    munmap((void *)pages, 1024 * PAGE);
    return sum;
}

uint32_t mmap_unit(void)
{
    uint32_t mapped = 0;
    for (unsigned n = 0; n < 500; n++) {
        char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            fail("mmap");
        mapped += munmap(page, PAGE) == 0;
    }
    return mapped;
}

static char *composite;

void sieve_prepare(void)
{
    composite = map_small_pages(SIEVE);
    memset(composite, 0, SIEVE);
}

uint32_t sieve_unit(void)
{
    memset(composite, 0, SIEVE);
    for (uint32_t n = 2; n * n < SIEVE; n++)
        if (!composite[n])
            for (uint32_t multiple = n * n; multiple < SIEVE; multiple += n)
                composite[multiple] = 1;
    uint32_t primes = 0;
    for (uint32_t n = 2; n < SIEVE; n++)
        primes += !composite[n];
    return primes;
}
