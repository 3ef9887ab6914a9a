// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Deadlines by timerfd.
#include "host/linux/deadline.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "host/host.h"

struct deadline {
    int fd;
};

struct deadline *deadline_create(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct deadline *deadline = host_alloc(sizeof *deadline);
    deadline->fd = fd;
    return deadline;
}

void deadline_destroy(struct deadline *deadline)
{
    if (deadline == NULL)
        return;
    close(deadline->fd);
    host_free(deadline);
}

int deadline_fd(const struct deadline *deadline)
{
    return deadline->fd;
}

void deadline_set(struct deadline *deadline, int64_t monotonic_ns)
{
    struct itimerspec when = { 0 };
    if (monotonic_ns != INT64_MAX) {
        /* All zeros would disarm it. */
        int64_t ns = monotonic_ns > 0 ? monotonic_ns : 1;
        when.it_value.tv_sec = ns / 1000000000;
        when.it_value.tv_nsec = ns % 1000000000;
    }
    int failed = timerfd_settime(deadline->fd, TFD_TIMER_ABSTIME, &when, NULL);
    host_assert(failed == 0, "timerfd_settime() failed");
}

void deadline_clear(struct deadline *deadline)
{
    uint64_t expirations;
    ssize_t got;
    do
        got = read(deadline->fd, &expirations, sizeof expirations);
    while (got < 0 && errno == EINTR);
}
