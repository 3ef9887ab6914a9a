// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code that is none: data on the page of hot code, at all distances.
#include "smc.h"

enum { ROUNDS = 4000, CODE_AT = 0x400 };

/* EAX: the data. ECX: rounds. */
CODE(mixed_add,
     "mov ebx, eax; xor eax, eax; 1: add [ebx], ecx; add eax, [ebx]; dec ecx; jnz 1b; ret");
CODE(mixed_bytes,
     "mov ebx, eax; xor eax, eax; 1: mov [ebx], cl; mov [ebx + 1], cx; mov [ebx + 3], ch;"
     "rol eax, 1; xor eax, [ebx]; dec ecx; jnz 1b; ret");
CODE(mixed_stack, "mov ebx, esp; lea esp, [eax + 16]; xor eax, eax; 1: push ecx; push eax; pop eax;"
                  "pop edx; add eax, edx; dec ecx; jnz 1b; mov esp, ebx; ret");
CODE(mixed_calls, "mov ebx, esp; lea esp, [eax + 16]; xor eax, eax; 1: call 2f; dec ecx; jnz 1b;"
                  "mov esp, ebx; ret; 2: add eax, ecx; call 3f; ret; 3: xor eax, ecx; ret");
CODE(mixed_strings,
     "mov ebx, eax; xor eax, eax; 1: mov edx, ecx; mov edi, ebx; mov ecx, 3; rep stosd;"
     "lea esi, [edi - 12]; lea edi, [esi + 4]; movsd; add eax, [ebx + 4]; mov ecx, edx;"
     "add eax, ecx; dec ecx; jnz 1b; ret");
CODE(mixed_x87, "mov ebx, eax; fldz; 1: fld1; faddp; fst qword ptr [ebx]; fist dword ptr [ebx + 8];"
                "dec ecx; jnz 1b; fstp st(0); mov eax, [ebx + 8]; add eax, [ebx + 4]; ret");
CODE(mixed_sse,
     "mov ebx, eax; xor eax, eax; xorps xmm0, xmm0; 1: movups [ebx], xmm0; add [ebx + 4], ecx;"
     "movups xmm0, [ebx]; add eax, [ebx + 4]; dec ecx; jnz 1b; ret");
CODE(
    mixed_rmw,
    "mov ebx, eax; xor eax, eax; 1: lock xadd [ebx], ecx; lock sub [ebx], ecx; xchg eax, [ebx + 4];"
    "not byte ptr [ebx + 8]; rol dword ptr [ebx + 4], 3; lea eax, [eax + ecx + 7]; sub dword ptr "
    "[ebx + 12], 1;"
    "mov ecx, [ebx + 12]; and ecx, ecx; jns 1b; ret");

static const struct {
    const char *name;
    uint8_t *code, *end;
} loops[] = {
#define LOOP(name) { #name, name, name##_end },
    LOOP(mixed_add) LOOP(mixed_bytes) LOOP(mixed_stack) LOOP(mixed_calls) LOOP(mixed_strings)
        LOOP(mixed_x87) LOOP(mixed_sse) LOOP(mixed_rmw)
};

static uint32_t run_at(unsigned k, uint32_t page, uint32_t data)
{
    uint32_t from = page + CODE_AT;
    place(from, loops[k].code, loops[k].end);
    for (unsigned n = 0; n < 16; n += 4)
        store32(data + n, n == 12 ? ROUNDS : 0);
    return call_code((void *)from, data, ROUNDS);
}

/* What they compute with their data elsewhere they compute with it beside them. */
static void distances(void)
{
    for (unsigned k = 0; k < ARRAY_SIZE(loops); k++) {
        uint32_t length = (uint32_t)(loops[k].end - loops[k].code);
        uint32_t at[] = { 0,
                          CODE_AT - 64,
                          CODE_AT - 16,
                          CODE_AT + length,
                          (CODE_AT + length + 63) & ~63u,
                          CODE_AT + 0x400,
                          4096 - 16,
                          4096 - 6 };
        uint32_t expected = run_at(k, PAGE(8), PAGE(10));
        for (unsigned n = 0; n < ARRAY_SIZE(at); n++) {
            /* Stores that are addressed otherwise than the code is. */
            check_equal(run_at(k, PAGE(8), PAGE(8) + at[n]), expected, loops[k].name, "same page",
                        (int)n);
            if (at[n] + 16 <= 4096)
                check_equal(run_at(k, PAGE(8), FRAME(8) + at[n]), expected, loops[k].name,
                            "another address", (int)n);
        }
    }
}

/* Data within the code, jumped over. */
CODE(mixed_within,
     "xor eax, eax; jmp 2f; 1: .long 0; 2: call 3f; 3: pop edx; 4: add [edx + 1b - 3b], ecx;"
     "xor eax, [edx + 1b - 3b]; dec ecx; jnz 4b; ret");
/* Among much data a routine, which changes now and then. */
CODE(mixed_changing,
     "mov ebx, eax; xor eax, eax; 1: mov [ebx + 0x800], ecx; mov [ebx + 0x20], ecx; call ebx;"
     "test cl, 63; jnz 2f; add byte ptr [ebx + 2], 1; 2: dec ecx; jnz 1b; ret");
CODE(add_one, "add eax, 1; ret");

static void within(void)
{
    uint32_t sum = 0, expected = 0;
    PLACE(PAGE(11), mixed_within);
    for (uint32_t n = 2000; n > 0; n--) {
        sum += n;
        expected ^= sum;
    }
    EQUAL(call_code((void *)PAGE(11), 0, 2000), expected);
    PLACE(PAGE(12), add_one);
    PLACE(PAGE(12) + 0x100, mixed_changing);
    expected = 0;
    for (uint32_t n = 3000, add = 1; n > 0; n--) {
        expected += add;
        add += n % 64 == 0;
    }
    EQUAL(call_code((void *)(PAGE(12) + 0x100), PAGE(12), 3000), expected);
}

/* Many short routines on the page, data between them, all hot; then one of them changes. */
static void many(void)
{
    uint32_t sum = 0;
    for (unsigned n = 0; n < 64; n++) {
        place_number(PAGE(13) + n * 64, n);
        sum += n;
    }
    for (unsigned round = 0; round < 100; round++) {
        uint32_t got = 0, changed = PAGE(13) + round * 37 % 64 * 64;
        for (unsigned n = 0; n < 64; n++) {
            got += call0(PAGE(13) + n * 64);
            store32(PAGE(13) + n * 64 + 32, got);
        }
        EQUAL(got, sum);
        store32(changed + 1, load32(changed + 1) + round);
        sum += round;
    }
}

void smc_mixed(void)
{
    __asm__ volatile("fninit");
    distances();
    within();
    many();
}
