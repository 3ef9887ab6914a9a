// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the translator emits for integer instructions, read by a disassembler: the rules of
// emitter.h that can be seen in the code.
#include "cpu_machine.h"

#include <Zydis/Zydis.h>

#include "cpu/block_store.h"
#include "translator/internal.h"
#include "translator/x86_64/emitter.h"

/*
 * Random instructions of rows with an emit function are translated, each as a block of two, the
 * second a NOP. In the host's code for the first
 *  - all bytes decode,
 *  - the return stack is left alone (RSP, PUSH, POP, RET; a helper may be called),
 *  - only flags change that the guest's instruction may change, and guest memory is not
 *    accessed after that.
 */
static struct cpu_machine *m;
static struct translator *tr;
static struct block *block;
static uint8_t bytes[16];
static unsigned length;
static ZydisDecoder decoder;

static uint64_t random_state = UINT64_C(88172645463325252);

static uint64_t random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void begin(void)
{
    m = machine_create("max");
    machine_protect(m);
    if (m->cpu->engine == NULL) /* nothing runs: the mode alone tells what is emitted */
        machine_attach(m, ENGINE_SOFT, &translator_defaults);
    tr = translator_of(m->cpu);
    block = host_alloc(sizeof *block);
    block->insns = host_alloc(3 * sizeof *block->insns);
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

static void finish(void)
{
    machine_destroy(m);
    host_free(block->insns);
    host_free(block);
}

static const struct opcode *row_of(const struct insn *i)
{
    return &opcode_table[i->op];
}

static void random_bytes(void)
{
    static const uint8_t prefixes[] = { 0x66, 0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x64, 0x66 };
    uint64_t shape = random64();
    unsigned n = 0;
    for (unsigned k = 0; k < sizeof bytes; k++)
        bytes[k] = (uint8_t)random64();
    if (bits(shape, 0, 2) == 0)
        bytes[n++] = prefixes[bits(shape, 8, 3)];
    if (bits(shape, 12, 2) == 0)
        bytes[n++] = prefixes[bits(shape, 15, 3)];
    if (bits(shape, 18, 2) == 0)
        bytes[n++] = 0x0f;
}

/* A block of an instruction that has an emit function, and a NOP. */
static bool random_block(unsigned mode)
{
    const uint16_t others = OP_X87 | OP_MMX | OP_SSE | OP_JUMP;
    struct insn *i = &block->insns[0];
    random_bytes();
    int n = insn_decode(i, bytes, 15, mode & (MODE_CS32 | MODE_CS64), &m->cpu->model);
    if (n <= 0 || row_of(i)->attributes & others || !emits(row_of(i)))
        return false;
    length = (unsigned)n;
    static const uint8_t nop[] = { 0x90 };
    insn_decode(&block->insns[1], nop, 1, mode & (MODE_CS32 | MODE_CS64), NULL);
    block->insns[1].offset = (uint16_t)n;
    block->count = 2;
    block->host = m->ram->host + 0x5000;
    block->length = (uint16_t)(n + 1);
    block->slow_sites = 0;
    return true;
}

static void fail(const char *what, uint32_t mode)
{
    char text[64] = "";
    for (unsigned n = 0; n < length; n++)
        snprintf(text + 3 * n, 4, " %02x", bytes[n]);
    unit_fail(__FILE__, __LINE__, "%s: %s,%s in mode %x", what, row_of(&block->insns[0])->mnemonic,
              text, mode);
}

static bool is_memory(const ZydisDecodedOperand *o)
{
    return o->type == ZYDIS_OPERAND_TYPE_MEMORY && o->mem.type == ZYDIS_MEMOP_TYPE_MEM &&
           o->mem.base != ZYDIS_REGISTER_R15;
}

struct seen {
    bool flags_changed;
    uint32_t flags;
};

/* One host instruction; what it does wrong, or NULL. */
static const char *look(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands,
                        struct seen *seen, uint32_t allowed)
{
    const ZydisAccessedFlags *f = insn->cpu_flags;
    uint32_t changed = f == NULL ? 0 : f->modified | f->set_0 | f->set_1 | f->undefined;
    if (insn->mnemonic == ZYDIS_MNEMONIC_CALL)
        return NULL; /* of a helper, which returns */
    for (unsigned n = 0; n < insn->operand_count; n++) {
        const ZydisDecodedOperand *o = &operands[n];
        if (o->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, o->reg.value) ==
                ZYDIS_REGISTER_RSP)
            return "RSP";
        if (is_memory(o) && seen->flags_changed)
            return "memory after flags";
    }
    changed &= EFLAGS_ARITH | EFLAGS_DF;
    if (changed & ~allowed)
        return "flags";
    seen->flags_changed |= changed != 0;
    return NULL;
}

static void check_code(const struct translated *t, uint32_t mode)
{
    const uint8_t *p = t->code, *end = t->code + t->offsets[1];
    const struct opcode *row = row_of(&block->insns[0]);
    uint32_t allowed = row->flags_written | row->flags_undefined;
    struct seen seen = { 0 };
    while (p < end) {
        ZydisDecodedInstruction insn;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        if (!ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&decoder, p, (ZyanUSize)(end - p), &insn, operands))) {
            fail("not an instruction", mode);
            return;
        }
        const char *wrong = look(&insn, operands, &seen, allowed);
        if (wrong != NULL) {
            fail(wrong, mode);
            return;
        }
        p += insn.length;
    }
}

static void check_mode(uint32_t mode)
{
    unsigned emitted = 0;
    begin();
    for (unsigned n = 0; n < 60000; n++) {
        if (!random_block(mode))
            continue;
        struct translated *t = translate(tr, block, 0x5000, mode);
        CHECK(t != NULL);
        if (t == NULL)
            break;
        check_code(t, mode);
        translation_drop(tr, t);
        emitted++;
    }
    CHECK(emitted > 20000);
    finish();
}

#define FLAT (63u << TRANSLATION_BASE_SHIFT | 63u << TRANSLATION_LIMIT_SHIFT)

TEST(flat_windows)
{
    check_mode(MODE_CS32 | TRANSLATION_STACK32 | TRANSLATION_WINDOW | FLAT);
}

TEST(flat_soft)
{
    check_mode(MODE_CS32 | TRANSLATION_STACK32 | FLAT);
}

TEST(user_with_limits)
{
    check_mode(MODE_CS32 | TRANSLATION_STACK32 | TRANSLATION_USER);
}

TEST(real_mode)
{
    check_mode(TRANSLATION_DF);
}

TEST(real_mode_in_a_window)
{
    check_mode(TRANSLATION_WINDOW);
}
