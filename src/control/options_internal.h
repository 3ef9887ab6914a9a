// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The handlers of options, and what they share.
#ifndef CONTROL_OPTIONS_INTERNAL_H
#define CONTROL_OPTIONS_INTERNAL_H

#include "control/options.h"

/* Each takes the argument (NULL where the option has none); false with what is wrong about it. */
#define GROUP(title)
#define OPTION(name, handler, argument, help)                                                      \
    bool option_##handler(struct options *o, const char *argument_text, struct error *err);
#include "control/options.inc"
#undef OPTION
#undef GROUP

/* "int,mmu" or "all" added to mask. */
bool options_parse_log(const char *text, uint32_t *mask, struct error *err);
/* "chardev:ID", kept as long as o. */
const char *options_chardev_name(struct options *o, const char *id);
/* A debug console on the -chardev; port -1: that of -global. */
bool options_add_debugcon(struct options *o, const char *id, int port, struct error *err);
/* What goes together, once all is read. */
bool options_check(const struct options *o, struct error *err);

#endif
