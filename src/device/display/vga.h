// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// VGA with the Bochs VBE extensions, as a PCI card.
#ifndef DEVICE_DISPLAY_VGA_H
#define DEVICE_DISPLAY_VGA_H

#include <stdint.h>

#include "backend/screen.h"
#include "base/clock.h"
#include "memory/memory.h"

/*
 * 1234:1111, class 030000. Ports 3B4h-3B5h, 3BAh, 3C0h-3CFh, 3D4h-3D5h, 3DAh (IBM VGA) and
 * 1CEh-1D1h (VBE DISPI); memory A0000h-BFFFFh; BAR 0 the frame buffer, BAR 2 the registers once
 * more as memory, the expansion ROM the VGA BIOS.
 */
struct vga;
struct pci_bus;
struct state;

/* rom (may be NULL) has a size of a power of two; vram_size is a power of two from 256 KiB to 256
 * MiB. NULL when the host refuses. */
struct vga *vga_create(struct memory *memory, struct pci_bus *bus, uint8_t devfn,
                       const struct log *log, struct clock *clock, struct ram_block *rom,
                       uint32_t vram_size);
void vga_destroy(struct vga *vga);
void vga_reset(struct vga *vga);
void vga_state(struct vga *vga, struct state *s);

/* What it shows, for whoever draws it. */
struct screen_source vga_screen(struct vga *vga);

#endif
