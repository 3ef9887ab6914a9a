// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Whole files read into memory, and where firmware is found.
#ifndef CONTROL_FILES_H
#define CONTROL_FILES_H

#include <stdbool.h>

#include "base/error.h"
#include "machine/pc.h"

struct options;

/* Read a file that the user named with `option` ("-kernel"). False with a line that names both.
 * Freed by file_release(). */
bool file_read(struct pc_blob *blob, const char *option, const char *path, struct error *err);
void file_release(struct pc_blob *blob);

/* Read a firmware image: a path, or a name to look for in -L folders and where Debian's packages
 * put them. */
bool firmware_read(struct pc_blob *blob, const struct options *o, const char *option,
                   const char *name, struct error *err);

#endif
