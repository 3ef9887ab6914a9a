// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The host's code memory, windows and traps, on an x86-64 host.
#include "host/host.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define PAGE     UINT64_C(4096)
#define FOUR_GIB (UINT64_C(1) << 32)
#define TF       UINT64_C(0x100)

/* ---- code ---- */

TEST(code_is_seen_twice_and_runs)
{
    struct host_code *code = host_code_create(64 * PAGE);
    CHECK(code != NULL);
    if (code == NULL)
        return;
    uint8_t *write = host_code_write_address(code);
    const uint8_t *run = host_code_run_address(code);
    CHECK(write != run);
    static const uint8_t answer[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov eax, 42; ret */
    for (unsigned n = 0; n < 2; n++) {
        uint64_t at = n * 63 * PAGE;
        memcpy(write + at, answer, sizeof answer);
        write[at + 1] += n;
        CHECK_EQ(memcmp(write + at, run + at, sizeof answer), 0);
        int (*function)(void);
        const uint8_t *entry = run + at;
        memcpy(&function, &entry, sizeof function);
        CHECK_EQ(function(), 42 + n);
    }
    host_code_destroy(code);
}

TEST(code_too_large_is_refused)
{
    CHECK(host_code_create(UINT64_C(1) << 62) == NULL);
}

/* ---- traps ---- */

/* What the callback saw, and what it is to do. */
struct seen {
    struct host_window *window;
    struct host_ram *ram;
    unsigned count;
    enum host_trap trap;
    uint64_t address;
    bool write;
    struct host_frame frame;
    bool map, unprotect; /* answer an access so and let it be repeated */
    uint64_t go_to;      /* or: go on here */
    volatile unsigned kicks;
    bool decline;
};

static uint64_t linear_page(const struct seen *seen)
{
    uint64_t window = (uint64_t)(uintptr_t)host_window_address(seen->window);
    return (seen->address - window) & ~(PAGE - 1);
}

static bool record(void *opaque, enum host_trap trap, uint64_t address, bool write,
                   struct host_frame *frame)
{
    struct seen *seen = opaque;
    errno = EDOM; /* what C does in a handler must not show outside */
    if (seen->decline)
        return false;
    if (trap == HOST_TRAP_KICK) {
        seen->kicks++;
        return true;
    }
    seen->count++;
    seen->trap = trap;
    seen->address = address;
    seen->write = write;
    seen->frame = *frame;
    frame->flags &= ~TF;
    if (seen->map)
        return host_window_map(seen->window, linear_page(seen), seen->ram, PAGE, PAGE, false);
    if (seen->unprotect)
        return host_window_protect(seen->window, linear_page(seen), PAGE, true);
    if (seen->go_to != 0)
        frame->pc = seen->go_to;
    return trap == HOST_TRAP_STEP || seen->go_to != 0;
}

/*
 * Run text, which may use input as %[a] and change out as %[v]; a callback may go on at its end.
 * Says how often a callback ran.
 */
#define RUN(seen, text, input, out)                                                                \
    ({                                                                                             \
        unsigned before_ = (seen)->count;                                                          \
        uint64_t end_, v_ = (out);                                                                 \
        __asm__ volatile("lea 99f(%%rip), %[end]\n\tmov %[end], %[go]\n\t" text "\n99:"            \
                         : [end] "=&r"(end_), [go] "=m"((seen)->go_to), [v] "+r"(v_)               \
                         : [a] "r"((uint64_t)(input))                                              \
                         : "memory", "cc", "rax", "rdx");                                          \
        (seen)->go_to = 0;                                                                         \
        (out) = v_;                                                                                \
        (seen)->count - before_;                                                                   \
    })

/* Load and store a byte through the window; say how many faults it took. */
static unsigned load(struct seen *seen, uint64_t at, int *value)
{
    *value = -1;
    return RUN(seen, "movzbl (%[a]), %k[v]", (uintptr_t)host_window_address(seen->window) + at,
               *value);
}

static unsigned store(struct seen *seen, uint64_t at, uint8_t value)
{
    return RUN(seen, "movb %b[v], (%[a])", (uintptr_t)host_window_address(seen->window) + at,
               value);
}

TEST(traps_of_instructions)
{
    struct seen seen = { 0 };
    uint64_t value = 0;
    struct host_traps *traps = host_traps_install(record, &seen);
    errno = 0;
    CHECK_EQ(RUN(&seen, "xor %%edx, %%edx\n\tmov $7, %%eax\n\tdivl %k[a]", 0, value), 1);
    CHECK_EQ(seen.trap, HOST_TRAP_DIVIDE);
    CHECK_EQ(seen.frame.gpr[0], 7);
    CHECK_EQ(RUN(&seen, "ud2", 0, value), 1);
    CHECK_EQ(seen.trap, HOST_TRAP_ILLEGAL);
    /* Not canonical: no page fault, no address. */
    CHECK_EQ(RUN(&seen, "movb $1, (%[a])", UINT64_C(1) << 62, value), 1);
    CHECK_EQ(seen.trap, HOST_TRAP_ACCESS);
    CHECK_EQ(seen.address, 0);
    CHECK_EQ(seen.write, false);
    CHECK_EQ(errno, 0);
    host_traps_remove(traps);
}

/* All registers arrive, and what the callback changes is what goes on. */
static bool swap_registers(void *opaque, enum host_trap trap, uint64_t address, bool write,
                           struct host_frame *frame)
{
    struct seen *seen = opaque;
    (void)address, (void)write;
    seen->trap = trap;
    seen->frame = *frame;
    for (unsigned n = 0; n < 16; n++)
        if (n != 4)
            frame->gpr[n] = ~frame->gpr[n];
    frame->flags ^= 1;
    frame->pc += 2;
    return true;
}

TEST(traps_change_registers)
{
    struct seen seen = { 0 };
    uint64_t out[17], in_stack;
    struct host_traps *traps = host_traps_install(swap_registers, &seen);
    __asm__ volatile(
        "push %%rbx\n\tpush %%rbp\n\tpush %[out]\n\tmov %%rsp, %[in_stack]\n\t"
        "mov $100, %%eax\n\tmov $101, %%ecx\n\tmov $102, %%edx\n\tmov $103, %%ebx\n\t"
        "mov $105, %%ebp\n\tmov $106, %%esi\n\tmov $107, %%edi\n\tmov $108, %%r8d\n\t"
        "mov $109, %%r9d\n\tmov $110, %%r10d\n\tmov $111, %%r11d\n\tmov $112, %%r12d\n\t"
        "mov $113, %%r13d\n\tmov $114, %%r14d\n\tmov $115, %%r15d\n\tclc\n\t"
        "ud2\n\t"
        "xchg %%rax, (%%rsp)\n\t" /* out */
        "mov %%rcx, 8(%%rax)\n\tmov %%rdx, 16(%%rax)\n\tmov %%rbx, 24(%%rax)\n\t"
        "mov %%rsp, 32(%%rax)\n\tmov %%rbp, 40(%%rax)\n\tmov %%rsi, 48(%%rax)\n\t"
        "mov %%rdi, 56(%%rax)\n\tmov %%r8, 64(%%rax)\n\tmov %%r9, 72(%%rax)\n\t"
        "mov %%r10, 80(%%rax)\n\tmov %%r11, 88(%%rax)\n\tmov %%r12, 96(%%rax)\n\t"
        "mov %%r13, 104(%%rax)\n\tmov %%r14, 112(%%rax)\n\tmov %%r15, 120(%%rax)\n\t"
        "setc 128(%%rax)\n\tpop %%rcx\n\tmov %%rcx, (%%rax)\n\tpop %%rbp\n\tpop %%rbx"
        : [in_stack] "=&a"(in_stack)
        : [out] "D"(out)
        : "memory", "cc", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r15");
    host_traps_remove(traps);
    (void)in_stack;
    for (unsigned n = 0; n < 16; n++) {
        if (n == 4)
            continue;
        CHECK_EQ(seen.frame.gpr[n], 100 + n);
        CHECK_EQ(out[n], ~(uint64_t)(100 + n));
    }
    CHECK_EQ(out[4], seen.frame.gpr[4]);
    CHECK_EQ((uint8_t)out[16], 1);
}

/* AC of the interrupted code: the callback's C may access unaligned words. */
static bool unaligned(void *opaque, enum host_trap trap, uint64_t address, bool write,
                      struct host_frame *frame)
{
    struct seen *seen = opaque;
    (void)address, (void)write;
    uint8_t bytes[16] = { 0 };
    uint64_t value = 5;
    __asm__ volatile("mov %[value], 1(%[bytes])\n\tmov 1(%[bytes]), %[value]"
                     : [value] "+r"(value)
                     : [bytes] "r"(bytes)
                     : "memory");
    seen->count += value == 5;
    seen->trap = trap;
    seen->frame = *frame;
    frame->flags &= ~(UINT64_C(1) << 18);
    frame->pc += 2;
    return true;
}

TEST(traps_clear_alignment_checks)
{
    struct seen seen = { 0 };
    struct host_traps *traps = host_traps_install(unaligned, &seen);
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torl $0x40000, (%%rsp)\n\tpopfq\n\tud2\n\t"
                     "lea 128(%%rsp), %%rsp"
                     :
                     :
                     : "memory", "cc");
    host_traps_remove(traps);
    CHECK_EQ(seen.count, 1);
    CHECK_EQ(seen.trap, HOST_TRAP_ILLEGAL);
    CHECK_EQ(seen.frame.flags >> 18 & 1, 1);
}

TEST(traps_step)
{
    struct seen seen = { 0 };
    struct host_traps *traps = host_traps_install(record, &seen);
    uint64_t next;
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tlea 1f(%%rip), %[next]\n\t"
                     "pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n1:\tnop\n\t"
                     "lea 128(%%rsp), %%rsp"
                     : [next] "=&r"(next)
                     :
                     : "memory", "cc");
    host_traps_remove(traps);
    CHECK_EQ(seen.count, 1);
    CHECK_EQ(seen.trap, HOST_TRAP_STEP);
    CHECK_EQ(seen.frame.pc, next);
    CHECK(seen.frame.flags & TF);
}

static void kick_twice(void *opaque)
{
    struct host_traps *const *traps = opaque;
    host_traps_kick(*traps);
    host_traps_kick(*traps);
}

TEST(traps_kick)
{
    /* Two machines on one thread: only the one that was kicked hears of it. */
    struct seen first = { 0 }, second = { 0 };
    struct host_traps *traps = host_traps_install(record, &first);
    struct host_traps *other = host_traps_install(record, &second);
    struct host_thread *thread = host_thread_create("kicker", kick_twice, &traps);
    while (first.kicks == 0)
        continue;
    host_thread_join(thread);
    CHECK(first.kicks <= 2);
    CHECK_EQ(first.count, 0);
    CHECK_EQ(second.kicks, 0);
    host_traps_remove(traps);
    host_traps_kick(other);
    CHECK_EQ(second.kicks, 1); /* tgkill() to oneself delivers at once */
    host_traps_remove(other);
}

/* A guest CPU's thread starts with signals blocked. */
struct kicked_thread {
    struct host_event *ready;
    struct host_traps *traps;
    struct seen seen;
};
static void wait_for_kick(void *opaque)
{
    struct kicked_thread *thread = opaque;
    thread->traps = host_traps_install(record, &thread->seen);
    host_event_set(thread->ready);
    while (thread->seen.kicks == 0)
        continue;
    host_traps_remove(thread->traps);
}

TEST(traps_kick_another_thread)
{
    struct kicked_thread state = { .ready = host_event_create() };
    struct host_thread *thread = host_thread_create("kicked", wait_for_kick, &state);
    host_event_wait(state.ready);
    host_traps_kick(state.traps);
    host_thread_join(thread);
    CHECK_EQ(state.seen.kicks, 1);
    host_event_destroy(state.ready);
}

/* A trap that no callback takes ends the program as it would have. */
static int status_of_child(bool installed)
{
    pid_t child = fork();
    if (child == 0) {
        struct seen seen = { .decline = true };
        fclose(stderr); /* a sanitizer's report */
        if (installed)
            host_traps_install(record, &seen);
        *(volatile int *)(uintptr_t)PAGE = 1;
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

TEST(traps_declined)
{
    int plain = status_of_child(false);
    CHECK(plain != 0);
    CHECK_EQ(status_of_child(true), plain);
    struct host_traps *traps = host_traps_install(record, &(struct seen){ 0 });
    host_traps_remove(traps);
    CHECK_EQ(status_of_child(false), plain);
}

/* As the terminal's: it cleans up and lets the default have the signal. */
static void raise_again(int number)
{
    raise(number);
}

static int signal_of_reset_handler(int number, bool fault)
{
    pid_t child = fork();
    if (child == 0) {
        struct seen seen = { .decline = true };
        struct sigaction action = { .sa_handler = raise_again,
                                    .sa_flags = (int)SA_RESETHAND | SA_NODEFER };
        signal(SIGALRM, SIG_DFL);
        alarm(100); /* ends what raises for ever */
        sigaction(number, &action, NULL);
        host_traps_install(record, &seen);
        if (fault)
            *(volatile int *)(uintptr_t)PAGE = 1;
        kill(getpid(), number);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

/* A handler for one signal, which was there before, is not called for the one that it raises. */
TEST(traps_declined_to_a_handler_for_once)
{
    CHECK_EQ(signal_of_reset_handler(SIGSEGV, false), SIGSEGV);
    CHECK_EQ(signal_of_reset_handler(SIGSEGV, true), SIGSEGV);
    CHECK_EQ(signal_of_reset_handler(SIGTRAP, false), SIGTRAP);
}

/* ---- windows ---- */

struct window_test {
    struct seen seen;
    struct host_traps *traps;
    uint8_t *ram;
};

static bool window_begin(struct window_test *t, uint64_t size)
{
    memset(t, 0, sizeof *t);
    t->seen.ram = host_ram_create(16 * PAGE);
    t->seen.window = host_window_create(size);
    CHECK(t->seen.ram != NULL && t->seen.window != NULL);
    if (t->seen.ram == NULL || t->seen.window == NULL)
        return false;
    t->ram = host_ram_address(t->seen.ram);
    for (unsigned n = 0; n < 16; n++)
        t->ram[n * PAGE] = n;
    t->traps = host_traps_install(record, &t->seen);
    return true;
}

static void window_end(struct window_test *t)
{
    host_traps_remove(t->traps);
    host_window_destroy(t->seen.window);
    host_ram_destroy(t->seen.ram);
}

TEST(window_maps_and_unmaps)
{
    struct window_test t;
    int value;
    if (!window_begin(&t, FOUR_GIB))
        return;
    uint64_t at = FOUR_GIB - 4 * PAGE;
    CHECK(host_window_map(t.seen.window, at, t.seen.ram, 3 * PAGE, 4 * PAGE, true));
    CHECK_EQ(load(&t.seen, at, &value), 0);
    CHECK_EQ(value, 3);
    CHECK_EQ(load(&t.seen, at + 3 * PAGE, &value), 0);
    CHECK_EQ(value, 6);
    CHECK_EQ(store(&t.seen, at + PAGE, 77), 0);
    CHECK_EQ(t.ram[4 * PAGE], 77);
    /* Another page over it, and a hole. */
    CHECK(host_window_map(t.seen.window, at + PAGE, t.seen.ram, 0, PAGE, true));
    CHECK(host_window_unmap(t.seen.window, at + 2 * PAGE, PAGE));
    CHECK_EQ(load(&t.seen, at + PAGE, &value), 0);
    CHECK_EQ(value, 0);
    CHECK_EQ(load(&t.seen, at + 2 * PAGE, &value), 1);
    CHECK_EQ(value, -1);
    CHECK_EQ(t.seen.address - (uint64_t)(uintptr_t)host_window_address(t.seen.window),
             at + 2 * PAGE);
    CHECK_EQ(t.seen.trap, HOST_TRAP_ACCESS);
    CHECK_EQ(t.seen.write, false);
    CHECK_EQ(load(&t.seen, at + 3 * PAGE, &value), 0);
    CHECK_EQ(value, 6);
    window_end(&t);
}

TEST(window_protects)
{
    struct window_test t;
    int value;
    if (!window_begin(&t, 64 * PAGE))
        return;
    CHECK(host_window_map(t.seen.window, 8 * PAGE, t.seen.ram, 2 * PAGE, 3 * PAGE, true));
    CHECK(host_window_protect(t.seen.window, 9 * PAGE, PAGE, false));
    CHECK_EQ(store(&t.seen, 8 * PAGE, 1), 0);
    CHECK_EQ(store(&t.seen, 9 * PAGE, 1), 1);
    CHECK_EQ(t.seen.write, true);
    CHECK_EQ(t.ram[3 * PAGE], 3);
    CHECK_EQ(load(&t.seen, 9 * PAGE, &value), 0);
    CHECK_EQ(value, 3);
    CHECK_EQ(store(&t.seen, 10 * PAGE, 1), 0);
    CHECK(host_window_protect(t.seen.window, 9 * PAGE, PAGE, true));
    CHECK_EQ(store(&t.seen, 9 * PAGE, 1), 0);
    CHECK_EQ(t.ram[3 * PAGE], 1);
    window_end(&t);
}

TEST(window_faults_around)
{
    struct window_test t;
    int value;
    if (!window_begin(&t, 4 * PAGE))
        return;
    CHECK(host_window_map(t.seen.window, 0, t.seen.ram, 0, 4 * PAGE, true));
    CHECK_EQ(load(&t.seen, (uint64_t)-1, &value), 1);
    CHECK_EQ(load(&t.seen, 4 * PAGE, &value), 1);
    CHECK_EQ(load(&t.seen, -HOST_WINDOW_GUARD, &value), 1);
    CHECK_EQ(store(&t.seen, 4 * PAGE + HOST_WINDOW_GUARD - 1, 1), 1);
    window_end(&t);
}

static unsigned mappings_of_process(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    unsigned lines = 0;
    for (int c; file != NULL && (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    if (file != NULL)
        fclose(file);
    return lines;
}

TEST(a_run_of_pages_is_one_mapping)
{
    struct window_test t;
    if (!window_begin(&t, FOUR_GIB))
        return;
    CHECK_EQ(host_window_mappings_per_run(t.seen.window), 1);
    unsigned before = mappings_of_process();
    for (unsigned n = 1; n <= 200; n++)
        CHECK(host_window_map(t.seen.window, n * 64 * PAGE, t.seen.ram, n % 8 * PAGE, PAGE, true));
    unsigned after = mappings_of_process();
    CHECK(before > 0 && after >= before + 200 && after < before + 300);
    CHECK(host_window_unmap(t.seen.window, 64 * PAGE, (200 - 1) * 64 * PAGE + PAGE));
    CHECK(mappings_of_process() < before + 100);
    window_end(&t);
}

TEST(two_windows_do_not_meet)
{
    struct host_window *one = host_window_create(FOUR_GIB), *other = host_window_create(FOUR_GIB);
    CHECK(one != NULL && other != NULL);
    uint64_t a = (uint64_t)(uintptr_t)host_window_address(one);
    uint64_t b = (uint64_t)(uintptr_t)host_window_address(other);
    CHECK((a > b ? a - b : b - a) >= FOUR_GIB + 2 * HOST_WINDOW_GUARD);
    host_window_destroy(one);
    host_window_destroy(other);
}

/* What the translator does: map in the callback and repeat the access; then let it be written. */
TEST(window_maps_on_demand)
{
    struct window_test t;
    int value;
    if (!window_begin(&t, FOUR_GIB))
        return;
    t.seen.map = true;
    errno = 0;
    CHECK_EQ(load(&t.seen, 0x80000000, &value), 1);
    CHECK_EQ(value, 1);
    CHECK_EQ(load(&t.seen, 0x80000000, &value), 0);
    t.seen.map = false;
    t.seen.unprotect = true;
    CHECK_EQ(store(&t.seen, 0x80000000, 99), 1);
    CHECK_EQ(t.seen.write, true);
    CHECK_EQ(t.ram[PAGE], 99);
    CHECK_EQ(store(&t.seen, 0x80000000, 98), 0);
    CHECK_EQ(errno, 0);
    window_end(&t);
}

TEST(window_base)
{
    struct window_test t;
    if (!window_begin(&t, FOUR_GIB))
        return;
    uint8_t value = 0xff;
    CHECK(host_window_map(t.seen.window, PAGE, t.seen.ram, 5 * PAGE, PAGE, false));
    host_set_window_base(host_window_address(t.seen.window));
    CHECK_EQ(RUN(&t.seen, "movb %%gs:0x1000, %b[v]", 0, value), 0);
    CHECK_EQ(value, 5);
    /* A signal leaves it alone; a callback may change it. */
    CHECK_EQ(RUN(&t.seen, "movb %%gs:0x2000, %b[v]", 0, value), 1);
    CHECK_EQ(t.seen.address - (uint64_t)(uintptr_t)host_window_address(t.seen.window), 2 * PAGE);
    CHECK_EQ(RUN(&t.seen, "movb %%gs:0x1000, %b[v]", 0, value), 0);
    host_set_window_base(NULL);
    window_end(&t);
}
