// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Accesses to ports and to device memory, each kind for a while. "begin NAME", then "result COUNT".
#include "ports.h"
#include "report.h"

#define WHILE 1000000000u /* time stamps: about half a second */
#define PIECE 1000u

#define KEYBOARD_STATUS 0x64
#define POST_CODE       0x80
#define IOAPIC_SELECT   ((volatile uint32_t *)0xfec00000)
#define IOAPIC_WINDOW   ((volatile uint32_t *)0xfec00010)
#define IOAPIC_VERSION  1

#define MEASURE(name, access)                                                                      \
    do {                                                                                           \
        uint32_t count = 0;                                                                        \
        for (unsigned n = 0; n < PIECE; n++)                                                       \
            access;                                                                                \
        report_begin(name);                                                                        \
        uint64_t start = time_stamp();                                                             \
        do {                                                                                       \
            for (unsigned n = 0; n < PIECE; n++)                                                   \
                access;                                                                            \
            count += PIECE;                                                                        \
        } while (time_stamp() - start < WHILE);                                                    \
        report(count);                                                                             \
    } while (0)

void program(void)
{
    MEASURE("port-read", in8(KEYBOARD_STATUS));
    MEASURE("port-write", out8(POST_CODE, (uint8_t)n));
    MEASURE("mmio-write", *IOAPIC_SELECT = IOAPIC_VERSION);
    MEASURE("mmio-read", (void)*IOAPIC_WINDOW);
}
