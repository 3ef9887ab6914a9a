// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A processor with a window, accesses to it as generated code makes them, and the host's traps.
#ifndef TESTS_UNIT_WINDOW_FIXTURE_H
#define TESTS_UNIT_WINDOW_FIXTURE_H

#include "cpu_machine.h"

#include "cpu/paging.h"
#include "cpu/tlb.h"
#include "translator/window.h"

/* Physical memory: 2 MiB of the machine, 8 MiB behind it, a ROM of two pages, a chip's page. */
enum { DIRECTORY = 0x100000, TABLE = 0x101000, POINTERS = 0x102000, FRAME = 0x150000 };
enum { OTHER_DIRECTORY = 0x103000, OTHER_TABLE = 0x104000, KERNEL_TABLE = 0x105000 };
enum { UPPER = 0x200000, UPPER_SIZE = 0x800000, ROM = 0xf00000, CHIP = 0xf10000 };
enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100 };

struct fixture {
    struct cpu_machine *m;
    struct cpu *cpu;
    struct ram_block *upper, *rom;
    struct region *rom_region;
    struct windows *ws;
    struct host_traps *traps;
    uint64_t refused; /* where a probe goes on if its access is refused */
    uint64_t outside; /* the last address that trapped outside of the window */
};

static inline bool chip_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque;
    (void)offset;
    (void)size;
    *value = 0;
    return true;
}
static inline bool chip_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)opaque;
    (void)offset;
    (void)size;
    (void)value;
    return true;
}
static const struct region_desc chip = { "chip", 0x1000, 1, 4, chip_read, chip_write };

static inline bool trap(void *opaque, enum host_trap kind, uint64_t address, bool write,
                        struct host_frame *frame)
{
    struct fixture *f = opaque;
    uint64_t linear = address - (uint64_t)(uintptr_t)f->cpu->jit.window;
    if (kind != HOST_TRAP_ACCESS || f->refused == 0)
        return false;
    if (linear > UINT32_MAX)
        f->outside = address;
    else if (window_fault(f->ws, (uint32_t)linear, write))
        return true;
    frame->pc = f->refused;
    return true;
}

static inline struct fixture *fixture_with(enum window_policy policy)
{
    struct fixture *f = host_alloc(sizeof *f);
    const char *why = NULL;
    f->m = machine_create("max");
    f->cpu = f->m->cpu;
    f->upper = ram_create(f->m->memory, "upper", UPPER_SIZE);
    region_map_ram(f->m->memory, MEMORY_SPACES, "upper", f->upper, f->upper, 0, UPPER, UPPER_SIZE,
                   0);
    f->rom = ram_create(f->m->memory, "rom", 0x2000);
    f->rom_region =
        region_map_ram(f->m->memory, 1 << SPACE_MEMORY, "rom", f->rom, NULL, 0, ROM, 0x2000, 0);
    region_map_io(f->m->memory, 1 << SPACE_MEMORY, &chip, NULL, CHIP, 0);
    f->ws = windows_create(f->cpu, policy, &why);
    CHECK(f->ws != NULL);
    f->traps = host_traps_install(trap, f);
    f->cpu->cr0 = CR0_PE;
    window_select(f->ws);
    return f;
}

static inline struct fixture *fixture(void)
{
    return fixture_with(WINDOW_ALWAYS);
}

static inline void done(struct fixture *f)
{
    host_traps_remove(f->traps);
    windows_destroy(f->ws);
    machine_destroy(f->m);
    host_free(f);
}

/* The byte at linear as generated code reads it; -1: the executor would have to. */
static inline int peek(struct fixture *f, uint32_t linear)
{
    uint64_t address = linear;
    uint8_t value = 0;
    int ok;
    __asm__ volatile("lea 2f(%%rip), %%rax\n\t"
                     "mov %%rax, %[refused]\n\t"
                     "movb %%gs:(%[address]), %[value]\n\t"
                     "movl $1, %[ok]\n\t"
                     "jmp 3f\n"
                     "2:\tmovl $0, %[ok]\n"
                     "3:\tmovq $0, %[refused]"
                     : [refused] "+m"(f->refused), [value] "+&q"(value), [ok] "=&r"(ok)
                     : [address] "r"(address)
                     : "rax", "memory", "cc");
    return ok ? value : -1;
}

static inline bool poke(struct fixture *f, uint32_t linear, uint8_t value)
{
    uint64_t address = linear;
    int ok;
    __asm__ volatile("lea 2f(%%rip), %%rax\n\t"
                     "mov %%rax, %[refused]\n\t"
                     "movb %[value], %%gs:(%[address])\n\t"
                     "movl $1, %[ok]\n\t"
                     "jmp 3f\n"
                     "2:\tmovl $0, %[ok]\n"
                     "3:\tmovq $0, %[refused]"
                     : [refused] "+m"(f->refused), [ok] "=&r"(ok)
                     : [address] "r"(address), [value] "q"(value)
                     : "rax", "memory", "cc");
    return ok;
}

static inline uint64_t faults(const struct fixture *f)
{
    struct window_counts counts;
    windows_count(f->ws, &counts);
    return counts.faults;
}

/* As the executor does it: the soft TLB first, the hook, then the choice. */
static inline void flush(struct fixture *f, bool keep_global)
{
    tlb_flush(f->cpu, keep_global);
    window_flush(f->ws, keep_global);
    window_select(f->ws);
}
static inline void flush_page(struct fixture *f, uint32_t linear)
{
    tlb_flush_page(f->cpu, linear);
    window_flush_page(f->ws, linear);
}
static inline void load_cr3(struct fixture *f, uint32_t cr3)
{
    f->cpu->cr3 = cr3;
    if (f->cpu->cr4 & CR4_PAE)
        CHECK(paging_load_pdptes(f->cpu, cr3));
    flush(f, true);
}
static inline void set_cpl(struct fixture *f, unsigned cpl)
{
    f->cpu->cpl = (uint8_t)cpl;
    window_select(f->ws);
}

static inline void poke64(struct cpu_machine *m, uint32_t a, uint64_t v)
{
    store_le64(machine_at(m, a), v);
}
static inline uint64_t peek64(struct cpu_machine *m, uint32_t a)
{
    return load_le64(machine_at(m, a));
}

#define LINEAR 0x00403000u /* directory entry 1, table entry 3; PAE: pointer 0, entries 2 and 3 */

static inline struct fixture *paged_with(enum window_policy policy, uint32_t cr0, uint32_t cr4)
{
    struct fixture *f = fixture_with(policy);
    f->cpu->cr0 = CR0_PE | CR0_PG | cr0;
    f->cpu->cr4 = cr4;
    poke32(f->m, DIRECTORY + 4, TABLE | P | W | U);
    poke32(f->m, TABLE + 12, FRAME | P | W | U);
    *machine_at(f->m, FRAME) = 0x11;
    *machine_at(f->m, FRAME + 0x1000) = 0x22;
    load_cr3(f, DIRECTORY);
    return f;
}
static inline struct fixture *paged(uint32_t cr0, uint32_t cr4)
{
    return paged_with(WINDOW_ALWAYS, cr0, cr4);
}
static inline struct fixture *paged_pae(uint32_t efer)
{
    struct fixture *f = fixture();
    f->cpu->cr0 = CR0_PE | CR0_PG;
    f->cpu->cr4 = CR4_PAE;
    f->cpu->msr.efer = efer;
    poke64(f->m, POINTERS, DIRECTORY | P);
    poke64(f->m, DIRECTORY + 16, TABLE | P | W | U);
    poke64(f->m, TABLE + 24, FRAME | P | W | U);
    *machine_at(f->m, FRAME) = 0x11;
    *machine_at(f->m, FRAME + 0x1000) = 0x22;
    load_cr3(f, POINTERS);
    return f;
}

/* Two directories that share a kernel at 0xc0000000. */
static inline struct fixture *two_spaces(uint32_t cr4)
{
    struct fixture *f = paged(0, cr4);
    poke32(f->m, OTHER_DIRECTORY + 4, OTHER_TABLE | P | W | U);
    poke32(f->m, OTHER_TABLE + 12, (FRAME + 0x1000) | P | W | U);
    poke32(f->m, DIRECTORY + 0xc00, KERNEL_TABLE | P | W);
    poke32(f->m, OTHER_DIRECTORY + 0xc00, KERNEL_TABLE | P | W | A);
    for (unsigned n = 0; n < 8; n++)
        poke32(f->m, KERNEL_TABLE + 4 * n, (FRAME + (0x10 + n) * 0x1000) | P | W | G);
    return f;
}

#endif
