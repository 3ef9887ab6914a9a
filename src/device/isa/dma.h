// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The pair of 8237A DMA controllers of an ISA board, with page registers.
#ifndef DEVICE_ISA_DMA_H
#define DEVICE_ISA_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/memory.h"

/*
 * Channels 0-3 move bytes (ports 00H-0FH), 5-7 words (ports C0H-DFH); 4 is the cascade. Page
 * registers and their scratch neighbours are at 80H-8FH; a write to port 80H is also a POST code
 * and is logged.
 */
struct dma;
struct state;

struct dma *dma_create(struct memory *memory, const struct log *log);
void dma_destroy(struct dma *dma);
void dma_reset(struct dma *dma);
void dma_state(struct dma *dma, struct state *s);

/* A chip on a channel. ready() tells that a channel with its request raised has become able to
 * transfer. */
void dma_attach(struct dma *dma, unsigned channel, void (*ready)(void *opaque), void *opaque);

/* DREQ. */
void dma_set_request(struct dma *dma, unsigned channel, bool level);
/* Is the channel unmasked, its controller enabled and the chip's transfer of this direction
 * programmed? */
bool dma_can_transfer(const struct dma *dma, unsigned channel, bool to_memory);
/*
 * Move up to length bytes between the chip's buffer and memory, in the programmed direction (verify
 * moves nothing but counts). Returns how many were moved; *terminal_count is set when the count ran
 * out (the channel then masks itself, or starts again with autoinitialize).
 */
size_t dma_transfer(struct dma *dma, unsigned channel, void *buffer, size_t length, bool to_memory,
                    bool *terminal_count);

#endif
