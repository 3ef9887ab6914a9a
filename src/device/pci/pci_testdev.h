// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// pci-testdev: a PCI function that counts the writes a test makes to it.
#ifndef DEVICE_PCI_PCI_TESTDEV_H
#define DEVICE_PCI_PCI_TESTDEV_H

#include <stdint.h>

#include "device/pci/pci.h"
#include "memory/memory.h"

/*
 * QEMU's device of this name (docs/specs/pci-testdev): function 1b36:0005 with BAR 0 in memory (4
 * KiB) and BAR 1 in ports (256). Each begins with
 *
 *   0   byte   write: begin the BAR's test of this number, 0-2; the count is 0 then
 *   1   byte   width of the writes to be made; what is neither 1, 2 nor 4: no such test
 *   4   dword  where to, from the BAR's start
 *   8   dword  what
 *   12  dword  how many such writes came
 *   16  text   the test's name
 *
 * A guest goes through the tests from 0 up. Three kinds of them differ for who hands writes to an
 * event descriptor, as KVM can; here none are handed over and all are counted.
 *
 * BAR 2, where wanted, is in memory, has 64 bits, and nothing answers there: for guests that are to
 * find room for a large one.
 */
struct pci_testdev;
struct state;

/* membar: bytes of BAR 2, a power of two; 0: no BAR 2. */
struct pci_testdev *pci_testdev_create(struct pci_bus *bus, struct memory *memory,
                                       const struct log *log, uint8_t devfn, uint64_t membar);
void pci_testdev_destroy(struct pci_testdev *testdev);
void pci_testdev_reset(struct pci_testdev *testdev);
void pci_testdev_state(struct pci_testdev *testdev, struct state *s);

#endif
