// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Page tables, copies, random numbers, digests.
#include "torture.h"

enum { IDENTITY_TABLES = 8 }; /* 32 MiB */

uint32_t page_directory[1024] __attribute__((aligned(4096))),
    test_table[1024] __attribute__((aligned(4096))), low_table[1024] __attribute__((aligned(4096)));
static uint32_t tables[IDENTITY_TABLES - 1][1024] __attribute__((aligned(4096)));

/* ---- paging ---------------------------------------------------------------------------------- */

#define CONTROL(n)                                                                                 \
    uint32_t cr##n(void)                                                                           \
    {                                                                                              \
        uint32_t v;                                                                                \
        __asm__ volatile("movl %%cr" #n ", %0" : "=r"(v));                                         \
        return v;                                                                                  \
    }                                                                                              \
    void set_cr##n(uint32_t v)                                                                     \
    {                                                                                              \
        __asm__ volatile("movl %0, %%cr" #n : : "r"(v) : "memory");                                \
    }
CONTROL(0)
CONTROL(3)
CONTROL(4)

/* All but the 4 MiB of tests shows itself, and belongs to level 0. No PSE, PAE, PGE. */
void paging_start(void)
{
    set_cr0(cr0() & ~0x80000000);
    set_cr4(cr4() & ~0xb0u);
    memset(page_directory, 0, sizeof page_directory);
    memset(test_table, 0, sizeof test_table);
    for (unsigned t = 0; t < IDENTITY_TABLES; t++) {
        uint32_t *table = t == 0 ? low_table : tables[t - 1];
        for (unsigned n = 0; n < 1024; n++)
            table[n] = t << 22 | n << 12 | PTE_P | PTE_W;
        page_directory[t] = (uint32_t)table | PTE_P | PTE_W | PTE_U;
    }
    page_directory[TEST_LINEAR >> 22] = (uint32_t)test_table | PTE_P | PTE_W | PTE_U;
    set_cr3((uint32_t)page_directory);
    set_cr0(cr0() | 0x80000000);
}

uint32_t *map_entry(uint32_t linear)
{
    uint32_t *table = linear >= TEST_LINEAR ? test_table : low_table;
    return &table[linear >> 12 & 1023];
}

void invlpg(uint32_t linear)
{
    __asm__ volatile("invlpg %0" : : "m"(*(char *)linear) : "memory");
}

void map(uint32_t linear, uint32_t frame, uint32_t bits)
{
    *(volatile uint32_t *)map_entry(linear) = frame | bits;
    invlpg(linear);
}

/* ---- copies ---------------------------------------------------------------------------------- */

void *memset(void *to, int value, size_t size)
{
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void copy_dwords(void *to, const void *from, size_t size)
{
    size /= 4;
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

uint32_t place(uint32_t to, const void *code, const void *end)
{
    size_t size = (size_t)((const uint8_t *)end - (const uint8_t *)code);
    memcpy((void *)to, code, size);
    return to + size;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Xorshift; a state of 0 would stay there. */
uint32_t random32(struct random *r)
{
    uint32_t x = r->state ? r->state : 0x9e3779b9;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    r->state = x;
    return x * 0x2545f491 >> 3 ^ x;
}

unsigned random_below(struct random *r, unsigned limit)
{
    return (unsigned)((uint64_t)random32(r) * limit >> 32);
}

bool chance(struct random *r, unsigned percent)
{
    return random_below(r, 100) < percent;
}

uint32_t digest(uint32_t so_far, uint32_t value)
{
    return ((so_far << 5 | so_far >> 27) ^ value) * 0x9e3779b1;
}

uint32_t digest_memory(uint32_t so_far, const void *from, size_t size)
{
    const uint32_t *p = from;
    for (size_t n = 0; n < size / 4; n++)
        so_far = digest(so_far, p[n]);
    return so_far;
}

/* FXSAVE: FCW, FSW, tags; then MXCSR; eight registers of 10 bytes; eight of 16. */
static uint32_t digest_fx(uint32_t d, const uint8_t *fx)
{
    const uint32_t *word = (const uint32_t *)fx;
    d = digest(d, word[0]);
    d = digest(d, word[1] & 0xff);
    d = digest(d, word[6]);
    for (unsigned n = 0; n < 8; n++) {
        const uint32_t *st = word + 8 + n * 4;
        d = digest(digest(digest(d, st[0]), st[1]), st[2] & 0xffff);
    }
    return digest_memory(d, fx + 160, 128);
}

uint32_t digest_state(uint32_t so_far, const struct state *s, uint32_t undefined)
{
    so_far = digest_memory(so_far, s, offsetof(struct state, eflags));
    so_far = digest(so_far, s->eflags & ~undefined);
    so_far =
        digest_memory(so_far, &s->ss, offsetof(struct state, cr2) - offsetof(struct state, ss));
    so_far = digest(so_far, s->vector == EXC_PF ? s->cr2 : 0);
    return digest_fx(so_far, s->fx);
}
