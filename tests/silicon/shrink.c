// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From a failing program to the shortest that still fails.
#include "shrink.h"

#include <stdlib.h>

/* What takes its place would be written to in its stead. */
static bool is_written_to(const struct program *p, unsigned at)
{
    for (unsigned n = 0; n < p->count; n++)
        if (p->items[n].kind == ITEM_ADDRESS && p->items[n].target == (int)at &&
            p->items[at].patchable)
            return true;
    return false;
}

/* Without the items from at on, count of them. A loop's counter goes last, when nothing jumps
 * back. */
static bool try_without(const struct program *p, unsigned at, unsigned count, uint32_t linear,
                        struct silicon_case *c, struct program *smaller)
{
    unsigned where;
    *smaller = *p;
    for (unsigned n = 0; n < count; n++) {
        if (is_written_to(smaller, at))
            return false;
        if (smaller->items[at].keep)
            for (unsigned k = 0; k < p->count; k++)
                if (p->items[k].kind == ITEM_BRANCH && p->items[k].target <= (int)k)
                    return false;
        program_remove(smaller, at);
    }
    return program_emit(smaller, linear, c, &where);
}

void shrink(struct program *p, uint32_t linear, struct silicon_case *c, shrink_fails *fails,
            void *opaque)
{
    struct program *smaller = malloc(sizeof *smaller);
    unsigned where;
    for (unsigned size = p->count / 2; size > 0;) {
        bool any = false;
        for (unsigned at = 0; at + size <= p->count;) {
            if (try_without(p, at, size, linear, c, smaller) && fails(opaque, c)) {
                *p = *smaller;
                any = true;
            } else {
                at += size > 1 ? size / 2 : 1;
            }
        }
        if (!any || size > 1)
            size /= 2;
    }
    program_emit(p, linear, c, &where);
    free(smaller);
}
