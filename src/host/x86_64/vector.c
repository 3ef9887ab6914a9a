// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Packed and scalar arithmetic on the host's own SSE unit.
#include "host/float.h"

#define MXCSR_FLAGS 0x3fu
#define MXCSR_MASKS 0x1f80u
#define MXCSR_CONTROL 0xe040u /* FTZ, rounding, DAZ */

typedef float host_vector __attribute__((vector_size(16)));

static inline host_vector load(const union vector *v)
{
    host_vector r;
    __builtin_memcpy(&r, v, sizeof r);
    return r;
}

static inline void store(union vector *v, host_vector r)
{
    __builtin_memcpy(v, &r, sizeof r);
}

/* What the host runs with: the guest's rounding, everything masked, no flags. */
static inline uint32_t host_mxcsr(uint32_t mxcsr)
{
    return (mxcsr & MXCSR_CONTROL) | MXCSR_MASKS;
}

/* C code wants the default rounding back; left-over flags do not matter to it. */
static inline uint32_t finish(uint32_t after)
{
    static const uint32_t standard = MXCSR_MASKS;
    if (after & MXCSR_CONTROL)
        __asm__ volatile("ldmxcsr %0" : : "m"(standard));
    return after & MXCSR_FLAGS;
}

#define OPERATION_TEXT(name, text)                                                 \
    uint32_t vector_##name(uint32_t mxcsr, union vector *a, const union vector *b) \
    {                                                                              \
        host_vector va = load(a), vb = load(b);                                    \
        uint32_t csr = host_mxcsr(mxcsr);                                          \
        __asm__ volatile("ldmxcsr %[csr]\n\t" text " %[b], %[a]\n\tstmxcsr %[csr]" \
                         : [a] "+x"(va), [csr] "+m"(csr)                           \
                         : [b] "x"(vb));                                           \
        store(a, va);                                                              \
        return finish(csr);                                                        \
    }
#define OPERATION(name) OPERATION_TEXT(name, #name)
VECTOR_OPERATIONS(OPERATION)

/* ROUNDxx with immediate 4: by MXCSR's mode. SSE4.1 of the host. */
OPERATION_TEXT(roundps, "roundps $4,")
OPERATION_TEXT(roundpd, "roundpd $4,")
OPERATION_TEXT(roundss, "roundss $4,")
OPERATION_TEXT(roundsd, "roundsd $4,")

#define COMPARE_CASE(name, n)                                                               \
    case n:                                                                                 \
        __asm__ volatile("ldmxcsr %[csr]\n\t" name " $" #n ", %[b], %[a]\n\tstmxcsr %[csr]" \
                         : [a] "+x"(va), [csr] "+m"(csr)                                    \
                         : [b] "x"(vb));                                                    \
        break;
#define COMPARISON(name)                                                           \
    uint32_t vector_##name(uint32_t mxcsr, union vector *a, const union vector *b, \
                           unsigned predicate)                                     \
    {                                                                              \
        host_vector va = load(a), vb = load(b);                                    \
        uint32_t csr = host_mxcsr(mxcsr);                                          \
        switch (predicate & 7) {                                                   \
            COMPARE_CASE(#name, 0) COMPARE_CASE(#name, 1) COMPARE_CASE(#name, 2)   \
            COMPARE_CASE(#name, 3)                                                 \
            COMPARE_CASE(#name, 4) COMPARE_CASE(#name, 5) COMPARE_CASE(#name, 6)   \
            COMPARE_CASE(#name, 7)                                                 \
        }                                                                          \
        store(a, va);                                                              \
        return finish(csr);                                                        \
    }
COMPARISON(cmpps)
COMPARISON(cmppd)
COMPARISON(cmpss)
COMPARISON(cmpsd)

#define RELATION(name)                                                                   \
    uint32_t vector_##name(uint32_t mxcsr, const union vector *a, const union vector *b, \
                           uint32_t *relation)                                           \
    {                                                                                    \
        host_vector va = load(a), vb = load(b);                                          \
        uint32_t csr = host_mxcsr(mxcsr);                                                \
        int z, p, c;                                                                     \
        __asm__ volatile("ldmxcsr %[csr]\n\t" #name " %[b], %[a]\n\tstmxcsr %[csr]"      \
                         : [csr] "+m"(csr), "=@ccz"(z), "=@ccp"(p), "=@ccc"(c)           \
                         : [a] "x"(va), [b] "x"(vb));                                    \
        *relation = (uint32_t)z << 6 | (uint32_t)p << 2 | (uint32_t)c;                   \
        return finish(csr);                                                              \
    }
RELATION(comiss)
RELATION(comisd)
RELATION(ucomiss)
RELATION(ucomisd)
