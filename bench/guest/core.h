// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Integer work in CoreMark's manner (it is not CoreMark): list, matrix, state machine, CRC. Freestanding.
#ifndef BENCH_GUEST_CORE_H
#define BENCH_GUEST_CORE_H

#include <stdint.h>

uint16_t crc16(uint16_t crc, uint32_t value);
uint16_t list_work(uint32_t *seed);
uint16_t matrix_work(uint32_t *seed);
uint16_t state_work(uint32_t *seed);

#endif
