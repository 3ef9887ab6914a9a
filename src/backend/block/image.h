// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An open image file: plain synchronous reads and writes, an overlay for snapshots, a lock against
// other processes.
#ifndef BACKEND_BLOCK_IMAGE_H
#define BACKEND_BLOCK_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct overlay;

struct image {
    int fd;                  /* -1: no medium */
    uint64_t file_size;      /* bytes in the file when it was opened */
    uint64_t size;           /* the same, up to a multiple of 512 */
    struct overlay *overlay; /* snapshot: where writes go; NULL: into the file */
};

/* With fd -1 in *image where it fails. */
bool image_open(struct image *image, const char *file, bool read_only, bool snapshot,
                struct error *err);
void image_close(struct image *image);

/* 0 or -errno; from any thread, without a lock. Bytes past the file's end read as zeros. */
int image_read(struct image *image, uint64_t offset, void *buffer, size_t length);
/* The same without waiting for the disk: false where the host does not have all of it in its page
 * cache, where the file system cannot tell (tmpfs), or at an error, which image_read() finds again.
 */
bool image_read_cached(struct image *image, uint64_t offset, void *buffer, size_t length);
int image_write(struct image *image, uint64_t offset, const void *buffer, size_t length);
int image_flush(struct image *image);
int image_discard(struct image *image, uint64_t offset, uint64_t length);

/* Lock fd until it is closed; on conflict err names the process that holds it. Where the file
 * system has no locks it succeeds. */
bool image_lock(int fd, const char *file, bool exclusive, struct error *err);

/* Sectors written since the snapshot was begun, in a file without a name. */
struct overlay *overlay_create(uint64_t size, struct error *err);
void overlay_destroy(struct overlay *overlay);
/* How many bytes from offset on lie alike, all in the overlay or all not; *present says which. At
 * most length. */
size_t overlay_run(struct overlay *overlay, uint64_t offset, size_t length, bool *present);
int overlay_read(struct overlay *overlay, uint64_t offset, void *buffer, size_t length);
int overlay_write(struct overlay *overlay, uint64_t offset, const void *buffer, size_t length);
int overlay_fd(const struct overlay *overlay);

/* pread and pwrite of all of length: 0 or -errno; *done (may be NULL for writing) is what a read
 * got before the file's end. */
int read_fully(int fd, uint64_t offset, void *buffer, size_t length, size_t *done);
int write_fully(int fd, uint64_t offset, const void *buffer, size_t length);

#endif
