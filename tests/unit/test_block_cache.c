// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Code that runs through the run loop and the block cache: self-modification, limits, traps, shadows, sleep.
#include "guest_thread.h"

#include <unistd.h>

#include "cpu/block_store.h"

/* Code runs in real mode at CS:IP 0000:1000, vectors at 0, stack at 0000:8000. OUT to port F4h ends the run. */
enum { CODE = 0x1000, DATA = 0x3000, PORT_END = 0xf4 };

static bool end_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)offset, (void)size, (void)value;
    cpu_exit(((struct cpu_machine *)opaque)->cpu);
    return true;
}

static const struct region_desc end_desc = {.name = "end", .size = 1, .min_size = 1, .max_size = 1, .write = end_write};

static struct cpu_machine *real_mode(const uint8_t *code, unsigned length)
{
    struct cpu_machine *m = machine_create("max");
    region_map_io(m->memory, 1 << SPACE_PORTS, &end_desc, m, PORT_END, 0);
    memcpy(machine_at(m, CODE), code, length);
    m->cpu->seg[SEG_CS].base = 0;
    m->cpu->seg[SEG_CS].selector = 0;
    m->cpu->eip = CODE;
    m->cpu->gpr[RSP] = 0x8000;
    cpu_state_changed(m->cpu);
    return m;
}
#define REAL_MODE(...)                                  \
    ({                                                  \
        static const uint8_t code_[] = {__VA_ARGS__};   \
        real_mode(code_, sizeof code_);                 \
    })
#define END 0xe6, PORT_END /* out 0F4h, al */

static void run(struct cpu_machine *m)
{
    cpu_resume(m->cpu);
    cpu_run(m->cpu);
}

static void vector(struct cpu_machine *m, unsigned n, uint16_t offset)
{
    poke16(m, 4 * n, offset);
    poke16(m, 4 * n + 2, 0);
}

static uint64_t dropped(const struct cpu_machine *m)
{
    uint64_t blocks, decoded, count;
    block_cache_counts(m->cpu, &blocks, &decoded, &count);
    return count;
}

TEST(a_loop_runs_and_is_counted)
{
    struct cpu_machine *m = REAL_MODE(0xb9, 0x10, 0x27, /* mov cx, 10000 */
                                      0x40,             /* inc ax */
                                      0xe2, 0xfd,       /* loop -1 */
                                      END);
    run(m);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xffff, 10000);
    if (machine_counts(m))
        CHECK_EQ(m->cpu->instructions, 1 + 2 * 10000 + 1);
    machine_destroy(m);
}

TEST(a_block_that_changes_its_next_instruction)
{
    struct cpu_machine *m = REAL_MODE(0xc6, 0x06, 0x06, 0x10, 0x55, /* mov byte [1006h], 55h */
                                      0xb0, 0x11,                   /* mov al, 11h: the byte at 1006h */
                                      END);
    run(m);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xff, 0x55);
    CHECK_EQ(dropped(m), 1);
    if (machine_counts(m))
        CHECK_EQ(m->cpu->instructions, 3);
    machine_destroy(m);
}

TEST(a_loop_that_changes_itself_each_time)
{
    struct cpu_machine *m = REAL_MODE(0xb9, 0x00, 0x01,       /* mov cx, 256 */
                                      0x80, 0xc2, 0x01,       /* add dl, 1: the immediate at 1005h */
                                      0xfe, 0x06, 0x05, 0x10, /* inc byte [1005h] */
                                      0xe2, 0xf7,             /* loop to add */
                                      END);
    m->cpu->gpr[RDX] = 0; /* RESET left the signature there */
    run(m);
    CHECK_EQ(m->cpu->gpr[RDX] & 0xff, 0x80); /* 1 + 2 + ... + 256, mod 256 */
    machine_destroy(m);
}

TEST(data_beside_code_drops_nothing)
{
    struct cpu_machine *m = REAL_MODE(0xb9, 0x00, 0x10,       /* mov cx, 4096 */
                                      0xff, 0x06, 0x80, 0x10, /* inc word [1080h]: the same page */
                                      0xe2, 0xfa, END);
    run(m);
    CHECK_EQ(peek16(m, 0x1080), 4096);
    CHECK_EQ(dropped(m), 0);
    machine_destroy(m);
}

TEST(an_instruction_across_pages)
{
    /* 1ffeh: mov ax, imm16 with its last byte at 2000h, changed between two calls. */
    struct cpu_machine *m = REAL_MODE(0xe8, 0xfb, 0x0f,             /* call 1ffeh */
                                      0x89, 0xc3,                   /* mov bx, ax */
                                      0xc6, 0x06, 0x00, 0x20, 0x77, /* mov byte [2000h], 77h */
                                      0xe8, 0xf1, 0x0f,             /* call 1ffeh */
                                      END);
    static const uint8_t callee[] = {0xb8, 0x34, 0x12, 0xc3};
    memcpy(machine_at(m, 0x1ffe), callee, sizeof callee);
    run(m);
    CHECK_EQ(m->cpu->gpr[RBX] & 0xffff, 0x1234);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xffff, 0x7734);
    machine_destroy(m);
}

TEST(a_write_from_outside_drops_blocks)
{
    struct cpu_machine *m = REAL_MODE(0xb0, 0x11, 0xf4 /* hlt */);
    cpu_step(m->cpu);
    m->cpu->eip = CODE;
    static const uint8_t changed[] = {0xb0, 0x22, END};
    static const uint8_t idle[] = {0xb0, 0x11, END};
    memcpy(machine_at(m, CODE), idle, sizeof idle);
    run(m);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xff, 0x11);
    uint64_t blocks, decoded, count;
    block_cache_counts(m->cpu, &blocks, &decoded, &count);
    CHECK_EQ(blocks, 1);
    CHECK(m->ram->page_flags[CODE >> PAGE_SHIFT] & RAM_PAGE_CODE);
    memory_write_bytes(m->memory, SPACE_MEMORY, CODE, changed, sizeof changed);
    block_cache_counts(m->cpu, &blocks, &decoded, &count);
    CHECK_EQ(blocks, 0);
    CHECK(!(m->ram->page_flags[CODE >> PAGE_SHIFT] & RAM_PAGE_CODE));
    machine_destroy(m);
}

static bool rom_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    static const uint8_t rom[] = {0xb8, 0xcd, 0xab, 0x05, 0x01, 0x00, END};
    (void)opaque, (void)size;
    *value = offset < sizeof rom ? rom[offset] : 0x90;
    return true;
}

TEST(code_in_a_device)
{
    static const struct region_desc desc = {.name = "rom", .size = 4096, .min_size = 1, .max_size = 1, .read = rom_read};
    struct cpu_machine *m = REAL_MODE(0xea, 0x00, 0x00, 0x00, 0xd0); /* jmp d000:0000 */
    region_map_io(m->memory, 1 << SPACE_MEMORY, &desc, m, 0xd0000, 1);
    run(m);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xffff, 0xabce);
    machine_destroy(m);
}

TEST(beyond_the_code_limit)
{
    /* The limit cuts the second MOV short: #GP with IP at it, and the first one done. */
    struct cpu_machine *m = REAL_MODE(0xb0, 0x11, 0xb3, 0x22, 0x90);
    static const uint8_t handler[] = {END};
    vector(m, EXC_GP, 0x0800);
    memcpy(machine_at(m, 0x800), handler, sizeof handler);
    m->cpu->seg[SEG_CS].limit = CODE + 2;
    run(m);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xff, 0x11);
    CHECK_EQ(m->cpu->gpr[RBX] & 0xff, 0);
    CHECK_EQ(peek16(m, 0x8000 - 6), CODE + 2);
    machine_destroy(m);
}

TEST(single_step_traps_after_each_instruction)
{
    struct cpu_machine *m = REAL_MODE(0x9c, 0x58,                         /* pushf; pop ax */
                                      0x80, 0xcc, 0x01,                   /* or ah, 1: TF */
                                      0x50, 0x9d,                         /* push ax; popf */
                                      0x40, 0x40, 0x40,                   /* three instructions */
                                      0x8e, 0xd3,                         /* mov ss, bx: no trap after it */
                                      0x40,                               /* nor before this; one after */
                                      END);
    static const uint8_t handler[] = {0x45, 0xcf}; /* inc bp; iret */
    vector(m, EXC_DB, 0x0800);
    memcpy(machine_at(m, 0x800), handler, sizeof handler);
    run(m);
    CHECK_EQ(m->cpu->gpr[RBP] & 0xffff, 4);
    CHECK_EQ(m->cpu->dr[6] & 1u << 14, 1u << 14);
    machine_destroy(m);
}

static int acknowledge(void *opaque)
{
    struct cpu_machine *m = opaque;
    cpu_set_intr(m->cpu, false);
    return 0x20;
}

TEST(sti_holds_off_for_one_instruction)
{
    struct cpu_machine *m = REAL_MODE(0xfb, 0x40, 0x40, END); /* sti; inc ax; inc ax */
    static const uint8_t handler[] = {0x89, 0xc3, 0xcf};      /* mov bx, ax; iret */
    vector(m, 0x20, 0x0800);
    memcpy(machine_at(m, 0x800), handler, sizeof handler);
    m->cpu->bus.acknowledge = acknowledge;
    m->cpu->gpr[RBX] = 9;
    cpu_set_intr(m->cpu, true);
    run(m);
    CHECK_EQ(m->cpu->gpr[RBX] & 0xffff, 1);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xffff, 2);
    machine_destroy(m);
}

/* The number of flushes that keys of the look-up hold starts anew in the middle of an instruction. */
TEST(more_flushes_than_are_counted)
{
    struct cpu_machine *m = REAL_MODE(0x0f, 0x22, 0xd8, /* again: mov cr3, eax */
                                      0x40,             /* inc ax */
                                      0x66, 0x49,       /* dec ecx */
                                      0x75, 0xf8, END); /* jnz again */
    m->cpu->gpr[RCX] = 150000;
    run(m);
    CHECK_EQ(m->cpu->gpr[RCX], 0);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xffff, 150000 & 0xffff);
    machine_destroy(m);
}

TEST(hlt_sleeps_until_an_interrupt)
{
    struct cpu_machine *m = REAL_MODE(0xfb, 0xf4, 0x40, END); /* sti; hlt; inc ax */
    static const uint8_t handler[] = {0x43, 0xcf};            /* inc bx; iret */
    vector(m, 0x20, 0x0800);
    memcpy(machine_at(m, 0x800), handler, sizeof handler);
    m->cpu->bus.acknowledge = acknowledge;
    struct host_thread *thread = guest_thread_start(m);
    cpu_resume(m->cpu);
    for (unsigned n = 0; n < 1000 && !__atomic_load_n(&m->cpu->halted, __ATOMIC_RELAXED); n++)
        usleep(1000);
    usleep(5000);
    CHECK(m->cpu->halted);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xffff, 0);
    host_lock_acquire(m->lock);
    cpu_set_intr(m->cpu, true);
    host_lock_release(m->lock);
    guest_thread_join(m, thread);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xffff, 1);
    CHECK_EQ(m->cpu->gpr[RBX] & 0xffff, 1);
    machine_destroy(m);
}

TEST(park_resume_and_step)
{
    struct cpu_machine *m = REAL_MODE(0x40, 0xeb, 0xfd); /* inc ax; jmp -1 */
    struct host_thread *thread = guest_thread_start(m);
    for (unsigned n = 0; n < 20; n++) {
        cpu_resume(m->cpu);
        usleep(200);
        cpu_park(m->cpu);
        uint64_t before = m->cpu->instructions;
        usleep(200);
        CHECK(cpu_parked(m->cpu));
        CHECK_EQ(m->cpu->instructions, before);
        uint32_t eip = (uint32_t)m->cpu->eip;
        cpu_step(m->cpu);
        CHECK_EQ(m->cpu->instructions, before + 1);
        CHECK_EQ(m->cpu->eip, eip == CODE ? CODE + 1 : CODE);
    }
    guest_thread_end(m, thread);
    machine_destroy(m);
}

TEST(data_breakpoints_trap_after_the_access)
{
    struct cpu_machine *m = REAL_MODE(0xc6, 0x06, 0x10, 0x30, 0x01, /* mov byte [3010h], 1 */
                                      0xc6, 0x06, 0x14, 0x30, 0x02, /* mov byte [3014h], 2: watched */
                                      0x40, END);
    static const uint8_t handler[] = {0x45, 0x89, 0xc3, 0xcf}; /* inc bp; mov bx, ax; iret */
    vector(m, EXC_DB, 0x0800);
    memcpy(machine_at(m, 0x800), handler, sizeof handler);
    m->cpu->dr[0] = 0x3014;
    m->cpu->dr[7] = 0x10402; /* G0, write, one byte */
    m->cpu->gpr[RBX] = 7;
    cpu_state_changed(m->cpu);
    run(m);
    CHECK_EQ(m->cpu->gpr[RBP] & 0xffff, 1);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xffff, 1);
    CHECK_EQ(m->cpu->dr[6] & 0xf, 1);
    machine_destroy(m);
}

static struct block *forgotten(struct cpu_machine *m)
{
    struct block *b = block_find(m->cpu, machine_at(m, CODE), NULL);
    CHECK(b != NULL);
    b->insns = NULL;
    b->entry = &block_entry_forgotten;
    return b;
}

TEST(a_forgotten_block_is_decoded_again)
{
    struct cpu_machine *m = REAL_MODE(0x40, 0xb9, 0x02, 0x01, END); /* inc ax; mov cx, 102h */
    run(m);
    struct block *b = forgotten(m);
    unsigned length = b->length, count = b->count;
    const struct insn *i = block_insns(m->cpu, b);
    CHECK_EQ(i[1].imm, 0x102);
    CHECK_EQ(i[2].offset, 4);
    CHECK_EQ(b->length, length);
    CHECK_EQ(b->count, count);
    CHECK(i[3].fn == exec_block_end);
    machine_destroy(m);
}

/* A device has stored, and the processor not been told yet. */
TEST(a_forgotten_block_whose_bytes_changed_meanwhile)
{
    static const uint8_t longer[] = {0xb8, 0x66, 0x66, 0x66, 0x66, 0x66}; /* and nothing that ends */
    struct cpu_machine *m = REAL_MODE(0x40, 0x41, 0x42, 0x43, END);
    run(m);
    struct block *b = forgotten(m);
    unsigned length = b->length, count = b->count;
    memcpy(machine_at(m, CODE), longer, sizeof longer);
    const struct insn *i = block_insns(m->cpu, b);
    CHECK_EQ(b->length, length);
    CHECK_EQ(b->count, count);
    for (unsigned n = 0; n < count; n++)
        CHECK(i[n].fn == exec_dropped && i[n].op == INSN_OP_UNDEFINED);
    struct insn one;
    block_decode_one(m->cpu, b, length + 3, &one);
    CHECK(one.fn == exec_dropped);
    machine_destroy(m);
}
