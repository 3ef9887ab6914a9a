// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The stream that chips save themselves to and load themselves from.
#include "base/state.h"

#include "base/bits.h"
#include "base/memory_functions.h"
#include "host/host.h"

static void append(struct state *s, const void *data, size_t size)
{
    if (s->capacity - s->size < size) {
        size_t capacity = MAX(s->capacity * 2, s->size + size + 4096);
        uint8_t *grown = host_alloc(capacity);
        if (s->size > 0)
            memcpy(grown, s->data, s->size);
        host_free(s->data);
        s->data = grown;
        s->capacity = capacity;
    }
    memcpy(s->data + s->size, data, size);
    s->size += size;
}

void state_bytes(struct state *s, void *data, size_t size)
{
    if (s->failed || size == 0)
        return;
    if (!s->loading) {
        append(s, data, size);
    } else if (s->size - s->position < size) {
        s->failed = true;
    } else {
        memcpy(data, s->data + s->position, size);
        s->position += size;
    }
}

void state_u8(struct state *s, uint8_t *v)
{
    state_bytes(s, v, 1);
}

void state_u16(struct state *s, uint16_t *v)
{
    uint8_t raw[2];
    store_le16(raw, *v);
    state_bytes(s, raw, sizeof raw);
    *v = load_le16(raw);
}

void state_u32(struct state *s, uint32_t *v)
{
    uint8_t raw[4];
    store_le32(raw, *v);
    state_bytes(s, raw, sizeof raw);
    *v = load_le32(raw);
}

void state_u64(struct state *s, uint64_t *v)
{
    uint8_t raw[8];
    store_le64(raw, *v);
    state_bytes(s, raw, sizeof raw);
    *v = load_le64(raw);
}

void state_i64(struct state *s, int64_t *v)
{
    uint64_t u = (uint64_t)*v;
    state_u64(s, &u);
    *v = (int64_t)u;
}

/* Any value but 0 and 1 is no bool: loading it would be undefined. */
void state_bool(struct state *s, bool *v)
{
    uint8_t raw = *v;
    state_u8(s, &raw);
    if (raw > 1)
        s->failed = true;
    else
        *v = raw;
}

void state_section(struct state *s, const char *name, uint32_t version)
{
    uint32_t length = 0, stored_length, stored_version = version;
    char stored[64];

    while (name[length] != '\0')
        length++;
    host_assert(length <= sizeof stored, "name of a state section is too long");
    memcpy(stored, name, length);
    stored_length = length;
    state_u32(s, &stored_length);
    if (stored_length != length) {
        s->failed = true;
        return;
    }
    state_bytes(s, stored, length);
    state_u32(s, &stored_version);
    if (memcmp(stored, name, length) != 0 || stored_version != version)
        s->failed = true;
}
