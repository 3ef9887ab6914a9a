#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The kernel from a CD through ISOLINUX; the CD read by the guest, then another one.
import os

import expect


def change_disc(machine, folder):
    """Another disc is put in while nothing has the first one open; returns its path."""
    path = os.path.join(folder, 'other.img')
    with open(path, 'wb') as file:
        file.write(os.urandom(300 * 2048))
    machine.send('\x01c')
    machine.expect(r'\((bmbt|qemu)\) ')
    machine.send_line(f'change ide1-cd0 {path}')
    machine.expect(r'\((bmbt|qemu)\) ')
    machine.send('\x01c')
    return path


def test(folder):
    with expect.Machine(expect.emulator('-nographic', '-m', '256', '-no-reboot', '-boot', 'd',
                                        '-cdrom', expect.image('isolinux.iso'))) as machine:
        machine.expect(r'ISOLINUX', expect.BOOT)
        machine.expect(r'Linux version', expect.BOOT)
        expect.say(f'  kernel after {machine.seconds():.1f} s')
        expect.wait_for_shell(machine)
        machine.run('mount -t iso9660 -o ro /dev/sr0 /mnt')
        there = machine.run('sha256sum </mnt/isolinux/vmlinuz', 600).split()[0]
        here = expect.host('sha256sum', expect.image('vmlinuz')).split()[0]
        if there != here:
            raise expect.Failed('the guest reads another kernel from its CD than is on it')
        machine.run('umount /mnt')
        path = change_disc(machine, folder)
        if expect.WITH_QEMU:  # it fails a command for the change though the event has told it: Linux refuses to read then
            machine.run(': </dev/sr0')
        there = machine.run('sha256sum </dev/sr0', 600).split()[0]
        if there != expect.host('sha256sum', path).split()[0]:
            raise expect.Failed('the guest does not read the CD that was put in')
        expect.power_off(machine)


expect.main(test)
