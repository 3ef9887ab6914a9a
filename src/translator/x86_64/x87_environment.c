// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// FLDCW, FNSTENV and FLDENV: what could unmask an exception, or names addresses.
#include "translator/x86_64/emit_functions.h"
#include "translator/x86_64/fpu_emit.h"

/*
 * The C library's floor() and the like save and load the environment each time. Here it is the
 * host's, in the one of its four forms that 64-bit code has: 32-bit protected mode, SDM 1 figure
 * 8-9. The host's instruction and data pointers are addresses of bmbt's; the guest's stand in
 * struct fpu, as the executor left them.
 */
enum { ENVIRONMENT_SIZE = 28, ENV_IP = 12, ENV_CS_OPCODE = 16, ENV_DP = 20, ENV_DS = 24 };

/* A 32-bit code segment outside protected mode is rare, but there is no bit for it in the mode. */
static void require_protected(struct emitter *e)
{
    struct assembler *a = &e->a;
    struct host_memory cr0 = host_cpu_field(cr0);
    _Static_assert(CR0_PE == 1, "the lowest bit is moved to the top");
    asm_load32(a, HOST_R8, &cr0);
    asm_rr(a, 0, 0xf7, 2, HOST_R8); /* NOT */
    asm_mov32_imm(a, HOST_R9, 31);
    asm_shlx(a, 32, HOST_R8, HOST_R8, HOST_R9);
    require_zero(e, HOST_R8);
}

static bool has_host_form(const struct emitter *e, const struct insn *i)
{
    return e->mode & MODE_CS32 && !(i->flags & INSN_OSIZE16);
}

static struct host_memory part(struct host_memory m, int32_t offset)
{
    m.disp = (int32_t)((uint32_t)m.disp + (uint32_t)offset); /* wraps as the address does */
    return m;
}

/* Stores that fault leave the instruction to the executor, which stores the same. */
bool emit_fnstenv(struct emitter *e, const struct insn *i)
{
    struct assembler *a = &e->a;
    struct host_memory ip = host_cpu_field(fpu.ip), dp = host_cpu_field(fpu.dp);
    struct host_memory cs = host_cpu_field(fpu.opcode), ds = host_cpu_field(fpu.dp_selector);
    _Static_assert(offsetof(struct fpu, ip_selector) == offsetof(struct fpu, opcode) + 2,
                   "loaded together");
    if (!has_host_form(e, i))
        return false;
    require_protected(e);
    struct host_memory m = memory_operand(e, i, ENVIRONMENT_SIZE, ACCESS_STORE), to;
    asm_rm(a, 0, 0xd9, 6, &m);
    to = part(m, ENV_IP);
    asm_load32(a, HOST_R10, &ip);
    asm_store32(a, &to, HOST_R10);
    to = part(m, ENV_CS_OPCODE);
    asm_load32(a, HOST_R10, &cs);
    asm_rorx(a, 32, HOST_R10, HOST_R10, 16);
    asm_store32(a, &to, HOST_R10);
    to = part(m, ENV_DP);
    asm_load32(a, HOST_R10, &dp);
    asm_store32(a, &to, HOST_R10);
    to = part(m, ENV_DS);
    asm_rm(a, ASM_0F, 0xb7, HOST_R10, &ds); /* MOVZX; unused bits are ones */
    struct host_memory ones = host_at(HOST_R10, -0x10000);
    asm_lea32(a, HOST_R10, &ones);
    asm_store32(a, &to, HOST_R10);
    return true;
}

/* To jit.fpu_scratch: what is looked at there is what is loaded. */
static struct host_memory copy_to_scratch(struct emitter *e, const struct host_memory *m)
{
    struct host_memory scratch = host_cpu_field(jit.fpu_scratch);
    for (int32_t n = 0; n < ENVIRONMENT_SIZE; n += n + 8 <= ENVIRONMENT_SIZE ? 8 : 4) {
        struct host_memory from = part(*m, n), to = part(scratch, n);
        if (n + 8 <= ENVIRONMENT_SIZE) {
            asm_load64(&e->a, HOST_R10, &from);
            asm_store64(&e->a, &to, HOST_R10);
        } else {
            asm_load32(&e->a, HOST_R10, &from);
            asm_store32(&e->a, &to, HOST_R10);
        }
    }
    return scratch;
}

static void store16(struct emitter *e, const struct host_memory *to, unsigned from)
{
    asm_rm(&e->a, ASM_66, 0x89, from, to);
}

static void load_pointers(struct emitter *e, struct host_memory scratch)
{
    struct assembler *a = &e->a;
    struct host_memory ip = host_cpu_field(fpu.ip), dp = host_cpu_field(fpu.dp);
    struct host_memory cs = host_cpu_field(fpu.ip_selector), ds = host_cpu_field(fpu.dp_selector);
    struct host_memory opcode = host_cpu_field(fpu.opcode), from = part(scratch, ENV_IP);
    asm_load32(a, HOST_R10, &from);
    asm_store32(a, &ip, HOST_R10);
    from = part(scratch, ENV_DP);
    asm_load32(a, HOST_R10, &from);
    asm_store32(a, &dp, HOST_R10);
    from = part(scratch, ENV_DS);
    asm_load32(a, HOST_R10, &from);
    store16(e, &ds, HOST_R10);
    from = part(scratch, ENV_CS_OPCODE);
    asm_load32(a, HOST_R10, &from);
    store16(e, &cs, HOST_R10);
    /* Bits 16-26. */
    asm_mov32_imm(a, HOST_R9, 5);
    asm_shlx(a, 32, HOST_R10, HOST_R10, HOST_R9);
    asm_mov32_imm(a, HOST_R9, 5 + 16);
    asm_shrx(a, 32, HOST_R10, HOST_R10, HOST_R9);
    store16(e, &opcode, HOST_R10);
}

bool emit_fldenv(struct emitter *e, const struct insn *i)
{
    struct assembler *a = &e->a;
    if (!has_host_form(e, i))
        return false;
    require_protected(e);
    struct host_memory m = memory_operand(e, i, ENVIRONMENT_SIZE, ACCESS_LOAD);
    struct host_memory scratch = copy_to_scratch(e, &m);
    asm_load32(a, HOST_R8, &scratch);
    fpu_require_masks(e, HOST_R8, 0);
    load_pointers(e, scratch);
    asm_rm(a, 0, 0xd9, 4, &scratch);
    return true;
}

/* A new control word that unmasks something is the executor's. */
bool emit_fldcw(struct emitter *e, const struct insn *i)
{
    struct assembler *a = &e->a;
    struct host_memory word = host_cpu_field(jit.fpu_scratch);
    struct host_memory m = memory_operand(e, i, 2, ACCESS_LOAD);
    asm_rm(a, ASM_0F, 0xb7, HOST_R8, &m); /* MOVZX */
    asm_store32(a, &word, HOST_R8);
    fpu_require_masks(e, HOST_R8, 0);
    asm_rm(a, 0, 0xd9, 5, &word);
    return true;
}
