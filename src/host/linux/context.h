// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a signal handler finds in its third argument: one file per processor answers.
#ifndef HOST_LINUX_CONTEXT_H
#define HOST_LINUX_CONTEXT_H

#include "host/host.h"

#include <ucontext.h>

void context_get(const ucontext_t *context, struct host_frame *frame);
void context_set(ucontext_t *context, const struct host_frame *frame);
/* The signal is a page fault of a store. */
bool context_is_write(const ucontext_t *context);
/* Give C the flags that it expects, where the kernel left those of the interrupted code. */
void context_begin_c(const ucontext_t *context);

#endif
