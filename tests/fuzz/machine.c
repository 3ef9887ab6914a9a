// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The machine for fuzzers, made as main() makes one.
#include "machine.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/event_loop.h"
#include "base/bits.h"
#include "host/host.h"

static char folder[] = "/tmp/bmbt-fuzz-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_image(const char *name, off_t size)
{
    FILE *file = fopen(name, "wb");
    if (file == NULL || ftruncate(fileno(file), size) != 0) {
        perror(name);
        exit(1);
    }
    fclose(file);
}

struct session *machine_create(void)
{
    static char *arguments[] = { "bmbt",      "-accel",
                                 "interp",    "-m",
                                 "16",        "-S",
                                 "-display",  "none",
                                 "-vga",      "std",
                                 "-monitor",  "null",
                                 "-serial",   "null",
                                 "-parallel", "null",
                                 "-hda",      "disk",
                                 "-cdrom",    "cd",
                                 "-snapshot", "-no-reboot",
                                 "-device",   "pc-testdev",
                                 "-device",   "pci-testdev,membar=64M" };
    static struct options options;
    static struct session session;
    struct error err = { "" };
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        perror(folder);
        exit(1);
    }
    atexit(remove_folder);
    make_image("disk", MIB(4));
    make_image("cd", MIB(1));
    if (!options_parse(&options, ARRAY_SIZE(arguments), arguments, &err) ||
        !session_open_host(&session, &options, &err) || !session_open_files(&session, &err) ||
        !session_open_drives(&session, &err) || !session_open_connections(&session, &err) ||
        !session_create_pc(&session, &err) || !session_open_steering(&session, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return &session;
}

/* No socket is opened that somebody could reach (the linker puts it in the place of the real one). */
bool __wrap_session_open_gdb(struct session *s, const char *where, bool may_wait,
                             struct error *err);
bool __wrap_session_open_gdb(struct session *s, const char *where, bool may_wait, struct error *err)
{
    (void)s, (void)where, (void)may_wait;
    return error_set(err, "not here");
}

static void quit(void *opaque)
{
    event_loop_quit(opaque);
}

void machine_reset(struct session *s)
{
    host_lock_acquire(s->lock);
    session_stop(s, RUN_PAUSED);
    event_loop_call(s->loop, quit, s->loop);
    host_lock_release(s->lock);
    event_loop_run(s->loop); /* what has been put off so far */
    host_lock_acquire(s->lock);
    pc_reset(s->pc);
    host_lock_release(s->lock);
}
