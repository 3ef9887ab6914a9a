// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SMBIOS tables for the firmware to place.
#include "machine/smbios.h"

#include "base/bits.h"
#include "base/text.h"
#include "cpu/features.h"
#include "device/nvram/fw_cfg.h"
#include "host/host.h"

/*
 * DSP0134 2.8. The firmware (SeaBIOS) adds a type 0 table of its own and fills in the anchor's
 * address and checksums. A structure is its formatted bytes, then its strings, each ended by a NUL,
 * then one more NUL; strings are named by number from 1.
 */
#define TABLES_SIZE KIB(4)
#define ANCHOR_SIZE 31

struct tables {
    uint8_t *data;
    uint32_t size, start;
    uint16_t count, largest;
    uint16_t next_handle;
};

static void put8(struct tables *t, uint8_t v)
{
    t->data[t->size++] = v;
}
static void put16(struct tables *t, uint16_t v)
{
    store_le16(t->data + t->size, v);
    t->size += 2;
}
static void put32(struct tables *t, uint32_t v)
{
    store_le32(t->data + t->size, v);
    t->size += 4;
}
static void put64(struct tables *t, uint64_t v)
{
    store_le64(t->data + t->size, v);
    t->size += 8;
}

static void begin(struct tables *t, uint8_t type, uint16_t handle)
{
    t->start = t->size;
    put8(t, type);
    put8(t, 0); /* length, by end() */
    put16(t, handle);
}

/* strings: a NULL-ended list. */
static void end(struct tables *t, const char *const *strings)
{
    t->data[t->start + 1] = (uint8_t)(t->size - t->start);
    if (strings == NULL || *strings == NULL)
        put8(t, 0);
    for (; strings != NULL && *strings != NULL; strings++) {
        size_t length = text_length(*strings) + 1;
        __builtin_memcpy(t->data + t->size, *strings, length);
        t->size += (uint32_t)length;
    }
    put8(t, 0);
    t->count++;
    t->largest = MAX(t->largest, (uint16_t)(t->size - t->start));
}

/* Type 1. The UUID's first three fields are little endian (7.2.1). */
static void build_system(struct tables *t, const uint8_t *uuid)
{
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    static const char *const strings[] = { "bmbt", "Standard PC (i440FX + PIIX, 1996)", "1", NULL };
    begin(t, 1, 0x0100);
    put8(t, 1);
    put8(t, 2);
    put8(t, 3);
    put8(t, 0);
    for (unsigned n = 0; n < 16; n++)
        put8(t, uuid[order[n]]);
    put8(t, 6); /* wake-up: power switch */
    put8(t, 0);
    put8(t, 0);
    end(t, strings);
}

/* Type 3. */
static void build_chassis(struct tables *t)
{
    static const char *const strings[] = { "bmbt", NULL };
    begin(t, 3, 0x0300);
    put8(t, 1);
    put8(t, 1); /* other */
    put8(t, 0);
    put8(t, 0);
    put8(t, 0);
    put8(t, 3); /* boot-up state, power supply, thermal: safe; security: unknown */
    put8(t, 3);
    put8(t, 3);
    put8(t, 2);
    put32(t, 0);
    put8(t, 0);
    put8(t, 0);
    put8(t, 0);
    put8(t, 0);
    put8(t, 0);
    end(t, strings);
}

/* Type 4. */
static void build_processor(struct tables *t, const struct cpu_model *cpu)
{
    const char *const strings[] = { "CPU 0", "bmbt", cpu->brand[0] ? cpu->brand : cpu->name, NULL };
    uint32_t id[4];
    cpu_model_cpuid(cpu, 1, 0, id);
    begin(t, 4, 0x0400);
    put8(t, 1);
    put8(t, 3); /* central processor */
    put8(t, 1); /* family: other */
    put8(t, 2);
    put32(t, id[0]);
    put32(t, id[3]);
    put8(t, 3);
    put8(t, 0);
    put16(t, 0);
    put16(t, 0);
    put16(t, 0);
    put8(t, 0x41); /* populated, enabled */
    put8(t, 1);
    put16(t, 0xffff); /* no cache structures */
    put16(t, 0xffff);
    put16(t, 0xffff);
    put8(t, 0);
    put8(t, 0);
    put8(t, 0);
    put8(t, 1); /* cores, enabled, threads */
    put8(t, 1);
    put8(t, 1);
    put16(t, 2); /* characteristics unknown */
    put16(t, 1);
    end(t, strings);
}

/* Types 16, 17, 19: one array of one module. */
static void build_memory(struct tables *t, uint64_t ram_size)
{
    static const char *const module[] = { "DIMM 0", "bmbt", NULL };
    uint64_t mib = ram_size >> 20, kib = ram_size >> 10;
    begin(t, 16, 0x1000);
    put8(t, 1); /* other location, system memory, multi-bit ECC as RAM without errors */
    put8(t, 3);
    put8(t, 6);
    put32(t, kib < 0x80000000u ? (uint32_t)kib : 0x80000000u);
    put16(t, 0xfffe);
    put16(t, 1);
    put64(t, kib < 0x80000000u ? 0 : ram_size);
    end(t, NULL);

    begin(t, 17, 0x1100);
    put16(t, 0x1000);
    put16(t, 0xfffe);
    put16(t, 0xffff); /* widths unknown */
    put16(t, 0xffff);
    put16(t, mib < 0x7fff ? (uint16_t)mib : 0x7fff);
    put8(t, 9); /* DIMM */
    put8(t, 0);
    put8(t, 1);
    put8(t, 0);
    put8(t, 7); /* RAM */
    put16(t, 2);
    put16(t, 0);
    put8(t, 2);
    put8(t, 0);
    put8(t, 0);
    put8(t, 0);
    put8(t, 0);
    put32(t, mib < 0x7fff ? 0 : (uint32_t)mib);
    put16(t, 0);
    put16(t, 0);
    put16(t, 0);
    put16(t, 0);
    end(t, module);

    begin(t, 19, 0x1300);
    put32(t, 0);
    put32(t, kib - 1 < 0xffffffffu ? (uint32_t)(kib - 1) : 0xffffffffu);
    put16(t, 0x1000);
    put8(t, 1);
    put64(t, 0);
    put64(t, 0);
    end(t, NULL);
}

/* Types 32 and 127. */
static void build_end(struct tables *t)
{
    begin(t, 32, 0x2000);
    for (unsigned n = 0; n < 6; n++)
        put8(t, 0);
    put8(t, 0); /* no errors detected */
    end(t, NULL);
    begin(t, 127, 0x7f00);
    end(t, NULL);
}

/* The 2.1 entry point, 5.2.1. */
static void build_anchor(struct fw_cfg *fw, const struct tables *t)
{
    uint8_t anchor[ANCHOR_SIZE] = "_SM_";
    anchor[5] = ANCHOR_SIZE;
    anchor[6] = 2;
    anchor[7] = 8;
    store_le16(anchor + 8, t->largest);
    __builtin_memcpy(anchor + 16, "_DMI_", 5);
    store_le16(anchor + 22, (uint16_t)t->size);
    store_le16(anchor + 28, t->count);
    anchor[30] = 0x28;
    fw_cfg_set_file(fw, "etc/smbios/smbios-anchor", anchor, sizeof anchor);
}

void smbios_tables_build(struct fw_cfg *fw, const struct smbios_config *config)
{
    struct tables t = { .data = host_alloc(TABLES_SIZE) };
    build_system(&t, config->uuid);
    build_chassis(&t);
    build_processor(&t, config->cpu);
    build_memory(&t, config->ram_size);
    build_end(&t);
    host_assert(t.size <= TABLES_SIZE, "SMBIOS tables outgrew their room");
    fw_cfg_set_file(fw, "etc/smbios/smbios-tables", t.data, t.size);
    build_anchor(fw, &t);
    host_free(t.data);
}
