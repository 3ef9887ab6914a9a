// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The list of reasons: by what the second decoder takes an instruction for, or by our row.
#include "explained.h"

#include <string.h>

#include "base/bits.h"

/* ---- extensions ------------------------------------------------------------------------------ */

/* What the models have: SDM 1 5. All other sets of instructions are later or another maker's, and
 * no CPUID bit of ours tells of them. */
static const ZydisISASet ours[] = {
    ZYDIS_ISA_SET_I86,          ZYDIS_ISA_SET_I186,         ZYDIS_ISA_SET_I286PROTECTED,
    ZYDIS_ISA_SET_I286REAL,     ZYDIS_ISA_SET_I386,         ZYDIS_ISA_SET_I486,
    ZYDIS_ISA_SET_I486REAL,     ZYDIS_ISA_SET_PENTIUMREAL,  ZYDIS_ISA_SET_PENTIUMMMX,
    ZYDIS_ISA_SET_PPRO,         ZYDIS_ISA_SET_X87,          ZYDIS_ISA_SET_FCMOV,
    ZYDIS_ISA_SET_CMOV,         ZYDIS_ISA_SET_FAT_NOP,      ZYDIS_ISA_SET_SSE,
    ZYDIS_ISA_SET_SSE2,         ZYDIS_ISA_SET_SSE2MMX,      ZYDIS_ISA_SET_SSE3,
    ZYDIS_ISA_SET_SSE3X87,      ZYDIS_ISA_SET_SSE4,         ZYDIS_ISA_SET_SSE42,
    ZYDIS_ISA_SET_SSEMXCSR,     ZYDIS_ISA_SET_SSE_PREFETCH, ZYDIS_ISA_SET_SSSE3,
    ZYDIS_ISA_SET_SSSE3MMX,     ZYDIS_ISA_SET_FXSAVE,       ZYDIS_ISA_SET_LAHF,
    ZYDIS_ISA_SET_MONITOR,      ZYDIS_ISA_SET_PAUSE,        ZYDIS_ISA_SET_POPCNT,
    ZYDIS_ISA_SET_PREFETCH_NOP, ZYDIS_ISA_SET_RDPMC,        ZYDIS_ISA_SET_XSAVE,
    ZYDIS_ISA_SET_CLFSH,
};

static const char *explain_set(ZydisISASet set)
{
    if (set == ZYDIS_ISA_SET_LONGMODE)
        return "an instruction of 64-bit mode alone, which no model here has";
    if (set == ZYDIS_ISA_SET_PREFETCH_NOP)
        return "0F 0D with a register: a NOP at Intel's, #UD in AMD64 APM 3 \"PREFETCH\" and on "
               "the silicon at hand";
    for (unsigned n = 0; n < ARRAY_SIZE(ours); n++)
        if (ours[n] == set)
            return NULL;
    return "an extension that no model here has";
}

/* ---- by name --------------------------------------------------------------------------------- */

enum which { HERE_ALONE = 1, THERE_ALONE = 2, BOTH = 4 };
enum modes { M16 = 1, M32 = 2, M64 = 4, M_ALL = 7 };

struct reason {
    unsigned which, modes;
    const char *name;       /* ours, or theirs where it is there alone */
    const char *difference; /* as compare() calls it; NULL: whatever differs */
    const char *text;
};

static const char nop_operands[] = "the operands of a NOP, which are not used (SDM 2 \"NOP\")";
static const char line_size[] =
    "the size of a cache line's operand, a byte in SDM 2 \"CLFLUSH\", \"PREFETCHh\"";

static const struct reason reasons[] = {
    { BOTH, M_ALL, "nop", "register", nop_operands },
    { BOTH, M_ALL, "nop", "number of operands", nop_operands },
    { BOTH, M_ALL, "clflush", "size in memory", line_size },
    { BOTH, M_ALL, "prefetch", "size in memory", line_size },
    { BOTH, M64, "cmpxchg8b", "name",
      "REX.W makes CMPXCHG16B of it (SDM 2 \"CMPXCHG8B/CMPXCHG16B\"), which no model here has" },
};

static bool applies(const struct reason *r, unsigned which, unsigned mode, const char *name,
                    const char *difference)
{
    return r->which & which && r->modes & mode && strcmp(r->name, name) == 0 &&
           (r->difference == NULL || strcmp(r->difference, difference) == 0);
}

static unsigned which_of(const struct comparison *c)
{
    return c->row == NULL ? THERE_ALONE : c->known ? BOTH : HERE_ALONE;
}

/* With 32-bit addresses in 64-bit mode and REX.B, the other decoder takes R13D for the base. */
static bool base_is_dropped(const struct comparison *c)
{
    return c->row != NULL && c->known && strcmp(c->difference, "displacement") == 0 &&
           c->other.address_width == 32 && c->other.machine_mode == ZYDIS_MACHINE_MODE_LONG_64 &&
           c->other.raw.rex.B && c->other.raw.modrm.mod == 0 && c->other.raw.modrm.rm == 4 &&
           c->other.raw.sib.base == 5;
}

const char *explain(const struct comparison *c, unsigned bits)
{
    unsigned which = which_of(c), mode = bits / 16;
    const char *name =
        which == THERE_ALONE ? ZydisMnemonicGetString(c->other.mnemonic) : c->row->mnemonic;
    for (unsigned n = 0; n < ARRAY_SIZE(reasons); n++)
        if (applies(&reasons[n], which, mode, name, c->difference))
            return reasons[n].text;
    if (base_is_dropped(c))
        return "without a displacement there, though it is counted: a SIB byte with mod 0 and base "
               "101 has one and "
               "no base, whatever REX.B is (SDM 2 table 2-5)";
    return which == THERE_ALONE ? explain_set(c->other.meta.isa_set) : NULL;
}
