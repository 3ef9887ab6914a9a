#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The kernel from a CD through ISOLINUX; the CD read by the guest.
import expect


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
        expect.power_off(machine)


expect.main(test)
