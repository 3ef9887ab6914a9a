// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What follows tcp: and unix: in the text that opens a socket.
#include "backend/socket_options.h"

#include <stdlib.h>
#include <string.h>

static bool parse_switch(const char *text, const char *name, bool *value)
{
    size_t length = strlen(name);
    if (strncmp(text, name, length) != 0)
        return false;
    if (text[length] == '\0' || strcmp(text + length, "=on") == 0)
        *value = true;
    else if (strcmp(text + length, "=off") == 0)
        *value = false;
    else
        return false;
    return true;
}

static bool parse_option(const char *text, struct socket_options *options)
{
    bool no;
    if (parse_switch(text, "server", &options->server) ||
        parse_switch(text, "wait", &options->wait) ||
        parse_switch(text, "nodelay", &options->nodelay))
        return true;
    if (!parse_switch(text, "nowait", &no))
        return false;
    options->wait = !no;
    return true;
}

bool socket_options_parse(struct socket_options *options, const char *text, const char *label,
                          struct error *err)
{
    char *rest;
    *options = (struct socket_options){ .wait = true, .copy = strdup(text) };
    options->address = strtok_r(options->copy, ",", &rest);
    if (options->address == NULL || text[0] == ',') {
        free(options->copy);
        return error_set(err, "%s: the socket has no address", label);
    }
    for (char *option; (option = strtok_r(NULL, ",", &rest)) != NULL;) {
        if (parse_option(option, options))
            continue;
        error_set(err,
                  "%s: unknown socket option \"%s\"; known are server=on|off, wait=on|off, "
                  "nodelay=on|off",
                  label, option);
        free(options->copy);
        return false;
    }
    return true;
}

bool socket_split_address(char *address, char **host, char **port)
{
    char *colon = strrchr(address, ':');
    if (colon == NULL || colon[1] == '\0')
        return false;
    *colon = '\0';
    *port = colon + 1;
    *host = address;
    size_t length = strlen(address);
    if (address[0] == '[' && length >= 2 && address[length - 1] == ']') {
        address[length - 1] = '\0';
        *host = address + 1;
    }
    return true;
}
