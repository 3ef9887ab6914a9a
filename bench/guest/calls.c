// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Calls: recursive, through a table, through objects, and a sort that calls to compare.
#include "program.h"
#include "user_programs.h"

#include <stdlib.h>
#include <string.h>

static UNLIKELY_INLINED unsigned fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

/* The compiler would make most of the recursion a loop: through a pointer it cannot. */
static unsigned (*volatile call_fib)(unsigned) = fib;

uint32_t fib_unit(void)
{
    return call_fib(25);
}

typedef uint32_t operation(uint32_t a, uint32_t b);

#define OPERATION(name, expression)                                                                \
    static UNLIKELY_INLINED uint32_t name(uint32_t a, uint32_t b)                                  \
    {                                                                                              \
        return expression;                                                                         \
    }
OPERATION(add, a + b)
OPERATION(subtract, a - b)
OPERATION(both, a &b)
OPERATION(either, a | b)
OPERATION(differ, a ^ b)
OPERATION(scale, a * 5 + b)
OPERATION(rotate, (a << 7 | a >> 25) + b)
OPERATION(invert, ~a + b)

static operation *volatile operations[] = { add,    subtract, both,   either,
                                            differ, scale,    rotate, invert };

/* An interpreter's inner loop: which function comes next is known only from data. */
uint32_t indirect_unit(void)
{
    uint32_t seed = 7, value = 1;
    for (unsigned n = 0; n < 200000; n++) {
        uint32_t random = random_next(&seed);
        value = operations[random >> 13 & 7](value, random);
    }
    return value;
}

struct shape;

struct shape_class {
    uint32_t (*area)(const struct shape *);
    void (*grow)(struct shape *);
};

struct shape {
    const struct shape_class *class;
    uint32_t width, height;
};

#define SHAPE(name, expression)                                                                    \
    static uint32_t name##_area(const struct shape *s)                                             \
    {                                                                                              \
        return expression;                                                                         \
    }                                                                                              \
    static void name##_grow(struct shape *s)                                                       \
    {                                                                                              \
        s->width = (s->width + sizeof #name) & 0xffff;                                             \
    }                                                                                              \
    static const struct shape_class name##_class = { name##_area, name##_grow };
SHAPE(box, s->width * s->height)
SHAPE(triangle, s->width * s->height / 2)
SHAPE(disc, s->width * s->width * 22 / 7)
SHAPE(frame, 2 * (s->width + s->height))

#define SHAPES 512
static struct shape shapes[SHAPES];

void virtual_prepare(void)
{
    static const struct shape_class *const classes[] = { &box_class, &triangle_class, &disc_class,
                                                         &frame_class };
    uint32_t seed = 99;
    for (unsigned n = 0; n < SHAPES; n++)
        shapes[n].class = classes[random_next(&seed) & 3];
}

/* As C++ compiles it: an object's first word is its class's table of functions. */
uint32_t virtual_unit(void)
{
    uint32_t sum = 0;
    for (unsigned n = 0; n < SHAPES; n++) {
        shapes[n].width = n * 37 & 0xffff;
        shapes[n].height = n * 11 & 0xffff;
    }
    for (unsigned round = 0; round < 400; round++) {
        for (unsigned n = 0; n < SHAPES; n++) {
            struct shape *shape = &shapes[n];
            shape->class->grow(shape);
            sum = mix(sum, shape->class->area(shape));
        }
    }
    return sum;
}

#define SORTED 10000
static int unsorted[SORTED], sorted[SORTED];

void sort_prepare(void)
{
    uint32_t seed = 4711;
    for (unsigned n = 0; n < SORTED; n++)
        unsorted[n] = (int)random_next(&seed);
}

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

uint32_t sort_unit(void)
{
    memcpy(sorted, unsorted, sizeof sorted);
    qsort(sorted, SORTED, sizeof sorted[0], compare);
    uint32_t sum = 0;
    for (unsigned n = 0; n < SORTED; n += 13)
        sum = mix(sum, (uint32_t)sorted[n]);
    return sum;
}
