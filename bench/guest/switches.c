// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Switches between two threads (futex) and between two processes (pipes), on one processor.
#include "program.h"
#include "system_programs.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 500
#define TRIPS 300

/* A guest has one processor: the host's two would not measure a switch. */
static void keep_to_one_processor(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu() < 0 ? 0 : (unsigned)sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one) < 0)
        fail("sched_setaffinity");
}

static _Atomic int turn; /* whose: 0 or 1; 2 ends the other thread */
static pthread_t other;

static void pass_to(int who)
{
    turn = who;
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static int wait_while(int who)
{
    while (turn == who)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, who, NULL, NULL, 0);
    return turn;
}

static void *answer(void *unused)
{
    (void)unused;
    while (wait_while(0) == 1)
        pass_to(0);
    return NULL;
}

void threads_prepare(void)
{
    keep_to_one_processor();
    turn = 0;
    if (pthread_create(&other, NULL, answer, NULL))
        fail("pthread_create");
}

uint32_t threads_unit(void)
{
    uint32_t turns = 0;
    for (unsigned n = 0; n < TURNS; n++) {
        pass_to(1);
        turns += wait_while(1) == 0;
    }
    return turns;
}

void threads_finish(void)
{
    pass_to(2);
    pthread_join(other, NULL);
}

static int to_child[2], from_child[2];
static pid_t child;

static void echo(void)
{
    char byte;
    while (read(to_child[0], &byte, 1) == 1) {
        byte++;
        if (write(from_child[1], &byte, 1) != 1)
            break;
    }
    _exit(0);
}

void pipes_prepare(void)
{
    keep_to_one_processor();
    if (pipe(to_child) < 0 || pipe(from_child) < 0)
        fail("pipe");
    child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        close(to_child[1]);
        echo();
    }
}

uint32_t pipes_unit(void)
{
    char byte = 0;
    for (unsigned n = 0; n < TRIPS; n++)
        if (write(to_child[1], &byte, 1) != 1 || read(from_child[0], &byte, 1) != 1)
            fail("pipe");
    return (uint8_t)byte;
}

void pipes_finish(void)
{
    close(to_child[1]);
    waitpid(child, NULL, 0);
}
