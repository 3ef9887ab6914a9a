// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 8259A pair by its ports: initialization, priorities, every mode, spurious interrupts.
#include "device/intc/i8259.h"

#include "chip_bench.h"

enum { INTR = 0 };

static struct i8259 *open_pic(struct bench *b, uint8_t master_icw4, uint8_t slave_icw4)
{
    bench_open(b);
    struct i8259 *pic = i8259_create(b->memory, &b->log, 0x20, 0xa0, bench_line(b, INTR));
    out(b, 0x20, 0x11);
    out(b, 0x21, 0x08);
    out(b, 0x21, 0x04);
    out(b, 0x21, master_icw4);
    out(b, 0xa0, 0x11);
    out(b, 0xa1, 0x70);
    out(b, 0xa1, 0x02);
    out(b, 0xa1, slave_icw4);
    return pic;
}

static void close_pic(struct bench *b, struct i8259 *pic)
{
    i8259_destroy(pic);
    bench_close(b);
}

/* An edge; the line stays high. */
static void raise(struct i8259 *pic, unsigned irq)
{
    i8259_set_irq(pic, irq, false);
    i8259_set_irq(pic, irq, true);
}

static uint8_t irr(struct bench *b, uint16_t port)
{
    out(b, port, 0x0a);
    return in(b, port);
}

static uint8_t isr(struct bench *b, uint16_t port)
{
    out(b, port, 0x0b);
    return in(b, port);
}

TEST(edge_is_latched_and_acknowledged)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    raise(pic, 1);
    CHECK(b.level[INTR]);
    CHECK_EQ(irr(&b, 0x20), 0x02);
    CHECK_EQ(i8259_acknowledge(pic), 0x09);
    CHECK(!b.level[INTR]);
    CHECK_EQ(irr(&b, 0x20), 0);
    CHECK_EQ(isr(&b, 0x20), 0x02);
    out(&b, 0x20, 0x20);
    CHECK_EQ(isr(&b, 0x20), 0);
    close_pic(&b, pic);
}

/* Data sheet, "edge and level triggered modes": it must stay high until the first INTA. */
TEST(edge_withdrawn_was_none)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    raise(pic, 1);
    raise(pic, 12);
    CHECK(b.level[INTR]);
    i8259_set_irq(pic, 1, false);
    CHECK_EQ(irr(&b, 0x20), 0x04);
    i8259_set_irq(pic, 12, false);
    CHECK_EQ(irr(&b, 0x20), 0);
    CHECK_EQ(irr(&b, 0xa0), 0);
    CHECK(!b.level[INTR]);
    CHECK_EQ(i8259_acknowledge(pic), 0x0f); /* the default IR7 */
    CHECK_EQ(isr(&b, 0x20), 0);
    raise(pic, 1);
    CHECK_EQ(i8259_acknowledge(pic), 0x09);
    close_pic(&b, pic);
}

TEST(line_held_high_is_one_edge)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    i8259_set_irq(pic, 4, true);
    CHECK_EQ(i8259_acknowledge(pic), 0x0c);
    out(&b, 0x20, 0x20);
    CHECK(!b.level[INTR]);
    i8259_set_irq(pic, 4, true);
    CHECK(!b.level[INTR]);
    i8259_set_irq(pic, 4, false);
    i8259_set_irq(pic, 4, true);
    CHECK(b.level[INTR]);
    close_pic(&b, pic);
}

TEST(level_request_lasts_while_high)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    out(&b, 0x4d0, 0xff);
    out(&b, 0x4d1, 0xff);
    CHECK_EQ(in(&b, 0x4d0), 0xf8);
    CHECK_EQ(in(&b, 0x4d1), 0xde);
    i8259_set_irq(pic, 5, true);
    CHECK_EQ(i8259_acknowledge(pic), 0x0d);
    out(&b, 0x20, 0x20);
    CHECK(b.level[INTR]);
    i8259_set_irq(pic, 5, false);
    CHECK(!b.level[INTR]);
    CHECK_EQ(irr(&b, 0x20), 0);
    close_pic(&b, pic);
}

TEST(spurious_gives_irq7_without_service)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    out(&b, 0x4d0, 0x20);
    i8259_set_irq(pic, 5, true);
    i8259_set_irq(pic, 5, false);
    CHECK_EQ(i8259_acknowledge(pic), 0x0f);
    CHECK_EQ(isr(&b, 0x20), 0);
    /* Masked between request and acknowledge. */
    raise(pic, 1);
    out(&b, 0x21, 0x02);
    CHECK(!b.level[INTR]);
    CHECK_EQ(i8259_acknowledge(pic), 0x0f);
    out(&b, 0x21, 0);
    CHECK(b.level[INTR]);
    close_pic(&b, pic);
}

TEST(priority_nests)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    raise(pic, 4);
    CHECK_EQ(i8259_acknowledge(pic), 0x0c);
    raise(pic, 5);
    CHECK(!b.level[INTR]);
    raise(pic, 3);
    CHECK(b.level[INTR]);
    CHECK_EQ(i8259_acknowledge(pic), 0x0b);
    out(&b, 0x20, 0x20); /* non-specific: the highest, 3 */
    CHECK_EQ(isr(&b, 0x20), 0x10);
    CHECK(!b.level[INTR]);
    out(&b, 0x20, 0x64); /* specific: 4 */
    CHECK(b.level[INTR]);
    CHECK_EQ(i8259_acknowledge(pic), 0x0d);
    close_pic(&b, pic);
}

TEST(slave_answers_through_the_cascade)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    raise(pic, 8);
    raise(pic, 14);
    CHECK_EQ(irr(&b, 0x20), 0x04);
    CHECK_EQ(i8259_acknowledge(pic), 0x70);
    CHECK_EQ(isr(&b, 0x20), 0x04);
    CHECK_EQ(isr(&b, 0xa0), 0x01);
    CHECK(!b.level[INTR]);
    out(&b, 0xa0, 0x20);
    CHECK(!b.level[INTR]);
    out(&b, 0x20, 0x20);
    CHECK(b.level[INTR]);
    CHECK_EQ(i8259_acknowledge(pic), 0x76);
    close_pic(&b, pic);
}

TEST(special_fully_nested_lets_the_slave_nest)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 0x11, 1);
    raise(pic, 14);
    CHECK_EQ(i8259_acknowledge(pic), 0x76);
    raise(pic, 8);
    CHECK(b.level[INTR]);
    CHECK_EQ(i8259_acknowledge(pic), 0x70);
    close_pic(&b, pic);
}

TEST(auto_end_of_interrupt)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 3, 1);
    raise(pic, 0);
    CHECK_EQ(i8259_acknowledge(pic), 0x08);
    CHECK_EQ(isr(&b, 0x20), 0);
    /* Rotating: 3, once served, is the lowest. */
    out(&b, 0x20, 0x80);
    raise(pic, 3);
    CHECK_EQ(i8259_acknowledge(pic), 0x0b);
    raise(pic, 3);
    raise(pic, 4);
    CHECK_EQ(i8259_acknowledge(pic), 0x0c);
    CHECK_EQ(i8259_acknowledge(pic), 0x0b);
    close_pic(&b, pic);
}

TEST(rotation_and_set_priority)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    out(&b, 0x20, 0xc3); /* 3 lowest: 4 highest */
    raise(pic, 0);
    raise(pic, 4);
    CHECK_EQ(i8259_acknowledge(pic), 0x0c);
    CHECK(!b.level[INTR]);
    out(&b, 0x20, 0xa0); /* rotate on non-specific EOI: 4 lowest, 5 highest */
    CHECK_EQ(i8259_acknowledge(pic), 0x08);
    raise(pic, 5);
    CHECK(b.level[INTR]);
    out(&b, 0x20, 0xe0); /* rotate on specific EOI of 0 */
    raise(pic, 1);
    CHECK_EQ(i8259_acknowledge(pic), 0x09);
    close_pic(&b, pic);
}

TEST(special_mask_mode_opens_lower_levels)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    raise(pic, 1);
    CHECK_EQ(i8259_acknowledge(pic), 0x09);
    raise(pic, 6);
    CHECK(!b.level[INTR]);
    out(&b, 0x21, 0x02);
    out(&b, 0x20, 0x68);
    CHECK(b.level[INTR]);
    CHECK_EQ(i8259_acknowledge(pic), 0x0e);
    out(&b, 0x20, 0x20); /* the masked level is not ended */
    CHECK_EQ(isr(&b, 0x20), 0x02);
    out(&b, 0x20, 0x48);
    raise(pic, 6);
    CHECK(!b.level[INTR]);
    close_pic(&b, pic);
}

TEST(poll_command)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    out(&b, 0x20, 0x0c);
    CHECK_EQ(in(&b, 0x20) & 0x80, 0);
    raise(pic, 10);
    out(&b, 0x20, 0x0c);
    CHECK_EQ(in(&b, 0x20), 0x82);
    out(&b, 0xa0, 0x0c);
    CHECK_EQ(in(&b, 0xa0), 0x82);
    CHECK_EQ(isr(&b, 0xa0), 0x04);
    CHECK(!b.level[INTR]);
    close_pic(&b, pic);
}

TEST(icw1_clears_mask_and_service)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    out(&b, 0x21, 0xfb);
    CHECK_EQ(in(&b, 0x21), 0xfb);
    out(&b, 0x20, 0x11);
    raise(pic, 3);
    CHECK(!b.level[INTR]); /* not before the last ICW */
    out(&b, 0x21, 0x20);
    out(&b, 0x21, 0x04);
    out(&b, 0x21, 0x01);
    CHECK_EQ(in(&b, 0x21), 0);
    CHECK_EQ(i8259_acknowledge(pic), 0x23);
    close_pic(&b, pic);
}

TEST(state_round_trip)
{
    struct bench b;
    struct i8259 *pic = open_pic(&b, 1, 1);
    struct state s = { 0 };
    raise(pic, 1);
    out(&b, 0x21, 0x10);
    i8259_state(pic, &s);
    i8259_reset(pic);
    s.loading = true;
    i8259_state(pic, &s);
    CHECK(!s.failed);
    CHECK_EQ(in(&b, 0x21), 0x10);
    CHECK_EQ(i8259_acknowledge(pic), 0x09);
    host_free(s.data);
    close_pic(&b, pic);
}
