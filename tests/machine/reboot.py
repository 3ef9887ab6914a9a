#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Linux reboots the machine by triple fault, keyboard controller and port CF9h, and comes up again each time.
from surroundings import boot_options, expect

WAYS = {'t': 'triple fault', 'k': 'keyboard controller', 'p': 'reset control register'}


def test(_folder):
    for letter, way in WAYS.items():
        options = boot_options(128, append='reboot=' + letter)
        options.remove('-no-reboot')
        with expect.Machine(expect.emulator(*options)) as machine:
            expect.wait_for_shell(machine)
            machine.send_line('reboot -f')
            machine.expect('Linux version', expect.BOOT)
            expect.wait_for_shell(machine)
            expect.power_off(machine)
            expect.say(f'  rebooted by {way}')


expect.main(test)
