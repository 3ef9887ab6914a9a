// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Text on port E9h, named checks, the command line, the end by port F4h.
#include "torture.h"

enum { SHOWN_FAILURES = 12 };

unsigned failures;
uint32_t boot_magic, boot_information;
static char command_line[512];

static void put(char c)
{
    outb(0xe9, (uint8_t)c);
}

void print(const char *text)
{
    while (*text)
        put(*text++);
}

void print_hex(uint32_t v)
{
    for (int n = 28; n >= 0; n -= 4)
        put("0123456789abcdef"[v >> n & 15]);
}

void print_decimal(uint32_t v)
{
    if (v >= 10)
        print_decimal(v / 10);
    put((char)('0' + v % 10));
}

void print_bytes(const uint8_t *bytes, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        put("0123456789abcdef"[bytes[n] >> 4]);
        put("0123456789abcdef"[bytes[n] & 15]);
    }
}

static void print_named(const char *name, uint32_t v)
{
    print(name);
    print_hex(v);
}

void print_state(const struct state *s)
{
    print_named("  eax=", s->eax);
    print_named(" ecx=", s->ecx);
    print_named(" edx=", s->edx);
    print_named(" ebx=", s->ebx);
    print_named("\n  esp=", s->esp);
    print_named(" ebp=", s->ebp);
    print_named(" esi=", s->esi);
    print_named(" edi=", s->edi);
    print_named("\n  eip=", s->eip);
    print_named(" eflags=", s->eflags);
    print_named(" vector=", s->vector);
    print_named(" error=", s->error);
    print_named("\n  cs=", s->cs);
    print_named(" ss=", s->ss);
    print_named(" ds=", s->ds);
    print_named(" es=", s->es);
    print_named(" fs=", s->fs);
    print_named(" gs=", s->gs);
    print("\n  x87=");
    print_bytes(s->fx, 32);
    print("\n");
}

/* Counted always, shown while there are few. */
static bool fail(const char *what, const char *file, int line)
{
    if (failures++ >= SHOWN_FAILURES)
        return false;
    print("FAIL ");
    print(file);
    put(':');
    print_decimal((uint32_t)line);
    print(": ");
    print(what);
    return true;
}

bool check(bool ok, const char *what, const char *file, int line)
{
    if (!ok && fail(what, file, line))
        put('\n');
    return ok;
}

bool check_equal(uint32_t actual, uint32_t expected, const char *what, const char *file, int line)
{
    if (actual == expected)
        return true;
    if (fail(what, file, line)) {
        print_named(" is ", actual);
        print_named(", not ", expected);
        put('\n');
    }
    return false;
}

void finish(void)
{
    print(failures ? "done: failures\n" : "done: all passed\n");
    outl(0xf4, failures ? 1 : 0);
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Multiboot puts the address of the line at 16, if bit 2 of the flags is set. */
void read_command_line(void)
{
    const char *from = (const char *)load32(boot_information + 16);
    if (!(load32(boot_information) & 4))
        return;
    for (unsigned n = 0; n < sizeof command_line - 1 && from[n]; n++)
        command_line[n] = from[n];
}

static const char *behind(const char *at, const char *prefix)
{
    while (*prefix)
        if (*at++ != *prefix++)
            return NULL;
    return *at == '=' ? at + 1 : NULL;
}

static uint32_t number(const char *text)
{
    uint32_t v = 0, base = 10;
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    for (;; text++) {
        unsigned c = (unsigned char)*text, digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (digit >= base)
            return v;
        v = v * base + digit;
    }
}

uint32_t option(const char *name, uint32_t otherwise)
{
    for (const char *at = command_line; *at; at++) {
        const char *value = at == command_line || at[-1] == ' ' ? behind(at, name) : NULL;
        if (value)
            return number(value);
    }
    return otherwise;
}
