#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# A Debian system with systemd on an IDE disk: login, files written, power-off, a clean file system afterwards.
import hashlib
import os

import expect


def test(folder):
    expect.require('e2fsck', 'debugfs')
    disk = os.path.join(folder, 'debian.img')
    expect.host('cp', '--sparse=always', expect.image('debian.img'), disk)
    with expect.Machine(expect.emulator('-nographic', '-m', '512', '-no-reboot', '-hda', disk)) as machine:
        machine.expect(r'Linux version', expect.BOOT)
        expect.say(f'  kernel after {machine.seconds():.1f} s')
        machine.expect(r'bmbt-guest login: ', 2 * expect.BOOT)
        expect.say(f'  login after {machine.seconds():.1f} s')
        machine.send_line('root')
        machine.expect(r'Password: ')
        machine.send_line('bmbt')
        machine.expect(r'root@bmbt-guest:~# ', expect.BOOT)
        expect.say(f'  logged in after {machine.seconds():.1f} s')
        machine.run('dmesg -n 1')
        failed = machine.run('systemctl --no-pager --failed --no-legend --plain').strip()
        if failed:
            raise expect.Failed('systemd units failed:\n' + failed)
        machine.run('seq 1 100000 >/root/written && mkdir /root/many', 300)
        machine.run('for n in $(seq 200); do echo $n >/root/many/$n; done && sync', 300)
        machine.send_line('poweroff')
        machine.expect(r'reboot: Power down', expect.BOOT)
        machine.wait_exit()
        expect.say(f'  powered off after {machine.seconds():.1f} s')
    partition = os.path.join(folder, 'partition')
    expect.take_partition(disk, partition)
    expect.host('e2fsck', '-f', '-n', partition)
    copy = os.path.join(folder, 'written')
    expect.host('debugfs', '-R', f'dump /root/written {copy}', partition)
    with open(copy, 'rb') as file:
        found = hashlib.sha256(file.read()).hexdigest()
    wanted = ''.join(f'{number}\n' for number in range(1, 100001))
    if found != hashlib.sha256(wanted.encode()).hexdigest():
        raise expect.Failed('the file that the guest wrote is not on the disk as it was written')
    names = expect.host('debugfs', '-R', 'ls -p /root/many', partition)
    if not all(f'/{number}/' in names for number in range(1, 201)):
        raise expect.Failed('files that the guest wrote are missing on the disk')


expect.main(test)
