// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Into the kernel and back: the shortest system call, a signal, files made and removed.
#include "program.h"
#include "system_programs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

uint32_t syscall_unit(void)
{
    long first = syscall(SYS_getppid);
    uint32_t same = 0;
    for (unsigned n = 1; n < 2000; n++)
        same += syscall(SYS_getppid) == first;
    return same;
}

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
    caught += number == SIGUSR1;
}

void signal_prepare(void)
{
    struct sigaction action = { .sa_handler = catch_signal };
    if (sigaction(SIGUSR1, &action, NULL) < 0)
        fail("sigaction");
}

uint32_t signal_unit(void)
{
    pid_t self = getpid();
    caught = 0;
    for (unsigned n = 0; n < 1000; n++)
        kill(self, SIGUSR1);
    return (uint32_t)caught;
}

/* In the working directory, which is a file system in memory everywhere. */
static char name[32];

void files_prepare(void)
{
    snprintf(name, sizeof name, "bench-%d-", (int)getpid());
}

uint32_t files_unit(void)
{
    static const char data[256] = "a file that does not live long";
    uint32_t written = 0;
    for (unsigned n = 0; n < 200; n++) {
        char path[48];
        snprintf(path, sizeof path, "%s%u", name, n);
        int file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (file < 0)
            fail(path);
        written += (uint32_t)write(file, data, sizeof data);
        close(file);
        unlink(path);
    }
    return written;
}
