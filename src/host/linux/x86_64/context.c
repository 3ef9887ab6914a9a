// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The signal frame of Linux on x86-64.
#include "host/linux/context.h"

#define TRAP_PAGE_FAULT  14
#define PAGE_FAULT_WRITE 2 /* of the error code */
#define FLAGS_AC         (1 << 18)

static const uint8_t register_of[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

void context_get(const ucontext_t *context, struct host_frame *frame)
{
    const greg_t *regs = context->uc_mcontext.gregs;
    for (unsigned n = 0; n < 16; n++)
        frame->gpr[n] = (uint64_t)regs[register_of[n]];
    frame->pc = (uint64_t)regs[REG_RIP];
    frame->flags = (uint64_t)regs[REG_EFL];
}

void context_set(ucontext_t *context, const struct host_frame *frame)
{
    greg_t *regs = context->uc_mcontext.gregs;
    for (unsigned n = 0; n < 16; n++)
        regs[register_of[n]] = (greg_t)frame->gpr[n];
    regs[REG_RIP] = (greg_t)frame->pc;
    regs[REG_EFL] = (greg_t)frame->flags;
}

bool context_is_write(const ucontext_t *context)
{
    const greg_t *regs = context->uc_mcontext.gregs;
    return regs[REG_TRAPNO] == TRAP_PAGE_FAULT && regs[REG_ERR] & PAGE_FAULT_WRITE;
}

/* The kernel clears DF and TF for a handler, not AC, with which C's unaligned accesses could trap.
 * The flags go over the stack, below the red zone. */
void context_begin_c(const ucontext_t *context)
{
    if (context->uc_mcontext.gregs[REG_EFL] & FLAGS_AC)
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                         "pushfq\n\t"
                         "andl %0, (%%rsp)\n\t"
                         "popfq\n\t"
                         "lea 128(%%rsp), %%rsp"
                         :
                         : "i"(~FLAGS_AC)
                         : "memory", "cc");
}
