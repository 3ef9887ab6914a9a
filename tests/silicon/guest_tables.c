// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The guest's page tables, descriptor tables and handlers: what Linux shows a 32-bit program.
#include "guest_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/paging.h"
#include "cpu/system.h"

/* Physical addresses; the supervisor's linear ones are GUEST_SUPERVISOR more. */
enum {
    GDT = 0x1000,
    LDT = 0x1800,
    IDT = 0x2000,
    TSS = 0x3000,
    HANDLERS = 0x4000, /* 16 bytes a vector */
    SUPERVISOR_PAGES = 16,
    POINTERS = 0x180000,
    DIRECTORIES = 0x181000, /* four */
    TABLES = 0x185000,      /* of the arena's two halves, the code, the supervisor */
};
enum { KERNEL_CODE = 0x08, KERNEL_DATA = 0x18, TSS_SELECTOR = 0x40, LDT_SELECTOR = 0x50 };

#define PTE_P  1u
#define PTE_W  2u
#define PTE_U  4u
#define PTE_NX (UINT64_C(1) << 63)

/* ---- pages ----------------------------------------------------------------------------------- */

static void map(struct ram_block *ram, unsigned *tables, uint32_t linear, uint64_t entry)
{
    uint8_t *directory = ram->host + DIRECTORIES + (linear >> 21) * 8;
    uint64_t table = load_le64(directory);
    if (table == 0) {
        table = (TABLES + (*tables)++ * PAGE_SIZE) | PTE_P | PTE_W | PTE_U;
        store_le64(directory, table);
    }
    store_le64(ram->host + (table & 0xfffff000) + (linear >> 12 & 511) * 8, entry);
}

static uint64_t entry_of(unsigned page)
{
    uint64_t entry = guest_physical(page) | PTE_P | PTE_U;
    switch (layout_page_kind(page)) {
    case PAGE_WRITABLE: return entry | PTE_W | PTE_NX;
    case PAGE_READ_ONLY: return entry | PTE_NX;
    case PAGE_CODE: return entry | PTE_W;
    default: return 0;
    }
}

/* PAE and NX, as Linux has them: fetches are told apart in error codes. */
static void make_pages(struct ram_block *ram)
{
    unsigned tables = 0;
    memset(ram->host + POINTERS, 0, 16 * PAGE_SIZE);
    for (unsigned n = 0; n < 4; n++)
        store_le64(ram->host + POINTERS + n * 8, (DIRECTORIES + n * PAGE_SIZE) | PTE_P);
    for (unsigned n = 0; n < LAYOUT_PAGES; n++)
        map(ram, &tables, layout_page_address(n), entry_of(n));
    for (unsigned n = 0; n < SUPERVISOR_PAGES; n++)
        map(ram, &tables, GUEST_SUPERVISOR + n * PAGE_SIZE, n * PAGE_SIZE | PTE_P | PTE_W);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* attributes: bits 40-47 and 52-55 of the descriptor, as in struct segment. */
static void set_descriptor(struct ram_block *ram, uint32_t at, uint32_t base, uint32_t limit,
                           unsigned attributes)
{
    store_le32(ram->host + at, (limit & 0xffff) | base << 16);
    store_le32(ram->host + at + 4,
               (base >> 16 & 0xff) | attributes << 8 | (limit & 0xf0000) | (base & 0xff000000));
}

static uint32_t ldt_limit(void)
{
    return layout_segment_count * 8 - 1;
}

/* Linux's entries at their places, so that loading or asking for any selector has the same answer.
 */
static void make_gdt(struct ram_block *ram)
{
    memset(ram->host + GDT, 0, 0x80);
    set_descriptor(ram, GDT + 0x08, 0, 0xfffff, 0xc09b);
    set_descriptor(ram, GDT + 0x10, 0, 0xfffff, 0xa09b);
    set_descriptor(ram, GDT + 0x18, 0, 0xfffff, 0xc093);
    set_descriptor(ram, GDT + 0x20, 0, 0xfffff, 0xc0fb);
    set_descriptor(ram, GDT + 0x28, 0, 0xfffff, 0xc0f3);
    set_descriptor(ram, GDT + 0x30, 0, 0xfffff, 0xa0fb);
    set_descriptor(ram, GDT + TSS_SELECTOR, GUEST_SUPERVISOR + TSS, 0x67, 0x008b);
    set_descriptor(ram, GDT + LDT_SELECTOR, GUEST_SUPERVISOR + LDT, ldt_limit(), 0x0082);
    set_descriptor(ram, GDT + 0x78, 0, 0, 0x40f5);
}

static void make_ldt(struct ram_block *ram)
{
    memset(ram->host + LDT, 0, 0x800);
    for (unsigned n = 0; n < layout_segment_count; n++) {
        const struct layout_segment *s = &layout_segments[n];
        unsigned type = (s->contents << 2) | (s->read_only ? 0 : 2) | ATTR_ACCESSED;
        set_descriptor(ram, LDT + n * 8, s->base, s->limit,
                       type | ATTR_S | ATTR_DPL | (s->absent ? 0 : ATTR_P) |
                           (s->big ? ATTR_DB : 0) | (s->pages ? ATTR_G : 0));
    }
}

/* INT3, INTO and INT 80h are a program's to use. */
static void make_idt(struct ram_block *ram)
{
    for (unsigned n = 0; n < 256; n++) {
        uint32_t handler = GUEST_SUPERVISOR + HANDLERS + n * 16;
        unsigned level = n == EXC_BP || n == EXC_OF || n == 0x80 ? 3 : 0;
        store_le32(ram->host + IDT + n * 8, (handler & 0xffff) | KERNEL_CODE << 16);
        store_le32(ram->host + IDT + n * 8 + 4, (handler & 0xffff0000) | 0x8e00 | level << 13);
        memcpy(ram->host + HANDLERS + n * 16, "\xe6\xf4\xeb\xfe", 4); /* out 0xf4, al; jmp . */
    }
}

static void make_tss(struct ram_block *ram)
{
    memset(ram->host + TSS, 0, 0x68);
    store_le32(ram->host + TSS + 4, GUEST_STACK);
    store_le32(ram->host + TSS + 8, KERNEL_DATA);
    store_le16(ram->host + TSS + 0x66, 0x68); /* no I/O permission map */
}

int guest_vector(uint32_t eip)
{
    return (int)((eip - GUEST_SUPERVISOR - HANDLERS) / 16);
}

/* ---- the processor --------------------------------------------------------------------------- */

static struct segment system_segment(uint16_t selector, uint32_t base, uint32_t limit,
                                     uint16_t attributes)
{
    struct segment s = {
        .base = base, .limit = limit, .selector = selector, .attributes = attributes
    };
    segment_update_limits(&s);
    return s;
}

static void set_registers(struct cpu *cpu)
{
    cpu_write_cr0(cpu, CR0_PE | CR0_ET | CR0_NE | CR0_MP);
    cpu_write_cr4(cpu, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT);
    msr_write(cpu, 0xc0000080, EFER_NXE);
    cpu_write_cr3(cpu, POINTERS);
    cpu_write_cr0(cpu, CR0_PG | CR0_WP | CR0_AM | CR0_PE | CR0_ET | CR0_NE | CR0_MP);
    cpu->gdtr = (struct table_register){ GUEST_SUPERVISOR + GDT, 0x7f };
    cpu->idtr = (struct table_register){ GUEST_SUPERVISOR + IDT, 0x7ff };
    cpu->seg[SEG_TR] = system_segment(TSS_SELECTOR, GUEST_SUPERVISOR + TSS, 0x67, 0x8b);
    cpu->seg[SEG_LDTR] = system_segment(LDT_SELECTOR, GUEST_SUPERVISOR + LDT, ldt_limit(), 0x82);
    far_jump(cpu, KERNEL_CODE, GUEST_SUPERVISOR + HANDLERS, 4, 0);
    segment_load(cpu, SEG_SS, KERNEL_DATA);
}

void guest_tables_create(struct cpu *cpu, struct ram_block *ram)
{
    cpu_reset(cpu, false);
    make_pages(ram);
    make_gdt(ram);
    make_ldt(ram);
    make_idt(ram);
    make_tss(ram);
    if (__builtin_setjmp(cpu->jump) != 0) {
        fprintf(stderr, "the guest's own tables raise vector %d\n", cpu->pending.vector);
        abort();
    }
    set_registers(cpu);
}
