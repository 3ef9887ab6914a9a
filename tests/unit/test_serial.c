// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 16550A and its smaller neighbours by their ports, on a back end of the test's own.
#include "device/char/serial_isa.h"

#include "chip_bench.h"
#include "device/char/debugcon.h"
#include "device/char/parallel.h"
#include "device/isa/debug_exit.h"

enum { PORT = 0x3f8, IRQ = 4 };

struct wire {
    struct char_backend backend;
    uint8_t sent[64];
    size_t count, room;
    unsigned accepts;
    bool brk;
};

static size_t wire_write(struct char_backend *b, const uint8_t *data, size_t length)
{
    struct wire *w = (struct wire *)b;
    size_t n = 0;
    while (n < length && w->room > 0) {
        w->sent[w->count++ % sizeof w->sent] = data[n++];
        w->room--;
    }
    return n;
}

static void wire_accept(struct char_backend *b)
{
    ((struct wire *)b)->accepts++;
}

static void wire_break(struct char_backend *b, bool on)
{
    ((struct wire *)b)->brk = on;
}

static const struct char_backend_ops wire_ops = {
    .kind = "wire", .write = wire_write, .accept_input = wire_accept, .set_break = wire_break
};

static void wire_open(struct wire *w)
{
    *w = (struct wire){ .backend = { .ops = &wire_ops }, .room = 1000000 };
}

static void arrive(struct wire *w, const char *text)
{
    struct char_user *user = &w->backend.user;
    while (*text != '\0' && user->can_receive(user->opaque) > 0)
        user->receive(user->opaque, (const uint8_t *)text++, 1);
}

static struct serial_isa *open_serial(struct bench *b, struct wire *w)
{
    bench_open(b);
    wire_open(w);
    struct serial_isa *isa =
        serial_isa_create(b->memory, &b->log, b->clock, PORT, bench_line(b, IRQ), &w->backend);
    w->accepts = 0; /* attaching asked already */
    return isa;
}

static void close_serial(struct bench *b, struct serial_isa *isa)
{
    serial_isa_destroy(isa);
    bench_close(b);
}

TEST(registers)
{
    struct bench b;
    struct wire w;
    struct serial_isa *isa = open_serial(&b, &w);
    CHECK_EQ(in(&b, PORT + 5), 0x60);
    CHECK_EQ(in(&b, PORT + 2), 0x01);
    CHECK_EQ(in(&b, PORT + 6), 0xb0);
    out(&b, PORT + 3, 0x83);
    out(&b, PORT, 0x34);
    out(&b, PORT + 1, 0x12);
    CHECK_EQ(in(&b, PORT), 0x34);
    CHECK_EQ(in(&b, PORT + 1), 0x12);
    out(&b, PORT + 3, 0x03);
    CHECK_EQ(in(&b, PORT + 1), 0);
    out(&b, PORT + 1, 0xff);
    CHECK_EQ(in(&b, PORT + 1), 0x0f);
    out(&b, PORT + 7, 0x5a);
    CHECK_EQ(in(&b, PORT + 7), 0x5a);
    out(&b, PORT + 4, 0xff);
    CHECK_EQ(in(&b, PORT + 4), 0x1f);
    close_serial(&b, isa);
}

TEST(transmit_and_thre_interrupt)
{
    struct bench b;
    struct wire w;
    struct serial_isa *isa = open_serial(&b, &w);
    out(&b, PORT + 1, 0x02); /* enabling while empty interrupts */
    CHECK(b.level[IRQ]);
    CHECK_EQ(in(&b, PORT + 2), 0x02);
    CHECK(!b.level[IRQ]); /* reading IIR took it back */
    CHECK_EQ(in(&b, PORT + 2), 0x01);
    out(&b, PORT, 'x');
    CHECK_EQ(w.count, 1);
    CHECK_EQ(w.sent[0], 'x');
    CHECK(b.level[IRQ]);
    out(&b, PORT + 1, 0);
    CHECK(!b.level[IRQ]);
    close_serial(&b, isa);
}

TEST(full_back_end_holds_the_fifo)
{
    struct bench b;
    struct wire w;
    struct serial_isa *isa = open_serial(&b, &w);
    out(&b, PORT + 2, 0x01);
    out(&b, PORT + 1, 0x02);
    in(&b, PORT + 2);
    w.room = 2;
    for (int i = 0; i < 10; i++)
        out(&b, PORT, (uint8_t)('a' + i));
    CHECK_EQ(w.count, 2);
    CHECK_EQ(in(&b, PORT + 5) & 0x60, 0);
    CHECK(!b.level[IRQ]);
    w.room = 3;
    w.backend.user.writable(w.backend.user.opaque);
    CHECK_EQ(w.count, 5);
    CHECK(!b.level[IRQ]);
    w.room = 100;
    w.backend.user.writable(w.backend.user.opaque);
    CHECK_EQ(w.count, 10);
    CHECK(memcmp(w.sent, "abcdefghij", 10) == 0);
    CHECK_EQ(in(&b, PORT + 5) & 0x60, 0x60);
    CHECK(b.level[IRQ]);
    close_serial(&b, isa);
}

TEST(receive_without_fifo)
{
    struct bench b;
    struct wire w;
    struct serial_isa *isa = open_serial(&b, &w);
    out(&b, PORT + 1, 0x01);
    arrive(&w, "AB");
    CHECK(b.level[IRQ]);
    CHECK_EQ(in(&b, PORT + 2), 0x04);
    CHECK_EQ(in(&b, PORT + 5), 0x61);
    CHECK_EQ(w.accepts, 0);
    CHECK_EQ(in(&b, PORT), 'A');
    CHECK_EQ(w.accepts, 1);
    CHECK(!b.level[IRQ]);
    arrive(&w, "B");
    CHECK_EQ(in(&b, PORT), 'B');
    close_serial(&b, isa);
}

/* A byte that nobody read leaves room when it is forgotten, and the back end must hear of it. */
TEST(reset_makes_room)
{
    struct bench b;
    struct wire w;
    struct serial_isa *isa = open_serial(&b, &w);
    arrive(&w, "AB"); /* B waits */
    CHECK_EQ(w.backend.user.can_receive(w.backend.user.opaque), 0);
    CHECK_EQ(w.accepts, 0);
    serial_isa_reset(isa);
    CHECK_EQ(w.backend.user.can_receive(w.backend.user.opaque), 1);
    CHECK(w.accepts > 0);
    close_serial(&b, isa);
}

TEST(fifo_trigger_and_timeout)
{
    struct bench b;
    struct wire w;
    struct serial_isa *isa = open_serial(&b, &w);
    out(&b, PORT + 3, 0x83);
    out(&b, PORT, 1); /* 115200: a character takes 87 us */
    out(&b, PORT + 3, 0x03);
    out(&b, PORT + 2, 0x81); /* trigger at 8 */
    out(&b, PORT + 1, 0x01);
    CHECK_EQ(in(&b, PORT + 2), 0xc1);
    arrive(&w, "1234567");
    CHECK(!b.level[IRQ]);
    pass(&b, 340000);
    CHECK(!b.level[IRQ]);
    pass(&b, 20000);
    CHECK(b.level[IRQ]);
    CHECK_EQ(in(&b, PORT + 2), 0xcc);
    CHECK_EQ(in(&b, PORT), '1');
    CHECK(!b.level[IRQ]); /* a read starts the time anew */
    arrive(&w, "89");
    CHECK(b.level[IRQ]);
    CHECK_EQ(in(&b, PORT + 2), 0xc4);
    for (int i = 2; i <= 9; i++)
        CHECK_EQ(in(&b, PORT), '0' + i);
    pass(&b, NS_PER_SECOND);
    CHECK(!b.level[IRQ]);
    arrive(&w, "0123456789abcdefXYZ"); /* takes 16 */
    for (int i = 0; i < 16; i++)
        CHECK_EQ(in(&b, PORT), "0123456789abcdef"[i]);
    CHECK_EQ(in(&b, PORT + 5), 0x60);
    out(&b, PORT, 'q'); /* switching FIFOs off empties them */
    arrive(&w, "zz");
    out(&b, PORT + 2, 0);
    CHECK_EQ(in(&b, PORT + 5), 0x60);
    CHECK_EQ(in(&b, PORT + 2) & 0xc0, 0);
    close_serial(&b, isa);
}

TEST(break_shows_when_it_is_on_top)
{
    struct bench b;
    struct wire w;
    struct serial_isa *isa = open_serial(&b, &w);
    out(&b, PORT + 2, 0x01);
    out(&b, PORT + 1, 0x04);
    arrive(&w, "A");
    w.backend.user.event(w.backend.user.opaque, CHAR_EVENT_BREAK);
    CHECK(!b.level[IRQ]);
    CHECK_EQ(in(&b, PORT + 5), 0xe1);
    CHECK_EQ(in(&b, PORT), 'A');
    CHECK(b.level[IRQ]);
    CHECK_EQ(in(&b, PORT + 2), 0xc6);
    CHECK_EQ(in(&b, PORT + 5) & 0x1e, 0x18);
    CHECK(!b.level[IRQ]);
    CHECK_EQ(in(&b, PORT), 0);
    out(&b, PORT + 3, 0x43);
    CHECK(w.brk);
    out(&b, PORT + 3, 0x03);
    CHECK(!w.brk);
    close_serial(&b, isa);
}

TEST(loopback)
{
    struct bench b;
    struct wire w;
    struct serial_isa *isa = open_serial(&b, &w);
    out(&b, PORT + 1, 0x08);
    out(&b, PORT + 4, 0x10);
    CHECK_EQ(in(&b, PORT + 2), 0x00); /* the modem lines fell */
    CHECK_EQ(in(&b, PORT + 6), 0x0b);
    CHECK_EQ(in(&b, PORT + 2), 0x01);
    out(&b, PORT + 4, 0x1f);
    CHECK_EQ(in(&b, PORT + 6), 0xfb);
    out(&b, PORT + 4, 0x1a);
    CHECK_EQ(in(&b, PORT + 6), 0x96); /* the end of RI counts */
    out(&b, PORT, 'L');
    CHECK_EQ(w.count, 0);
    CHECK_EQ(in(&b, PORT + 5), 0x61);
    CHECK_EQ(in(&b, PORT), 'L');
    out(&b, PORT, '1');
    out(&b, PORT, '2'); /* overrun of the single buffer */
    CHECK_EQ(in(&b, PORT + 5), 0x63);
    CHECK_EQ(in(&b, PORT), '2');
    CHECK_EQ(w.backend.user.can_receive(w.backend.user.opaque), 0);
    out(&b, PORT + 4, 0x0b);
    CHECK_EQ(in(&b, PORT + 6) & 0xf0, 0xb0);
    close_serial(&b, isa);
}

TEST(nobody_attached)
{
    struct bench b;
    bench_open(&b);
    struct serial_isa *isa =
        serial_isa_create(b.memory, &b.log, b.clock, PORT, bench_line(&b, IRQ), NULL);
    out(&b, PORT, 'x');
    out(&b, PORT + 3, 0x40);
    CHECK_EQ(in(&b, PORT + 5), 0x60);
    close_serial(&b, isa);
}

TEST(parallel_port)
{
    struct bench b;
    struct wire w;
    bench_open(&b);
    wire_open(&w);
    struct parallel *p = parallel_create(b.memory, &b.log, 0x378, bench_line(&b, 7), &w.backend);
    out(&b, 0x378, 'P');
    CHECK_EQ(in(&b, 0x378), 'P');
    CHECK_EQ(in(&b, 0x379) & 0xf8, 0xd8);
    out(&b, 0x37a, 0x1d);
    out(&b, 0x37a, 0x1c);
    CHECK_EQ(w.count, 1);
    CHECK_EQ(w.sent[0], 'P');
    CHECK_EQ(b.rises[7], 1);
    w.room = 0;
    out(&b, 0x37a, 0x1d);
    out(&b, 0x37a, 0x1c);
    CHECK_EQ(in(&b, 0x379) & 0x80, 0); /* busy */
    w.room = 1;
    w.backend.user.writable(w.backend.user.opaque);
    CHECK_EQ(in(&b, 0x379) & 0x80, 0x80);
    CHECK_EQ(b.rises[7], 2);
    CHECK(b.level[7]);
    out(&b, 0x37a, 0x0c); /* no interrupts wanted: the line is left to whoever shares it */
    CHECK(!b.level[7]);
    parallel_destroy(p);
    bench_close(&b);
}

static void note_exit(void *opaque, int status)
{
    *(int *)opaque = status;
}

TEST(debug_ports)
{
    struct bench b;
    struct wire w;
    int status = 0;
    bench_open(&b);
    wire_open(&w);
    struct debugcon *debugcon = debugcon_create(b.memory, &b.log, 0x402, &w.backend);
    struct debug_exit *debug_exit =
        debug_exit_create(b.memory, &b.log, 0x501, 2, note_exit, &status);
    CHECK_EQ(in(&b, 0x402), 0xe9);
    out(&b, 0x402, 'D');
    CHECK_EQ(w.sent[0], 'D');
    CHECK_EQ(in(&b, 0x501), 0);
    out(&b, 0x501, 0x10);
    CHECK_EQ(status, 0x21);
    out(&b, 0x502, 0);
    CHECK_EQ(status, 1);
    debug_exit_destroy(debug_exit);
    debugcon_destroy(debugcon);
    bench_close(&b);
}
