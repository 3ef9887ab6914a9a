// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The parser of the command line, and --help, from the list in options.inc.
#include "control/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "control/keyval.h"
#include "control/options_internal.h"
#include "control/version.h"
#include "host/host.h"

struct option {
    const char *name; /* NULL: a group, whose title is in help */
    const char *argument, *help;
    bool (*handle)(struct options *o, const char *argument_text, struct error *err);
};

static const struct option option_list[] = {
#define GROUP(title)                          { NULL, NULL, title, NULL },
#define OPTION(name, handler, argument, help) { name, argument, help, option_##handler },
#include "control/options.inc"
#undef OPTION
#undef GROUP
};

struct options_text {
    struct options_text *next;
    char text[];
};

char *options_keep(struct options *o, const char *text)
{
    size_t size = strlen(text) + 1;
    struct options_text *t = host_alloc(sizeof *t + size);
    memcpy(t->text, text, size);
    t->next = o->texts;
    o->texts = t;
    return t->text;
}

void options_destroy(struct options *o)
{
    while (o->texts != NULL) {
        struct options_text *next = o->texts->next;
        host_free(o->texts);
        o->texts = next;
    }
}

static const struct option *find_option(const char *name)
{
    for (unsigned n = 0; n < ARRAY_SIZE(option_list); n++)
        if (option_list[n].name != NULL && strcmp(option_list[n].name, name) == 0)
            return &option_list[n];
    return NULL;
}

static const char *nearest_option(const char *name)
{
    const char *nearest = NULL;
    unsigned best = UINT32_MAX;
    for (unsigned n = 0; n < ARRAY_SIZE(option_list); n++) {
        if (option_list[n].name == NULL)
            continue;
        unsigned distance = spelling_distance(name, option_list[n].name);
        if (distance < best) {
            best = distance;
            nearest = option_list[n].name;
        }
    }
    return nearest;
}

static void set_defaults(struct options *o)
{
    *o = (struct options){
        .memory = MIB(128),
        .accel = { .jit = true, .translator = translator_defaults },
        .append = "",
        .boot_order = "cad",
        .vga = true,
        .debugcon_port = 0xe9,
        .debug_exit_port = 0x501,
        .debug_exit_size = 2,
    };
}

bool options_parse(struct options *o, int argc, char **argv, struct error *err)
{
    set_defaults(o);
    if (!cpu_model_parse(&o->cpu, "max", err))
        return false;
    for (int n = 1; n < argc && !o->done; n++) {
        const char *given = argv[n], *argument = NULL;
        if (given[0] != '-' || given[1] == '\0') {
            /* A disk image may stand alone, as the first hard disk. */
            given = "-hda";
            n--;
        }
        const char *name = given + 1 + (given[1] == '-');
        const struct option *option = find_option(name);
        if (option == NULL)
            return error_set(err, "%.80s: unknown option; did you mean -%s? (-help lists all)",
                             given, nearest_option(name));
        if (option->argument != NULL) {
            if (++n >= argc)
                return error_set(err, "%s: needs an argument: %s", given, option->argument);
            argument = argv[n];
        }
        struct error reason = { "" };
        if (!option->handle(o, argument, &reason))
            return error_set(err, "%s%s%.250s: %s", given, argument != NULL ? " " : "",
                             argument != NULL ? argument : "", reason.text);
    }
    return o->done || options_check(o, err);
}

/* One option: its form on a line, its help at a fixed column, behind it or below. */
static void print_option(const struct option *option)
{
    enum { HELP_COLUMN = 28 };
    int width = printf("  -%s%s%s", option->name, option->argument != NULL ? " " : "",
                       option->argument != NULL ? option->argument : "");
    if (width >= HELP_COLUMN - 1)
        printf("\n%*s", HELP_COLUMN, "");
    else
        printf("%*s", HELP_COLUMN - width, "");
    printf("%s\n", option->help);
}

bool option_help(struct options *o, const char *argument_text, struct error *err)
{
    (void)argument_text, (void)err;
    printf("bmbt %s, a PC emulator; options are as QEMU's\n"
           "usage: bmbt [options] [disk image]\n",
           BMBT_VERSION);
    for (unsigned n = 0; n < ARRAY_SIZE(option_list); n++) {
        if (option_list[n].name == NULL)
            printf("\n%s:\n", option_list[n].help);
        else if (option_list[n].help != NULL)
            print_option(&option_list[n]);
    }
    printf("\nOptions may begin with one dash or two. In arguments of several parts `,,` stands "
           "for a comma.\n"
           "With -nographic: Ctrl-A X quits, Ctrl-A C switches between serial port and monitor, "
           "Ctrl-A H helps.\n"
           "Exit status: 0 when the guest powers off or on quit, 1 on errors, that of "
           "isa-debug-exit if used.\n");
    o->done = true;
    return true;
}

bool option_version(struct options *o, const char *argument_text, struct error *err)
{
    (void)argument_text, (void)err;
    printf("bmbt version %s\n", BMBT_VERSION);
    o->done = true;
    return true;
}
