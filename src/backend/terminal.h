// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The terminal that bmbt was started from: raw while it is the guest's, as it was found on every
// way out.
#ifndef BACKEND_TERMINAL_H
#define BACKEND_TERMINAL_H

#include <stdbool.h>

#include "base/error.h"

/*
 * A process has one terminal, so this is the one part of bmbt with state of its own outside of any
 * struct: a signal handler can be handed nothing. Whoever acquires it owns standard input and
 * output until the release; a second one is refused. signals: Ctrl-C, Ctrl-Z and Ctrl-\ keep their
 * meaning. Where standard input is no terminal, only the ownership is noted.
 */
bool terminal_acquire(bool signals, const char *user, struct error *err);
void terminal_release(void);

/* Bytes that standard output gets whenever the terminal is given back: whoever has painted on it
 * leaves it as it was. NULL: none. Copied; cut if long. */
void terminal_set_farewell(const char *bytes);
/* How often it has come back after a stop (Ctrl-Z of the shell): what was on it is gone then. */
unsigned terminal_returns(void);

/* Standard input or output (0 or 1) as a descriptor that does not block, without making the one
 * shared with the shell so where that can be avoided. -1 and errno where it is closed. */
int terminal_open(int fd);

#endif
