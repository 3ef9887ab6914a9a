# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Runs a guest program under an emulator and judges it by what it writes to port E9h.
"""usage: run.py [--engines ENGINES] [--disk] [--reboots] [--timeout SECONDS] EMULATOR KERNEL MODEL [OPTION...]

EMULATOR is bmbt or qemu-system-i386 (whose TCG fails several checks: it has no segment limits, no T bit, no VME). Each
OPTION goes to the emulator, as do those in the environment variable BOOT_TEST_OPTIONS. By hand, from the build folder:

  python3 ../tests/guest/run.py ./bmbt tests/guest/random.elf max -accel jit,mmu=soft -append 'seed=7 first=12 count=1 show=1'

--engines: values for -accel with spaces between them. The program must pass under each, and print under each exactly
what it prints under the first one. --disk: an IDE disk whose sectors begin with code that tells their number.
--reboots: a reset of the machine starts the program anew, which knows what to make of it.
"""
import argparse
import difflib
import os
import shlex
import subprocess
import sys
import tempfile

SECTORS = 2048
SHOWN_LINES = 60


def make_disk(path):
    """Sector n: MOV EAX,n; RET; then bytes that count from n on."""
    with open(path, 'wb') as disk:
        for n in range(SECTORS):
            code = b'\xb8' + n.to_bytes(4, 'little') + b'\xc3'
            disk.write(code + bytes((n + k) & 255 for k in range(len(code), 512)))


def run(arguments, engine):
    """Text and exit status of one run."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, 'output')
        command = [arguments.emulator, '-cpu', arguments.model, '-display', 'none', '-nodefaults',
                   '-kernel', arguments.kernel, '-debugcon', 'file:' + output,
                   '-device', 'isa-debug-exit,iobase=0xf4,iosize=4']
        if not arguments.reboots:
            command += ['-no-reboot']
        if arguments.disk:
            disk = os.path.join(folder, 'disk')
            make_disk(disk)
            command += ['-drive', f'file={disk},format=raw,if=ide,index=0']
        command += arguments.options + shlex.split(os.environ.get('BOOT_TEST_OPTIONS', ''))
        if engine is not None:
            command += ['-accel', engine]
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=arguments.timeout).returncode
        except subprocess.TimeoutExpired:
            status = 'a timeout'
        text = open(output, errors='replace').read() if os.path.exists(output) else ''
    return text, status


def passed(text, status):
    if 'done: all passed' in text and status == 1:
        return True
    print(f'ended with {status} (isa-debug-exit gives 1 where all checks passed)')
    return False


def same(text, reference, engine, first):
    """Whether an engine printed what the first one did; else where they part."""
    if text == reference:
        return True
    print(f'-accel {engine} and -accel {first} part here:')
    parts = difflib.unified_diff(reference.splitlines(), text.splitlines(), first, engine, lineterm='', n=1)
    print('\n'.join(list(parts)[:SHOWN_LINES]))
    return False


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition('\n')[0].removeprefix('usage: '))
    parser.add_argument('--engines')
    parser.add_argument('--reboots', action='store_true')
    parser.add_argument('--disk', action='store_true')
    parser.add_argument('--timeout', type=float, default=800)
    for name in ('emulator', 'kernel', 'model'):
        parser.add_argument(name)
    parser.add_argument('options', nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    engines = arguments.engines.split() if arguments.engines else [None]
    reference, ok = None, True
    for engine in engines:
        if engine is not None:
            print(f'-- -accel {engine}', flush=True)
        text, status = run(arguments, engine)
        well = passed(text, status)
        if reference is None:
            reference = text
            print(text, end='')
        elif not same(text, reference, engine, engines[0]) or not well:
            well = False
            print('\n'.join(['...'] + text.splitlines()[-5:]))
        ok = ok and well
    return 0 if ok else 1


sys.exit(main())
