// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a trap finds in, and wants of, the host's registers.
#include "translator/internal.h"
#include "translator/x86_64/emitter.h"

#define FLAGS_TF (UINT64_C(1) << 8)

void frame_single_step(struct host_frame *frame, bool on)
{
    frame->flags = on ? frame->flags | FLAGS_TF : frame->flags & ~FLAGS_TF;
}

void frame_execute(struct translator *tr, struct host_frame *frame)
{
    frame->gpr[HOST_R8] = frame->pc + 1;
    frame->pc = (uint64_t)(uintptr_t)runs_at(tr, tr->glue.execute_trapped);
}

void frame_leave(struct translator *tr, struct host_frame *frame, uint32_t eip)
{
    frame->gpr[HOST_R8] = eip;
    frame->gpr[HOST_R10] = EXIT_LOOKUP;
    frame->pc = (uint64_t)(uintptr_t)runs_at(tr, tr->glue.exit);
}

/* Too many open calls: they are forgotten, and their returns look their targets up. */
bool frame_return_stack_overflow(struct translator *tr, struct host_frame *frame, uint64_t address)
{
    uint64_t bottom = (uint64_t)(uintptr_t)host_window_address(tr->return_window);
    if (bottom - address > HOST_WINDOW_GUARD)
        return false;
    frame->gpr[HOST_RSP] = (uint64_t)(uintptr_t)tr->cpu->jit.return_stack;
    return true;
}
