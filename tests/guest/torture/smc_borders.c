// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code: instructions that lie across a page's border, segments whose size, base and
// limit change under hot code, both privileges on one page, A20.
#include "smc.h"

/* ---- across the border ----------------------------------------------------------------------- */

/* MOV EAX,imm32 with so many bytes in the first page. */
static void straddling(unsigned bytes)
{
    uint32_t at = PAGE(33) - bytes;
    map(PAGE(32), FRAME(36), RWX);
    map(PAGE(33), FRAME(34), RWX);
    place_number(at, 0);
    for (uint32_t n = 0; n < 500; n++) {
        uint32_t value = n * 0x01234567;
        store32(at + 1, value);
        if (!EQUAL(run_hot(at, n % 50 ? 1 : HOT), value * (n % 50 ? 1 : HOT)))
            return;
        /* One byte, through the frame. */
        unsigned k = n % 4;
        uint32_t frame = bytes > k + 1 ? FRAME(37) - bytes + k + 1 : FRAME(34) + k + 1 - bytes;
        store8(frame, (uint8_t)n);
        value = (value & ~(0xffu << k * 8)) | (n & 0xff) << k * 8;
        if (!EQUAL(call0(at), value))
            return;
    }
}

static void straddling_remapped(unsigned bytes)
{
    uint32_t at = PAGE(33) - bytes;
    uint32_t value[2][2];
    for (unsigned n = 0; n < 4; n++) {
        map(PAGE(32), FRAME(34 + n / 2), RWX);
        map(PAGE(33), FRAME(36 + n % 2), RWX);
        place_number(at, 0);
        store32(at + 1, 0x11111111);
        store8(PAGE(33) - 1 - (bytes > 1 ? 0 : 0xf00), (uint8_t)(bytes > 1 ? 0x20 + n / 2 : 0));
        store8(PAGE(33) + 4 - bytes, (uint8_t)(0x30 + n % 2));
    }
    for (unsigned n = 0; n < 4; n++) {
        map(PAGE(32), FRAME(34 + n / 2), RWX);
        map(PAGE(33), FRAME(36 + n % 2), RWX);
        value[n / 2][n % 2] = load32(at + 1);
    }
    for (unsigned n = 0; n < 1500; n++) {
        unsigned first = n & 1, second = n >> 1 & 1;
        map(PAGE(32), FRAME(34 + first), RWX);
        map(PAGE(33), FRAME(36 + second), RWX);
        if (!EQUAL(run_hot(at, n % 100 ? 1 : HOT), value[first][second] * (n % 100 ? 1 : HOT)))
            return;
    }
}

/* Jcc and CALL over the border; their displacements change. */
CODE(border_jump, "xor eax, eax; .byte 0x0f, 0x84; .long 0; inc eax; inc eax; inc eax; ret");
CODE(border_call, "xor eax, eax; call 1f; ret; 1: inc eax; inc eax; inc eax; inc eax; ret");

static void straddling_jumps(void)
{
    for (unsigned bytes = 3; bytes < 8; bytes++) {
        uint32_t at = PAGE(39) - bytes;
        PLACE(at, border_jump);
        for (unsigned n = 0; n < 600; n++) {
            store8(at + 4, (uint8_t)(n % 4));
            EQUAL(call0(at), 3 - n % 4);
        }
        PLACE(at, border_call);
        for (unsigned n = 0; n < 600; n++) {
            store8(at + 3, (uint8_t)(1 + n % 4));
            EQUAL(call0(at), 4 - n % 4);
        }
    }
}

void smc_borders(void)
{
    for (unsigned bytes = 1; bytes < 5; bytes++) {
        straddling(bytes);
        straddling_remapped(bytes);
    }
    straddling_jumps();
}

/* ---- segments -------------------------------------------------------------------------------- */

/* In 32-bit code: MOV EAX,40401234h; INC EAX. In 16-bit code: MOV AX,1234h and three INCs. */
CODE(two_sizes, "mov eax, 0x40401234; inc eax; int3");
CODE(tell_offset, "call 1f; 1: pop eax; int3");
CODE(increments, ".fill 24, 1, 0x40; int3");
CODE(long_instruction, "inc eax; mov eax, 0x11223344; int3");
CODE(read_data, "mov eax, [0x10]; mov ecx, 3; int3");
CODE16(small_self,
       "mov bx, cx; mov byte ptr [2f - small_self + 1], bl; 2: mov al, 0; mov ah, 0; int3");
CODE16(small_push, "mov esp, ebp; push cx; push ecx; pop edx; pop ax; mov bx, sp; int3");

static struct state small;

/* Code at an offset of CODE_TEST; data and stack at PAGE(42) and PAGE(43). */
static uint32_t run_segment(uint32_t eip, uint32_t ecx, uint32_t esp)
{
    state_init(&small, (void *)eip, esp, 3);
    small.ebp = esp; /* IRET to a 16-bit stack loads SP only */
    small.cs = CODE_TEST;
    small.ds = small.es = DATA_TEST;
    small.ss = STACK_TEST;
    small.ecx = ecx;
    state_run(&small);
    return small.eax;
}

static void test_segments(uint32_t base, uint32_t limit, unsigned size)
{
    set_segment(CODE_TEST, base, limit, ACCESS_CODE3, size);
    set_segment(DATA_TEST, PAGE(42), 0xfff, ACCESS_DATA3, size);
    set_segment(STACK_TEST, PAGE(43), 0xffff, ACCESS_DATA3, size);
}

static void sizes_and_bases(void)
{
    PLACE(PAGE(40), two_sizes);
    PLACE(PAGE(40) + 0x200, tell_offset);
    for (unsigned n = 0; n < 2000; n++) {
        bool is32 = n < 1000 ? n & 1 : n / 100 & 1;
        uint32_t offset = n % 16 * 16;
        test_segments(PAGE(40) - offset, 0xffff, is32 ? SEGMENT_32 : SEGMENT_16);
        if (!EQUAL(run_segment(offset, 0, 0x800), is32 ? 0x40401235 : 0x1237))
            return;
        test_segments(PAGE(40) - offset, 0xffff, SEGMENT_32);
        EQUAL(run_segment(offset + 0x200, 0, 0x800), offset + 0x205);
        EQUAL(run_user(PAGE(40), 0), 0x40401235);
        EQUAL(run_user(PAGE(40) + 0x200, 0), PAGE(40) + 0x205);
    }
}

static void limits(void)
{
    PLACE(PAGE(40), increments);
    PLACE(PAGE(40) + 0x100, long_instruction);
    for (unsigned n = 0; n < 1000; n++) {
        unsigned limit = n % 3 ? 0xfff : n % 24, size = n % 5 ? SEGMENT_32 : SEGMENT_16;
        test_segments(PAGE(40), limit, size);
        uint32_t got = run_segment(0, 0, 0x800), expected = limit < 24 ? limit + 1 : 24;
        EQUAL(got, expected);
        EQUAL(small.vector, limit < 24 ? EXC_GP : EXC_BP);
        EQUAL(small.eip, limit < 24 ? limit + 1 : 25);
        unsigned within = n % 7;
        test_segments(PAGE(40), 0x100 + within, SEGMENT_32);
        EQUAL(run_segment(0x100, 0, 0x800), within < 5 ? 1 : 0x11223344);
        EQUAL(small.vector, within < 6 ? EXC_GP : EXC_BP);
        EQUAL(small.eip, 0x100 + (within < 5 ? 1 : within < 6 ? 6 : 7));
    }
}

static void data_segments(void)
{
    PLACE(PAGE(40), read_data);
    store32(PAGE(42) + 0x10, 42);
    store32(PAGE(45) + 0x10, 45);
    for (unsigned n = 0; n < 1000; n++) {
        bool other = n < 500 ? n & 1 : n / 50 & 1, outside = n % 11 == 7;
        test_segments(PAGE(40), 0xffff, SEGMENT_32);
        set_segment(DATA_TEST, PAGE(other ? 45 : 42), outside ? 0x12 : 0xff, ACCESS_DATA3,
                    SEGMENT_32);
        uint32_t got = run_segment(0, 77, 0x800);
        EQUAL(small.vector, outside ? EXC_GP : EXC_BP);
        EQUAL(got, outside ? 0 : other ? 45 : 42);
        EQUAL(small.ecx, outside ? 77 : 3);
    }
}

static void small_code(void)
{
    PLACE(PAGE(40), small_self);
    PLACE(PAGE(40) + 0x100, small_push);
    for (unsigned n = 0; n < 1000; n++) {
        test_segments(PAGE(40), 0xffff, SEGMENT_16);
        set_segment(DATA_TEST, PAGE(40), 0xffff, ACCESS_DATA3, SEGMENT_16);
        EQUAL(run_segment(0, n, 0x800), n & 0xff);
        /* The stack wraps at 64 KiB, the upper half of ESP stays. */
        set_segment(STACK_TEST, PAGE(43), 0xffff, ACCESS_DATA3, n % 3 ? SEGMENT_16 : SEGMENT_32);
        uint32_t esp = n % 3 ? 0xabcd0ffe : 0xffe;
        EQUAL(run_segment(0x100, 0x55667788 + n, esp), (0x7788 + n) & 0xffff);
        EQUAL(small.edx, 0x55667788 + n);
        EQUAL(small.esp, esp);
        EQUAL(small.ebx, 0xffe);
    }
}

void smc_segments(void)
{
    sizes_and_bases();
    limits();
    data_segments();
    small_code();
    reset_tables();
}

/* ---- privilege ------------------------------------------------------------------------------- */

CODE(who_am_i, "mov eax, cs; and eax, 3; cli; add eax, 16; int3");
CODE(store_at, "mov [eax], cl; int3");

static void level_run(unsigned level)
{
    state_init(&small, (void *)PAGE(46), PAGE(48), level);
    state_run(&small);
    EQUAL(small.vector, level ? EXC_GP : EXC_BP);
    EQUAL(small.eax, level ? 3 : 16);
    EQUAL(small.eip, PAGE(46) + (level ? 5 : 10) - 0u);
}

void smc_privilege(void)
{
    PLACE(PAGE(46), who_am_i);
    for (unsigned n = 0; n < 2000; n++)
        level_run(n < 1000 ? n & 1 ? 3 : 0 : n / 100 & 1 ? 3 : 0);
    /* Level 3 changes what level 0 runs, and the other way round. */
    PLACE(PAGE(47), store_at);
    place_number(PAGE(49), 1);
    PLACE(PAGE(50), two_sizes);
    for (unsigned n = 0; n < 1000; n++) {
        state_init(&small, (void *)PAGE(47), PAGE(61), 3);
        small.eax = PAGE(49) + 1;
        small.ecx = n;
        state_run(&small);
        EQUAL(small.vector, EXC_BP);
        EQUAL(run_hot(PAGE(49), n % 100 ? 1 : HOT), (n & 0xff) * (n % 100 ? 1 : HOT));
        store8(PAGE(50) + 1, (uint8_t)n);
        EQUAL(run_user(PAGE(50), 0), 0x40401201 + (n & 0xff));
    }
}

/* ---- A20 ------------------------------------------------------------------------------------- */

static void a20(bool on)
{
    outb(0x92, (uint8_t)((inb(0x92) & ~3u) | (on ? 2 : 0)));
    set_cr3(cr3());
}

/* Two frames one megabyte apart become one. */
void smc_a20(void)
{
    uint32_t even = FRAME(52), odd = FRAME(52) + 0x100000;
    a20(true);
    place_number(even, 1);
    place_number(odd, 2);
    map(PAGE(52), odd, RWX);
    for (unsigned n = 0; n < 200; n++) {
        a20(true);
        EQUAL(run_hot(PAGE(52), n % 20 ? 2 : HOT), 2 * (n % 20 ? 2 : HOT));
        EQUAL(call0(odd), 2);
        EQUAL(call0(even), n == 0 ? 1 : 0x100 + n - 1);
        a20(false);
        EQUAL(run_hot(PAGE(52), n % 20 ? 2 : HOT),
              (n == 0 ? 1 : 0x100 + n - 1) * (n % 20 ? 2 : HOT));
        EQUAL(call0(odd), call0(even));
        store32(odd + 1, 0x100 + n);
        EQUAL(call0(PAGE(52)), 0x100 + n);
        EQUAL(call0(even), 0x100 + n);
    }
    a20(true);
    EQUAL(call0(PAGE(52)), 2);
}
