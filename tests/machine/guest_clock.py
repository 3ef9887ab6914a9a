#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The guest's clock: keeps host time under load, catches up after SIGSTOP, stands still with the monitor's `stop`.
import os
import signal
import sys
import time

from surroundings import boot_options, expect

TOLERANCE = 0.001


def guest_time(machine):
    """(host time, guest uptime, uncertainty), from the quickest of a few questions."""
    best = None
    for _ in range(6):
        before = time.monotonic()
        uptime = float(machine.run('cat /proc/uptime').split()[0])
        after = time.monotonic()
        if best is None or after - before < best[2] * 2:
            best = ((before + after) / 2, uptime, (after - before) / 2 + 0.01)
    return best


def elapsed(first, second):
    """Seconds passed on the host, in the guest, and how wrong the comparison may be."""
    return second[0] - first[0], second[1] - first[1], first[2] + second[2]


def check_keeps_time(machine, seconds, what):
    first = guest_time(machine)
    machine.run('i=0; while [ $i -lt 1000000000 ]; do i=$((i+1)); done & echo')
    time.sleep(seconds)
    machine.run('kill %1')
    host, guest, doubt = elapsed(first, guest_time(machine))
    expect.say(f'  {what}: {host:.3f} s on the host, {guest:.3f} s in the guest, measured to {doubt:.3f} s')
    if abs(guest - host) > host * TOLERANCE + doubt:
        raise expect.Failed(f'{what}: the guest clock is off by {guest - host:+.3f} s in {host:.1f} s')


def check_catches_up(machine):
    first = guest_time(machine)
    os.kill(machine.process.pid, signal.SIGSTOP)
    time.sleep(5)
    os.kill(machine.process.pid, signal.SIGCONT)
    host, guest, doubt = elapsed(first, guest_time(machine))
    expect.say(f'  SIGSTOP for 5 s: {host:.3f} s on the host, {guest:.3f} s in the guest')
    if abs(guest - host) > host * TOLERANCE + doubt + 0.05:
        raise expect.Failed(f'after SIGSTOP and SIGCONT the guest clock is off by {guest - host:+.3f} s')


def monitor_says(machine, command, status):
    """When the monitor was asked, and when it had done so; the echo of the command does not count."""
    before = time.monotonic()
    machine.send_line(command)
    machine.send_line('info status')
    machine.expect(f'VM status: {status}')
    return before, time.monotonic()


def check_stop(machine):
    """Ctrl-A C leads to the monitor and back. When exactly it stops and goes on depends on how busy the host is."""
    first = guest_time(machine)
    machine.send('\x01c')
    stop_sent, stopped = monitor_says(machine, 'stop', 'paused')
    time.sleep(5)
    cont_sent, running = monitor_says(machine, 'cont', 'running')
    machine.send('\x01c')
    host, guest, doubt = elapsed(first, guest_time(machine))
    doubt += host * TOLERANCE
    least, most = cont_sent - stopped - doubt, running - stop_sent + doubt
    expect.say(f'  stop for {least:.3f} to {most:.3f} s: {host:.3f} s on the host, {guest:.3f} s in the guest')
    if not least <= host - guest <= most:
        raise expect.Failed(f'with `stop` for {least:.3f} to {most:.3f} s the guest clock lost {host - guest:.3f} s')


def test(_folder):
    seconds = float(os.environ.get('CLOCK_SECONDS', '20'))
    with expect.Machine(expect.emulator(*boot_options(128))) as machine:
        expect.wait_for_shell(machine)
        check_keeps_time(machine, seconds, 'under load')
        check_catches_up(machine)
        check_stop(machine)
        expect.power_off(machine)


if __name__ == '__main__':
    expect.main(test)
    sys.exit(0)
