// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The monitor: commands typed by a person, or sent by gdb.
#ifndef CONTROL_MONITOR_H
#define CONTROL_MONITOR_H

#include <stddef.h>

struct char_backend;
struct monitor;
struct session;

/* A monitor on a terminal. All of this under the device lock. */
struct monitor *monitor_create(struct session *s, struct char_backend *chars);
void monitor_destroy(struct monitor *m);

/* One command for somebody else; what it says goes to write(). */
void monitor_execute(struct session *s, const char *line,
                     void (*write)(void *opaque, const char *text, size_t length), void *opaque);

#endif
