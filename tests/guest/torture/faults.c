// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Faults in every class of instruction: what all of these cases share, and the list.
/*
 * Each instruction runs hot with its operand about a border, then faults there; on the fault
 * nothing may have changed, the handler mends what was wrong, and going on must give what it gave
 * before.
 * A line is a digest of all that was seen, for the comparison between engines.
 * Command line: row= runs one row only.
 */
#include "faults.h"

enum { OPERAND_AREA = 1024 };

bool row_supported(const struct row *row)
{
    uint32_t bits = row->feature & 128 ? cpuid_ecx() : cpuid_edx();
    return row->feature == 0 || (bits >> (row->feature & 31) & 1);
}

bool row_is_sequence(const struct row *row)
{
    for (const char *c = row->name; *c; c++)
        if (*c == ';')
            return true;
    return false;
}

static uint32_t row_code(unsigned index)
{
    return CODES + index * 64;
}

void row_place(const struct row *row, unsigned index)
{
    place(row_code(index), row->code, row->end + 1);
}

static void start_registers(unsigned index, struct state *s)
{
    struct random r = { index * 2 + 1 };
    s->eax = random32(&r);
    s->ecx = random32(&r) | 1;
    s->edx = random32(&r);
    s->ebx = s->ebp = random32(&r);
    s->esi = s->edi = GOOD;
    s->eflags = 2 | (random32(&r) & FLAGS_ARITH);
    s->fx[4] = 0x3c; /* half of the x87 registers are empty */
    for (unsigned n = 0; n < 8; n++) {
        uint8_t *st = s->fx + 32 + n * 16;
        for (unsigned k = 0; k < 10; k++)
            st[k] = (uint8_t)(k == 9 ? 0x3f : k == 8 ? 0xf8 + n : k == 7 ? 0x80 | n : random32(&r));
    }
    for (unsigned n = 160; n < 288; n++)
        s->fx[n] = (uint8_t)((n & 3) == 3 ? 0x3f : random32(&r));
}

void row_start(const struct row *row, unsigned index, uint32_t offset, uint32_t linear,
               unsigned level, struct state *s)
{
    uint32_t *const pointers[] = { &s->ebx, &s->esi, &s->edi, &s->esp, &s->esp, &s->ebp };
    state_init(s, (void *)row_code(index), PAGE(16) + 0x800, level);
    start_registers(index, s);
    *pointers[row->at] = offset + (row->at == PUSHES ? row->size : 0);
    (void)linear;
}

static void fill_operand(const struct row *row, uint32_t at, const struct state *start)
{
    uint32_t behind = start->eip + (uint32_t)(row->end - row->code);
    switch (row->access >> FILL_SHIFT) {
    case FILL_RETURN:
        store32(at, behind);
        if (row->size > 4)
            *(volatile uint16_t *)(at + 4) = CODE3;
        if (row->size > 8)
            store32(at + 8, 0x202 & ~FLAG_IF);
        break;
    case FILL_SELECTOR: *(volatile uint16_t *)at = DATA3; break;
    case FILL_POINTER: *(volatile uint16_t *)(at + 4) = DATA3; break;
    case FILL_BOUNDS:
        store32(at, 0x80000000);
        store32(at + 4, 0x7fffffff);
        break;
    case FILL_FX:
        memcpy((void *)at, start->fx, row->size);
        if (row->size == 28)
            memset((void *)(at + 2), 0, 26), *(volatile uint16_t *)(at + 8) = 0xffff;
        break;
    case FILL_CONTROLS:
        if (row->size == 2)
            *(volatile uint16_t *)at = 0x027f;
        else
            store32(at, 0x5f80);
        break;
    default: break;
    }
}

/* The pages must be writable while this is done. */
void row_fill(const struct row *row, uint32_t linear, const struct state *start)
{
    for (uint32_t n = 0; n < OPERAND_AREA; n += 4)
        store32(SECOND - OPERAND_AREA / 2 + n, (n + 3) * 0x3c6ef372 & 0xfefefefe);
    for (uint32_t n = 0; n < 64; n += 4)
        store32(GOOD + n, (n + 7) * 0x2545f491 | 0x01010101); /* nowhere equal */
    for (uint32_t n = 0; n < 64; n += 4)
        store32(PAGE(16) + 0x800 - 32 + n, n);
    fill_operand(row, linear, start);
}

/* At level 0 the fault itself goes below ESP. */
uint32_t row_memory(unsigned level)
{
    uint32_t so_far = 0, below = level ? 32 : 0;
    so_far = digest_memory(so_far, (void *)(SECOND - OPERAND_AREA / 2), OPERAND_AREA);
    so_far = digest_memory(so_far, (void *)GOOD, 64);
    return digest_memory(so_far, (void *)(PAGE(16) + 0x800 - below), 32 + below);
}

/* RF is set in the image that a fault pushes, and clear behind a trap. */
uint32_t row_digest(const struct row *row, const struct state *s)
{
    uint32_t undefined = s->vector == EXC_BP ? row->undefined | FLAG_RF : FLAG_RF;
    return digest_state(0, s, undefined);
}

uint32_t row_vague(const struct row *row)
{
    uint32_t flags = FLAG_RF | (row->access & COMPARES ? FLAGS_ARITH : 0);
    return flags | (row_is_sequence(row) ? row->undefined : 0);
}

void row_report(const struct row *row, const char *what, uint32_t offset, const struct state *start,
                const struct state *end)
{
    if (failures++ >= 12)
        return;
    print("FAIL faults: ");
    print(row->name);
    print(": ");
    print(what);
    print("; operand at ");
    print_hex(offset);
    print(", row=");
    print_decimal((uint32_t)(row - fault_rows));
    print(", code ");
    print_bytes(row->code, (unsigned)(row->end - row->code));
    print("\nbefore\n");
    print_state(start);
    print("behind\n");
    print_state(end);
    print("  cr2=");
    print_hex(end->cr2);
    print("\n");
}

static unsigned add_offset(int offsets[], unsigned count, int offset)
{
    for (unsigned n = 0; n < count; n++)
        if (offsets[n] == offset)
            return count;
    offsets[count] = offset;
    return count + 1;
}

unsigned row_offsets(const struct row *row, int offsets[], bool with_inside)
{
    int size = (int)row->size;
    unsigned count = add_offset(offsets, 0, 0);
    const int cuts[] = { 1, 2, 3, size / 2, size - 1 };
    if (with_inside)
        count = add_offset(offsets, count, -size);
    for (unsigned n = 0; n < ARRAY_SIZE(cuts); n++)
        if (cuts[n] > 0 && cuts[n] < size && (!(row->access & ALIGNED) || cuts[n] % 16 == 0))
            count = add_offset(offsets, count, -cuts[n]);
    return count;
}

/* The two pages of operands are no neighbours as frames. */
static void fresh(void)
{
    reset_tables();
    paging_start();
    for (unsigned n = 0; n < 64; n++)
        test_table[n] = FRAME(n) | RWX;
    test_table[8] = FRAME(72) | RWX;
    test_table[9] = FRAME(68) | RWX;
    set_cr3(cr3());
}

void torture(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = { { "pages", faults_pages },
                  { "limits", faults_limits },
                  { "jumps", faults_jumps } };
    uint32_t only = option("part", ARRAY_SIZE(parts));
    for (unsigned n = 0; n < ARRAY_SIZE(parts); n++) {
        unsigned before = failures;
        if (only < ARRAY_SIZE(parts) && only != n)
            continue;
        fresh();
        parts[n].run();
        print(failures == before ? "ok faults_" : "failed faults_");
        print(parts[n].name);
        print("\n");
    }
}
