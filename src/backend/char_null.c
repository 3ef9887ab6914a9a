// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The back end that takes everything and says nothing.
#include "backend/char_kinds.h"

#include <stdio.h>

#include "host/host.h"

static size_t null_write(struct char_backend *b, const uint8_t *data, size_t length)
{
    (void)b;
    (void)data;
    return length;
}

static void null_destroy(struct char_backend *b)
{
    host_free(b);
}

static const struct char_backend_ops null_ops = { .kind = "null",
                                                  .write = null_write,
                                                  .destroy = null_destroy };

struct char_backend *char_null_open(const char *label)
{
    struct char_backend *b = host_alloc(sizeof *b);
    b->ops = &null_ops;
    snprintf(b->label, sizeof b->label, "%s", label);
    return b;
}
