// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The file behind guest RAM, for windows.
#ifndef HOST_LINUX_RAM_H
#define HOST_LINUX_RAM_H

#include "host/host.h"

int ram_fd(const struct host_ram *ram);
uint64_t ram_size(const struct host_ram *ram);

#endif
