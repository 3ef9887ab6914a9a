// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The A20 gate by port 92h and by the keyboard controller, and resets by either and by port CF9h.
#include "board.h"

/*
 * This kernel lies where A20 is set: what closes the gate runs from a copy below 1 MiB, and opens
 * it again before it returns. It gives the keyboard controller the command at 9000h and port 92h
 * the value at 9001h, reads and writes 300000h, does the same with 9002h and 9003h, and leaves what
 * it saw.
 */
extern uint8_t a20_code[], a20_code_end[];
__asm__(".intel_syntax noprefix\n.text\n.globl a20_code, a20_code_end\n"
        "a20_code: mov esi, esp\n"
        "mov esp, 0x9f00\n"
        "mov ax, [0x9000]\n"
        "call a20_set\n"
        "mov eax, [0x300010]\n"
        "mov [0x9010], eax\n"
        "mov dword ptr [0x300020], 0x77777777\n"
        "mov eax, [0x200020]\n"
        "mov [0x9014], eax\n"
        "mov eax, [0x400010]\n"
        "mov [0x9018], eax\n"
        "mov ax, [0x9002]\n"
        "call a20_set\n"
        "mov eax, [0x300010]\n"
        "mov [0x901c], eax\n"
        "mov ax, 0x02df\n" /* for the way back */
        "call a20_set\n"
        "mov esp, esi\n"
        "ret\n"
        "a20_set: mov ecx, eax\n"
        "a20_wait: in al, 0x64\n"
        "test al, 2\n"
        "jnz a20_wait\n"
        "mov al, cl\n"
        "out 0x64, al\n"
        "a20_taken: in al, 0x64\n"
        "test al, 2\n"
        "jnz a20_taken\n"
        "mov al, ch\n"
        "out 0x92, al\n"
        "ret\n"
        "a20_code_end:\n.att_syntax\n");

CODE(call_a20_code, "mov eax, 0x8000; call eax");

enum { KBC_CLOSES = 0xdd, KBC_OPENS = 0xdf, PORT_CLOSES = 0, PORT_OPENS = 2 };

static void gate(unsigned kbc, unsigned port, unsigned then_kbc, unsigned then_port)
{
    for (uint8_t *p = a20_code; p < a20_code_end; p++)
        store8(0x8000 + (uint32_t)(p - a20_code), *p);
    store32(0x9000, kbc | port << 8 | then_kbc << 16 | then_port << 24);
    store32(0x200010, 0x22222222);
    store32(0x200020, 0);
    store32(0x300010, 0x33333333);
    store32(0x300020, 0);
    store32(0x400010, 0x44444444);
    EQUAL(try_call(call_a20_code), -1);
    EQUAL(load32(0x9010), 0x22222222); /* both close it */
    EQUAL(load32(0x9014), 0x77777777);
    EQUAL(load32(0x9018), 0x44444444); /* an even megabyte is itself */
    EQUAL(load32(0x901c), 0x33333333);
    EQUAL(load32(0x200020), 0x77777777);
    EQUAL(load32(0x300020), 0);
}

TEST(a20_by_port_92, "PIIX3, port 92 register")
{
    gate(KBC_CLOSES, PORT_CLOSES, KBC_CLOSES, PORT_OPENS);
    EQUAL(inb(0x92) & 2, 2);
}

TEST(a20_by_keyboard_controller, "8042, output port bit 1")
{
    gate(KBC_CLOSES, PORT_CLOSES, KBC_OPENS, PORT_OPENS);
    drop_irq1_irq12(); /* D0h wants an empty output buffer */
    kbc_command(0xd0);
    CHECK(WAIT(inb(0x64) & 1));
    EQUAL(inb(0x60) & 2, 2);
}

TEST(reset_by_port_92, "PIIX3, port 92 register")
{
    outb(0x92, 2);
    expect_reset();
    outb(0x92, 3);
    WAIT(false);
    CHECK(false); /* still here */
}

TEST(reset_by_keyboard_controller, "8042, pulse output port")
{
    expect_reset();
    kbc_command(0xfe);
    WAIT(false);
    CHECK(false);
}

TEST(reset_by_port_cf9, "PIIX3, reset control register")
{
    outb(0xcf9, 2);
    EQUAL(inb(0xcf9) & 6, 2);
    expect_reset();
    outb(0xcf9, 6);
    WAIT(false);
    CHECK(false);
}
