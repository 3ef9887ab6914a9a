// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A failure in words: everything that is needed to see it, and to run it again.
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control/disassemble.h"

static const char gpr_names[8][4] = { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi" };
static const char segment_names[SEGMENTS][3] = { "es", "cs", "ss", "ds", "fs", "gs" };

/* ---- the case -------------------------------------------------------------------------------- */

static void print_code(const struct silicon_case *c)
{
    const struct silicon_patch *code = case_code(c);
    bool code16 = c->in.segment[SEG_CS] == layout_selector(ENTRY_CODE16);
    const uint8_t *bytes = c->bytes + code->offset;
    char text[DISASSEMBLE_TEXT];
    for (unsigned at = 0; at < code->length;) {
        unsigned length = disassemble_line(text, code->address + at, bytes + at, code->length - at,
                                           code16 ? 16 : 32);
        if (length == 0) {
            snprintf(text, sizeof text, "0x%08x:  %02x  (bad)", code->address + at, bytes[at]);
            length = 1;
        }
        printf("  %s\n", text);
        at += length;
    }
}

static void print_patches(const struct silicon_case *c)
{
    for (unsigned n = 1; n < c->patch_count; n++) {
        const struct silicon_patch *p = &c->patches[n];
        printf("  memory %08x:", p->address);
        for (unsigned b = 0; b < p->length && b < 64; b++)
            printf(" %02x", c->bytes[p->offset + b]);
        printf("%s\n", p->length > 64 ? " ..." : "");
    }
}

static void print_integer(const struct silicon_state *s, uint32_t differs)
{
    printf("   ");
    for (unsigned n = 0; n < 8; n++)
        printf(" %s=%08x%s", gpr_names[n], s->gpr[n], differs & DIFFERS_GPR << n ? "*" : "");
    printf("\n    eip=%08x%s eflags=%08x%s", s->eip, differs & DIFFERS_EIP ? "*" : "", s->eflags,
           differs & DIFFERS_EFLAGS ? "*" : "");
    for (unsigned n = 0; n < SEGMENTS; n++)
        printf(" %s=%04x", segment_names[n], s->segment[n]);
    printf("%s\n", differs & DIFFERS_SEGMENT ? "*" : "");
}

static void print_fpu(const struct fx_image *fx, uint32_t differs)
{
    printf("    cw=%04x%s sw=%04x%s tags=%02x%s mxcsr=%04x%s fop=%03x fip=%08x fdp=%08x%s\n",
           fx->control, differs & DIFFERS_X87_CONTROL ? "*" : "", fx->status,
           differs & DIFFERS_X87_STATUS ? "*" : "", fx->tags, differs & DIFFERS_X87_TAGS ? "*" : "",
           fx->mxcsr, differs & DIFFERS_MXCSR ? "*" : "", fx->opcode, (uint32_t)fx->ip,
           (uint32_t)fx->dp, differs & DIFFERS_X87_POINTERS ? "*" : "");
    for (unsigned n = 0; n < 8; n++)
        printf("    st%u=%04x:%016" PRIx64 "%s xmm%u=%016" PRIx64 "%016" PRIx64 "%s\n", n,
               fx->st[n].sign_exponent, fx->st[n].significand, differs & DIFFERS_ST ? "*" : "", n,
               fx->xmm[n].u64[1], fx->xmm[n].u64[0], differs & DIFFERS_XMM ? "*" : "");
}

/* FPU state is shown where the instruction is of it, or where it differs. */
static bool shows_fpu(const struct silicon_case *c, uint32_t differs)
{
    return differs >> 14 & 0x7f || c->row == NULL ||
           c->row->attributes & (OP_X87 | OP_MMX | OP_SSE);
}

static void print_case(const struct silicon_case *c, bool fpu)
{
    print_code(c);
    print_patches(c);
    printf("  before\n");
    print_integer(&c->in, 0);
    if (fpu)
        print_fpu(&c->in.fx, 0);
}

void report_case(const struct silicon_case *c)
{
    print_case(c, shows_fpu(c, 0));
}

/* ---- the difference -------------------------------------------------------------------------- */

static void print_result(const char *name, const struct silicon_result *r, uint32_t differs,
                         bool fpu)
{
    printf("  %s: vector %d%s error %x%s cr2 %08x%s\n", name, r->vector,
           differs & DIFFERS_VECTOR ? "*" : "", r->error, differs & DIFFERS_ERROR ? "*" : "",
           r->cr2, differs & DIFFERS_CR2 ? "*" : "");
    print_integer(&r->state, differs);
    if (fpu)
        print_fpu(&r->state.fx, differs);
}

static void print_memory(const struct silicon_result *native, const struct guest *g)
{
    unsigned shown = 0;
    for (unsigned n = 0; n < LAYOUT_PAGES * LAYOUT_PAGE; n++) {
        unsigned page = n / LAYOUT_PAGE, at = n % LAYOUT_PAGE;
        if (layout_page_kind(page) == PAGE_MISSING)
            continue;
        uint8_t a = native_page(native, page)[at], b = guest_page(g, page)[at];
        if (a == b)
            continue;
        if (shown++ == 16) {
            printf("  and more of memory\n");
            return;
        }
        printf("  memory %08x: silicon %02x, guest %02x, before the case's own bytes %02x\n",
               layout_page_address(page) + at, a, b, layout_background()[n]);
    }
}

void report_difference(const struct silicon_case *c, enum engine_kind engine, uint32_t differs,
                       const struct silicon_result *native, const struct silicon_result *guest,
                       const struct guest *g)
{
    bool fpu = shows_fpu(c, differs);
    printf("FAIL %s under %s: --seed %" PRIu64 " --case %" PRIu64 " --row-number %d --engine %s\n",
           c->row != NULL ? c->row->mnemonic : "sequence", engine_names[engine], c->seed, c->number,
           c->row != NULL ? (int)(c->row - opcode_table) : -1, engine_names[engine]);
    print_case(c, fpu);
    print_result("silicon", native, differs, fpu);
    print_result(engine_names[engine], guest, differs, fpu);
    if (differs & DIFFERS_MEMORY)
        print_memory(native, g);
    printf("\n");
}
