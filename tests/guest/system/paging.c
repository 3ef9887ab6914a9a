// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// 32-bit paging: error codes, A and D bits, WP, page-crossing accesses, implicit accesses.
#include "paging.h"

uint32_t directory[1024] __attribute__((aligned(4096))),
    table[2][1024] __attribute__((aligned(4096)));
uint32_t test_address, test_value;

CODE(page_read, "mov ecx, test_address; mov eax, [ecx]; mov test_value, eax");
CODE(page_write, "mov ecx, test_address; mov eax, test_value; mov [ecx], eax");
CODE(page_call, "call dword ptr test_address");
CODE(page_modify, "mov ecx, test_address; add dword ptr [ecx], 1");
CODE(user_read, "mov ecx, test_address; mov eax, [ecx]; int 0x30");
CODE(user_write, "mov ecx, test_address; mov [ecx], eax; int 0x30");
CODE(user_call, "call dword ptr test_address; int 0x30");
CODE(read_limited, "mov ecx, test_address; mov eax, 0xa0; mov es, ax; mov eax, es:[ecx]");
CODE(user_load_segment, "mov eax, 0x1003; mov es, ax; int 0x30");
CODE(movs_across, "mov esi, test_address; mov edi, 0x500000; mov ecx, 4; rep movsb");

void map(uint32_t bits)
{
    table[1][TEST_PAGE >> 12 & 1023] = FRAME | bits;
    set_cr3(directory);
}

uint32_t entry(void)
{
    return *(volatile uint32_t *)&table[1][TEST_PAGE >> 12 & 1023];
}

int as_user(void (*code)(void))
{
    return try_user(code, EFLAGS_IF);
}

void expect(int (*try)(void (*)(void)), void (*code)(void), uint32_t address, int vector,
            uint32_t error)
{
    test_address = address;
    EQUAL(try(code), vector);
    if (vector == EXC_PF) {
        EQUAL(last.error, error);
        EQUAL(last_cr2, address);
    }
}
#define AT (TEST_PAGE + 0x10)

void paging_start(void)
{
    for (unsigned n = 0; n < 2048; n++)
        table[n / 1024][n % 1024] = n << 12 | P | W | U;
    for (unsigned n = 0; n < 1024; n++)
        directory[n] = 0;
    directory[0] = (uint32_t)table[0] | P | W | U;
    directory[1] = (uint32_t)table[1] | P | W | U;
    set_cr3(directory);
    set_cr0(CR0_PG, 0);
}

TEST(page_absent, "SDM 3A 4.7")
{
    paging_start();
    map(0);
    expect(try_call, page_read, AT, EXC_PF, 0);
    expect(try_call, page_write, AT, EXC_PF, 2);
    expect(try_call, page_modify, AT, EXC_PF, 2);
    expect(try_call, page_call, AT, EXC_PF, 0); /* no NX: no I/D */
    EQUAL(last.eip, AT);
    expect(as_user, user_read, AT, EXC_PF, 4);
    expect(as_user, user_write, AT, EXC_PF, 6);
    expect(as_user, user_call, AT, EXC_PF, 4);
    EQUAL(entry(), FRAME);
    expect(try_call, page_read, 0x40000010, EXC_PF, 0); /* no table at all */
    expect(try_call, page_write, 0xfffffffc, EXC_PF, 2);
}

TEST(page_fault_pushes_rf, "SDM 3B 17.3.1.1")
{
    paging_start();
    map(0);
    expect(try_call, page_read, AT, EXC_PF, 0);
    EQUAL(last.eflags & EFLAGS_RF, EFLAGS_RF);
}

/* Rights are those of both levels; R/W does not bind level 0 while CR0.WP is clear. */
TEST(page_rights, "SDM 3A 4.6.1, 4.7")
{
    paging_start();
    for (unsigned rights = 0; rights < 16; rights++) {
        uint32_t pte = (rights & 3) << 1, pde = rights >> 2 << 1, both = pte & pde;
        directory[1] = (uint32_t)table[1] | P | pde;
        for (unsigned wp = 0; wp < 2; wp++) {
            set_cr0(wp ? CR0_WP : 0, wp ? 0 : CR0_WP);
            map(P | pte);
            expect(try_call, page_read, AT, -1, 0);
            expect(try_call, page_write, AT, wp && !(both & W) ? EXC_PF : -1, 3);
            expect(as_user, user_read, AT, both & U ? BACK : EXC_PF, 5);
            expect(as_user, user_write, AT, both == (U | W) ? BACK : EXC_PF, 7);
        }
    }
}

TEST(page_accessed_and_dirty, "SDM 3A 4.8")
{
    paging_start();
    map(P | U);
    directory[1] &= ~(uint32_t)A;
    expect(try_call, page_read, AT, -1, 0);
    EQUAL(entry(), FRAME | P | U | A);
    EQUAL(*(volatile uint32_t *)&directory[1] & (A | D), A);
    expect(try_call, page_write, AT, -1, 0); /* CR0.WP is clear */
    EQUAL(entry(), FRAME | P | U | A | D);
    map(P | U);
    expect(as_user, user_write, AT, EXC_PF, 7);
    EQUAL(entry() & D, 0);
    map(P);
    expect(as_user, user_read, AT, EXC_PF, 5);
    map(P | W | U);
    expect(try_call, page_modify, AT, -1, 0);
    EQUAL(entry(), FRAME | P | W | U | A | D);
    map(P | W | U);
    *(volatile uint8_t *)FRAME = 0xc3; /* RET */
    expect(try_call, page_call, TEST_PAGE, -1, 0);
    EQUAL(entry(), FRAME | P | W | U | A);
}

/* A clean page that was read already: the write must find its entry again. */
TEST(page_dirty_after_read, "SDM 3A 4.8, 4.10.4")
{
    paging_start();
    map(P | W);
    for (unsigned n = 0; n < 3; n++) {
        expect(try_call, page_read, AT, -1, 0);
        EQUAL(entry() & D, 0);
        expect(try_call, page_write, AT, -1, 0);
        EQUAL(entry() & D, D);
        table[1][TEST_PAGE >> 12 & 1023] = FRAME | P | W | A;
        invlpg(TEST_PAGE);
    }
}

/* WP is no part of what a TLB keeps. */
TEST(page_write_protect_at_once, "SDM 3A 4.6.1, 4.10.2.2")
{
    paging_start();
    map(P);
    for (unsigned n = 0; n < 3; n++) {
        expect(try_call, page_write, AT, -1, 0);
        set_cr0(CR0_WP, 0);
        expect(try_call, page_write, AT, EXC_PF, 3);
        set_cr0(0, CR0_WP);
    }
}

/* A store across two pages, the second one not writable: nothing may be written. */
TEST(page_crossing_store, "SDM 3A 4.7, 6.5")
{
    paging_start();
    map(0);
    test_address = TEST_PAGE - 2;
    test_value = 0x12345678;
    *(volatile uint16_t *)(TEST_PAGE - 2) = 0xabcd;
    EQUAL(try_call(page_write), EXC_PF);
    EQUAL(last_cr2, TEST_PAGE);
    EQUAL(last.error, 2);
    EQUAL(*(volatile uint16_t *)(TEST_PAGE - 2), 0xabcd);
    map(P | U);
    EQUAL(as_user(user_write), EXC_PF);
    EQUAL(last_cr2, TEST_PAGE);
    EQUAL(last.error, 7);
    EQUAL(*(volatile uint16_t *)(TEST_PAGE - 2), 0xabcd);
    map(P | W);
    EQUAL(try_call(page_write), -1);
    EQUAL(*(volatile uint16_t *)(TEST_PAGE - 2), 0x5678);
    EQUAL(*(volatile uint16_t *)FRAME, 0x1234);
}

TEST(page_crossing_fetch, "SDM 3A 4.7")
{
    static const uint8_t code[] = { 0x90, 0xb8, 0x11, 0x22, 0x33, 0x44, 0xc3 };
    paging_start();
    for (unsigned n = 0; n < sizeof code; n++) {
        uint32_t at = TEST_PAGE - 3 + n;
        store8(at < TEST_PAGE ? at : at - TEST_PAGE + FRAME, code[n]);
    }
    map(0);
    test_address = TEST_PAGE - 3;
    EQUAL(try_call(page_call), EXC_PF);
    EQUAL(last_cr2, TEST_PAGE);
    EQUAL(last.error, 0);
    EQUAL(last.eip, TEST_PAGE - 2); /* the instruction's first byte */
    map(P);
    EQUAL(try_call(page_call), -1);
}

TEST(page_fault_within_string, "SDM 2 REP; SDM 3A 6.5")
{
    paging_start();
    map(0);
    test_address = TEST_PAGE - 2;
    EQUAL(try_call(movs_across), EXC_PF);
    EQUAL(last_cr2, TEST_PAGE);
    EQUAL(last.ecx, 2);
    EQUAL(last.esi, TEST_PAGE);
    EQUAL(last.edi, 0x500002);
    EQUAL(last.eip, (uint32_t)movs_across + 16);
}

/* Tables are read at level 0, whoever asks; and if they have gone, the fault is of level 0, too. */
TEST(page_implicit_supervisor_access, "SDM 3A 4.6, 4.7")
{
    static uint64_t far_gdt[1024] __attribute__((aligned(4096)));
    struct {
        uint16_t limit;
        void *base;
    } __attribute__((packed)) gdtr = { 4096 + 63, far_gdt };
    paging_start();
    for (unsigned n = 0; n < GDT_ENTRIES; n++)
        far_gdt[n] = gdt[n];
    far_gdt[512] = gdt[DATA3 / 8];
    table[0][(uint32_t)far_gdt >> 12] &= ~(uint32_t)U;
    table[0][((uint32_t)far_gdt >> 12) + 1] &= ~(uint32_t)U;
    set_cr3(directory);
    __asm__ volatile("lgdt %0" : : "m"(gdtr));
    EQUAL(as_user(user_load_segment), BACK);
    table[0][((uint32_t)far_gdt >> 12) + 1] &= ~(uint32_t)P;
    set_cr3(directory);
    EQUAL(as_user(user_load_segment), EXC_PF);
    EQUAL(last.error, 0);
    EQUAL(last_cr2, &far_gdt[512]);
}

/* Behind a segment's limit no page is looked at. */
TEST(page_fault_comes_after_limit, "SDM 3A 5.3, 4.7")
{
    paging_start();
    map(0);
    set_segment(FREE_A, TEST_PAGE, 0x12, 0x93, 0x4);
    test_address = 0x10;
    EQUAL(try_call(read_limited), EXC_GP);
    EQUAL(last.error, 0);
    set_segment(FREE_A, TEST_PAGE, 0x13, 0x93, 0x4);
    EQUAL(try_call(read_limited), EXC_PF);
    EQUAL(last_cr2, AT);
}

/* A task's CR3 comes with it. */
CODE(switch_to_b, "call 0x50:0");
CODE(task_b_reads, "mov eax, [0x700010]; mov test_value, eax; iretd");

TEST(task_switch_loads_cr3, "SDM 3A 7.2.1, 7.3")
{
    static uint32_t other_directory[1024] __attribute__((aligned(4096))),
        other_table[1024] __attribute__((aligned(4096)));
    paging_start();
    store32(0x600010, 0x11111111);
    store32(0x500010, 0x22222222);
    map(P | W);
    for (unsigned n = 0; n < 1024; n++) {
        other_directory[n] = directory[n];
        other_table[n] = table[1][n];
    }
    other_directory[1] = (uint32_t)other_table | P | W;
    other_table[TEST_PAGE >> 12 & 1023] = 0x500000 | P;
    tss.cr3 = (uint32_t)directory;
    make_task(task_b_reads);
    tss_b.cr3 = (uint32_t)other_directory;
    EQUAL(try_call(switch_to_b), -1);
    EQUAL(test_value, 0x22222222);
    expect(try_call, page_read, AT, -1, 0);
    EQUAL(test_value, 0x11111111);
}

/* V86 is level 3. */
static const struct iret_frame v86_frame = { 0, 0x1000, EFLAGS_VM | 2, 0x800, 0x1800, 0, 0, 0, 0 };

static void enter_v86(void)
{
    enter_iret(&v86_frame);
}

TEST(page_rights_in_v86, "SDM 3A 4.6, 20.2.4")
{
    store32(0x10000, 0x000000a3); /* MOV [0],AX; HLT */
    store8(0x10003, 0xf4);
    paging_start();
    EQUAL(try_call(enter_v86), EXC_GP);
    EQUAL(last.eip, 3);
    table[0][0x10] &= ~(uint32_t)U;
    set_cr3(directory);
    EQUAL(try_call(enter_v86), EXC_PF);
    EQUAL(last.error, P | U);
    EQUAL(last_cr2, 0x10000);
    table[0][0x10] |= U;
    table[0][0] &= ~(uint32_t)W;
    set_cr3(directory);
    EQUAL(try_call(enter_v86), EXC_PF);
    EQUAL(last.error, P | W | U);
    EQUAL(last_cr2, 0);
}

/* Bits of CR3 and of entries that decide over caches, or nothing. */
TEST(page_ignored_bits, "SDM 3A 4.3, tables 4-3 to 4-6")
{
    uint32_t cr3;
    paging_start();
    __asm__ volatile("movl %1, %%cr3; movl %%cr3, %0"
                     : "=r"(cr3)
                     : "r"((uint32_t)directory | 0x18)
                     : "memory");
    EQUAL(cr3 & 0xffffff18, (uint32_t)directory | 0x18);
    store32(FRAME + 0x10, 0x600d600d);
    for (unsigned bits = 0; bits < 32; bits++) {
        uint32_t ignored = (bits & 3) << 3 | (bits >> 2) << 9; /* PWT, PCD, available */
        directory[1] = (uint32_t)table[1] | P | W | ignored;
        map(P | W | ignored | (has(HAS_PAT) ? 0x80 : 0));
        expect(try_call, page_read, AT, -1, 0);
        EQUAL(test_value, 0x600d600d);
        EQUAL(entry() & 0xe18, ignored);
    }
}

CODE(exchange_unequal, "mov ecx, test_address; xor eax, eax; mov edx, 5; cmpxchg [ecx], edx");
CODE(exchange_add_zero, "mov ecx, test_address; xor eax, eax; xadd [ecx], eax");
CODE(move_if_not, "mov ecx, test_address; xor eax, eax; cmovnz eax, [ecx]");
CODE(test_bit_far, "mov ecx, test_address; mov eax, 32768; bts dword ptr [ecx - 4096], eax");
CODE(shift_by_zero, "mov edx, test_address; xor ecx, ecx; shl dword ptr [edx], cl");

/* Instructions that write, or read, whether or not it changes anything. */
TEST(page_accesses_of_no_effect, "SDM 2 CMPXCHG, XADD, CMOVcc, BTS; SDM 3A 4.8")
{
    static void (*const writers[])(void) = { exchange_unequal, exchange_add_zero, test_bit_far };
    paging_start();
    set_cr0(CR0_WP, 0);
    store32(FRAME + 0x10, 1);
    for (unsigned n = 0; n < ARRAY_SIZE(writers); n++) {
        map(P);
        expect(try_call, writers[n], AT, EXC_PF, P | W);
        EQUAL(entry() & D, 0);
        map(P | W);
        expect(try_call, writers[n], AT, -1, 0);
        EQUAL(entry() & D, D);
    }
    map(0);
    test_address = AT;
    if (has(HAS_CMOV)) {
        EQUAL(try_call(move_if_not), EXC_PF); /* ZF is set: nothing moves */
        EQUAL(last.error, 0);
    }
    EQUAL(try_call(shift_by_zero), EXC_PF);
}
