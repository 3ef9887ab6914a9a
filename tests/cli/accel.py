#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What shows of the translator: info jit, the logs op and out_asm, names for perf.
import os
import re

from cli import Monitor, Skipped, boot_sector, check, check_match, main, read, until

# cli; again: mov ax, 1234h; add bx, ax; smsw cx; jmp again. The executor does SMSW.
LOOP = 'fa b83412 01c3 0f01e1 ebf6'
JIT = 'jit,mmu=soft,thread-hold=4'


def machine(folder, *options, accel=JIT):
    return Monitor('-accel', accel, '-vga', 'none', '-hda', boot_sector(folder, LOOP), *options)


def wait_for_loop(monitor):
    """Until the boot sector runs."""
    monitor.expect(r'\(bmbt\) ')
    until(lambda: re.search(r'EIP=00007c0[1-9]', monitor.command('info registers')), 'the boot sector does not run')


def count(text, name):
    return int(check_match(rf'^ *{name} +(\d+)$', text)[1])


def test_info_interp(folder):
    with machine(folder, '-S', accel='interp') as monitor:
        monitor.expect(r'\(bmbt\) ')
        check(monitor.command('info jit') == 'There is no translator: the interpreter executes all instructions\n',
              'info jit')


def test_tcg(folder):
    for options in (('-accel', 'tcg'), ('-machine', 'pc,accel=tcg')):
        with Monitor(*options, '-S', '-vga', 'none', '-hda', boot_sector(folder, LOOP)) as monitor:
            monitor.expect(r'\(bmbt\) ')
            check_match(r'^jit,mmu=auto,', monitor.command('info jit'))


def test_info_jit(folder):
    with machine(folder) as monitor:
        wait_for_loop(monitor)
        first = monitor.command('info jit')
        until(lambda: count(monitor.command('info jit'), 'Instructions executed for translations') > 0, 'nothing was done by the executor')
        text = monitor.command('info jit')
    check_match(r'^jit,mmu=soft,thread-hold=4,tb-size=\d+,chain=on,', text)
    check(count(text, 'ever made') > 100, text)
    check(0 < count(text, 'bytes in use') <= count(text, 'size in bytes'), text)
    check(count(text, 'entered') >= count(first, 'entered') > 0, text)
    check_match(r'^Windows: none', text)
    listed = [(int(n), name) for name, n in re.findall(r'^  (\S+).* (\d+) +\d+\.\d%$', text, re.M)]
    check(listed == sorted(listed, key=lambda row: -row[0]) and 'smsw' in [name for _, name in listed], text)
    executed = count(text, 'Instructions executed for translations')
    check(sum(n for n, _ in listed) == executed, text)


def test_logs(folder):
    log = os.path.join(folder, 'log')
    with machine(folder, '-d', 'in_asm,op,out_asm', '-D', log) as monitor:
        wait_for_loop(monitor)
        until(lambda: b'translation of 00007c01' in read(log), 'the loop is not translated')
        monitor.command('stop')
    text = read(log).decode('latin-1')
    check_match(r'^block at 00007c01 \(CS base 00000000\), 4 instructions\n0x00007c01:  b8 34 12 .*mov \$0x1234, %ax', text)
    block = text[text.index('translation of 00007c01: supervisor, 16-bit, '):]
    check_match(r'^  00007c04 add .*flags dead', block)
    check_match(r'^  00007c06 smsw .*by the executor', block)
    check_match(r'^host code of 00007c01: \d+ bytes, \d+ without stubs', block)
    check_match(r'^-- 0x00007c01:  b8 34 12 +mov \$0x1234, %ax\n0x[0-9a-f]{9,}:  [0-9a-f ]+mov\w* \$0x1234, ', block)
    check_match(r'^-- 0x00007c04:  01 c3 +add %ax, %bx\n0x[0-9a-f]{9,}:  [0-9a-f ]+add\w* %ax, %bx', block)
    check_match(r'^-- stubs\n0x[0-9a-f]{9,}:', block)


def test_log_filter(folder):
    log = os.path.join(folder, 'log')
    for ranges in ('0x7c01..0x7c01', '0x10+1,0x7c01+4', '0x7c02-2'):
        with machine(folder, '-d', 'in_asm,op,out_asm', '-dfilter', ranges, '-D', log) as monitor:
            wait_for_loop(monitor)
            until(lambda: b'host code of 00007c01' in read(log), f'{ranges}: the loop is not logged')
            monitor.command('stop')
        blocks = set(re.findall(rb'^(?:block at|translation of|host code of) ([0-9a-f]{8})', read(log), re.M))
        check(blocks == {b'00007c01'}, f'{ranges}: {sorted(blocks)}')


def test_perf_map(folder):
    with machine(folder, '-perfmap') as monitor:
        path = f'/tmp/perf-{monitor.process.pid}.map'
        try:
            wait_for_loop(monitor)
            until(lambda: b' guest_00007c01_kernel_16_soft\n' in read(path), 'the loop has no name')
            lines = read(path).decode('ascii').splitlines()
        finally:
            os.unlink(path)
    pieces = [re.fullmatch(r'([0-9a-f]+) ([0-9a-f]+) (\w+)', line) for line in lines]
    check(all(pieces), 'a line of another form')
    check({'bmbt_enter', 'bmbt_exit', 'bmbt_execute'} <= {piece[3] for piece in pieces}, 'the glue has no names')
    # In the order of their addresses, as nothing is evicted, and none lies within another.
    ranges = sorted((int(piece[1], 16), int(piece[2], 16)) for piece in pieces)
    check(all(size > 0 and begin + size <= following[0] for (begin, size), following in zip(ranges, ranges[1:])),
          'names overlap')


if __name__ == '__main__':
    main()
