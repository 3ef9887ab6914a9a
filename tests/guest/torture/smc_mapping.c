// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code by page tables: one frame at two addresses, two frames at one address, code
// that remaps itself, address spaces, large and global pages.
#include "smc.h"

CODE(tell_address, "call 1f; 1: pop eax; ret");
/* Runs on into the next page. */
CODE(fall_through, "mov eax, 5; nop");
CODE(next_returns, "shl eax, 4; add eax, 1; ret");
/* ECX into what comes next, written one page further up, where the same frame is seen. */
CODE(change_by_alias,
     "call 1f; 1: pop edx; mov [edx + 4096 + 2f - 1b + 1], ecx; jmp 2f; 2: mov eax, 0; ret");

/* ---- one frame, two addresses ---------------------------------------------------------------- */

static void write_and_run(uint32_t a, uint32_t b)
{
    uint32_t at[] = { a, b, FRAME(20) };
    place_number(a + 0x50, 0);
    for (uint32_t n = 0; n < 1500; n++) {
        store32(at[n % 3] + 0x51, n);
        if (n % 100 == 0)
            EQUAL(run_hot(at[n / 100 % 3] + 0x50, HOT), n * HOT);
        for (unsigned k = 0; k < 3; k++)
            if (!EQUAL(call0(at[k] + 0x50), n))
                return;
    }
}

/* The same bytes run at two addresses; what follows them differs. */
static void next_pages(void)
{
    uint32_t a = PAGE(24), b = PAGE(28);
    for (unsigned n = 0; n < 2; n++) {
        map(n ? b : a, FRAME(24), RWX);
        map((n ? b : a) + 4096, FRAME(25 + n), RWX);
        PLACE((n ? b : a) + 4096, next_returns);
        store8((n ? b : a) + 4096 + 5, (uint8_t)(n + 1));
        PLACE((n ? b : a) + 4096 - 6, fall_through);
    }
    for (unsigned n = 0; n < 2000; n++)
        if (!EQUAL(call0((n & 1 ? b : a) + 4096 - 6), 0x51 + (n & 1)))
            return;
    EQUAL(run_hot(a + 4090, HOT), 0x51 * HOT);
    EQUAL(run_hot(b + 4090, HOT), 0x52 * HOT);
    map(a + 4096, FRAME(26), RWX);
    EQUAL(run_hot(a + 4090, HOT), 0x52 * HOT);
    map(b + 4096, FRAME(25), RWX);
    EQUAL(run_hot(b + 4090, HOT), 0x51 * HOT);
}

void smc_aliases(void)
{
    map(PAGE(20), FRAME(20), RWX);
    map(PAGE(21), FRAME(20), RWX);
    write_and_run(PAGE(20), PAGE(21));
    PLACE(PAGE(20) + 0x80, tell_address);
    for (unsigned n = 0; n < 1000; n++) {
        uint32_t at = (n & 1 ? PAGE(20) : PAGE(21)) + 0x80;
        EQUAL(call0(at), at + 5);
    }
    EQUAL(call0(FRAME(20) + 0x80), FRAME(20) + 0x85);
    PLACE(PAGE(20) + 0x100, change_by_alias);
    for (uint32_t n = 0; n < 2000; n++)
        if (!EQUAL(call_code((void *)(PAGE(20) + 0x100), 0, n), n))
            return;
    next_pages();
}

/* ---- two frames, one address ----------------------------------------------------------------- */

/* EAX: the entry; ECX: what is added to it. The code goes on in the other frame. */
CODE(remap_itself, "xor [eax], ecx; invlpg [eip_of_page]; mov eax, 1; ret");
CODE(remap_itself_cr3, "xor [eax], ecx; mov edx, cr3; mov cr3, edx; mov eax, 1; ret");
extern char eip_of_page[];
__asm__(".globl eip_of_page\n.set eip_of_page, 0x40000000 + 32 * 4096");

static void under_running_code(uint8_t *code, uint8_t *end)
{
    uint32_t frames[] = { FRAME(32), FRAME(33) };
    uint32_t number = (uint32_t)(end - code) - 5; /* of MOV EAX's immediate */
    for (unsigned n = 0; n < 2; n++) {
        place(frames[n], code, end);
        store32(frames[n] + number, n + 1);
    }
    map(PAGE(32), frames[0], RWX);
    for (unsigned n = 0; n < 2000; n++) {
        uint32_t got =
            call_code((void *)PAGE(32), (uint32_t)map_entry(PAGE(32)), frames[0] ^ frames[1]);
        if (!EQUAL(got, n & 1 ? 1 : 2))
            return;
    }
}

static void alternate(void)
{
    place_number(FRAME(34), 34);
    place_number(FRAME(35), 35);
    for (unsigned n = 0; n < 3000; n++) {
        unsigned k = n < 1500 ? n & 1 : n / 100 & 1;
        if (n % 2)
            map(PAGE(34), FRAME(34 + k), RWX);
        else {
            *map_entry(PAGE(34)) = FRAME(34 + k) | RWX;
            set_cr3(cr3());
        }
        if (!EQUAL(call0(PAGE(34)), 34 + k))
            return;
        if (n % 300 == 0)
            EQUAL(run_hot(PAGE(34), HOT), (34 + k) * HOT);
    }
}

/* EAX: the entry of the page that is called. Each round the other of two frames lies there. */
CODE(remap_callee,
     "push esi; push edi; mov esi, eax; xor edi, edi; 1: xor dword ptr [esi], 0x1000;"
     "invlpg [eip_of_page + 0x4000]; call eip_of_page + 0x4000; add edi, eax; dec ecx;"
     "jnz 1b; mov eax, edi; pop edi; pop esi; ret");

static void callee(void)
{
    place_number(FRAME(36), 3);
    place_number(FRAME(37), 1000);
    map(PAGE(36), FRAME(36), RWX);
    /* CALL is relative: it runs where it was assembled. */
    EQUAL(call_code(remap_callee, (uint32_t)map_entry(PAGE(36)), 2000), 1000 * 1003);
}

static uint32_t present_frame;

static bool make_present(struct frame *f)
{
    if (f->vector != EXC_PF)
        return false;
    *map_entry(last_cr2) = present_frame | RWX; /* no flush: there was nothing to remember */
    return true;
}

static void appearing(void)
{
    hook = make_present;
    place_number(FRAME(38), 38);
    place_number(FRAME(39), 39);
    for (unsigned n = 0; n < 500; n++) {
        map(PAGE(38), 0, 0);
        present_frame = FRAME(38 + n % 2);
        if (!EQUAL(call0(PAGE(38)), 38 + n % 2))
            return;
    }
    hook = NULL;
}

void smc_remap(void)
{
    under_running_code(remap_itself, remap_itself_end);
    under_running_code(remap_itself_cr3, remap_itself_cr3_end);
    alternate();
    callee();
    appearing();
}

/* ---- address spaces -------------------------------------------------------------------------- */

static uint32_t other_directory[1024] __attribute__((aligned(4096))),
    other_table[1024] __attribute__((aligned(4096)));

CODE(read_and_fall, "mov eax, [eip_of_page + 0x9000]; nop");
/* EAX, ECX: two values for CR3; what follows differs between the spaces, what precedes does not. */
CODE(switch_itself,
     "mov cr3, eax; mov edx, 1; mov cr3, ecx; shl edx, 4; add edx, 1; mov eax, edx; ret");

static void make_spaces(void)
{
    memcpy(other_directory, page_directory, sizeof other_directory);
    memcpy(other_table, test_table, sizeof other_table);
    other_directory[TEST_LINEAR >> 22] = (uint32_t)other_table | RWX;
    other_table[40] = FRAME(50) | RWX;
    other_table[41] = FRAME(51) | RWX;
    other_table[42] = FRAME(52) | RWX;
    other_table[43] = FRAME(53) | RWX;
}

/* Page 40 differs; the code on 44 is shared, but not its data on 41, nor its next page, 45. */
static void use_spaces(uint32_t a, uint32_t b)
{
    place_number(FRAME(40), 40);
    place_number(FRAME(50), 50);
    other_table[45] = FRAME(55) | RWX;
    PLACE(FRAME(44) + 4090, read_and_fall);
    PLACE(FRAME(45), next_returns);
    PLACE(FRAME(55), next_returns);
    store8(FRAME(55) + 5, 2);
    store32(FRAME(41), 4);
    store32(FRAME(51), 5);
    for (unsigned n = 0; n < 2000; n++) {
        bool other = n < 1000 ? n & 1 : n / 200 & 1;
        set_cr3(other ? b : a);
        if (!EQUAL(call0(PAGE(40)), other ? 50 : 40) ||
            !EQUAL(call0(PAGE(44) + 4090), other ? 0x52 : 0x41))
            break;
    }
    set_cr3(a);
}

/* It starts in this space, runs a while in the other one, comes back. */
static void switching(uint32_t a, uint32_t b)
{
    PLACE(FRAME(42), switch_itself);
    PLACE(FRAME(52), switch_itself);
    store8(FRAME(52) + 4, 2); /* MOV EDX,2 */
    store8(FRAME(52) + 13, 9);
    for (unsigned n = 0; n < 2000; n++)
        if (!EQUAL(call_code((void *)PAGE(42), b, a), 0x21))
            return;
}

/* Direct jumps from the shared page to the one that differs: JMP, JZ, and CALL with its return. */
static void place_far_jumps(uint32_t at, uint32_t target)
{
    store8(at, 0xe9), store32(at + 1, target - (at + 5));
    store8(at + 0x10, 0x31), store8(at + 0x11, 0xc9); /* XOR ECX,ECX */
    store8(at + 0x12, 0x0f), store8(at + 0x13, 0x84), store32(at + 0x14, target - (at + 0x18));
    store8(at + 0x20, 0xe8), store32(at + 0x21, target - (at + 0x25)), store8(at + 0x25, 0xc3);
}

static bool far_jumps_give(uint32_t at, uint32_t expected)
{
    bool right = true;
    for (uint32_t entry = at; entry <= at + 0x20; entry += 0x10)
        right &= EQUAL(call0(entry), expected);
    return right;
}

/* The target's bytes change now and then, which drops what the jumps led to. */
static void far_jumps(uint32_t a, uint32_t b)
{
    uint32_t at = PAGE(44) + 0x200, number[2] = { 40, 50 };
    place_far_jumps(at, PAGE(40));
    for (unsigned n = 0; n < 3000; n++) {
        unsigned k = n < 1000 ? n & 1 : n / 100 & 1;
        if (n % 70 == 0)
            store32(FRAME(k ? 50 : 40) + 1, number[k] += 0x100);
        set_cr3(k ? b : a);
        if (!far_jumps_give(at, number[k]))
            break;
    }
    place_number(FRAME(40), 40);
    place_number(FRAME(50), 50);
    set_cr3(a);
}

static void global_pages(uint32_t a, uint32_t b)
{
    if (!(cpuid_edx() >> 13 & 1))
        return;
    set_cr4(cr4() | 0x80);
    place_number(FRAME(46), 46);
    place_number(FRAME(47), 47);
    place_far_jumps(PAGE(44) + 0x300, PAGE(46));
    for (unsigned n = 0; n < 400; n++) {
        uint32_t frame = FRAME(46 + n % 2);
        test_table[46] = other_table[46] = frame | RWX | PTE_G;
        if (n % 4 < 3)
            invlpg(PAGE(46));
        else { /* CR4.PGE off and on flushes global pages, too */
            set_cr4(cr4() & ~0x80u);
            set_cr4(cr4() | 0x80);
        }
        set_cr3(n % 3 ? a : b);
        EQUAL(call0(PAGE(46)), 46 + n % 2);
        far_jumps_give(PAGE(44) + 0x300, 46 + n % 2);
        set_cr3(n % 5 ? b : a);
        EQUAL(call0(PAGE(46)), 46 + n % 2);
        far_jumps_give(PAGE(44) + 0x300, 46 + n % 2);
        EQUAL(call0(PAGE(40)), n % 5 ? 50 : 40);
    }
    set_cr3(a);
    set_cr4(cr4() & ~0x80u);
}

void smc_spaces(void)
{
    uint32_t a = cr3(), b = (uint32_t)other_directory;
    make_spaces();
    use_spaces(a, b);
    far_jumps(a, b);
    switching(a, b);
    global_pages(a, b);
}

/* ---- large pages ----------------------------------------------------------------------------- */

enum { LARGE = 0x40400000 };
static uint32_t split_table[1024] __attribute__((aligned(4096)));

void smc_large(void)
{
    uint32_t *pde = &page_directory[LARGE >> 22], at = LARGE + FRAME(48) - FRAMES;
    set_cr4(cr4() | 0x10);
    *pde = FRAMES | RWX | PTE_PS;
    set_cr3(cr3());
    place_number(FRAME(48), 1);
    for (unsigned n = 0; n < 1000; n++) {
        store32((n & 1 ? at : PAGE(48)) + 1, n);
        EQUAL(call0(at), n);
        EQUAL(call0(PAGE(48)), n);
    }
    EQUAL(run_hot(at, HOT), 999 * HOT);
    /* A table in its place, where one page differs; and back. */
    for (unsigned n = 0; n < 1024; n++)
        split_table[n] = (FRAMES + n * 4096) | RWX;
    split_table[48] = FRAME(49) | RWX;
    place_number(FRAME(49), 49);
    place_number(FRAME(48), 48);
    for (unsigned n = 0; n < 300; n++) {
        *pde = n & 1 ? (uint32_t)split_table | RWX : FRAMES | RWX | PTE_PS;
        if (n % 3)
            set_cr3(cr3());
        else
            invlpg(at);
        if (!EQUAL(call0(at), n & 1 ? 49 : 48))
            break;
    }
    /* 4 MiB further up */
    place_number(FRAME(48) + 0x400000, 77);
    *pde = (FRAMES + 0x400000) | RWX | PTE_PS;
    set_cr3(cr3());
    EQUAL(call0(at), 77);
    *pde = 0;
    set_cr3(cr3());
    set_cr4(cr4() & ~0x10u);
}
