// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The handler of SMIs, what it leaves, and the board around it.
#ifndef TESTS_GUEST_BOARD_SMM_H
#define TESTS_GUEST_BOARD_SMM_H

#include "board.h"

/* The handler's results and orders, in RAM that it sees in SMM as everybody does. */
enum {
    COUNT = 0x9000,
    EAX = 0x9004,
    IN_CR0 = 0x9008,
    IN_CR4 = 0x900c,
    IN_EFLAGS = 0x9010,
    IN_CS = 0x9014,
    IN_DATA = 0x9018,
    IN_DR7 = 0x901c,
    IN_HIGH = 0x9020,
    IN_EIP = 0x9024,
    SMBASE = 0x9030,
    ORDERS = 0x9034,
    SKIP = 0x9038,
    NEW_SMBASE = 0x903c,
    CLOSED = 0x9040,  /* what data at SMBASE + 8000h was with D_CLS, and without it again */
    WRITTEN = 0x9048, /* and what a store with D_CLS had come to */
    MAP = 0x9100      /* a copy of the upper 512 bytes of the state save map */
};
enum {
    CHANGE_EBX = 1,
    RELOCATE = 2,
    NO_RESTART = 4,
    NMI_INSIDE = 8,
    SMI_INSIDE = 16,
    CLOSE_DATA = 32,
    BREAK_STATE = 64
};

/* The architectural fields: SDM 3C table 34-1. */
enum {
    F_CR0 = 0x7ffc,
    F_CR3 = 0x7ff8,
    F_EFLAGS = 0x7ff4,
    F_EIP = 0x7ff0,
    F_EDI = 0x7fec,
    F_EBX = 0x7fdc,
    F_ECX = 0x7fd4,
    F_EAX = 0x7fd0,
    F_DR7 = 0x7fc8,
    F_TR = 0x7fc4,
    F_LDTR = 0x7fc0,
    F_GS = 0x7fbc,
    F_FS = 0x7fb8,
    F_DS = 0x7fb4,
    F_SS = 0x7fb0,
    F_CS = 0x7fac,
    F_ES = 0x7fa8,
    F_HALT = 0x7f00, /* in its upper half */
    F_REVISION = 0x7efc,
    F_SMBASE = 0x7ef8
};

/* In SMRAM, and the SMI that comes to it by port B2h: EBX, EDI behind it. */
extern uint8_t smi_handler[], smi_handler_end[];
extern uint32_t smi_ebx, smi_edi;
void smi_by_port(void);
extern char smi_behind[];

/* Of the saved state. */
uint32_t field(unsigned offset);

enum { SMRAM_OPEN = 0x4a, SMRAM_CLOSED = 0x0a };
void set_smram(uint32_t v);
uint32_t smram(void);
void place_handler(uint32_t smbase);
/* Our handler in place of the firmware's, whose SMBASE is A0000h; SMIs by port B2h. */
void smm_begin(unsigned orders);

#endif
