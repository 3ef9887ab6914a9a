// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A kernel that runs checks on the bare processor: tables, catching exceptions, printing.
#ifndef TESTS_GUEST_HARNESS_H
#define TESTS_GUEST_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CODE0 = 0x08,
    DATA0 = 0x10,
    CODE3 = 0x1b,
    DATA3 = 0x23,
    TSS_SEL = 0x28,
    CONFORMING = 0x30,
    CODE16 = 0x38,
    DATA16 = 0x40,
    ABSENT = 0x48,
    TSS_B_SEL = 0x50,
    GATE = 0x58,
    EXECUTE_ONLY = 0x60,
    READ_ONLY = 0x68,
    LDT_SEL = 0x70,
    EXPAND_DOWN = 0x78,
    TASK_GATE = 0x80,
    TSS16_SEL = 0x88,
    SMALL = 0x90,
    DF_TSS_SEL = 0x98,
    GDT_ENTRIES = 32
};
enum {
    EXC_DE,
    EXC_DB,
    EXC_NMI,
    EXC_BP,
    EXC_OF,
    EXC_BR,
    EXC_UD,
    EXC_NM,
    EXC_DF,
    EXC_TS = 10,
    EXC_NP,
    EXC_SS,
    EXC_GP,
    EXC_PF,
    EXC_MF = 16,
    EXC_AC,
    BACK = 0x30 /* INT 30h: back from an outer level */
};

#define EFLAGS_CF   0x1u
#define EFLAGS_TF   0x100u
#define EFLAGS_IF   0x200u
#define EFLAGS_NT   0x4000u
#define EFLAGS_IOPL 0x3000u
#define EFLAGS_RF   0x10000u
#define EFLAGS_VM   0x20000u
#define EFLAGS_AC   0x40000u
#define EFLAGS_VIF  0x80000u
#define EFLAGS_VIP  0x100000u

struct tss32 {
    uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp,
        esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, io_map;
    uint8_t redirection[32];
    uint8_t io[8193];
} __attribute__((packed));

/*
 * What a handler finds; the last four words only from an outer level, the very last ones only from
 * V86.
 */
struct frame {
    uint32_t gs, fs, es, ds, edi, esi, ebp, esp_, ebx, edx, ecx, eax, vector, error;
    uint32_t eip, cs, eflags, esp, ss, v86_es, v86_ds, v86_fs, v86_gs;
};

struct iret_frame {
    uint32_t eip, cs, eflags, esp, ss, es, ds, fs, gs;
};

extern uint64_t gdt[GDT_ENTRIES], idt[256], ldt[4];
extern struct tss32 tss, tss_b;
extern struct frame last; /* of the last exception */
extern uint32_t last_cr2, last_dr6;
/* Where set, sees each exception first; true: go on with IRET. */
extern bool (*hook)(struct frame *f);
extern char inner_stack[], stubs[];

int try_call(void (*code)(void));
void recover(int vector) __attribute__((noreturn));
void enter_iret(const struct iret_frame *f) __attribute__((noreturn));

void set_segment(unsigned selector, uint32_t base, uint32_t limit, unsigned access, unsigned flags);
void set_gate(uint64_t *table, unsigned index, unsigned selector, uint32_t offset, unsigned access,
              unsigned count);
void reset_tables(void);
/* Run code at level 3 with these flags until an exception or INT 30h; its vector. */
int try_user(void (*code)(void), uint32_t eflags);

void print(const char *text);
void print_hex(uint32_t v);
void check(bool ok, const char *what, const char *file, int line);
void check_equal(uint32_t actual, uint32_t expected, const char *what, const char *file, int line);
#define CHECK(c)    check(c, #c, __FILE_NAME__, __LINE__)
#define EQUAL(a, e) check_equal((uint32_t)(a), (uint32_t)(e), #a, __FILE_NAME__, __LINE__)
/* The code raises vector with this error code. */
#define RAISES(code, vector_, error_)                                                              \
    do {                                                                                           \
        EQUAL(try_call(code), vector_);                                                            \
        EQUAL(last.error, error_);                                                                 \
    } while (0)

/* A function of bare instructions, Intel syntax, that ends in RET unless it leaves otherwise. */
#define CODE(name, text)                                                                           \
    void name(void);                                                                               \
    __asm__(".intel_syntax noprefix\n.text\n.globl " #name "\n" #name ":\n" text "\nret\n"         \
            ".att_syntax\n")

#define TESTS(T)                                                                                   \
    T(test_segments)                                                                               \
    T(test_transfers) T(test_gates) T(test_tasks) T(test_v86) T(test_paging) T(test_debug)         \
        T(test_real) T(test_instructions)
#define DECLARE(t) void t(void);
TESTS(DECLARE)

#endif
