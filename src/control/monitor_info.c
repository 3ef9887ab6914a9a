// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// `info`: the machine's parts, and the session around it.
#include "control/monitor_internal.h"

#include <stdio.h>
#include <unistd.h>

#include "backend/block.h"
#include "backend/char.h"
#include "base/bits.h"
#include "control/version.h"
#include "device/intc/gsi.h"
#include "device/intc/i8259.h"
#include "device/intc/ioapic.h"
#include "device/intc/lapic.h"
#include "device/pci/pci.h"
#include "memory/memory.h"
#include "translator/translator.h"

void info_status(struct monitor_call *c)
{
    monitor_say(c, "VM status: %s\n", session_state_name(c->session));
}

void info_version(struct monitor_call *c)
{
    monitor_say(c, "%s\n", BMBT_VERSION);
}

void info_name(struct monitor_call *c)
{
    if (c->session->options->name != NULL)
        monitor_say(c, "%s\n", c->session->options->name);
}

void info_uuid(struct monitor_call *c)
{
    const uint8_t *u = c->session->options->uuid;
    monitor_say(c, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n", u[0],
                u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
                u[14], u[15]);
}

void info_cpus(struct monitor_call *c)
{
    const struct cpu *cpu = c->session->pc->cpu;
    const struct translator_counts *counts = translator_counts(cpu);
    /* Translated code does not count its instructions. */
    monitor_say(c, "* CPU #0: %s%s, %llu %s\n", cpu->model.name, cpu->halted ? " (halted)" : "",
                (unsigned long long)(counts != NULL ? counts->entered : cpu->instructions),
                counts != NULL ? "entries into translated code" : "instructions");
}

void info_history(struct monitor_call *c)
{
    for (unsigned n = 0; c->editor != NULL && n < c->editor->history_count; n++)
        monitor_say(c, "%u: '%s'\n", n, c->editor->history[n]);
}

/* ---- connections and media ------------------------------------------------------------------- */

static void print_chars(struct monitor_call *c, const struct char_backend *b)
{
    if (b != NULL)
        monitor_say(c, "%s: filename=%s\n", b->label, b->ops->kind);
}

void info_chardev(struct monitor_call *c)
{
    const struct session *s = c->session;
    for (unsigned n = 0; n < PC_PARALLEL_PORTS; n++)
        print_chars(c, s->parallel[n]);
    for (unsigned n = 0; n < PC_SERIAL_PORTS; n++)
        print_chars(c, s->serial[n]);
    for (unsigned n = 0; n < PC_DEBUGCONS; n++)
        print_chars(c, s->debugcon[n]);
    print_chars(c, s->monitor_chars);
    print_chars(c, s->gdb_chars);
}

void info_block(struct monitor_call *c)
{
    static const char *const places[PC_DRIVES] = { "primary master", "primary slave",
                                                   "secondary master", "secondary slave" };
    bool first = true;
    for (unsigned n = 0; n < PC_DRIVES; n++) {
        const struct block_backend *b = c->session->drives[n];
        if (b == NULL)
            continue;
        monitor_say(c, "%s%s: ", first ? "" : "\n", b->label);
        if (b->file != NULL)
            monitor_say(c, "%s (raw%s%s)\n", b->file, b->read_only ? ", read-only" : "",
                        b->snapshot ? ", snapshot" : "");
        else
            monitor_say(c, "[not inserted]\n");
        monitor_say(c, "    Attached to:      IDE, %s\n", places[n]);
        if (b->removable)
            monitor_say(c, "    Removable device: not locked, tray closed\n");
        else
            monitor_say(c, "    Cache mode:       %s\n    Size:             %llu bytes\n",
                        c->session->options->drives[n].no_flush ? "unsafe" : "writeback",
                        (unsigned long long)b->size);
        first = false;
    }
}

void info_roms(struct monitor_call *c)
{
    const struct session *s = c->session;
    const struct pc_blob *const blobs[] = { &s->bios, &s->vga_rom, &s->kernel, &s->initrd };
    for (unsigned n = 0; n < ARRAY_SIZE(blobs); n++)
        if (blobs[n]->size > 0)
            monitor_say(c, "size=0x%06llx name=\"%s\"\n", (unsigned long long)blobs[n]->size,
                        blobs[n]->file);
}

/* ---- chips ----------------------------------------------------------------------------------- */

void info_pic(struct monitor_call *c)
{
    const struct pc *pc = c->session->pc;
    ioapic_print(pc->ioapic, monitor_line, c);
    i8259_print(pc->pic, monitor_line, c);
}

void info_lapic(struct monitor_call *c)
{
    const struct pc *pc = c->session->pc;
    if (pc->lapic != NULL)
        lapic_print(pc->lapic, monitor_line, c);
    else
        monitor_say(c, "This processor has no local APIC\n");
}

void info_irq(struct monitor_call *c)
{
    monitor_say(c, "IRQ statistics:\n");
    for (unsigned n = 0; n < GSI_COUNT; n++) {
        uint64_t count = gsi_count(c->session->pc->gsi, n);
        if (count > 0)
            monitor_say(c, "%2u: %llu\n", n, (unsigned long long)count);
    }
}

void info_pci(struct monitor_call *c)
{
    pci_bus_print(c->session->pc->pci, monitor_line, c);
}

void info_mice(struct monitor_call *c)
{
    monitor_say(c, "* Mouse #0: PS/2 mouse\n");
}

static void indented_line(void *opaque, const char *text)
{
    monitor_say(opaque, "  %s\n", text);
}

void info_mtree(struct monitor_call *c)
{
    static const char *const names[SPACE_COUNT] = {
        [SPACE_MEMORY] = "memory",
        [SPACE_SMM] = "memory in SMM",
        [SPACE_SMM_CODE] = "code in SMM",
        [SPACE_PORTS] = "I/O",
    };
    for (unsigned space = 0; space < SPACE_COUNT; space++) {
        monitor_say(c, "%sFlatView \"%s\"\n", space > 0 ? "\n" : "", names[space]);
        memory_print(c->session->pc->memory, (enum memory_space)space, indented_line, c);
    }
}

static void print_block(struct monitor_call *c, const struct ram_block *block)
{
    if (block != NULL)
        monitor_say(c, "%-16s 4 KiB  0x%016llx\n", block->name, (unsigned long long)block->size);
}

void info_ramblock(struct monitor_call *c)
{
    const struct pc *pc = c->session->pc;
    monitor_say(c, "%-16s %-6s %s\n", "Block Name", "PSize", "Used");
    print_block(c, pc->ram);
    print_block(c, pc->bios);
    print_block(c, pc->vga_rom);
}
