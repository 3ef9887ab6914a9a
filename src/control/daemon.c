// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// -daemonize and -pidfile.
#include "control/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool daemon_begin(int *fd, struct error *err)
{
    int ends[2];
    char status = 1;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(err, "-daemonize: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0)
        return error_set(err, "-daemonize: %s", strerror(errno));
    if (child > 0) {
        close(ends[1]);
        while (read(ends[0], &status, 1) < 0 && errno == EINTR)
            ;
        _exit(status);
    }
    close(ends[0]);
    setsid();
    *fd = ends[1];
    return true;
}

void daemon_ready(int fd)
{
    static const char status = 0;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int n = 0; n < 3 && null >= 0; n++)
        dup2(null, n);
    if (null > 2)
        close(null);
    while (write(fd, &status, 1) < 0 && errno == EINTR)
        ;
    close(fd);
}

bool pidfile_write(const char *path, struct error *err)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return error_set(err, "-pidfile %s: cannot write the file: %s", path, strerror(errno));
    fprintf(file, "%ld\n", (long)getpid());
    if (fclose(file) != 0)
        return error_set(err, "-pidfile %s: cannot write the file: %s", path, strerror(errno));
    return true;
}
