// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Reading of firmware, kernels and initial RAM disks.
#include "control/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "control/options.h"
#include "host/host.h"

static bool read_all(int fd, uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, data + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* it has shrunk */
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

bool file_read(struct pc_blob *blob, const char *option, const char *path, struct error *err)
{
    struct stat st;
    uint8_t *data = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(err, "%s %s: error loading the file: %s", option, path, strerror(errno));
    if (fstat(fd, &st) < 0)
        error_set(err, "%s %s: %s", option, path, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        error_set(err, "%s %s: this is a directory", option, path);
    else if (!S_ISREG(st.st_mode))
        error_set(err, "%s %s: this is not a regular file", option, path);
    else if (st.st_size == 0)
        error_set(err, "%s %s: the file is empty", option, path);
    else if ((uint64_t)st.st_size > GIB(4))
        error_set(err, "%s %s: the file is larger than 4 GiB", option, path);
    else {
        data = host_alloc((size_t)st.st_size);
        if (!read_all(fd, data, (size_t)st.st_size)) {
            error_set(err, "%s %s: cannot read the file: %s", option, path, strerror(errno));
            host_free(data);
            data = NULL;
        }
    }
    close(fd);
    if (data == NULL)
        return false;
    *blob = (struct pc_blob){ .data = data, .size = (size_t)st.st_size, .file = path };
    return true;
}

void file_release(struct pc_blob *blob)
{
    host_free((void *)blob->data);
    *blob = (struct pc_blob){ 0 };
}

bool firmware_read(struct pc_blob *blob, const struct options *o, const char *option,
                   const char *name, struct error *err)
{
    static const char *const folders[] = { "/usr/share/seabios", "/usr/share/qemu" };
    if (strchr(name, '/') != NULL || access(name, F_OK) == 0)
        return file_read(blob, option, name, err);
    for (unsigned n = 0; n < o->folder_count + ARRAY_SIZE(folders); n++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s",
                 n < o->folder_count ? o->folders[n] : folders[n - o->folder_count], name);
        if (access(path, F_OK) != 0)
            continue;
        bool found = file_read(blob, option, path, err);
        blob->file = name;
        return found;
    }
    return error_set(err,
                     "%s %s: not found; install the package seabios, or name its folder with -L",
                     option, name);
}
