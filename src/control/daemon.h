// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Going to the background, and the file with the process number.
#ifndef CONTROL_DAEMON_H
#define CONTROL_DAEMON_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Before any thread is made. The process that was started waits until daemon_ready() and ends with
 * status 0, or ends with 1 when the new one ends without that; only the new one returns. *fd is for
 * daemon_ready().
 */
bool daemon_begin(int *fd, struct error *err);
/* The machine is made: let go of the terminal and of who waits. */
void daemon_ready(int fd);

bool pidfile_write(const char *path, struct error *err);

#endif
