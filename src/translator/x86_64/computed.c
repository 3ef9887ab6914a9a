// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Computed calls and jumps: what the last target of a site was.
#include "translator/x86_64/control.h"

#include "translator/internal.h"
#include "translator/x86_64/glue.h"

/*
 * A site's cache is a far link whose target is the EIP that the site went to last: what empties
 * links to other pages empties it (far_link.c). Beside the link's slot lies what EIP that is. No
 * code changes.
 *
 *          mov r12, rcx                        miss:   mov r13, link
 *          mov ecx, [-EIP of the last target]          jmp computed_miss
 *          lea ecx, [rcx + r8]
 *          lea rcx, [rcx - 1]                  stub:   mov r8, link
 *          rorx rcx, rcx, 32                           jmp far_link
 *          mov r11, [code of the last target]
 *          jecxz miss
 *  resume: mov rcx, r12
 *          call r11
 *
 * computed_miss finds the target in the table, changes what the site remembers, and goes on at
 * resume. An emptied slot leads to the stub, which looks the same EIP up again. A site whose target
 * has changed COMPUTED_CHANGES times is given up: its translation is made anew with a look-up in
 * the table. Before it has gone anywhere a site's last target is EIP 0, and its slot empty.
 */
struct computed_slots {
    uint64_t code;
    uint32_t minus_eip, changes_left;
    uint64_t resume;
};
_Static_assert(sizeof(struct computed_slots) == COMPUTED_SLOTS * sizeof(uint64_t),
               "taken from the room for links' slots");

static bool remembers(const struct emitter *e)
{
    return far_links(e) && optimised(e, OPTIMISE_TARGETS) && !e->block->target_varies;
}

/* To the EIP in R8D; R9-R13 are clobbered, flags kept. */
void emit_computed(struct emitter *e, bool call)
{
    struct assembler *a = &e->a;
    struct host_memory sum = { .base = HOST_RCX, .index = HOST_R8 };
    if (!remembers(e)) {
        emit_lookup(e, call);
        return;
    }
    struct computed_slots *slots = (struct computed_slots *)computed_link(e);
    if (a->overflow)
        return;
    slots->minus_eip = 0;
    slots->changes_left = COMPUTED_CHANGES;
    asm_mov64(a, HOST_R12, HOST_RCX);
    asm_load32_slot(a, HOST_RCX, &slots->minus_eip);
    asm_lea32(a, HOST_RCX, &sum);
    asm_load64_slot(a, HOST_R11, &slots->code);
    asm_unless_zero(a);
    computed_miss_path(e, asm_jmp_forward(a));
    asm_bytes(a, "\x90\x90\x90", ASM_UNLESS_ZERO_BYTES - 5);
    slots->resume = (uint64_t)(uintptr_t)runs_at(translator_of(e->cpu), a->p);
    asm_mov64(a, HOST_RCX, HOST_R12);
    if (call)
        asm_call_reg(a, HOST_R11);
    else
        asm_jmp_reg(a, HOST_R11);
}

static struct host_memory slots_field(size_t offset)
{
    return host_at(HOST_R10, (int32_t)offset);
}

/* The site with the slots R10 goes to the EIP in R8D, code R11, from now on. Clobbers R9. */
static void emit_remember(struct assembler *a)
{
    struct host_memory eip = host_at(HOST_R13, (int32_t)offsetof(struct link, target_eip));
    struct host_memory code = slots_field(offsetof(struct computed_slots, code));
    struct host_memory minus_eip = slots_field(offsetof(struct computed_slots, minus_eip));
    struct host_memory plus_one = host_at(HOST_R9, 1);
    asm_store32(a, &eip, HOST_R8);
    asm_mov32(a, HOST_R9, HOST_R8);
    asm_rr(a, 0, 0xf7, 2, HOST_R9); /* NOT */
    asm_lea32(a, HOST_R9, &plus_one);
    asm_store32(a, &minus_eip, HOST_R9);
    asm_store64(a, &code, HOST_R11);
}

/* R8D: EIP, R12: the guest's RCX, R13: struct link *. */
void emit_computed_glue(const struct translator *tr, struct assembler *a, struct glue *g)
{
    struct host_memory target, slot = host_at(HOST_R13, (int32_t)offsetof(struct link, slot));
    struct host_memory left = slots_field(offsetof(struct computed_slots, changes_left));
    struct host_memory resume = slots_field(offsetof(struct computed_slots, resume));
    struct host_memory free = host_cpu_field(jit.links_free), less = host_at(HOST_RCX, -1);
    struct host_memory at_slot = { .base = HOST_RCX, .index = HOST_R10, .scale = 3 };
    struct host_memory varies = host_cpu_field(jit.varies);
    g->computed_miss = a->p;
    asm_mov64(a, HOST_RCX, HOST_R12);
    struct asm_label hit = emit_table_probe(a, HOST_R8, &target);
    asm_jmp(a, g->find_lookup);
    asm_bind(a, hit);
    asm_load64(a, HOST_R11, &target);
    asm_load32(a, HOST_R10, &slot);
    asm_mov64_imm(a, HOST_RCX, (uint64_t)(uintptr_t)tr->cache);
    asm_lea64(a, HOST_R10, &at_slot);
    asm_load64(a, HOST_RCX, &free);
    struct asm_label full = asm_jrcxz(a);
    asm_load32(a, HOST_RCX, &left);
    struct asm_label give_up = asm_jrcxz(a);
    asm_lea32(a, HOST_RCX, &less);
    asm_store32(a, &left, HOST_RCX);
    asm_load64(a, HOST_RCX, &free);
    emit_list_link(a);
    emit_remember(a);
    asm_bind(a, full);
    asm_jmp_mem(a, &resume);
    asm_bind(a, give_up);
    asm_mov64(a, HOST_RCX, HOST_R12);
    asm_store64(a, &varies, HOST_R13);
    asm_jmp(a, g->exit_lookup);
}
