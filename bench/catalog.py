# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The programs of the user and system groups: how each is called, and what it counts for.
from settings import SCRATCH_MEBIBYTES


class Program:
    """`family`: programs of one family count as one in the group's mean. `rate` computes a rate from a sample.

    In the command '@' is where our own programs lie, '%p' where packages lie, '%ms' how long to run."""

    def __init__(self, group, name, command, family=None, what='', tags=(), packages=False, rate=None, unit='s',
                 native=True):
        self.group, self.short, self.name = group, name, f'{group}.{name}'
        self.command, self.family, self.what = command, family or name, what
        self.tags, self.packages, self.rate, self.unit, self.native = frozenset(tags), packages, rate, unit, native

    def words(self, milliseconds):
        return [word.replace('%ms', str(milliseconds)) for word in self.command]


def _bytes_a_second(sample):
    """By the clock: what a thread of the emulator waits for here may be another one's work."""
    return sample.operations * (1 << 20) / (sample.elapsed / 1e9)


def _disk(direction):
    command = ['@/disk', direction, '/dev/scratch', str(SCRATCH_MEBIBYTES)]
    return Program('machine', f'disk-{direction}', command, what=f'IDE DMA {direction}', rate=_bytes_a_second, unit='B/s', native=False)


LOADER = ['@/ld-linux.so.2', '--library-path', '@']


def _user(name, what, **more):
    return Program('user', name, [*LOADER, '@/user', name, '%ms'], what=what, **more)


def _system(name, what, **more):
    return Program('system', name, ['@/system', name, '%ms'], what=what, **more)


def _moves(function):
    return [_user(f'{function}-{size}', f'{function} of {size} bytes', family=function, tags=['moves'])
            for size in ('64', '1k', '32k', '4m')]


USER = [
    _user('list', 'merge sort of a linked list'),
    _user('matrix', 'integer matrix product'),
    _user('state', 'state machine over text'),
    _user('crc', 'CRC-16 bit by bit'),
    _user('fib', 'recursive calls'),
    _user('indirect', 'calls through a table'),
    _user('virtual', 'calls through objects'),
    _user('sort', 'qsort with a comparison function'),
    _user('chase-l1', 'pointer chase in the L1 cache', family='chase'),
    _user('chase-l2', 'pointer chase in the L2 cache', family='chase'),
    _user('chase-memory', 'pointer chase in memory', family='chase'),
    *_moves('memcpy'), *_moves('memset'), *_moves('strlen'),
    _user('matmul-sse2', 'double matrix product, SSE2', tags=['float']),
    _user('matmul-x87', 'double matrix product, x87', tags=['float']),
    _user('libm', 'mathematics library', tags=['float']),
]

SYSTEM = [
    _system('syscall', 'system call'),
    _system('fault', 'page fault'),
    _system('mmap', 'mmap and munmap'),
    _system('fork', 'fork'),
    _system('exec', 'fork and exec'),
    _system('threads', 'thread switch'),
    _system('pipes', 'process switch by pipes'),
    _system('signal', 'signal'),
    _system('files', 'file create and delete'),
    _system('sieve', 'byte sieve over 100 MB'),
]

# What of the machine group runs under Linux, too.
DISK = [_disk('read'), _disk('write')]
