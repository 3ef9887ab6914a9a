// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Integer work in CoreMark's manner: list, matrix, state machine, CRC. Freestanding, also built natively.
#include "core.h"
#include "program.h"

#define LIST_ITEMS 200
#define MATRIX     24

struct item {
    struct item *next;
    int16_t key, value;
};

static struct item items[LIST_ITEMS];
static int32_t a[MATRIX][MATRIX], b[MATRIX][MATRIX], product[MATRIX][MATRIX];

uint16_t crc16(uint16_t crc, uint32_t value)
{
    for (unsigned n = 0; n < 32; n++) {
        unsigned carry = (crc ^ value) & 1;
        value >>= 1;
        crc >>= 1;
        if (carry)
            crc ^= 0xa001;
    }
    return crc;
}

static struct item *merge(struct item *x, struct item *y)
{
    struct item head, *tail = &head;
    while (x && y) {
        struct item **smaller = x->key <= y->key ? &x : &y;
        tail->next = *smaller;
        tail = *smaller;
        *smaller = (*smaller)->next;
    }
    tail->next = x ? x : y;
    return head.next;
}

static struct item *sort(struct item *list, unsigned count)
{
    if (count < 2)
        return list;
    struct item *half = list;
    for (unsigned n = 1; n < count / 2; n++)
        half = half->next;
    struct item *rest = half->next;
    half->next = 0;
    return merge(sort(list, count / 2), sort(rest, count - count / 2));
}

uint16_t list_work(uint32_t *seed)
{
    for (unsigned n = 0; n < LIST_ITEMS; n++) {
        items[n].key = (int16_t)random_next(seed);
        items[n].value = (int16_t)n;
        items[n].next = n + 1 < LIST_ITEMS ? &items[n + 1] : 0;
    }
    uint16_t crc = 0;
    for (struct item *i = sort(items, LIST_ITEMS); i; i = i->next)
        crc = crc16(crc, (uint32_t)(uint16_t)i->key << 16 | (uint16_t)i->value);
    return crc;
}

uint16_t matrix_work(uint32_t *seed)
{
    for (unsigned y = 0; y < MATRIX; y++)
        for (unsigned x = 0; x < MATRIX; x++) {
            a[y][x] = (int16_t)random_next(seed);
            b[y][x] = (int16_t)random_next(seed);
        }
    for (unsigned y = 0; y < MATRIX; y++)
        for (unsigned x = 0; x < MATRIX; x++) {
            int32_t sum = 0;
            for (unsigned k = 0; k < MATRIX; k++)
                sum += a[y][k] * b[k][x];
            product[y][x] = sum;
        }
    uint16_t crc = 0;
    for (unsigned y = 0; y < MATRIX; y++)
        crc = crc16(crc, (uint32_t)product[y][y]);
    return crc;
}

/* Counts integers, reals and bad words in a text of numbers. */
uint16_t state_work(uint32_t *seed)
{
    static const char *const words[] = { "5012",     "-874",     "+122",     "35.54400", ".1234500",
                                         "5.500e+3", "-.123e-2", "T0.3e-1F", "--12a" };
    enum {
        START,
        SIGN,
        INTEGER,
        FRACTION,
        EXPONENT,
        EXPONENT_SIGN,
        SCIENTIFIC,
        INVALID,
        STATES
    } state;
    uint32_t count[STATES] = { 0 };
    for (unsigned n = 0; n < 400; n++) {
        state = START;
        for (const char *p = words[random_next(seed) % 9]; *p; p++) {
            int digit = *p >= '0' && *p <= '9', sign = *p == '+' || *p == '-';
            switch (state) {
            case START:
                state = digit ? INTEGER : sign ? SIGN : *p == '.' ? FRACTION : INVALID;
                break;
            case SIGN: state = digit ? INTEGER : *p == '.' ? FRACTION : INVALID; break;
            case INTEGER: state = digit ? INTEGER : *p == '.' ? FRACTION : INVALID; break;
            case FRACTION: state = digit ? FRACTION : *p == 'e' ? EXPONENT : INVALID; break;
            case EXPONENT: state = sign ? EXPONENT_SIGN : INVALID; break;
            case EXPONENT_SIGN:
            case SCIENTIFIC: state = digit ? SCIENTIFIC : INVALID; break;
            default: break;
            }
            count[state]++;
        }
    }
    uint16_t crc = 0;
    for (unsigned n = 0; n < STATES; n++)
        crc = crc16(crc, count[n]);
    return crc;
}
