# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Floating point to the last bit, big integers, sorting, and exceptions by the thousand.
import math


def orbit(steps):
    """A chaotic map: one wrong bit shows."""
    x, y, out = 0.1, 0.3, []
    for step in range(steps):
        x, y = 1 - 1.4 * x * x + y, 0.3 * x
        if step % 1000 == 0:
            out.append((x.hex(), math.sin(x).hex(), math.exp(y).hex(), math.atan2(y, x).hex()))
    return out


def raised(count):
    total = 0
    for number in range(count):
        try:
            total += 100 // (number % 7)
        except ZeroDivisionError:
            total ^= number
    return total


def product(count):
    value = 1
    for number in range(1, count):
        value *= number * 2 + 1
    return hex(value)


print(orbit(200000))
print(raised(100000))
print(product(2000))
print(sorted((number * 7919) % 65537 for number in range(50000))[::97])
print([math.fsum(math.sqrt(n) / (n + k) for n in range(2000)).hex() for k in range(1, 40)])
