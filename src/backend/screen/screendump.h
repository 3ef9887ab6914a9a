// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The screen's picture in a file.
#ifndef BACKEND_SCREEN_SCREENDUMP_H
#define BACKEND_SCREEN_SCREENDUMP_H

#include <stdbool.h>

#include "backend/screen.h"
#include "base/error.h"

enum screendump_format { SCREENDUMP_PPM, SCREENDUMP_PNG };

/* "ppm" or "png". */
bool screendump_format_find(const char *name, enum screendump_format *format);
/* By the name's end: PNG for .png, else PPM. */
enum screendump_format screendump_format_of(const char *path);

/* False with "what went wrong" (the path is not in it). */
bool screendump_write(const struct screen_image *image, const char *path,
                      enum screendump_format format, struct error *err);

#endif
