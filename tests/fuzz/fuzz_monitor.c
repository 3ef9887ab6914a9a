// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Lines typed at the monitor, and at its terminal any bytes; with paging, so that there is something to show.
#include <stdlib.h>

#include "backend/char.h"
#include "base/bits.h"
#include "control/monitor.h"
#include "cpu/system.h"
#include "fuzz.h"
#include "host/host.h"
#include "machine.h"
#include "memory/ram.h"

/* An input's first byte, where it is one of these, says how the machine stands. */
enum { FIRST_MODE = '0', LAST_MODE = '7', WITH_PAGING = 1, WITH_PAE = 2, AT_TERMINAL = 4 };
enum { TABLES = 0x10000 };

static struct session *machine;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    machine = machine_create();
    return 0;
}

/* Tables at TABLES with entries of all kinds: small and large pages, absent, with reserved bits. */
static void set_mode(unsigned mode)
{
    struct cpu *cpu = machine->pc->cpu;
    uint32_t *entries = (uint32_t *)(machine->pc->ram->host + TABLES);
    cpu->cr3 = TABLES;
    cpu->cr0 = mode & WITH_PAGING ? CR0_ET | CR0_PE | CR0_PG : CR0_ET;
    cpu->cr4 = mode & WITH_PAE ? CR4_PAE : CR4_PSE;
    for (uint32_t n = 0; n < 3072; n++)
        entries[n] =
            (mode & WITH_PAE && n & 1) ? n >> 8 << 29 : (n & 0xfff) << 12 | (n * 37 & 0xfff);
    for (unsigned n = 0; n < 4; n++)
        cpu->pdpte[n] = n < 3 ? (TABLES + 0x1000) | 1 : 0;
    ram_written(machine->pc->ram, TABLES, 0x3000);
    cpu_state_changed(cpu);
}

static void write_nowhere(void *opaque, const char *text, size_t length)
{
    size_t *total = opaque;
    *total += strnlen(text, length);
}

/* Files are written in the scratch folder alone: a slash stands behind a command's own letters, as in x/8i. */
static bool harmless(const char *line)
{
    const char *slash = strchr(line, '/');
    return slash == NULL || (strchr(slash + 1, '/') == NULL && slash - line < 6);
}

static void enter_lines(char *next)
{
    size_t written = 0;
    char *line;
    while ((line = strsep(&next, "\n")) != NULL)
        if (harmless(line))
            monitor_execute(machine, line, write_nowhere, &written);
}

static size_t take_some(struct char_backend *b, const uint8_t *data, size_t length)
{
    (void)b, (void)data;
    return length - length / 3;
}

static void nothing(struct char_backend *b)
{
    (void)b;
}

static void type(const char *text)
{
    static const struct char_backend_ops ops = { .kind = "fuzz",
                                                 .write = take_some,
                                                 .destroy = nothing };
    struct char_backend chars = { .ops = &ops };
    struct monitor *monitor = monitor_create(machine, &chars);
    char_user_event(&chars, CHAR_EVENT_OPENED);
    for (size_t n = 0; text[n] != 0; n++) {
        while (char_user_can_receive(&chars) == 0)
            char_user_writable(&chars);
        if (text[n] != '/' || (n > 0 && strchr("xpio", text[n - 1]) != NULL))
            chars.user.receive(chars.user.opaque, (const uint8_t *)&text[n], 1);
    }
    char_user_writable(&chars);
    monitor_destroy(monitor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned mode = 0;
    if (size > 0 && data[0] >= FIRST_MODE && data[0] <= LAST_MODE) {
        mode = data[0] - FIRST_MODE;
        data++;
        size--;
    }
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    machine_reset(machine);
    host_lock_acquire(machine->lock);
    set_mode(mode);
    if (mode & AT_TERMINAL)
        type(text);
    else
        enter_lines(text);
    host_lock_release(machine->lock);
    free(text);
    return 0;
}
