#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What the guest flushed is in the image after `kill -9` of the emulator.
import os
import signal

from surroundings import boot_options, expect

SIZE = 16 << 20
BLOCKS = 64


def test(folder):
    disk = os.path.join(folder, 'disk.img')
    with open(disk, 'wb') as file:
        file.truncate(SIZE)
    options = boot_options(128, '-drive', f'file={disk},if=ide,format=raw')
    with expect.Machine(expect.emulator(*options)) as machine:
        expect.wait_for_shell(machine)
        # The kernel's cache is told to write and the drive to flush (fsync); nothing is unmounted or shut down.
        machine.run(f'i=0; while [ $i -lt {BLOCKS} ]; do printf "block %08d flushed\\n" $i; i=$((i+1)); done > /tmp/data')
        machine.run('dd if=/tmp/data of=/dev/sda bs=512 seek=100 conv=fsync,notrunc')
        os.kill(machine.process.pid, signal.SIGKILL)
        machine.process.wait()
    expected = b''.join(b'block %08d flushed\n' % number for number in range(BLOCKS))
    with open(disk, 'rb') as file:
        file.seek(100 * 512)
        found = file.read(len(expected))
    if found != expected:
        raise expect.Failed(f'the image holds {found[:40]!r}... where the guest flushed {expected[:40]!r}...')


expect.main(test)
