// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// S3 until the RTC's alarm, and the way back through the firmware's resume. ACPI 4.0, 5.2 and 16.3.
#include "testdev.h"

enum { RSDT = 16, HEADER = 36, LENGTH = 4 };
enum { FADT_FACS = 36, FADT_PM1_EVENT = 56, FADT_PM1_CONTROL = 64, FACS_WAKING_VECTOR = 12 };
enum { RTC_EN = 0x400, SLEEP = 0x2400 };
enum { ALARM_SECONDS = 1, ALARM_MINUTES = 3, ALARM_HOURS = 5, REG_B = 11, REG_C = 12 };
enum { ANY = 0xc0, ALARM_INTERRUPT = 0x20 };
#define RESUME   0x3000u
#define SLEPT_AT 0x500u

/* Real mode at 0300:0000. Value 0 to the exit port is a success; what was at 500h tells that no
 * instruction after the sleep was executed. */
__asm__(".code16\n"
        "resume: xorw %ax, %ax\n"
        "movw %ax, %ds\n"
        "movl 0x500, %ebx\n"
        "movw $(resume_text - resume), %si\n"
        "1: lodsb %cs:(%si), %al\n"
        "testb %al, %al\n"
        "jz 2f\n"
        "outb %al, $0xe9\n"
        "jmp 1b\n"
        "2: movl %ebx, %eax\n"
        "outl %eax, $0xf4\n"
        "3: hlt\n"
        "jmp 3b\n"
        "resume_text: .asciz \"awake\\ndone: all passed\\n\"\n"
        "resume_end:\n"
        ".code32\n");
extern const uint8_t resume[], resume_end[];

/* The table with this signature; 0: there is none. */
static uint32_t table(const char *signature)
{
    for (uint32_t at = 0xe0000; at < 0x100000; at += 16) {
        if (!same((const void *)at, "RSD PTR ", 8))
            continue;
        uint32_t rsdt = load32(at + RSDT), end = rsdt + load32(rsdt + LENGTH);
        for (uint32_t n = rsdt + HEADER; n < end; n += 4)
            if (same((const void *)load32(n), signature, 4))
                return load32(n);
    }
    return 0;
}

static void rtc_write(uint8_t index, uint8_t v)
{
    outb(0x70, index);
    outb(0x71, v);
}

void test_sleep(void)
{
    set_cr0(cr0() & ~0x80000000);
    uint32_t fadt = table("FACP");
    if (!CHECK(fadt != 0))
        return;
    memcpy((void *)RESUME, resume, (size_t)(resume_end - resume));
    store32(load32(fadt + FADT_FACS) + FACS_WAKING_VECTOR, RESUME);
    store32(SLEPT_AT, 0);
    outw((uint16_t)(load32(fadt + FADT_PM1_EVENT) + 2), RTC_EN);
    rtc_write(ALARM_SECONDS, ANY);
    rtc_write(ALARM_MINUTES, ANY);
    rtc_write(ALARM_HOURS, ANY);
    outb(0x70, REG_C);
    inb(0x71);
    rtc_write(REG_B, 0x02 | ALARM_INTERRUPT);
    print("asleep\n");
    outw((uint16_t)load32(fadt + FADT_PM1_CONTROL), SLEEP);
    store32(SLEPT_AT, 1);
    CHECK(!"the machine goes on");
}
