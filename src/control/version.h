// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The version that the program tells; the build file has the same.
#ifndef CONTROL_VERSION_H
#define CONTROL_VERSION_H

#define BMBT_VERSION "0.1.0"

#endif
