// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Interrupts in the middle of repeated string instructions: each is taken soon, between two
// elements, with registers that fit together, and what is left is done afterwards.
#include "guest_thread.h"

#include <time.h>

/*
 * The guest repeats one instruction for ever. Its interrupt handler looks at EIP and, if that is
 * the instruction, at ESI, EDI and ECX, which have to tell the same number of elements.
 */
enum {
    CODE = 0x5000,
    VECTOR = 0x40,
    HANDLER = 0x6000 + VECTOR * 16,
    VARIABLES = 0x7000,
    SOURCE = 0x80000,
    DEST = 0x100000,
    BYTES = 0x60000,
};

struct variables {
    uint32_t rounds, interrupts, inside, bad;
    uint32_t insn;      /* EIP of the instruction */
    uint32_t size, end; /* of an element; EDI behind the last one */
    uint32_t distance;  /* EDI - ESI, or 0: ESI does not move */
    uint32_t dest, count;
};

/* ESI, EDI, ECX and EAX; the instruction; once more. */
asm(".pushsection .rodata\n"
    ".code32\n"
    ".intel_syntax noprefix\n"
    "guest_loop:\n"
    "  mov esi, 0x80000\n"
    "  mov edi, [0x7020]\n"
    "  mov ecx, [0x7024]\n"
    "  mov eax, 0x5a5a5a5a\n"
    "guest_insn:\n"
    "  rep movsb\n"
    "  inc dword ptr [0x7000]\n"
    "  jmp guest_loop\n"
    "guest_loop_end:\n"
    "guest_handler:\n"
    "  push eax\n"
    "  mov eax, [esp + 4]\n"
    "  cmp eax, [0x7010]\n"
    "  jne 2f\n"
    "  inc dword ptr [0x7008]\n"
    "  mov eax, ecx\n"
    "  imul eax, [0x7014]\n"
    "  add eax, edi\n"
    "  cmp eax, [0x7018]\n"
    "  jne 1f\n"
    "  mov eax, edi\n"
    "  sub eax, esi\n"
    "  cmp dword ptr [0x701c], 0\n"
    "  je 2f\n"
    "  cmp eax, [0x701c]\n"
    "  je 2f\n"
    "1: inc dword ptr [0x700c]\n"
    "2: inc dword ptr [0x7004]\n"
    "  pop eax\n"
    "  iretd\n"
    "guest_handler_end:\n"
    ".att_syntax\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t guest_loop[], guest_insn[], guest_loop_end[], guest_handler[],
    guest_handler_end[];

static int acknowledge(void *opaque)
{
    struct cpu_machine *m = opaque;
    cpu_set_intr(m->cpu, false);
    return VECTOR;
}

static uint32_t variable(struct cpu_machine *m, size_t offset)
{
    return __atomic_load_n((uint32_t *)(void *)machine_at(m, VARIABLES + (uint32_t)offset),
                           __ATOMIC_RELAXED);
}
#define VARIABLE(m, field) variable(m, offsetof(struct variables, field))

struct repeated {
    uint8_t prefix, opcode;
    uint8_t size;
    bool source;  /* ESI moves */
    uint8_t fill; /* of the destination before */
    uint32_t dest, bytes;
};

static void load_guest(struct cpu_machine *m, const struct repeated *r)
{
    struct variables v = {
        .insn = (uint32_t)(CODE + (guest_insn - guest_loop)),
        .size = r->size,
        .end = r->dest + r->bytes,
        .distance = r->source ? r->dest - SOURCE : 0,
        .dest = r->dest,
        .count = r->bytes / r->size,
    };
    memset(machine_at(m, SOURCE), 0x5a, r->bytes);
    memset(machine_at(m, r->dest), r->fill, r->bytes);
    memcpy(machine_at(m, CODE), guest_loop, (size_t)(guest_loop_end - guest_loop));
    memcpy(machine_at(m, HANDLER), guest_handler, (size_t)(guest_handler_end - guest_handler));
    machine_at(m, v.insn)[0] = r->prefix;
    machine_at(m, v.insn)[1] = r->opcode;
    memcpy(machine_at(m, VARIABLES), &v, sizeof v);
    if (r->dest < CODE)
        memcpy(machine_at(m, SOURCE), machine_at(m, r->dest), r->bytes);
}

static struct cpu_machine *start(const struct repeated *r)
{
    struct cpu_machine *m = machine_create("max");
    m->cpu->bus.acknowledge = acknowledge;
    m->cpu->bus.opaque = m;
    machine_protect(m);
    load_guest(m, r);
    m->cpu->eflags |= EFLAGS_IF;
    return m;
}

static void sleep_us(long us)
{
    struct timespec t = { .tv_nsec = us * 1000 };
    nanosleep(&t, NULL);
}

/* Raises the line until it was taken 200 times, or for some seconds on a busy host. */
static void interrupt(struct cpu_machine *m)
{
    int64_t end = host_monotonic_ns() + INT64_C(4000000000);
    for (unsigned n = 0; VARIABLE(m, interrupts) < 200 && host_monotonic_ns() < end; n++) {
        host_lock_acquire(m->lock);
        cpu_set_intr(m->cpu, true);
        host_lock_release(m->lock);
        sleep_us(20 + n % 7 * 10);
    }
}

static void check_repeated(struct repeated r)
{
    struct cpu_machine *m = start(&r);
    struct host_thread *thread = guest_thread_start(m);
    cpu_resume(m->cpu);
    while (VARIABLE(m, rounds) == 0)
        sleep_us(100);
    interrupt(m);
    cpu_park(m->cpu);
    CHECK(VARIABLE(m, interrupts) >= 20);
    CHECK(VARIABLE(m, inside) >= 5);
    CHECK_EQ(VARIABLE(m, bad), 0);
    CHECK(memcmp(machine_at(m, r.dest), machine_at(m, SOURCE), r.bytes) == 0);
    guest_thread_end(m, thread);
    machine_destroy(m);
}

TEST(rep_movsb)
{
    check_repeated((struct repeated){ 0xf3, 0xa4, 1, true, 0, DEST, BYTES });
}

TEST(rep_movsd)
{
    check_repeated((struct repeated){ 0xf3, 0xa5, 4, true, 0, DEST, BYTES });
}

TEST(rep_stosd)
{
    check_repeated((struct repeated){ 0xf3, 0xab, 4, false, 0, DEST, BYTES });
}

TEST(repe_scasb)
{
    check_repeated((struct repeated){ 0xf3, 0xae, 1, false, 0x5a, DEST, BYTES });
}

TEST(repe_cmpsd)
{
    check_repeated((struct repeated){ 0xf3, 0xa7, 4, true, 0x5a, DEST, BYTES });
}

/*
 * Its own code and the handler's are copied onto themselves: each round drops the blocks and goes
 * on in new ones.
 */
TEST(rep_movsd_over_its_own_code)
{
    check_repeated((struct repeated){ 0xf3, 0xa5, 4, true, 0, 0x4000, 0x3000 });
}

/*
 * A transfer has put other bytes in the instruction's place, and the processor not heard of it yet:
 * what it repeats until then is what it was. The rest of it is beyond RAM, where nothing is.
 */
TEST(rep_movsb_overwritten_while_it_runs)
{
    static const uint8_t program[] = { 0xf3, 0xa4, 0xf4, 0xeb, 0xfd }; /* 1: HLT; JMP 1b */
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    memcpy(machine_at(m, CODE), program, sizeof program);
    struct host_thread *thread = guest_thread_start(m);
    for (unsigned round = 0; round < 2; round++) {
        m->cpu->eip = CODE;
        m->cpu->gpr[RSI] = SOURCE;
        m->cpu->gpr[RDI] = MIB(2) - PAGE_SIZE;
        m->cpu->gpr[RCX] = round == 0 ? 1 : 2 * PAGE_SIZE;
        guest_run_until_halt(m);
        memset(machine_at(m, CODE), 0x90, 2);
    }
    guest_thread_end(m, thread);
    uint64_t left = m->cpu->gpr[RCX]; /* all done, or none but what the host repeated */
    CHECK(left == 0 || left == PAGE_SIZE || left == 2 * PAGE_SIZE);
    CHECK_EQ(m->cpu->gpr[RSI], SOURCE + 2 * PAGE_SIZE - left);
    CHECK_EQ(m->cpu->gpr[RDI], MIB(2) + PAGE_SIZE - left);
    machine_destroy(m);
}
