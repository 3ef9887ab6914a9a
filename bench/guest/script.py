# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What the guest's Python runs: objects, dictionaries, strings, lists, big integers and closures.


class Account:
    def __init__(self, name, balance):
        self.name, self.balance, self.history = name, balance, []

    def transfer(self, other, amount):
        self.balance -= amount
        other.balance += amount
        self.history.append((other.name, amount))


def bank(rounds):
    accounts = [Account(f'account {n}', 1000) for n in range(50)]
    seed = 1
    for _ in range(rounds):
        seed = seed * 69069 + 1 & 0xffffffff
        accounts[seed >> 8 & 31].transfer(accounts[seed >> 16 & 31], seed & 15)
    return sum(account.balance * n + len(account.history) for n, account in enumerate(accounts))


def words(rounds):
    text = 'the quick brown fox jumps over the lazy dog and runs away from the other dog'
    counts = {}
    for n in range(rounds):
        for word in text.replace('dog', f'dog{n % 7}').split():
            counts[word] = counts.get(word, 0) + 1
    return ','.join(f'{word}={counts[word]}' for word in sorted(counts))


def queens(size, row=0, columns=0, left=0, right=0):
    if row == size:
        return 1
    found, free = 0, ~(columns | left | right) & (1 << size) - 1
    while free:
        place = free & -free
        free ^= place
        found += queens(size, row + 1, columns | place, (left | place) << 1, (right | place) >> 1)
    return found


def big_numbers(count):
    a, b = 0, 1
    for _ in range(count):
        a, b = b, a + b
    return hex(a * b % (1 << 127) - 1)


def compose(functions):
    def composed(value):
        for function in functions:
            value = function(value)
        return value
    return composed


def closures(rounds):
    turn = compose([lambda x: x + 3, lambda x: x * 5 & 0xffff, lambda x: x ^ 0x55])
    return sum(turn(n) for n in range(rounds))


print(bank(250000))
print(words(12000))
print(queens(8))
print(big_numbers(15000))
print(closures(200000))
