// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 82441FX host bridge: RAM, PAM, SMRAM and the BIOS in the memory map.
#include "device/pci/i440fx.h"

#include "base/log.h"
#include "base/state.h"
#include "host/host.h"

/* Section numbers are those of the 82441FX (PMC) datasheet, chapter 3. */
#define DRAMC 0x57 /* 3.2.15 */
#define PAM0  0x59 /* 3.2.17: 59h-5Fh */
#define SMRAM 0x72 /* 3.2.21 */

enum { PAM_READ = 1, PAM_WRITE = 2 };
enum {
    SMRAM_BASE_A0000 = 0x02,
    SMRAM_ENABLE = 0x08,
    SMRAM_LOCK = 0x10,
    SMRAM_CLOSED = 0x20,
    SMRAM_OPEN = 0x40
};

#define PAM_SEGMENTS   13
#define HIGH_RAM_BASE  UINT64_C(0x100000000)
#define LOW_BIOS_LIMIT KIB(128)

struct i440fx {
    struct pci_function function;
    struct memory *memory;
    const struct log *log;
    struct ram_block *ram;
    struct ram_block *bios;
    uint64_t low_bios_size;
    struct region *fixed[5]; /* RAM and BIOS that no register moves */
    struct region *segment[PAM_SEGMENTS];
    struct region *smram;
};

/* Segment n's place: twelve of 16 KiB from C0000h, then F0000h-FFFFFh. */
static uint64_t segment_base(unsigned n)
{
    return 0xc0000 + n * KIB(16);
}

static uint64_t segment_size(unsigned n)
{
    return n == PAM_SEGMENTS - 1 ? KIB(64) : KIB(16);
}

/* The four bits of segment n: 59h bits 7-4 for F0000h; then two segments a register from 5Ah, the
 * lower in bits 3-0. */
static unsigned segment_attributes(const struct i440fx *chip, unsigned n)
{
    if (n == PAM_SEGMENTS - 1)
        return chip->function.config[PAM0] >> 4;
    return chip->function.config[PAM0 + 1 + n / 2] >> (n & 1 ? 4 : 0) & 15;
}

/*
 * 3.2.17: what a segment does not take for RAM goes to PCI, where the BIOS answers reads in the
 * last 128 KiB and nobody takes writes.
 */
static void update_segment(struct i440fx *chip, unsigned n)
{
    unsigned attributes = segment_attributes(chip, n);
    uint64_t base = segment_base(n), low_bios = MIB(1) - chip->low_bios_size;
    struct ram_block *from = chip->ram, *to = NULL;
    uint64_t from_offset = base;

    region_set_enabled(chip->segment[n], attributes & (PAM_READ | PAM_WRITE));
    if (!(attributes & (PAM_READ | PAM_WRITE)))
        return;
    if (attributes & PAM_WRITE)
        to = chip->ram;
    if (!(attributes & PAM_READ)) {
        from = base >= low_bios ? chip->bios : NULL;
        from_offset = base >= low_bios ? chip->bios->size - (MIB(1) - base) : 0;
    }
    region_set_ram(chip->segment[n], from, from_offset, to, base);
}

/* Where SMRAM shows: with DOPEN to processor and DMA outside SMM, too, else to the processor in
 * SMM; DCLS leaves its data accesses to the display there, and its fetches to SMRAM. */
static unsigned smram_spaces(uint8_t value)
{
    if (value & SMRAM_OPEN)
        return MEMORY_SPACES;
    return value & SMRAM_CLOSED ? 1u << SPACE_SMM_CODE : SMM_SPACES;
}

/* 3.2.21: open and close mean something only where SMRAME is set. */
static void update_smram(struct i440fx *chip)
{
    uint8_t value = chip->function.config[SMRAM];

    if (value & SMRAM_LOCK) {
        chip->function.config[SMRAM] = value &= ~SMRAM_OPEN;
        chip->function.writable[SMRAM] = SMRAM_CLOSED | SMRAM_ENABLE;
    } else {
        chip->function.writable[SMRAM] = SMRAM_OPEN | SMRAM_CLOSED | SMRAM_LOCK | SMRAM_ENABLE;
    }
    region_set_enabled(chip->smram, value & SMRAM_ENABLE);
    region_set_spaces(chip->smram, smram_spaces(value));
}

static void update_map(struct i440fx *chip)
{
    memory_begin(chip->memory);
    for (unsigned n = 0; n < PAM_SEGMENTS; n++)
        update_segment(chip, n);
    update_smram(chip);
    memory_commit(chip->memory);
}

static void config_written(void *opaque, unsigned offset, unsigned size)
{
    struct i440fx *chip = opaque;
    bool pam = offset <= PAM0 + 6 && offset + size > PAM0;
    bool smram = offset <= SMRAM && offset + size > SMRAM;

    if (!pam && !smram)
        return;
    update_map(chip);
    LOG(chip->log, MEMORY, "i440fx: PAM %02x %02x %02x %02x %02x %02x %02x SMRAM %02x\n",
        chip->function.config[PAM0], chip->function.config[PAM0 + 1],
        chip->function.config[PAM0 + 2], chip->function.config[PAM0 + 3],
        chip->function.config[PAM0 + 4], chip->function.config[PAM0 + 5],
        chip->function.config[PAM0 + 6], chip->function.config[SMRAM]);
}

static void reset(void *opaque)
{
    update_map(opaque);
}

static void init_function(struct i440fx *chip)
{
    struct pci_function *f = &chip->function;

    pci_function_init(f, "i440FX", 0x8086, 0x1237, 0x060000, 2, 0x1af4, 0x1100, 0, chip);
    f->config_written = config_written;
    f->reset = reset;
    /* 3.2.3: memory access and bus master are always on; parity response and SERR# may be
     * chosen. 3.2.4: medium DEVSEL#, fast back-to-back. */
    store_le16(&f->config[PCI_COMMAND], 0x0006);
    store_le16(&f->writable[PCI_COMMAND], 0x0140);
    store_le16(&f->config[PCI_STATUS], 0x0280);
    /* 50h-58h and 60h-71h: DRAM timing and sizes, arbitration; they hold what is written, and no
     * timing follows. */
    __builtin_memset(&f->writable[0x50], 0xff, 9);
    __builtin_memset(&f->writable[0x60], 0xff, 18);
    f->config[DRAMC] = 0x10;
    f->writable[PAM0] = 0x70;
    __builtin_memset(&f->writable[PAM0 + 1], 0x77, 6);
    f->config[SMRAM] = SMRAM_BASE_A0000;
    f->writable[0x90] = 0xff;
    f->write_1_clear[0x91] = 0x11;
}

static void map_fixed(struct i440fx *chip)
{
    struct memory *m = chip->memory;
    struct ram_block *ram = chip->ram, *bios = chip->bios;
    uint64_t low = i440fx_low_ram(ram->size);

    chip->fixed[0] = region_map_ram(m, MEMORY_SPACES, "ram", ram, ram, 0, 0, 0xa0000, 0);
    if (low > MIB(1))
        chip->fixed[1] =
            region_map_ram(m, MEMORY_SPACES, "ram", ram, ram, MIB(1), MIB(1), low - MIB(1), 0);
    if (ram->size > low)
        chip->fixed[2] = region_map_ram(m, MEMORY_SPACES, "ram", ram, ram, low, HIGH_RAM_BASE,
                                        ram->size - low, 0);
    chip->fixed[3] = region_map_ram(m, MEMORY_SPACES, "bios", bios, NULL, 0,
                                    HIGH_RAM_BASE - bios->size, bios->size, 0);
    chip->fixed[4] =
        region_map_ram(m, MEMORY_SPACES, "bios", bios, NULL, bios->size - chip->low_bios_size,
                       MIB(1) - chip->low_bios_size, chip->low_bios_size, 0);
}

struct i440fx *i440fx_create(struct pci_bus *bus, struct memory *memory, const struct log *log,
                             struct ram_block *ram, struct ram_block *bios)
{
    struct i440fx *chip = host_alloc(sizeof *chip);

    host_assert(ram->size >= MIB(1), "less than 1 MiB of RAM");
    host_assert(bios->size > 0 && bios->size <= MIB(16), "BIOS size");
    chip->memory = memory;
    chip->log = log;
    chip->ram = ram;
    chip->bios = bios;
    chip->low_bios_size = MIN(bios->size, LOW_BIOS_LIMIT);
    init_function(chip);
    memory_begin(memory);
    map_fixed(chip);
    for (unsigned n = 0; n < PAM_SEGMENTS; n++)
        chip->segment[n] =
            region_map_ram(memory, MEMORY_SPACES, "ram-pam", ram, ram, segment_base(n),
                           segment_base(n), segment_size(n), I440FX_PAM_PRIORITY);
    chip->smram = region_map_ram(memory, SMM_SPACES, "smram", ram, ram, 0xa0000, 0xa0000, KIB(128),
                                 I440FX_SMRAM_PRIORITY);
    update_map(chip);
    memory_commit(memory);
    host_assert(pci_register(bus, &chip->function, PCI_DEVFN(0, 0)), "00:0.0 is taken");
    return chip;
}

void i440fx_destroy(struct i440fx *chip)
{
    if (chip == NULL)
        return;
    memory_begin(chip->memory);
    for (unsigned n = 0; n < ARRAY_SIZE(chip->fixed); n++) {
        if (chip->fixed[n] != NULL)
            region_unmap(chip->fixed[n]);
    }
    for (unsigned n = 0; n < PAM_SEGMENTS; n++)
        region_unmap(chip->segment[n]);
    region_unmap(chip->smram);
    memory_commit(chip->memory);
    host_free(chip);
}

void i440fx_reset(struct i440fx *chip)
{
    pci_function_reset(&chip->function);
}

struct i440fx_shadow i440fx_shadow(const struct i440fx *chip)
{
    struct i440fx_shadow shadow;
    __builtin_memcpy(shadow.pam, &chip->function.config[PAM0], sizeof shadow.pam);
    return shadow;
}

void i440fx_set_shadow(struct i440fx *chip, const struct i440fx_shadow *shadow)
{
    __builtin_memcpy(&chip->function.config[PAM0], shadow->pam, sizeof shadow->pam);
    update_map(chip);
}

void i440fx_state(struct i440fx *chip, struct state *s)
{
    state_section(s, "i440fx", 1);
    pci_function_state(&chip->function, s);
}

uint64_t i440fx_low_ram(uint64_t ram_size)
{
    return ram_size < UINT64_C(0xe0000000) ? ram_size : UINT64_C(0xc0000000);
}
