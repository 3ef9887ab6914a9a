// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Faults: jumps to pages that cannot be run, instructions that run into one, code at its limit.
#include "faults.h"

enum { HOT = 60 };

/* EAX: the target; EBX: where it is kept; the stack is at PAGE(16). All reach PAGE(18) + 5. */
#define JUMPS(J)                                                                                   \
    J(jump_register, "jmp eax")                                                                    \
    J(jump_memory, "jmp dword ptr [ebx]")                                                          \
    J(jump_call, "call eax")                                                                       \
    J(jump_call_memory, "call dword ptr [ebx]")                                                    \
    J(jump_return, "push eax; ret")                                                                \
    J(jump_return_more, "push 1; push eax; ret 4")                                                 \
    J(jump_far_return, "push cs; push eax; retf")                                                  \
    J(jump_iret, "pushfd; push cs; push eax; iretd")                                               \
    J(jump_near, ".byte 0xe9; .long 0x5005 - 5")                                                   \
    J(jump_near_call, ".byte 0xe8; .long 0x5005 - 5")                                              \
    J(jump_condition, "cmp al, al; .byte 0x0f, 0x84; .long 0x5005 - 8")
#define JUMP_CODE(name, text) CODE(name, text);
JUMPS(JUMP_CODE)

static const struct {
    const char *name;
    uint8_t *code, *end;
} jumps[] = {
#define ROW(name, text) { #name, name, name##_end },
    JUMPS(ROW)
};
#define FROM   PAGE(13)
#define TARGET (PAGE(18) + 5)
CODE(target_code, "add eax, 3; int3");

static void start(unsigned n, struct state *s, unsigned level)
{
    place(FROM, jumps[n].code, jumps[n].end);
    state_init(s, (void *)FROM, PAGE(16) + 0x800, level);
    s->eax = TARGET;
    s->ebx = GOOD;
    store32(GOOD, TARGET);
}

/* The jump is done, its target faults: EIP is there, and the stack as the target finds it. */
static void to_bad_page(unsigned n, uint32_t bad, uint32_t error)
{
    static struct state first, good, end;
    start(n, &first, 3);
    map(PAGE(18), FRAME(18), RWX);
    for (unsigned k = 0; k < HOT; k++) {
        good = first;
        state_run(&good);
    }
    check_equal(good.eax, TARGET + 3, jumps[n].name, "target", 0);
    for (unsigned k = 0; k < 5; k++) {
        map(PAGE(18), FRAME(18), bad);
        end = first;
        state_run(&end);
        check_equal(end.vector, EXC_PF, jumps[n].name, "vector", (int)k);
        check_equal(end.error, error, jumps[n].name, "error code", (int)k);
        check_equal(end.cr2, TARGET, jumps[n].name, "CR2", (int)k);
        check_equal(end.eip, TARGET, jumps[n].name, "EIP", (int)k);
        check_equal(end.eax, TARGET, jumps[n].name, "EAX", (int)k);
        check_equal(end.esp, good.esp, jumps[n].name, "ESP", (int)k);
        map(PAGE(18), FRAME(18), RWX);
        state_run(&end);
        check_equal(digest_state(0, &end, FLAG_RF), digest_state(0, &good, FLAG_RF), jumps[n].name,
                    "end", (int)k);
    }
}

/* A target beyond CS.limit is the jump's own fault: EIP is the jump's. */
static void to_limit(unsigned n)
{
    static struct state first, good, end;
    uint32_t base = PAGE(13), offset = TARGET - base;
    start(n, &first, 3);
    first.cs = CODE_TEST;
    first.eip -= base;
    first.eax = offset;
    store32(GOOD, offset);
    set_segment(CODE_TEST, base, 0xffff, ACCESS_CODE3, SEGMENT_32);
    for (unsigned k = 0; k < HOT; k++) {
        good = first;
        state_run(&good);
    }
    check_equal(good.eax, offset + 3, jumps[n].name, "based target", 0);
    for (unsigned k = 0; k < 5; k++) {
        set_segment(CODE_TEST, base, offset - 1, ACCESS_CODE3, SEGMENT_32);
        end = first;
        state_run(&end);
        check_equal(end.vector, EXC_GP, jumps[n].name, "vector at limit", (int)k);
        check_equal(end.error, 0, jumps[n].name, "error code at limit", (int)k);
        CHECK(end.eip < 16);
        check_equal(end.eax, offset, jumps[n].name, "EAX at limit", (int)k);
        set_segment(CODE_TEST, base, 0xffff, ACCESS_CODE3, SEGMENT_32);
        state_run(&end);
        check_equal(digest_state(0, &end, FLAG_RF), digest_state(0, &good, FLAG_RF), jumps[n].name,
                    "end behind limit", (int)k);
    }
}

/* ---- running into a page --------------------------------------------------------------------- */

/* INC EAX, NOPs, then an instruction across the border: so many of its bytes on the first page. */
CODE(runs_into, "inc eax; inc eax; mov ecx, 0x11223344; inc eax; int3");

static void across_border(unsigned bytes, unsigned level, uint32_t bad)
{
    static struct state first, good, end;
    uint32_t at = PAGE(19) - 2 - bytes;
    map(PAGE(19), FRAME(21), RWX);
    PLACE(at, runs_into);
    state_init(&first, (void *)at, PAGE(16) + 0x800, level);
    for (unsigned k = 0; k < HOT; k++) {
        good = first;
        state_run(&good);
    }
    EQUAL(good.eax, 3);
    EQUAL(good.ecx, 0x11223344);
    for (unsigned k = 0; k < 5; k++) {
        map(PAGE(19), FRAME(21), bad);
        end = first;
        state_run(&end);
        EQUAL(end.vector, EXC_PF);
        EQUAL(end.error, (bad & PTE_P) | (level ? 4 : 0));
        EQUAL(end.cr2, PAGE(19));
        EQUAL(end.eip, at + 2 + (bytes == 5 ? 5 : 0));
        EQUAL(end.eax, 2);
        EQUAL(end.ecx, bytes == 5 ? 0x11223344 : 0);
        map(PAGE(19), FRAME(21), RWX);
        state_run(&end);
        EQUAL(digest_state(0, &end, FLAG_RF), digest_state(0, &good, FLAG_RF));
    }
}

/* ---- faults that have no memory operand ------------------------------------------------------ */

CODE(fault_divide, "inc ebx; add eax, 5; div ecx; inc ebx; int3");
CODE(fault_undefined, "inc ebx; sub eax, 5; ud2; inc ebx; int3");
CODE(fault_privileged, "inc ebx; cmp eax, 5; hlt; inc ebx; int3");
CODE(fault_alignment, "inc ebx; xor eax, eax; mov ecx, [esp + 1]; inc ebx; int3");
CODE(fault_overflow, "inc ebx; mov al, 0x7f; add al, 1; into; inc ebx; int3");
CODE(fault_bound, "inc ebx; mov eax, 100; bound eax, [esi]; inc ebx; int3");
CODE(fault_port, "inc ebx; xor eax, eax; in al, dx; inc ebx; int3");
CODE(fault_aligned_sse, "inc ebx; xor eax, eax; movaps xmm0, [esi + 4]; inc ebx; int3");
CODE(fault_fpu, "inc ebx; fld1; fldz; fdivp; fnop; inc ebx; int3");
CODE(fault_sse, "inc ebx; xorps xmm0, xmm0; movaps xmm1, [esi]; divps xmm1, xmm0; inc ebx; int3");
CODE(fault_no_fpu, "mov eax, 1; fld1; fstp st(0); add eax, 2; ret");
CODE(fault_selector, "inc ebx; mov eax, 0x5678; mov es, ax; inc ebx; int3");

static const struct other {
    const char *name;
    uint8_t *code, *end;
    unsigned vector, error, at; /* of the faulting instruction; a trap's is behind it */
} others[] = {
#define OTHER(name, vector, error, at) { #name, name, name##_end, vector, error, at },
    OTHER(fault_divide, EXC_DE, 0, 4)      /**/
    OTHER(fault_undefined, EXC_UD, 0, 4)   /**/
    OTHER(fault_privileged, EXC_GP, 0, 4)  /**/
    OTHER(fault_alignment, EXC_AC, 0, 3)   /**/
    OTHER(fault_overflow, EXC_OF, 0, 5)    /**/
    OTHER(fault_bound, EXC_BR, 0, 6)       /**/
    OTHER(fault_port, EXC_GP, 0, 3)        /**/
    OTHER(fault_aligned_sse, EXC_GP, 0, 3) /**/
    OTHER(fault_fpu, EXC_MF, 0, 7)         /**/
    OTHER(fault_sse, EXC_XM, 0, 7)         /**/
    OTHER(fault_selector, EXC_GP, 0x5678, 6)
};

/* Whether what makes it fault is on; off, it runs to its end. */
static void condition(const struct other *o, bool on, struct state *s)
{
    state_init(s, (void *)PAGE(20), PAGE(16) + 0x800, 3);
    s->esi = GOOD;
    s->eax = 77;
    s->ecx = o->vector == EXC_DE && on ? 0 : 9;
    set_cr0((cr0() & ~0x40000u) | 0x40000);
    if (o->vector == EXC_AC && on)
        s->eflags |= 0x40000;
    if (o->vector == EXC_MF && on)
        s->fx[0] = 0x7b; /* #Z */
    if (o->vector == EXC_XM && on)
        s->fx[25] = 0x1d;
    for (unsigned n = 0; n < 16; n += 4)
        store32(GOOD + n, o->vector == EXC_BR ? on ? 50 : 200 * (n / 4) : 0x3f800000);
    if (o->vector == EXC_BR)
        store32(GOOD, 0);
    if (o->vector == EXC_BR)
        store32(GOOD + 4, on ? 50 : 200);
}

static void one_other(const struct other *o)
{
    static struct state s;
    bool always = o->vector == EXC_UD || o->vector == EXC_GP || o->vector == EXC_OF;
    place(PAGE(20), o->code, o->end);
    for (unsigned k = 0; k < HOT * 2; k++) {
        bool on = always || k >= HOT || k % 8 == 7;
        condition(o, on, &s);
        state_run(&s);
        set_cr0(cr0() & ~0x40000u);
        check_equal(s.vector, on ? o->vector : EXC_BP, o->name, "vector", (int)k);
        check_equal(s.ebx, on ? 1 : 2, o->name, "EBX", (int)k);
        if (on) {
            check_equal(s.error, o->error, o->name, "error code", (int)k);
            check_equal(s.eip, PAGE(20) + o->at + (o->vector == EXC_OF), o->name, "EIP", (int)k);
        }
    }
    print_hex(digest_state(0, &s, FLAGS_ARITH | FLAG_RF));
    print(" ");
    print(o->name);
    print("\n");
}

/* 1 / 0 with #Z unmasked: the exception stays pending, and FNSTENV tells where it was. */
CODE(fpu_environment,
     "fninit; fldcw [esi]; fld1; environment_at: fdiv dword ptr [esi + 4]; inc ebx;"
     "fnstenv [esi + 16]; fninit; int3");
extern uint8_t environment_at[];

static void fpu_pointers(void)
{
    static struct state s;
    PLACE(PAGE(20), fpu_environment);
    for (unsigned n = 0; n < HOT; n++) {
        state_init(&s, (void *)PAGE(20), PAGE(16) + 0x800, 3);
        s.esi = GOOD;
        store32(GOOD, 0x37b);
        store32(GOOD + 4, 0);
        state_run(&s);
        EQUAL(s.vector, EXC_BP);
        EQUAL(load32(GOOD + 20) & 0x80bf, 0x8084);
        EQUAL(load32(GOOD + 28), PAGE(20) + (uint32_t)(environment_at - fpu_environment));
        EQUAL(load32(GOOD + 36), GOOD + 4);
    }
}

static unsigned traps;

static bool give_fpu(struct frame *f)
{
    if (f->vector != EXC_NM || load8(f->eip) != 0xd9)
        return false;
    traps++;
    __asm__ volatile("clts");
    return true;
}

/* CR0.TS comes and goes under hot code. */
static void without_fpu(void)
{
    hook = give_fpu;
    __asm__ volatile("fninit");
    for (unsigned n = 0; n < 400; n++) {
        bool away = n > 100 && n % 3 == 0;
        traps = 0;
        if (away)
            set_cr0(cr0() | 8);
        EQUAL(call_code(fault_no_fpu, 0, 0), 3);
        EQUAL(traps, away);
    }
    hook = NULL;
}

void faults_jumps(void)
{
    PLACE(TARGET, target_code);
    for (unsigned n = 0; n < ARRAY_SIZE(jumps); n++) {
        to_bad_page(n, 0, 4);
        to_bad_page(n, PTE_P | PTE_W, 5);
        to_limit(n);
    }
    for (unsigned bytes = 1; bytes <= 5; bytes++) {
        across_border(bytes, 3, 0);
        across_border(bytes, 3, PTE_P | PTE_W);
        across_border(bytes, 0, 0);
    }
    for (unsigned n = 0; n < ARRAY_SIZE(others); n++)
        one_other(&others[n]);
    without_fpu();
    fpu_pointers();
}
