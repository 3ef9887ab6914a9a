// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a processor is: models and features by name, CPUID's leaves, model-specific registers.
#include "cpu_machine.h"

#include "cpu/system/internal.h"
#include "cpu/system/msr.h"

static struct cpu_model parsed(const char *text)
{
    struct cpu_model model;
    struct error err = { "" };
    bool ok = cpu_model_parse(&model, text, &err);
    if (!ok)
        unit_fail(__FILE__, __LINE__, "%s: %s", text, err.text);
    return model;
}

static void refused(const char *text, const char *message)
{
    struct cpu_model model;
    struct error err = { "" };
    CHECK(!cpu_model_parse(&model, text, &err));
    CHECK(strstr(err.text, message) != NULL);
}

/* ---- names ----------------------------------------------------------------------------------- */

TEST(features_by_name)
{
    struct cpu_model model = parsed("pentium3,+sse2,-mmx,nx=on,fxsr=off,ssse3");
    CHECK(cpu_model_has(&model, FEATURE_SSE2) && !cpu_model_has(&model, FEATURE_MMX));
    CHECK(cpu_model_has(&model, FEATURE_NX) && !cpu_model_has(&model, FEATURE_FXSR));
    CHECK(cpu_model_has(&model, FEATURE_SSSE3));
    CHECK(model.max_extended_leaf >= 0x80000001); /* where NX is told */
    model = parsed("pentium,sse4_1=on,+sse4-2");
    CHECK(cpu_model_has(&model, FEATURE_SSE4_1) && cpu_model_has(&model, FEATURE_SSE4_2));
    CHECK_EQ(parsed("pentium3,+xsave").max_leaf, 0xd);
    CHECK_EQ(parsed("pentium3,+arch-capabilities").max_leaf, 7);
}

TEST(what_is_no_feature)
{
    refused("pentium4", "no model 'pentium4'");
    refused("pentium3,+avx", "no feature 'avx'");
    refused("pentium3,mmx=yes", "must end in =on or =off");
    refused("pentium3,", "no feature ''");
    refused("pentium3,+", "no feature ''");
}

static void count_line(void *opaque, const char *text)
{
    unsigned *found = opaque;
    *found |= strncmp(text, "core2duo ", 9) == 0 ? 1 : 0;
    *found |= strncmp(text, "+sse4.1 ", 8) == 0 ? 2 : 0;
    CHECK(text[0] != 0 && strchr(text, '\n') == NULL);
}

TEST(models_and_features_are_listed)
{
    unsigned found = 0;
    cpu_model_list(count_line, &found);
    CHECK_EQ(found, 3);
}

/* ---- CPUID, SDM 2 "CPUID" -------------------------------------------------------------------- */

static const uint32_t *leaf(struct cpu *cpu, uint32_t number, uint32_t subleaf)
{
    static uint32_t out[4];
    cpuid_read(cpu, number, subleaf, out);
    return out;
}
enum { A, B, C, D };

TEST(basic_leaves)
{
    struct cpu_machine *m = machine_create("max,+monitor");
    struct cpu *cpu = m->cpu;
    CHECK(memcmp(&leaf(cpu, 0, 0)[B], "Genu", 4) == 0 &&
          memcmp(&leaf(cpu, 0, 0)[C], "ntel", 4) == 0);
    CHECK_EQ(leaf(cpu, 0, 0)[A], 0x15);
    CHECK_EQ(leaf(cpu, 1, 0)[A], 0x6fb);
    CHECK_EQ(leaf(cpu, 1, 0)[B], 0x800); /* CLFLUSH: 8 quadwords */
    CHECK_EQ(leaf(cpu, 2, 0)[A] & 0xff, 1);
    /* Ways * partitions * line * sets. */
    static const uint32_t sizes[] = { 32 << 10, 32 << 10, 4 << 20 };
    for (uint32_t n = 0; n < ARRAY_SIZE(sizes); n++) {
        const uint32_t *r = leaf(cpu, 4, n);
        CHECK_EQ(((r[B] >> 22) + 1) * (((r[B] >> 12) & 0x3ff) + 1) * ((r[B] & 0xfff) + 1) *
                     (r[C] + 1),
                 sizes[n]);
    }
    CHECK_EQ(leaf(cpu, 4, 3)[A] & 0x1f, 0);
    CHECK_EQ(leaf(cpu, 5, 0)[A], 64);
    CHECK_EQ(leaf(cpu, 6, 0)[A], 0);
    CHECK_EQ(leaf(cpu, 7, 0)[D], 1u << 29);
    CHECK_EQ(leaf(cpu, 7, 1)[D], 0);
    CHECK_EQ(leaf(cpu, 0xd, 0)[A], 3);
    CHECK_EQ(leaf(cpu, 0xd, 0)[B], 576);
    CHECK_EQ(leaf(cpu, 0xd, 1)[A], 0);
    CHECK_EQ(leaf(cpu, 0x15, 0)[C], TSC_HZ);
    machine_destroy(m);
    m = machine_create("pentium3");
    CHECK_EQ(leaf(m->cpu, 2, 0)[D], 0x0c040843);
    machine_destroy(m);
    m = machine_create("max,-xsave,-monitor");
    CHECK_EQ(leaf(m->cpu, 0xd, 0)[A], 0);
    CHECK_EQ(leaf(m->cpu, 5, 0)[A], 0);
    machine_destroy(m);
}

TEST(vendor_is_what_leaf_0_gives)
{
    struct cpu_machine *m = machine_create("pentium3,vendor=AuthenticAMD,-mmx");
    CHECK(memcmp(&leaf(m->cpu, 0, 0)[B], "Auth", 4) == 0);
    CHECK(memcmp(&leaf(m->cpu, 0, 0)[D], "enti", 4) == 0);
    CHECK(memcmp(&leaf(m->cpu, 0, 0)[C], "cAMD", 4) == 0);
    machine_destroy(m);
    refused("max,vendor=Intel", "12 characters");
    refused("max,vendor=", "12 characters");
}

TEST(extended_leaves)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    char brand[49] = { 0 };
    for (uint32_t n = 0; n < 3; n++)
        memcpy(brand + 16 * n, leaf(cpu, 0x80000002 + n, 0), 16);
    CHECK(strcmp(brand, "bmbt virtual 32-bit processor") == 0);
    CHECK_EQ(leaf(cpu, 0x80000000, 0)[A], 0x80000008);
    CHECK_EQ(leaf(cpu, 0x80000001, 0)[D], 1u << 20);
    CHECK_EQ(leaf(cpu, 0x80000005, 0)[C], 0);
    CHECK_EQ(leaf(cpu, 0x80000006, 0)[C], 4096u << 16 | 8 << 12 | 64);
    CHECK_EQ(leaf(cpu, 0x80000007, 0)[D], 1 << 8);
    CHECK_EQ(leaf(cpu, 0x80000008, 0)[A], 0x2024);
    machine_destroy(m);
}

TEST(hypervisor_leaves)
{
    struct cpu_machine *m = machine_create("max,+hypervisor");
    CHECK_EQ(leaf(m->cpu, 0x40000000, 0)[A], 0x40000000);
    CHECK(memcmp(&leaf(m->cpu, 0x40000000, 0)[B], "bmbt", 4) == 0);
    CHECK_EQ(leaf(m->cpu, 0x40000001, 0)[A], 0);
    machine_destroy(m);
}

/* The data of the highest basic leaf, which is 1 here: with what changes in it. */
TEST(leaf_out_of_range_is_the_last_one_as_it_stands)
{
    struct cpu_machine *m = machine_create("pentium,+apic");
    struct cpu *cpu = m->cpu;
    CHECK_EQ(leaf(cpu, 5, 0)[D], leaf(cpu, 1, 0)[D]);
    CHECK(leaf(cpu, 5, 0)[D] & 1 << 9);
    cpu->msr.apic_base &= ~UINT64_C(0x800);
    CHECK(!(leaf(cpu, 1, 0)[D] & 1 << 9));
    CHECK_EQ(leaf(cpu, 5, 0)[D], leaf(cpu, 1, 0)[D]);
    CHECK_EQ(leaf(cpu, 0x80000000, 0)[D], leaf(cpu, 1, 0)[D]);
    machine_destroy(m);
}

/* Family above 15 goes on in the extended field. */
TEST(signature)
{
    struct cpu_model model = { .family = 0x17, .model = 0x31, .stepping = 2 };
    CHECK_EQ(cpu_signature(&model), 0x00830f12);
}

/* ---- model-specific registers, SDM 4 --------------------------------------------------------- */

/* Written as one value and read as another; what may not be written is #GP and changes nothing. */
static void check_msr(struct cpu *cpu, uint32_t index, uint64_t value, uint64_t expected)
{
    uint64_t found = 0;
    CHECK(msr_write(cpu, index, value));
    CHECK(msr_read(cpu, index, &found));
    if (found != expected)
        unit_fail(__FILE__, __LINE__, "MSR %x is %" PRIx64 ", not %" PRIx64, (unsigned)index, found,
                  expected);
}
static void check_refused(struct cpu *cpu, uint32_t index, uint64_t value)
{
    uint64_t before = 0, after = 0;
    bool readable = msr_read(cpu, index, &before);
    if (msr_write(cpu, index, value))
        unit_fail(__FILE__, __LINE__, "MSR %x takes %" PRIx64, (unsigned)index, value);
    CHECK_EQ(msr_read(cpu, index, &after), readable);
    CHECK_EQ(after, before);
}

TEST(memory_type_ranges)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    static const uint32_t fixed[] = { 0x250, 0x258, 0x259, 0x268, 0x26f };
    for (unsigned n = 0; n < ARRAY_SIZE(fixed); n++)
        check_msr(cpu, fixed[n], 0x0605040100060606, 0x0605040100060606);
    check_refused(cpu, 0x250, 0x0606060606060602); /* type 2 is reserved */
    check_refused(cpu, 0x250, 0x0706060606060606); /* UC- is for the PAT */
    check_msr(cpu, 0x200, 0xfc0000006, 0xfc0000006);
    check_refused(cpu, 0x200, 0x1000000006); /* above 36 bits */
    check_refused(cpu, 0x200, 0xfc0000003);
    check_msr(cpu, 0x201, 0xfc0000800, 0xfc0000800);
    check_refused(cpu, 0x201, 0xfc0000400);
    check_msr(cpu, MSR_MTRR_DEF_TYPE, 0xc06, 0xc06);
    check_refused(cpu, MSR_MTRR_DEF_TYPE, 0x1c06);
    check_refused(cpu, MSR_MTRR_DEF_TYPE, 0xc07);
    check_refused(cpu, MSR_MTRRCAP, 0x508);
    check_refused(cpu, 0x2fe, 0);
    check_msr(cpu, MSR_PAT, 0x0706050401000706, 0x0706050401000706);
    check_refused(cpu, MSR_PAT, 2);
    machine_destroy(m);
    m = machine_create("max,-mtrr,-pat");
    uint64_t value;
    CHECK(!msr_read(m->cpu, MSR_MTRRCAP, &value));
    check_refused(m->cpu, 0x250, 0);
    check_refused(m->cpu, MSR_PAT, 0);
    machine_destroy(m);
}

TEST(machine_check_banks)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    uint64_t value;
    CHECK(msr_read(cpu, MSR_MCG_CAP, &value) && value == (MC_BANKS | 1 << 8));
    check_msr(cpu, MSR_MCG_STATUS, 0xff, 7);
    check_msr(cpu, MSR_MCG_CTL, 0, 0);
    check_refused(cpu, MSR_MCG_CTL, 1);
    check_msr(cpu, MSR_MC0_CTL, UINT64_MAX, UINT64_MAX);
    check_refused(cpu, MSR_MC0_CTL, 5);
    check_msr(cpu, MSR_MC0_CTL + 1, 0, 0);
    check_refused(cpu, MSR_MC0_CTL + 1, 1);
    check_refused(cpu, MSR_MC0_CTL + 4 * MC_BANKS, 0);
    CHECK(msr_write(cpu, 0, 0) && msr_read(cpu, 1, &value));
    machine_destroy(m);
    m = machine_create("max,-mca");
    CHECK(!msr_read(m->cpu, MSR_MCG_CAP, &value));
    check_refused(m->cpu, MSR_MCG_STATUS, 0);
    machine_destroy(m);
}

TEST(registers_of_the_p6)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    uint64_t value;
    CHECK(msr_read(cpu, MSR_PLATFORM_ID, &value));
    check_msr(cpu, MSR_EBL_CR_POWERON, 0, 0);
    check_refused(cpu, MSR_EBL_CR_POWERON, 1);
    check_msr(cpu, MSR_BIOS_SIGN_ID, 0, UINT64_C(1) << 32);
    CHECK(msr_write(cpu, MSR_BIOS_UPDT_TRIG, 0x1000));
    check_msr(cpu, MSR_DEBUGCTL, 3, 0);
    check_refused(cpu, MSR_DEBUGCTL, 4);
    check_msr(cpu, MSR_MISC_ENABLE, 0, MISC_ENABLE_NO_BTS | MISC_ENABLE_NO_PEBS);
    check_msr(cpu, MSR_PERF_CTL, 0x600, 0);
    CHECK(msr_read(cpu, MSR_PERF_STATUS, &value));
    check_refused(cpu, MSR_PERF_STATUS, 0);
    CHECK(!msr_read(cpu, MSR_LASTBRANCH_FROM, &value) && !msr_read(cpu, MSR_BBL_CR_CTL3, &value));
    check_msr(cpu, MSR_FEATURE_CONTROL, 1, 1);
    check_refused(cpu, MSR_FEATURE_CONTROL, 0); /* locked */
    check_refused(cpu, 0x1234, 0);
    CHECK(msr_read(cpu, MSR_ARCH_CAPABILITIES, &value) && value == ARCH_CAPABILITIES);
    machine_destroy(m);
    m = machine_create("pentium3");
    CHECK(msr_read(m->cpu, MSR_BBL_CR_CTL3, &value) && msr_read(m->cpu, MSR_LASTINT_TO, &value));
    check_refused(m->cpu, MSR_FEATURE_CONTROL, 1);
    check_refused(m->cpu, MSR_MISC_ENABLE, 0);
    check_refused(m->cpu, MSR_PERF_CTL, 0);
    machine_destroy(m);
    m = machine_create("pentium");
    CHECK(!msr_read(m->cpu, MSR_PLATFORM_ID, &value));
    check_refused(m->cpu, MSR_BIOS_UPDT_TRIG, 0);
    check_refused(m->cpu, MSR_APIC_BASE, 0xfee00900);
    machine_destroy(m);
}

TEST(sysenter_registers)
{
    struct cpu_machine *m = machine_create("max");
    for (uint32_t index = MSR_SYSENTER_CS; index <= MSR_SYSENTER_EIP; index++)
        check_msr(m->cpu, index, UINT64_C(0x100001234) + index, 0x1234 + index);
    machine_destroy(m);
    m = machine_create("max,-sep");
    for (uint32_t index = MSR_SYSENTER_CS; index <= MSR_SYSENTER_EIP; index++)
        CHECK(!msr_write(m->cpu, index, 1));
    machine_destroy(m);
}

TEST(time_stamp_counter_and_efer)
{
    struct cpu_machine *m = machine_create("max");
    uint64_t value;
    CHECK(msr_write(m->cpu, MSR_TSC, UINT64_C(1) << 60));
    CHECK(msr_read(m->cpu, MSR_TSC, &value) && value >> 60 == 1);
    check_msr(m->cpu, MSR_EFER, EFER_NXE, EFER_NXE);
    check_refused(m->cpu, MSR_EFER, EFER_NXE | 1);
    machine_destroy(m);
    m = machine_create("max,-nx,-tsc");
    check_refused(m->cpu, MSR_EFER, EFER_NXE);
    CHECK(!msr_read(m->cpu, MSR_TSC, &value) && !msr_write(m->cpu, MSR_TSC, 0));
    machine_destroy(m);
}

static void base_changed(void *opaque, uint64_t value)
{
    struct cpu_machine *m = opaque;
    m->shutdowns = (unsigned)(value >> 12); /* where the test finds it again */
}

/* SDM 3A 10.4.4: BSP stays, bit 10 is x2APIC's. */
TEST(apic_base)
{
    struct cpu_machine *m = machine_create("max");
    check_msr(m->cpu, MSR_APIC_BASE, 0xfee00800, 0xfee00900);
    m->cpu->bus.apic_base_changed = base_changed;
    check_msr(m->cpu, MSR_APIC_BASE, 0xfed00000, 0xfed00100);
    CHECK_EQ(m->shutdowns, 0xfed00);
    check_refused(m->cpu, MSR_APIC_BASE, 0xfee00c00);
    check_refused(m->cpu, MSR_APIC_BASE, UINT64_C(0x1000000000));
    machine_destroy(m);
}
