// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The bus master of one IDE channel: registers and physical region descriptors.
#ifndef DEVICE_BLOCK_BMDMA_H
#define DEVICE_BLOCK_BMDMA_H

#include "base/state.h"
#include "device/block/ide_channel.h"
#include "memory/memory.h"

/* "Programming Interface for Bus Master IDE Controller", revision 1.0. Eight ports a channel, read
 * and written through these functions. */
struct bmdma;

/* Sets itself as channel's bus master. */
struct bmdma *bmdma_create(struct memory *memory, const struct log *log,
                           struct ide_channel *channel);
void bmdma_destroy(struct bmdma *b);
void bmdma_reset(struct bmdma *b);
void bmdma_state(struct bmdma *b, struct state *s);

uint8_t bmdma_read(struct bmdma *b, unsigned offset);
void bmdma_write(struct bmdma *b, unsigned offset, uint8_t value);
/* PCI command register: the function may master the bus. */
void bmdma_set_enabled(struct bmdma *b, bool enabled);

#endif
