// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An open image file: opening it, and synchronous reads, writes and flushes.
#include "backend/block/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECTOR 512

int read_fully(int fd, uint64_t offset, void *buffer, size_t length, size_t *done)
{
    *done = 0;
    while (*done < length) {
        ssize_t n = pread(fd, (char *)buffer + *done, length - *done, (off_t)(offset + *done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        *done += (size_t)n;
    }
    return 0;
}

int write_fully(int fd, uint64_t offset, const void *buffer, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = pwrite(fd, (const char *)buffer + done, length - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return 0;
}

static bool cannot_open(const char *file, bool writing, int number, struct error *err)
{
    switch (number) {
    case ENOENT:
        return error_set(
            err, "disk image %s does not exist; check the name, or make it with: truncate -s 4G %s",
            file, file);
    case EACCES: case EPERM: case EROFS:
        if (writing)
            return error_set(
                err,
                "disk image %s cannot be written: %s; allow it, or add snapshot=on or readonly=on",
                file, strerror(number));
        return error_set(err, "disk image %s cannot be read: %s; change its permissions", file,
                         strerror(number));
    case EISDIR:
        return error_set(err, "disk image %s is a directory; name a file", file);
    default:
        return error_set(err, "disk image %s cannot be opened: %s", file, strerror(number));
    }
}

/* A regular file's or block device's size, above zero. */
static bool measure(struct image *image, const char *file, struct error *err)
{
    struct stat st;
    off_t end;

    if (fstat(image->fd, &st) != 0)
        return error_set(err, "disk image %s: %s", file, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return error_set(err, "disk image %s is a directory; name a file", file);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return error_set(err, "disk image %s is neither a file nor a block device", file);
    end = lseek(image->fd, 0, SEEK_END);
    if (end < 0)
        return error_set(err, "disk image %s: %s", file, strerror(errno));
    if (end == 0)
        return error_set(err, "disk image %s is empty; give it a size with: truncate -s 4G %s",
                         file, file);
    image->file_size = (uint64_t)end;
    image->size = (image->file_size + SECTOR - 1) / SECTOR * SECTOR;
    return true;
}

bool image_open(struct image *image, const char *file, bool read_only, bool snapshot,
                struct error *err)
{
    bool writing = !read_only && !snapshot;

    *image = (struct image){.fd = -1};
    /* O_NONBLOCK: a FIFO of that name must not hold bmbt up; it is refused below. It means nothing
     * to files. */
    image->fd = open(file, (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (image->fd < 0)
        return cannot_open(file, writing, errno, err);
    if (!measure(image, file, err) || !image_lock(image->fd, file, writing, err))
        goto fail;
    if (snapshot) {
        image->overlay = overlay_create(image->size, err);
        if (image->overlay == NULL)
            goto fail;
    }
    return true;
fail:
    image_close(image);
    return false;
}

void image_close(struct image *image)
{
    overlay_destroy(image->overlay);
    if (image->fd >= 0)
        close(image->fd);
    *image = (struct image){.fd = -1};
}

/* Short of the size at opening, the file has been cut under us: that is an error, not zeros. */
static int read_file(struct image *image, uint64_t offset, void *buffer, size_t length)
{
    size_t done;
    int error = read_fully(image->fd, offset, buffer, length, &done);

    if (error != 0)
        return error;
    if (done < length && offset + done < image->file_size)
        return -EIO;
    memset((char *)buffer + done, 0, length - done);
    return 0;
}

int image_read(struct image *image, uint64_t offset, void *buffer, size_t length)
{
    char *out = buffer;

    while (length > 0 && image->overlay != NULL) {
        bool present;
        size_t run = overlay_run(image->overlay, offset, length, &present);
        int error = present ? overlay_read(image->overlay, offset, out, run)
                            : read_file(image, offset, out, run);
        if (error != 0)
            return error;
        offset += run;
        out += run;
        length -= run;
    }
    return length > 0 ? read_file(image, offset, out, length) : 0;
}

/* A part of what was asked for is no answer: a worker gets all of it, or the error. */
static bool read_now(int fd, uint64_t offset, void *buffer, size_t length)
{
    const struct iovec all = { .iov_base = buffer, .iov_len = length };
    return preadv2(fd, &all, 1, (off_t)offset, RWF_NOWAIT) == (ssize_t)length;
}

bool image_read_cached(struct image *image, uint64_t offset, void *buffer, size_t length)
{
    char *out = buffer;

    while (length > 0) {
        bool present = false;
        size_t run = length;
        if (image->overlay != NULL)
            run = overlay_run(image->overlay, offset, length, &present);
        if (!read_now(present ? overlay_fd(image->overlay) : image->fd, offset, out, run))
            return false;
        offset += run;
        out += run;
        length -= run;
    }
    return true;
}

int image_write(struct image *image, uint64_t offset, const void *buffer, size_t length)
{
    if (image->overlay != NULL)
        return overlay_write(image->overlay, offset, buffer, length);
    return write_fully(image->fd, offset, buffer, length);
}

/* fdatasync() also brings a grown file's new size to the disk. */
int image_flush(struct image *image)
{
    if (image->overlay != NULL)
        return 0;
    return fdatasync(image->fd) == 0 ? 0 : -errno;
}

int image_discard(struct image *image, uint64_t offset, uint64_t length)
{
    if (image->overlay != NULL || fallocate(image->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                            (off_t)offset, (off_t)length) == 0)
        return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == ENODEV ? 0 : -errno;
}
