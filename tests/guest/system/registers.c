// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// CPUID, CR4 and model-specific registers: each agrees with the others.
#include "harness/harness.h"

struct leaf {
    uint32_t eax, ebx, ecx, edx;
};

static struct leaf cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct leaf l;
    __asm__ volatile("cpuid"
                     : "=a"(l.eax), "=b"(l.ebx), "=c"(l.ecx), "=d"(l.edx)
                     : "a"(leaf), "c"(subleaf));
    return l;
}

uint32_t cr4_value, msr_index, msr_low, msr_high;

CODE(write_cr4, "mov eax, cr4_value; mov cr4, eax");
CODE(read_msr, "mov ecx, msr_index; rdmsr; mov msr_low, eax; mov msr_high, edx");
CODE(write_msr, "mov ecx, msr_index; mov eax, msr_low; mov edx, msr_high; wrmsr");
CODE(read_tsc, "rdtsc");
CODE(do_cmov, "cmovz eax, ecx");
CODE(do_cmpxchg8b, "cmpxchg8b [0x900000]");
CODE(do_clflush, "clflush [0x900000]");
CODE(do_sse2, "movapd xmm0, xmm1");
CODE(do_sse3, "haddps xmm0, xmm1");
CODE(do_ssse3, "pabsb xmm0, xmm1");
CODE(do_sse41, "pminsd xmm0, xmm1");
CODE(do_sse42, "pcmpgtq xmm0, xmm1");
CODE(do_popcnt, "popcnt eax, ecx");
CODE(do_movbe, "movbe eax, [0x900000]");
CODE(do_aes, "aesenc xmm0, xmm1");
CODE(do_pclmul, "pclmulqdq xmm0, xmm1, 0");
CODE(do_xgetbv, "xor ecx, ecx; xgetbv");
CODE(do_monitor, "mov eax, 0x900000; xor ecx, ecx; xor edx, edx; monitor eax, ecx, edx");
CODE(do_rdrand, "rdrand eax");
CODE(do_vmxoff, "vmxoff");

static int read(uint32_t index)
{
    msr_index = index;
    return try_call(read_msr);
}

static int write(uint32_t index, uint64_t value)
{
    msr_index = index;
    msr_low = (uint32_t)value;
    msr_high = (uint32_t)(value >> 32);
    return try_call(write_msr);
}

TEST(cpuid_leaves, "SDM 2 CPUID")
{
    struct leaf basic = cpuid(0, 0), one = cpuid(1, 0), extended = cpuid(0x80000000, 0);
    CHECK(basic.eax >= 1);
    CHECK(basic.eax < 0x1000);
    EQUAL(one.eax >> 28, 0);
    CHECK((one.eax >> 8 & 15) >= 5);
    EQUAL(one.edx & (1 << 10 | 1 << 20 | 1u << 30), 0); /* reserved */
    if (has(HAS_CLFLUSH))
        EQUAL(one.ebx >> 8 & 0xff, 8); /* lines of 64 bytes */
    struct leaf beyond = cpuid(0x90000000, 0), highest = cpuid(basic.eax, 0);
    EQUAL(beyond.eax, highest.eax); /* out of range: as the highest basic leaf */
    EQUAL(beyond.ebx, highest.ebx);
    EQUAL(beyond.edx, highest.edx);
    if (extended.eax >= 0x80000004 && extended.eax < 0x80010000) {
        struct leaf brand = cpuid(0x80000004, 0);
        EQUAL(brand.edx >> 24, 0); /* the string ends */
    }
    if (extended.eax >= 0x80000001 && extended.eax < 0x80010000)
        EQUAL(cpuid(0x80000001, 0).edx & (1 << 29), 0); /* this is a 32-bit machine */
}

/* What a feature implies by the manual's own tables. */
TEST(cpuid_features_imply_each_other, "SDM 1 20.1; SDM 2 CPUID")
{
    struct leaf one = cpuid(1, 0);
    if (has(HAS_SSE))
        EQUAL(one.edx & (HAS_FXSR | HAS_MMX), HAS_FXSR | HAS_MMX);
    if (has(HAS_SSE2))
        EQUAL(one.edx & HAS_SSE, HAS_SSE);
    if (one.ecx & 1 << 0) /* SSE3 */
        EQUAL(one.edx & HAS_SSE2, HAS_SSE2);
    if (one.ecx & 1 << 9) /* SSSE3 */
        EQUAL(one.ecx & 1, 1);
    if (one.ecx & 1 << 20) /* SSE4.2 */
        EQUAL(one.ecx & 1 << 19, 1 << 19);
    if (has(HAS_SEP | HAS_MTRR | HAS_MCA | HAS_PAT))
        CHECK(one.edx & HAS_MSR);
    if (has(HAS_MCA))
        CHECK(one.edx & HAS_MCE);
    EQUAL(one.ecx >> 27 & 1, 0); /* OSXSAVE shows CR4.OSXSAVE */
    if (one.ecx & 1 << 26) {
        set_cr4(CR4_OSXSAVE, 0);
        EQUAL(cpuid(1, 0).ecx >> 27 & 1, 1);
        struct leaf d = cpuid(0xd, 0);
        EQUAL(d.eax & 3, 3);
        CHECK(d.ebx >= 512 + 64);
        CHECK(d.ecx >= d.ebx);
        set_cr4(0, CR4_OSXSAVE);
    }
}

TEST(cpuid_ignores_high_halves, "SDM 2 CPUID")
{
    struct leaf a = cpuid(0, 0), b = cpuid(0, 0x12345678), c = cpuid(1, 0), d = cpuid(1, 7);
    EQUAL(a.ebx, b.ebx);
    EQUAL(c.eax, d.eax);
    EQUAL(c.edx, d.edx);
}

/* Leaf 2 is one call, leaf 4 a list that ends; both know the line that CLFLUSH tells of. */
TEST(cpuid_caches, "SDM 2 CPUID, leaves 2 and 4")
{
    uint32_t highest = cpuid(0, 0).eax;
    if (highest >= 2)
        EQUAL(cpuid(2, 0).eax & 0xff, 1);
    if (highest < 4)
        return;
    unsigned n = 0;
    for (; n < 8 && cpuid(4, n).eax & 31; n++) {
        struct leaf l = cpuid(4, n);
        CHECK((l.eax & 31) <= 3);
        CHECK((l.eax >> 5 & 7) >= 1);
        if (has(HAS_CLFLUSH))
            EQUAL((l.ebx & 0xfff) + 1, (cpuid(1, 0).ebx >> 8 & 0xff) * 8);
        CHECK(l.ecx + 1 >= 1);
    }
    CHECK(n < 8);
}

TEST(cpuid_address_sizes, "SDM 2 CPUID, leaf 80000008H")
{
    uint32_t highest = cpuid(0x80000000, 0).eax;
    if (highest < 0x80000008 || highest > 0x8000ffff)
        return;
    uint32_t sizes = cpuid(0x80000008, 0).eax;
    CHECK((sizes & 0xff) >= (has(HAS_PAE) ? 36 : 32));
    CHECK((sizes & 0xff) <= 52);
    EQUAL(sizes >> 8 & 0xff, 32); /* no 64-bit mode */
}

/* Each bit of CR4 can be set where CPUID says so, and is #GP(0) where it is reserved. */
TEST(cr4_bits_follow_cpuid, "SDM 3A 2.5")
{
    static const struct {
        uint32_t bits, feature;
    } rows[] = {
        { CR4_VME, HAS_VME },        { CR4_PVI, HAS_VME }, { CR4_TSD, HAS_TSC },
        { CR4_DE, HAS_DE },          { CR4_PSE, HAS_PSE }, { CR4_PAE, HAS_PAE },
        { CR4_MCE, HAS_MCE },        { CR4_PGE, HAS_PGE }, { CR4_OSFXSR, HAS_FXSR },
        { CR4_OSXMMEXCPT, HAS_SSE },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        cr4_value = rows[n].bits;
        EQUAL(try_call(write_cr4), has(rows[n].feature) ? -1 : EXC_GP);
        EQUAL(cr4(), has(rows[n].feature) ? rows[n].bits : 0);
        set_cr4(0, ~0u);
    }
    cr4_value = CR4_OSXSAVE;
    EQUAL(try_call(write_cr4), cpuid(1, 0).ecx & 1 << 26 ? -1 : EXC_GP);
    set_cr4(0, ~0u);
    static const uint8_t reserved[] = { 15, 19, 26, 28, 29, 30, 31 };
    for (unsigned n = 0; n < sizeof reserved; n++) {
        cr4_value = 1u << reserved[n];
        RAISES(write_cr4, EXC_GP, 0);
        EQUAL(cr4(), 0);
        set_cr4(0, ~0u);
    }
}

/* What CPUID does not name is #UD. */
TEST(instructions_follow_cpuid, "SDM 2 CPUID; SDM 3A 6.15 interrupt 6")
{
    struct leaf one = cpuid(1, 0);
    struct {
        void (*code)(void);
        bool there;
    } rows[] = {
        { read_tsc, one.edx & HAS_TSC },     { do_cmov, one.edx & HAS_CMOV },
        { do_cmpxchg8b, one.edx & HAS_CX8 }, { do_clflush, one.edx & HAS_CLFLUSH },
        { do_sse2, one.edx & HAS_SSE2 },     { do_sse3, one.ecx & 1 << 0 },
        { do_ssse3, one.ecx & 1 << 9 },      { do_sse41, one.ecx & 1 << 19 },
        { do_sse42, one.ecx & 1 << 20 },     { do_popcnt, one.ecx & 1 << 23 },
        { do_movbe, one.ecx & 1 << 22 },     { do_aes, one.ecx & 1 << 25 },
        { do_pclmul, one.ecx & 1 << 1 },     { do_monitor, one.ecx & 1 << 3 },
        { do_rdrand, one.ecx & 1 << 30 },
    };
    if (has(HAS_FXSR))
        set_cr4(CR4_OSFXSR, 0);
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++)
        EQUAL(try_call(rows[n].code), rows[n].there ? -1 : EXC_UD);
    EQUAL(try_call(do_vmxoff), EXC_UD); /* no VMX, or not in VMX operation */
    EQUAL(try_call(do_xgetbv), EXC_UD); /* CR4.OSXSAVE is clear */
    if (one.ecx & 1 << 26) {
        set_cr4(CR4_OSXSAVE, 0);
        EQUAL(try_call(do_xgetbv), -1);
    }
}

/* ---- MSRs ------------------------------------------------------------------------------------ */

TEST(msr_faults, "SDM 2 RDMSR, WRMSR")
{
    EQUAL(read(0x12345), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(write(0x12345, 0), EXC_GP);
    EQUAL(read(0x40000f00), EXC_GP);
}

TEST(msr_sysenter, "SDM 4 table 2-2")
{
    bool there = has(HAS_SEP);
    for (uint32_t n = 0x174; n <= 0x176; n++) {
        uint32_t v = n == 0x174 ? 0x5678 : 0x12345678; /* CS is a selector */
        EQUAL(write(n, v), there ? -1 : EXC_GP);
        EQUAL(read(n), there ? -1 : EXC_GP);
        if (there)
            EQUAL(msr_low, v);
        write(n, 0);
    }
}

TEST(msr_tsc, "SDM 3B 17.17")
{
    uint64_t before = rdmsr(0x10), value;
    __asm__ volatile("rdtsc" : "=A"(value));
    CHECK(value >= before);
    EQUAL(write(0x10, UINT64_C(0x100000000000)), -1);
    __asm__ volatile("rdtsc" : "=A"(value));
    CHECK(value >= UINT64_C(0x100000000000));
    CHECK(value < UINT64_C(0x200000000000));
    for (unsigned n = 0; n < 1000; n++) {
        uint64_t next;
        __asm__ volatile("rdtsc" : "=A"(next));
        if (next < value) {
            EQUAL(n, 0xffff); /* it went back */
            break;
        }
        value = next;
    }
}

TEST(msr_apic_base, "SDM 3A 10.4.4")
{
    if (!has(HAS_APIC))
        return;
    uint64_t base = rdmsr(0x1b);
    EQUAL(base & ~UINT64_C(0xfff), 0xfee00000);
    EQUAL(base & 0x900, 0x900); /* enabled, the bootstrap processor */
    EQUAL(write(0x1b, base | 1), EXC_GP);
    EQUAL(write(0x1b, base | UINT64_C(1) << 63), EXC_GP);
    wrmsr(0x1b, base & ~UINT64_C(0x800));
    EQUAL(has(HAS_APIC), 0); /* CPUID says so */
    wrmsr(0x1b, base);
    EQUAL(has(HAS_APIC), 1);
}

TEST(msr_pat, "SDM 3A 11.12.2, 11.12.4")
{
    if (!has(HAS_PAT)) {
        EQUAL(read(0x277), EXC_GP);
        return;
    }
    uint64_t pat = rdmsr(0x277);
    EQUAL(pat, 0x00070406);
    EQUAL(pat >> 32, 0x00070406);
    for (unsigned type = 0; type < 16; type++) {
        bool valid = type == 0 || type == 1 || (type >= 4 && type <= 7);
        EQUAL(write(0x277, (pat & ~UINT64_C(0xff00)) | type << 8), valid ? -1 : EXC_GP);
    }
    wrmsr(0x277, pat);
}

TEST(msr_mtrr, "SDM 3A 11.11.1, 11.11.2")
{
    if (!has(HAS_MTRR)) {
        EQUAL(read(0xfe), EXC_GP);
        return;
    }
    uint64_t cap = rdmsr(0xfe), type = rdmsr(0x2ff), kept;
    unsigned count = cap & 0xff;
    CHECK(count >= 1);
    EQUAL(write(0xfe, cap), EXC_GP); /* read-only */
    EQUAL(write(0x2ff, (type & ~UINT64_C(0xff)) | 2), EXC_GP);
    EQUAL(write(0x2ff, type | UINT64_C(1) << 40), EXC_GP);
    EQUAL(write(0x2ff, type), -1);
    kept = rdmsr(0x200);
    EQUAL(write(0x200, 0xc0000006), -1);
    EQUAL(rdmsr(0x200), 0xc0000006);
    EQUAL(write(0x200, 0xc0000002), EXC_GP);
    wrmsr(0x200, kept);
    EQUAL(read(0x200 + 2 * count), EXC_GP);
    if (cap & 1 << 8) {
        kept = rdmsr(0x250);
        EQUAL(write(0x250, UINT64_C(0x0606060606060606)), -1);
        EQUAL(rdmsr(0x250) >> 32, 0x06060606);
        EQUAL(write(0x250, 2), EXC_GP);
        wrmsr(0x250, kept);
        EQUAL(read(0x26f), -1);
    }
}

TEST(msr_efer, "SDM 4 table 2-2; SDM 2 CPUID")
{
    if (!has_nx()) {
        EQUAL(read(0xc0000080), EXC_GP);
        return;
    }
    EQUAL(rdmsr(0xc0000080), 0);
    EQUAL(write(0xc0000080, 0x800), -1);
    EQUAL(rdmsr(0xc0000080), 0x800);
    EQUAL(write(0xc0000080, UINT64_C(1) << 40), EXC_GP);
    EQUAL(write(0xc0000080, 2), EXC_GP);
}

TEST(msr_machine_check, "SDM 3B 15.3")
{
    if (!has(HAS_MCA)) {
        EQUAL(read(0x179), EXC_GP);
        return;
    }
    uint64_t cap = rdmsr(0x179);
    unsigned banks = cap & 0xff;
    CHECK(banks >= 1);
    EQUAL(read(0x400 + 4 * banks - 4), -1);
    EQUAL(read(0x400 + 4 * banks), EXC_GP);
    EQUAL(write(0x401, 0), -1);
    EQUAL(write(0x401, 1), EXC_GP); /* status: zeros alone */
}

/* What each processor of family 6 has of its own. */
TEST(msr_by_model, "SDM 4 table 2-3, MSRs in the P6 family processors")
{
    uint32_t signature = cpuid(1, 0).eax;
    unsigned model = (signature >> 4 & 15) | (signature >> 12 & 0xf0);
    if ((signature >> 8 & 15) != 6)
        return;
    EQUAL(read(0x17), -1); /* the platform: read-only */
    EQUAL(write(0x17, 0), EXC_GP);
    EQUAL(write(0x8b, 0), -1); /* the microcode's revision */
    cpuid(1, 0);
    EQUAL(read(0x8b), -1);
    EQUAL(read(0x1d9), -1); /* DEBUGCTL */
    bool core = model >= 15;
    if (core || model <= 8) {
        EQUAL(read(0x3a), core ? -1 : EXC_GP);  /* FEATURE_CONTROL */
        EQUAL(read(0x1a0), core ? -1 : EXC_GP); /* MISC_ENABLE */
        EQUAL(read(0x198), core ? -1 : EXC_GP); /* PERF_STATUS */
    }
    if (core && rdmsr(0x3a) & 1) /* locked */
        EQUAL(write(0x3a, rdmsr(0x3a)), EXC_GP);
}
