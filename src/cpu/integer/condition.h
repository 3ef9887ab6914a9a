// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The sixteen conditions by name, for Jcc, SETcc and CMOVcc.
#ifndef CPU_INTEGER_CONDITION_H
#define CPU_INTEGER_CONDITION_H

/* SDM 1 appendix B. */
#define CONDITIONS(X)                                                          \
    X(o, 0) X(no, 1) X(b, 2) X(nb, 3) X(z, 4) X(nz, 5) X(be, 6) X(nbe, 7)      \
    X(s, 8) X(ns, 9) X(p, 10) X(np, 11) X(l, 12) X(nl, 13) X(le, 14) X(nle, 15)

#endif
