// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The sink of the log.
#include "control/log_file.h"

#include <errno.h>
#include <string.h>

/* stdio locks the file for each call, so pieces of several threads do not mix. */
static void sink(void *opaque, const char *text, size_t length)
{
    struct log_file *f = opaque;
    fwrite(text, 1, length, f->file);
}

bool log_file_open(struct log_file *f, struct log *log, const char *path, struct error *err)
{
    f->file = path != NULL ? fopen(path, "we") : stderr;
    if (f->file == NULL)
        return error_set(err, "-D %s: cannot write the file: %s", path, strerror(errno));
    /* A whole line at a time, so that the file is useful after a crash. */
    if (path != NULL)
        setvbuf(f->file, NULL, _IOLBF, 1 << 16);
    log->sink = sink;
    log->opaque = f;
    return true;
}

void log_file_close(struct log_file *f)
{
    if (f->file != NULL && f->file != stderr)
        fclose(f->file);
    f->file = NULL;
}
