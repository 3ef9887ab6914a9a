// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Output into a file; no input.
#include "backend/char_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "backend/char_stream.h"
#include "base/bits.h"
#include "host/host.h"

static void file_destroy(struct char_backend *b)
{
    struct char_stream *s = container_of(b, struct char_stream, backend);
    char_stream_flush(s, 1000);
    char_stream_release(s);
    host_free(s);
}

static const struct char_backend_ops file_ops = {
    .kind = "file",
    .write = char_stream_write,
    .wait = char_stream_wait,
    .accept_input = char_stream_accept_input,
    .destroy = file_destroy,
};

/* Non-blocking for the sake of pipes and terminals that are opened by name; plain files do not
 * care. A pipe opened both ways does not wait for its reader. */
struct char_backend *char_file_open(const char *path, const char *label, struct event_loop *loop,
                                    struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    if (fd < 0 && errno == ENXIO)
        fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        error_set(err, "cannot write the file \"%s\" for %s: %s", path, label, strerror(errno));
        return NULL;
    }
    struct char_stream *s = host_alloc(sizeof *s);
    char_stream_init(s, &file_ops, loop, label);
    char_stream_open(s, -1, fd);
    return &s->backend;
}
