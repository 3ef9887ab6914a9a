// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A bounded queue of bytes: a ring.
#include "backend/char_queue.h"

#include <string.h>

#include "backend/char.h"
#include "base/bits.h"

size_t char_queue_push(struct char_queue *q, const uint8_t *data, size_t length)
{
    size_t taken = MIN(length, char_queue_room(q));
    size_t end = (q->first + q->count) % CHAR_QUEUE_SIZE;
    size_t straight = MIN(taken, CHAR_QUEUE_SIZE - end);
    memcpy(q->bytes + end, data, straight);
    memcpy(q->bytes, data + straight, taken - straight);
    q->count += taken;
    return taken;
}

size_t char_queue_peek(const struct char_queue *q, const uint8_t **data)
{
    *data = q->bytes + q->first;
    return MIN(q->count, CHAR_QUEUE_SIZE - q->first);
}

void char_queue_drop(struct char_queue *q, size_t length)
{
    q->first = (q->first + length) % CHAR_QUEUE_SIZE;
    q->count -= length;
}

void char_queue_deliver(struct char_queue *q, const struct char_backend *b)
{
    const uint8_t *data;
    size_t length;
    while ((length = MIN(char_queue_peek(q, &data), char_user_can_receive(b))) > 0) {
        uint8_t piece[256];
        length = MIN(length, sizeof piece);
        /* Copied and dropped first: the user may come back from within its receive function. */
        memcpy(piece, data, length);
        char_queue_drop(q, length);
        b->user.receive(b->user.opaque, piece, length);
    }
}
