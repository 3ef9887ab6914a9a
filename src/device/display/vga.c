// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The VGA card: PCI function, regions, reset, state.
#include "device/display/vga.h"

#include "base/state.h"
#include "device/display/vga_internal.h"
#include "host/host.h"

#define VGA_VENDOR       0x1234
#define VGA_DEVICE       0x1111
#define VGA_REVISION     2
#define VGA_CLASS        0x030000
#define SUBSYSTEM_VENDOR 0x1af4
#define SUBSYSTEM        0x1100

#define WINDOW_BASE     0xa0000
#define WINDOW_PRIORITY 1
#define MMIO_SIZE       0x1000
#define MMIO_VGA        0x400 /* ports 3C0h-3DFh */
#define MMIO_VBE        0x500 /* DISPI registers, 16 bits each */
#define MMIO_QEXT                                                                                  \
    0x600 /* size of the extension registers, then the byte order of the frame buffer */
#define QEXT_SIZE          8
#define QEXT_LITTLE_ENDIAN 0x1e1e1e1e

#define VBE_PORT_INDEX 0x1ce

/* ---- ports ----------------------------------------------------------------------------------- */

static bool legacy_read(struct vga *vga, uint16_t base, uint64_t offset, uint64_t *value)
{
    *value = vga_port_read(vga, (uint16_t)(base + offset));
    return true;
}
static bool legacy_write(struct vga *vga, uint16_t base, uint64_t offset, uint64_t value)
{
    vga_port_write(vga, (uint16_t)(base + offset), (uint8_t)value);
    return true;
}

#define LEGACY(base, count)                                                                        \
    static bool read_##base(void *opaque, uint64_t offset, unsigned size, uint64_t *value)         \
    {                                                                                              \
        (void)size;                                                                                \
        return legacy_read(opaque, 0x##base, offset, value);                                       \
    }                                                                                              \
    static bool write_##base(void *opaque, uint64_t offset, unsigned size, uint64_t value)         \
    {                                                                                              \
        (void)size;                                                                                \
        return legacy_write(opaque, 0x##base, offset, value);                                      \
    }                                                                                              \
    static const struct region_desc desc_##base = { .name = "vga",                                 \
                                                    .size = count,                                 \
                                                    .min_size = 1,                                 \
                                                    .max_size = 1,                                 \
                                                    .read = read_##base,                           \
                                                    .write = write_##base };
LEGACY(3b4, 2)
LEGACY(3ba, 1)
LEGACY(3c0, 16)
LEGACY(3d4, 2)
LEGACY(3da, 1)

/* 1CEh index, 1CFh (unaligned word) and 1D0h data. */
static bool vbe_port_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct vga *vga = opaque;
    if (size != 2)
        return false;
    *value = offset == 0 ? vga->vbe_index : vbe_read(vga, vga->vbe_index);
    return true;
}

static bool vbe_port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct vga *vga = opaque;
    if (size != 2)
        return false;
    if (offset == 0)
        vga->vbe_index = (uint16_t)value;
    else
        vbe_write(vga, vga->vbe_index, (uint16_t)value);
    return true;
}

static const struct region_desc vbe_desc = { .name = "vbe",
                                             .size = 4,
                                             .min_size = 1,
                                             .max_size = 2,
                                             .read = vbe_port_read,
                                             .write = vbe_port_write };

/* ---- BAR 2 ----------------------------------------------------------------------------------- */

static bool mmio_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct vga *vga = opaque;
    if (offset >= MMIO_VGA && offset < MMIO_VGA + 0x20) {
        *value = 0;
        for (unsigned n = 0; n < size; n++)
            *value |= (uint64_t)vga_port_read(vga, (uint16_t)(0x3c0 + offset - MMIO_VGA + n))
                      << 8 * n;
        return true;
    }
    if (offset >= MMIO_VBE && offset < MMIO_VBE + 2 * VBE_COUNT && size == 2) {
        *value = vbe_read(vga, (uint16_t)((offset - MMIO_VBE) / 2));
        return true;
    }
    if (offset == MMIO_QEXT && size == 4) {
        *value = QEXT_SIZE;
        return true;
    }
    if (offset == MMIO_QEXT + 4 && size == 4) {
        *value = QEXT_LITTLE_ENDIAN;
        return true;
    }
    return false;
}

static bool mmio_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct vga *vga = opaque;
    if (offset >= MMIO_VGA && offset < MMIO_VGA + 0x20) {
        for (unsigned n = 0; n < size; n++)
            vga_port_write(vga, (uint16_t)(0x3c0 + offset - MMIO_VGA + n),
                           (uint8_t)(value >> 8 * n));
        return true;
    }
    if (offset >= MMIO_VBE && offset < MMIO_VBE + 2 * VBE_COUNT && size == 2) {
        vbe_write(vga, (uint16_t)((offset - MMIO_VBE) / 2), (uint16_t)value);
        return true;
    }
    /* The frame buffer is little endian and stays so. */
    return offset == MMIO_QEXT + 4 && size == 4 && value == QEXT_LITTLE_ENDIAN;
}

static const struct region_desc mmio_desc = { .name = "vga.mmio",
                                              .size = MMIO_SIZE,
                                              .min_size = 1,
                                              .max_size = 4,
                                              .read = mmio_read,
                                              .write = mmio_write };

/* ---- creation -------------------------------------------------------------------------------- */

static void map_regions(struct vga *vga, struct memory *memory, struct ram_block *rom)
{
    static const struct {
        const struct region_desc *desc;
        uint16_t base;
    } ports[] = { { &desc_3b4, 0x3b4 }, { &desc_3ba, 0x3ba }, { &desc_3c0, 0x3c0 },
                  { &desc_3d4, 0x3d4 }, { &desc_3da, 0x3da }, { &vbe_desc, VBE_PORT_INDEX } };
    const unsigned both = MEMORY_SPACES;

    for (unsigned n = 0; n < ARRAY_SIZE(ports); n++)
        vga->ports[n] =
            region_map_io(memory, 1u << SPACE_PORTS, ports[n].desc, vga, ports[n].base, 0);
    vga->port_count = ARRAY_SIZE(ports);
    vga->memory_window =
        region_map_io(memory, both, &vga_memory_desc, vga, WINDOW_BASE, WINDOW_PRIORITY);

    vga->frame_buffer = region_map_ram(memory, both, "vga.vram", vga->vram, vga->vram, 0, 0,
                                       vga->vram_size, WINDOW_PRIORITY);
    region_set_enabled(vga->frame_buffer, false);
    pci_bar_set_memory(&vga->pci, 0, vga->frame_buffer, vga->vram_size, true);
    vga->mmio = region_map_io(memory, both, &mmio_desc, vga, 0, WINDOW_PRIORITY);
    region_set_enabled(vga->mmio, false);
    pci_bar_set_memory(&vga->pci, 2, vga->mmio, MMIO_SIZE, false);
    if (rom != NULL) {
        vga->rom =
            region_map_ram(memory, both, "vga.rom", rom, NULL, 0, 0, rom->size, WINDOW_PRIORITY);
        region_set_enabled(vga->rom, false);
        pci_rom_set(&vga->pci, vga->rom, (uint32_t)rom->size);
    }
}

struct vga *vga_create(struct memory *memory, struct pci_bus *bus, uint8_t devfn,
                       const struct log *log, struct clock *clock, struct ram_block *rom,
                       uint32_t vram_size)
{
    struct vga *vga = host_alloc(sizeof *vga);
    vga->log = log;
    vga->clock = clock;
    vga->vram_size = vram_size;
    vga->vram = ram_create(memory, "vga.vram", vram_size);
    if (vga->vram == NULL) {
        host_free(vga);
        return NULL;
    }
    ram_dirty_attach(vga->vram, RAM_PAGE_DIRTY_DISPLAY);
    vga->shown = host_alloc(sizeof *vga->shown);
    pci_function_init(&vga->pci, "VGA", VGA_VENDOR, VGA_DEVICE, VGA_CLASS, VGA_REVISION,
                      SUBSYSTEM_VENDOR, SUBSYSTEM, 0, vga);
    map_regions(vga, memory, rom);
    pci_register(bus, &vga->pci, devfn);
    vga_reset(vga);
    return vga;
}

void vga_destroy(struct vga *vga)
{
    if (vga == NULL)
        return;
    for (unsigned n = 0; n < vga->port_count; n++)
        region_unmap(vga->ports[n]);
    region_unmap(vga->memory_window);
    region_unmap(vga->frame_buffer);
    region_unmap(vga->mmio);
    if (vga->rom != NULL)
        region_unmap(vga->rom);
    host_free(vga->shown);
    host_free(vga);
}

void vga_reset(struct vga *vga)
{
    __builtin_memset(vga->sequencer, 0, sizeof vga->sequencer);
    __builtin_memset(vga->graphics, 0, sizeof vga->graphics);
    __builtin_memset(vga->crtc, 0, sizeof vga->crtc);
    __builtin_memset(vga->attribute, 0, sizeof vga->attribute);
    __builtin_memset(vga->latch, 0, sizeof vga->latch);
    vga->sequencer_index = vga->graphics_index = vga->crtc_index = vga->attribute_index = 0;
    vga->attribute_data = false;
    vga->misc = vga->feature = 0;
    vga->dac_mask = 0xff;
    vga->dac_read_index = vga->dac_write_index = vga->dac_component = 0;
    vga->dac_reading = false;
    vbe_reset(vga);
    vga->changed = true;
}

/* What cannot have been saved would index past the end of something. */
static void check_loaded(struct vga *vga, struct state *s)
{
    if (vga->sequencer_index >= SEQ_COUNT || vga->graphics_index >= GFX_COUNT ||
        vga->dac_component > 2 || !vbe_mode_fits(vga)) {
        vga_reset(vga);
        s->failed = true;
    }
}

void vga_state(struct vga *vga, struct state *s)
{
    state_section(s, "vga", 1);
    state_u8(s, &vga->sequencer_index);
    state_bytes(s, vga->sequencer, sizeof vga->sequencer);
    state_u8(s, &vga->graphics_index);
    state_bytes(s, vga->graphics, sizeof vga->graphics);
    state_u8(s, &vga->crtc_index);
    state_bytes(s, vga->crtc, sizeof vga->crtc);
    state_u8(s, &vga->attribute_index);
    state_bytes(s, vga->attribute, sizeof vga->attribute);
    state_bool(s, &vga->attribute_data);
    state_u8(s, &vga->misc);
    state_u8(s, &vga->feature);
    state_bytes(s, vga->dac, sizeof vga->dac);
    state_u8(s, &vga->dac_mask);
    state_u8(s, &vga->dac_read_index);
    state_u8(s, &vga->dac_write_index);
    state_u8(s, &vga->dac_component);
    state_bool(s, &vga->dac_reading);
    state_bytes(s, vga->latch, sizeof vga->latch);
    state_u16(s, &vga->vbe_index);
    for (unsigned n = 0; n < VBE_COUNT; n++)
        state_u16(s, &vga->vbe[n]);
    state_u32(s, &vga->vbe_bank_offset);
    state_u32(s, &vga->vbe_start);
    state_u32(s, &vga->vbe_line);
    state_bytes(s, vga->vram->host, vga->vram_size);
    pci_function_state(&vga->pci, s);
    if (s->loading)
        check_loaded(vga, s);
    vga->changed = true;
}
