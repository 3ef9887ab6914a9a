// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The processor's registers as gdb numbers them, and the description that says so.
#include "control/gdb_internal.h"

#include <string.h>

#include "base/bits.h"
#include "control/guest_memory.h"
#include "cpu/flags.h"

/* gdb's manual, appendix G.5.6: org.gnu.gdb.i386.core and .sse, in that order; then a feature of
 * our own. */
enum {
    GDB_EAX = 0,
    GDB_EIP = 8,
    GDB_EFLAGS = 9,
    GDB_CS = 10,
    GDB_ST0 = 16,
    GDB_FCTRL = 24,
    GDB_XMM0 = 32,
    GDB_MXCSR = 40,
    GDB_SYSTEM = 41,
};

#define REG32(name, type)      "<reg name=\"" name "\" bitsize=\"32\" type=\"" type "\"/>"
#define FLOAT(name)            "<reg name=\"" name "\" bitsize=\"80\" type=\"i387_ext\"/>"
#define FLOAT_CONTROL(name) \
    "<reg name=\"" name "\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
#define LANES(id, type, count) "<vector id=\"" id "\" type=\"" type "\" count=\"" count "\"/>"
#define FIELD(name, type)      "<field name=\"" name "\" type=\"" type "\"/>"
#define VECTOR(name)           "<reg name=\"" name "\" bitsize=\"128\" type=\"vec128\"/>"

/* clang-format off */
const char gdb_target_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
    "<target><architecture>i386</architecture><feature name=\"org.gnu.gdb.i386.core\">"
    REG32("eax", "int32") REG32("ecx", "int32") REG32("edx", "int32") REG32("ebx", "int32")
    REG32("esp", "data_ptr") REG32("ebp", "data_ptr") REG32("esi", "int32") REG32("edi", "int32")
    REG32("eip", "code_ptr") REG32("eflags", "int32")
    REG32("cs", "int32") REG32("ss", "int32") REG32("ds", "int32")
    REG32("es", "int32") REG32("fs", "int32") REG32("gs", "int32")
    FLOAT("st0") FLOAT("st1") FLOAT("st2") FLOAT("st3")
    FLOAT("st4") FLOAT("st5") FLOAT("st6") FLOAT("st7")
    FLOAT_CONTROL("fctrl") FLOAT_CONTROL("fstat") FLOAT_CONTROL("ftag") FLOAT_CONTROL("fiseg")
    FLOAT_CONTROL("fioff") FLOAT_CONTROL("foseg") FLOAT_CONTROL("fooff") FLOAT_CONTROL("fop")
    "</feature><feature name=\"org.gnu.gdb.i386.sse\">"
    LANES("v4f", "ieee_single", "4") LANES("v2d", "ieee_double", "2")
    LANES("v16i8", "int8", "16") LANES("v8i16", "int16", "8")
    LANES("v4i32", "int32", "4") LANES("v2i64", "int64", "2")
    "<union id=\"vec128\">"
    FIELD("v4_float", "v4f") FIELD("v2_double", "v2d") FIELD("v16_int8", "v16i8")
    FIELD("v8_int16", "v8i16") FIELD("v4_int32", "v4i32") FIELD("v2_int64", "v2i64")
    FIELD("uint128", "uint128")
    "</union>"
    VECTOR("xmm0") VECTOR("xmm1") VECTOR("xmm2") VECTOR("xmm3")
    VECTOR("xmm4") VECTOR("xmm5") VECTOR("xmm6") VECTOR("xmm7")
    "<reg name=\"mxcsr\" bitsize=\"32\" type=\"int\" group=\"vector\"/>"
    "</feature><feature name=\"bmbt.i386.system\">"
    REG32("fs_base", "int32") REG32("gs_base", "int32")
    REG32("cr0", "int32") REG32("cr2", "int32") REG32("cr3", "int32") REG32("cr4", "int32")
    REG32("efer", "int32")
    "</feature></target>";
/* clang-format on */

static const uint8_t segment_order[] = { SEG_CS, SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS };

/* The tag word of FNSTENV, SDM 1 8.1.7: valid, zero, special, empty. */
static uint16_t tag_word(const struct fpu *f)
{
    uint16_t tags = 0;
    for (unsigned n = 0; n < 8; n++) {
        const struct f80 *r = &f->physical[n];
        unsigned exponent = r->sign_exponent & 0x7fff, tag = 0;
        if (f->empty >> n & 1)
            tag = 3;
        else if (exponent == 0 && r->significand == 0)
            tag = 1;
        else if (exponent == 0 || exponent == 0x7fff || !(r->significand >> 63))
            tag = 2;
        tags |= (uint16_t)(tag << 2 * n);
    }
    return tags;
}

static uint32_t float_control(const struct fpu *f, unsigned n)
{
    const uint32_t values[8] = { f->control,  (f->status & ~0x3800u) | (uint32_t)f->top << 11,
                                 tag_word(f), f->ip_selector,
                                 f->ip,       f->dp_selector,
                                 f->dp,       f->opcode };
    return values[n];
}

unsigned gdb_register_read(const struct cpu *cpu, unsigned n, uint8_t *bytes)
{
    const struct fpu *f = &cpu->fpu;
    if (n >= GDB_ST0 && n < GDB_FCTRL) {
        const struct f80 *r = &f->physical[(f->top + n - GDB_ST0) & 7];
        store_le64(bytes, r->significand);
        store_le16(bytes + 8, r->sign_exponent);
        return 10;
    }
    if (n >= GDB_XMM0 && n < GDB_MXCSR) {
        memcpy(bytes, f->xmm[n - GDB_XMM0].u8, 16);
        return 16;
    }
    const uint32_t system[] = { (uint32_t)cpu->seg[SEG_FS].base,
                                (uint32_t)cpu->seg[SEG_GS].base,
                                cpu->cr0,
                                cpu->cr2,
                                (uint32_t)cpu->cr3,
                                cpu->cr4,
                                (uint32_t)cpu->msr.efer };
    uint32_t value;
    if (n < GDB_EIP)
        value = (uint32_t)cpu->gpr[n - GDB_EAX];
    else if (n == GDB_EIP)
        value = (uint32_t)cpu->eip;
    else if (n == GDB_EFLAGS)
        value = cpu_eflags(cpu);
    else if (n < GDB_ST0)
        value = cpu->seg[segment_order[n - GDB_CS]].selector;
    else if (n < GDB_XMM0)
        value = float_control(f, n - GDB_FCTRL);
    else if (n == GDB_MXCSR)
        value = f->mxcsr;
    else if (n < GDB_SYSTEM + ARRAY_SIZE(system))
        value = system[n - GDB_SYSTEM];
    else
        return 0;
    store_le32(bytes, value);
    return 4;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* With the hidden part that a load of the selector would give; without the checks. */
static bool write_segment(struct cpu *cpu, struct segment *s, uint16_t selector)
{
    uint8_t d[8];
    if (selector == s->selector)
        return true;
    if (!(cpu->cr0 & CR0_PE) || (cpu->eflags & EFLAGS_VM)) {
        s->selector = selector;
        s->base = (uint64_t)selector << 4;
        return true;
    }
    uint64_t table = selector & 4 ? cpu->seg[SEG_LDTR].base : cpu->gdtr.base;
    if (selector < 4 || !guest_read(cpu, false, (uint32_t)(table + (selector & ~7u)), d, sizeof d))
        return false;
    uint16_t attributes = (uint16_t)(d[5] | (d[6] & 0xf0) << 8);
    uint32_t limit = (uint32_t)load_le16(d) | (uint32_t)(d[6] & 0xf) << 16;
    s->selector = selector;
    s->attributes = attributes;
    s->limit = attributes & ATTR_G ? limit << 12 | 0xfff : limit;
    s->base = (uint32_t)load_le16(d + 2) | (uint32_t)d[4] << 16 | (uint32_t)d[7] << 24;
    return true;
}

static void write_eflags(struct cpu *cpu, uint32_t value)
{
    cpu->eflags = (value & ~EFLAGS_ARITH) | EFLAGS_FIXED;
    flags_change(cpu, EFLAGS_ARITH, value);
}

static bool write_float_control(struct fpu *f, unsigned n, uint32_t value)
{
    switch (n) {
    case 0: f->control = (uint16_t)value; break;
    case 1:
        f->status = (uint16_t)(value & ~0x3800u);
        f->top = value >> 11 & 7;
        break;
    case 2:
        f->empty = 0;
        for (unsigned r = 0; r < 8; r++)
            f->empty |= (uint8_t)(((value >> 2 * r & 3) == 3) << r);
        break;
    case 3: f->ip_selector = (uint16_t)value; break;
    case 4: f->ip = value; break;
    case 5: f->dp_selector = (uint16_t)value; break;
    case 6: f->dp = value; break;
    default: f->opcode = value & 0x7ff; break;
    }
    return true;
}

unsigned gdb_register_write(struct cpu *cpu, unsigned n, const uint8_t *bytes)
{
    struct fpu *f = &cpu->fpu;
    if (n >= GDB_ST0 && n < GDB_FCTRL) {
        f->physical[(f->top + n - GDB_ST0) & 7] =
            (struct f80){ load_le64(bytes), load_le16(bytes + 8) };
        return 10;
    }
    if (n >= GDB_XMM0 && n < GDB_MXCSR) {
        memcpy(f->xmm[n - GDB_XMM0].u8, bytes, 16);
        return 16;
    }
    uint32_t value = load_le32(bytes);
    bool done = true;
    if (n < GDB_EIP)
        cpu->gpr[n - GDB_EAX] = value;
    else if (n == GDB_EIP)
        cpu->eip = value;
    else if (n == GDB_EFLAGS)
        write_eflags(cpu, value);
    else if (n < GDB_ST0)
        done = write_segment(cpu, &cpu->seg[segment_order[n - GDB_CS]], (uint16_t)value);
    else if (n < GDB_XMM0)
        done = write_float_control(f, n - GDB_FCTRL, value);
    else if (n == GDB_MXCSR)
        f->mxcsr = value & 0xffff;
    else
        done = false;
    return done ? 4 : 0;
}
