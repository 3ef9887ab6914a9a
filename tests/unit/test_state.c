// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Saving and loading: what goes out comes back, and a foreign stream is refused.
#include "base/state.h"

#include "host/host.h"
#include "unit.h"

struct chip {
    uint8_t a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
    int64_t e;
    bool f;
    uint8_t memory[10000];
};

static void chip_state(struct chip *chip, struct state *s)
{
    state_section(s, "chip", 3);
    state_u8(s, &chip->a);
    state_u16(s, &chip->b);
    state_u32(s, &chip->c);
    state_u64(s, &chip->d);
    state_i64(s, &chip->e);
    state_bool(s, &chip->f);
    state_bytes(s, chip->memory, sizeof chip->memory);
}

static struct chip out, in;

static struct state saved(void)
{
    struct state s = { 0 };
    out = (struct chip){ 1, 0x2345, 0x6789abcd, UINT64_C(0x123456789abcdef0), -5, true, { 0 } };
    for (size_t i = 0; i < sizeof out.memory; i++)
        out.memory[i] = (uint8_t)(i * 3);
    chip_state(&out, &s);
    CHECK(!s.failed);
    return s;
}

static struct state reload(const struct state *s)
{
    return (struct state){ .loading = true, .data = s->data, .size = s->size };
}

TEST(round_trip)
{
    struct state s = saved(), l = reload(&s);
    memset(&in, 0, sizeof in);
    chip_state(&in, &l);
    CHECK(!l.failed);
    CHECK_EQ(l.position, l.size);
    CHECK(in.a == out.a && in.b == out.b && in.c == out.c && in.d == out.d && in.e == out.e &&
          in.f);
    CHECK(memcmp(in.memory, out.memory, sizeof in.memory) == 0);
    /* Little endian: the length of the name, the name, the version. */
    CHECK(memcmp(s.data, "\4\0\0\0chip\3\0\0\0\1\x45\x23", 15) == 0);
    host_free(s.data);
}

TEST(short_stream)
{
    struct state s = saved();
    for (size_t size = 0; size < 40; size++) {
        struct state l = reload(&s);
        l.size = size;
        in = (struct chip){ .e = 77 };
        chip_state(&in, &l);
        CHECK(l.failed);
        if (size < 35)
            CHECK_EQ(in.e, 77); /* untouched */
    }
    host_free(s.data);
}

TEST(foreign_stream)
{
    struct state s = saved();
    static const size_t changes[] = { 0, 4, 7, 8 }; /* length, name, name, version */
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct state l = reload(&s);
        s.data[changes[i]] ^= 1;
        memset(&in, 0, sizeof in);
        chip_state(&in, &l);
        CHECK(l.failed);
        CHECK_EQ(in.a, 0);
        s.data[changes[i]] ^= 1;
    }
    struct state l = reload(&s);
    s.data[12 + 1 + 2 + 4 + 8 + 8] = 2; /* no bool */
    chip_state(&in, &l);
    CHECK(l.failed);
    host_free(s.data);
}
