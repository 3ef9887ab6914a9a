#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Debian under load for an hour: results as on the host, no fault, no drift of the clock, no growth of memory.
"""
LOAD_MINUTES   how long (default: 60); 2 is enough to see that it works
LOAD_SECONDS   for each of stress-ng's stressors (default: 3)
LOAD_MEMORY    MiB of the guest (default: 1024)
The image is tools/make-load-disk's. The expected checksums come from the same programs run by chroot, which wants root.
"""
import glob
import os
import re
import shutil
import subprocess
import time

from guest_clock import TOLERANCE, elapsed, guest_time
from surroundings import expect

MINUTES = float(os.environ.get('LOAD_MINUTES', '60'))
SECONDS = os.environ.get('LOAD_SECONDS', '3')
MEMORY = os.environ.get('LOAD_MEMORY', '1024')
FOLDER = '/load'
HERE = os.path.dirname(os.path.abspath(__file__))
ROUND = f'sh {FOLDER}/round.sh {FOLDER}'
ROUND_TIMEOUT = 2400
STRESS_TIMEOUT = 2400
# Memory of bmbt's own may grow by this between the first round's end and the last's: buffers, decoded blocks.
GROWTH_KIBIBYTES = 24 * 1024
# As whole words: the name of a kernel's function may be in any trace, such as that of a want of memory.
WRONG_IN_LOG = r'\bBUG\b|Oops|general protection|segfault|WARNING|double fault|traps:|stall|lockup|hung|unable to handle|EXT4-fs error|ata\d.*error'


def make_work(folder):
    """What a round reads: programs to compile, scripts."""
    shutil.copytree(os.path.join(HERE, 'load'), folder)
    for part in ('backend', 'base', 'cpu', 'device', 'host', 'machine', 'memory'):
        shutil.copytree(os.path.join(expect.TOP, 'src', part), os.path.join(folder, 'source', part))
    shutil.copy(os.path.join(expect.TOP, 'bench', 'guest', 'script.py'), folder)


def make_tree(folder, disk):
    """The disk's files in a folder of the host, to run its programs natively."""
    partition, tree = os.path.join(folder, 'partition'), os.path.join(folder, 'tree')
    expect.take_partition(disk, partition)
    os.mkdir(tree)
    expect.host('debugfs', '-R', f'rdump / {tree}', partition)
    os.remove(partition)
    for name, minor in (('null', 3), ('zero', 5), ('urandom', 9)):
        path = os.path.join(tree, 'dev', name)
        if not os.path.exists(path):
            os.mknod(path, 0o020666, os.makedev(1, minor))
    return tree


def inside(tree, command):
    """Runs a shell command natively among the guest's files; returns its output."""
    done = subprocess.run([expect.find_program('chroot'), tree, '/bin/sh', '-c', command], check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={'PATH': '/usr/bin:/bin:/usr/sbin:/sbin', 'HOME': '/root'})
    if done.returncode:
        raise expect.Failed(f'natively, `{command}` ended with status {done.returncode}:\n{done.stderr}')
    return done.stdout


def results(text):
    """{name: checksum} of a round."""
    return dict(re.findall(r'^(\S+) ([0-9a-f]{64})$', text, re.M))


def check_round(found, wanted, number):
    wrong = [name for name in wanted if found.get(name) != wanted[name]]
    if wrong:
        raise expect.Failed(f'round {number}: results that are not as on the host: ' + ', '.join(wrong))


class Memory:
    """bmbt's own memory, in KiB: not guest RAM, which windows show several times."""

    def __init__(self, machine):
        pid = machine.process.pid
        with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
            kinds = dict(re.findall(r'^(\w+):\s+(\d+) kB', file.read(), re.M))
        with open(f'/proc/{pid}/status', encoding='ascii') as file:
            tables = int(re.search(r'^VmPTE:\s+(\d+)', file.read(), re.M)[1])
        with open(f'/proc/{pid}/maps', encoding='ascii') as file:
            self.mappings = sum(1 for _ in file)
        self.anonymous, self.tables = int(kinds['Anonymous']), tables
        self.descriptors = len(os.listdir(f'/proc/{pid}/fd'))

    def __str__(self):
        return (f'anonymous {self.anonymous} KiB, page tables {self.tables} KiB, {self.mappings} mappings, '
                f'{self.descriptors} descriptors')


def monitor(machine, command):
    """What the monitor answers; Ctrl-A C leads there and back."""
    machine.send('\x01c')
    machine.send_line(command)
    machine.expect(re.escape(command))
    begin = machine.position
    machine.expect(r'\(bmbt\) ')
    text = machine.output[begin:machine.position].replace('\r', '')
    machine.send('\x01c')
    return text


def translator_counts(machine):
    """The lines of `info jit` that tell of growth, shortly."""
    text = monitor(machine, 'info jit')
    wanted = r'^ *((?:bytes in use|evictions of a part of it|ever made|ever created|evicted|Host faults[^0-9]*?)) +(\d+)$'
    return ', '.join(f'{name} {count}' for name, count in re.findall(wanted, text, re.M))


def log_in(machine):
    machine.expect(r'bmbt-guest login: ', 2 * expect.BOOT)
    expect.say(f'  login after {machine.seconds():.1f} s')
    machine.send_line('root')
    machine.expect(r'Password: ')
    machine.send_line('bmbt')
    machine.expect(r'root@bmbt-guest:~# ', expect.BOOT)
    machine.run('dmesg -n 1; bind "set enable-bracketed-paste off"; stty cols 500')


def run_rounds(machine, wanted):
    """Rounds until the time is over; the memory after each."""
    end, number, seen = time.monotonic() + MINUTES * 60, 0, []
    while not seen or time.monotonic() < end:
        number += 1
        before = time.monotonic()
        check_round(results(machine.run(ROUND + ' 2>/dev/null', ROUND_TIMEOUT)), wanted, number)
        seen.append(Memory(machine))
        expect.say(f'  round {number}: {time.monotonic() - before:.0f} s, {seen[-1]}; {translator_counts(machine)}')
    return seen


def check_growth(seen):
    """By the time of the second round all kinds of work have run once."""
    if len(seen) < 3:
        expect.say('  too few rounds to see memory grow')
        return
    first, last = seen[1], seen[-1]
    growth = last.anonymous + last.tables - first.anonymous - first.tables
    expect.say(f'  growth from round 2 to {len(seen)}: {growth} KiB')
    if growth > GROWTH_KIBIBYTES or last.descriptors > first.descriptors + 4:
        raise expect.Failed(f'memory grew from {first} to {last}')


def check_stress(machine):
    """Lets the class in the background come to its end; each must have succeeded."""
    machine.run(f'touch {FOLDER}/stop; while [ ! -e {FOLDER}/stopped ]; do sleep 1; done', STRESS_TIMEOUT)
    begun, succeeded = (int(machine.run(f'grep -cw "{line}" {FOLDER}/stress.log', status=None))
                        for line in ('dispatching hogs', 'successful run completed'))
    expect.say(f'  stress-ng: {succeeded} of {begun} classes succeeded')
    failed = machine.run(f'grep -E -B 70 "fail:|unsuccessful" {FOLDER}/stress.log | grep -v "hash:" | tail -n 150',
                         status=None).strip()
    if failed or begun == 0 or succeeded != begun:
        raise expect.Failed('stress-ng does not tell of success everywhere:\n' + failed)


def check_log(machine):
    wrong = [line for line in machine.run(f'dmesg | grep -E "{WRONG_IN_LOG}"', status=None).splitlines()
             if 'stress-ng' not in line]
    if wrong:
        around = machine.run(f'dmesg | grep -E -B 30 -A 10 "{WRONG_IN_LOG}" | head -n 150', status=None)
        raise expect.Failed('the kernel tells of faults:\n' + '\n'.join(wrong[:30]) + '\nThere:\n' + around)


def check_drift(first, second):
    host, guest, doubt = elapsed(first, second)
    expect.say(f'  clock: {host:.3f} s on the host, {guest:.3f} s in the guest, measured to {doubt:.3f} s')
    if abs(guest - host) > host * TOLERANCE / 10 + doubt + 0.05:
        raise expect.Failed(f'the guest clock is off by {guest - host:+.3f} s in {host:.1f} s')


def run_guest(folder, disk, work, wanted):
    options = ['-nographic', '-m', MEMORY, '-no-reboot', '-hda', disk, '-cdrom', work]  # a second disk might be found first
    with expect.Machine(expect.emulator(*options)) as machine:
        log_in(machine)
        machine.run(f'mkdir {FOLDER} && tar -x -C {FOLDER} -f /dev/sr0 && sync', 300)
        begin = guest_time(machine)
        machine.run(f'setsid sh {FOLDER}/stress.sh {FOLDER} {SECONDS} </dev/null >/dev/null 2>&1 & sleep 1')
        try:
            seen = run_rounds(machine, wanted)
            check_stress(machine)
            check_log(machine)
        except expect.Failed:
            expect.say(machine.run('dmesg | tail -n 60', status=None))
            raise
        check_drift(begin, guest_time(machine))
        check_growth(seen)
        machine.send_line('poweroff')
        machine.expect(r'reboot: Power down', expect.BOOT)
        machine.wait_exit()
    partition = os.path.join(folder, 'partition')
    expect.take_partition(disk, partition)
    expect.host('e2fsck', '-f', '-n', partition)


def test(folder):
    if os.geteuid() != 0:
        raise expect.Skipped('running the guest\'s programs natively by chroot wants root')
    expect.require('debugfs', 'e2fsck', 'chroot', 'tar')
    disk, work = os.path.join(folder, 'disk.img'), os.path.join(folder, 'work.tar')
    expect.host('cp', '--sparse=always', expect.image('debian-load.img'), disk)
    tree = make_tree(folder, disk)
    make_work(tree + FOLDER)
    inside(tree, f'openssl genrsa -out {FOLDER}/key.pem 2048')
    expect.host('tar', '-C', tree + FOLDER, '-b', '256', '-cf', work, *sorted(os.listdir(tree + FOLDER)))
    wanted = results(inside(tree, ROUND))
    if len(wanted) < 20 + len(glob.glob(os.path.join(tree + FOLDER, 'source', 'device', '*', '*.c'))):
        raise expect.Failed(f'natively a round told only {len(wanted)} results')
    shutil.rmtree(tree)
    expect.say(f'  natively: {len(wanted)} results')
    run_guest(folder, disk, work, wanted)


expect.main(test)
