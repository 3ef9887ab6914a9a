// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Windows: what they map, what they refuse, and what flushes leave of it. The host's traps are real.
#include "cpu_machine.h"

#include <sys/mman.h>

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

static bool chip_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque;
    (void)offset;
    (void)size;
    *value = 0;
    return true;
}
static bool chip_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)opaque;
    (void)offset;
    (void)size;
    (void)value;
    return true;
}
static const struct region_desc chip = { "chip", 0x1000, 1, 4, chip_read, chip_write };

static bool trap(void *opaque, enum host_trap kind, uint64_t address, bool write,
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

static struct fixture *fixture_with(enum window_policy policy)
{
    struct fixture *f = host_alloc(sizeof *f);
    const char *why = NULL;
    f->m = machine_create("max");
    f->cpu = f->m->cpu;
    f->upper = ram_create(f->m->memory, "upper", UPPER_SIZE);
    region_map_ram(f->m->memory, 1 << SPACE_MEMORY | 1 << SPACE_SMM, "upper", f->upper, f->upper, 0,
                   UPPER, UPPER_SIZE, 0);
    f->rom = ram_create(f->m->memory, "rom", 0x2000);
    f->rom_region = region_map_ram(f->m->memory, 1 << SPACE_MEMORY, "rom", f->rom, NULL, 0, ROM,
                                   0x2000, 0);
    region_map_io(f->m->memory, 1 << SPACE_MEMORY, &chip, NULL, CHIP, 0);
    f->ws = windows_create(f->cpu, policy, &why);
    CHECK(f->ws != NULL);
    f->traps = host_traps_install(trap, f);
    f->cpu->cr0 = CR0_PE;
    window_select(f->ws);
    return f;
}

static struct fixture *fixture(void)
{
    return fixture_with(WINDOW_ALWAYS);
}

static void done(struct fixture *f)
{
    host_traps_remove(f->traps);
    windows_destroy(f->ws);
    machine_destroy(f->m);
    host_free(f);
}

/* The byte at linear as generated code reads it; -1: the executor would have to. */
static int peek(struct fixture *f, uint32_t linear)
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

static bool poke(struct fixture *f, uint32_t linear, uint8_t value)
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

static uint64_t faults(const struct fixture *f)
{
    struct window_counts counts;
    windows_count(f->ws, &counts);
    return counts.faults;
}

/* As the executor does it: the soft TLB first, the hook, then the choice. */
static void flush(struct fixture *f, bool keep_global)
{
    tlb_flush(f->cpu, keep_global);
    window_flush(f->ws, keep_global);
    window_select(f->ws);
}
static void flush_page(struct fixture *f, uint32_t linear)
{
    tlb_flush_page(f->cpu, linear);
    window_flush_page(f->ws, linear);
}
static void load_cr3(struct fixture *f, uint32_t cr3)
{
    f->cpu->cr3 = cr3;
    if (f->cpu->cr4 & CR4_PAE)
        CHECK(paging_load_pdptes(f->cpu, cr3));
    flush(f, true);
}
static void set_cpl(struct fixture *f, unsigned cpl)
{
    f->cpu->cpl = (uint8_t)cpl;
    window_select(f->ws);
}

static void poke64(struct cpu_machine *m, uint32_t a, uint64_t v)
{
    store_le64(machine_at(m, a), v);
}
static uint64_t peek64(struct cpu_machine *m, uint32_t a)
{
    return load_le64(machine_at(m, a));
}

#define LINEAR 0x00403000u /* directory entry 1, table entry 3; PAE: pointer 0, entries 2 and 3 */

static struct fixture *paged_with(enum window_policy policy, uint32_t cr0, uint32_t cr4)
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
static struct fixture *paged(uint32_t cr0, uint32_t cr4)
{
    return paged_with(WINDOW_ALWAYS, cr0, cr4);
}
static struct fixture *paged_pae(uint32_t efer)
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

/* ---- without paging ---- */

TEST(without_paging_linear_is_physical)
{
    struct fixture *f = fixture();
    *machine_at(f->m, 0x1234) = 7;
    CHECK_EQ(peek(f, 0x1234), 7);
    CHECK(poke(f, 0x1ff000, 8));
    CHECK_EQ(*machine_at(f->m, 0x1ff000), 8);
    CHECK(poke(f, UPPER + 0x5000, 9));
    CHECK_EQ(f->upper->host[0x5000], 9);
    CHECK_EQ(faults(f), 2); /* 2 MiB each */
    CHECK_EQ(peek(f, UPPER + 0x6000), 0);
    CHECK_EQ(faults(f), 2);
    CHECK_EQ(peek(f, UPPER + UPPER_SIZE), -1);
    CHECK_EQ(peek(f, 0xfffff000), -1);
    done(f);
}

TEST(roms_are_read_only_and_chips_refused)
{
    struct fixture *f = fixture();
    f->rom->host[0x1001] = 5;
    CHECK_EQ(peek(f, ROM + 0x1001), 5);
    CHECK(!poke(f, ROM + 0x1001, 6));
    CHECK_EQ(f->rom->host[0x1001], 5);
    CHECK_EQ(peek(f, CHIP), -1);
    CHECK(!poke(f, CHIP, 1));
    done(f);
}

TEST(a_change_of_the_map_shows)
{
    struct fixture *f = fixture();
    f->rom->host[0] = 5;
    CHECK_EQ(peek(f, ROM), 5);
    f->upper->host[0x3000] = 6;
    memory_begin(f->m->memory);
    region_set_ram(f->rom_region, f->upper, 0x3000, f->upper, 0x3000);
    memory_commit(f->m->memory);
    flush(f, false);
    CHECK_EQ(peek(f, ROM), 6);
    CHECK(poke(f, ROM, 7));
    CHECK_EQ(f->upper->host[0x3000], 7);
    done(f);
}

TEST(smm_and_a20_have_windows_of_their_own)
{
    struct fixture *f = fixture();
    *machine_at(f->m, 0x1000) = 1;
    *machine_at(f->m, 0x101000) = 2;
    f->rom->host[0] = 3;
    CHECK_EQ(peek(f, 0x101000), 2);
    CHECK_EQ(peek(f, ROM), 3);
    f->cpu->a20_mask = ~(1u << 20);
    flush(f, false);
    CHECK_EQ(peek(f, 0x101000), 1);
    f->cpu->a20_mask = ~0u;
    f->cpu->smm = true;
    flush(f, false);
    CHECK_EQ(peek(f, 0x101000), 2);
    CHECK_EQ(peek(f, ROM), -1); /* only mapped outside of SMM here */
    f->cpu->smm = false;
    flush(f, false);
    CHECK_EQ(peek(f, ROM), 3);
    done(f);
}

/* ---- accessed and dirty ---- */

TEST(a_read_sets_accessed_and_a_write_dirty)
{
    struct fixture *f = paged(0, 0);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(peek32(f->m, DIRECTORY + 4) & 0xfff, P | W | U | A);
    CHECK_EQ(peek32(f->m, TABLE + 12) & 0xfff, P | W | U | A);
    CHECK(poke(f, LINEAR, 0x12));
    CHECK_EQ(*machine_at(f->m, FRAME), 0x12);
    CHECK_EQ(peek32(f->m, TABLE + 12) & 0xfff, P | W | U | A | D);
    CHECK_EQ(peek32(f->m, DIRECTORY + 4) & 0xfff, P | W | U | A);
    CHECK_EQ(faults(f), 2);
    done(f);
}

TEST(a_refused_access_sets_nothing)
{
    struct fixture *f = paged(CR0_WP, 0);
    poke32(f->m, TABLE + 12, FRAME | P);
    CHECK(!poke(f, LINEAR, 1));
    CHECK_EQ(peek32(f->m, TABLE + 12) & 0xfff, P);
    CHECK_EQ(peek32(f->m, DIRECTORY + 4) & A, 0);
    CHECK_EQ(peek(f, LINEAR + 0x1000), -1);
    CHECK_EQ(peek32(f->m, TABLE + 16), 0);
    CHECK_EQ(peek(f, 0x00800000), -1);
    done(f);
}

TEST(cleared_bits_are_set_again_after_a_flush)
{
    struct fixture *f = paged(0, 0);
    CHECK(poke(f, LINEAR, 1));
    poke32(f->m, TABLE + 12, FRAME | P | W | U | A);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 1);
    CHECK_EQ(peek32(f->m, TABLE + 12) & D, 0);
    CHECK(poke(f, LINEAR, 2));
    CHECK_EQ(peek32(f->m, TABLE + 12) & D, D);
    poke32(f->m, TABLE + 12, FRAME | P | W | U | D);
    flush_page(f, LINEAR);
    CHECK_EQ(peek(f, LINEAR), 2);
    CHECK_EQ(peek32(f->m, TABLE + 12) & A, A);
    poke32(f->m, DIRECTORY + 4, TABLE | P | W | U);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 2);
    CHECK_EQ(peek32(f->m, DIRECTORY + 4) & A, A);
    done(f);
}

TEST(neighbours_come_along_only_if_accessed)
{
    struct fixture *f = paged(0, 0);
    for (unsigned n = 4; n < 40; n++)
        poke32(f->m, TABLE + 4 * n, (FRAME + (n - 3) * 0x1000) | P | W | U | (n == 6 ? 0 : A));
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(faults(f), 1);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    CHECK_EQ(peek(f, LINEAR + 0x2000), 0);
    CHECK_EQ(faults(f), 1);
    CHECK_EQ(peek32(f->m, TABLE + 4 * 6) & A, 0);
    CHECK_EQ(peek(f, LINEAR + 0x3000), 0);
    CHECK_EQ(faults(f), 2);
    CHECK_EQ(peek32(f->m, TABLE + 4 * 6) & A, A);
    CHECK(poke(f, LINEAR + 0x1000, 1));
    CHECK_EQ(peek32(f->m, TABLE + 4 * 4) & D, D);
    CHECK_EQ(peek32(f->m, TABLE + 4 * 5) & D, 0);
    done(f);
}

TEST(a_hint_sets_no_bits)
{
    struct fixture *f = paged(0, 0);
    window_hint(f->ws, LINEAR, false);
    CHECK_EQ(peek32(f->m, TABLE + 12) & A, 0);
    poke32(f->m, DIRECTORY + 4, TABLE | P | W | U | A);
    poke32(f->m, TABLE + 12, FRAME | P | W | U | A | D);
    window_hint(f->ws, LINEAR, true);
    CHECK(poke(f, LINEAR, 3));
    CHECK_EQ(faults(f), 0);
    done(f);
}

/* ---- rights ---- */

TEST(users_do_not_reach_supervisor_pages)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, TABLE + 12, FRAME | P | W);
    poke32(f->m, TABLE + 16, (FRAME + 0x1000) | P | U);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR), -1);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    CHECK(!poke(f, LINEAR + 0x1000, 1));
    set_cpl(f, 0);
    CHECK(poke(f, LINEAR + 0x1000, 0x23));
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x23);
    CHECK(!poke(f, LINEAR + 0x1000, 1));
    done(f);
}

TEST(write_protect_binds_the_supervisor)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, TABLE + 12, FRAME | P | U);
    CHECK(poke(f, LINEAR, 1));
    f->cpu->cr0 |= CR0_WP;
    flush(f, false);
    CHECK_EQ(peek(f, LINEAR), 1);
    CHECK(!poke(f, LINEAR, 2));
    f->cpu->cr0 &= ~CR0_WP;
    flush(f, false);
    CHECK(poke(f, LINEAR, 3));
    done(f);
}

TEST(rights_of_the_directory_bind_neighbours)
{
    struct fixture *f = paged(CR0_WP, 0);
    poke32(f->m, DIRECTORY + 4, TABLE | P | U | A);
    for (unsigned n = 3; n < 6; n++)
        poke32(f->m, TABLE + 4 * n, (FRAME + (n - 3) * 0x1000) | P | W | U | A | D);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK(!poke(f, LINEAR, 1));
    CHECK(!poke(f, LINEAR + 0x1000, 1));
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    done(f);
}

/* ---- flushes ---- */

TEST(a_changed_entry_shows_after_cr3_and_invlpg)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, TABLE + 16, (FRAME + 0x2000) | P | W | U);
    *machine_at(f->m, FRAME + 0x2000) = 0x33;
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x33);
    poke32(f->m, TABLE + 12, (FRAME + 0x1000) | P | W | U);
    flush_page(f, LINEAR);
    CHECK_EQ(peek(f, LINEAR), 0x22);
    uint64_t before = faults(f);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x33);
    CHECK_EQ(faults(f), before);
    poke32(f->m, TABLE + 12, FRAME | P | W | U);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    poke32(f->m, TABLE + 12, 0);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), -1);
    poke32(f->m, DIRECTORY + 4, 0);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR + 0x1000), -1);
    done(f);
}

TEST(a_write_that_walks_again_sees_the_new_frame)
{
    struct fixture *f = paged(0, 0);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    poke32(f->m, TABLE + 12, (FRAME + 0x1000) | P | W | U); /* no flush: but D has to be set */
    CHECK(poke(f, LINEAR, 0x44));
    CHECK_EQ(*machine_at(f->m, FRAME + 0x1000), 0x44);
    CHECK_EQ(*machine_at(f->m, FRAME), 0x11);
    CHECK_EQ(peek(f, LINEAR), 0x44);
    done(f);
}

static struct fixture *two_spaces(uint32_t cr4)
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

TEST(windows_are_kept_over_a_switch)
{
    struct fixture *f = two_spaces(0);
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    load_cr3(f, OTHER_DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x22);
    uint64_t before = faults(f);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    load_cr3(f, OTHER_DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x22);
    CHECK_EQ(faults(f), before);
    poke32(f->m, TABLE + 12, (FRAME + 0x2000) | P | W | U); /* while the other space is current */
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0);
    CHECK_EQ(faults(f), before + 1);
    done(f);
}

TEST(a_kernel_keeps_its_window_in_all_spaces)
{
    struct fixture *f = two_spaces(CR4_PGE);
    *machine_at(f->m, FRAME + 0x10000) = 0x55;
    for (unsigned n = 0; n < 8; n++)
        CHECK(poke(f, 0xc0000001u + n * 0x1000, 1));
    CHECK_EQ(peek(f, 0xc0000000u), 0x55);
    uint64_t before = faults(f);
    load_cr3(f, OTHER_DIRECTORY);
    CHECK_EQ(peek(f, 0xc0000000u), 0x55);
    CHECK_EQ(faults(f), before);
    CHECK_EQ(peek(f, LINEAR), 0x22);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    poke32(f->m, KERNEL_TABLE, (FRAME + 0x1000) | P | W | G);
    flush_page(f, 0xc0000000u);
    CHECK_EQ(peek(f, 0xc0000000u), 0x22);
    done(f);
}

/* ---- large pages, PAE ---- */

TEST(pages_of_4_mib)
{
    struct fixture *f = paged(0, CR4_PSE);
    poke32(f->m, DIRECTORY + 8, 0x00400000 | P | W | U | PS);
    f->upper->host[0x200123] = 1; /* physical 0x400123 */
    f->upper->host[0x400456] = 2; /* 0x600456 */
    CHECK_EQ(peek(f, 0x00800123), 1);
    CHECK_EQ(peek(f, 0x00a00456), 2);
    CHECK_EQ(peek(f, 0x00a10456), 0);
    CHECK_EQ(faults(f), 2);
    CHECK_EQ(peek32(f->m, DIRECTORY + 8) & (A | D), A);
    CHECK(poke(f, 0x00a01000, 3));
    CHECK_EQ(f->upper->host[0x401000], 3);
    CHECK_EQ(peek32(f->m, DIRECTORY + 8) & (A | D), A | D);
    CHECK(poke(f, 0x00801000, 4));
    poke32(f->m, DIRECTORY + 8, 0x00400000 | P | W | U | PS | A); /* D goes */
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, 0x00801000), 4);
    CHECK_EQ(peek32(f->m, DIRECTORY + 8) & D, 0);
    CHECK(poke(f, 0x00801000, 5));
    CHECK_EQ(peek32(f->m, DIRECTORY + 8) & D, D);
    poke32(f->m, DIRECTORY + 8, OTHER_TABLE | P | W | U); /* split */
    poke32(f->m, OTHER_TABLE, (FRAME + 0x1000) | P | W | U);
    flush_page(f, 0x00800000);
    CHECK_EQ(peek(f, 0x00800000), 0x22);
    CHECK_EQ(peek(f, 0x00a00456), -1);
    done(f);
}

TEST(pae_in_both_sizes)
{
    struct fixture *f = paged_pae(0);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(peek64(f->m, TABLE + 24) & 0xfff, P | W | U | A);
    CHECK(poke(f, LINEAR, 0x12));
    CHECK_EQ(peek64(f->m, TABLE + 24) & 0xfff, P | W | U | A | D);
    poke64(f->m, DIRECTORY + 32, 0x600000 | P | W | PS);
    f->upper->host[0x400789] = 9;
    CHECK_EQ(peek(f, 0x00800789), 9);
    CHECK(poke(f, 0x009fffff, 8));
    CHECK_EQ(f->upper->host[0x5fffff], 8);
    CHECK_EQ(peek64(f->m, DIRECTORY + 32) & (A | D), A | D);
    poke64(f->m, TABLE + 32, UINT64_C(1) << 63 | (FRAME + 0x1000) | P);
    CHECK_EQ(peek(f, LINEAR + 0x1000), -1); /* reserved while EFER.NXE is clear */
    poke64(f->m, POINTERS, OTHER_DIRECTORY | P);
    CHECK_EQ(peek(f, LINEAR), 0x12); /* the pointers are the processor's own */
    load_cr3(f, POINTERS);
    CHECK_EQ(peek(f, LINEAR), -1);
    done(f);
}

TEST(pae_data_may_be_no_execute)
{
    struct fixture *f = paged_pae(EFER_NXE);
    poke64(f->m, TABLE + 24, UINT64_C(1) << 63 | FRAME | P | A);
    poke64(f->m, TABLE + 32, UINT64_C(1) << 63 | (FRAME + 0x1000) | P | A);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    CHECK_EQ(faults(f), 1);
    done(f);
}

/* ---- pages whose stores have to be seen ---- */

TEST(code_pages_are_protected_in_all_windows)
{
    struct fixture *f = two_spaces(0);
    poke32(f->m, OTHER_TABLE + 12, FRAME | P | W | U);
    CHECK(poke(f, LINEAR, 1));
    set_cpl(f, 3);
    CHECK(poke(f, LINEAR, 2));
    load_cr3(f, OTHER_DIRECTORY);
    CHECK(poke(f, LINEAR, 3));
    ram_page_set_flags(f->m->ram, FRAME >> PAGE_SHIFT, RAM_PAGE_CODE);
    window_protect(f->ws, f->m->ram, FRAME + 0x10, 4);
    CHECK(!poke(f, LINEAR, 4));
    load_cr3(f, DIRECTORY);
    CHECK(!poke(f, LINEAR, 5));
    set_cpl(f, 0);
    CHECK(!poke(f, LINEAR, 6));
    CHECK_EQ(peek(f, LINEAR), 3);
    ram_page_clear_flags(f->m->ram, FRAME >> PAGE_SHIFT, RAM_PAGE_CODE);
    CHECK(poke(f, LINEAR, 7));
    done(f);
}

TEST(a_code_page_within_a_large_page)
{
    struct fixture *f = paged(0, CR4_PSE);
    poke32(f->m, DIRECTORY + 8, 0x00400000 | P | W | U | PS);
    ram_page_set_flags(f->upper, 0x203, RAM_PAGE_CODE);
    CHECK(!poke(f, 0x00803000, 1));
    CHECK(poke(f, 0x00802000, 1));
    CHECK(poke(f, 0x00804000, 1));
    CHECK_EQ(peek(f, 0x00803000), 0);
    ram_page_set_flags(f->upper, 0x300, RAM_PAGE_CODE);
    CHECK(poke(f, 0x00900000, 1));
    window_protect(f->ws, f->upper, 0x300000, 0x1000);
    CHECK(!poke(f, 0x00900000, 2));
    CHECK(poke(f, 0x00901000, 2));
    CHECK(poke(f, 0x008ff000, 2));
    done(f);
}

TEST(dirty_pages_are_noticed)
{
    struct fixture *f = paged(0, 0);
    uint64_t map[1] = { 0 };
    ram_dirty_attach(f->m->ram, RAM_PAGE_DIRTY_DISPLAY);
    CHECK(poke(f, LINEAR, 1));
    CHECK(ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map));
    window_protect(f->ws, f->m->ram, FRAME, 0x1000);
    /* It may be found dirty once more, for stores between the two. */
    ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map);
    window_protect(f->ws, f->m->ram, FRAME, 0x1000);
    CHECK(!ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map));
    CHECK_EQ(peek(f, LINEAR), 1);
    CHECK(!ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map));
    CHECK(poke(f, LINEAR, 2));
    CHECK(ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map));
    done(f);
}

TEST(watched_pages_are_refused)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, TABLE + 16, (FRAME + 0x1000) | P | W | U | A | D);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    f->cpu->dr[0] = LINEAR + 4;
    f->cpu->dr[7] = 1 | 1 << 16; /* writes */
    flush(f, false);
    CHECK_EQ(peek(f, LINEAR), -1);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    f->cpu->dr[7] = 0;
    flush(f, false);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    done(f);
}

TEST(checked_alignment_is_refused)
{
    struct fixture *f = paged(CR0_AM, 0);
    f->cpu->eflags |= EFLAGS_AC;
    CHECK_EQ(peek(f, LINEAR), 0x11);
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR), -1);
    done(f);
}

TEST(page_tables_outside_of_ram_are_refused)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, DIRECTORY + 8, CHIP | P | W | U);
    CHECK_EQ(peek(f, 0x00800000), -1);
    store_le32(f->rom->host, FRAME | P | W | U);
    store_le32(f->rom->host + 4, FRAME | P | W | U | A);
    poke32(f->m, DIRECTORY + 12, ROM | P | W | U);
    CHECK_EQ(peek(f, 0x00c00000), -1); /* A cannot be set here */
    CHECK_EQ(peek(f, 0x00c01000), 0x11);
    ram_page_set_flags(f->m->ram, TABLE >> PAGE_SHIFT, RAM_PAGE_CODE);
    CHECK_EQ(peek(f, LINEAR), -1); /* somebody has to hear of it */
    ram_page_clear_flags(f->m->ram, TABLE >> PAGE_SHIFT, RAM_PAGE_CODE);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    done(f);
}

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
    uint8_t *range = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
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

static void run_until_window(struct fixture *f)
{
    int64_t end = host_monotonic_ns() + 5000000000;
    while (!window_select(f->ws) && host_monotonic_ns() < end)
        ;
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

TEST(never_means_never)
{
    struct fixture *f = paged_with(WINDOW_NEVER, 0, 0);
    CHECK(!window_select(f->ws));
    CHECK(!window_fault(f->ws, LINEAR, false));
    done(f);
}

/* ---- at random ---- */

/*
 * Two address spaces share some tables; entries change at random, each change being followed by a
 * flush that a processor needs to see it. Then each access has to give what the entries say, and to
 * set A and D in just the entries that it uses.
 */
struct chaos {
    struct fixture *f;
    uint64_t seed;
    bool pae;
    unsigned current; /* space */
};
enum { CHAOS_PAGES = 48, CHAOS_FRAMES = 64, CHAOS_BASE = 0x00400000 };

static unsigned pick(struct chaos *c, unsigned limit)
{
    c->seed = c->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(c->seed >> 33) % limit;
}
static uint32_t chaos_table(unsigned space)
{
    return 0x110000 + space * 0x2000;
}
/* The directory entry of space for the pages, and the leaf entry of page. */
static uint32_t chaos_directory_entry(const struct chaos *c, unsigned space)
{
    return 0x118000 + space * 0x4000 + (c->pae ? 0x1000 + 16 : 4);
}
static uint32_t chaos_cr3(unsigned space)
{
    return 0x118000 + space * 0x4000;
}
static uint32_t chaos_leaf(const struct chaos *c, unsigned space, unsigned page)
{
    return chaos_table(space) + page * (c->pae ? 8 : 4);
}
static uint64_t chaos_get(const struct chaos *c, uint32_t at)
{
    return c->pae ? peek64(c->f->m, at) : peek32(c->f->m, at);
}
static void chaos_set(const struct chaos *c, uint32_t at, uint64_t value)
{
    if (c->pae)
        poke64(c->f->m, at, value);
    else
        poke32(c->f->m, at, (uint32_t)value);
}
static uint32_t chaos_frame(unsigned n)
{
    return UPPER + n * 0x1000;
}

static uint64_t random_leaf(struct chaos *c)
{
    static const uint16_t bits[] = { P | W | U, P | W | U | A, P | W | U | A | D, P | U, P | U | A,
                                     P | W, P | W | A | D, 0, P | W | U | A | D | G, P | U | A | D };
    return chaos_frame(pick(c, CHAOS_FRAMES)) | bits[pick(c, ARRAY_SIZE(bits))];
}

static void chaos_change(struct chaos *c)
{
    unsigned page = pick(c, CHAOS_PAGES);
    uint32_t leaf = chaos_leaf(c, c->current, page);
    uint32_t linear = CHAOS_BASE + page * 0x1000;
    switch (pick(c, 8)) {
    case 0: /* another space's entry: its CR3 load flushes it */
        chaos_set(c, chaos_leaf(c, !c->current, page), random_leaf(c));
        break;
    case 1:
        chaos_set(c, leaf, random_leaf(c));
        flush(c->f, false);
        break;
    case 2: /* as fork() does it */
        for (unsigned n = 0; n < CHAOS_PAGES; n++)
            chaos_set(c, chaos_leaf(c, c->current, n),
                      chaos_get(c, chaos_leaf(c, c->current, n)) & ~(uint64_t)(W | G));
        flush(c->f, false);
        break;
    case 3: /* as a scan for idle pages does it */
        for (unsigned n = 0; n < CHAOS_PAGES; n++)
            chaos_set(c, chaos_leaf(c, c->current, n),
                      chaos_get(c, chaos_leaf(c, c->current, n)) & ~(uint64_t)(A | D));
        flush(c->f, false);
        break;
    case 4: {
        uint32_t at = chaos_directory_entry(c, c->current);
        uint64_t rights = pick(c, 4) == 0 ? 0 : pick(c, 4) == 0 ? U : W | U;
        chaos_set(c, at, chaos_table(c->current) | P | rights);
        flush(c->f, false);
        break;
    }
    default:
        chaos_set(c, leaf, random_leaf(c));
        flush_page(c->f, linear);
    }
}

static void chaos_switch(struct chaos *c)
{
    switch (pick(c, 4)) {
    case 0: /* global pages would be kept: both spaces differ in theirs */
        c->current = !c->current;
        c->f->cpu->cr3 = chaos_cr3(c->current);
        if (c->pae)
            CHECK(paging_load_pdptes(c->f->cpu, chaos_cr3(c->current)));
        flush(c->f, false);
        break;
    case 1:
        c->f->cpu->cr0 ^= CR0_WP;
        flush(c->f, false);
        break;
    default: set_cpl(c->f, c->f->cpu->cpl == 3 ? 0 : 3);
    }
}

static bool chaos_allowed(const struct chaos *c, uint64_t directory, uint64_t leaf, bool write)
{
    bool user = c->f->cpu->cpl == 3;
    uint64_t rights = directory & leaf;
    if (!(rights & P) || (user && !(rights & U)))
        return false;
    return !write || rights & W || (!user && !(c->f->cpu->cr0 & CR0_WP));
}

static bool chaos_access(struct chaos *c)
{
    unsigned page = pick(c, CHAOS_PAGES), offset = pick(c, 0x1000);
    bool write = pick(c, 2);
    uint32_t at[2] = { chaos_directory_entry(c, c->current), chaos_leaf(c, c->current, page) };
    uint64_t directory = chaos_get(c, at[0]), leaf = chaos_get(c, at[1]);
    bool allowed = chaos_allowed(c, directory, leaf, write);
    /* Of use only where the access is allowed. */
    uint8_t *byte = (uint8_t *)((uintptr_t)c->f->upper->host + (leaf & 0xfffff000) - UPPER + offset);
    uint32_t linear = CHAOS_BASE + page * 0x1000 + offset;
    uint8_t value = (uint8_t)pick(c, 256);
    bool right = write ? poke(c->f, linear, value) == allowed
                       : peek(c->f, linear) == (allowed ? *byte : -1);
    if (write && allowed)
        right &= *byte == value;
    if (allowed) {
        directory |= A;
        leaf |= A | (write ? D : 0);
    }
    return right && chaos_get(c, at[0]) == directory && chaos_get(c, at[1]) == leaf;
}

static void chaos_protect(struct chaos *c)
{
    unsigned n = pick(c, CHAOS_FRAMES);
    ram_page_set_flags(c->f->upper, n, RAM_PAGE_CODE);
    window_protect(c->f->ws, c->f->upper, n * 0x1000, 0x1000);
    for (unsigned page = 0; page < CHAOS_PAGES; page++) {
        uint64_t leaf = chaos_get(c, chaos_leaf(c, c->current, page));
        if ((leaf & 0xfffff000) == chaos_frame(n))
            CHECK(!poke(c->f, CHAOS_BASE + page * 0x1000, 1));
    }
    ram_page_clear_flags(c->f->upper, n, RAM_PAGE_CODE);
}

static void chaos(bool pae, uint64_t seed, uint32_t budget)
{
    struct chaos c = { .f = fixture(), .seed = seed, .pae = pae };
    c.f->cpu->cr4 = pae ? CR4_PAE : 0;
    c.f->cpu->cr0 |= CR0_PG;
    if (budget != 0)
        windows_set_budget(c.f->ws, budget);
    for (unsigned space = 0; space < 2; space++) {
        if (pae)
            poke64(c.f->m, chaos_cr3(space), (chaos_cr3(space) + 0x1000) | P);
        chaos_set(&c, chaos_directory_entry(&c, space), chaos_table(space) | P | W | U);
    }
    for (unsigned n = 0; n < UPPER_SIZE; n++)
        c.f->upper->host[n] = (uint8_t)(n * 5 + (n >> 12));
    load_cr3(c.f, chaos_cr3(0));
    for (unsigned n = 0; n < 20000; n++) {
        unsigned what = pick(&c, 40);
        if (what == 0)
            chaos_switch(&c);
        else if (what < 3)
            chaos_change(&c);
        else if (what == 3 && pick(&c, 8) == 0)
            chaos_protect(&c);
        else if (!chaos_access(&c)) {
            unit_fail(__FILE__, __LINE__, "step %u of seed %llu, %s", n, (unsigned long long)seed,
                      pae ? "PAE" : "32-bit");
            break;
        }
    }
    done(c.f);
}

TEST(random_changes_of_32_bit_tables)
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        chaos(false, seed, seed == 4 ? 32 : 0);
}

TEST(random_changes_of_pae_tables)
{
    for (uint64_t seed = 11; seed <= 14; seed++)
        chaos(true, seed, seed == 14 ? 32 : 0);
}
