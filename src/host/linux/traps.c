// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Traps by signals. Handlers belong to the process and stay once they are there; callbacks belong
// to threads. What no callback takes goes to whoever had the signal before: a sanitizer, or the
// kernel's default with a core.
#include "host/host.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/linux/context.h"

/* Ignored by default, so that one which comes too late does no harm, and debuggers pass it on
 * silently. Nothing here asks for the urgent data of sockets. */
#define KICK_SIGNAL SIGURG

/* Room for the kernel's frame (11 KiB with all of a processor's extensions) and the callback; the
 * page below it faults. */
#define STACK_SIZE  (128u << 10)
#define STACK_GUARD 4096u

struct host_traps {
    host_trap_fn *callback;
    void *opaque;
    struct host_traps *next; /* of the same thread, installed before */
    pid_t thread;
    bool kicked; /* atomic */
};

/* Found by the handlers without a lock: only the thread itself changes its list. */
struct thread_traps {
    struct host_traps *first;
    void *stack;
    stack_t previous_stack;
};
static _Thread_local struct thread_traps this_thread __attribute__((tls_model("initial-exec")));

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, KICK_SIGNAL };
#define SIGNALS (sizeof signals / sizeof signals[0])
/* Written once, by install_handlers(). */
static struct sigaction previous[SIGNALS];

/* ---- in the handler ---- */

static void set_default(int number)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigaction(number, &action, NULL);
}

/* Faults are repeated when the handler returns, and then end the program where they happened. What
 * was sent, and a trap that comes after its instruction, has to be sent again. */
static void default_action(int number, const siginfo_t *info)
{
    set_default(number);
    if (info->si_code <= 0 || number == SIGTRAP)
        tgkill(getpid(), gettid(), number);
}

static void decline(int number, siginfo_t *info, void *context)
{
    unsigned n = 0;
    while (signals[n] != number)
        n++;
    const struct sigaction *action = &previous[n];
    if (action->sa_flags & (int)SA_RESETHAND)
        set_default(number); /* as the kernel does: such a handler raises the signal again */
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(number, info, context);
    else if (action->sa_handler == SIG_DFL && number != KICK_SIGNAL)
        default_action(number, info);
    else if (action->sa_handler == SIG_IGN && info->si_code > 0)
        default_action(number, info); /* as the kernel does: a fault cannot be ignored */
    else if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN)
        action->sa_handler(number);
}

/* False: the signal was sent by somebody, or is a breakpoint of a debugger. */
static bool trap_of(int number, const siginfo_t *info, enum host_trap *trap)
{
    switch (number) {
    case SIGSEGV:
    case SIGBUS: *trap = HOST_TRAP_ACCESS; return info->si_code > 0;
    case SIGFPE: *trap = HOST_TRAP_DIVIDE; return info->si_code > 0;
    case SIGILL: *trap = HOST_TRAP_ILLEGAL; return info->si_code > 0;
    case SIGTRAP: *trap = HOST_TRAP_STEP; return info->si_code == TRAP_TRACE;
    default: *trap = HOST_TRAP_KICK; return info->si_code == SI_TKILL;
    }
}

static uint64_t address_of(const siginfo_t *info)
{
    /* A general-protection fault comes without an address. */
    return info->si_code == SI_KERNEL ? 0 : (uint64_t)(uintptr_t)info->si_addr;
}

/* Whoever was kicked is told; the signal itself does not say who it was, and one may stand for
 * many. */
static bool call_kicked(struct host_frame *frame)
{
    bool handled = false;
    for (struct host_traps *t = this_thread.first; t != NULL; t = t->next)
        if (__atomic_exchange_n(&t->kicked, false, __ATOMIC_ACQUIRE))
            handled |= t->callback(t->opaque, HOST_TRAP_KICK, 0, false, frame);
    return handled;
}

static bool call_back(enum host_trap trap, const siginfo_t *info, const ucontext_t *context,
                      struct host_frame *frame)
{
    bool access = trap == HOST_TRAP_ACCESS;
    uint64_t address = access ? address_of(info) : 0;
    bool write = access && context_is_write(context);
    for (struct host_traps *t = this_thread.first; t != NULL; t = t->next)
        if (t->callback(t->opaque, trap, address, write, frame))
            return true;
    return false;
}

static __attribute__((noinline)) void dispatch(int number, siginfo_t *info, ucontext_t *context)
{
    struct host_frame frame;
    enum host_trap trap;
    int saved_errno = errno;
    bool handled = false;

    if (trap_of(number, info, &trap)) {
        context_get(context, &frame);
        handled =
            trap == HOST_TRAP_KICK ? call_kicked(&frame) : call_back(trap, info, context, &frame);
    }
    if (handled)
        context_set(context, &frame);
    else
        decline(number, info, context);
    errno = saved_errno;
}

/* Without variables: a sanitizer marks those with unaligned stores before the first statement. */
static void handler(int number, siginfo_t *info, void *context)
{
    context_begin_c(context);
    dispatch(number, info, context);
}

/* ---- installation ---- */

static void install_handlers(void)
{
    struct sigaction action = { .sa_sigaction = handler,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, KICK_SIGNAL);
    for (unsigned n = 0; n < SIGNALS; n++)
        sigaction(signals[n], &action, &previous[n]);
}

static void enter_thread(void)
{
    void *stack = mmap(NULL, STACK_GUARD + STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    host_assert(stack != MAP_FAILED, "no memory for a signal stack");
    mprotect(stack, STACK_GUARD, PROT_NONE);
    stack_t description = { .ss_sp = (char *)stack + STACK_GUARD, .ss_size = STACK_SIZE };
    sigaltstack(&description, &this_thread.previous_stack);
    this_thread.stack = stack;

    sigset_t kick;
    sigemptyset(&kick);
    sigaddset(&kick, KICK_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
}

static void leave_thread(void)
{
    sigaltstack(&this_thread.previous_stack, NULL);
    munmap(this_thread.stack, STACK_GUARD + STACK_SIZE);
    this_thread.stack = NULL;
}

struct host_traps *host_traps_install(host_trap_fn *callback, void *opaque)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_handlers);
    if (this_thread.first == NULL)
        enter_thread();
    struct host_traps *traps = host_alloc(sizeof *traps);
    *traps = (struct host_traps){ callback, opaque, this_thread.first, gettid(), false };
    __atomic_store_n(&this_thread.first, traps, __ATOMIC_RELEASE);
    return traps;
}

void host_traps_remove(struct host_traps *traps)
{
    if (traps == NULL)
        return;
    host_assert(traps->thread == gettid(), "traps are removed by another thread");
    struct host_traps **link = &this_thread.first;
    while (*link != traps)
        link = &(*link)->next;
    __atomic_store_n(link, traps->next, __ATOMIC_RELEASE);
    if (this_thread.first == NULL)
        leave_thread();
    host_free(traps);
}

void host_traps_kick(struct host_traps *traps)
{
    __atomic_store_n(&traps->kicked, true, __ATOMIC_RELEASE);
    tgkill(getpid(), traps->thread, KICK_SIGNAL);
}
