// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What follows tcp: and unix: in the text that opens a socket.
#ifndef BACKEND_SOCKET_OPTIONS_H
#define BACKEND_SOCKET_OPTIONS_H

#include <stdbool.h>

#include "base/error.h"

struct socket_options {
    char *address; /* "host:port" or a path; points into copy */
    char *copy;    /* for free() */
    bool server, wait, nodelay;
};

/* False with an error and nothing to free. Of an option that is given twice the last counts. */
bool socket_options_parse(struct socket_options *options, const char *text, const char *label,
                          struct error *err);
/* "host:port", cut in two; the host may be empty, or in brackets if it has colons itself. */
bool socket_split_address(char *address, char **host, char **port);

#endif
