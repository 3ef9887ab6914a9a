// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Saving and restoring a chip: one function a chip, called with a stream that reads or writes.
#ifndef BASE_STATE_H
#define BASE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A chip's one save/restore function names each field once:
 *
 *     void pit_state(struct pit *pit, struct state *s) { state_u16(s, &pit->count); ... }
 *
 * While saving, values go out; while loading, they come in. A short or foreign stream sets failed
 * and leaves further fields untouched. Values are stored little endian.
 */
struct state {
    bool loading;
    bool failed;
    uint8_t *data;   /* grows while saving (host_alloc) */
    size_t size;     /* bytes in data */
    size_t position; /* of the next byte to load */
    size_t capacity;
};

void state_bytes(struct state *s, void *data, size_t size);
void state_u8(struct state *s, uint8_t *v);
void state_u16(struct state *s, uint16_t *v);
void state_u32(struct state *s, uint32_t *v);
void state_u64(struct state *s, uint64_t *v);
void state_i64(struct state *s, int64_t *v);
void state_bool(struct state *s, bool *v);
/* A section head: the chip's name and version; a mismatch while loading sets failed. */
void state_section(struct state *s, const char *name, uint32_t version);

#endif
