#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Ten guests of 64 MiB in ten processes: all boot, and each uses next to no CPU when its guest idles.
import time

from surroundings import boot_options, cpu_seconds, expect

GUESTS = 10
IDLE_SECONDS = 20
# Linux itself wakes for its housekeeping; an interpreter takes some milliseconds for that.
IDLE_SHARE = 0.05


def wait_for_all(machines):
    """Takes what all of them print, by turns, until each has shown its prompt."""
    end = time.monotonic() + expect.BOOT * expect.SCALE
    waiting = list(machines)
    while waiting:
        for machine in list(waiting):
            machine.read(0.05)
            if expect.SHELL_PROMPT in machine.output:
                waiting.remove(machine)
            elif machine.at_end or time.monotonic() > end:
                raise expect.Failed(f'{len(waiting)} of {GUESTS} guests did not reach their shell\n' + machine.tail())
    for machine in machines:
        expect.wait_for_shell(machine)


def test(_folder):
    machines = [expect.Machine(expect.emulator(*boot_options(64))) for _ in range(GUESTS)]
    try:
        wait_for_all(machines)
        time.sleep(5)
        before = [cpu_seconds(machine.process.pid) for machine in machines]
        time.sleep(IDLE_SECONDS)
        shares = [(cpu_seconds(machine.process.pid) - used) / IDLE_SECONDS
                  for machine, used in zip(machines, before)]
        expect.say('  share of a CPU when idle: ' + ' '.join(f'{share:.1%}' for share in shares))
        for share in shares:
            if share > IDLE_SHARE:
                raise expect.Failed(f'an idle guest uses {share:.1%} of a CPU')
        for machine in machines:
            expect.power_off(machine)
    finally:
        for machine in machines:
            machine.kill()


expect.main(test)
