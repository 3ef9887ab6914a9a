#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# bmbt-cputest: agreement, difference and bad files, with tests whose results the manual gives.
"""usage: cputest.py PROGRAM ENGINE"""
import gzip
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

PROGRAM, ENGINE = sys.argv[1:]
SKIPPED = 77
WIDE = 'cr0 cr3 eax ebx ecx edx esi edi ebp esp cs ds es fs gs ss eip eflags dr6 dr7'.split()
NARROW = 'eax ebx ecx edx cs ss ds es esp ebp esi edi eip eflags'.split()
CODE, CS, DS, SS, STACK = 0x20100, 0x2000, 0x3000, 0x4000, 0x1000
HLT = b'\xf4'
CF, PF, AF, ZF, SF, OF = 1, 4, 16, 64, 128, 2048


class Failed(Exception):
    pass


def chunk(name, data):
    return name.encode().ljust(4) + struct.pack('<I', len(data)) + data


def registers(values, wide, mask=False):
    order = WIDE if wide else NARROW
    present = sum(1 << order.index(name) for name in values)
    letter = ('RM32' if mask else 'RG32') if wide else ('RMSK' if mask else 'REGS')
    pack = 'I' if wide else 'H'
    return chunk(letter, struct.pack('<' + pack, present) +
                 b''.join(struct.pack('<' + pack, values[name]) for name in order if name in values))


def memory(content):
    entries = [(address + n, byte) for address, data in content.items() for n, byte in enumerate(data)]
    return chunk('RAM ', struct.pack('<I', len(entries)) + b''.join(struct.pack('<IB', *entry) for entry in entries))


class Suite:
    """A file in the making."""

    def __init__(self, processor, masks=None):
        self.wide, self.tests = processor == '386E', []
        self.processor, self.masks = processor, masks

    def add(self, code, before, after, ram=None, ram_after=None, flags_at=None):
        start = dict.fromkeys(WIDE if self.wide else NARROW, 0)
        start.update(cs=CS, ds=DS, es=DS, ss=SS, esp=STACK, eip=CODE - 0x10 * CS, eflags=2)
        if self.wide:
            start.update(fs=DS, gs=DS)
        start.update(before)
        content = {start['cs'] * 16 + start['eip']: code + HLT}
        content.update(ram or {})
        name, code = b'a test', code + HLT
        data = struct.pack('<I', len(self.tests))
        data += chunk('NAME', struct.pack('<I', len(name)) + name)
        data += chunk('BYTS', struct.pack('<I', len(code)) + code)
        data += chunk('INIT', registers(start, self.wide) + memory(content) + chunk('QUEU', struct.pack('<I', 0)))
        data += chunk('FINA', registers(after, self.wide) + memory(ram_after or {}))
        data += chunk('CYCL', struct.pack('<I', 0))
        if flags_at is not None:
            data += chunk('EXCP', struct.pack('<BI', 0, flags_at))
        self.tests.append(chunk('TEST', data))

    def bytes(self):
        head = struct.pack('<BBHI', 1, 1, 0, len(self.tests)) + self.processor.encode().ljust(4)
        meta = struct.pack('<BBBI', 1, 0, 0, 0) + b'TEST'.ljust(8) + struct.pack('<IQB3x', len(self.tests), 0, 0)
        masks = registers(self.masks, self.wide, True) if self.masks else b''
        return chunk('MOO ', head) + chunk('META', meta) + masks + b''.join(self.tests)


def run(*arguments, status):
    done = subprocess.run([PROGRAM, '--engine', ENGINE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600,
                          check=False)
    if done.returncode == SKIPPED:
        print(done.stdout, end='')
        sys.exit(SKIPPED)
    if done.returncode not in (status if isinstance(status, tuple) else (status,)):
        raise Failed(f'{arguments}: ended with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}')
    return done.stdout + done.stderr


def expect(pattern, text):
    if not re.search(pattern, text):
        raise Failed(f'/{pattern}/ is not in:\n{text}')


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, 'wb') as file:
        file.write(data)
    return path


def suite_386():
    """What SDM 2 says of each; EIP is behind the HLT that follows."""
    suite, start = Suite('386E'), CODE - 0x10 * CS
    add = {'eax': 0x12347fff, 'ebx': 0xffff0001}
    suite.add(b'\x01\xd8', add, {'eax': 0x12348000, 'eip': start + 3, 'eflags': 2 | OF | SF | AF | PF})
    suite.add(b'\x66\x01\xd8', add, {'eax': 0x12338000, 'eip': start + 4, 'eflags': 2 | CF | AF | PF})
    suite.add(b'\xf3\xaa', {'eax': 0x5a, 'ecx': 5, 'edi': 0x20}, {'ecx': 0, 'edi': 0x25, 'eip': start + 3},
              ram_after={0x10 * DS + 0x20: b'\x5a' * 5})
    suite.add(b'\xeb\x10', {}, {'eip': start + 0x13})
    # A jump to itself is over when it has been made, as the HLT is put where it leads.
    suite.add(b'\xe2\xfe', {'ecx': 9}, {'ecx': 8, 'eip': start + 1})
    # Fault: DIV by zero pushes FLAGS, CS and the IP of the DIV.
    suite.add(b'\xf6\xf3', {'eflags': 2 | CF}, {'cs': 0x1234, 'eip': 0x5678 + 1, 'esp': STACK - 6},
              ram={0: struct.pack('<HH', 0x5678, 0x1234)},
              ram_after={0x10 * SS + STACK - 6: struct.pack('<HHH', start, CS, 2 | CF)}, flags_at=0x10 * SS + STACK - 2)
    return suite


def test_agreement(folder):
    path = write(folder, '386.MOO', suite_386().bytes())
    expect(r'386\.MOO +TEST +6 of +6 agree', run(path, status=0))
    expect(r' 1 of +1 agree', run('--first', '2', '--count', '1', path, status=0))
    packed = os.path.join(folder, '386.MOO.gz')
    with gzip.open(packed, 'wb') as file:
        file.write(suite_386().bytes())
    expect(r'(?s)6 of +6 agree.*all +12 of +12 agree', run(path, packed, status=0))


def test_engine(folder):
    """All is translated but the jump to itself, where the HLT behind it would lie."""
    text = run(write(folder, '386.MOO', suite_386().bytes()), status=0)
    if ('1 by the executor' in text) != (ENGINE != 'interp') or re.search('[2-9] by the executor', text):
        raise Failed(text)
    expect(r'--engine frob: no such engine', run('--engine', 'frob', 'x', status=2))


def test_opcodes(folder):
    suite = suite_386()
    suite.add(b'\x66\xf7\xf3', {'eax': 7, 'ebx': 2}, {'eax': 3, 'edx': 1, 'eip': CODE - 0x10 * CS + 4})
    suite.add(b'\x03\xc3', {'eax': 1}, {'eax': 2, 'eip': CODE - 0x10 * CS + 3})
    path = write(folder, '386.MOO', suite.bytes())
    text = run('--opcodes', '--ignore-undefined', path, path, status=1)
    expect(r'(?m)^01 +add +4 of +4 agree$', text)
    expect(r'(?m)^03 +add +0 of +2 agree$', text)
    expect(r'(?m)^f7 /6 +div ', text)


def test_runs_astray(folder):
    """Code that does not come to where the hardware came is a difference, and the next test is not harmed."""
    suite = Suite('386E')
    start = CODE - 0x10 * CS
    suite.add(b'\xeb\x20', {}, {'eip': start + 0x13})
    suite.add(b'\x40', {'eax': 1}, {'eax': 2, 'eip': start + 2})
    text = run(write(folder, 'astray.MOO', suite.bytes()), status=1)
    expect(r' 1 of +2 agree', text)
    if ENGINE != 'interp':
        expect(r'end: hardware 1, bmbt 0', text)


def test_difference(folder):
    suite = suite_386()
    suite.add(b'\x40', {'eax': 1}, {'eax': 3, 'eip': CODE - 0x10 * CS + 2},
              ram_after={0x7777: b'\x01'})
    path = write(folder, 'wrong.MOO', suite.bytes())
    text = run(path, status=1)
    expect(r'6 of +7 agree', text)
    expect(r'--first 6 --count 1: a test \(40 f4\)', text)
    expect(r'eax: hardware 3, bmbt 2, bits that differ 1', text)
    expect(r'\[7777\]: hardware 1, bmbt 0', text)
    if 'hardware' in run('--failures', '0', path, status=1):
        raise Failed('--failures 0 shows failures')


def test_undefined(folder):
    """AND leaves AF undefined; a fault's pushed flags hold it, too."""
    start = CODE - 0x10 * CS
    suite = Suite('C286', {'eflags': 0xffff & ~AF})
    suite.add(b'\x21\xd8', {'eax': 3, 'ebx': 5}, {'eax': 1, 'eip': start + 3, 'eflags': 2 | AF})
    suite.add(b'\xf6\xf3', {}, {'cs': 0x1234, 'eip': 0x5679, 'esp': STACK - 6}, ram={0: struct.pack('<HH', 0x5678, 0x1234)},
              ram_after={0x10 * SS + STACK - 6: struct.pack('<HHH', start, CS, 2 | AF)}, flags_at=0x10 * SS + STACK - 2)
    path = write(folder, 'and.MOO', suite.bytes())
    expect(r'eflags: hardware 12, bmbt 2, bits that differ 10', run(path, status=1))
    expect(r' 2 of +2 agree', run('--ignore-undefined', path, status=0))


def test_8088(folder):
    """Addresses wrap at 1 MiB, and IP is that of the next instruction."""
    suite = Suite('8088')
    suite.add(b'\x88\x07', {'eax': 0x77, 'ds': 0xffff, 'ebx': 0x20}, {'eip': CODE - 0x10 * CS + 2}, ram_after={0x10: b'\x77'})
    expect(r' 1 of +1 agree', run(write(folder, '88.MOO', suite.bytes()), status=0))


def test_left_out(folder):
    suite = suite_386()
    suite.add(b'\x90', {'cr0': 1}, {})
    suite.add(b'\x90', {}, {'eip': CODE - 0x10 * CS + 2}, ram={0x1000000: b'\x01'})
    text = run(write(folder, 'out.MOO', suite.bytes()), status=0)
    expect(r'test 6 begins in protected mode', text)
    expect(r'6 of +6 agree, 2 left out', text)


def test_bad_input(folder):
    good = suite_386().bytes()
    expect(r'^bmbt-cputest: .*nothing\.MOO: No such file', run(os.path.join(folder, 'nothing.MOO'), status=2))
    expect(r'not a MOO file', run(write(folder, 'text', b'Hello, world, hello'), status=2))
    expect(r'not a MOO file', run(write(folder, 'empty', b''), status=2))
    expect(r'version 2 ', run(write(folder, 'version', good[:8] + b'\x02' + good[9:]), status=2))
    expect(r'"Z80", which is not known', run(write(folder, 'z80', Suite('Z80').bytes()), status=2))
    expect(r'cut off|damaged', run(write(folder, 'cut', good[:-5]), status=2))
    expect(r'no such option: --frob', run('--frob', '1', 'x', status=2))
    expect(r'not a number', run('--count', 'many', 'x', status=2))
    expect(r'no FILE', run(status=2))
    expect(r'usage: bmbt-cputest', run('--help', status=0))
    expect(r'frobnicator', run('--cpu', 'frobnicator', write(folder, 'good', good), status=2))


def test_damage(folder):
    """Whatever is in a file: an answer, and never the end by a signal."""
    good, source = suite_386().bytes(), random.Random(1)
    for number in range(60 if ENGINE == 'interp' else 15):
        data = bytearray(good[:source.randrange(len(good))] if number % 2 else good)
        for _ in range(source.randrange(1, 8)):
            if data:
                data[source.randrange(len(data))] = source.choice((0, 1, 0x7f, 0xff, source.randrange(256)))
        run(write(folder, 'damaged', bytes(data)), status=(0, 1, 2))


def main():
    failed = 0
    for name, test in sorted(globals().items()):
        if not name.startswith('test_'):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(folder)
                print(f'ok   {name}')
            except (Failed, subprocess.TimeoutExpired) as error:
                failed += 1
                print(f'FAIL {name}: {error}')
    return 1 if failed else 0


sys.exit(main())
