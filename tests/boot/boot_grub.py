#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The kernel from an IDE disk through GRUB's master boot record; the disk read and written by the guest.
import os
import shutil

import expect


def test(folder):
    expect.require('e2fsck', 'debugfs')
    disk = os.path.join(folder, 'grub.img')
    shutil.copyfile(expect.image('grub.img'), disk)
    with expect.Machine(expect.emulator('-nographic', '-m', '256', '-no-reboot', '-boot', 'c',
                                        '-drive', f'file={disk},if=ide,format=raw')) as machine:
        machine.expect(r'GRUB', expect.BOOT)
        machine.expect(r'Linux version', expect.BOOT)
        expect.say(f'  kernel after {machine.seconds():.1f} s')
        expect.wait_for_shell(machine)
        machine.run('mount -t ext4 /dev/sda1 /mnt')
        there = machine.run('sha256sum </mnt/boot/vmlinuz', 600).split()[0]
        here = expect.host('sha256sum', expect.image('vmlinuz')).split()[0]
        if there != here:
            raise expect.Failed('the guest reads another kernel from its disk than is on it')
        machine.run('seq 1 30000 >/mnt/written && sync && umount /mnt', 600)
        expect.power_off(machine)
    partition = os.path.join(folder, 'partition')
    expect.take_partition(disk, partition)
    expect.host('e2fsck', '-f', '-n', partition)
    written = expect.host('debugfs', '-R', 'cat /written', partition)
    wanted = ''.join(f'{number}\n' for number in range(1, 30001))
    if not written.endswith(wanted):
        raise expect.Failed('what the guest wrote is not on the disk')


expect.main(test)
