// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A moment on the host's monotonic clock at which a file descriptor becomes readable.
#ifndef HOST_LINUX_DEADLINE_H
#define HOST_LINUX_DEADLINE_H

#include <stdint.h>

/* Nanoseconds exact as far as the host's timers are, where event loops count milliseconds. */
struct deadline;
struct deadline *deadline_create(void); /* NULL and errno where the host refuses */
void deadline_destroy(struct deadline *deadline);
int deadline_fd(const struct deadline *deadline);
/* Any thread. INT64_MAX: never. A time that has passed makes the descriptor readable at once. */
void deadline_set(struct deadline *deadline, int64_t monotonic_ns);
/* The descriptor was readable: make it unreadable again. */
void deadline_clear(struct deadline *deadline);

#endif
