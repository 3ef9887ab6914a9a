// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From a guest's memory operand to a host's: segments, window, soft TLB probe.
#include "translator/x86_64/emitter.h"

#include "translator/internal.h"
#include "translator/x86_64/glue.h"

/* ---- offsets --------------------------------------------------------------------------------- */

static struct host_memory offset_operand(const struct insn *i)
{
    struct host_memory m = { .base = HOST_NONE, .index = HOST_NONE, .disp = i->disp };
    if (i->base != REG_ZERO)
        m.base = (uint8_t)host_gpr(i->base);
    if (i->index != REG_ZERO) {
        m.index = (uint8_t)host_gpr(i->index);
        m.scale = i->scale;
    }
    return m;
}

/* A 32-bit LEA wraps at 4 GiB, and zero-extends what a 16-bit address wraps to. */
void effective_address(struct emitter *e, const struct insn *i, unsigned to)
{
    struct host_memory m = offset_operand(i);
    if (m.base == HOST_NONE && m.index == HOST_NONE) {
        asm_mov32_imm(&e->a, to, (uint32_t)i->disp & i->addr_mask);
        return;
    }
    asm_lea32(&e->a, to, &m);
    if (i->addr_mask == 0xffff)
        asm_rr(&e->a, ASM_0F, 0xb7, to, to); /* MOVZX r32, r16 */
}

static void load_segment_base(struct emitter *e, unsigned seg, unsigned to)
{
    struct host_memory base = host_cpu_field(seg);
    base.disp += (int32_t)(seg * sizeof(struct segment) + offsetof(struct segment, base));
    asm_load32(&e->a, to, &base);
}

void add_segment_base(struct emitter *e, unsigned seg, unsigned to, unsigned offset)
{
    if (e->mode & TRANSLATION_ZERO_BASE(seg)) {
        if (to != offset)
            asm_mov32(&e->a, to, offset);
        return;
    }
    load_segment_base(e, seg, HOST_R9);
    struct host_memory sum = { .base = (uint8_t)offset, .index = HOST_R9 };
    asm_lea32(&e->a, to, &sum);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* For CS the mode tells of reading alone: a protected-mode code segment cannot be written. */
static bool unlimited(const struct emitter *e, unsigned seg, enum access access)
{
    return e->mode & TRANSLATION_NO_LIMIT(seg) && !(seg == SEG_CS && access & ACCESS_STORE);
}

static bool flat(const struct emitter *e, unsigned seg, enum access access)
{
    return e->mode & TRANSLATION_ZERO_BASE(seg) && unlimited(e, seg, access);
}

/* offset + size - 1 <= limit, by the sign of their difference. NOT leaves flags alone. */
static void check_limit(struct emitter *e, unsigned seg, unsigned offset, unsigned size,
                        enum access access)
{
    if (unlimited(e, seg, access))
        return;
    struct assembler *a = &e->a;
    struct host_memory max = host_cpu_field(seg);
    max.disp += (int32_t)(seg * sizeof(struct segment) +
                          (access & ACCESS_STORE ? offsetof(struct segment, write_max)
                                                 : offsetof(struct segment, read_max)));
    asm_load64(a, HOST_R9, &max);
    asm_mov64(a, HOST_R10, offset);
    asm_rr(a, ASM_W, 0xf7, 2, HOST_R10); /* NOT */
    struct host_memory left = { .base = HOST_R10, .index = HOST_R9, .disp = 2 - (int32_t)size };
    asm_lea64(a, HOST_R10, &left);
    require_not_negative(e, HOST_R10);
}

/* ---- from linear address to host memory ------------------------------------------------------ */

/* A probe that several sites call leaves by a jump: the return address is the site's. */
enum probe_kind { PROBE_INLINE, PROBE_SHARED };

/*
 * The soft TLB's entry for the linear address in R8, tlb.c describes it: R9 becomes what is to be
 * added to R8. Else to the slow path. Clobbers R10 and R11.
 */
static void emit_probe(struct assembler *a, const struct glue *g, enum probe_kind kind, bool user,
                       unsigned size, enum access access)
{
    int32_t table = (int32_t)offsetof(struct cpu, tlbs) +
                    (user ? (int32_t)sizeof(((struct cpu *)0)->tlbs[0]) : 0);
    int32_t tag = access & ACCESS_STORE ? (int32_t)offsetof(struct tlb_entry, write_tag)
                                        : (int32_t)offsetof(struct tlb_entry, read_tag);
    struct host_memory last = host_at(HOST_R8, (int32_t)size - 1);
    unsigned end = size > 1 ? HOST_R10 : HOST_R8;
    if (size > 1)
        asm_lea32(a, HOST_R10, &last);
    asm_mov32_imm(a, HOST_R11, 12);
    asm_shrx(a, 32, HOST_R10, end, HOST_R11);
    asm_shrx(a, 32, HOST_R9, HOST_R8, HOST_R11);
    asm_rr(a, ASM_0F, 0xb7, HOST_R9, HOST_R9); /* MOVZX */
    struct host_memory twice = { .base = HOST_R9, .index = HOST_R9 };
    asm_lea64(a, HOST_R9, &twice);
    struct host_memory entry = { .base = HOST_CPU, .index = HOST_R9, .scale = 3 };
    entry.disp = table + tag;
    asm_mov64(a, HOST_R11, HOST_RCX);
    asm_load32(a, HOST_RCX, &entry);
    struct host_memory sum = { .base = HOST_RCX, .index = HOST_R10, .disp = 1 };
    asm_lea32(a, HOST_RCX, &sum);
    struct asm_label hit = asm_jrcxz(a);
    asm_mov64(a, HOST_RCX, HOST_R11);
    if (kind == PROBE_SHARED)
        asm_jmp(a, g->execute);
    else
        asm_call(a, g->execute);
    asm_bind(a, hit);
    asm_mov64(a, HOST_RCX, HOST_R11);
    entry.disp = table + (int32_t)offsetof(struct tlb_entry, host);
    asm_load64(a, HOST_R9, &entry);
}

void emit_shared_probes(struct assembler *a, struct glue *g)
{
    for (unsigned n = 0; n < SHARED_PROBES; n++) {
        g->probe[n] = a->p;
        emit_probe(a, g, PROBE_SHARED, n & 1, 1u << n / 4, n & 2 ? ACCESS_STORE : ACCESS_LOAD);
        asm_8(a, 0xc3);
    }
}

/*
 * Where there are windows, an address space without one is young: most of its code runs a few times
 * only. A CALL of five bytes takes less of the caches than the probe's sixty, and may be slower.
 */
static bool is_young(const struct emitter *e)
{
    return translator_of(e->cpu)->windows != NULL && !(e->mode & TRANSLATION_WINDOW);
}

static struct host_memory soft_probe(struct emitter *e, unsigned size, enum access access)
{
    const struct glue *g = &translator_of(e->cpu)->glue;
    bool user = e->mode & TRANSLATION_USER;
    unsigned shared = (unsigned)__builtin_ctz(size) * 4 + (access & ACCESS_STORE ? 2 : 0) + user;
    if (is_young(e) && (size & (size - 1)) == 0 && shared < SHARED_PROBES)
        asm_call(&e->a, g->probe[shared]);
    else
        emit_probe(&e->a, g, PROBE_INLINE, user, size, access);
    return (struct host_memory){ .base = HOST_R9, .index = HOST_R8 };
}

static struct host_memory linear_operand(struct emitter *e, unsigned size, enum access access)
{
    if (e->way == WAY_WINDOW)
        return (struct host_memory){ .base = HOST_R8, .index = HOST_NONE, .gs = true };
    return soft_probe(e, size, access);
}

struct host_memory memory_at(struct emitter *e, unsigned seg, unsigned offset_register,
                             unsigned size, enum access access)
{
    check_limit(e, seg, offset_register, size, access);
    add_segment_base(e, seg, HOST_R8, offset_register);
    return linear_operand(e, size, access);
}

/* The window's operand for 32-bit addresses in a segment without a limit: its base, if it has one,
 * takes the place that the guest's leaves free. Clobbers R8. */
static struct host_memory window_operand(struct emitter *e, const struct insn *i)
{
    struct host_memory m = offset_operand(i);
    m.gs = m.address32 = true;
    if (e->mode & TRANSLATION_ZERO_BASE(i->seg))
        return m;
    load_segment_base(e, i->seg, HOST_R8);
    if (m.base == HOST_NONE) {
        m.base = HOST_R8;
        return m;
    }
    if (m.index != HOST_NONE) {
        struct host_memory sum = { .base = HOST_R8, .index = m.index, .scale = m.scale };
        asm_lea32(&e->a, HOST_R8, &sum);
    }
    m.index = HOST_R8;
    m.scale = 0;
    return m;
}

struct host_memory memory_operand(struct emitter *e, const struct insn *i, unsigned size,
                                  enum access access)
{
    if (e->way == WAY_WINDOW && unlimited(e, i->seg, access) && i->addr_mask == 0xffffffff)
        return window_operand(e, i);
    effective_address(e, i, HOST_R8);
    return memory_at(e, i->seg, HOST_R8, size, access);
}

struct host_memory memory_based(struct emitter *e, unsigned seg, unsigned base, int32_t disp,
                                bool wrap16, unsigned size, enum access access)
{
    struct host_memory m = host_at(base, disp);
    if (e->way == WAY_WINDOW && flat(e, seg, access) && !wrap16) {
        m.gs = m.address32 = true;
        return m;
    }
    asm_lea32(&e->a, HOST_R8, &m);
    if (wrap16)
        asm_rr(&e->a, ASM_0F, 0xb7, HOST_R8, HOST_R8);
    return memory_at(e, seg, HOST_R8, size, access);
}

void adjust_stack(struct emitter *e, int32_t bytes)
{
    struct host_memory m = host_at(HOST_R14, bytes);
    if (e->mode & TRANSLATION_STACK32)
        asm_lea32(&e->a, HOST_R14, &m);
    else
        asm_rm(&e->a, ASM_66, 0x8d, HOST_R14, &m); /* LEA r16: the upper half stays */
}
