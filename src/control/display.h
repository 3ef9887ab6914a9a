// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where the screen is shown: nowhere, or in this terminal.
#ifndef CONTROL_DISPLAY_H
#define CONTROL_DISPLAY_H

#include "control/session.h"

/* Asked for, or the default: a screen on a terminal that nothing else uses. */
bool display_is_curses(const struct options *o);

/* What "vc" as the target of a port means: a console beside the screen. Under the lock. */
struct char_backend *display_open_console(struct session *s, const char *label, struct error *err);

/* After the machine and all ports. Under the lock. */
bool display_open(struct session *s, struct error *err);
/* Before machine and ports, and before something is said on the terminal. Under the lock. */
void display_close(struct session *s);

#endif
