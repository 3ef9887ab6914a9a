// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code: every instruction that stores, over code that is hot.
#include "smc.h"

/*
 * The code that is written to: MOV EAX,imm32; RET. EBX points to the immediate, EDI to the whole,
 * which is aligned; ESI to 512 bytes of such code with other numbers. EAX, ECX are random.
 */
uint32_t smc_target;
uint8_t smc_source[512] __attribute__((aligned(64)));

enum { ALWAYS = 0, NEEDS_ECX = 0x80, NEEDS_SSE = 25, NEEDS_SSE2 = 26, NEEDS_MMX = 23 };
enum { NEEDS_SSE3 = NEEDS_ECX | 0, NEEDS_SSE41 = NEEDS_ECX | 19 };

#define PROLOGUE                                                                                   \
    "mov edi, smc_target; lea ebx, [edi + 1]; mov esi, offset smc_source; mov ebp, esp;"
#define STACK_AT(where) "lea esp, [" where "];"

#define WRITERS(W)                                                                                 \
    W(w_mov8, ALWAYS, "mov [ebx], al")                                                             \
    W(w_mov8h, ALWAYS, "mov [ebx + 2], ah")                                                        \
    W(w_mov16, ALWAYS, "mov [ebx + 1], ax")                                                        \
    W(w_mov32, ALWAYS, "mov [ebx], eax")                                                           \
    W(w_mov_imm, ALWAYS, "xor byte ptr [ebx], 0x55; mov byte ptr [ebx + 3], 0x5a")                 \
    W(w_mov_sreg, ALWAYS, "mov [ebx], ds; mov [ebx], gs")                                          \
    W(w_add, ALWAYS, "add [ebx], eax")                                                             \
    W(w_adc, ALWAYS, "adc [ebx], eax")                                                             \
    W(w_sub, ALWAYS, "sub [ebx], eax")                                                             \
    W(w_sbb, ALWAYS, "sbb [ebx], ax")                                                              \
    W(w_and, ALWAYS, "and [ebx], eax")                                                             \
    W(w_or, ALWAYS, "or [ebx], al")                                                                \
    W(w_xor, ALWAYS, "xor [ebx], eax")                                                             \
    W(w_lock_add, ALWAYS, "lock add [ebx], eax")                                                   \
    W(w_inc, ALWAYS, "inc dword ptr [ebx]")                                                        \
    W(w_dec, ALWAYS, "dec byte ptr [ebx + 1]")                                                     \
    W(w_not, ALWAYS, "not dword ptr [ebx]")                                                        \
    W(w_neg, ALWAYS, "neg word ptr [ebx]")                                                         \
    W(w_rol, ALWAYS, "rol dword ptr [ebx], 1")                                                     \
    W(w_rcr, ALWAYS, "rcr word ptr [ebx], cl")                                                     \
    W(w_shl, ALWAYS, "shl dword ptr [ebx], 1")                                                     \
    W(w_sar, ALWAYS, "sar byte ptr [ebx], 3")                                                      \
    W(w_shld, ALWAYS, "shld [ebx], eax, 7")                                                        \
    W(w_shrd, ALWAYS, "shrd [ebx], eax, cl")                                                       \
    W(w_bts, ALWAYS, "and eax, 31; bts [ebx], eax")                                                \
    W(w_btr, ALWAYS, "btr dword ptr [ebx], 5; lock btc dword ptr [ebx], 9")                        \
    W(w_setcc, ALWAYS, "test al, 1; setz [ebx]")                                                   \
    W(w_xchg, ALWAYS, "xchg [ebx], eax")                                                           \
    W(w_xadd, ALWAYS, "xadd [ebx], eax")                                                           \
    W(w_cmpxchg, ALWAYS, "mov edx, eax; mov eax, [ebx]; lock cmpxchg [ebx], edx")                  \
    W(w_cmpxchg8b, ALWAYS,                                                                         \
      "mov eax, [edi]; mov edx, [edi + 4]; mov ebx, [esi]; mov ecx, [esi + 4]; cmpxchg8b [edi]")   \
    W(w_pop, ALWAYS, "push eax; pop dword ptr [ebx]")                                              \
    W(w_push, ALWAYS, STACK_AT("ebx + 4") "push eax; mov esp, ebp")                                \
    W(w_push16, ALWAYS, STACK_AT("ebx + 3") "push ax; mov esp, ebp")                               \
    W(w_push_imm, ALWAYS,                                                                          \
      STACK_AT("ebx + 4") "push 0x12345678; push -1; add esp, 4;"                                  \
                          "push 0x23456789; mov esp, ebp;"                                         \
                          "mov byte ptr [edi], 0xb8")                                              \
    W(w_push_mem, ALWAYS, STACK_AT("edi + 8") "push [esi + 4]; push [esi]; mov esp, ebp")          \
    W(w_pushf, ALWAYS, "add al, cl;" STACK_AT("ebx + 4") "pushfd; mov esp, ebp")                   \
    W(w_call, ALWAYS, STACK_AT("ebx + 4") "call w_call_to; w_call_to: mov esp, ebp")               \
    W(w_pusha, ALWAYS,                                                                             \
      "mov ecx, edi; mov edi, [esi]; mov esi, [esi + 4];" STACK_AT(                                \
          "ecx + 32") "mov edx, ebp; pushad; mov esp, edx")                                        \
    W(w_enter, ALWAYS,                                                                             \
      STACK_AT("ebx + 4") "push ebp; mov ebp, eax; add esp, 4; enter 0, 0;"                        \
                          "pop ebp; mov esp, ebp; xchg ebp, esp; xchg ebp, esp;"                   \
                          "mov esp, smc_stack; mov ebp, esp")                                      \
    W(w_stosb, ALWAYS, "mov edi, ebx; stosb; stosw")                                               \
    W(w_stosd, ALWAYS, "mov edi, ebx; stosd")                                                      \
    W(w_rep_stos, ALWAYS, "mov edi, ebx; mov ecx, 3; rep stosb")                                   \
    W(w_movsb, ALWAYS, "movsb; movsw; movsb; movsw")                                               \
    W(w_rep_movsb, ALWAYS, "mov ecx, 6; rep movsb")                                                \
    W(w_rep_movsd, ALWAYS, "mov ecx, 4; rep movsd")                                                \
    W(w_movs_back, ALWAYS, "add esi, 12; add edi, 12; mov ecx, 4; std; rep movsd; cld")            \
    W(w_sgdt, ALWAYS,                                                                              \
      "sub esp, 8; sgdt [esp]; mov al, [esp]; add esp, 8; mov [ebx], al;"                          \
      "str [ebx + 1]; sldt [ebx + 2]; smsw [ebx + 2]")                                             \
    W(w_fst32, ALWAYS, "fld dword ptr [esi]; fstp dword ptr [ebx]")                                \
    W(w_fst64, ALWAYS, "fld qword ptr [esi]; fstp qword ptr [edi]")                                \
    W(w_fst80, ALWAYS, "fld tbyte ptr [esi]; fstp tbyte ptr [edi]")                                \
    W(w_fist16, ALWAYS, "fild word ptr [esi + 1]; fistp word ptr [ebx]")                           \
    W(w_fist32, ALWAYS, "fild dword ptr [esi + 1]; fist dword ptr [ebx]; fstp st(0)")              \
    W(w_fist64, ALWAYS, "fild qword ptr [esi]; fistp qword ptr [edi]")                             \
    W(w_fisttp, NEEDS_SSE3, "fild qword ptr [esi]; fisttp qword ptr [edi]")                        \
    W(w_fnstcw, ALWAYS, "fnstcw [ebx]; fnstsw [ebx + 2]")                                          \
    W(w_fnsave, ALWAYS, "fld tbyte ptr [esi]; sub edi, 28; fnsave [edi]")                          \
    W(w_fxsave, NEEDS_SSE, "movups xmm0, [esi]; sub edi, 160; fxsave [edi]")                       \
    W(w_stmxcsr, NEEDS_SSE, "stmxcsr [ebx]")                                                       \
    W(w_movd, NEEDS_MMX, "movd mm0, eax; movd [ebx], mm0; emms")                                   \
    W(w_movq, NEEDS_MMX, "movq mm1, [esi]; movq [edi], mm1; emms")                                 \
    W(w_movntq, NEEDS_SSE, "movq mm1, [esi]; movntq [edi], mm1; emms")                             \
    W(w_maskmovq, NEEDS_SSE, "movq mm1, [esi]; pcmpeqb mm0, mm0; maskmovq mm1, mm0; emms")         \
    W(w_movss, NEEDS_SSE, "movss xmm1, [esi + 1]; movss [ebx], xmm1")                              \
    W(w_movlps, NEEDS_SSE, "movlps xmm1, [esi]; movlps [edi], xmm1")                               \
    W(w_movhps, NEEDS_SSE, "movhps xmm1, [esi]; movhps [edi], xmm1")                               \
    W(w_movups, NEEDS_SSE, "movups xmm2, [esi]; movups [edi], xmm2")                               \
    W(w_movups_odd, NEEDS_SSE, "movups xmm2, [esi - 5]; movups [edi - 5], xmm2")                   \
    W(w_movaps, NEEDS_SSE, "movaps xmm3, [esi]; movaps [edi], xmm3")                               \
    W(w_movntps, NEEDS_SSE, "movaps xmm3, [esi]; movntps [edi], xmm3")                             \
    W(w_movsd, NEEDS_SSE2, "movsd xmm4, qword ptr [esi]; movsd qword ptr [edi], xmm4")             \
    W(w_movdqa, NEEDS_SSE2, "movdqa xmm5, [esi]; movdqa [edi], xmm5")                              \
    W(w_movdqu, NEEDS_SSE2, "movdqu xmm5, [esi - 3]; movdqu [edi - 3], xmm5")                      \
    W(w_movqx, NEEDS_SSE2, "movq xmm6, qword ptr [esi]; movq qword ptr [edi], xmm6")               \
    W(w_movnti, NEEDS_SSE2, "movnti [ebx], eax")                                                   \
    W(w_movntdq, NEEDS_SSE2, "movdqa xmm7, [esi]; movntdq [edi], xmm7")                            \
    W(w_maskmovdqu, NEEDS_SSE2, "movdqu xmm1, [esi]; pcmpeqb xmm0, xmm0; maskmovdqu xmm1, xmm0")   \
    W(w_pextrb, NEEDS_SSE41,                                                                       \
      "movdqu xmm1, [esi]; pextrb [ebx], xmm1, 3; pextrw [ebx + 1], xmm1, 1")                      \
    W(w_pextrd, NEEDS_SSE41, "movdqu xmm1, [esi + 1]; pextrd [ebx], xmm1, 0")                      \
    W(w_extractps, NEEDS_SSE41, "movdqu xmm1, [esi + 1]; extractps [ebx], xmm1, 0")

uint32_t smc_stack;
#define WRITER_CODE(name, feature, text) CODE(name, PROLOGUE "mov smc_stack, esp;" text "; ret");
WRITERS(WRITER_CODE)

static const struct writer {
    const char *name;
    uint8_t *code;
    unsigned feature;
} writers[] = {
#define ROW(name, feature, text) { #name, name, feature },
    WRITERS(ROW)
};

static bool supported(unsigned feature)
{
    uint32_t bits = feature & NEEDS_ECX ? cpuid_ecx() : cpuid_edx();
    return feature == ALWAYS || (bits >> (feature & 31) & 1);
}

/* Code with another number, and NOPs that nobody runs. */
static void prepare_source(struct random *r)
{
    for (unsigned n = 0; n < sizeof smc_source; n++)
        smc_source[n] = 0x90;
    place((uint32_t)smc_source, return_number, return_number_end);
    smc_source[1] = (uint8_t)random32(r);
    smc_source[2] = (uint8_t)random32(r);
    smc_source[3] = (uint8_t)random32(r);
    smc_source[4] = (uint8_t)(random32(r) & 0x7f);
    smc_source[7] = 0xc0; /* a normal number, as float, too */
    smc_source[8] = 0x3f;
    smc_source[9] = 0x40;
}

/* The number that the code returns is the one that lies there. */
static void one(const struct writer *w, uint32_t target, uint32_t code)
{
    struct random r = { 99 };
    place_number(code, 0);
    smc_target = target;
    for (unsigned n = 0; n < 250; n++) {
        unsigned times = n % 50 == 49 ? HOT : 1;
        for (unsigned k = 0; k < times; k++)
            call0(code);
        prepare_source(&r);
        call_code(w->code, random32(&r), random32(&r));
        if (load8(code) != 0xb8 || load8(code + 5) != 0xc3) {
            check(false, w->name, "wrote something else", 0);
            return;
        }
        if (!check_equal(call0(code), load32(code + 1), w->name, "target", (int)n))
            return;
    }
}

void smc_writers(void)
{
    uint32_t only = option("writer", ARRAY_SIZE(writers));
    __asm__ volatile("fninit");
    for (unsigned n = 0; n < ARRAY_SIZE(writers); n++) {
        if (!supported(writers[n].feature) || (only < ARRAY_SIZE(writers) && only != n))
            continue;
        one(&writers[n], PAGE(5) + 0x400, PAGE(5) + 0x400);
        one(&writers[n], FRAME(6) + 0x440, PAGE(6) + 0x440); /* by another address */
        one(&writers[n], PAGE(7) + 0xc00, FRAME(7) + 0xc00);
    }
}
