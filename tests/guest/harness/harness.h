// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Kernels that run named checks on the bare machine: tables, catching exceptions, printing.
#ifndef TESTS_GUEST_HARNESS_H
#define TESTS_GUEST_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "SDM 3A 5.7" is a section of Intel's Software Developer's Manual in the numbering of 2020 (order
 * number 325462-072), "SDM 2" the instruction's own page. Chips are cited by their data sheets.
 */

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
    FREE_A = 0xa0, /* for a test to set up */
    FREE_B = 0xa8,
    CODE1 = 0xb1,
    DATA1 = 0xb9,
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
    EXC_MC,
    EXC_XM,
    IRQ_BASE = 0x20, /* the 8259s' lines, in the board's kernel */
    BACK = 0x30      /* INT 30h: back from an outer level */
};

#define EFLAGS_CF   0x1u
#define EFLAGS_ZF   0x40u
#define EFLAGS_TF   0x100u
#define EFLAGS_IF   0x200u
#define EFLAGS_DF   0x400u
#define EFLAGS_NT   0x4000u
#define EFLAGS_IOPL 0x3000u
#define EFLAGS_RF   0x10000u
#define EFLAGS_VM   0x20000u
#define EFLAGS_AC   0x40000u
#define EFLAGS_VIF  0x80000u
#define EFLAGS_VIP  0x100000u

enum {
    CR0_PE = 0x1,
    CR0_MP = 0x2,
    CR0_EM = 0x4,
    CR0_TS = 0x8,
    CR0_NE = 0x20,
    CR0_WP = 0x10000,
    CR0_AM = 0x40000,
    CR0_NW = 0x20000000,
    CR0_CD = 0x40000000
};
#define CR0_PG 0x80000000u
enum {
    CR4_VME = 0x1,
    CR4_PVI = 0x2,
    CR4_TSD = 0x4,
    CR4_DE = 0x8,
    CR4_PSE = 0x10,
    CR4_PAE = 0x20,
    CR4_MCE = 0x40,
    CR4_PGE = 0x80,
    CR4_PCE = 0x100,
    CR4_OSFXSR = 0x200,
    CR4_OSXMMEXCPT = 0x400,
    CR4_OSXSAVE = 0x40000
};

/* CPUID leaf 1, EDX. */
enum {
    HAS_FPU = 1 << 0,
    HAS_VME = 1 << 1,
    HAS_DE = 1 << 2,
    HAS_PSE = 1 << 3,
    HAS_TSC = 1 << 4,
    HAS_MSR = 1 << 5,
    HAS_PAE = 1 << 6,
    HAS_MCE = 1 << 7,
    HAS_CX8 = 1 << 8,
    HAS_APIC = 1 << 9,
    HAS_SEP = 1 << 11,
    HAS_MTRR = 1 << 12,
    HAS_PGE = 1 << 13,
    HAS_MCA = 1 << 14,
    HAS_CMOV = 1 << 15,
    HAS_PAT = 1 << 16,
    HAS_PSE36 = 1 << 17,
    HAS_CLFLUSH = 1 << 19,
    HAS_MMX = 1 << 23,
    HAS_FXSR = 1 << 24,
    HAS_SSE = 1 << 25,
    HAS_SSE2 = 1 << 26
};

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
extern char task_stack[1024];
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
/* An IDT entry as reset_tables() leaves it. */
void reset_gate(unsigned vector);
void set_idt(const void *base, uint16_t limit);
/* Tables, control, debug and task registers as every test finds them. */
void reset_machine(void);
/* tss_b, whose descriptor is TSS_B_SEL, begins with body at level 0 on task_stack. */
void make_task(void (*body)(void));
/* Run code at level 3 with these flags until an exception or INT 30h; its vector. */
int try_user(void (*code)(void), uint32_t eflags);

/* ---- tests ----------------------------------------------------------------------------------- */

/*
 * A named check: TEST(name, "manual, section") { EQUAL(...); }. The kernel runs them in the order
 * of its files. Each finds the machine as reset_machine() leaves it.
 */
struct guest_test {
    const char *name, *manual;
    void (*run)(void);
};
#define TEST(name, manual)                                                                         \
    static void name(void);                                                                        \
    static const struct guest_test name##_row                                                      \
        __attribute__((section(".guest_tests"), used, aligned(4))) = { #name, manual, name };      \
    static void name(void)

/* A kernel may have one: called before the first test, and after each reset. */
void kernel_start(void) __attribute__((weak));

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
/* A reset of the machine is what the running test wants; the kernel that starts again passes it. */
void expect_reset(void);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A function of bare instructions, Intel syntax, that ends in RET unless it leaves otherwise. */
#define CODE(name, text)                                                                           \
    void name(void);                                                                               \
    __asm__(".intel_syntax noprefix\n.text\n.globl " #name "\n" #name ":\n" text "\nret\n"         \
            ".att_syntax\n")

/* ---- instructions ---------------------------------------------------------------------------- */

static inline bool has(uint32_t feature)
{
    uint32_t eax = 1, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
    return edx & feature;
}

/* EFER.NXE: CPUID leaf 80000001H. */
static inline bool has_nx(void)
{
    uint32_t eax = 0x80000000, edx = 0;
    __asm__ volatile("cpuid" : "+a"(eax) : : "ebx", "ecx", "edx");
    if (eax < 0x80000001 || eax > 0x8000ffff)
        return false;
    eax = 0x80000001;
    __asm__ volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
    return edx & 1 << 20;
}

static inline uint32_t cr0(void)
{
    uint32_t v;
    __asm__ volatile("movl %%cr0, %0" : "=r"(v));
    return v;
}
static inline void set_cr0(uint32_t set, uint32_t clear)
{
    __asm__ volatile("movl %0, %%cr0" : : "r"((cr0() | set) & ~clear) : "memory");
}
static inline void set_cr3(const void *to)
{
    __asm__ volatile("movl %0, %%cr3" : : "r"(to) : "memory");
}
static inline uint32_t cr4(void)
{
    uint32_t v;
    __asm__ volatile("movl %%cr4, %0" : "=r"(v));
    return v;
}
static inline void set_cr4(uint32_t set, uint32_t clear)
{
    __asm__ volatile("movl %0, %%cr4" : : "r"((cr4() | set) & ~clear) : "memory");
}
static inline void invlpg(uint32_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}
static inline void wrmsr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}
static inline uint64_t rdmsr(uint32_t index)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}
static inline void outb(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}
static inline uint8_t inb(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}
static inline void outl(uint16_t port, uint32_t v)
{
    __asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port) : "memory");
}
static inline uint32_t inl(uint16_t port)
{
    uint32_t v;
    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}
#define SET_DR(n, value) __asm__ volatile("movl %0, %%dr" #n : : "r"((uint32_t)(value)))

static inline uint32_t load32(uint32_t at)
{
    return *(volatile uint32_t *)at;
}
static inline void store32(uint32_t at, uint32_t v)
{
    *(volatile uint32_t *)at = v;
}
static inline uint8_t load8(uint32_t at)
{
    return *(volatile uint8_t *)at;
}
static inline void store8(uint32_t at, uint8_t v)
{
    *(volatile uint8_t *)at = v;
}

#endif
