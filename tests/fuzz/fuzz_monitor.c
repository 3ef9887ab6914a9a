// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Lines typed at the monitor.
#include <stdlib.h>

#include "control/monitor.h"
#include "fuzz.h"
#include "host/host.h"
#include "machine.h"

static struct session *machine;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    machine = machine_create();
    return 0;
}

static void write_nowhere(void *opaque, const char *text, size_t length)
{
    size_t *total = opaque;
    *total += strnlen(text, length);
}

/* Files are written in the scratch folder alone, and no socket is opened that somebody could reach. */
static bool harmless(const char *line)
{
    return strchr(line, '/') == NULL && strstr(line, "gdbserver") == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *next = text, *line;
    size_t written = 0;
    memcpy(text, data, size);
    text[size] = 0;
    machine_reset(machine);
    host_lock_acquire(machine->lock);
    while ((line = strsep(&next, "\n")) != NULL)
        if (harmless(line))
            monitor_execute(machine, line, write_nowhere, &written);
    host_lock_release(machine->lock);
    free(text);
    return 0;
}
