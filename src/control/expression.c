// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A recursive-descent evaluator, and the registers by name.
#include "control/expression.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "cpu/flags.h"

#define NESTING_MAX 64

struct evaluation {
    const struct cpu *cpu;
    const char *at;
    unsigned depth;
    struct error *err;
};

/* ---- registers ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint8_t index, shift;
    uint32_t mask;
} general_names[] = {
    { "eax", RAX, 0, 0xffffffff }, { "ecx", RCX, 0, 0xffffffff }, { "edx", RDX, 0, 0xffffffff },
    { "ebx", RBX, 0, 0xffffffff }, { "esp", RSP, 0, 0xffffffff }, { "ebp", RBP, 0, 0xffffffff },
    { "esi", RSI, 0, 0xffffffff }, { "edi", RDI, 0, 0xffffffff }, { "ax", RAX, 0, 0xffff },
    { "cx", RCX, 0, 0xffff },      { "dx", RDX, 0, 0xffff },      { "bx", RBX, 0, 0xffff },
    { "sp", RSP, 0, 0xffff },      { "bp", RBP, 0, 0xffff },      { "si", RSI, 0, 0xffff },
    { "di", RDI, 0, 0xffff },      { "al", RAX, 0, 0xff },        { "cl", RCX, 0, 0xff },
    { "dl", RDX, 0, 0xff },        { "bl", RBX, 0, 0xff },        { "ah", RAX, 8, 0xff },
    { "ch", RCX, 8, 0xff },        { "dh", RDX, 8, 0xff },        { "bh", RBX, 8, 0xff },
};
static const char segment_names[SEG_COUNT][5] = {
    "es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"
};

/* "cs", "cs.base", "cs.limit". */
static bool segment_value(const struct cpu *cpu, const char *name, uint64_t *value)
{
    size_t length = strcspn(name, ".");
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        if (strlen(segment_names[n]) != length || strncmp(segment_names[n], name, length) != 0)
            continue;
        if (name[length] == '\0')
            *value = cpu->seg[n].selector;
        else if (strcmp(name + length, ".base") == 0)
            *value = cpu->seg[n].base;
        else if (strcmp(name + length, ".limit") == 0)
            *value = cpu->seg[n].limit;
        else
            return false;
        return true;
    }
    return false;
}

bool register_value(const struct cpu *cpu, const char *name, uint64_t *value)
{
    const struct {
        const char *name;
        uint64_t value;
    } others[] = {
        /* As a linear address, so that x/i $pc shows what comes next. */
        { "eip", (uint32_t)(cpu->eip + cpu->seg[SEG_CS].base) },
        { "pc", (uint32_t)(cpu->eip + cpu->seg[SEG_CS].base) },
        { "eflags", cpu_eflags(cpu) },
        { "cr0", cpu->cr0 },
        { "cr2", cpu->cr2 },
        { "cr3", cpu->cr3 },
        { "cr4", cpu->cr4 },
        { "dr0", cpu->dr[0] },
        { "dr1", cpu->dr[1] },
        { "dr2", cpu->dr[2] },
        { "dr3", cpu->dr[3] },
        { "dr6", cpu->dr[6] },
        { "dr7", cpu->dr[7] },
        { "gdtr", cpu->gdtr.base },
        { "idtr", cpu->idtr.base },
        { "mxcsr", cpu->fpu.mxcsr },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(general_names); n++)
        if (strcmp(general_names[n].name, name) == 0) {
            *value =
                cpu->gpr[general_names[n].index] >> general_names[n].shift & general_names[n].mask;
            return true;
        }
    for (unsigned n = 0; n < ARRAY_SIZE(others); n++)
        if (strcmp(others[n].name, name) == 0) {
            *value = others[n].value;
            return true;
        }
    return segment_value(cpu, name, value);
}

/* ---- evaluation ------------------------------------------------------------------------------ */

static void skip_spaces(struct evaluation *e)
{
    while (isspace((unsigned char)*e->at))
        e->at++;
}

static bool take(struct evaluation *e, char c)
{
    if (*e->at != c)
        return false;
    e->at++;
    skip_spaces(e);
    return true;
}

static bool sum(struct evaluation *e, uint64_t *value);

static bool register_term(struct evaluation *e, uint64_t *value)
{
    char name[16];
    size_t length = 0;
    e->at++;
    while ((isalnum((unsigned char)*e->at) || *e->at == '.' || *e->at == '_') &&
           length < sizeof name - 1)
        name[length++] = (char)tolower((unsigned char)*e->at++);
    name[length] = '\0';
    skip_spaces(e);
    if (!register_value(e->cpu, name, value))
        return error_set(e->err, "unknown register");
    return true;
}

static bool number_term(struct evaluation *e, uint64_t *value)
{
    char *end;
    *value = strtoull(e->at, &end, 0);
    if (end == e->at)
        return error_set(e->err,
                         *e->at == '\0' ? "unexpected end of expression"
                                        : "invalid char '%c' in expression",
                         *e->at);
    e->at = end;
    skip_spaces(e);
    return true;
}

static bool term(struct evaluation *e, uint64_t *value)
{
    if (++e->depth > NESTING_MAX)
        return error_set(e->err, "the expression is nested too deeply");
    bool done;
    if (take(e, '+')) {
        done = term(e, value);
    } else if (take(e, '-')) {
        done = term(e, value);
        *value = done ? -*value : 0;
    } else if (take(e, '~')) {
        done = term(e, value);
        *value = done ? ~*value : 0;
    } else if (take(e, '(')) {
        done = sum(e, value) && (take(e, ')') || error_set(e->err, "')' expected"));
    } else if (*e->at == '\'') {
        *value = (unsigned char)e->at[1];
        done = e->at[1] != '\0' && e->at[2] == '\'';
        if (!done)
            return error_set(e->err, "character constant expected");
        e->at += 3;
        skip_spaces(e);
    } else if (*e->at == '$') {
        done = register_term(e, value);
    } else {
        done = number_term(e, value);
    }
    e->depth--;
    return done;
}

static bool product(struct evaluation *e, uint64_t *value)
{
    uint64_t right;
    if (!term(e, value))
        return false;
    for (;;) {
        char c = *e->at;
        if (c != '*' && c != '/' && c != '%')
            return true;
        take(e, c);
        if (!term(e, &right))
            return false;
        if (c != '*' && right == 0)
            return error_set(e->err, "division by zero");
        *value = c == '*' ? *value * right : c == '/' ? *value / right : *value % right;
    }
}

static bool logic(struct evaluation *e, uint64_t *value)
{
    uint64_t right;
    if (!product(e, value))
        return false;
    for (;;) {
        char c = *e->at;
        if (c != '&' && c != '|' && c != '^')
            return true;
        take(e, c);
        if (!product(e, &right))
            return false;
        *value = c == '&' ? *value & right : c == '|' ? *value | right : *value ^ right;
    }
}

static bool sum(struct evaluation *e, uint64_t *value)
{
    uint64_t right;
    if (!logic(e, value))
        return false;
    for (;;) {
        char c = *e->at;
        if (c != '+' && c != '-')
            return true;
        take(e, c);
        if (!logic(e, &right))
            return false;
        *value = c == '+' ? *value + right : *value - right;
    }
}

bool expression_evaluate(const struct cpu *cpu, const char **text, uint64_t *value,
                         struct error *err)
{
    struct evaluation e = { .cpu = cpu, .at = *text, .err = err };
    *value = 0;
    skip_spaces(&e);
    bool done = sum(&e, value);
    *text = e.at;
    return done;
}
