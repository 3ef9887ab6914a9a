// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PCI bus as `info pci` shows it.
#include "device/pci/pci.h"

#include "base/format.h"
#include "device/pci/pci_internal.h"

struct class_name {
    uint16_t class_code; /* base class and sub-class */
    const char *name;
};

/* PCI local bus specification 2.3, appendix D. */
static const struct class_name class_names[] = {
    {0x0100, "SCSI controller"},
    {0x0101, "IDE controller"},
    {0x0106, "SATA controller"},
    {0x0108, "NVMe controller"},
    {0x0200, "Ethernet controller"},
    {0x0300, "VGA controller"},
    {0x0380, "Display controller"},
    {0x0401, "Audio controller"},
    {0x0403, "Audio controller"},
    {0x0500, "RAM controller"},
    {0x0600, "Host bridge"},
    {0x0601, "ISA bridge"},
    {0x0604, "PCI bridge"},
    {0x0680, "Bridge"},
    {0x0700, "Serial port"},
    {0x0c03, "USB controller"},
    {0x0c05, "SMBus"},
};

struct printer {
    void (*line)(void *opaque, const char *text);
    void *opaque;
    char text[120];
};

static void print_bar(struct printer *out, const struct pci_function *f, unsigned n)
{
    const struct pci_bar *bar = &f->bar[n];
    uint64_t value = load_le(&f->config[n == 6 ? PCI_ROM : PCI_BAR(n)], bar->wide ? 8 : 4);
    uint64_t base = value & ~(bar->size - 1), last = base + (bar->size - 1);

    if (bar->io)
        format(out->text, sizeof out->text, "      BAR%u: I/O at 0x%04llx [0x%04llx].", n,
               (unsigned long long)base, (unsigned long long)last);
    else
        format(out->text, sizeof out->text, "      BAR%u: %u bit %smemory at 0x%08llx [0x%08llx].",
               n, bar->wide ? 64 : 32, bar->prefetchable ? "prefetchable " : "",
               (unsigned long long)base, (unsigned long long)last);
    out->line(out->opaque, out->text);
}

static void print_function(struct printer *out, const struct pci_function *f)
{
    uint16_t class_code = load_le16(&f->config[0x0a]);
    const char *name = "Class";

    for (unsigned n = 0; n < ARRAY_SIZE(class_names); n++) {
        if (class_names[n].class_code == class_code)
            name = class_names[n].name;
    }
    format(out->text, sizeof out->text, "  Bus  0, device %3u, function %u:", f->devfn >> 3,
           f->devfn & 7);
    out->line(out->opaque, out->text);
    format(out->text, sizeof out->text, "    %s: PCI device %04x:%04x", name,
           load_le16(&f->config[0]), load_le16(&f->config[2]));
    out->line(out->opaque, out->text);
    format(out->text, sizeof out->text, "      PCI subsystem %04x:%04x",
           load_le16(&f->config[0x2c]), load_le16(&f->config[0x2e]));
    out->line(out->opaque, out->text);
    if (f->config[PCI_INTERRUPT_PIN] != 0) {
        format(out->text, sizeof out->text, "      IRQ %u, pin %c", f->config[PCI_INTERRUPT_LINE],
               'A' + f->config[PCI_INTERRUPT_PIN] - 1);
        out->line(out->opaque, out->text);
    }
    for (unsigned n = 0; n < ARRAY_SIZE(f->bar); n++) {
        if (f->bar[n].size != 0)
            print_bar(out, f, n);
    }
    format(out->text, sizeof out->text, "      id \"%s\"", f->name);
    out->line(out->opaque, out->text);
}

void pci_bus_print(struct pci_bus *bus, void (*line)(void *opaque, const char *text), void *opaque)
{
    struct printer out = {.line = line, .opaque = opaque};

    for (unsigned n = 0; n < ARRAY_SIZE(bus->function); n++) {
        if (bus->function[n] != NULL)
            print_function(&out, bus->function[n]);
    }
}
