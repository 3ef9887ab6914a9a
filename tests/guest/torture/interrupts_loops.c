// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Interrupts where a translator might forget them: tight loops, chains of blocks, long strings,
// and just behind STI, MOV SS, POPF, IRET.
#include "interrupts.h"

enum { SAMPLES = 12 };

static struct {
    unsigned count, soonest, outside;
    uint32_t from, to; /* where it is to hit */
    uint32_t forbidden[2];
    bool leave; /* go on at exit */
    uint32_t exit, ecx_low, ecx_high;
} seen;
uint32_t interrupt_flag;

static bool on_loop(struct frame *f)
{
    if (!timer_acknowledge(f->vector))
        return false;
    unsigned since = timer_since();
    interrupt_flag = 1;
    if (f->eip < seen.from || f->eip >= seen.to) {
        seen.outside++;
        return true;
    }
    seen.count++;
    if (since < seen.soonest)
        seen.soonest = since;
    for (unsigned n = 0; n < 2; n++)
        check(f->eip != seen.forbidden[n], "an interrupt in a shadow", __FILE_NAME__, __LINE__);
    check(f->ecx >= seen.ecx_low && f->ecx <= seen.ecx_high, "ECX", __FILE_NAME__, __LINE__);
    if (seen.leave) {
        f->eip = seen.exit;
        f->eflags &= ~FLAG_IF;
    }
    return true;
}

static void watch(uint32_t from, uint32_t to, uint32_t exit)
{
    memset(&seen, 0, sizeof seen);
    seen.soonest = ~0u;
    seen.from = from;
    seen.to = to;
    seen.exit = exit;
    seen.leave = exit != 0;
    seen.ecx_high = ~0u;
    interrupt_flag = 0;
    hook = on_loop;
}

/* ---- loops without an end -------------------------------------------------------------------- */

CODE(loop_here, "sti; 1: jmp 1b; ret");
CODE(loop_far_ahead, "sti; 1: jmp 2f; .balign 4096; 2: jmp 3f; .balign 4096; 3: jmp 1b; ret");
CODE(loop_calls, "sti; 1: call 2f; jmp 1b; 2: call 3f; ret; 3: ret; ret");
CODE(loop_jump_register, "sti; mov edx, offset loop_jump_register + 6; 1: jmp edx; ret");
CODE(loop_jump_memory, "sti; 1: and eax, 3; mov edx, [loop_table + eax * 4]; inc eax; jmp edx;"
                       "loop_way: nop; jmp 1b; loop_other_way: jmp 1b;"
                       "loop_table: .long loop_way, loop_other_way, loop_way, loop_other_way; ret");
CODE(loop_call_register, "sti; mov edx, offset loop_call_register_callee; 1: call edx; jmp 1b;"
                         "loop_call_register_callee: ret; ret");
CODE(loop_returns, "sti; 1: push offset loop_returns + 1; ret; ret");
CODE(loop_branches,
     "sti; 1: inc eax; test al, 1; jz 2f; xor edx, eax; jmp 3f; 2: add edx, eax; 3: jns 1b;"
     "cmp edx, eax; jmp 1b; ret");
CODE(loop_loads,
     "sti; 1: mov edx, [interrupt_flag]; add edx, eax; mov [esp - 4], edx; jmp 1b; ret");
CODE(loop_flag, "sti; 1: cmp dword ptr [interrupt_flag], 0; je 1b; cli; ret");
CODE(loop_pause, "sti; 1: pause; cmp dword ptr [interrupt_flag], 0; je 1b; cli; ret");
CODE(loop_halt, "sti; 1: hlt; cmp dword ptr [interrupt_flag], 0; je 1b; cli; ret");
CODE(loop_count, "sti; mov ecx, -1; 1: loop 1b; mov ecx, -1; jmp 1b; ret");
CODE(loop_float, "sti; fld1; 1: fadd st(0), st(0); fld1; fstp st(1); jmp 1b; ret");
CODE(loop_sse, "sti; 1: paddd xmm0, xmm1; pxor xmm1, xmm0; jmp 1b; ret");
CODE(loop_divide, "sti; mov ecx, 3; 1: mov eax, 100; xor edx, edx; div ecx; jmp 1b; ret");
CODE(loop_strings, "sti; 1: mov ecx, 4; mov edi, 0x1000000; rep stosd; jmp 1b; ret");
CODE(loop_flags, "sti; 1: pushfd; popfd; clc; jmp 1b; ret");

static const struct {
    const char *name;
    uint8_t *code, *end;
    bool leaves; /* by itself */
} endless[] = {
#define LOOP(name, leaves) { #name, name, name##_end, leaves },
    LOOP(loop_here, false) LOOP(loop_far_ahead, false) LOOP(loop_calls, false)
        LOOP(loop_jump_register, false) LOOP(loop_jump_memory, false) LOOP(loop_call_register, false) LOOP(loop_returns, false)
            LOOP(loop_branches, false) LOOP(loop_loads, false) LOOP(loop_flag, true)
                LOOP(loop_pause, true) LOOP(loop_halt, true) LOOP(loop_count, false)
                    LOOP(loop_float, false) LOOP(loop_sse, false) LOOP(loop_divide, false)
                        LOOP(loop_strings, false) LOOP(loop_flags, false)
};

/* The handler goes on at the RET, but what the loop has pushed would lie there. */
uint32_t saved_loop_esp;
CODE(leave_loop, "mov esp, saved_loop_esp; ret");
CODE(enter_loop, "mov saved_loop_esp, esp; sub dword ptr [saved_loop_esp], 4; call eax; ret");

/* One late interrupt may be the host's fault, all of them are not. */
static void one_loop(unsigned n)
{
    unsigned soonest = ~0u;
    for (unsigned k = 0; k < SAMPLES; k++) {
        watch((uint32_t)endless[n].code, (uint32_t)endless[n].end,
              endless[n].leaves ? 0 : (uint32_t)leave_loop);
        call_code(enter_loop, (uint32_t)endless[n].code, 5);
        if (seen.soonest < soonest)
            soonest = seen.soonest;
        interrupt_flag = 0;
    }
    check(soonest < 8000, endless[n].name, "latency", (int)soonest);
    print(endless[n].name);
    print("\n");
}

void interrupts_loops(void)
{
    __asm__ volatile("fninit");
    timer_start(TIMER_PIT, 20000);
    for (unsigned n = 0; n < ARRAY_SIZE(endless); n++)
        one_loop(n);
    /* And at a high rate. */
    timer_stop();
    timer_start(TIMER_LAPIC, 100);
    for (unsigned n = 0; n < ARRAY_SIZE(endless); n++)
        for (unsigned k = 0; k < 50; k++) {
            watch((uint32_t)endless[n].code, (uint32_t)endless[n].end,
                  endless[n].leaves ? 0 : (uint32_t)leave_loop);
            call_code(enter_loop, (uint32_t)endless[n].code, 5);
        }
    timer_stop();
    timer_drain();
    hook = NULL;
}

/* ---- long strings ---------------------------------------------------------------------------- */

enum { LONG = 0x200000, FROM = 0x1400000, TO = 0x1800000 };

/* ESI, EDI, ECX as they are wanted; EAX. */
CODE(long_movsb,
     "mov esi, 0x1400000; mov edi, 0x1800000; mov ecx, 0x200000; cld; sti; rep movsb; cli; ret");
CODE(long_movsd,
     "mov esi, 0x1400000; mov edi, 0x1800000; mov ecx, 0x80000; cld; sti; rep movsd; cli; ret");
CODE(long_movsb_down, "mov esi, 0x15fffff; mov edi, 0x19fffff; mov ecx, 0x200000; std; sti; rep "
                      "movsb; cli; cld; ret");
CODE(long_stosb, "mov edi, 0x1800000; mov ecx, 0x200000; mov al, 7; cld; sti; rep stosb; cli; ret");
CODE(long_stosd,
     "mov edi, 0x1800000; mov ecx, 0x80000; mov eax, 0x07070707; cld; sti; rep stosd; cli; ret");
CODE(long_scasb, "mov edi, 0x1800000; mov ecx, 0x200000; mov al, 99; cld; sti; repne scasb; cli; "
                 "mov eax, ecx; ret");
CODE(long_cmpsb, "mov esi, 0x1400000; mov edi, 0x1800000; mov ecx, 0x200000; cld; sti; repe cmpsb; "
                 "cli; mov eax, ecx; ret");
CODE(long_lodsb,
     "mov esi, 0x1400000; mov ecx, 0x200000; cld; sti; rep lodsb; cli; mov eax, ecx; ret");

static unsigned within, between;
static uint32_t rep_at;

/* Within the instruction: EIP is its own, and the counters agree. */
static bool on_string(struct frame *f)
{
    if (!timer_acknowledge(f->vector))
        return false;
    if (f->eip == rep_at && f->ecx != 0) {
        within++;
        between += f->ecx != LONG && f->ecx != LONG / 4;
    }
    return true;
}

static bool right(const char *name, uint32_t value)
{
    uint32_t word = name[5] == 's' && name[6] == 't' ? 0x07070707 : 0;
    if (name[5] == 's' && name[6] == 'c')
        return value == 0;
    if (name[5] == 'c' || name[5] == 'l')
        return value == 0;
    for (uint32_t n = 0; n < LONG; n += 4096 - 4)
        if (load32(TO + (n & ~3u)) != (word ? word : load32(FROM + (n & ~3u))))
            return false;
    return load32(TO + LONG) == 0x5a5a5a5a && load32(TO - 4) == 0x5a5a5a5a;
}

void interrupts_strings(void)
{
    static const struct {
        const char *name;
        uint8_t *code, *end;
        unsigned tail; /* from REP to the end */
    } strings[] = {
#define STRING(name, tail) { #name, name, name##_end, tail },
        STRING(long_movsb, 4) STRING(long_movsd, 4) STRING(long_movsb_down, 5) STRING(long_cmpsb, 6)
            STRING(long_stosb, 4) STRING(long_stosd, 4) STRING(long_scasb, 6) STRING(long_lodsb, 6)
    };
    for (uint32_t n = 0; n < LONG; n += 4)
        store32(FROM + n, n * 0x9e3779b1);
    store32(TO + LONG, 0x5a5a5a5a);
    store32(TO - 4, 0x5a5a5a5a);
    hook = on_string;
    timer_start(TIMER_LAPIC, 150);
    for (unsigned k = 0; k < ARRAY_SIZE(strings); k++) {
        within = between = 0;
        rep_at = (uint32_t)strings[k].end - strings[k].tail;
        check_equal(load8(rep_at) & 0xfe, 0xf2, strings[k].name, "REP", 0);
        for (unsigned n = 0; n < 200000 && between < 10; n++)
            check(right(strings[k].name, call_code(strings[k].code, 0, 0)), strings[k].name,
                  "result", (int)n);
        check(between > 0, strings[k].name, "interrupts within it", 0);
        print(strings[k].name);
        print("\n");
    }
    timer_stop();
    timer_drain();
    hook = NULL;
}

/* ---- shadows --------------------------------------------------------------------------------- */

CODE(shadow_sti, "1: cli; inc eax; sti; shadow_sti_no: inc eax; shadow_sti_yes: inc eax; dec ecx; "
                 "jnz 1b; cli; ret");
CODE(shadow_sti_cli, "1: sti; cli; inc eax; dec ecx; jnz 1b; ret");
CODE(shadow_mov_ss,
     "mov edx, ss; sti; 1: mov ss, edx; shadow_mov_ss_no: mov esp, esp; dec ecx; jnz 1b; cli; ret");
CODE(shadow_pop_ss,
     "sti; 1: push ss; pop ss; shadow_pop_ss_no: inc eax; dec ecx; jnz 1b; cli; ret");
extern uint8_t shadow_sti_no[], shadow_mov_ss_no[], shadow_pop_ss_no[];
/* A pending interrupt comes at once behind POPF and IRET, and one instruction behind STI. */
CODE(opens_popf, "pushfd; or dword ptr [esp], 0x200; popfd; opens_popf_at: nop; nop; cli; ret");
CODE(opens_iret,
     "pushfd; or dword ptr [esp], 0x200; push cs; push offset opens_iret_at; iretd; nop;"
     "opens_iret_at: nop; nop; cli; ret");
CODE(opens_sti, "sti; nop; opens_sti_at: nop; cli; ret");
CODE(opens_sti_jump, "sti; jmp opens_sti_jump_at; nop; opens_sti_jump_at: nop; cli; ret");
extern uint8_t opens_popf_at[], opens_iret_at[], opens_sti_at[], opens_sti_jump_at[];

static void in_shadow(uint8_t *code, uint8_t *end, uint32_t forbidden, bool some)
{
    unsigned count = 0;
    /* Where some must come, as long as a busy host takes to bring the first. */
    for (unsigned n = 0; (n < 40 || (some && count == 0 && n < 20000)) && count < 300; n++) {
        watch((uint32_t)code, (uint32_t)end, 0);
        seen.forbidden[0] = forbidden;
        call_code(code, 0, 20000);
        count += seen.count;
    }
    CHECK(some ? count > 0 : count == 0);
}

static uint32_t opened_at;

static bool on_open(struct frame *f)
{
    if (!timer_acknowledge(f->vector))
        return false;
    if (opened_at == 0)
        opened_at = f->eip;
    return true;
}

/* Long enough with IF clear that one is pending. */
static void opens(uint8_t *code, uint8_t *at, const char *name)
{
    hook = on_open;
    for (unsigned n = 0; n < 60; n++) {
        uint32_t before = timer_since();
        for (unsigned k = 0; k < 100000 && timer_since() >= before; k++)
            before = timer_since() > before ? timer_since() : before;
        opened_at = 0;
        call_code(code, 0, 0);
        check_equal(opened_at, (uint32_t)at, name, "first interrupt", (int)n);
        timer_drain();
    }
}

void interrupts_shadows(void)
{
    timer_start(TIMER_LAPIC, 70);
    in_shadow(shadow_sti, shadow_sti_end, (uint32_t)shadow_sti_no, true);
    in_shadow(shadow_sti_cli, shadow_sti_cli_end, 0, false);
    in_shadow(shadow_mov_ss, shadow_mov_ss_end, (uint32_t)shadow_mov_ss_no, true);
    in_shadow(shadow_pop_ss, shadow_pop_ss_end, (uint32_t)shadow_pop_ss_no, true);
    timer_stop();
    timer_drain();
    timer_start(TIMER_PIT, 300);
    opens(opens_popf, opens_popf_at, "POPF");
    opens(opens_iret, opens_iret_at, "IRET");
    opens(opens_sti, opens_sti_at, "STI");
    opens(opens_sti_jump, opens_sti_jump_at, "STI, JMP");
    timer_stop();
    timer_drain();
    hook = NULL;
}
