// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Files of the MOO format, version 1: single instructions as a processor's pins and registers showed them.
#ifndef TESTS_VECTORS_MOO_H
#define TESTS_VECTORS_MOO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Numbered as in an RG32 chunk; what a REGS chunk has is brought to the same. */
enum moo_register {
    MOO_CR0,
    MOO_CR3,
    MOO_EAX,
    MOO_EBX,
    MOO_ECX,
    MOO_EDX,
    MOO_ESI,
    MOO_EDI,
    MOO_EBP,
    MOO_ESP,
    MOO_CS,
    MOO_DS,
    MOO_ES,
    MOO_FS,
    MOO_GS,
    MOO_SS,
    MOO_EIP,
    MOO_EFLAGS,
    MOO_DR6,
    MOO_DR7,
    MOO_REGISTERS
};
extern const char *const moo_register_names[MOO_REGISTERS];

struct moo_registers {
    uint32_t present; /* bit n: value[n] was in the file */
    uint32_t value[MOO_REGISTERS];
};

struct moo_byte {
    uint32_t address; /* physical */
    uint8_t value;
};

struct moo_state {
    struct moo_registers registers;
    struct moo_registers masks; /* 1 bits are defined; what is not present is defined wholly */
    uint32_t bytes;
    const uint8_t *packed; /* `bytes` entries of the file: moo_byte() */
};

struct moo_test {
    uint32_t index;
    char name[80];
    uint8_t code[16];
    unsigned code_length; /* with the HLT behind it, where the suite counts that */
    struct moo_state before, after;
    int exception;          /* -1: none */
    uint32_t flags_address; /* where the exception pushed FLAGS: its undefined bits are there, too */
};

struct moo_file;

struct moo_header {
    char processor[5]; /* "8088", "C286", "386E", ... without trailing spaces */
    uint32_t tests;
    struct moo_registers masks; /* of the whole file */
    char mnemonic[9];           /* empty: the file does not say */
};

/* Plain or compressed by gzip. NULL: err says why. */
struct moo_file *moo_open(const char *path, struct error *err);
void moo_close(struct moo_file *file);
const struct moo_header *moo_header(const struct moo_file *file);
/* The next test; what it points to lives as long as the file. False: no more, or, where err has a text, the file
 * is damaged. */
bool moo_next(struct moo_file *file, struct moo_test *test, struct error *err);
struct moo_byte moo_byte(const struct moo_state *state, uint32_t number);

#endif
