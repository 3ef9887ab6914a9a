// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The process that runs cases on silicon: its pages, its segments, its prison; and how it is asked.
#include "native.h"

#include <asm/ldt.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "native_enter.h"

/* A batch that takes longer has a case without end in it; so has a single case. */
enum { BATCH_MICROSECONDS = 3000000, CASE_MICROSECONDS = 200000 };

struct exchange {
    struct silicon_case cases[NATIVE_BATCH];
    struct silicon_result results[NATIVE_BATCH];
    bool has_segments;
};

struct native {
    struct exchange *exchange; /* shared with the child */
    pid_t child;
    int ask, answer;
};

static void *at(uint32_t address)
{
    return (void *)(uintptr_t)address;
}

/* ---- in the child: what the case sees -------------------------------------------------------- */

/*
 * A case must find nothing below 4 GiB but its own pages. A sanitizer keeps what it knows of these
 * very pages there: that goes, so they are touched by code that it does not see into.
 */
static void copy(void *to, const void *from, size_t bytes)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

static bool same(const void *a, const void *b, size_t bytes)
{
    bool equal;
    __asm__ volatile("cmp %%rcx, %%rcx\n\trepe cmpsb"
                     : "=@cce"(equal), "+D"(a), "+S"(b), "+c"(bytes)
                     :
                     : "memory");
    return equal;
}

static bool clear_low_addresses(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long first, end;
    bool ok = maps != NULL;
    while (ok && fscanf(maps, "%lx-%lx%*[^\n]", &first, &end) == 2 && first <= UINT32_MAX)
        ok = mprotect(at((uint32_t)first), end - first, PROT_NONE) == 0;
    if (maps != NULL)
        fclose(maps);
    return ok;
}

static bool map_pages(void)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    for (unsigned n = 0; n < LAYOUT_PAGES; n++) {
        enum page_kind kind = layout_page_kind(n);
        int protection = PROT_READ | PROT_WRITE | (kind == PAGE_CODE ? PROT_EXEC : 0);
        void *page = at(layout_page_address(n));
        if (kind == PAGE_MISSING)
            continue;
        if (mmap(page, LAYOUT_PAGE, protection, flags, -1, 0) != page)
            return false;
        copy(page, layout_background() + n * LAYOUT_PAGE, LAYOUT_PAGE);
        if (kind == PAGE_READ_ONLY)
            mprotect(page, LAYOUT_PAGE, PROT_READ);
    }
    return true;
}

static bool make_segments(void)
{
    for (unsigned n = 0; n < layout_segment_count; n++) {
        const struct layout_segment *s = &layout_segments[n];
        struct user_desc d = {
            .entry_number = n,
            .base_addr = s->base,
            .limit = s->limit,
            .seg_32bit = s->big,
            .contents = s->contents,
            .read_exec_only = s->read_only,
            .limit_in_pages = s->pages,
            .seg_not_present = s->absent,
        };
        if (syscall(SYS_modify_ldt, 0x11, &d, sizeof d) != 0)
            return false;
    }
    return true;
}

/* INT 80h, SYSENTER, SYSCALL and wild jumps reach the real kernel: nearly nothing is allowed. */
static bool enter_prison(void)
{
#define ALLOW(number)                                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_read),
        ALLOW(SYS_write),
        ALLOW(SYS_setitimer),
        ALLOW(SYS_rt_sigreturn),
        ALLOW(SYS_exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
#undef ALLOW
    struct sock_fprog program = { ARRAY_SIZE(filter), filter };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* ---- in the child: one case after the other -------------------------------------------------- */

static void apply(const struct silicon_case *c)
{
    for (unsigned n = 0; n < c->patch_count; n++) {
        const struct silicon_patch *p = &c->patches[n];
        copy(at(p->address), c->bytes + p->offset, p->length);
    }
}

/* What changed goes to the parent, and the background comes back. */
static void collect(struct silicon_result *r)
{
    r->changed = 0;
    for (unsigned n = 0; n < LAYOUT_PAGES; n++) {
        enum page_kind kind = layout_page_kind(n);
        if (kind == PAGE_MISSING || kind == PAGE_READ_ONLY)
            continue;
        void *page = at(layout_page_address(n));
        const uint8_t *background = layout_background() + n * LAYOUT_PAGE;
        if (same(page, background, LAYOUT_PAGE))
            continue;
        r->changed |= 1u << n;
        copy(r->memory + n * LAYOUT_PAGE, page, LAYOUT_PAGE);
        copy(page, background, LAYOUT_PAGE);
    }
}

static void set_alarm(unsigned microseconds)
{
    struct timeval v = { microseconds / 1000000, microseconds % 1000000 };
    struct itimerval t = { .it_value = v, .it_interval = v };
    setitimer(ITIMER_REAL, &t, NULL);
}

static void child(struct exchange *x, int ask, int answer)
{
    uint8_t count;
    bool ok = clear_low_addresses() && map_pages() && native_enter_prepare();
    x->has_segments = ok && make_segments();
    if (ok)
        enter_prison();
    ok = write(answer, &ok, 1) == 1 && ok;
    while (ok && read(ask, &count, 1) == 1) {
        set_alarm(count == 1 ? CASE_MICROSECONDS : BATCH_MICROSECONDS);
        for (unsigned n = 0; n < count; n++) {
            apply(&x->cases[n]);
            native_enter(&x->cases[n].in, &x->results[n]);
            collect(&x->results[n]);
        }
        set_alarm(0);
        ok = write(answer, &ok, 1) == 1;
    }
    syscall(SYS_exit_group, 0); /* not _exit(): native_leave() tells why */
}

/* ---- in the parent --------------------------------------------------------------------------- */

static bool start(struct native *n)
{
    int ask[2], answer[2];
    uint8_t ok = 0;
    layout_background();
    if (pipe(ask) != 0)
        return false;
    if (pipe(answer) != 0) {
        close(ask[0]), close(ask[1]);
        return false;
    }
    n->child = fork();
    if (n->child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ask[1]), close(answer[0]);
        child(n->exchange, ask[0], answer[1]);
    }
    close(ask[0]), close(answer[1]);
    n->ask = ask[1], n->answer = answer[0];
    return n->child > 0 && read(n->answer, &ok, 1) == 1 && ok;
}

static void stop(struct native *n)
{
    close(n->ask);
    close(n->answer);
    if (n->child > 0)
        waitpid(n->child, NULL, 0);
    n->child = 0;
}

struct native *native_create(const char **why)
{
    struct native *n = calloc(1, sizeof *n);
    n->exchange =
        mmap(NULL, sizeof *n->exchange, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    signal(SIGPIPE, SIG_IGN);
    if (n->exchange != MAP_FAILED && start(n))
        return n;
    *why = "the host gives no memory at the fixed addresses below 4 GiB, or no FSGSBASE";
    free(n);
    return NULL;
}

void native_destroy(struct native *n)
{
    stop(n);
    munmap(n->exchange, sizeof *n->exchange);
    free(n);
}

struct silicon_case *native_cases(struct native *n)
{
    return n->exchange->cases;
}
const struct silicon_result *native_results(const struct native *n)
{
    return n->exchange->results;
}
bool native_has_segments(const struct native *n)
{
    return n->exchange->has_segments;
}

bool native_run(struct native *n, unsigned count)
{
    uint8_t byte = (uint8_t)count;
    if (n->child == 0 && !start(n))
        return false;
    if (write(n->ask, &byte, 1) == 1 && read(n->answer, &byte, 1) == 1 && byte)
        return true;
    stop(n);
    return false;
}
