// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code: returns into what has changed, handlers that change what they return to.
#include "smc.h"

/* ---- returns --------------------------------------------------------------------------------- */

/* ECX into the immediate behind the CALL. */
CODE(change_site, "call 1f; 2: mov eax, 0; ret; 1: mov edx, [esp]; mov [edx + 1], ecx; ret");
/* The return address moves by ECX bytes: INC EAX, four times. */
CODE(move_return,
     "xor eax, eax; call 1f; inc eax; inc eax; inc eax; inc eax; ret; 1: add [esp], ecx; ret");
/* PUSH and RET; a CALL that never returns; RET 8. */
CODE(odd_returns,
     "push ebx; mov ebx, esp; call 1f; 1: pop edx; lea edx, [edx + 2f - 1b]; push edx; ret; int3;"
     "2: call 3f; int3; 3: add esp, 4; push 1; push 2; call 4f; mov eax, esp; sub eax, ebx;"
     "add eax, ecx; pop ebx; ret; 4: ret 8");
/* Two stacks take turns, so that RETs do not meet their CALLs. */
CODE(coroutines,
     "push ebx; push esi; mov ebx, 0x4003d800; xor eax, eax; call co_here; co_here: pop edx;"
     "lea esi, [edx + co_other - co_here]; mov [ebx], esi; 1: call 3f; add eax, ecx; dec ecx; jnz "
     "1b;"
     "pop esi; pop ebx; ret;"
     "3: xchg esp, ebx; ret;"
     "co_other: call 6f; add eax, 0x10000; call 6f; add eax, 0x20000; jmp co_other;"
     "6: xchg esp, ebx; ret");

static void sites(void)
{
    PLACE(PAGE(1), change_site);
    PLACE(PAGE(2), move_return);
    for (uint32_t n = 0; n < 3000; n++) {
        uint32_t value = n < 1500 ? n : n / 100;
        if (!EQUAL(call_code((void *)PAGE(1), 0, value), value))
            return;
        if (!EQUAL(call_code((void *)PAGE(2), 0, value % 5), 4 - value % 5))
            return;
    }
}

/* ECX deep; at the bottom EAX becomes the number that all returns add. */
static uint32_t find32(uint32_t from, uint32_t size, uint32_t value)
{
    for (uint32_t n = 0; n < size; n++)
        if (load32(from + n) == value)
            return from + n;
    return 0;
}
CODE(descend,
     "test ecx, ecx; jz 1f; dec ecx; call descend; add eax, 0x01010101; ret; 1: mov [edx], eax;"
     "xor eax, eax; ret");
CODE(descend_start, "mov edx, descend_site; call descend; ret");
uint32_t descend_site;

static void depths(void)
{
    uint32_t code = PAGE(3), length = (uint32_t)(descend_end - descend);
    place(code, descend, descend_end);
    descend_site = find32(code, length, 0x01010101);
    if (!CHECK(descend_site != 0))
        return;
    /* The start calls the original; a copy is called by a relative CALL that reaches it. */
    PLACE(code + 0x100, descend_start);
    uint32_t rel = code + 0x100 + 7;
    store32(rel, code - (rel + 4));
    for (uint32_t n = 1; n < 400; n++) {
        uint32_t depth = n % 60;
        if (!EQUAL(call_code((void *)(code + 0x100), n, depth), depth * n))
            return;
    }
}

static void odd(void)
{
    PLACE(PAGE(4), odd_returns);
    PLACE(PAGE(5), coroutines);
    for (uint32_t n = 0; n < 1000; n++) {
        EQUAL(call_code((void *)PAGE(4), 0, n), n);
        uint32_t count = 1 + n % 50, expected = count * (count + 1) / 2;
        /* Before each return to the first stack the second one has added, not the first time. */
        for (uint32_t k = 1; k < count; k++)
            expected += k & 1 ? 0x10000 : 0x20000;
        if (!EQUAL(call_code((void *)PAGE(5), 0, count), expected))
            return;
    }
}

/* The caller's page is another one when the callee returns. */
CODE(remap_caller, "xor dword ptr [eax], 0x1000; invlpg [0x40006000]; ret");
CODE(remapped_caller, "push ebx; mov ebx, remap_caller_at; call ebx; mov eax, 1; pop ebx; ret");
uint32_t remap_caller_at = (uint32_t)remap_caller;

static void remapped(void)
{
    for (unsigned n = 0; n < 2; n++) {
        PLACE(FRAME(6 + n), remapped_caller);
        store8(FRAME(6 + n) + 10, (uint8_t)(n + 1));
    }
    EQUAL(load8(FRAME(6) + 9), 0xb8);
    map(PAGE(6), FRAME(6), RWX);
    for (unsigned n = 0; n < 2000; n++)
        if (!EQUAL(call_code((void *)PAGE(6), (uint32_t)map_entry(PAGE(6)), 0), n & 1 ? 1 : 2))
            return;
}

void smc_returns(void)
{
    sites();
    depths();
    odd();
    remapped();
}

/* ---- handlers -------------------------------------------------------------------------------- */

CODE(call_handler, "int 0x30; mov eax, 0; ret");
CODE(undefined, "mov eax, 1; ud2; add eax, 2; ret");
CODE(divides, "mov eax, 100; xor edx, edx; .byte 0xf7, 0xf1; ret"); /* DIV ECX */
/* Until the handler makes NOPs of the jump. */
CODE(wait_changed, "mov eax, 0; sti; 1: jmp 1b; cli; ret");
CODE(wait_long,
     "mov eax, 0; sti; 1: add eax, 1; mov edx, eax; call 2f; jmp 1b; 2: ret; nop; nop; nop");
CODE(wait_flag, "sti; 1: cmp dword ptr handler_flag, 0; je 1b; cli; mov eax, 5; ret");
uint32_t handler_flag;
static uint32_t handler_value, handler_at;

static bool change_behind(struct frame *f)
{
    if (f->vector == SYSCALL)
        store32(f->eip + 1, ++handler_value);
    else if (f->vector == EXC_UD)
        store8(f->eip, 0x90), store8(f->eip + 1, 0x90);
    else if (f->vector == EXC_DE)
        store8(f->eip + 1, 0xf9); /* IDIV ECX */
    else
        return false;
    if (f->vector == EXC_DE)
        f->ecx = 5;
    return true;
}

static void by_exceptions(void)
{
    hook = change_behind;
    handler_value = 0;
    PLACE(PAGE(8), call_handler);
    PLACE(PAGE(9), undefined);
    PLACE(PAGE(10), divides);
    for (unsigned n = 0; n < 1000; n++) {
        EQUAL(call0(PAGE(8)), n + 1);
        if (n % 10 == 0)
            store8(PAGE(9) + 5, 0x0f), store8(PAGE(9) + 6, 0x0b);
        EQUAL(call0(PAGE(9)), 3);
        EQUAL(call_code((void *)PAGE(10), 0, n % 7), n % 7 ? 100 / (n % 7) : 20);
    }
}

/* The PIT's line as vector 40h, some hundred times a second. */
static void timer(bool on)
{
    static const uint8_t words[][2] = {
        { 0x20, 0x11 }, { 0x21, IRQ_BASE }, { 0x21, 4 }, { 0x21, 1 }
    };
    for (unsigned n = 0; n < 4; n++)
        outb(words[n][0], words[n][1]);
    outb(0x43, 0x34);
    outb(0x40, 0x00);
    outb(0x40, 0x08);
    outb(0x21, on ? 0xfe : 0xff);
}

static bool change_loop(struct frame *f)
{
    if (f->vector != IRQ_BASE)
        return false;
    outb(0x20, 0x20);
    handler_flag++;
    if (handler_at)
        store8(handler_at, 0x90), store8(handler_at + 1, 0x90);
    return true;
}

static void by_timer(void)
{
    hook = change_loop;
    timer(true);
    for (unsigned n = 0; n < 20; n++) {
        uint32_t end = PLACE(PAGE(11), wait_changed);
        handler_at = end - 4; /* JMP, CLI, RET */
        EQUAL(load8(handler_at), 0xeb);
        EQUAL(call0(PAGE(11)), 0);
        /* JMP becomes two NOPs; what follows returns to the caller with IF set. */
        end = PLACE(PAGE(12), wait_long);
        handler_at = end - 6;
        EQUAL(load8(handler_at), 0xeb);
        CHECK(call0(PAGE(12)) > 0);
        __asm__ volatile("cli");
        handler_at = 0;
        handler_flag = 0;
        EQUAL(call0((uint32_t)wait_flag), 5);
    }
    timer(false);
    hook = NULL;
}

void smc_handlers(void)
{
    by_exceptions();
    by_timer();
}

/* ---- what the processor itself writes -------------------------------------------------------- */

/* A page table entry as the immediate of hot code: its A and D bits are set by accesses. */
static void accessed_and_dirty(void)
{
    uint32_t table = FRAME(56), *pde = &page_directory[0x102], code = PAGE(56) + 0x100 * 4 - 1;
    uint32_t entry = FRAME(57) | RWX, page = (0x102u << 22) + (0x100 << 12);
    memset((void *)table, 0, 4096);
    *pde = table | RWX;
    place_number(code, 0);
    for (unsigned n = 0; n < 300; n++) {
        store32(table + 0x400, entry);
        set_cr3(cr3());
        EQUAL(run_hot(code, n % 50 ? 2 : HOT), entry * (n % 50 ? 2 : HOT));
        (void)load8(page);
        EQUAL(call0(code), entry | PTE_A);
        store8(page, 1);
        EQUAL(call0(code), entry | PTE_A | PTE_D);
    }
    *pde = 0;
    set_cr3(cr3());
}

/* A descriptor as code: MOV AL,type; RET. Its accessed bit is set when FS is loaded. */
static void accessed_descriptor(void)
{
    uint32_t code = (uint32_t)&gdt[FS_TEST / 8] + 4;
    for (unsigned n = 0; n < 300; n++) {
        set_segment(FS_TEST, 0xb00000, 0x3ffff, 0xf2, SEGMENT_32 | SEGMENT_PAGES);
        EQUAL(load8(code + 2), 0xc3);
        EQUAL(run_hot(code, n % 50 ? 2 : HOT), 0xf2 * (n % 50 ? 2 : HOT));
        __asm__ volatile("movw %w0, %%fs" : : "r"(FS_TEST));
        EQUAL(call0(code), 0xf3);
    }
    __asm__ volatile("movw %w0, %%fs" : : "r"(0));
}

void smc_tables(void)
{
    accessed_and_dirty();
    accessed_descriptor();
}
