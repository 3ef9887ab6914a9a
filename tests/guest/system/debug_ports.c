// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Breakpoints on ports.
#include "harness/harness.h"
#include "traps.h"

uint8_t port_bytes[4];

CODE(out_port, "mov al, 0; out 0x80, al; nop");
CODE(out_word, "mov ax, 0; out 0x7f, ax; nop");
CODE(in_port, "in al, 0x80; nop");
CODE(string_ports, "mov esi, offset port_bytes; mov edx, 0x80; mov ecx, 3; rep outsb; nop");
CODE(in_dword, "mov edx, 0x7e; in eax, dx; nop");

TEST(io_breakpoint, "SDM 3B 17.2.4, 17.3.1.2")
{
    SET_DR(2, 0x80);
    if (!has(HAS_DE))
        return;
    set_cr4(CR4_DE, 0);
    SET_DR(7, BREAK(2, PORT, 1));
    run_traps(out_port);
    EQUAL(traps, 1);
    EQUAL(trap_eip[0], (uint32_t)out_port + 4);
    EQUAL(trap_dr6[0] & 0xe00f, 4);
    run_traps(in_port);
    EQUAL(traps, 1);
    EQUAL(trap_eip[0], (uint32_t)in_port + 2);
    run_traps(out_word); /* 7Fh and 80h */
    EQUAL(traps, 1);
    SET_DR(2, 0x81);
    run_traps(out_port);
    EQUAL(traps, 0);
}

TEST(io_breakpoint_lengths, "SDM 3B 17.2.4, 17.2.5, table 17-1")
{
    if (!has(HAS_DE))
        return;
    set_cr4(CR4_DE, 0);
    static const struct {
        uint16_t port;
        uint8_t length;
        bool out_word, in_dword; /* 7Fh-80h, 7Eh-81h */
    } rows[] = {
        { 0x7e, 1, false, true },  { 0x7f, 1, true, true },   { 0x81, 1, false, true },
        { 0x7e, 2, true, true },   { 0x80, 2, true, true },   { 0x82, 2, false, false },
        { 0x80, 4, true, true },   { 0x83, 4, true, true },   { 0x7c, 4, true, true },
        { 0x84, 4, false, false }, { 0x78, 4, false, false },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        SET_DR(1, rows[n].port);
        SET_DR(7, BREAK(1, PORT, rows[n].length));
        run_traps(out_word);
        EQUAL(traps, rows[n].out_word);
        run_traps(in_dword);
        EQUAL(traps, rows[n].in_dword);
    }
    SET_DR(1, 0x80);
    SET_DR(7, BREAK(1, PORT, 1));
    run_traps(string_ports); /* behind each iteration */
    EQUAL(traps, 3);
    for (unsigned n = 0; n < 3; n++)
        EQUAL(trap_ecx[n], 2 - n);
}

/* Without CR4.DE ports are no condition. */
TEST(io_breakpoint_wants_de, "SDM 3B 17.2.4; 3A 2.5 CR4.DE")
{
    SET_DR(1, 0x80);
    SET_DR(7, BREAK(1, WRITE, 1));
    run_traps(out_port);
    EQUAL(traps, 0);
}
