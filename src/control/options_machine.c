// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Options of the machine itself: processor, memory, boot, clock, firmware and kernel.
#include "control/options_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/clock.h"
#include "control/keyval.h"
#include "control/options_accel.h"
#include "control/version.h"

/* 36 bits of physical address, less the gigabyte below 4 GiB where devices are. */
#define MEMORY_MAX GIB(63)

bool option_machine(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value;
    for (bool first = true; (key = keyval_next(&cursor, &value)) != NULL; first = false) {
        if (value == NULL && (strcmp(key, "help") == 0 || strcmp(key, "?") == 0)) {
            printf("Machines:\npc       i440FX and PIIX (default)\n");
            o->done = true;
            return true;
        }
        if (first && value == NULL) {
            value = key;
            key = "type";
        }
        if (strcmp(key, "type") == 0) {
            if (value == NULL || strcmp(value, "pc") != 0)
                return error_set(err, "there is the machine pc only");
        } else if (strcmp(key, "accel") == 0) {
            if (!accel_choose(o, value, err))
                return false;
        } else {
            return error_set(err, "no property '%s'; there is accel", key);
        }
    }
    return true;
}

static void print_line(void *opaque, const char *text)
{
    (void)opaque;
    puts(text);
}

bool option_cpu(struct options *o, const char *argument_text, struct error *err)
{
    if (strcmp(argument_text, "help") == 0 || strcmp(argument_text, "?") == 0) {
        cpu_model_list(print_line, NULL);
        o->done = true;
        return true;
    }
    if (cpu_model_parse(&o->cpu, argument_text, err))
        return true;
    /* The text may open with the option's name, which the parser adds. */
    if (strncmp(err->text, "-cpu: ", 6) == 0)
        memmove(err->text, err->text + 6, strlen(err->text + 6) + 1);
    return false;
}

bool option_smp(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value;
    while ((key = keyval_next(&cursor, &value)) != NULL) {
        uint64_t count;
        if (!keyval_number(value != NULL ? key : "cpus", value != NULL ? value : key, UINT32_MAX,
                           &count, err))
            return false;
        if (count != 1)
            return error_set(err, "the machine has 1 processor");
    }
    return true;
}

bool option_memory(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value;
    while ((key = keyval_next(&cursor, &value)) != NULL) {
        uint64_t size;
        if (value != NULL && strcmp(key, "size") != 0)
            return error_set(err, "no property '%s'; there is size", key);
        if (!keyval_size(value != NULL ? value : key, MIB(1), &size, err))
            return false;
        if (size < MIB(1))
            return error_set(err, "a PC needs 1 MiB of memory at least");
        if (size > MEMORY_MAX)
            return error_set(err, "a 32-bit PC has room for 63 GiB of memory at most");
        o->memory = (size + 0xfff) & ~UINT64_C(0xfff);
    }
    return true;
}

bool option_name(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    char *cursor = options_keep(o, argument_text), *key, *value;
    while ((key = keyval_next(&cursor, &value)) != NULL)
        if (value == NULL)
            o->name = key;
        else if (strcmp(key, "guest") == 0)
            o->name = value;
    return true;
}

bool option_uuid(struct options *o, const char *argument_text, struct error *err)
{
    unsigned digits = 0;
    for (const char *p = argument_text; *p != '\0'; p++) {
        if (*p == '-' && (digits == 8 || digits == 12 || digits == 16 || digits == 20))
            continue;
        if (!isxdigit((unsigned char)*p) || digits == 32)
            return error_set(err, "a UUID looks like 550e8400-e29b-41d4-a716-446655440000");
        unsigned digit = isdigit((unsigned char)*p)
                             ? (unsigned)(*p - '0')
                             : (unsigned)(tolower((unsigned char)*p) - 'a' + 10);
        o->uuid[digits / 2] = (uint8_t)(digits % 2 ? o->uuid[digits / 2] | digit : digit << 4);
        digits++;
    }
    return digits == 32 ? true
                        : error_set(err, "a UUID looks like 550e8400-e29b-41d4-a716-446655440000");
}

static bool boot_letters(const char *letters, struct error *err)
{
    for (const char *p = letters; p != NULL && *p != '\0'; p++) {
        if (strchr("acdn", *p) == NULL)
            return error_set(
                err, "no boot device '%c'; there are a (floppy), c (disk), d (CD-ROM), n (network)",
                *p);
        if (strchr(p + 1, *p) != NULL)
            return error_set(err, "boot device '%c' is there twice", *p);
    }
    return letters != NULL ? true : error_set(err, "order and once take letters of a, c, d, n");
}

bool option_boot(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value;
    for (bool first = true; (key = keyval_next(&cursor, &value)) != NULL; first = false) {
        bool strict;
        if (first && value == NULL && strcmp(key, "menu") != 0) {
            value = key;
            key = "order";
        }
        if (strcmp(key, "order") == 0) {
            if (!boot_letters(value, err))
                return false;
            o->boot_order = value;
        } else if (strcmp(key, "once") == 0) {
            if (!boot_letters(value, err))
                return false;
            o->boot_once = value;
        } else if (strcmp(key, "menu") == 0) {
            if (!keyval_switch(key, value, &o->boot_menu, err))
                return false;
        } else if (strcmp(key, "strict") == 0) {
            if (!keyval_switch(key, value, &strict, err))
                return false;
        } else {
            return error_set(err, "no property '%s'; there are order, once, menu, strict", key);
        }
    }
    return true;
}

/* What fits into 64 bits of nanoseconds: the years 1678 to 2261. */
enum { FIRST_YEAR = 1678, LAST_YEAR = 2261 };

static bool parse_date(struct options *o, const char *text, struct error *err)
{
    struct tm tm = { 0 };
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (end == NULL || *end != '\0') {
        tm = (struct tm){ 0 };
        end = strptime(text, "%Y-%m-%d", &tm);
    }
    if (end == NULL || *end != '\0')
        return error_set(err, "base is utc, localtime, or like 2026-01-31T12:00:00 or 2026-01-31");
    if (tm.tm_year < FIRST_YEAR - 1900 || tm.tm_year > LAST_YEAR - 1900)
        return error_set(err, "base is before %d or after %d", FIRST_YEAR, LAST_YEAR);
    o->rtc_fixed = true;
    o->rtc_start_ns = (int64_t)timegm(&tm) * NS_PER_SECOND;
    return true;
}

bool option_rtc(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value;
    while ((key = keyval_next(&cursor, &value)) != NULL) {
        if (value == NULL)
            return error_set(err, "%s needs a value", key);
        if (strcmp(key, "base") == 0) {
            o->rtc_fixed = false;
            o->rtc_local = strcmp(value, "localtime") == 0;
            if (!o->rtc_local && strcmp(value, "utc") != 0 && !parse_date(o, value, err))
                return false;
        } else if (strcmp(key, "clock") == 0) {
            o->rtc_follows_guest = strcmp(value, "vm") == 0;
            if (!o->rtc_follows_guest && strcmp(value, "host") != 0 && strcmp(value, "rt") != 0)
                return error_set(err, "clock is host, rt or vm");
        } else if (strcmp(key, "driftfix") == 0) {
            o->rtc_makes_up = strcmp(value, "slew") == 0;
            if (!o->rtc_makes_up && strcmp(value, "none") != 0)
                return error_set(err, "driftfix is none or slew");
        } else {
            return error_set(err, "no property '%s'; there are base, clock, driftfix", key);
        }
    }
    return true;
}

bool option_folder(struct options *o, const char *argument_text, struct error *err)
{
    if (o->folder_count == OPTIONS_FOLDERS)
        return error_set(err, "at most %d folders", OPTIONS_FOLDERS);
    o->folders[o->folder_count++] = argument_text;
    return true;
}

#define OPTION_TEXT(handler, member)                                                               \
    bool option_##handler(struct options *o, const char *argument_text, struct error *err)         \
    {                                                                                              \
        (void)err;                                                                                 \
        o->member = argument_text;                                                                 \
        return true;                                                                               \
    }
OPTION_TEXT(kernel, kernel)
OPTION_TEXT(initrd, initrd)
OPTION_TEXT(append, append)
OPTION_TEXT(bios, bios)

#define OPTION_FLAG(handler, member)                                                               \
    bool option_##handler(struct options *o, const char *argument_text, struct error *err)         \
    {                                                                                              \
        (void)argument_text, (void)err;                                                            \
        o->member = true;                                                                          \
        return true;                                                                               \
    }
OPTION_FLAG(nodefaults, nodefaults)

bool option_kvm(struct options *o, const char *argument_text, struct error *err)
{
    (void)o, (void)argument_text;
    return error_set(err,
                     "bmbt executes guest instructions itself and uses no KVM: leave this out");
}

bool option_no_hpet(struct options *o, const char *argument_text, struct error *err)
{
    (void)o, (void)argument_text;
    return error_set(err, "the machine always has an HPET; Linux ignores it with hpet=disable");
}

bool option_no_acpi(struct options *o, const char *argument_text, struct error *err)
{
    (void)o, (void)argument_text;
    return error_set(err, "the machine always has ACPI; Linux ignores it with acpi=off");
}

bool option_ignored(struct options *o, const char *argument_text, struct error *err)
{
    (void)o, (void)argument_text, (void)err;
    return true;
}
