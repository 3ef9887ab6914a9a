// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Who reports of the x87 and SSE units: #MF with CR0.NE, #NM by TS and EM, #XM.
#include "harness/harness.h"

void *restore_image;
uint32_t float_zero, float_one = 0x3f800000, mxcsr_word;
uint16_t control_word, status_word;

/* 1 / 0 with the zero-divide exception unmasked: pending until the next waiting instruction. */
CODE(unmask_zero_divide, "fninit; mov word ptr control_word, 0x37b; fldcw control_word");
CODE(divide_then_wait, "call unmask_zero_divide; fld1; fdiv dword ptr float_zero; divide_nop: nop; "
                       "divide_wait: fwait");
CODE(divide_then_load,
     "call unmask_zero_divide; fld1; fdiv dword ptr float_zero; nop; divide_load: fld1");
CODE(divide_then_no_wait, "call unmask_zero_divide; fld1; fdiv dword ptr float_zero; fnstsw "
                          "status_word; fnstcw control_word; fnclex; fwait");
CODE(divide_then_emms,
     "call unmask_zero_divide; fld1; fdiv dword ptr float_zero; divide_emms: emms");
CODE(divide_masked, "fninit; fld1; fdiv dword ptr float_zero; fwait; fnstsw status_word");
CODE(unmask_late, "fninit; fld1; fdiv dword ptr float_zero; mov word ptr control_word, 0x37b; "
                  "fldcw control_word; fnstsw status_word; late_wait: fwait");
CODE(x87_load, "fld1; fninit");
CODE(x87_wait, "fwait");
CODE(x87_state, "fnstsw ax");
CODE(mmx_move, "movd mm0, eax; emms");
CODE(sse_move, "movups xmm0, [0x900000]");
CODE(sse_sfence, ".byte 0x0f, 0xae, 0xf8");
CODE(sse_prefetch, "prefetcht0 [0x900000]");
CODE(sse_divide, "ldmxcsr mxcsr_word; movss xmm0, float_one; sse_fault: divss xmm0, float_zero");
CODE(fxsave_plain, "fxsave [0x900000]");
CODE(fxsave_unaligned, "fxsave [0x900008]");
CODE(movaps_unaligned, "movaps xmm0, [0x900004]");
CODE(movaps_aligned, "movaps xmm0, [0x900010]");
CODE(load_mxcsr, "ldmxcsr mxcsr_word");
CODE(restore_fx, "mov eax, restore_image; fxrstor [eax]");
CODE(bad_mxcsr, "mov dword ptr mxcsr_word, 0xffff0000; ldmxcsr mxcsr_word");

extern char divide_nop[], divide_wait[], divide_load[], divide_emms[], late_wait[], sse_fault[];

TEST(mf_waits_for_the_next, "SDM 1 8.7.1; SDM 3A 6.15 interrupt 16")
{
    set_cr0(CR0_NE, 0);
    EQUAL(try_call(divide_then_wait), EXC_MF);
    EQUAL(last.eip, divide_wait);
    EQUAL(last.error, 0);
    EQUAL(try_call(divide_then_load), EXC_MF);
    EQUAL(last.eip, divide_load);
    if (has(HAS_MMX)) {
        EQUAL(try_call(divide_then_emms), EXC_MF);
        EQUAL(last.eip, divide_emms);
    }
    __asm__ volatile("fninit");
}

TEST(mf_not_by_no_wait_instructions, "SDM 1 8.3.12, 8.7.1")
{
    set_cr0(CR0_NE, 0);
    EQUAL(try_call(divide_then_no_wait), -1);
    EQUAL(status_word & 0x8084, 0x8084); /* B, ES, ZE */
    EQUAL(control_word, 0x37b);
    EQUAL(try_call(divide_masked), -1);
    EQUAL(status_word & 0x8084, 4);
    __asm__ volatile("fninit");
}

/* FLDCW that unmasks what is flagged already makes it pending. */
TEST(mf_by_fldcw, "SDM 2 FLDCW")
{
    set_cr0(CR0_NE, 0);
    EQUAL(try_call(unmask_late), EXC_MF);
    EQUAL(last.eip, late_wait);
    EQUAL(status_word & 0x8084, 0x8084);
    __asm__ volatile("fninit");
}

TEST(device_not_available, "SDM 3A 2.5, table 2-2; 6.15 interrupt 7")
{
    static const struct {
        uint32_t bits;
        int x87, wait, mmx, sse;
    } rows[] = {
        { 0, -1, -1, -1, -1 },
        { CR0_TS, EXC_NM, -1, EXC_NM, EXC_NM },
        { CR0_MP, -1, -1, -1, -1 },
        { CR0_MP | CR0_TS, EXC_NM, EXC_NM, EXC_NM, EXC_NM },
        { CR0_EM, EXC_NM, -1, EXC_UD, EXC_UD },
        { CR0_EM | CR0_TS, EXC_NM, -1, EXC_UD, EXC_UD },
        { CR0_EM | CR0_MP | CR0_TS, EXC_NM, EXC_NM, EXC_UD, EXC_UD },
    };
    if (has(HAS_SSE))
        set_cr4(CR4_OSFXSR, 0);
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        set_cr0(rows[n].bits, (CR0_EM | CR0_MP | CR0_TS) & ~rows[n].bits);
        EQUAL(try_call(x87_load), rows[n].x87);
        EQUAL(try_call(x87_state), rows[n].x87);
        EQUAL(try_call(x87_wait), rows[n].wait);
        if (has(HAS_MMX))
            EQUAL(try_call(mmx_move), rows[n].mmx);
        if (has(HAS_SSE))
            EQUAL(try_call(sse_move), rows[n].sse);
        if (has(HAS_SSE)) /* knows neither TS nor EM */
            EQUAL(try_call(sse_prefetch), -1);
        if (has(HAS_SSE))
            EQUAL(try_call(sse_sfence), -1);
    }
    set_cr0(0, CR0_EM | CR0_MP | CR0_TS);
}

TEST(clts_and_lmsw, "SDM 2 CLTS, LMSW, SMSW")
{
    uint32_t v;
    set_cr0(CR0_TS, 0);
    __asm__ volatile("clts");
    EQUAL(cr0() & CR0_TS, 0);
    __asm__ volatile("lmsw %w0" : : "r"(0xfff8)); /* MP, EM cleared, TS set; PE cannot be cleared */
    EQUAL(cr0() & 0xf, CR0_TS | CR0_PE);
    EQUAL(cr0() & 0xfff0, 0x10); /* no other bit */
    __asm__ volatile("smsw %0" : "=r"(v));
    EQUAL(v & 0xffff, cr0() & 0xffff);
    __asm__ volatile("clts");
}

TEST(sse_without_osfxsr, "SDM 3A 2.5 CR4.OSFXSR; 13.1.4")
{
    if (!has(HAS_SSE))
        return;
    EQUAL(try_call(sse_move), EXC_UD);
    EQUAL(try_call(sse_sfence), -1);
    set_cr4(CR4_OSFXSR, 0);
    EQUAL(try_call(sse_move), -1);
}

/* FXSAVE tells which bits MXCSR has; DAZ came with SSE2, and each other one is reserved. */
TEST(mxcsr_reserved_bits, "SDM 1 10.2.3, 11.6.6; SDM 2 LDMXCSR")
{
    static uint8_t image[512] __attribute__((aligned(16)));
    if (!has(HAS_SSE))
        return;
    set_cr4(CR4_OSFXSR, 0);
    __asm__ volatile("fninit; fxsave %0" : "=m"(image));
    uint32_t mask = *(const uint32_t *)&image[28];
    EQUAL(mask, has(HAS_SSE2) ? 0xffff : 0xffbf);
    for (unsigned n = 0; n < 32; n++) {
        mxcsr_word = 0x1f80 | 1u << n;
        EQUAL(try_call(load_mxcsr), mask >> n & 1 ? -1 : EXC_GP);
        *(uint32_t *)&image[24] = mxcsr_word;
        restore_image = image;
        EQUAL(try_call(restore_fx), mask >> n & 1 ? -1 : EXC_GP);
    }
    mxcsr_word = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr_word));
}

TEST(simd_exceptions, "SDM 3A 6.15 interrupt 19; 2.5 CR4.OSXMMEXCPT")
{
    if (!has(HAS_SSE))
        return;
    set_cr4(CR4_OSFXSR, 0);
    mxcsr_word = 0x1d80; /* zero-divide unmasked */
    EQUAL(try_call(sse_divide), EXC_UD);
    EQUAL(last.eip, sse_fault);
    set_cr4(CR4_OSXMMEXCPT, 0);
    EQUAL(try_call(sse_divide), EXC_XM);
    EQUAL(last.eip, sse_fault);
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr_word));
    EQUAL(mxcsr_word, 0x1d84);
    mxcsr_word = 0x1f80;
    EQUAL(try_call(sse_divide), -1);
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr_word));
    EQUAL(mxcsr_word, 0x1f84);
    RAISES(bad_mxcsr, EXC_GP, 0);
    mxcsr_word = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr_word));
}

TEST(sse_alignment, "SDM 2 MOVAPS, FXSAVE")
{
    if (!has(HAS_SSE))
        return;
    set_cr4(CR4_OSFXSR, 0);
    EQUAL(try_call(movaps_aligned), -1);
    RAISES(movaps_unaligned, EXC_GP, 0);
    EQUAL(try_call(fxsave_plain), -1);
    RAISES(fxsave_unaligned, EXC_GP, 0);
}
