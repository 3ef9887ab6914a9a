// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Options that put disks and CD-ROM drives into the four IDE places.
#include "control/options_internal.h"

#include <stdio.h>
#include <string.h>

#include "control/keyval.h"

static const char *const place_names[OPTIONS_DRIVES] = { "primary master", "primary slave",
                                                         "secondary master", "secondary slave" };

static const char *named(struct options *o, const char *option, const char *argument)
{
    char text[512];
    snprintf(text, sizeof text, "%s %s", option, argument);
    return options_keep(o, text);
}

static bool hard_disk(struct options *o, unsigned place, const char *option, const char *file)
{
    o->drives[place] =
        (struct options_drive){ .present = true, .option = named(o, option, file), .file = file };
    return true;
}

bool option_hda(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    return hard_disk(o, 0, "-hda", argument_text);
}

bool option_hdb(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    return hard_disk(o, 1, "-hdb", argument_text);
}

bool option_hdc(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    return hard_disk(o, 2, "-hdc", argument_text);
}

bool option_hdd(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    return hard_disk(o, 3, "-hdd", argument_text);
}

bool option_cdrom(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    o->drives[2] = (struct options_drive){ .present = true,
                                           .option = named(o, "-cdrom", argument_text),
                                           .file = *argument_text != '\0' ? argument_text : NULL,
                                           .cdrom = true,
                                           .read_only = true };
    return true;
}

struct drive_place {
    bool has_index, has_bus, has_unit;
    uint64_t index, bus, unit;
};

static bool drive_property(struct options_drive *d, struct drive_place *place, const char *key,
                           const char *value, struct error *err)
{
    if (strcmp(key, "file") == 0) {
        d->file = value != NULL && *value != '\0' ? value : NULL;
    } else if (strcmp(key, "if") == 0) {
        if (value == NULL || strcmp(value, "ide") != 0)
            return error_set(err, "if is ide: the machine has no other disk controller");
    } else if (strcmp(key, "index") == 0) {
        place->has_index = true;
        return keyval_number(key, value, OPTIONS_DRIVES - 1, &place->index, err);
    } else if (strcmp(key, "bus") == 0) {
        place->has_bus = true;
        return keyval_number(key, value, 1, &place->bus, err);
    } else if (strcmp(key, "unit") == 0) {
        place->has_unit = true;
        return keyval_number(key, value, 1, &place->unit, err);
    } else if (strcmp(key, "media") == 0) {
        d->cdrom = value != NULL && strcmp(value, "cdrom") == 0;
        if (!d->cdrom && (value == NULL || strcmp(value, "disk") != 0))
            return error_set(err, "media is disk or cdrom");
    } else if (strcmp(key, "format") == 0) {
        if (value == NULL || strcmp(value, "raw") != 0)
            return error_set(
                err, "format is raw; `qemu-img convert -O raw` makes such an image of others");
    } else if (strcmp(key, "snapshot") == 0) {
        return keyval_switch(key, value, &d->snapshot, err);
    } else if (strcmp(key, "readonly") == 0 || strcmp(key, "read-only") == 0) {
        return keyval_switch(key, value, &d->read_only, err);
    } else if (strcmp(key, "cache") == 0) {
        d->no_flush = value != NULL && strcmp(value, "unsafe") == 0;
        if (!d->no_flush &&
            (value == NULL ||
             (strcmp(value, "writeback") != 0 && strcmp(value, "writethrough") != 0 &&
              strcmp(value, "none") != 0 && strcmp(value, "directsync") != 0)))
            return error_set(err, "cache is writeback or unsafe");
    } else if (strcmp(key, "id") != 0) {
        return error_set(
            err,
            "no property '%s'; there are file, if, index, bus, unit, media, format, snapshot, "
            "readonly, cache, id",
            key);
    }
    return true;
}

/* index= or bus= and unit=, or else the first free place that suits: the third for CD-ROM drives as
 * with -cdrom. */
static bool choose_place(const struct options *o, const struct options_drive *d,
                         const struct drive_place *place, unsigned *out, struct error *err)
{
    if (place->has_index && (place->has_bus || place->has_unit))
        return error_set(err, "give either index, or bus and unit");
    if (place->has_index || place->has_bus || place->has_unit) {
        *out = (unsigned)(place->has_index ? place->index : place->bus * 2 + place->unit);
        if (place->has_bus && !place->has_unit && o->drives[*out].present)
            *out |= 1;
    } else {
        *out = d->cdrom && !o->drives[2].present ? 2 : 0;
        while (*out < OPTIONS_DRIVES && o->drives[*out].present)
            (*out)++;
        if (*out == OPTIONS_DRIVES)
            return error_set(err, "all four IDE places are taken");
    }
    if (o->drives[*out].present)
        return error_set(err, "the place %s (index=%u) is taken by %s", place_names[*out], *out,
                         o->drives[*out].option);
    return true;
}

bool option_drive(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value;
    struct options_drive d = { .present = true, .option = named(o, "-drive", argument_text) };
    struct drive_place place = { 0 };
    unsigned n = 0;
    while ((key = keyval_next(&cursor, &value)) != NULL)
        if (!drive_property(&d, &place, key, value, err))
            return false;
    if (d.file == NULL && !d.cdrom)
        return error_set(err, "a disk needs file=");
    d.read_only |= d.cdrom;
    if (!choose_place(o, &d, &place, &n, err))
        return false;
    o->drives[n] = d;
    return true;
}

bool option_snapshot(struct options *o, const char *argument_text, struct error *err)
{
    (void)argument_text, (void)err;
    o->snapshot = true;
    return true;
}
