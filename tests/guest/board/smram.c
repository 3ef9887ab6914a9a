// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SMRAM of the i440FX: open, closed, locked.
#include "smm.h"

TEST(smram_visibility, "82441FX 3.2.21 SMRAM")
{
    smm_begin(0);
    store32(0xa8000, 0x5a5a5a5a); /* closed: to the display, if anybody */
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1); /* the handler is untouched */
    CHECK(load32(0xa8000) != load32((uint32_t)smi_handler));
    set_smram(SMRAM_OPEN);
    EQUAL(load32(0xa8000), load32((uint32_t)smi_handler));
    set_smram(0x02); /* G_SMRAME clear: no SMRAM at all, open or not */
    CHECK(load32(0xa8000) != load32((uint32_t)smi_handler));
    set_smram(SMRAM_CLOSED);
    EQUAL(smram(), SMRAM_CLOSED);
}

/* The bits work while SMRAM is enabled. */
TEST(smram_open_wants_enable, "82441FX 3.2.21 SMRAM, open")
{
    smm_begin(0);
    set_smram(0x42);
    EQUAL(smram(), 0x42);
    CHECK(load32(0xa8000) != load32((uint32_t)smi_handler));
    set_smram(SMRAM_OPEN);
    EQUAL(load32(0xa8000), load32((uint32_t)smi_handler));
    set_smram(SMRAM_CLOSED);
}

/* The handler goes on in SMRAM while what it reads and writes there is the display. */
TEST(smram_closed_to_data, "82441FX 3.2.21 SMRAM, closed")
{
    smm_begin(CLOSE_DATA);
    set_smram(SMRAM_OPEN);
    store32(0xa9000, 0);
    set_smram(SMRAM_CLOSED);
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    CHECK(load32(CLOSED) != load32((uint32_t)smi_handler));
    EQUAL(load32(CLOSED + 4), load32((uint32_t)smi_handler));
    EQUAL(load32(WRITTEN), 0);
    EQUAL(smi_ebx, 0x11223344);
    EQUAL(smram(), SMRAM_CLOSED);
}

/* D_LCK is for ever: it ends with a reset. */
TEST(smram_lock, "82441FX 3.2.21 SMRAM")
{
    smm_begin(0);
    set_smram(SMRAM_OPEN | 0x10); /* locking closes it */
    EQUAL(smram() & 0x50, 0x10);
    set_smram(SMRAM_OPEN);
    EQUAL(smram() & 0x50, 0x10);
    CHECK(load32(0xa8000) != load32((uint32_t)smi_handler));
    EQUAL(try_call(smi_by_port), -1);
    EQUAL(load32(COUNT), 1);
    expect_reset();
    outb(0xcf9, 2);
    outb(0xcf9, 6);
    WAIT(false);
    EQUAL(smram(), 0xffff); /* still here */
}

TEST(smram_unlocked_by_reset, "82441FX 3.2.21 SMRAM")
{
    smm_begin(0);
    set_smram(SMRAM_OPEN);
    EQUAL(smram(), SMRAM_OPEN);
    set_smram(SMRAM_CLOSED);
}
