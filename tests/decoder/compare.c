// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Validity, length, name and operands.
#include "compare.h"

#include <string.h>

#include "base/bits.h"
#include "operands.h"

static unsigned mode_of(unsigned bits)
{
    return bits == 64 ? MODE_CS64 : bits == 32 ? MODE_CS32 : 0;
}

/* What is given a meaning by an extension is a NOP or a plain prefix without it. */
void compare_prepare(ZydisDecoder *decoder, unsigned bits)
{
    static const ZydisDecoderMode off[] = {
        ZYDIS_DECODER_MODE_AMD_BRANCHES, ZYDIS_DECODER_MODE_KNC,      ZYDIS_DECODER_MODE_MPX,
        ZYDIS_DECODER_MODE_CET,          ZYDIS_DECODER_MODE_LZCNT,    ZYDIS_DECODER_MODE_TZCNT,
        ZYDIS_DECODER_MODE_WBNOINVD,     ZYDIS_DECODER_MODE_CLDEMOTE,
    };
    ZydisDecoderInit(decoder,
                     bits == 64   ? ZYDIS_MACHINE_MODE_LONG_64
                     : bits == 32 ? ZYDIS_MACHINE_MODE_LEGACY_32
                                  : ZYDIS_MACHINE_MODE_LEGACY_16,
                     bits == 64   ? ZYDIS_STACK_WIDTH_64
                     : bits == 32 ? ZYDIS_STACK_WIDTH_32
                                  : ZYDIS_STACK_WIDTH_16);
    for (unsigned n = 0; n < ARRAY_SIZE(off); n++)
        ZydisDecoderEnableMode(decoder, off[n], ZYAN_FALSE);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* One row here, several names there: by operand size, address size or register. Or another name of
 * the same. */
static const char *const other_names[][6] = {
    { "movs", "movsw", "movsd", "movsq" },
    { "stos", "stosw", "stosd", "stosq" },
    { "lods", "lodsw", "lodsd", "lodsq" },
    { "cmps", "cmpsw", "cmpsd", "cmpsq" },
    { "scas", "scasw", "scasd", "scasq" },
    { "ins", "insw", "insd" },
    { "outs", "outsw", "outsd" },
    { "cbw", "cwde", "cdqe" },
    { "cwd", "cdq", "cqo" },
    { "pushf", "pushfd", "pushfq" },
    { "popf", "popfd", "popfq" },
    { "pusha", "pushad" },
    { "popa", "popad" },
    { "iret", "iretd", "iretq" },
    { "jcxz", "jecxz", "jrcxz" },
    { "callf", "call" },
    { "jmpf", "jmp" },
    { "retf", "ret" },
    { "sal", "shl" },
    { "fneni", "feni8087_nop" },
    { "fndisi", "fdisi8087_nop" },
    { "fnsetpm", "fsetpm287_nop" },
    { "movd", "movq" },
    { "pextrd", "pextrq" },
    { "pinsrd", "pinsrq" },
    { "prefetch", "prefetchnta", "prefetcht0", "prefetcht1", "prefetcht2", "nop" },
    { "prefetchw", "prefetch", "prefetchwt1", "nop" },
    { "fxsave", "fxsave64" },
    { "fxrstor", "fxrstor64" },
    { "xsave", "xsave64" },
    { "xrstor", "xrstor64" },
    { "sysexit", "sysexitq" },
};

static const char *without_repeat(const char *name)
{
    const char *space = strchr(name, ' ');
    return space != NULL && strncmp(name, "rep", 3) == 0 ? space + 1 : name;
}

static bool same_name(const char *here, const char *there)
{
    here = without_repeat(here);
    if (strcmp(here, there) == 0)
        return true;
    for (unsigned n = 0; n < ARRAY_SIZE(other_names); n++) {
        if (strcmp(other_names[n][0], here) != 0)
            continue;
        for (unsigned k = 1; k < 6 && other_names[n][k] != NULL; k++)
            if (strcmp(other_names[n][k], there) == 0)
                return true;
    }
    return false;
}

/* ---- both ------------------------------------------------------------------------------------ */

static const char *compare_known(const struct comparison *c, unsigned mode)
{
    if (c->other.length != c->length)
        return "length";
    if (!same_name(c->row->mnemonic, ZydisMnemonicGetString(c->other.mnemonic)))
        return "name";
    return operands_compare(&c->insn, c->row, mode, &c->other, c->operands);
}

void compare(struct comparison *c, const uint8_t bytes[CODE_LENGTH], unsigned bits,
             const ZydisDecoder *decoder)
{
    unsigned mode = mode_of(bits);
    c->known =
        ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes, CODE_LENGTH, &c->other, c->operands));
    c->length = insn_decode(&c->insn, bytes, CODE_LENGTH, mode, NULL);
    c->row = c->length > 0 ? &opcode_table[c->insn.op] : NULL;
    if (c->row != NULL && c->known)
        c->difference = compare_known(c, mode);
    else
        c->difference = c->row != NULL ? "valid here alone" : c->known ? "valid there alone" : NULL;
}
