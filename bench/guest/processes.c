// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Processes: fork, and fork with exec, each until the child has ended.
#include "program.h"
#include "system_programs.h"

#include <sys/wait.h>
#include <unistd.h>

/* A process of some size: a fork copies the tables of 1 MiB of touched memory. */
void fork_prepare(void)
{
    touched_pages(1 << 20);
}

static uint32_t reap(pid_t child)
{
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        fail("fork");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

uint32_t fork_unit(void)
{
    uint32_t ended = 0;
    for (unsigned n = 0; n < 5; n++) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        ended += reap(child);
    }
    return ended;
}

uint32_t exec_unit(void)
{
    uint32_t ended = 0;
    for (unsigned n = 0; n < 3; n++) {
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", "system", "--nothing", (char *)NULL);
            _exit(1);
        }
        ended += reap(child);
    }
    return ended;
}
