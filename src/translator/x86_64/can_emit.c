// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What code can be made at all: on which host processors, and of which rows of opcodes.
#include "translator/internal.h"
#include "translator/x86_64/emit_functions.h"

/* CPUID leaf 7, EBX: SDM 2A. */
#define CPUID_BMI2 (1u << 8)

/* Shifts and rotations that leave the flags alone are everywhere in it. */
bool host_can_translate(void)
{
    uint32_t eax = 7, ebx, ecx = 0, edx;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ebx & CPUID_BMI2;
}

emit_fn *emitter_of(const struct opcode *row)
{
    return emitter_table[row - opcode_table];
}

bool emits(const struct opcode *row)
{
    return emitter_of(row) != NULL;
}
