// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Snapshots: what is written goes to a sparse file without a name, and a bitmap remembers which
// sectors are there.
#include "backend/block/image.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512
#define BITS 64

struct overlay {
    int fd;
    pthread_mutex_t mutex; /* guards written: several requests may run at once */
    uint64_t *written; /* one bit a sector; untouched pages of it cost nothing */
};

/* $TMPDIR, else /var/tmp: it may grow as large as the image, too large for a /tmp in memory. */
static int open_nameless(const char **directory)
{
    char name[4096];
    int fd;

    *directory = getenv("TMPDIR");
    if (*directory == NULL || **directory == '\0')
        *directory = "/var/tmp";
    fd = open(*directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    if (snprintf(name, sizeof name, "%s/bmbt-snapshot-XXXXXX", *directory) >= (int)sizeof name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

struct overlay *overlay_create(uint64_t size, struct error *err)
{
    struct overlay *overlay = calloc(1, sizeof *overlay);
    uint64_t words = size / SECTOR / BITS + 1;
    const char *directory = "";

    if (overlay == NULL)
        goto fail;
    overlay->fd = open_nameless(&directory);
    overlay->written = calloc(words, sizeof *overlay->written);
    if (overlay->fd < 0 || overlay->written == NULL || ftruncate(overlay->fd, (off_t)size) != 0)
        goto fail;
    pthread_mutex_init(&overlay->mutex, NULL);
    return overlay;
fail:
    error_set(err, "no temporary file for the snapshot in %s: %s; set TMPDIR to another directory",
              directory, strerror(errno));
    if (overlay != NULL) {
        if (overlay->fd >= 0)
            close(overlay->fd);
        free(overlay->written);
    }
    free(overlay);
    return NULL;
}

void overlay_destroy(struct overlay *overlay)
{
    if (overlay == NULL)
        return;
    close(overlay->fd);
    pthread_mutex_destroy(&overlay->mutex);
    free(overlay->written);
    free(overlay);
}

static bool is_written(const struct overlay *overlay, uint64_t sector)
{
    return overlay->written[sector / BITS] >> (sector % BITS) & 1;
}

size_t overlay_run(struct overlay *overlay, uint64_t offset, size_t length, bool *present)
{
    uint64_t first = offset / SECTOR, sectors = length / SECTOR, n = 1;

    pthread_mutex_lock(&overlay->mutex);
    *present = is_written(overlay, first);
    while (n < sectors && is_written(overlay, first + n) == *present)
        n++;
    pthread_mutex_unlock(&overlay->mutex);
    return n * SECTOR;
}

int overlay_read(struct overlay *overlay, uint64_t offset, void *buffer, size_t length)
{
    size_t done;
    int error = read_fully(overlay->fd, offset, buffer, length, &done);

    return error != 0 ? error : done < length ? -EIO : 0;
}

int overlay_fd(const struct overlay *overlay)
{
    return overlay->fd;
}

int overlay_write(struct overlay *overlay, uint64_t offset, const void *buffer, size_t length)
{
    int error = write_fully(overlay->fd, offset, buffer, length);

    if (error != 0)
        return error;
    pthread_mutex_lock(&overlay->mutex);
    for (uint64_t sector = offset / SECTOR; sector < (offset + length) / SECTOR; sector++)
        overlay->written[sector / BITS] |= UINT64_C(1) << (sector % BITS);
    pthread_mutex_unlock(&overlay->mutex);
    return 0;
}
