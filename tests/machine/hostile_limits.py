#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Little code cache, hardly any mappings, one host CPU, a busy host, SIGSTOP: slower, never wrong.
"""
usage: hostile_limits.py [CASE...|--all]: without a case, three that take several limits together.
The guest's work is compared with the same busybox natively.
"""
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

import mappings
from surroundings import boot_options, expect

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.path.join(HERE, 'load', 'busybox.sh')
ROUND_TIMEOUT = 400
# What a process has before any window; half of the limit is the windows' budget.
FEW_MAPPINGS = 1000
GIVEN_UP, REFUSED = 'given up at the host\'s limit of mappings', 'times the host refused a mapping'
WRONG_IN_LOG = 'BUG|Oops|general protection|segfault|double fault|traps:|unable to handle'


def translating():
    return 'jit' in os.environ.get('BOOT_TEST_OPTIONS', 'jit')


def accelerator(cache):
    """The engine under test with a code cache of so many MiB."""
    words = shlex.split(os.environ.get('BOOT_TEST_OPTIONS', ''))
    engine = words[words.index('-accel') + 1] if '-accel' in words else 'jit'
    return ['-accel', f'{engine},tb-size={cache}'] if cache and translating() else []


class Busy:
    """Host processes that do nothing but compute."""

    def __init__(self, count):
        self.processes = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for process in self.processes:
            process.kill()
            process.wait()
        return False


class Stopping:
    """SIGSTOP and SIGCONT to a process by turns, after times that follow no rhythm."""

    def __init__(self, pid):
        self.pid, self.ended, self.times = pid, threading.Event(), 0
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.ended.wait(0.005 + self.times * 7 % 11 * 0.01):
            os.kill(self.pid, signal.SIGSTOP)
            time.sleep(0.002 + self.times * 5 % 7 * 0.01)
            os.kill(self.pid, signal.SIGCONT)
            self.times += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self.ended.set()
        self.thread.join()
        return False


def results(text):
    return dict(re.findall(r'^(\S+) ([0-9a-f]{64})$', text, re.M))


def native_results(folder):
    busybox = expect.image('busybox')
    scratch = os.path.join(folder, 'native')
    os.mkdir(scratch)
    return results(expect.host(busybox, 'sh', WORK, busybox, scratch))


def work_disk(folder):
    path = os.path.join(folder, 'work.tar')
    expect.host('tar', '-C', os.path.dirname(WORK), '-b', '64', '-cf', path, os.path.basename(WORK))
    return path


def run_round(machine, wanted, what):
    """The work and its check; returns nothing that is not right."""
    before = time.monotonic()
    found = results(machine.run('sh /tmp/busybox.sh busybox /tmp', ROUND_TIMEOUT))
    wrong = [name for name in wanted if found.get(name) != wanted[name]]
    if wrong:
        raise expect.Failed(f'{what}: results that are not as on the host: ' + ', '.join(wrong))
    expect.say(f'  {what}: {time.monotonic() - before:.1f} s')


def check_log(machine):
    wrong = machine.run(f'dmesg | grep -E "{WRONG_IN_LOG}"', status=None).strip()
    if wrong:
        raise expect.Failed('the kernel tells of faults:\n' + wrong)


def show_pressure(machine):
    """What the limits led to, by `info jit`."""
    machine.send('\x01c')
    machine.send_line('info jit')
    machine.expect(r'info jit')
    begin = machine.position
    machine.expect(r'\(bmbt\) ')
    text = machine.output[begin:machine.position].replace('\r', '')
    machine.send('\x01c')
    names = '|'.join(['bytes in use', 'evictions of a part of it', 'evicted', 'ever created', 'pages mapped',
                      'pages unmapped', GIVEN_UP, REFUSED])
    wanted = rf'^ *({names}) +(\d+)$'
    expect.say('    ' + ', '.join(f'{name} {count}' for name, count in re.findall(wanted, text, re.M)))
    return {name: int(count) for name, count in re.findall(wanted, text, re.M)}


def guest(folder, prefix=(), cache=None):
    options = boot_options(128, '-hda', os.path.join(folder, 'work.tar'), '-snapshot', *accelerator(cache))
    return expect.Machine(list(prefix) + expect.emulator(*options))


def begin(machine):
    expect.wait_for_shell(machine)
    machine.run('tar -x -C /tmp -f /dev/sda')


def has_windows():
    return translating() and 'mmu=soft' not in os.environ.get('BOOT_TEST_OPTIONS', '')


def check_pressure(machine, *felt):
    """Without windows there is no limit of mappings to feel."""
    if not translating():
        return
    counts = show_pressure(machine)
    missing = [name for name in felt if counts.get(name, 0) == 0]
    if has_windows() and missing:
        raise expect.Failed('the limits were never met: ' + ', '.join(missing))


def end(machine, *felt):
    """felt: what `info jit` must have counted."""
    check_pressure(machine, *felt)
    check_log(machine)
    expect.power_off(machine)


# ---- the cases ----

def few_mappings_prefix(folder):
    """In a mount name space of its own the process reads a lower limit, and keeps to half of it."""
    path = os.path.join(folder, 'max_map_count')
    with open(path, 'w', encoding='ascii') as file:
        file.write(f'{FEW_MAPPINGS}\n')
    command = f'mount --bind {shlex.quote(path)} /proc/sys/vm/max_map_count && exec "$@"'
    prefix = ['unshare', '-m'] if os.geteuid() == 0 else ['unshare', '-r', '-m']
    prefix += ['sh', '-c', command, 'sh']
    done = subprocess.run(prefix + ['cat', '/proc/sys/vm/max_map_count'], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    if done.stdout.strip() != str(FEW_MAPPINGS):
        expect.say('  (no mount name space here: with the usual budget of mappings)')
        return []
    return prefix


def one_cpu(folder, wanted):
    """The smallest code cache, one host CPU, and stopped again and again."""
    with guest(folder, ['taskset', '-c', str(min(os.sched_getaffinity(0)))], cache=1) as machine:
        begin(machine)
        run_round(machine, wanted, 'a code cache of 1 MiB on one CPU')
        with Stopping(machine.process.pid) as stopping:
            run_round(machine, wanted, 'stopped and continued')
        expect.say(f'    {stopping.times} times')
        end(machine)


def few_mappings(folder, wanted):
    """Windows that keep few mappings, and a small code cache."""
    prefix = few_mappings_prefix(folder)
    with guest(folder, prefix, cache=2) as machine:
        begin(machine)
        for number in (1, 2):
            run_round(machine, wanted, f'a code cache of 2 MiB and few mappings, round {number}')
        end(machine, *([GIVEN_UP] if prefix else []))


def no_mappings(folder, wanted):
    """The kernel refuses more mappings while the guest runs, and then has some again."""
    if platform.machine() != 'x86_64':
        expect.say('  (mappings are used up on x86-64 hosts only)')
        return
    with guest(folder) as machine:
        begin(machine)
        for left in (40, 4):
            taken = mappings.use_up(machine.process.pid, left)
            run_round(machine, wanted, f'{left} mappings left of {mappings.limit()}')
            expect.say(f'    {mappings.count(machine.process.pid)} in use')
            mappings.give_back(machine.process.pid, *taken)
        run_round(machine, wanted, 'mappings given back')
        end(machine, GIVEN_UP)


def busy_host(folder, wanted):
    """More work than the host has CPUs."""
    with Busy(2 * (os.cpu_count() or 1)), guest(folder, cache=2) as machine:
        begin(machine)
        for number in (1, 2, 3):
            run_round(machine, wanted, f'a busy host and a code cache of 2 MiB, round {number}')
        end(machine)


def default_cache(folder, wanted):
    """32 MiB, and work enough to see a second and third use of it."""
    with guest(folder, cache=32) as machine:
        begin(machine)
        for number in range(1, 7):
            run_round(machine, wanted, f'a code cache of 32 MiB, round {number}')
        end(machine)


def boot_stopped(folder, wanted):
    """Stopped and continued from power-on to power-off."""
    with guest(folder, cache=2) as machine, Stopping(machine.process.pid) as stopping:
        begin(machine)
        run_round(machine, wanted, 'stopped and continued since power-on')
        end_stopping(machine, stopping)


def end_stopping(machine, stopping):
    stopping.ended.set()
    stopping.thread.join()
    end(machine)


QUICK = [one_cpu, few_mappings, no_mappings]
LONG = QUICK + [busy_host, default_cache, boot_stopped]


def chosen():
    if '--all' in sys.argv:
        return LONG
    named = [case for case in LONG if case.__name__ in sys.argv[1:]]
    return named or QUICK


def test(folder):
    expect.require('taskset', 'unshare', 'tar')
    work_disk(folder)
    wanted = native_results(folder)
    if len(wanted) < 15 or len(set(wanted.values())) < 14:
        raise expect.Failed(f'natively the work told only {wanted}')
    for case in chosen():
        expect.say('* ' + case.__doc__.splitlines()[0])
        case(folder, wanted)


expect.main(test)
