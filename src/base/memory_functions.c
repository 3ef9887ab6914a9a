// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// memcpy, memmove, memset and memcmp in plain C, for hosts without their own.
#include "base/memory_functions.h"

#include <stdint.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp

/* Words are moved without regard to alignment; may_alias and packed tell the compiler so. */
struct word {
    uint64_t value;
} __attribute__((packed, may_alias));

static void copy_up(unsigned char *to, const unsigned char *from, size_t length)
{
    for (; length >= sizeof(struct word); length -= sizeof(struct word)) {
        *(struct word *)to = *(const struct word *)from;
        to += sizeof(struct word);
        from += sizeof(struct word);
    }
    while (length-- > 0)
        *to++ = *from++;
}

static void copy_down(unsigned char *to, const unsigned char *from, size_t length)
{
    for (; length >= sizeof(struct word); length -= sizeof(struct word))
        *(struct word *)(to + length - sizeof(struct word)) =
            *(const struct word *)(from + length - sizeof(struct word));
    while (length-- > 0)
        to[length] = from[length];
}

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    copy_up(to, from, length);
    return to;
}

/* Upwards is right when the target starts below the source or past its end. */
void *memmove(void *to, const void *from, size_t length)
{
    if ((uintptr_t)to - (uintptr_t)from >= length)
        copy_up(to, from, length);
    else
        copy_down(to, from, length);
    return to;
}

void *memset(void *to, int byte, size_t length)
{
    unsigned char *p = to;
    struct word pattern = { UINT64_C(0x0101010101010101) * (unsigned char)byte };
    for (; length >= sizeof pattern; length -= sizeof pattern) {
        *(struct word *)p = pattern;
        p += sizeof pattern;
    }
    while (length-- > 0)
        *p++ = (unsigned char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const unsigned char *p = a, *q = b;
    for (; length >= sizeof(struct word); length -= sizeof(struct word)) {
        if (((const struct word *)p)->value != ((const struct word *)q)->value)
            break;
        p += sizeof(struct word);
        q += sizeof(struct word);
    }
    for (; length > 0; length--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}
