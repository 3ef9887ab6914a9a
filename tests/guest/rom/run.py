#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# BIOS images of several sizes by -bios, and each way by which a test ROM can report.
"""usage: run.py EMULATOR ROM

EMULATOR is bmbt or qemu-system-i386. ROM is the last 64 KiB of the image (rom.S). Options for the emulator come from the
environment variable BOOT_TEST_OPTIONS.
"""
import os
import shlex
import struct
import subprocess
import sys
import tempfile

KIB = 1024
SEGMENT = 64 * KIB
TIMEOUT = 300
GROUPS = 5  # of checks in the ROM; POST codes count them


class Failed(Exception):
    pass


def image(folder, rom, size):
    """The ROM with dwords that tell their place in front; the sum of all is 0."""
    segment = bytearray(rom)
    struct.pack_into('<I', segment, 0, size)
    front = b''.join(struct.pack('<I', 0x5a000000 + at) for at in range(0, size - SEGMENT, 4))
    total = sum(struct.unpack(f'<{size // 4}I', front + bytes(segment)))
    struct.pack_into('<I', segment, 4, -total & 0xffffffff)
    path = os.path.join(folder, f'{size // KIB}k.bin')
    with open(path, 'wb') as file:
        file.write(front + segment)
    return path


def run(emulator, bios, *options):
    """What it says on standard output, where the ROM ended well."""
    command = [emulator, '-display', 'none', '-nodefaults', '-no-reboot', '-m', '16', '-bios', bios, '-device',
               'isa-debug-exit,iobase=0xf4,iosize=4', *options, *shlex.split(os.environ.get('BOOT_TEST_OPTIONS', ''))]
    print('+', shlex.join(command), flush=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=TIMEOUT, check=False)
    if done.returncode not in (1, 3):
        raise Failed(f'ended with {done.returncode}')
    return done.stdout, done.returncode


def read(*path):
    with open(os.path.join(*path), 'rb') as file:
        return file.read()


def check(condition, message):
    if not condition:
        raise Failed(message)


def check_text(text, status):
    print(text.decode('latin-1'), end='')
    check(text.endswith(b'done: all passed\n') and status == 1, 'a check of the ROM failed')
    check(text.count(b'\nok ') > 25, 'checks are missing')


def all_ways(emulator, folder, rom, size):
    """POST codes, serial and parallel port at once, each into a file."""
    out, status = run(emulator, image(folder, rom, size), '-serial', f'file:{folder}/serial', '-parallel',
                      f'file:{folder}/parallel', '-chardev', f'file,id=post,path={folder}/post', '-device',
                      'isa-debugcon,iobase=0x80,chardev=post')
    check_text(read(folder, 'serial'), status)
    check(read(folder, 'parallel') == read(folder, 'serial'), 'the parallel port says something else')
    check(list(read(folder, 'post')) == [*range(1, GROUPS + 1), 0xff], f"POST codes: {read(folder, 'post').hex(' ')}")
    check(out == b'', 'there is something on standard output')


def standard_output(emulator, folder, rom, port):
    """One port on standard output, the other one led nowhere."""
    other = '-parallel' if port == '-serial' else '-serial'
    check_text(*run(emulator, image(folder, rom, SEGMENT), port, 'stdio', other, 'null'))


def several_consoles(emulator, folder, rom):
    """A console in place of a port's data register gets what is written there without a strobe, too."""
    out, _ = run(emulator, image(folder, rom, SEGMENT), '-serial', 'null', '-parallel', 'null',
                 '-chardev', f'file,id=post,path={folder}/post', '-device', 'isa-debugcon,iobase=0x80,chardev=post',
                 '-chardev', 'stdio,id=data', '-device', 'isa-debugcon,iobase=0x378,chardev=data')
    check(out.endswith(b'done: all passed\n'), 'the data register says something else')
    check(read(folder, 'post')[-1] == 0xff, 'the last POST code is another')


def post_log(emulator, folder, rom):
    """bmbt's own log tells POST codes, too."""
    run(emulator, image(folder, rom, SEGMENT), '-serial', 'null', '-parallel', 'null', '-d', 'char', '-D', folder + '/log')
    codes = [int(line.split()[-1], 16) for line in read(folder, 'log').decode().split('\n') if 'POST code' in line]
    check(codes == [*range(1, GROUPS + 1), 0xff], f'POST codes of the log: {codes}')


def main():
    emulator, rom = sys.argv[1], read(sys.argv[2])
    failed = 0
    tests = [(all_ways, SEGMENT), (all_ways, 2 * SEGMENT), (all_ways, 4 * SEGMENT), (standard_output, '-serial'),
             (standard_output, '-parallel')]
    if 'qemu' not in os.path.basename(emulator):
        tests += [(several_consoles,), (post_log,)]
    for test, *arguments in tests:
        print(f'-- {test.__name__}', *arguments, flush=True)
        with tempfile.TemporaryDirectory(prefix='bmbt-rom-') as folder:
            try:
                test(emulator, folder, rom, *arguments)
            except (Failed, subprocess.TimeoutExpired) as reason:
                failed += 1
                print(f'FAILED: {reason}', flush=True)
    return 1 if failed else 0


sys.exit(main())
