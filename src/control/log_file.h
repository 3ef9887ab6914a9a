// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where the log goes: -D FILE or standard error.
#ifndef CONTROL_LOG_FILE_H
#define CONTROL_LOG_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"

struct log_file {
    FILE *file;
};

/* path NULL: standard error. Sets up log's sink; its mask stays. */
bool log_file_open(struct log_file *f, struct log *log, const char *path, struct error *err);
void log_file_close(struct log_file *f);

#endif
