// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs: what one is, where it lies, how it is written.
#ifndef TESTS_GUEST_TORTURE_GENERATE_H
#define TESTS_GUEST_TORTURE_GENERATE_H

#include "torture.h"

/*
 * Every data address that a program makes is valid, so that programs live long: two pages are seen
 * again and again over 256 KiB, and from linear 0 on, too, where 16-bit addresses and V86 reach.
 * The stack has two pages of the same kind.
 */
enum {
    ARENA_SIZE = 0x2000,
    STACK_SIZE = 0x2000,
    CODE_SIZE = 0x4000,
    LOW_ARENA = 0,
    LOW_STACK = 0x20000,
    LOW_CODE = 0x40000
};
#define ARENA        (TEST_LINEAR + 0x100000)
#define STACK        (TEST_LINEAR + 0x180000)
#define PROGRAM      (TEST_LINEAR + 0x200000)
#define ARENA_FRAMES FRAME(0x100)
#define STACK_FRAMES FRAME(0x110)
#define CODE_FRAMES  FRAME(0x120)

enum program_mode {
    FLAT_USER,
    FLAT_KERNEL,
    BASED_USER, /* 32-bit code with bases, and limits that are met */
    BASED_KERNEL,
    SMALL_USER, /* 16-bit code and stack */
    V86,
    PROGRAM_MODES
};
static inline bool program_in_kernel(enum program_mode mode)
{
    return mode == FLAT_KERNEL || mode == BASED_KERNEL;
}

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };
enum { MARKS = 1024, SUBROUTINES = 8 };

struct subroutine {
    unsigned offset, cost;
    bool far;
};

struct program {
    struct random random;
    enum program_mode mode;
    bool code16, has_float;
    uint32_t origin;    /* of code in its segment */
    uint32_t data_base; /* what valid data addresses start at */
    uint8_t *code;      /* where it is written */
    unsigned size, room;
    uint32_t pending; /* flags that are undefined here */
    uint8_t reserved; /* registers that nothing may write */
    uint8_t pointers; /* of these, those that hold data addresses */
    uint8_t counters[2];
    unsigned loops, repeat, cost;
    bool in_subroutine;
    struct subroutine subroutines[SUBROUTINES];
    unsigned subroutine_count;
    uint32_t ecx_features, edx_features;
    struct {
        uint16_t offset, pending;
    } marks[MARKS];
    unsigned mark_count;
};

void program_generate(struct program *p, uint32_t seed, unsigned items, enum program_mode mode);
/* Pages and segments as programs of this mode need them. */
void program_map(enum program_mode mode);
void program_segments(enum program_mode mode);
void program_start(const struct program *p, struct state *s);
/* Data and stack; at level 0 not what lies below ESP, where handlers have been. */
uint32_t program_memory_digest(const struct program *p, const struct state *s, uint32_t so_far);
/* Flags that are undefined where the program ended. */
uint32_t program_undefined(const struct program *p, const struct state *s);
extern const char *const program_mode_names[PROGRAM_MODES];

/* ---- generate_*.c ---------------------------------------------------------------------------- */

struct operand {
    bool is_register;
    uint8_t segment;         /* a prefix or 0 */
    bool other_size;         /* 67h */
    uint8_t count, bytes[6]; /* ModRM with reg 0, SIB, displacement */
};

void put8(struct program *p, unsigned v);
void put16(struct program *p, unsigned v);
void put32(struct program *p, uint32_t v);
/* An immediate or displacement of the operand size. */
void put_size(struct program *p, unsigned bytes, uint32_t v);
void mark(struct program *p);
/* Make these flags defined, and leave them so for what follows. */
void need_flags(struct program *p, uint32_t flags);
void flags_done(struct program *p, uint32_t defined, uint32_t undefined);
uint32_t data_address(struct program *p, unsigned alignment);
unsigned any_register(struct program *p);
/* Not reserved; -1 if there is none among allowed. */
int free_register(struct program *p, uint8_t allowed);
bool is_free(const struct program *p, unsigned reg);
void memory_operand(struct program *p, struct operand *o, unsigned alignment);
void put_operand(struct program *p, const struct operand *o, unsigned reg);
void put_prefixes(struct program *p, const struct operand *o);
void put_operand_size(struct program *p, unsigned bytes);
void load_immediate(struct program *p, unsigned reg, uint32_t v);

void put_integer(struct program *p);
void put_special(struct program *p);
void put_string(struct program *p);
void put_simd(struct program *p);
void put_x87(struct program *p);
void put_items(struct program *p, unsigned items);

#endif
