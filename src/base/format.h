// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A small printf for floors that have no C library.
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Like snprintf: writes at most size bytes with the final NUL, returns the length that the whole
 * text would have. Knows %d %i %u %x %X %o %c %s %p %% with flags - 0 + space #, width, precision
 * (also *), and lengths hh h l ll z j t. No floating point.
 */
size_t format(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t vformat(char *buf, size_t size, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

#endif
