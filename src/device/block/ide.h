// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a board says about each drive on an ATA channel.
#ifndef DEVICE_BLOCK_IDE_H
#define DEVICE_BLOCK_IDE_H

#include <stdbool.h>

#include "backend/block.h"

/* block == NULL and !cdrom: no drive here. A CD-ROM drive may be there without block (it never has
 * a medium), or with one of size 0 (a medium may come: block->media_changed). The chip sets
 * block->media_changed and block->opaque of a CD-ROM's back end. */
struct ide_drive {
    struct block_backend *block;
    bool cdrom;
    bool
        write_through; /* start with the write cache off: each write ends only when it is flushed */
    const char *serial; /* up to 20 characters; NULL: BM00001 and so on by position */
    const char *model;  /* up to 40 characters; NULL: BMBT HARDDISK, BMBT DVD-ROM */
};

#endif
