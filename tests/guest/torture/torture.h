// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the torture kernels share: a program's whole state, ways to run it, memory, output.
#ifndef TESTS_GUEST_TORTURE_H
#define TESTS_GUEST_TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CODE0 = 0x08,
    DATA0 = 0x10,
    CODE3 = 0x1b,
    DATA3 = 0x23,
    TSS_SEL = 0x28,
    /* Segments that tests set up as they need; level 3. */
    CODE_TEST = 0x33,
    DATA_TEST = 0x3b,
    STACK_TEST = 0x43,
    FS_TEST = 0x4b,
    GS_TEST = 0x53,
    /* And level 0. */
    CODE0_TEST = 0x58,
    DATA0_TEST = 0x60,
    GDT_ENTRIES = 16
};
enum { ACCESS_CODE0 = 0x9b, ACCESS_DATA0 = 0x93, ACCESS_CODE3 = 0xfb, ACCESS_DATA3 = 0xf3 };
enum { SEGMENT_16 = 0, SEGMENT_32 = 4, SEGMENT_PAGES = 8 };

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
    SYSCALL = 0x30,  /* INT 30h may be done at every level */
    IRQ_BASE = 0x40, /* the 8259s' lines */
    LAPIC_VECTOR = 0x50,
    SPURIOUS_VECTOR = 0x5f
};

#define FLAG_CF     0x1u
#define FLAG_PF     0x4u
#define FLAG_AF     0x10u
#define FLAG_ZF     0x40u
#define FLAG_SF     0x80u
#define FLAG_TF     0x100u
#define FLAG_IF     0x200u
#define FLAG_DF     0x400u
#define FLAG_OF     0x800u
#define FLAG_RF     0x10000u
#define FLAG_VM     0x20000u
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A program's registers before it runs; behind it those of the exception that ended it. */
struct state {
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    uint32_t eip, cs, eflags, ss, ds, es, fs, gs;
    uint32_t vector, error, cr2;
    uint8_t fx[512] __attribute__((aligned(16)));
};

/* What a handler finds; ESP and SS only from an outer level, what follows only from V86. */
struct frame {
    uint32_t ds, es, fs, gs, edi, esi, ebp, esp_, ebx, edx, ecx, eax, vector, error;
    uint32_t eip, cs, eflags, esp, ss, v86_es, v86_ds, v86_fs, v86_gs;
};

/* ---- machine.c ------------------------------------------------------------------------------- */

extern uint64_t gdt[GDT_ENTRIES];
/* Where set, sees each exception and interrupt first; true: go on with IRET. */
extern bool (*hook)(struct frame *f);
extern uint32_t last_cr2;

void set_segment(unsigned selector, uint32_t base, uint32_t limit, unsigned access, unsigned flags);
void reset_tables(void);
/* Flat registers for code at this level; everything else 0, x87 and SSE as after FNINIT. */
void state_init(struct state *s, const void *code, uint32_t esp, unsigned level);
/* Run until an exception, which lands in *s. */
void state_run(struct state *s);

uint32_t call_code(const void *code, uint32_t eax, uint32_t ecx);
uint32_t cpuid_edx(void);
uint32_t cpuid_ecx(void);

/* ---- output.c -------------------------------------------------------------------------------- */

extern unsigned failures;
/* What the boot loader left in EAX and EBX. */
extern uint32_t boot_magic, boot_information;

void print(const char *text);
void print_hex(uint32_t v);
void print_decimal(uint32_t v);
void print_bytes(const uint8_t *bytes, unsigned count);
void print_state(const struct state *s);
bool check(bool ok, const char *what, const char *file, int line);
bool check_equal(uint32_t actual, uint32_t expected, const char *what, const char *file, int line);
#define CHECK(c)    check(c, #c, __FILE_NAME__, __LINE__)
#define EQUAL(a, e) check_equal((uint32_t)(a), (uint32_t)(e), #a, __FILE_NAME__, __LINE__)
void finish(void) __attribute__((noreturn));
/* The number behind name= on the command line, or a default. */
uint32_t option(const char *name, uint32_t otherwise);
void read_command_line(void);

/* ---- memory.c -------------------------------------------------------------------------------- */

#define PTE_P  1u
#define PTE_W  2u
#define PTE_U  4u
#define PTE_A  0x20u
#define PTE_D  0x40u
#define PTE_PS 0x80u
#define PTE_G  0x100u

/* Linear addresses below TEST_LINEAR show what is there; the 4 MiB from there on are free. */
#define TEST_LINEAR 0x40000000u
/* Physical pages for tests: an even megabyte; they can be seen where they lie. */
#define FRAMES   0x1000000u
#define FRAME(n) (FRAMES + (uint32_t)(n)*4096)

extern uint32_t page_directory[1024], test_table[1024], low_table[1024];

void paging_start(void);
/* The page at a linear address in the 4 MiB of tests; flushes it. */
void map(uint32_t linear, uint32_t frame, uint32_t bits);
uint32_t *map_entry(uint32_t linear);
void invlpg(uint32_t linear);
uint32_t cr0(void);
uint32_t cr3(void);
uint32_t cr4(void);
void set_cr0(uint32_t v);
void set_cr3(uint32_t v);
void set_cr4(uint32_t v);

void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);
/* Whole dwords, with one REP MOVSD. */
void copy_dwords(void *to, const void *from, size_t size);

/* A stream of numbers that its seed determines. */
struct random {
    uint32_t state;
};
uint32_t random32(struct random *r);
unsigned random_below(struct random *r, unsigned limit);
bool chance(struct random *r, unsigned percent);

uint32_t digest(uint32_t so_far, uint32_t value);
uint32_t digest_memory(uint32_t so_far, const void *from, size_t size);
/* Registers, EFLAGS but for undefined, x87, MMX, SSE; without FNSTENV's addresses. */
uint32_t digest_state(uint32_t so_far, const struct state *s, uint32_t undefined);

/* ---- code ------------------------------------------------------------------------------------ */

/* Bare instructions, Intel syntax, from name to name_end. */
#define CODE_DECLARE(name) extern uint8_t name[], name##_end[]
#define CODE(name, text)                                                                           \
    CODE_DECLARE(name);                                                                            \
    __asm__(".intel_syntax noprefix\n.text\n.balign 16\n.globl " #name ", " #name "_end\n" #name   \
            ":\n" text "\n" #name "_end:\n"                                                        \
            "nop\n.att_syntax\n")
#define CODE16(name, text) CODE(name, ".code16\n" text "\n.code32\n")

/* A copy of CODE() at to; its end. */
#define PLACE(to, name) place((uint32_t)(to), name, name##_end)
uint32_t place(uint32_t to, const void *code, const void *end);

static inline void store8(uint32_t at, uint8_t v)
{
    *(volatile uint8_t *)at = v;
}
static inline void store32(uint32_t at, uint32_t v)
{
    *(volatile uint32_t *)at = v;
}
static inline uint8_t load8(uint32_t at)
{
    return *(volatile uint8_t *)at;
}
static inline uint32_t load32(uint32_t at)
{
    return *(volatile uint32_t *)at;
}
static inline void outb(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}
static inline uint8_t inb(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}
static inline void outl(uint16_t port, uint32_t v)
{
    __asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}
static inline uint32_t inl(uint16_t port)
{
    uint32_t v;
    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

/* Behind the kernel. */
extern char kernel_start[], kernel_end[];

/* Each kernel's own: what it runs. */
void torture(void);

#endif
