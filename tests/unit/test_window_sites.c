// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Which accesses through a window are rewritten to a probe, and which probes go again.
#include "guest_thread.h"

#include "cpu/paging.h"

enum {
    CODE = 0x5000,
    HANDLER = 0x6000,
    DIRECTORY = 0x100000,
    TABLE = 0x101000,
    CHIP = 0x1000000,
    P = 1,
    W = 2,
};

/* A store to each of 64 pages, ten times; the handler gives each page, and the loop takes them all. */
asm(".pushsection .rodata\n"
    ".code32\n"
    ".intel_syntax noprefix\n"
    "faulting_program:\n"
    "  mov ecx, 10\n"
    "1: mov edi, 0x80000\n"
    "2: mov dword ptr [edi], ecx\n"
    "  add edi, 0x1000\n"
    "  cmp edi, 0xc0000\n"
    "  jb 2b\n"
    "  mov edi, 0x80\n"
    "3: and dword ptr [edi * 4 + 0x101000], 0xfffffffe\n"
    "  inc edi\n"
    "  cmp edi, 0xc0\n"
    "  jb 3b\n"
    "  mov eax, cr3\n"
    "  mov cr3, eax\n"
    "  dec ecx\n"
    "  jnz 1b\n"
    "4: hlt\n"
    "  jmp 4b\n"
    "faulting_program_end:\n"
    "faulting_handler:\n"
    "  push eax\n"
    "  mov eax, cr2\n"
    "  shr eax, 12\n"
    "  or dword ptr [eax * 4 + 0x101000], 1\n"
    "  pop eax\n"
    "  add esp, 4\n"
    "  iretd\n"
    "faulting_handler_end:\n"
    /* EAX rounds: a block that loads and stores by way of ESI. */
    "pointing_program:\n"
    "1: mov edx, dword ptr [esi]\n"
    "  mov dword ptr [esi + 4], edx\n"
    "  dec eax\n"
    "  jnz 1b\n"
    "2: hlt\n"
    "  jmp 2b\n"
    "pointing_program_end:\n"
    ".att_syntax\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t faulting_program[], faulting_program_end[], faulting_handler[],
    faulting_handler_end[], pointing_program[], pointing_program_end[];

struct runner {
    struct cpu_machine *m;
    struct host_thread *thread;
    const struct translator_counts *counts;
    unsigned stores; /* into the chip */
};

static bool chip_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque;
    (void)size;
    *value = offset;
    return true;
}
static bool chip_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)offset;
    (void)size;
    (void)value;
    ++*(unsigned *)opaque;
    return true;
}
static const struct region_desc chip = { "chip", 0x1000, 1, 4, chip_read, chip_write };

/* In windows always, and leaving generated code at each block's end. */
static struct runner *begin(const uint8_t *program, const uint8_t *program_end)
{
    struct runner *r = host_alloc(sizeof *r);
    struct translator_options options = translator_defaults;
    r->m = machine_create("max");
    options.threshold = 1;
    options.optimise &= ~(uint32_t)(OPTIMISE_CHAIN | OPTIMISE_LOOKUP);
    machine_attach(r->m, ENGINE_HOST, &options);
    machine_protect(r->m);
    region_map_io(r->m->memory, 1 << SPACE_MEMORY, &chip, &r->stores, CHIP, 0);
    memcpy(machine_at(r->m, CODE), program, (size_t)(program_end - program));
    r->counts = translator_counts(r->m->cpu);
    r->thread = guest_thread_start(r->m);
    return r;
}

static void end(struct runner *r)
{
    guest_thread_end(r->m, r->thread);
    machine_destroy(r->m);
    host_free(r);
}

TEST(page_faults_of_the_guests_rewrite_nothing)
{
    struct runner *r = begin(faulting_program, faulting_program_end);
    struct cpu_machine *m = r->m;
    memcpy(machine_at(m, HANDLER), faulting_handler,
           (size_t)(faulting_handler_end - faulting_handler));
    set_idt(m, EXC_PF, CODE0, HANDLER, 0x8e);
    poke32(m, DIRECTORY, TABLE | P | W);
    for (uint32_t page = 0; page < 512; page++)
        poke32(m, TABLE + 4 * page, page << 12 | W | (page >= 0x80 && page < 0xc0 ? 0 : P));
    m->cpu->cr3 = DIRECTORY;
    m->cpu->cr0 |= CR0_PG | CR0_WP;
    tlb_flush(m->cpu, false);
    guest_run_until_halt(r->m);
    CHECK_EQ(m->cpu->gpr[RCX], 0);
    CHECK_EQ(peek32(m, 0xbf000), 1);
    CHECK(r->counts->faults_guests >= 500); /* some instructions ran in the executor at first */
    CHECK_EQ(r->counts->rewritten, 0);
    end(r);
}

static void run_rounds(const struct runner *r, uint32_t where, uint32_t rounds)
{
    struct cpu *cpu = r->m->cpu;
    cpu->eip = CODE;
    cpu->gpr[RSI] = where;
    cpu->gpr[RAX] = rounds;
    guest_run_until_halt(r->m);
    CHECK_EQ(cpu->gpr[RAX], 0);
}

TEST(a_site_goes_back_when_it_meets_plain_memory)
{
    struct runner *r = begin(pointing_program, pointing_program_end);
    run_rounds(r, CHIP, 100);
    CHECK_EQ(r->stores, 100);
    CHECK_EQ(r->counts->rewritten, 2);
    CHECK(r->counts->faults_executed <= 10); /* both at once */
    run_rounds(r, CHIP, 10000);
    CHECK_EQ(r->counts->rewritten, 2); /* used by a chip all the time */
    CHECK_EQ(r->counts->restored, 0);
    run_rounds(r, 0x40000, 5000);
    CHECK_EQ(r->counts->restored, 2);
    CHECK_EQ(r->stores, 10100);
    run_rounds(r, CHIP, 10000);
    CHECK_EQ(r->counts->rewritten, 4);
    CHECK_EQ(r->counts->restored, 2);
    CHECK_EQ(r->stores, 20100);
    end(r);
}

TEST(a_site_that_goes_to_and_fro_keeps_its_probe)
{
    struct runner *r = begin(pointing_program, pointing_program_end);
    for (unsigned turn = 0; turn < 20; turn++) {
        run_rounds(r, CHIP, 20);
        run_rounds(r, 0x40000, 70000);
    }
    CHECK_EQ(r->stores, 400);
    CHECK(r->counts->restored > 2 && r->counts->restored <= 16);
    end(r);
}
