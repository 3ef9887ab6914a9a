// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A bounded queue of bytes.
#ifndef BACKEND_CHAR_QUEUE_H
#define BACKEND_CHAR_QUEUE_H

#include <stddef.h>
#include <stdint.h>

/* 64 KiB: a guest's burst of console output fits; what is more waits in the guest, as behind a slow
 * line. */
#define CHAR_QUEUE_SIZE 65536u

struct char_backend;

struct char_queue {
    size_t first, count;
    uint8_t bytes[CHAR_QUEUE_SIZE];
};

static inline size_t char_queue_room(const struct char_queue *q)
{
    return CHAR_QUEUE_SIZE - q->count;
}
/* Returns how many of the bytes it took. */
size_t char_queue_push(struct char_queue *q, const uint8_t *data, size_t length);
/* The oldest bytes that lie in one piece; how many they are. They stay until dropped. */
size_t char_queue_peek(const struct char_queue *q, const uint8_t **data);
void char_queue_drop(struct char_queue *q, size_t length);
/* Give the user of b what it takes. */
void char_queue_deliver(struct char_queue *q, const struct char_backend *b);

#endif
