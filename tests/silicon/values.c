// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Values at which instructions do something special, and others.
#include "values.h"

#include <string.h>

#include "base/bits.h"

uint32_t random_value(struct random *r)
{
    static const uint32_t edges[] = { 0,          1,          2,          7,         8,
                                      9,          0xf,        0x10,       0x11,      0x1f,
                                      0x20,       0x7f,       0x80,       0xff,      0x100,
                                      0x7fff,     0x8000,     0xffff,     0x10000,   0x7fffffff,
                                      0x80000000, 0x80000001, 0xfffffffe, 0xffffffff };
    uint32_t edge = edges[random_below(r, ARRAY_SIZE(edges))];
    switch (random_below(r, 8)) {
    case 0:
    case 1: return random32(r);
    case 2: return edge ^ random32(r) >> random_below(r, 32);
    case 3: return edge << random_below(r, 32);
    default: return edge;
    }
}

/* ---- floating point -------------------------------------------------------------------------- */

uint32_t random_f32(struct random *r)
{
    static const uint32_t edges[] = { 0,          0x80000000, 1,          0x007fffff, 0x00800000,
                                      0x7f7fffff, 0x7f800000, 0xff800000, 0x7f800001, 0xffc00000,
                                      0x7fc12345, 0x3f800000, 0xbf800000, 0x4f000000, 0xcf000000,
                                      0x3effffff, 0x3f000001, 0x4b000001, 0x5f000000, 0x00000123,
                                      0x80400000, 0x40490fdb, 0x1f800000, 0x5f7fffff };
    uint32_t v = random32(r);
    switch (random_below(r, 4)) {
    case 0: return v;
    case 1: return 0x3f000000 + (v & 0x81ffffff); /* near 1 */
    default: return edges[random_below(r, ARRAY_SIZE(edges))] ^ (one_in(r, 4) ? v & 0x80000003 : 0);
    }
}

uint64_t random_f64(struct random *r)
{
    static const uint64_t edges[] = {
        0,
        0x8000000000000000,
        1,
        0x000fffffffffffff,
        0x0010000000000000,
        0x7fefffffffffffff,
        0x7ff0000000000000,
        0xfff0000000000000,
        0x7ff0000000000001,
        0xfff8000000000000,
        0x7ff8123456789abc,
        0x3ff0000000000000,
        0xbff0000000000000,
        0x41e0000000000000,
        0xc1e0000000000000,
        0x41dfffffffe00000,
        0x3fe0000000000000,
        0x4330000000000001,
        0x47efffffffffffff,
        0x36a0000000000000,
        0x380fffffffffffff,
        0x43e0000000000000,
        0x400921fb54442d18,
        0x1ff0000000000000,
    };
    uint64_t v = random64(r);
    switch (random_below(r, 4)) {
    case 0: return v;
    case 1: return 0x3fe0000000000000 + (v & 0x803fffffffffffff);
    default:
        return edges[random_below(r, ARRAY_SIZE(edges))] ^
               (one_in(r, 4) ? v & 0x8000000000000003 : 0);
    }
}

static const struct f80 f80_edges[] = {
    { 0, 0 },
    { 0, 0x8000 },
    { 1, 0 },
    { 0x7fffffffffffffff, 0 },
    { 0x8000000000000000, 0 } /* pseudo-denormal */,
    { 0x8000000000000000, 1 },
    { 0xffffffffffffffff, 0x7ffe },
    { 0x8000000000000000, 0x7fff },
    { 0x8000000000000000, 0xffff },
    { 0x8000000000000001, 0x7fff },
    { 0xc000000000000000, 0xffff },
    { 0xc123456789abcdef, 0x7fff },
    { 0, 0x7fff } /* pseudo-infinity */,
    { 0x4000000000000000, 0x7fff },
    { 0x4000000000000000, 0x3fff } /* unnormal */,
    { 0x8000000000000000, 0x3fff },
    { 0x8000000000000000, 0xbfff },
    { 0x8000000000000000, 0x3ffe },
    { 0xc000000000000000, 0x3fff },
    { 0xffffffffffffffff, 0x3ffe },
    { 0xffffff7fffffffff, 0x3ffe },
    { 0x8000000000000000, 0x403e },
    { 0x8000000000000000, 0xc03e },
    { 0xde0b6b3a763ffff0, 0x403a } /* 10^18 - 1 */,
    { 0xde0b6b3a76400000, 0x403a },
    { 0xc90fdaa22168c235, 0x4000 },
    { 0x8000000000000000, 0x3f81 },
    { 0x8000000000000000, 0x3c01 },
    { 0xffffffffffffffff, 0x43fe },
    { 0xffffffffffffffff, 0x407e },
    { 0xfffe000000000000, 0x400d },
    { 0x8000000000000000, 0x400e },
    { 0x8000000000000000, 0x401e },
    { 0x8000000000000000, 0x403d },
    { 0x8000000000000000, 0x403f },
};

struct f80 random_f80(struct random *r)
{
    struct f80 v = { random64(r), (uint16_t)random64(r) };
    uint16_t sign = v.sign_exponent & 0x8000;
    switch (random_below(r, 8)) {
    case 0: return v;
    case 1: /* near 1 */ v.sign_exponent = (uint16_t)(0x3ff8 + random_below(r, 16)) | sign; break;
    case 2: /* from 1 to beyond integers */
        v.sign_exponent = (uint16_t)(0x3fff + random_below(r, 70)) | sign;
        break;
    case 3: /* few bits */
        return (struct f80){ (v.significand | 1ull << 63) & ~0ull << random_below(r, 64),
                             v.sign_exponent };
    case 4: /* small integers and halves */
        return (struct f80){ (uint64_t)(1 + random_below(r, 9)) << 60 | 1ull << 63,
                             (uint16_t)(0x3fff + random_below(r, 5)) };
    default: {
        struct f80 e = f80_edges[random_below(r, ARRAY_SIZE(f80_edges))];
        return (struct f80){ e.significand ^ (one_in(r, 4) ? v.significand & 3 : 0),
                             e.sign_exponent ^ (one_in(r, 4) ? 0x8000 : 0) };
    }
    }
    v.significand |= 1ull << 63;
    return v;
}

union vector random_vector(struct random *r)
{
    union vector v;
    switch (random_below(r, 5)) {
    case 0: v.u64[0] = random64(r), v.u64[1] = random64(r); break;
    case 1: v.u64[0] = random_f64(r), v.u64[1] = random_f64(r); break;
    case 2:
        for (unsigned n = 0; n < 4; n++)
            v.u32[n] = random_f32(r);
        break;
    case 3:
        for (unsigned n = 0; n < 4; n++)
            v.u32[n] = random_value(r);
        break;
    default:
        for (unsigned n = 0; n < 16; n++)
            v.u8[n] = (uint8_t) "\0\1\x7f\x80\xff\xfe\2\x41"[random_below(r, 8)];
    }
    return v;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void random_bcd(struct random *r, uint8_t *p)
{
    for (unsigned n = 0; n < 10; n++)
        p[n] = (uint8_t)(random_below(r, 10) << 4 | random_below(r, 10));
    p[9] = one_in(r, 2) ? 0x80 : 0;
    if (one_in(r, 3))
        memset(p + random_below(r, 9), 0, 1);
}

void random_bytes(struct random *r, uint8_t *p, unsigned size)
{
    for (unsigned at = 0; at < size; at += 16) {
        union vector v = random_vector(r);
        if (one_in(r, 4)) {
            struct f80 f = random_f80(r);
            memcpy(&v, &f, 10);
        } else if (one_in(r, 12)) {
            random_bcd(r, v.u8);
        }
        memcpy(p + at, &v, size - at < 16 ? size - at : 16);
    }
}
