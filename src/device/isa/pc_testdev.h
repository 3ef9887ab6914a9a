// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// pc-testdev: what test kernels use to make a board do what no driver would.
#ifndef DEVICE_ISA_PC_TESTDEV_H
#define DEVICE_ISA_PC_TESTDEV_H

#include <stdint.h>

#include "device/irq.h"
#include "memory/memory.h"

/*
 * QEMU's device of this name, for which kernels such as KVM's unit tests are written. No hardware
 * has it. Its places are fixed:
 *
 *   E0H-E3H             a register of 32 bits that holds what is written: bytes, words, dwords
 *   E4H                 a dword, a physical address: what the machine keeps of its page to reach it
 *                       faster is forgotten; its contents are not
 *   E8H-EBH             the register of E0H again, by bytes: larger accesses are taken apart
 *   2000H-2017H         a byte for each of the interrupt lines 0 to 23: 0 lowers it, else it rises
 *   FF000000H-FF00FFFFH memory each access to which is one to a device
 *
 * Ports E4H and 2000H-2017H read as 0. A reset changes nothing of it.
 */
#define PC_TESTDEV_LINES 24

struct pc_testdev;
struct state;

struct pc_testdev *pc_testdev_create(struct memory *memory, const struct log *log,
                                     const struct irq_line lines[PC_TESTDEV_LINES]);
void pc_testdev_destroy(struct pc_testdev *testdev);
/* Its lines go down. */
void pc_testdev_reset(struct pc_testdev *testdev);
void pc_testdev_state(struct pc_testdev *testdev, struct state *s);

#endif
