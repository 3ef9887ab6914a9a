// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// gdb's remote serial protocol on a character back end.
#ifndef CONTROL_GDBSTUB_H
#define CONTROL_GDBSTUB_H

struct char_backend;
struct gdbstub;
struct session;

/* Under the device lock. The machine stops when somebody connects. */
struct gdbstub *gdbstub_create(struct session *s, struct char_backend *chars);
/* Tells gdb that the program has ended, with this status. */
void gdbstub_destroy(struct gdbstub *g, int status);

/* The machine has stopped: gdb hears of it if it waits for that. */
void gdbstub_stopped(struct gdbstub *g);

#endif
