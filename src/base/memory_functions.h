// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// memcpy, memmove, memset and memcmp for floors that have no C library.
#ifndef BASE_MEMORY_FUNCTIONS_H
#define BASE_MEMORY_FUNCTIONS_H

#include <stddef.h>

/*
 * The compiler calls these four by itself, so they must exist. They use general registers only: a
 * guest's x87 and SSE state may be in the host's registers when they run. host/<processor>/ has its
 * own; base/memory_functions.c serves the others.
 */
void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);

/* Freestanding builds lose the expansion in place of short ones; these names bring it back. */
#define memcpy(to, from, length)  __builtin_memcpy(to, from, length)
#define memmove(to, from, length) __builtin_memmove(to, from, length)
#define memset(to, byte, length)  __builtin_memset(to, byte, length)
#define memcmp(a, b, length)      __builtin_memcmp(a, b, length)

#endif
