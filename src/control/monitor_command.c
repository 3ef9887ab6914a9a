// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From a line to a command: look-up, arguments, help, completion.
#include "control/monitor_internal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/block.h"
#include "base/bits.h"
#include "control/expression.h"
#include "device/input/keycode.h"

struct command {
    const char *names;
    void (*run)(struct monitor_call *c);
    const char *arguments, *help;
};

static const struct command commands[] = {
#define COMMAND(names, handler, arguments, help) { names, command_##handler, arguments, help },
#define INFO(name, handler, help)
#include "control/monitor_commands.inc"
#undef COMMAND
#undef INFO
};

static const struct command subjects[] = {
#define COMMAND(names, handler, arguments, help)
#define INFO(name, handler, help) { name, info_##handler, "", help },
#include "control/monitor_commands.inc"
#undef COMMAND
#undef INFO
};

/* ---- for handlers ---------------------------------------------------------------------------- */

void monitor_say(struct monitor_call *c, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    int length = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->write(c->opaque, text, MIN((size_t)length, sizeof text - 1));
}

void monitor_line(void *opaque, const char *text)
{
    monitor_say(opaque, "%s\n", text);
}

bool monitor_more(struct monitor_call *c)
{
    while (isspace((unsigned char)*c->args))
        c->args++;
    return *c->args != '\0';
}

bool monitor_word(struct monitor_call *c, char *word, size_t size)
{
    size_t length = 0;
    if (!monitor_more(c))
        return false;
    bool quoted = *c->args == '"';
    c->args += quoted;
    while (*c->args != '\0' && (quoted ? *c->args != '"' : !isspace((unsigned char)*c->args))) {
        if (quoted && *c->args == '\\' && c->args[1] != '\0')
            c->args++;
        if (length < size - 1)
            word[length++] = *c->args;
        c->args++;
    }
    c->args += quoted && *c->args == '"';
    word[length] = '\0';
    return true;
}

bool monitor_expression(struct monitor_call *c, uint64_t *value)
{
    struct error err = { "" };
    const struct pc *pc = c->session->pc;
    if (expression_evaluate(pc->cpu, &c->args, value, &err))
        return true;
    monitor_say(c, "%s\n", err.text);
    return false;
}

bool monitor_number(struct monitor_call *c, uint64_t *value)
{
    char word[256] = "";
    monitor_word(c, word, sizeof word);
    const char *rest = c->args;
    c->args = word;
    bool done = monitor_expression(c, value);
    if (done && *c->args != '\0')
        monitor_say(c, "extraneous characters at the end of '%s'\n", word);
    done = done && *c->args == '\0';
    c->args = rest;
    return done;
}

/* ---- look-up --------------------------------------------------------------------------------- */

/* Is word one of names, which have | between them? */
static bool is_named(const char *names, const char *word)
{
    size_t length = strlen(word);
    while (*names != '\0') {
        size_t name = strcspn(names, "|");
        if (name == length && strncmp(names, word, length) == 0)
            return true;
        names += name + (names[name] == '|');
    }
    return false;
}

static const struct command *find(const struct command *list, size_t count, const char *word)
{
    for (size_t n = 0; n < count; n++)
        if (is_named(list[n].names, word))
            return &list[n];
    return NULL;
}

/* A command's name ends at a space, or at the slash of a format: x/10i. */
static size_t name_length(const char *line)
{
    size_t n = 0;
    while (line[n] != '\0' && !isspace((unsigned char)line[n]) && line[n] != '/')
        n++;
    return n;
}

void monitor_run_command(struct monitor_call *c, const char *line)
{
    char name[64];
    while (isspace((unsigned char)*line))
        line++;
    size_t length = name_length(line);
    if (*line == '\0' || *line == '#')
        return;
    if (*line == '?')
        length = 1;
    snprintf(name, sizeof name, "%.*s", (int)length, line);
    const struct command *command = find(commands, ARRAY_SIZE(commands), name);
    if (command == NULL) {
        monitor_say(c, "unknown command: '%s'\n", name);
        return;
    }
    c->args = line + length;
    /* Commands look at the processor, and change it: it rests between two instructions meanwhile.
     */
    session_hold(c->session);
    command->run(c);
    session_let_go(c->session);
}

static void print_help(struct monitor_call *c, const char *prefix, const struct command *command)
{
    monitor_say(c, "%s%s%s%s -- %s\n", prefix, command->names,
                *command->arguments != '\0' ? " " : "", command->arguments, command->help);
}

void command_help(struct monitor_call *c)
{
    char word[64];
    if (!monitor_word(c, word, sizeof word)) {
        for (size_t n = 0; n < ARRAY_SIZE(commands); n++)
            print_help(c, "", &commands[n]);
        return;
    }
    if (strcmp(word, "info") == 0) {
        for (size_t n = 0; n < ARRAY_SIZE(subjects); n++)
            print_help(c, "info ", &subjects[n]);
        return;
    }
    const struct command *command = find(commands, ARRAY_SIZE(commands), word);
    if (command != NULL)
        print_help(c, "", command);
    else
        monitor_say(c, "unknown command: '%s'\n", word);
}

void command_info(struct monitor_call *c)
{
    char word[64];
    if (!monitor_word(c, word, sizeof word)) {
        c->args = "info";
        command_help(c);
        return;
    }
    const struct command *subject = find(subjects, ARRAY_SIZE(subjects), word);
    if (subject != NULL)
        subject->run(c);
    else
        monitor_say(c, "unknown command: 'info %s'\n", word);
}

/* ---- completion ------------------------------------------------------------------------------ */

static const char *nth_command(const struct command *list, size_t count, const char *word,
                               unsigned n)
{
    for (size_t k = 0; k < count; k++) {
        /* The first of several names has no terminator of its own, but is the only one that is
         * worth completing. */
        const char *names = list[k].names;
        size_t name = strcspn(names, "|");
        static const char *const whole[] = { "cont", "help", "print", "quit", "stop" };
        if (strncmp(names, word, strlen(word)) != 0 || strlen(word) > name)
            continue;
        if (n-- > 0)
            continue;
        for (unsigned w = 0; names[name] != '\0' && w < ARRAY_SIZE(whole); w++)
            if (strncmp(whole[w], names, name) == 0)
                return whole[w];
        return names;
    }
    return NULL;
}

static const char *nth_key(const char *word, unsigned n)
{
    for (int key = 0; key < KEY_COUNT; key++)
        if (strncmp(keycode_name((enum keycode)key), word, strlen(word)) == 0 && n-- == 0)
            return keycode_name((enum keycode)key);
    return NULL;
}

static const char *nth_drive(const struct session *s, const char *word, unsigned n)
{
    for (unsigned d = 0; d < PC_DRIVES; d++)
        if (s->drives[d] != NULL && s->drives[d]->removable &&
            strncmp(s->drives[d]->label, word, strlen(word)) == 0 && n-- == 0)
            return s->drives[d]->label;
    return NULL;
}

const char *monitor_complete(void *opaque, const char *before, const char *word, unsigned n)
{
    if (*before == '\0')
        return nth_command(commands, ARRAY_SIZE(commands), word, n);
    if (strcmp(before, "info ") == 0)
        return nth_command(subjects, ARRAY_SIZE(subjects), word, n);
    if (strcmp(before, "help ") == 0)
        return nth_command(commands, ARRAY_SIZE(commands), word, n);
    if (strcmp(before, "sendkey ") == 0)
        return nth_key(word, n);
    if (strcmp(before, "eject ") == 0 || strcmp(before, "change ") == 0)
        return nth_drive(opaque, word, n);
    return NULL;
}
