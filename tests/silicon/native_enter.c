// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Into a case's code and out of it again, by way of the host's signals.
#include "native_enter.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/*
 * All registers are the case's, ESP too. So it is entered by a far jump from 64-bit code that
 * loaded them from here, and left by a fault: INT3 at its end, or whatever it raised. Then the
 * kernel has all of its state in the signal's frame, but for four segment registers. FS is the C
 * library's in 64-bit code: nothing of C may run before its base is back, nor with the alignment
 * check on.
 */
struct native_registers {
    uint32_t gpr[8];
    uint32_t eip;
    uint16_t cs, es, ss, ds, fs, gs;
    uint64_t rflags;
    uint64_t host_rsp;
    uint64_t fs_base;
    uint32_t running;
    struct fx_image fx;
};
_Static_assert(offsetof(struct native_registers, eip) == 32, "the code below knows it");
_Static_assert(offsetof(struct native_registers, cs) == 36, "the code below knows it");
_Static_assert(offsetof(struct native_registers, rflags) == 48, "the code below knows it");
_Static_assert(offsetof(struct native_registers, fs_base) == 64, "the code below knows it");
_Static_assert(offsetof(struct native_registers, fx) == 80, "the code below knows it");

struct native_registers native_registers;
void native_jump(void);
/* It does not return, but a sanitizer makes a system call before what is known not to, and none is
 * allowed here: the trap for it would end here again. */
void native_leave(void);
void native_trap(int number, siginfo_t *info, void *context);
void native_trapped(int number, siginfo_t *info, void *context);

__asm__(".text\n"
        "native_jump:\n"
        "    push %rbx\n    push %rbp\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
        "    mov %rsp, native_registers+56(%rip)\n"
        "    fxrstor64 native_registers+80(%rip)\n"
        "    mov native_registers+38(%rip), %es\n"
        "    mov native_registers+42(%rip), %ds\n"
        "    mov native_registers+44(%rip), %fs\n"
        "    mov native_registers+46(%rip), %gs\n"
        "    mov native_registers+40(%rip), %ss\n"
        "    pushq native_registers+48(%rip)\n"
        "    popfq\n"
        "    mov native_registers+0(%rip), %eax\n"
        "    mov native_registers+4(%rip), %ecx\n"
        "    mov native_registers+8(%rip), %edx\n"
        "    mov native_registers+12(%rip), %ebx\n"
        "    mov native_registers+16(%rip), %esp\n"
        "    mov native_registers+20(%rip), %ebp\n"
        "    mov native_registers+24(%rip), %esi\n"
        "    mov native_registers+28(%rip), %edi\n"
        "    ljmpl *native_registers+32(%rip)\n"
        "native_leave:\n"
        "    mov native_registers+56(%rip), %rsp\n"
        "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbp\n    pop %rbx\n"
        "    cld\n"
        "    ret\n"
        "native_trap:\n"
        "    mov %es, native_registers+38(%rip)\n"
        "    mov %ds, native_registers+42(%rip)\n"
        "    mov %fs, native_registers+44(%rip)\n"
        "    mov %gs, native_registers+46(%rip)\n"
        "    xor %eax, %eax\n"
        "    mov %eax, %fs\n"
        "    mov %eax, %gs\n"
        "    mov native_registers+64(%rip), %rax\n"
        "    wrfsbase %rax\n"
        "    pushfq\n"
        "    andl $~0x40000, (%rsp)\n"
        "    popfq\n"
        "    jmp native_trapped\n");

static struct silicon_result *result;

static int32_t vector_of(int number, const greg_t *gregs)
{
    switch (number) {
    case SIGALRM: return VECTOR_TIMEOUT;
    case SIGSYS: return VECTOR_SYSTEM_CALL;
    default: return (int32_t)gregs[REG_TRAPNO];
    }
}

static void get_segments(struct silicon_state *s, const greg_t *gregs)
{
    const struct native_registers *r = &native_registers;
    s->segment[SEG_ES] = r->es;
    s->segment[SEG_CS] = (uint16_t)gregs[REG_CSGSFS];
    s->segment[SEG_SS] = (uint16_t)(gregs[REG_CSGSFS] >> 48);
    s->segment[SEG_DS] = r->ds;
    s->segment[SEG_FS] = r->fs;
    s->segment[SEG_GS] = r->gs;
}

void native_trapped(int number, siginfo_t *info, void *context)
{
    static const uint8_t order[8] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX,
                                      REG_RSP, REG_RBP, REG_RSI, REG_RDI };
    const ucontext_t *u = context;
    const greg_t *gregs = u->uc_mcontext.gregs;
    (void)info;
    bool in_case = (uint16_t)gregs[REG_CSGSFS] != 0x33;
    if (number == SIGALRM && !in_case)
        return; /* between two cases, or before the far jump: the next one gets it */
    if (!in_case)
        syscall(SYS_exit_group, 3); /* a mistake of this program */
    struct silicon_state *s = &result->state;
    for (unsigned n = 0; n < 8; n++)
        s->gpr[n] = (uint32_t)gregs[order[n]];
    s->eip = (uint32_t)gregs[REG_RIP];
    s->eflags = (uint32_t)gregs[REG_EFL];
    get_segments(s, gregs);
    memcpy(&s->fx, u->uc_mcontext.fpregs, sizeof s->fx);
    result->vector = vector_of(number, gregs);
    result->error = (uint32_t)gregs[REG_ERR];
    result->cr2 = (uint32_t)gregs[REG_CR2];
    native_leave();
}

void native_enter(const struct silicon_state *in, struct silicon_result *out)
{
    struct native_registers *r = &native_registers;
    memcpy(r->gpr, in->gpr, sizeof r->gpr);
    r->eip = in->eip;
    r->es = in->segment[SEG_ES];
    r->cs = in->segment[SEG_CS];
    r->ss = in->segment[SEG_SS];
    r->ds = in->segment[SEG_DS];
    r->fs = in->segment[SEG_FS];
    r->gs = in->segment[SEG_GS];
    r->rflags = in->eflags;
    r->fx = in->fx;
    result = out;
    native_jump();
}

bool native_enter_prepare(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGALRM, SIGSYS };
    static uint8_t stack[256 * 1024];
    if (!(getauxval(AT_HWCAP2) & 2)) /* HWCAP2_FSGSBASE */
        return false;
    __asm__ volatile("rdfsbase %0" : "=r"(native_registers.fs_base));
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
    struct sigaction action = { .sa_sigaction = native_trap,
                                .sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER };
    for (unsigned n = 0; n < sizeof signals / sizeof signals[0]; n++)
        sigaction(signals[n], &action, NULL);
    return true;
}
