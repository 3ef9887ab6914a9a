# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The size group: memory beyond the guest's RAM, the binary, and how quickly an empty machine comes and goes.
import os
import re
import shutil
import struct
import subprocess
import time

from figures import Figure
from settings import Failed

MEBIBYTE = 1 << 20
PT_LOAD = 1


def make_figures():
    rows = {'size.memory': ('memory beyond guest RAM at login', 'MiB'), 'size.binary': ('binary, as it is loaded', 'MiB'),
            'size.start': ('an empty machine made and ended', 's')}
    return {name: Figure('size', name, what, unit) for name, (what, unit) in rows.items()}


def _mappings(text):
    """Of /proc/PID/smaps: (range, name, {field: KiB})"""
    mapping = None
    for line in text.splitlines():
        head = re.match(r'([0-9a-f]+)-([0-9a-f]+) \S+ \S+ (\S+) (\d+) *(.*)', line)
        if head:
            if mapping:
                yield mapping
            mapping = (int(head[2], 16) - int(head[1], 16), head[5], {})
            continue
        field = re.match(r'(\w+): +(\d+) kB', line)
        if field:
            mapping[2][field[1]] = int(field[2])
    if mapping:
        yield mapping


def _is_ram(size, name, mebibytes):
    """bmbt names its RAM file; QEMU has one anonymous mapping of that very size."""
    return 'bmbt-ram' in name or not name and size == mebibytes * MEBIBYTE


def memory_beyond_ram(process, mebibytes):
    """MiB of anonymous and private file pages, code cache and page tables; and its parts. Shared memory that is not
    RAM (the code cache, mapped twice) counts by its proportional share, so once."""
    try:
        with open(f'/proc/{process}/smaps', encoding='latin-1') as file:
            mappings = list(_mappings(file.read()))
        with open(f'/proc/{process}/status', encoding='ascii') as file:
            tables = int(re.search(r'VmPTE:\s+(\d+)', file.read())[1])
    except OSError as error:
        raise Failed(f'no memory figures: {error}') from None
    parts = {'anonymous': 0, 'private file pages': 0, 'shared memory': 0, 'page tables': tables, 'guest RAM': 0}
    for size, name, fields in mappings:
        private = fields['Private_Clean'] + fields['Private_Dirty']
        if _is_ram(size, name, mebibytes):
            parts['guest RAM'] += fields['Pss']
        elif '/memfd:' in name or name.startswith(('/dev/shm', '/dev/zero', '/SYSV')):
            parts['shared memory'] += fields['Pss']
        elif not name or name.startswith('['):
            parts['anonymous'] += private
        else:
            parts['private file pages'] += private
    parts = {name: value / 1024 for name, value in parts.items()}
    return sum(value for name, value in parts.items() if name != 'guest RAM'), parts


def binary_size(program):
    """What its loadable segments have in the file: no debug information."""
    path = shutil.which(program)
    if not path:
        raise Failed(f'there is no {program}')
    debian = os.path.join('/usr/libexec', os.path.basename(path))   # Debian's QEMU is called by a script
    with open(debian if os.path.exists(debian) else path, 'rb') as file:
        head = file.read(64)
        if head[:5] != b'\x7fELF\x02':
            return None
        offset, = struct.unpack_from('<Q', head, 32)
        entry, count = struct.unpack_from('<HH', head, 54)
        file.seek(offset)
        table = file.read(entry * count)
    segments = (struct.unpack_from('<IIQQQQ', table, n * entry) for n in range(count))
    return sum(segment[5] for segment in segments if segment[0] == PT_LOAD) / MEBIBYTE


def start_time(kind):
    started = time.monotonic()
    done = subprocess.run(kind.command('-S', '-monitor', 'stdio'), input='quit\n', capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise Failed(f'{kind.name}: {done.stderr.strip()[-300:]}')
    return time.monotonic() - started


def measure(figures, kinds, rounds):
    for number in range(2 * rounds + 1):
        for kind in kinds:
            if 'size.start' in figures:
                seconds = start_time(kind)
                if number:
                    figures['size.start'].add(kind.name, seconds)
    if 'size.binary' in figures:
        for kind in kinds:
            value = binary_size(kind.program)
            if value:
                figures['size.binary'].add(kind.name, value)
