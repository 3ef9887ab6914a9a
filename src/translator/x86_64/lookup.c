// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From one translation to another by the table of jump targets, in generated code: look-ups, links
// that lead nowhere yet, returns that were not foreseen.
#include "translator/x86_64/control.h"

#include "translator/internal.h"
#include "translator/x86_64/glue.h"

/* jump_target_index(), twice, as an entry has two words. */
struct asm_label emit_table_probe(struct assembler *a, unsigned linear, struct host_memory *code)
{
    struct host_memory key = host_cpu_field(jit.zero), entry = host_cpu_field(jump_targets);
    asm_rorx(a, 32, HOST_R9, linear, 12);
    struct host_memory sum = { .base = HOST_R9, .index = (uint8_t)linear };
    asm_lea32(a, HOST_R9, &sum);
    asm_load64(a, HOST_R10, &key);
    asm_rr(a, ASM_0F, 0xb7, HOST_R9, HOST_R9);
    sum = (struct host_memory){ .base = HOST_R9, .index = HOST_R9 };
    asm_lea64(a, HOST_R9, &sum);
    asm_mov64(a, HOST_R12, HOST_RCX);
    sum = (struct host_memory){ .base = HOST_R10, .index = (uint8_t)linear };
    asm_lea64(a, HOST_R10, &sum);
    entry.index = HOST_R9;
    entry.scale = 3;
    asm_load64(a, HOST_RCX, &entry);
    sum = (struct host_memory){ .base = HOST_RCX, .index = HOST_R10 };
    asm_lea64(a, HOST_RCX, &sum);
    *code = entry;
    code->disp += (int32_t)offsetof(struct jump_target, code);
    struct asm_label hit = asm_jrcxz(a);
    asm_mov64(a, HOST_RCX, HOST_R12);
    return hit;
}

void emit_lookup(struct emitter *e, bool call)
{
    struct assembler *a = &e->a;
    const struct glue *glue = &translator_of(e->cpu)->glue;
    struct host_memory code;
    unsigned linear = HOST_R8;
    if (!optimised(e, OPTIMISE_LOOKUP)) {
        asm_jmp(a, glue->exit_lookup);
        return;
    }
    if (!(e->mode & TRANSLATION_ZERO_BASE(SEG_CS))) {
        add_segment_base(e, SEG_CS, HOST_R13, HOST_R8);
        linear = HOST_R13;
    }
    struct asm_label hit = emit_table_probe(a, linear, &code);
    asm_jmp(a, glue->find_lookup);
    asm_bind(a, hit);
    asm_mov64(a, HOST_RCX, HOST_R12);
    if (call)
        asm_call_mem(a, &code);
    else
        asm_jmp_mem(a, &code);
}

/* ---- the glue's part: by a link, or behind a return ------------------------------------------ */

/* The linear address of the EIP in R8D; clobbers R9. */
static void emit_linear(struct assembler *a, unsigned to)
{
    struct host_memory base = host_cpu_field(seg[SEG_CS].base);
    struct host_memory sum = { .base = HOST_R8, .index = HOST_R9 };
    asm_load32(a, HOST_R9, &base);
    asm_lea32(a, to, &sum);
}

void emit_shared_lookup(struct assembler *a, const struct glue *g)
{
    struct host_memory code;
    emit_linear(a, HOST_R13);
    struct asm_label hit = emit_table_probe(a, HOST_R13, &code);
    asm_jmp(a, g->find_lookup);
    asm_bind(a, hit);
    asm_mov64(a, HOST_RCX, HOST_R12);
    asm_jmp_mem(a, &code);
}

/* Exits, for C to link it; or on by the table, where that cannot be. */
static const uint8_t *emit_link(const struct translator *tr, struct assembler *a, struct glue *g)
{
    struct host_memory in_data = { .base = HOST_R9, .index = HOST_R8, .scale = 2 };
    struct host_memory bits = host_at(HOST_R8, (int32_t)offsetof(struct link, bits));
    struct host_memory eip = host_at(HOST_R8, (int32_t)offsetof(struct link, target_eip));
    g->link = a->p;
    asm_mov64_imm(a, HOST_R9, (uint64_t)(uintptr_t)tr->data);
    asm_lea64(a, HOST_R8, &in_data);
    asm_mov64(a, HOST_R9, HOST_RCX);
    asm_load32(a, HOST_RCX, &bits);
    asm_mov32_imm(a, HOST_R10, LINK_BY_TABLE_BIT);
    asm_shrx(a, 32, HOST_RCX, HOST_RCX, HOST_R10);
    struct asm_label exit = asm_jrcxz(a);
    asm_mov64(a, HOST_RCX, HOST_R9);
    asm_load32(a, HOST_R8, &eip);
    struct asm_label lookup = asm_jmp_forward(a);
    asm_bind(a, exit);
    asm_mov64(a, HOST_RCX, HOST_R9);
    const uint8_t *exit_link = a->p;
    asm_mov32_imm(a, HOST_R10, EXIT_LINK);
    asm_jmp(a, g->exit);
    asm_bind(a, lookup);
    emit_shared_lookup(a, g);
    return exit_link;
}

void emit_list_link(struct assembler *a)
{
    struct host_memory free = host_cpu_field(jit.links_free), less = host_at(HOST_RCX, -1);
    struct host_memory filled = host_cpu_field(jit.links_filled);
    struct host_memory entry = { .base = HOST_R9, .index = HOST_RCX, .scale = 3 };
    asm_lea64(a, HOST_RCX, &less);
    asm_store64(a, &free, HOST_RCX);
    asm_load64(a, HOST_R9, &filled);
    asm_store64(a, &entry, HOST_R13);
}

/* What far_link_fill() does, which is left to C where there is no room for one more. */
static void emit_far_link(const struct translator *tr, struct assembler *a, struct glue *g,
                          const uint8_t *exit_link)
{
    struct host_memory code, eip = host_at(HOST_R13, (int32_t)offsetof(struct link, target_eip));
    struct host_memory slot = host_at(HOST_R13, (int32_t)offsetof(struct link, slot));
    struct host_memory free = host_cpu_field(jit.links_free);
    struct host_memory in_data = { .base = HOST_R13, .index = HOST_R8, .scale = 2 };
    g->far_link = a->p;
    asm_mov64_imm(a, HOST_R13, (uint64_t)(uintptr_t)tr->data);
    asm_lea64(a, HOST_R13, &in_data);
    asm_load32(a, HOST_R8, &eip);
    emit_linear(a, HOST_R8);
    struct asm_label hit = emit_table_probe(a, HOST_R8, &code);
    asm_mov64(a, HOST_R8, HOST_R13);
    asm_jmp(a, g->find_link);
    asm_bind(a, hit);
    asm_load64(a, HOST_R11, &code);
    asm_load64(a, HOST_RCX, &free);
    struct asm_label full = asm_jrcxz(a);
    emit_list_link(a);
    asm_load32(a, HOST_R9, &slot);
    asm_mov64_imm(a, HOST_RCX, (uint64_t)(uintptr_t)tr->cache);
    struct host_memory at_slot = { .base = HOST_RCX, .index = HOST_R9, .scale = 3 };
    asm_store64(a, &at_slot, HOST_R11);
    asm_mov64(a, HOST_RCX, HOST_R12);
    asm_jmp_reg(a, HOST_R11);
    asm_bind(a, full);
    asm_mov64(a, HOST_RCX, HOST_R12);
    asm_mov64(a, HOST_R8, HOST_R13);
    asm_jmp(a, exit_link);
}

void emit_link_glue(const struct translator *tr, struct assembler *a, struct glue *g)
{
    const uint8_t *exit_link = emit_link(tr, a, g);
    emit_far_link(tr, a, g, exit_link);
}

/*
 * A landing was returned to that is not for the EIP in R8D. If one of the next few entries is, the
 * return goes on there, entry by entry, so that the processor's own stack stays in step. Else the
 * entry is put back, by a CALL for the same reason, and the target looked up: the look-up is next.
 */
void emit_return_glue(struct assembler *a, struct glue *g)
{
    struct asm_label found[RETURN_SEARCH];
    struct host_memory sum = { .base = HOST_R8, .index = HOST_R10 };
    struct host_memory eip = host_at(HOST_R9, LANDING_EIP), popped = host_at(HOST_RSP, -8);
    struct host_memory entry = host_at(HOST_RSP, 0);
    g->return_mismatch = a->p;
    asm_mov64(a, HOST_R13, HOST_RCX);
    for (unsigned n = 0; n < RETURN_SEARCH; n++) {
        struct host_memory next = host_at(HOST_RSP, (int32_t)(n * sizeof(uint64_t)));
        asm_load64(a, HOST_R9, &next);
        asm_load32(a, HOST_R10, &eip);
        asm_lea32(a, HOST_RCX, &sum);
        found[n] = asm_jrcxz(a);
    }
    asm_mov64(a, HOST_RCX, HOST_R13);
    asm_load64(a, HOST_R9, &popped);
    struct asm_label put_back = asm_call_forward(a);
    for (unsigned n = 0; n < RETURN_SEARCH; n++)
        asm_bind(a, found[n]);
    asm_mov64(a, HOST_RCX, HOST_R13);
    asm_8(a, 0xc3);
    g->return_bottom = a->p;
    emit_landing_test(a, 0);
    asm_mov64(a, HOST_RCX, HOST_R9);
    struct host_memory bottom = host_at(HOST_RSP, -8);
    asm_lea64(a, HOST_RSP, &bottom);
    struct asm_label lookup = asm_jmp_short(a);
    asm_bind(a, put_back);
    asm_store64(a, &entry, HOST_R9);
    asm_bind(a, lookup);
    g->lookup = a->p;
    emit_shared_lookup(a, g);
}
