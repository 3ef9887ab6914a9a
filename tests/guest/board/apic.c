// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The local APIC: registers, messages to oneself, priorities, EOI, errors.
#include "board.h"

TEST(apic_registers, "SDM 3A 10.4.1, 10.4.6, 10.4.8, 10.5.1")
{
    if (!apic_begin(0))
        return;
    EQUAL(apic(APIC_VERSION) & 0xf0, 0x10); /* an integrated one */
    CHECK((apic(APIC_VERSION) >> 16 & 0xff) >= 3);
    set_apic(APIC_TPR, 0x5a);
    EQUAL(apic(APIC_TPR), 0x5a);
    EQUAL(apic(APIC_PPR) & 0xff, 0x5a);
    set_apic(APIC_TPR, 0);
    set_apic(APIC_LDR, 0x12345678);
    EQUAL(apic(APIC_LDR) & 0xff000000, 0x12000000);
    set_apic(APIC_DFR, 0);
    EQUAL(apic(APIC_DFR), 0x0fffffff); /* the reserved bits are ones */
    set_apic(APIC_DFR, 0xffffffff);
    set_apic(APIC_LVT_TIMER, 0xffffffff);
    EQUAL(apic(APIC_LVT_TIMER) & 0x1f00, 0); /* delivery status and what is reserved */
    set_apic(APIC_LVT_TIMER, 0x10000);
}

TEST(apic_software_disable, "SDM 3A 10.4.7.2")
{
    if (!apic_begin(0))
        return;
    set_apic(APIC_LVT_ERROR, 0x41);
    EQUAL(apic(APIC_LVT_ERROR) & 0x10000, 0);
    set_apic(APIC_SVR, 0xff);
    EQUAL(apic(APIC_LVT_ERROR) & 0x10000, 0x10000);
    EQUAL(apic(APIC_LVT_LINT0) & 0x10000, 0x10000);
    set_apic(APIC_LVT_ERROR, 0x41); /* masks cannot be taken off */
    EQUAL(apic(APIC_LVT_ERROR) & 0x10000, 0x10000);
    apic_send(0x50); /* fixed messages are not accepted */
    EQUAL(apic_bit(APIC_IRR, 0x50), 0);
    apic_init();
}

TEST(apic_message_to_self, "SDM 3A 10.6.1, 10.8.4, 10.8.5")
{
    if (!apic_begin(0))
        return;
    apic_send(0x51);
    EQUAL(apic_bit(APIC_IRR, 0x51), 1);
    EQUAL(apic_bit(APIC_ISR, 0x51), 0);
    EQUAL(apic(APIC_ICR) & 0x1000, 0); /* sent */
    let_in();
    EQUAL(came[0x51], 1);
    EQUAL(order_count, 1);
    EQUAL(apic_bit(APIC_IRR, 0x51), 0);
    EQUAL(apic_bit(APIC_ISR, 0x51), 1);
    EQUAL(apic_bit(APIC_TMR, 0x51), 0); /* an edge */
    EQUAL(apic(APIC_PPR) & 0xf0, 0x50);
    set_apic(APIC_EOI, 0);
    EQUAL(apic_bit(APIC_ISR, 0x51), 0);
    EQUAL(apic(APIC_PPR), 0);
    set_apic(APIC_ICR, ICR_SELF | ICR_ASSERT | 0x52); /* the shorthand */
    set_apic(APIC_ICR, ICR_SELF | ICR_ASSERT | 0x52); /* one request is kept once */
    let_in();
    set_apic(APIC_EOI, 0);
    let_in();
    EQUAL(came[0x52], 1);
    set_apic(APIC_ICR, 2 * ICR_SELF | ICR_ASSERT | 0x53); /* all including self */
    set_apic(APIC_ICR, 3 * ICR_SELF | ICR_ASSERT | 0x54); /* all but self */
    let_in();
    EQUAL(came[0x53], 1);
    EQUAL(came[0x54], 0);
    set_apic(APIC_EOI, 0);
}

/* IRR and ISR keep one of each of the same vector. */
TEST(apic_second_request, "SDM 3A 10.8.4")
{
    if (!apic_begin(0))
        return;
    apic_send(0x51);
    let_in();
    apic_send(0x51);
    apic_send(0x51);
    let_in();
    EQUAL(came[0x51], 1);
    set_apic(APIC_EOI, 0);
    let_in();
    EQUAL(came[0x51], 2);
    set_apic(APIC_EOI, 0);
    let_in();
    EQUAL(came[0x51], 2);
}

TEST(apic_logical_destination, "SDM 3A 10.6.2.2")
{
    static const struct {
        uint32_t dfr, ldr, destination;
        bool accepted;
    } rows[] = {
        { 0xffffffff, 0x04000000, 0x04000000, true },
        { 0xffffffff, 0x04000000, 0x0c000000, true },
        { 0xffffffff, 0x04000000, 0x02000000, false },
        { 0xffffffff, 0x04000000, 0xff000000, true },
        { 0x0fffffff, 0x32000000, 0x32000000, true }, /* cluster 3, member 2 */
        { 0x0fffffff, 0x32000000, 0x36000000, true },
        { 0x0fffffff, 0x32000000, 0x34000000, false },
        { 0x0fffffff, 0x32000000, 0x22000000, false },
        { 0x0fffffff, 0x32000000, 0xff000000, true },
    };
    if (!apic_begin(apic_eoi))
        return;
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        count_interrupts(apic_eoi);
        set_apic(APIC_DFR, rows[n].dfr);
        set_apic(APIC_LDR, rows[n].ldr);
        set_apic(APIC_ICR_HIGH, rows[n].destination);
        set_apic(APIC_ICR, ICR_ASSERT | 0x800 | 0x55);
        let_in();
        EQUAL(came[0x55], rows[n].accepted);
    }
    set_apic(APIC_DFR, 0xffffffff);
}

TEST(apic_priorities, "SDM 3A 10.8.3, 10.8.3.1")
{
    if (!apic_begin(apic_eoi))
        return;
    apic_send(0x61);
    apic_send(0x93);
    apic_send(0x72);
    apic_send(0x6f);
    let_in();
    EQUAL(order_count, 4);
    EQUAL(order[0], 0x93);
    EQUAL(order[1], 0x72);
    EQUAL(order[2], 0x6f);
    EQUAL(order[3], 0x61);
    count_interrupts(0);
    apic_send(0x72);
    let_in(); /* in service: its class and what is below wait */
    apic_send(0x7f);
    apic_send(0x61);
    let_in();
    EQUAL(order_count, 1);
    apic_send(0x81);
    let_in();
    EQUAL(order_count, 2);
    EQUAL(order[1], 0x81);
    EQUAL(apic(APIC_PPR) & 0xf0, 0x80);
    set_apic(APIC_EOI, 0); /* of the highest in service */
    EQUAL(apic_bit(APIC_ISR, 0x81), 0);
    EQUAL(apic_bit(APIC_ISR, 0x72), 1);
    let_in();
    EQUAL(order_count, 2);
    set_apic(APIC_EOI, 0);
    let_in();
    EQUAL(order[2], 0x7f);
    set_apic(APIC_EOI, 0);
    let_in();
    EQUAL(order[3], 0x61);
    set_apic(APIC_EOI, 0);
}

TEST(apic_task_priority, "SDM 3A 10.8.3.1")
{
    if (!apic_begin(apic_eoi))
        return;
    set_apic(APIC_TPR, 0x60);
    apic_send(0x6f);
    apic_send(0x71);
    let_in();
    EQUAL(order_count, 1);
    EQUAL(order[0], 0x71);
    set_apic(APIC_TPR, 0x5f);
    let_in();
    EQUAL(order_count, 2);
    EQUAL(order[1], 0x6f);
    set_apic(APIC_TPR, 0xff);
    apic_send(0xf1);
    let_in();
    EQUAL(order_count, 2);
    EQUAL(apic_bit(APIC_IRR, 0xf1), 1);
    set_apic(APIC_TPR, 0);
    let_in();
    EQUAL(order_count, 3);
    EQUAL(apic(APIC_PPR), 0);
}

TEST(apic_nested_service, "SDM 3A 10.8.4, 10.8.5")
{
    if (!apic_begin(0))
        return;
    static const uint8_t vectors[] = { 0x41, 0x58, 0x9a, 0xc3 };
    for (unsigned n = 0; n < 4; n++) {
        apic_send(vectors[n]);
        let_in();
    }
    EQUAL(order_count, 4);
    for (unsigned n = 4; n-- > 0;) {
        EQUAL(apic(APIC_PPR) & 0xf0, vectors[n] & 0xf0u);
        EQUAL(apic_bit(APIC_ISR, vectors[n]), 1);
        set_apic(APIC_EOI, 0);
        EQUAL(apic_bit(APIC_ISR, vectors[n]), 0);
    }
}

TEST(apic_errors, "SDM 3A 10.5.3")
{
    if (!apic_begin(apic_eoi))
        return;
    set_apic(APIC_LVT_ERROR, 0x43);
    set_apic(APIC_ICR, ICR_SELF | ICR_ASSERT | 0x0f); /* an illegal vector */
    set_apic(APIC_ESR, 0);
    CHECK(apic(APIC_ESR) & 0x60);
    let_in();
    EQUAL(came[0x43], 1);
    EQUAL(came[0x0f], 0);
    set_apic(APIC_ESR, 0);
    EQUAL(apic(APIC_ESR), 0);
    set_apic(APIC_LVT_ERROR, 0x10000);
}

TEST(apic_processor_priority, "SDM 3A 10.8.3.1")
{
    static const struct {
        uint8_t in_service, tpr, class;
    } rows[] = {
        { 0x00, 0x00, 0x00 }, { 0x00, 0x4c, 0x40 }, { 0x75, 0x00, 0x70 }, { 0x75, 0x6f, 0x70 },
        { 0x75, 0x70, 0x70 }, { 0x75, 0x82, 0x80 }, { 0xfe, 0xf0, 0xf0 },
    };
    if (!apic_begin(0))
        return;
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        if (rows[n].in_service) {
            apic_send(rows[n].in_service);
            let_in();
        }
        set_apic(APIC_TPR, rows[n].tpr);
        EQUAL(apic(APIC_PPR) & 0xf0, rows[n].class);
        if ((rows[n].tpr & 0xf0) > (rows[n].in_service & 0xf0))
            EQUAL(apic(APIC_PPR) & 0xf, rows[n].tpr & 0xf);
        if ((rows[n].tpr & 0xf0) < (rows[n].in_service & 0xf0))
            EQUAL(apic(APIC_PPR) & 0xf, 0);
        set_apic(APIC_PPR, 0x11); /* read-only */
        EQUAL(apic(APIC_PPR) & 0xf0, rows[n].class);
        set_apic(APIC_TPR, 0);
        set_apic(APIC_EOI, 0);
    }
    set_apic(APIC_ESR, 0);
}

/* A message goes when the lower half is written, in whichever delivery mode. */
TEST(apic_interrupt_command, "SDM 3A 10.6.1, figure 10-12")
{
    if (!apic_begin(apic_eoi))
        return;
    set_apic(APIC_ICR_HIGH, 0x05000000); /* nobody */
    EQUAL(apic(APIC_ICR_HIGH), 0x05000000);
    set_apic(APIC_ICR, ICR_ASSERT | 0x58);
    let_in();
    EQUAL(order_count, 0);
    EQUAL(apic(APIC_ICR), ICR_ASSERT | 0x58);
    set_apic(APIC_ICR_HIGH, apic(APIC_ID));
    let_in();
    EQUAL(order_count, 0);
    set_apic(APIC_ICR, ICR_ASSERT | 0x58);
    let_in();
    EQUAL(came[0x58], 1);
    set_apic(APIC_ICR_HIGH, 0xff000000); /* everybody */
    set_apic(APIC_ICR, ICR_ASSERT | 0x59);
    let_in();
    EQUAL(came[0x59], 1);
    EQUAL(order_count, 2);
}

TEST(apic_id, "SDM 3A 10.4.6")
{
    if (!apic_begin(apic_eoi))
        return;
    uint32_t kept = apic(APIC_ID);
    set_apic(APIC_ID, 0x06ffffff);
    EQUAL(apic(APIC_ID), 0x06000000);
    apic_send(0x5a); /* to the new one */
    let_in();
    EQUAL(came[0x5a], 1);
    set_apic(APIC_ICR_HIGH, kept);
    set_apic(APIC_ICR, ICR_ASSERT | 0x5b);
    let_in();
    EQUAL(came[0x5b], 0);
    set_apic(APIC_ID, kept);
    EQUAL(apic(APIC_ID), kept);
}

TEST(apic_illegal_register, "SDM 3A 10.5.3, illegal register address")
{
    if (!apic_begin(apic_eoi))
        return;
    set_apic(APIC_LVT_ERROR, 0x44);
    apic(0x40);
    let_in();
    EQUAL(came[0x44], 1);
    EQUAL(apic(APIC_ESR), 0); /* what came is seen behind a write */
    set_apic(APIC_ESR, 0);
    EQUAL(apic(APIC_ESR), 0x80);
    set_apic(0x3b0, 0);
    set_apic(APIC_ESR, 0);
    EQUAL(apic(APIC_ESR), 0x80);
    set_apic(APIC_ESR, 0);
    EQUAL(apic(APIC_ESR), 0);
    set_apic(APIC_LVT_ERROR, 0x10000);
}
