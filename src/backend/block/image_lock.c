// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An image belongs to one writer or to readers: open file description locks, and who holds one.
#include "backend/block/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A lock of an open file description ends with the description, however the process dies, and two
 * descriptions of one process conflict too. It has no owner to ask for (F_OFD_GETLK answers -1):
 * the holder is found by its descriptor of the same file whose fdinfo has a lock.
 */
static bool holds_lock(const char *process, const char *descriptor, const struct stat *image)
{
    char path[600], line[256];
    struct stat st;
    bool found = false;
    FILE *info;

    snprintf(path, sizeof path, "/proc/%s/fd/%s", process, descriptor);
    if (stat(path, &st) != 0 || st.st_dev != image->st_dev || st.st_ino != image->st_ino)
        return false;
    snprintf(path, sizeof path, "/proc/%s/fdinfo/%s", process, descriptor);
    info = fopen(path, "re");
    if (info == NULL)
        return false;
    while (!found && fgets(line, sizeof line, info) != NULL)
        found = strncmp(line, "lock:", 5) == 0;
    fclose(info);
    return found;
}

static bool process_holds_lock(const char *process, const struct stat *image)
{
    char path[300];
    struct dirent *entry;
    bool found = false;
    DIR *descriptors;

    snprintf(path, sizeof path, "/proc/%s/fd", process);
    descriptors = opendir(path);
    if (descriptors == NULL)
        return false;
    while (!found && (entry = readdir(descriptors)) != NULL)
        found = entry->d_name[0] != '.' && holds_lock(process, entry->d_name, image);
    closedir(descriptors);
    return found;
}

/* The first process with a lock on the image; 0 if none can be seen (another user's). */
static long find_holder(int fd)
{
    struct dirent *entry;
    struct stat image;
    long found = 0;
    DIR *processes;

    if (fstat(fd, &image) != 0)
        return 0;
    processes = opendir("/proc");
    if (processes == NULL)
        return 0;
    while (found == 0 && (entry = readdir(processes)) != NULL) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 0 && *end == '\0' && process_holds_lock(entry->d_name, &image))
            found = pid;
    }
    closedir(processes);
    return found;
}

static void process_name(long pid, char *name, size_t size)
{
    char path[64];
    FILE *comm;

    snprintf(name, size, "?");
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    comm = fopen(path, "re");
    if (comm == NULL)
        return;
    if (fgets(name, (int)size, comm) != NULL)
        name[strcspn(name, "\n")] = '\0';
    fclose(comm);
}

static bool conflict(int fd, const char *file, struct error *err)
{
    long pid = find_holder(fd);
    char name[64];

    if (pid == getpid())
        return error_set(err,
                         "disk image %s is used twice in this machine; give each drive its own, or "
                         "open both with readonly=on or snapshot=on",
                         file);
    if (pid == 0)
        return error_set(
            err, "disk image %s is in use by another process; end that first, or use a copy", file);
    process_name(pid, name, sizeof name);
    return error_set(err,
                     "disk image %s is in use by process %ld (%s); end that first, or use a copy",
                     file, pid, name);
}

bool image_lock(int fd, const char *file, bool exclusive, struct error *err)
{
    struct flock lock = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return true;
    if (errno == EAGAIN || errno == EACCES)
        return conflict(fd, file, err);
    return true;
}
