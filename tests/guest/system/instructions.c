// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Encodings that fault, LOCK, exceptions of plain instructions, privileges, SYSENTER.
#include "harness/harness.h"

uint32_t bounds[2] = { (uint32_t)-5, 5 }, saved_esp, inner_stack_user, lock_word[4];

CODE(too_long, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
CODE(far_too_long,
     ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
CODE(mov_cs, ".byte 0x8e, 0xc8");
CODE(mov_seg_6, ".byte 0x8e, 0xf0");
CODE(lds_register, ".byte 0xc5, 0xc0");
CODE(les_register, ".byte 0xc4, 0xc0");
CODE(bound_register, ".byte 0x62, 0xc0");
CODE(lea_register, ".byte 0x8d, 0xc0");
CODE(jmp_far_register, ".byte 0xff, 0xe8");
CODE(call_far_register, ".byte 0xff, 0xd8");
CODE(group5_7, ".byte 0xff, 0xf8");
CODE(group4_2, ".byte 0xfe, 0xd0");
CODE(pop_7, ".byte 0x8f, 0xc8");
CODE(ud2, "ud2");
CODE(ud1, ".byte 0x0f, 0xb9, 0xc0");
CODE(cr1, ".byte 0x0f, 0x20, 0xc8");
CODE(cr5, ".byte 0x0f, 0x22, 0xe8");
CODE(cmpxchg8b_register, ".byte 0x0f, 0xc7, 0xc8");
CODE(divide, "xor edx, edx; xor ecx, ecx; mov eax, 1; div ecx");
CODE(divide_overflow, "mov edx, 5; mov eax, 1; mov ecx, 5; div ecx");
CODE(idiv_minimum, "mov edx, 0xffffffff; mov eax, 0x80000000; mov ecx, 0xffffffff; idiv ecx");
CODE(aam_zero, "mov al, 5; aam 0");
CODE(bound_in, "mov eax, -5; bound eax, bounds");
CODE(bound_out, "mov eax, 6; bound eax, bounds");
CODE(into, "mov al, 0x7f; add al, 1; into");
CODE(no_into, "xor eax, eax; into");
CODE(pg_without_pe, "mov eax, cr0; or eax, 0x80000000; and eax, 0xfffffffe; mov cr0, eax");
CODE(nw_without_cd, "mov eax, cr0; or eax, 0x20000000; and eax, 0xbfffffff; mov cr0, eax");
CODE(user_unaligned, "pushfd; or dword ptr [esp], 0x40000; popfd; mov eax, [esp - 9]; int 0x30");
CODE(user_unaligned_word,
     "pushfd; or dword ptr [esp], 0x40000; popfd; mov ax, [esp - 9]; int 0x30");
CODE(user_aligned, "pushfd; or dword ptr [esp], 0x40000; popfd; mov eax, [esp - 8]; mov ax, [esp - "
                   "6]; mov al, [esp - 5]; int 0x30");
CODE(user_unaligned_stack,
     "pushfd; or dword ptr [esp], 0x40000; popfd; sub esp, 2; push eax; int 0x30");
CODE(unaligned, "pushfd; or dword ptr [esp], 0x40000; popfd; mov eax, [esp - 9]");
CODE(sysenter_target, "mov saved_esp, esp; pushfd; pop eax; mov lock_word, eax; mov edx, offset "
                      "sysenter_back; mov ecx, [inner_stack_user]; sysexit");
CODE(user_sysenter,
     "mov inner_stack_user, esp; sysenter; sysenter_back: mov eax, cs; mov ebx, ss; int 0x30");
CODE(user_sysexit, "sysexit");
CODE(do_sysexit, "mov edx, offset sysenter_back; mov ecx, esp; sysexit");
CODE(pop_esp_write,
     "push 0x1234; pop eax; mov saved_esp, esp; push esp; pop ecx; sub saved_esp, ecx");
CODE(modify_next, "mov byte ptr modify_next_target + 1, 0x55; modify_next_target: mov al, 0; movzx "
                  "eax, al; mov saved_esp, eax;"
                  "mov byte ptr modify_next_target + 1, 0");

#define CHECKED "pushfd; or dword ptr [esp], 0x40000; popfd; "
CODE(user_landed, "int 0x30");
CODE(user_far_call, CHECKED "sub esp, 2; user_far_call_at: call 0x1b:user_landed");
CODE(user_far_return,
     "sub esp, 10; mov eax, offset user_landed; mov [esp], eax; mov dword ptr [esp "
     "+ 4], 0x1b; " CHECKED "user_far_return_at: retf");
CODE(user_iret,
     "sub esp, 14; mov eax, offset user_landed; mov [esp], eax; mov dword ptr [esp + 4], "
     "0x1b; mov dword ptr [esp + 8], 2; " CHECKED "user_iret_at: iretd");
CODE(user_int, CHECKED "sub esp, 2; user_int_at: int 0x33");
extern char user_far_call_at[], user_far_return_at[], user_iret_at[], user_int_at[];

TEST(undefined_encodings, "SDM 3A 6.15 interrupt 6; SDM 2")
{
    static void (*const codes[])(void) = {
        mov_cs,
        mov_seg_6,
        lds_register,
        les_register,
        bound_register,
        lea_register,
        jmp_far_register,
        call_far_register,
        group5_7,
        group4_2,
        pop_7,
        ud2,
        ud1,
        cr1,
        cr5,
        cmpxchg8b_register,
    };
    for (unsigned n = 0; n < ARRAY_SIZE(codes); n++) {
        EQUAL(try_call(codes[n]), EXC_UD);
        EQUAL(last.eip, codes[n]);
    }
}

TEST(instruction_length, "SDM 2A 2.3.11; 3A 6.15 interrupt 13")
{
    EQUAL(try_call(too_long), -1);
    RAISES(far_too_long, EXC_GP, 0);
    EQUAL(last.eip, far_too_long);
}

/* ---- LOCK ------------------------------------------------------------------------------------ */

static uint8_t lock_code[32] = {
    0x31, 0xc0, 0x31, 0xc9, 0x31, 0xd2, 0x31, 0xdb
}; /* XOR EAX,EAX ... */
enum { LOCK_AT = 8 };

static void run_lock_code(void)
{
    ((void (*)(void))lock_code)();
}

/* LOCK, opcode, ModRM for [lock_word], and whatever the opcode wants behind. */
static int lock(unsigned opcode, unsigned reg, bool memory, bool immediate)
{
    unsigned n = LOCK_AT;
    lock_code[n++] = 0xf0;
    if (opcode > 0xff)
        lock_code[n++] = (uint8_t)(opcode >> 8);
    lock_code[n++] = (uint8_t)opcode;
    lock_code[n++] = (uint8_t)(memory ? 0x05 | reg << 3 : 0xc1 | reg << 3);
    if (memory) {
        uint32_t at = (uint32_t)lock_word;
        for (unsigned k = 0; k < 4; k++)
            lock_code[n++] = (uint8_t)(at >> (8 * k));
    }
    if (immediate)
        lock_code[n++] = 1;
    lock_code[n] = 0xc3;
    return try_call(run_lock_code);
}

static const struct {
    uint16_t opcode;
    uint8_t reg, immediate;
} lockable[] = {
    { 0xfe, 0, 0 },   { 0xff, 0, 0 },   { 0xff, 1, 0 },   { 0xf7, 2, 0 },   { 0xf6, 3, 0 },
    { 0x86, 0, 0 },   { 0x87, 1, 0 },   { 0x0fab, 0, 0 }, { 0x0fb3, 0, 0 }, { 0x0fbb, 0, 0 },
    { 0x0fba, 5, 1 }, { 0x0fba, 6, 1 }, { 0x0fba, 7, 1 }, { 0x0fb0, 0, 0 }, { 0x0fb1, 1, 0 },
    { 0x0fc0, 0, 0 }, { 0x0fc1, 1, 0 },
};

TEST(lock_is_allowed, "SDM 2 LOCK; SDM 3A 8.1.2.2")
{
    for (unsigned op = 0; op < 7; op++) { /* ADD OR ADC SBB AND SUB XOR */
        EQUAL(lock(op << 3, 0, true, false), -1);
        EQUAL(lock(op << 3 | 1, 1, true, false), -1);
        EQUAL(lock(0x80, op, true, true), -1);
        EQUAL(lock(0x83, op, true, true), -1);
    }
    for (unsigned n = 0; n < ARRAY_SIZE(lockable); n++)
        EQUAL(lock(lockable[n].opcode, lockable[n].reg, true, lockable[n].immediate), -1);
    EQUAL(lock(0x0fc7, 1, true, false), -1); /* CMPXCHG8B */
}

TEST(lock_with_register_destination, "SDM 2 LOCK")
{
    for (unsigned op = 0; op < 7; op++) {
        EQUAL(lock(op << 3 | 1, 1, false, false), EXC_UD);
        EQUAL(lock(0x83, op, false, true), EXC_UD);
    }
    for (unsigned n = 0; n < ARRAY_SIZE(lockable); n++)
        EQUAL(lock(lockable[n].opcode, lockable[n].reg, false, lockable[n].immediate), EXC_UD);
}

TEST(lock_is_refused, "SDM 2 LOCK")
{
    static const struct {
        uint16_t opcode;
        uint8_t reg, immediate;
    } rows[] = {
        { 0x38, 0, 0 },   { 0x39, 0, 0 },   { 0x3b, 0, 0 },   { 0x83, 7, 1 },   { 0x03, 0, 0 },
        { 0x0b, 0, 0 },   { 0x2b, 0, 0 },   { 0x84, 0, 0 },   { 0x85, 0, 0 },   { 0x88, 0, 0 },
        { 0x89, 0, 0 },   { 0x8b, 0, 0 },   { 0x8d, 0, 0 },   { 0xf7, 4, 0 },   { 0xd1, 4, 0 },
        { 0xc1, 5, 1 },   { 0x0fa3, 0, 0 }, { 0x0fba, 4, 1 }, { 0x0fa5, 0, 0 }, { 0x0fb6, 0, 0 },
        { 0x0faf, 0, 0 }, { 0x0fbc, 0, 0 }, { 0xd9, 0, 0 },   { 0xdb, 0, 0 },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        EQUAL(lock(rows[n].opcode, rows[n].reg, true, rows[n].immediate), EXC_UD);
        EQUAL(last.eip, lock_code + LOCK_AT);
    }
    static const uint8_t plain[] = { 0x90, 0xc3, 0xfa, 0x40, 0xcc, 0x98, 0xf8, 0xfd };
    for (unsigned n = 0; n < sizeof plain; n++) {
        lock_code[LOCK_AT] = 0xf0;
        lock_code[LOCK_AT + 1] = plain[n];
        EQUAL(try_call(run_lock_code), EXC_UD);
    }
}

/* A locked access may be unaligned and may cross a page. */
TEST(lock_works_unaligned, "SDM 3A 8.1.2.2, 8.1.1")
{
    uint32_t at = 0x900ffd;
    store32(at, 0x12345678);
    __asm__ volatile("lock addl $0x1111, (%0)" : : "r"(at) : "memory", "cc");
    EQUAL(load32(at), 0x12346789);
    uint32_t v = 0xabcdef01;
    __asm__ volatile("xchgl %0, (%1)" : "+r"(v) : "r"(at) : "memory");
    EQUAL(v, 0x12346789);
    EQUAL(load32(at), 0xabcdef01);
}

/* ---- exceptions of plain instructions -------------------------------------------------------- */

TEST(divide_errors, "SDM 2 DIV, IDIV, AAM; SDM 3A 6.15 interrupt 0")
{
    EQUAL(try_call(divide), EXC_DE);
    EQUAL(last.eip, (uint32_t)divide + 9);
    EQUAL(last.eax, 1);
    EQUAL(try_call(divide_overflow), EXC_DE);
    EQUAL(last.edx, 5);
    EQUAL(try_call(idiv_minimum), EXC_DE);
    EQUAL(try_call(aam_zero), EXC_DE);
}

TEST(bound_and_into, "SDM 2 BOUND, INTO; SDM 3A 6.15 interrupts 4, 5")
{
    EQUAL(try_call(bound_in), -1);
    EQUAL(try_call(bound_out), EXC_BR);
    EQUAL(last.eip, (uint32_t)bound_out + 5); /* a fault */
    EQUAL(try_call(into), EXC_OF);
    EQUAL(last.eip, (uint32_t)into + 5); /* a trap */
    EQUAL(try_call(no_into), -1);
}

TEST(control_register_faults, "SDM 2 MOV CR; SDM 3A 2.5")
{
    uint32_t before = cr0();
    RAISES(pg_without_pe, EXC_GP, 0);
    RAISES(nw_without_cd, EXC_GP, 0);
    EQUAL(cr0(), before);
}

TEST(push_pop_esp, "SDM 2 PUSH, POP")
{
    EQUAL(try_call(pop_esp_write), -1);
    EQUAL(saved_esp, 0);
}

TEST(store_into_next_instruction, "SDM 3A 8.1.3, 11.6")
{
    EQUAL(try_call(modify_next), -1);
    EQUAL(saved_esp, 0x55);
}

/* ---- privileges ------------------------------------------------------------------------------ */

CODE(user_hlt, "hlt");
CODE(user_lmsw, "lmsw ax");
CODE(user_clts, "clts");
CODE(user_invd, "invd");
CODE(user_wbinvd, "wbinvd");
CODE(user_read_cr0, "mov eax, cr0");
CODE(user_write_cr0, "mov cr0, eax");
CODE(user_write_cr3, "mov cr3, eax");
CODE(user_read_cr4, "mov eax, cr4");
CODE(user_rdmsr, "mov ecx, 0x174; rdmsr");
CODE(user_wrmsr, "mov ecx, 0x174; wrmsr");
CODE(user_in, "in al, 0x80; int 0x30");
CODE(user_insb, "mov edx, 0x80; mov edi, 0x900000; insb; int 0x30");
CODE(user_sti, "sti; int 0x30");
CODE(user_rdtsc, "rdtsc; int 0x30");
CODE(user_rdpmc, "xor ecx, ecx; rdpmc; int 0x30");

TEST(privileged_instructions, "SDM 3A 5.9")
{
    static void (*const codes[])(void) = {
        user_hlt,      user_lmsw,      user_clts,      user_invd,     user_wbinvd,
        user_read_cr0, user_write_cr0, user_write_cr3, user_read_cr4,
    };
    for (unsigned n = 0; n < ARRAY_SIZE(codes); n++) {
        EQUAL(try_user(codes[n], EFLAGS_IOPL), EXC_GP);
        EQUAL(last.error, 0);
        EQUAL(last.eip, codes[n]);
    }
    EQUAL(try_user(user_rdmsr, EFLAGS_IOPL), EXC_GP);
    EQUAL(try_user(user_wrmsr, EFLAGS_IOPL), EXC_GP);
}

TEST(io_privilege, "SDM 1 19.5.1, 19.5.2")
{
    EQUAL(try_user(user_in, 0), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(try_user(user_in, EFLAGS_IOPL), BACK);
    EQUAL(try_user(user_insb, 0), EXC_GP);
    EQUAL(try_user(user_sti, 0), EXC_GP);
    EQUAL(try_user(user_sti, EFLAGS_IOPL), BACK);
    EQUAL(last.eflags & EFLAGS_IF, EFLAGS_IF);
    tss.io[0x80 / 8] = 0xfe;
    EQUAL(try_user(user_in, 0), BACK);
    EQUAL(try_user(user_insb, 0), BACK);
    tss.io_map = 0xffff; /* beyond the limit: no port at all */
    EQUAL(try_user(user_in, 0), EXC_GP);
}

TEST(tsc_privilege, "SDM 2 RDTSC; SDM 3A 2.5")
{
    EQUAL(try_user(user_rdtsc, 0), BACK);
    set_cr4(CR4_TSD, 0);
    EQUAL(try_user(user_rdtsc, EFLAGS_IOPL), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(try_call(user_rdtsc), BACK);
    EQUAL(try_user(user_rdpmc, 0), EXC_GP); /* CR4.PCE is clear */
}

TEST(alignment_check, "SDM 3A 6.15 interrupt 17")
{
    EQUAL(try_user(user_unaligned, 0), BACK);
    set_cr0(CR0_AM, 0);
    EQUAL(try_user(user_unaligned, 0), EXC_AC);
    EQUAL(last.error, 0);
    EQUAL(last.eip, (uint32_t)user_unaligned + 9);
    EQUAL(try_user(user_unaligned_word, 0), EXC_AC);
    EQUAL(try_user(user_unaligned_stack, 0), EXC_AC);
    EQUAL(try_user(user_aligned, 0), BACK);
    EQUAL(try_call(unaligned), -1); /* level 3 alone */
    set_cr0(0, CR0_AM);
    EQUAL(try_user(user_unaligned, 0), BACK);
}

/* What a far transfer within level 3 pushes and pops. */
TEST(alignment_of_far_transfers, "SDM 3A 6.15 interrupt 17")
{
    set_cr0(CR0_AM, 0);
    set_gate(idt, 0x33, CODE3, (uint32_t)user_landed, 0xee, 0);
    EQUAL(try_user(user_far_call, 0), EXC_AC);
    EQUAL(last.eip, user_far_call_at);
    EQUAL(try_user(user_far_return, 0), EXC_AC);
    EQUAL(last.eip, user_far_return_at);
    EQUAL(try_user(user_iret, 0), EXC_AC);
    EQUAL(last.eip, user_iret_at);
    EQUAL(try_user(user_int, 0), EXC_AC);
    EQUAL(last.eip, user_int_at);
    set_cr0(0, CR0_AM);
    EQUAL(try_user(user_far_call, 0), BACK);
    EQUAL(try_user(user_far_return, 0), BACK);
    EQUAL(try_user(user_iret, 0), BACK);
    EQUAL(try_user(user_int, 0), BACK);
}

/* ---- SYSENTER -------------------------------------------------------------------------------- */

TEST(sysenter_and_sysexit, "SDM 3A 5.8.7; SDM 2 SYSENTER, SYSEXIT")
{
    if (!has(HAS_SEP))
        return;
    wrmsr(0x174, CODE0);
    wrmsr(0x175, (uint32_t)inner_stack);
    wrmsr(0x176, (uint32_t)sysenter_target);
    EQUAL(try_user(user_sysenter, EFLAGS_IF | EFLAGS_IOPL), BACK);
    EQUAL(saved_esp, inner_stack);
    EQUAL(lock_word[0] & (EFLAGS_IF | EFLAGS_VM | EFLAGS_RF), 0);
    EQUAL(last.eax, CODE0 + 16 + 3);
    EQUAL(last.ebx, CODE0 + 24 + 3);
    EQUAL(try_user(user_sysexit, EFLAGS_IOPL), EXC_GP);
    EQUAL(last.error, 0);
    wrmsr(0x174, 3); /* a null selector */
    EQUAL(try_user(user_sysenter, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, 0);
    RAISES(do_sysexit, EXC_GP, 0);
    wrmsr(0x174, 0);
}
