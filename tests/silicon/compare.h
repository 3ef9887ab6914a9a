// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Do silicon and guest agree on what is defined?
#ifndef TESTS_SILICON_COMPARE_H
#define TESTS_SILICON_COMPARE_H

#include "case.h"
#include "guest.h"

enum {
    DIFFERS_VECTOR = 1 << 0,
    DIFFERS_ERROR = 1 << 1,
    DIFFERS_CR2 = 1 << 2,
    DIFFERS_EIP = 1 << 3,
    DIFFERS_EFLAGS = 1 << 4,
    DIFFERS_GPR = 1 << 5, /* 8 bits */
    DIFFERS_SEGMENT = 1 << 13,
    DIFFERS_X87_CONTROL = 1 << 14,
    DIFFERS_X87_STATUS = 1 << 15,
    DIFFERS_X87_TAGS = 1 << 16,
    DIFFERS_X87_POINTERS = 1 << 17,
    DIFFERS_ST = 1 << 18,
    DIFFERS_XMM = 1 << 19,
    DIFFERS_MXCSR = 1 << 20,
    DIFFERS_MEMORY = 1 << 21,
};

/* DIFFERS_*; 0: agreement. */
uint32_t compare(const struct silicon_case *c, const struct silicon_result *native,
                 const struct silicon_result *guest, const struct guest *g);
/* Flags of EFLAGS that are compared. */
uint32_t compared_flags(const struct silicon_case *c, const struct silicon_result *native);
/* The native page as the case left it. */
const uint8_t *native_page(const struct silicon_result *native, unsigned page);

#endif
