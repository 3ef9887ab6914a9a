// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The terminal that bmbt was started from.
#include "backend/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static struct {
    const char *volatile user; /* NULL: not acquired */
    volatile sig_atomic_t is_raw;
    struct termios found, raw;
    bool exit_registered;
    char farewell[128];
    volatile sig_atomic_t farewell_length;
    volatile sig_atomic_t returns;
    int found_flags[2]; /* file status flags to put back; -1: untouched */
} terminal = { .found_flags = { -1, -1 } };

/* Ends that a program has no say in, or none worth having. */
static const int fatal_signals[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL, SIGABRT, SIGSYS,
                                     SIGQUIT, SIGTERM, SIGINT, SIGHUP, SIGXCPU, SIGXFSZ };

/* All below up to the next heading is called from signal handlers: tcsetattr(), fcntl(), write(),
 * sigaction(), raise() may be (POSIX 2.4.3). */

static void set_mode(const struct termios *mode)
{
    sigset_t block, old;
    /* A background process that sets the mode is stopped by SIGTTOU; on the way out there is no
     * time for that. */
    sigemptyset(&block);
    sigaddset(&block, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &block, &old);
    tcsetattr(STDIN_FILENO, TCSANOW, mode);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void restore(void)
{
    int saved_errno = errno;
    /* What a signal handler cannot write is lost. */
    if (terminal.farewell_length > 0 &&
        write(STDOUT_FILENO, terminal.farewell, (size_t)terminal.farewell_length) < 0)
        terminal.farewell_length = 0;
    if (terminal.is_raw)
        set_mode(&terminal.found);
    for (int fd = 0; fd < 2; fd++)
        if (terminal.found_flags[fd] >= 0)
            fcntl(fd, F_SETFL, terminal.found_flags[fd]);
    errno = saved_errno;
}

static void set_handler(int number, void (*handler)(int number), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* SA_RESETHAND has put the default back: the signal comes again when this returns, and ends the
 * process with its own status. */
static void end_by_signal(int number)
{
    restore();
    raise(number);
}

static void continued(int number)
{
    (void)number;
    /* In the background the terminal is the shell's. */
    if (terminal.is_raw && tcgetpgrp(STDIN_FILENO) == getpgrp()) {
        set_mode(&terminal.raw);
        terminal.returns = terminal.returns + 1;
    }
}

static void stop_by_signal(int number)
{
    sigset_t unblock, old;
    int saved_errno = errno;

    restore();
    set_handler(number, SIG_DFL, 0);
    sigemptyset(&unblock);
    sigaddset(&unblock, number);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &unblock, &old); /* stops here, until SIGCONT */
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    set_handler(number, stop_by_signal, SA_RESTART);
    continued(SIGCONT);
    errno = saved_errno;
}

/* --- outside of signal handlers --- */

/* A handler that someone else has set, or an ignored signal, stays. */
static void set_handler_if_default(int number, void (*handler)(int number), int flags)
{
    struct sigaction old;
    if (sigaction(number, NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) &&
        old.sa_handler == SIG_DFL)
        set_handler(number, handler, flags);
}

static void make_raw(bool signals)
{
    struct termios *mode = &terminal.raw;

    *mode = terminal.found;
    mode->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    mode->c_oflag |= OPOST;
    mode->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    if (!signals)
        mode->c_lflag &= ~(tcflag_t)ISIG;
    mode->c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    mode->c_cflag |= CS8;
    mode->c_cc[VMIN] = 1;
    mode->c_cc[VTIME] = 0;

    if (!terminal.exit_registered)
        atexit(restore);
    terminal.exit_registered = true;
    for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
        set_handler_if_default(fatal_signals[i], end_by_signal, (int)SA_RESETHAND | SA_NODEFER);
    set_handler_if_default(SIGTSTP, stop_by_signal, SA_RESTART);
    set_handler_if_default(SIGCONT, continued, SA_RESTART);
    terminal.is_raw = 1;
    set_mode(mode);
}

bool terminal_acquire(bool signals, const char *user, struct error *err)
{
    if (terminal.user != NULL)
        return error_set(err, "%s cannot have the terminal: %s has it already", user,
                         terminal.user);
    terminal.user = user;
    if (tcgetattr(STDIN_FILENO, &terminal.found) == 0)
        make_raw(signals);
    return true;
}

void terminal_release(void)
{
    restore();
    terminal.is_raw = 0;
    terminal.found_flags[0] = terminal.found_flags[1] = -1;
    terminal.user = NULL;
}

void terminal_set_farewell(const char *bytes)
{
    terminal.farewell_length = 0;
    if (bytes == NULL)
        return;
    snprintf(terminal.farewell, sizeof terminal.farewell, "%s", bytes);
    terminal.farewell_length = (sig_atomic_t)strlen(terminal.farewell);
}

unsigned terminal_returns(void)
{
    return (unsigned)terminal.returns;
}

/* A descriptor from the shell shares its flags with the shell. Opened anew through /proc, a
 * terminal or pipe has flags of its own. */
static int open_anew(int fd)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, (fd == 0 ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int terminal_open(int fd)
{
    struct stat kind;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fstat(fd, &kind) != 0)
        return -1;
    /* Plain files never block, and opened anew they would lose their position. */
    if (S_ISREG(kind.st_mode) || S_ISBLK(kind.st_mode))
        return fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (S_ISCHR(kind.st_mode) || S_ISFIFO(kind.st_mode)) {
        int anew = open_anew(fd);
        if (anew >= 0)
            return anew;
    }
    if (!(flags & O_NONBLOCK)) {
        terminal.found_flags[fd] = flags;
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    }
    return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}
