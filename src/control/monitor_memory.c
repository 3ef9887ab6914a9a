// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Commands that look at memory and ports: x, xp, print, memsave, i, o.
#include "control/monitor_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "control/disassemble.h"
#include "control/guest_memory.h"
#include "cpu/cpu.h"
#include "cpu/insn.h"
#include "cpu/paging.h"

/* ---- formats --------------------------------------------------------------------------------- */

/* The machine's devices wait meanwhile. */
enum { LINES_MAX = 65536 };

/* "/4xw": count, letter and size in any order after the slash. What is not given stays as it was,
 * but for the count. */
static bool parse_format(struct monitor_call *c, struct dump_format *f)
{
    static const char sizes[] = "b1h2w4g8";
    f->count = 1;
    if (!monitor_more(c) || *c->args != '/')
        return true;
    c->args++;
    if (isdigit((unsigned char)*c->args)) {
        char *end;
        unsigned long count = strtoul(c->args, &end, 10);
        c->args = end;
        f->count = (unsigned)MIN(count, 1ul << 20);
    }
    for (; *c->args != '\0' && !isspace((unsigned char)*c->args); c->args++) {
        const char *size = strchr("bhwg", *c->args);
        if (size != NULL) {
            f->size = (unsigned)(strchr(sizes, *c->args)[1] - '0');
        } else if (strchr("xduocis", *c->args) != NULL) {
            f->letter = *c->args;
        } else {
            monitor_say(c, "invalid char in format: '%c'\n", *c->args);
            return false;
        }
    }
    return true;
}

static void print_character(struct monitor_call *c, unsigned char value)
{
    if (value == '\'' || value == '\\')
        monitor_say(c, "'\\%c'", value);
    else if (value >= 32 && value < 127)
        monitor_say(c, "'%c'", value);
    else if (value == '\n' || value == '\r')
        monitor_say(c, "'\\%c'", value == '\n' ? 'n' : 'r');
    else
        monitor_say(c, "'\\x%02x'", value);
}

static void print_value(struct monitor_call *c, char letter, unsigned size, uint64_t value)
{
    unsigned bits_used = size * 8;
    switch (letter) {
    case 'o': monitor_say(c, "%#*llo", (int)(bits_used + 2) / 3, (unsigned long long)value); break;
    case 'u':
        monitor_say(c, "%*llu", (int)(bits_used * 10 + 32) / 33, (unsigned long long)value);
        break;
    case 'd':
        monitor_say(c, "%*lld", (int)(bits_used * 10 + 32) / 33,
                    (long long)((int64_t)(value << (64 - bits_used)) >> (64 - bits_used)));
        break;
    case 'c': print_character(c, (unsigned char)value); break;
    default: monitor_say(c, "0x%0*llx", (int)bits_used / 4, (unsigned long long)value); break;
    }
}

/* ---- x and xp -------------------------------------------------------------------------------- */

static unsigned code_size(const struct cpu *cpu)
{
    return cpu->mode & MODE_CS32 ? 32 : 16;
}

static void dump_instructions(struct monitor_call *c, bool physical, uint64_t address,
                              unsigned count)
{
    struct cpu *cpu = c->session->pc->cpu;
    for (; count > 0; count--) {
        uint8_t bytes[15];
        char text[DISASSEMBLE_TEXT];
        size_t available = 0;
        while (available < sizeof bytes &&
               guest_read(cpu, physical, address + available, bytes + available, 1))
            available++;
        if (available == 0) {
            monitor_say(c, "0x%08llx: unable to read memory\n", (unsigned long long)address);
            return;
        }
        unsigned length = disassemble_line(text, address, bytes, available, code_size(cpu));
        if (length == 0) {
            monitor_say(c, "0x%08llx:  %02x  (bad)\n", (unsigned long long)address, bytes[0]);
            length = 1;
        } else {
            monitor_say(c, "%s\n", text);
        }
        address += length;
    }
}

static void dump_strings(struct monitor_call *c, bool physical, uint64_t address, unsigned count)
{
    for (; count > 0; count--) {
        uint8_t byte;
        monitor_say(c, "%08llx: \"", (unsigned long long)address);
        for (unsigned n = 0; n < 4096; n++) {
            if (!guest_read(c->session->pc->cpu, physical, address++, &byte, 1)) {
                monitor_say(c, "\" Cannot access memory\n");
                return;
            }
            if (byte == 0)
                break;
            monitor_say(c, isprint(byte) ? "%c" : "\\x%02x", byte);
        }
        monitor_say(c, "\"\n");
    }
}

static void dump_values(struct monitor_call *c, bool physical, uint64_t address,
                        const struct dump_format *f)
{
    unsigned size = f->letter == 'c' ? 1 : f->size, line_size = size == 1 ? 8 : 16;
    uint64_t left = (uint64_t)f->count * size;
    while (left > 0) {
        uint8_t line[16];
        unsigned length = (unsigned)MIN(left, line_size);
        monitor_say(c, "%0*llx:", physical ? 16 : 8, (unsigned long long)address);
        if (!guest_read(c->session->pc->cpu, physical, address, line, length)) {
            monitor_say(c, " Cannot access memory\n");
            return;
        }
        for (unsigned n = 0; n < length; n += size) {
            monitor_say(c, " ");
            print_value(c, f->letter, size, load_le(line + n, size));
        }
        monitor_say(c, "\n");
        address += length;
        left -= length;
    }
}

static void dump(struct monitor_call *c, bool physical)
{
    uint64_t address;
    if (!parse_format(c, c->format) || !monitor_expression(c, &address))
        return;
    address &= physical ? UINT64_MAX : UINT32_MAX;
    if (strchr("is", c->format->letter) != NULL && c->format->count > LINES_MAX) {
        monitor_say(c, "at most %u at a time\n", LINES_MAX);
        return;
    }
    if (c->format->letter == 'i')
        dump_instructions(c, physical, address, c->format->count);
    else if (c->format->letter == 's')
        dump_strings(c, physical, address, c->format->count);
    else
        dump_values(c, physical, address, c->format);
}

void command_dump(struct monitor_call *c)
{
    dump(c, false);
}

void command_dump_physical(struct monitor_call *c)
{
    dump(c, true);
}

void command_print(struct monitor_call *c)
{
    struct dump_format f = { .letter = 'd', .size = 8 };
    uint64_t value;
    if (!parse_format(c, &f) || !monitor_expression(c, &value))
        return;
    switch (f.letter) {
    case 'o': monitor_say(c, "%#llo\n", (unsigned long long)value); break;
    case 'x': monitor_say(c, "%#llx\n", (unsigned long long)value); break;
    case 'u': monitor_say(c, "%llu\n", (unsigned long long)value); break;
    case 'c':
        print_character(c, (unsigned char)value);
        monitor_say(c, "\n");
        break;
    default: monitor_say(c, "%lld\n", (long long)value); break;
    }
}

void command_gva2gpa(struct monitor_call *c)
{
    uint64_t linear, physical;
    if (!monitor_expression(c, &linear))
        return;
    if (paging_debug_translate(c->session->pc->cpu, (uint32_t)linear, &physical))
        monitor_say(c, "gpa: %#llx\n", (unsigned long long)physical);
    else
        monitor_say(c, "Unmapped\n");
}

/* ---- memsave --------------------------------------------------------------------------------- */

static void save(struct monitor_call *c, bool physical)
{
    uint64_t address, size;
    char path[1024];
    uint8_t piece[4096];
    if (!monitor_number(c, &address) || !monitor_number(c, &size))
        return;
    if (!monitor_word(c, path, sizeof path)) {
        monitor_say(c, "which file?\n");
        return;
    }
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        monitor_say(c, "Error: could not open '%s': %s\n", path, strerror(errno));
        return;
    }
    while (size > 0) {
        size_t length = MIN(size, sizeof piece);
        if (!guest_read(c->session->pc->cpu, physical, address, piece, length)) {
            monitor_say(c, "Error: Invalid addr 0x%016llx/size %llu specified\n",
                        (unsigned long long)address, (unsigned long long)size);
            break;
        }
        if (fwrite(piece, 1, length, file) != length)
            break;
        address += length;
        size -= length;
    }
    bool failed = ferror(file) != 0;
    if ((fclose(file) != 0 || failed) && size > 0)
        monitor_say(c, "Error: writing '%s': %s\n", path, strerror(errno));
}

void command_memsave(struct monitor_call *c)
{
    save(c, false);
}

void command_pmemsave(struct monitor_call *c)
{
    save(c, true);
}

/* ---- ports ----------------------------------------------------------------------------------- */

static const char *port_suffix(unsigned size)
{
    return size == 1 ? "b" : size == 2 ? "w" : "l";
}

void command_port_read(struct monitor_call *c)
{
    struct dump_format f = { .letter = 'x', .size = 1 };
    uint64_t port, value;
    if (!parse_format(c, &f) || !monitor_expression(c, &port))
        return;
    unsigned size = MIN(f.size, 4);
    memory_read(c->session->pc->memory, SPACE_PORTS, port & 0xffff, size, &value);
    monitor_say(c, "port%s[0x%04x] = 0x%0*llx\n", port_suffix(size), (unsigned)(port & 0xffff),
                (int)size * 2, (unsigned long long)value);
}

void command_port_write(struct monitor_call *c)
{
    struct dump_format f = { .letter = 'x', .size = 1 };
    uint64_t port, value;
    if (!parse_format(c, &f) || !monitor_number(c, &port) || !monitor_expression(c, &value))
        return;
    memory_write(c->session->pc->memory, SPACE_PORTS, port & 0xffff, MIN(f.size, 4), value);
}
