// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What is in the four IDE places, and the files that the machine starts with.
#include "control/session.h"

#include <string.h>

#include "backend/block/raw.h"
#include "base/bits.h"
#include "control/files.h"
#include "host/host.h"
#include "machine/multiboot.h"

bool session_open_drives(struct session *s, struct error *err)
{
    static const char *const labels[PC_DRIVES][2] = { { "ide0-hd0", "ide0-cd0" },
                                                      { "ide0-hd1", "ide0-cd1" },
                                                      { "ide1-hd0", "ide1-cd0" },
                                                      { "ide1-hd1", "ide1-cd1" } };
    const struct options *o = s->options;
    bool done = true;

    host_lock_acquire(s->lock);
    for (unsigned n = 0; n < PC_DRIVES && done; n++) {
        struct options_drive d = o->drives[n];
        /* As on every PC of this kind there is a CD-ROM drive at the secondary master, if only an
         * empty one. */
        if (!d.present && n == 2 && !o->nodefaults)
            d = (struct options_drive){
                .present = true, .cdrom = true, .read_only = true, .option = "-cdrom"
            };
        if (!d.present)
            continue;
        struct block_options b = {
            .file = d.file,
            .label = labels[n][d.cdrom],
            .read_only = d.read_only,
            .snapshot = !d.cdrom && (d.snapshot || o->snapshot),
            .removable = d.cdrom,
            .no_flush = d.no_flush,
        };
        struct error reason = { "" };
        s->drives[n] = block_backend_open(&b, s->loop, &reason);
        if (s->drives[n] == NULL)
            done = error_set(err, "%s: %s", d.option, reason.text);
    }
    host_lock_release(s->lock);
    return done;
}

/* -initrd "FILE ARGUMENTS,FILE ARGUMENTS" for a Multiboot kernel; `,,` stands for a comma. */
static bool read_modules(struct session *s, struct error *err)
{
    char *from = options_keep((struct options *)s->options, s->options->initrd);
    while (*from != '\0') {
        char *text = from, *to = from;
        for (; *from != '\0' && (*from != ',' || from[1] == ','); *to++ = *from++)
            from += *from == ',';
        from += *from == ',';
        *to = '\0';
        if (s->module_count == SESSION_MODULES)
            return error_set(err, "-initrd: at most %d modules", SESSION_MODULES);
        char *file = options_keep((struct options *)s->options, text);
        file[strcspn(file, " ")] = '\0';
        struct pc_module *m = &s->modules[s->module_count];
        m->text = text;
        if (!file_read(&m->blob, "-initrd", file, err))
            return false;
        s->module_count++;
    }
    return true;
}

static bool read_kernel(struct session *s, struct error *err)
{
    const struct options *o = s->options;
    if (o->kernel == NULL) {
        if (o->initrd != NULL)
            return error_set(err, "-initrd %s: is of no use without -kernel", o->initrd);
        if (o->append[0] != '\0')
            return error_set(err, "-append: is of no use without -kernel");
        return true;
    }
    if (!file_read(&s->kernel, "-kernel", o->kernel, err))
        return false;
    if (o->initrd == NULL)
        return true;
    if (multiboot_recognise(&s->kernel))
        return read_modules(s, err);
    return file_read(&s->initrd, "-initrd", o->initrd, err);
}

bool session_open_files(struct session *s, struct error *err)
{
    const struct options *o = s->options;
    const char *bios = o->bios != NULL ? o->bios : "bios-256k.bin";
    if (!firmware_read(&s->bios, o, "-bios", bios, err))
        return false;
    if (s->bios.size % KIB(64) != 0 || s->bios.size > MIB(16))
        return error_set(
            err,
            "-bios %s: a BIOS has a multiple of 64 KiB, at most 16 MiB; this file has %llu bytes",
            bios, (unsigned long long)s->bios.size);
    bool vga = o->vga && (!o->nodefaults || o->vga_device);
    if (vga && !firmware_read(&s->vga_rom, o, "-vga std", "vgabios-stdvga.bin", err))
        return false;
    return read_kernel(s, err);
}
