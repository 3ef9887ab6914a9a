// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Breakpoints: the guest's own in DR0-DR7, and those of a debugger outside.
#include "cpu/block_cache.h"
#include "cpu/handlers.h"
#include "cpu/paging.h"
#include "cpu/system/internal.h"

#include "host/host.h"

/* SDM 3B 17.2. */
#define DR7_GD       (1u << 13)
#define DR7_FIXED    0x400u
#define DR7_WRITABLE 0xffff23ffu
#define DR6_FIXED    0xffff0ff0u
#define DR6_WRITABLE 0x0000e00fu
enum { RW_EXECUTE, RW_WRITE, RW_IO, RW_ACCESS };

static bool enabled(const struct cpu *cpu, unsigned n)
{
    return cpu->dr[7] >> (2 * n) & 3;
}
static unsigned kind_of(const struct cpu *cpu, unsigned n)
{
    return cpu->dr[7] >> (16 + 4 * n) & 3;
}
static uint32_t length_of(const struct cpu *cpu, unsigned n)
{
    static const uint8_t lengths[] = { 1, 2, 8, 4 };
    return lengths[cpu->dr[7] >> (18 + 4 * n) & 3];
}

/* R/W = 10 is an I/O breakpoint with CR4.DE, undefined without: then it never matches. */
static bool is_io(const struct cpu *cpu, unsigned n)
{
    return kind_of(cpu, n) == RW_IO && (cpu->cr4 & CR4_DE);
}
static bool is_data(const struct cpu *cpu, unsigned n)
{
    return kind_of(cpu, n) & 1;
}

/* ---- the debugger's list --------------------------------------------------------------------- */

#define DEBUGGER_MAX 64

struct debugger_point {
    enum debug_kind kind;
    uint32_t linear, length;
};

struct cpu_debug {
    struct debugger_point points[DEBUGGER_MAX];
    unsigned count;
    bool hit;
    struct debugger_point hit_point;
};

static bool same(const struct debugger_point *p, enum debug_kind kind, uint32_t linear,
                 uint32_t length)
{
    return p->kind == kind && p->linear == linear && p->length == length;
}

bool cpu_debug_insert(struct cpu *cpu, enum debug_kind kind, uint32_t linear, uint32_t length)
{
    if (!cpu->debug)
        cpu->debug = host_alloc(sizeof *cpu->debug);
    struct cpu_debug *debug = cpu->debug;
    if (debug->count == DEBUGGER_MAX)
        return false;
    debug->points[debug->count++] = (struct debugger_point){ kind, linear, length };
    debug_changed(cpu);
    return true;
}

bool cpu_debug_remove(struct cpu *cpu, enum debug_kind kind, uint32_t linear, uint32_t length)
{
    struct cpu_debug *debug = cpu->debug;
    for (unsigned n = 0; debug && n < debug->count; n++) {
        if (same(&debug->points[n], kind, linear, length)) {
            debug->points[n] = debug->points[--debug->count];
            debug_changed(cpu);
            return true;
        }
    }
    return false;
}

bool cpu_debug_hit(const struct cpu *cpu, enum debug_kind *kind, uint32_t *linear)
{
    const struct cpu_debug *debug = cpu->debug;
    if (!debug || !debug->hit)
        return false;
    *kind = debug->hit_point.kind;
    *linear = debug->hit_point.linear;
    return true;
}

void cpu_debug_clear_hit(struct cpu *cpu)
{
    if (cpu->debug)
        cpu->debug->hit = false;
}

void cpu_debug_destroy(struct cpu *cpu)
{
    host_free(cpu->debug);
    cpu->debug = NULL;
}

static void note_hit(struct cpu_debug *debug, const struct debugger_point *p)
{
    debug->hit = true;
    debug->hit_point = *p;
}

/* ---- who watches ----------------------------------------------------------------------------- */

bool debug_any_execute(const struct cpu *cpu)
{
    for (unsigned n = 0; n < 4; n++)
        if (enabled(cpu, n) && kind_of(cpu, n) == RW_EXECUTE)
            return true;
    for (unsigned n = 0; cpu->debug && n < cpu->debug->count; n++)
        if (cpu->debug->points[n].kind == DEBUG_EXECUTE)
            return true;
    return false;
}

static bool overlap(uint32_t a, uint32_t a_length, uint32_t b, uint32_t b_length)
{
    return (uint32_t)(b - a) < a_length || (uint32_t)(a - b) < b_length;
}

bool debug_watches_page(const struct cpu *cpu, uint32_t linear_page)
{
    for (unsigned n = 0; n < 4; n++)
        if (enabled(cpu, n) && is_data(cpu, n) && ((cpu->dr[n] ^ linear_page) & ~0xfffu) == 0)
            return true;
    for (unsigned n = 0; cpu->debug && n < cpu->debug->count; n++) {
        const struct debugger_point *p = &cpu->debug->points[n];
        if (p->kind != DEBUG_EXECUTE &&
            overlap(linear_page & ~0xfffu, 0x1000, p->linear, p->length))
            return true;
    }
    return false;
}

/* The soft TLB leaves watched pages out, and the run loop steps where instructions are watched. */
void debug_changed(struct cpu *cpu)
{
    tlb_flush(cpu, false);
    if (debug_any_execute(cpu))
        cpu_attend(cpu, ATTENTION_TRAP);
}

/* ---- the checks ------------------------------------------------------------------------------ */

static uint32_t code_address(const struct cpu *cpu)
{
    return (uint32_t)cpu->seg[SEG_CS].base + (uint32_t)cpu->eip;
}

void debug_check_registers(struct cpu *cpu)
{
    uint32_t linear = code_address(cpu), hits = 0;
    if (cpu->eflags & EFLAGS_RF)
        return;
    for (unsigned n = 0; n < 4; n++)
        if (enabled(cpu, n) && kind_of(cpu, n) == RW_EXECUTE && cpu->dr[n] == linear)
            hits |= 1u << n;
    if (hits) {
        cpu->dr[6] = (cpu->dr[6] & ~0xfu) | hits;
        cpu_raise(cpu, EXC_DB);
    }
}

bool debug_check_execute(struct cpu *cpu)
{
    uint32_t linear = code_address(cpu);
    struct cpu_debug *debug = cpu->debug;
    for (unsigned n = 0; debug && n < debug->count; n++) {
        if (debug->points[n].kind == DEBUG_EXECUTE && debug->points[n].linear == linear) {
            note_hit(debug, &debug->points[n]);
            return true;
        }
    }
    debug_check_registers(cpu);
    return false;
}

/* Data and I/O breakpoints are traps: the instruction completes. */
static void trap(struct cpu *cpu, uint32_t hits)
{
    if (!hits)
        return;
    cpu->dr[6] = (cpu->trap_pending ? cpu->dr[6] : cpu->dr[6] & ~0xfu) | hits;
    cpu->trap_pending = true;
    cpu_note(cpu, ATTENTION_TRAP);
    block_cache_stop(cpu);
}

static bool covers(const struct cpu *cpu, unsigned n, uint32_t address, unsigned size)
{
    uint32_t length = length_of(cpu, n);
    return overlap(cpu->dr[n] & ~(length - 1), length, address, size);
}

void debug_check_data(struct cpu *cpu, uint32_t linear, unsigned size, bool write)
{
    uint32_t hits = 0;
    for (unsigned n = 0; n < 4; n++)
        if (enabled(cpu, n) && is_data(cpu, n) && (write || kind_of(cpu, n) == RW_ACCESS) &&
            covers(cpu, n, linear, size))
            hits |= 1u << n;
    trap(cpu, hits);

    struct cpu_debug *debug = cpu->debug;
    for (unsigned n = 0; debug && n < debug->count; n++) {
        const struct debugger_point *p = &debug->points[n];
        bool kind = p->kind == DEBUG_ACCESS || p->kind == (write ? DEBUG_WRITE : DEBUG_READ);
        if (kind && overlap(p->linear, p->length, linear, size)) {
            note_hit(debug, p);
            cpu_note(cpu, ATTENTION_TRAP);
            block_cache_stop(cpu);
        }
    }
}

void debug_check_io(struct cpu *cpu, uint16_t port, unsigned size)
{
    uint32_t hits = 0;
    for (unsigned n = 0; n < 4; n++)
        if (enabled(cpu, n) && is_io(cpu, n) && covers(cpu, n, port, size))
            hits |= 1u << n;
    trap(cpu, hits);
}

void debug_deliver_trap(struct cpu *cpu)
{
    cpu->trap_pending = false;
    interrupt_deliver(cpu, EXC_DB, INTERRUPT_EXCEPTION, 0, (uint32_t)cpu->eip);
}

void debug_entering_handler(struct cpu *cpu)
{
    cpu->dr[7] &= ~DR7_GD;
}

/* ---- MOV DRn --------------------------------------------------------------------------------- */

/* DR4 and DR5 are DR6 and DR7 unless CR4.DE. */
static unsigned debug_register(struct cpu *cpu, const struct insn *i)
{
    unsigned n = i->reg;
    exec_sync(cpu, i);
    if (n == 4 || n == 5) {
        if (cpu->cr4 & CR4_DE)
            cpu_raise(cpu, EXC_UD);
        n += 2;
    }
    require_cpl0(cpu, i);
    if (cpu->dr[7] & DR7_GD) {
        cpu->dr[6] |= DR6_BD;
        cpu->eflags |= EFLAGS_RF; /* a fault: pushed set. SDM 3B 17.3.1.1 */
        cpu_raise(cpu, EXC_DB);
    }
    return n;
}

EXEC(exec_mov_from_dr)
{
    set_reg32(cpu, i->rm, cpu->dr[debug_register(cpu, i)]);
    EXEC_NEXT;
}

EXEC(exec_mov_to_dr)
{
    unsigned n = debug_register(cpu, i);
    uint32_t value = reg32(cpu, i->rm);
    bool watched = cpu->dr[7] & 0xff;
    if (n == 6)
        cpu->dr[6] = (value & DR6_WRITABLE) | DR6_FIXED;
    else if (n == 7)
        cpu->dr[7] = (value & DR7_WRITABLE) | DR7_FIXED;
    else
        cpu->dr[n] = value;
    if (n != 6 && (watched || (cpu->dr[7] & 0xff)))
        debug_changed(cpu);
    cpu->eip = insn_next_eip(cpu, i);
    EXEC_JUMP;
}
