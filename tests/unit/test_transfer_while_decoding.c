// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A transfer into code that is being decoded for the first time: the block must not outlast it.
#include "guest_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

/*
 * The code's pages are closed, and opened for one host instruction at a time: so is seen how often
 * they are read. Before each of these reads in turn, another thread's transfer ends.
 */
enum { CODE = 0x5000, PAGES = 2, OLD = 0x11111111, NEW = 0x22222222, FLAGS_TF = 0x100 };

static const uint8_t program[] = { 0xb8, 0x11, 0x11, 0x11, 0x11, 0xf4, 0xeb, 0xfd };

static struct cpu_machine *machine;
static uint32_t place;
static unsigned reads, wanted;
static int asked;

static void protect(int access)
{
    if (mprotect(machine_at(machine, CODE), PAGES * PAGE_SIZE, access) != 0)
        abort();
}

static void *transfer(void *opaque)
{
    static const uint32_t value = NEW;
    while (__atomic_load_n(&asked, __ATOMIC_ACQUIRE) == 0)
        nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
    if (__atomic_load_n(&asked, __ATOMIC_ACQUIRE) == 1)
        memory_write_bytes(machine->memory, SPACE_MEMORY, place + 1, &value, sizeof value);
    __atomic_store_n(&asked, 0, __ATOMIC_RELEASE);
    return opaque;
}

static void on_read(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    (void)number;
    if ((uint8_t *)info->si_addr - machine_at(machine, CODE) >= PAGES * (int)PAGE_SIZE)
        abort();
    protect(PROT_READ | PROT_WRITE);
    if (++reads < wanted) {
        u->uc_mcontext.gregs[REG_EFL] |= FLAGS_TF;
        return;
    }
    __atomic_store_n(&asked, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&asked, __ATOMIC_ACQUIRE) != 0)
        ;
}

static void on_step(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    (void)number;
    (void)info;
    u->uc_mcontext.gregs[REG_EFL] &= ~FLAGS_TF;
    protect(PROT_NONE);
}

static void catch_signal(int number, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigaction(number, &action, NULL);
}

static uint64_t run_from(uint32_t eip)
{
    machine->cpu->eip = eip;
    machine->cpu->gpr[RAX] = 0;
    guest_run_until_halt(machine);
    return machine->cpu->gpr[RAX];
}

/* Gives whether the code was read so often. */
static bool transfer_before_read(unsigned number)
{
    pthread_t thread;
    machine = machine_create("max");
    machine_protect(machine);
    memcpy(machine_at(machine, place), program, sizeof program);
    reads = 0;
    wanted = number;
    pthread_create(&thread, NULL, transfer, NULL);
    struct host_thread *guest = guest_thread_start(machine);
    protect(PROT_NONE);
    uint64_t first = run_from(place);
    protect(PROT_READ | PROT_WRITE);
    bool done = reads == wanted;
    if (done)
        CHECK_EQ(run_from(place), NEW);
    else
        CHECK_EQ(first, OLD);
    __atomic_store_n(&asked, done ? 0 : 2, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    guest_thread_end(machine, guest);
    machine_destroy(machine);
    return done;
}

static void check_code_at(uint32_t eip)
{
    unsigned number = 1;
    place = eip;
    catch_signal(SIGSEGV, on_read);
    catch_signal(SIGTRAP, on_step);
    while (transfer_before_read(number))
        number++;
    CHECK(number > 3); /* opcode, immediate, and either HLT or the other page's part */
}

TEST(the_first_block_of_a_page)
{
    check_code_at(CODE);
}

/* It goes on where there is no RAM: the page is none of code, and stores there stay fast. */
TEST(code_that_is_not_kept)
{
    machine = machine_create("max");
    machine_protect(machine);
    *machine_at(machine, MIB(2) - 1) = program[0];
    *machine_at(machine, 0x6000 + EXC_UD * 16) = program[5]; /* FFFFH is no opcode */
    struct host_thread *guest = guest_thread_start(machine);
    CHECK_EQ(run_from(MIB(2) - 1), UINT32_MAX);
    guest_thread_end(machine, guest);
    CHECK(!(machine->ram->page_flags[(MIB(2) - 1) >> PAGE_SHIFT] & RAM_PAGE_CODE));
    machine_destroy(machine);
}

TEST(an_instruction_across_pages)
{
    check_code_at(CODE + PAGE_SIZE - 3);
}
