# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The machine group: starts of firmware and systems, device accesses, interrupts, bare programs.
import os
import statistics
import time

import bochs
from build import bare_image, native_integer
from emulator import Emulator, KERNEL_LINE
from figures import Figure
from native import run_lines
from programs import say
from settings import Failed, GUEST, LIMIT, OUT
from size import memory_beyond_ram

PIT_TICK = 1 / 1193182
BARE = ['-m', '128', '-vga', 'std', '-device', 'isa-debug-exit,iobase=0x501,iosize=1']

FIGURES = {
    'machine.sector': ('SeaBIOS to boot sector', 's', 'less', ()),
    'machine.init': ("Debian's kernel to init", 's', 'less', ()),
    'machine.login': ('Debian with systemd to login', 's', 'less', ()),
    'machine.port-read': ('port reads', '/s', 'more', ('access',)),
    'machine.port-write': ('port writes', '/s', 'more', ('access',)),
    'machine.mmio-read': ('device memory reads', '/s', 'more', ('access',)),
    'machine.mmio-write': ('device memory writes', '/s', 'more', ('access',)),
    'machine.timer-idle': ('timer interrupt, halted', 's', 'less', ()),
    'machine.timer-busy': ('timer interrupt, computing', 's', 'less', ()),
    'machine.integer': ('integer program without Linux', 's', 'less', ()),
    'machine.services': ("SeaBIOS's services", 's', 'less', ()),
}


def make_figures():
    return {name: Figure('machine', name, what, unit, better, tags=tags)
            for name, (what, unit, better, tags) in FIGURES.items()}


class Bare:
    """One run of a bare program, from its start to its last result. Moments are less what others on the host took away."""

    def __init__(self, lines, started, results, waited=lambda: 0):
        self.started, self.words = started, []
        deadline = time.monotonic() + LIMIT
        while results:
            line = lines.next(deadline)
            if line is None:
                raise Failed(f'{lines.who} ended before the result')
            moment, text = line
            words = text.split()
            # A display library may leave something before the words.
            for keyword in ('begin', 'ticks', 'result'):
                if keyword in words[-2:]:
                    lost = waited() if keyword != 'ticks' else 0
                    self.words.append((moment - lost, keyword, words[-1]))
            results -= bool(words) and 'result' in words[-2:]

    def spans(self):
        """{name: (moment of its beginning, seconds, result)}"""
        spans, name, began = {}, None, 0
        for moment, keyword, value in self.words:
            if keyword == 'begin':
                name, began = value, moment
            elif keyword == 'result':
                spans[name] = began, moment - began, int(value, 16)
        return spans

    def ticks(self):
        ticks, name = {}, None
        for _, keyword, value in self.words:
            if keyword == 'begin':
                name = value
            elif keyword == 'ticks':
                ticks.setdefault(name, []).append(int(value, 16))
        return ticks


def run_bare(kind, image, results=1):
    if isinstance(kind, bochs.Kind):
        with bochs.running(image) as (lines, started):
            return Bare(lines, started, results)
    machine = Emulator(kind, [*BARE, *kind.drive(image, 'snapshot=on')], '-debugcon')
    try:
        return Bare(machine.lines, machine.started, results, machine.waited)
    finally:
        machine.close()


def measure_sector(kind, add):
    run = run_bare(kind, bare_image('services', 0))
    add('machine.sector', run.words[0][0] - run.started)


def measure_access(kind, add):
    for name, (_, seconds, count) in run_bare(kind, bare_image('access'), 4).spans().items():
        add(f'machine.{name}', count / seconds)


def measure_latency(kind, add):
    for name, ticks in run_bare(kind, bare_image('latency'), 2).ticks().items():
        ticks.sort()
        value = statistics.median(ticks) * PIT_TICK
        add(f'machine.timer-{name}', value, {'value': value, 'worst': ticks[-1] * PIT_TICK,
                                             'ninety-nine of a hundred': ticks[len(ticks) * 99 // 100] * PIT_TICK})


def measure_loops(kind, add):
    for name, rounds in (('integer', 1000), ('services', 20000)):
        add(f'machine.{name}', run_bare(kind, bare_image(name, rounds)).spans()[name][1] / rounds)


def measure_native_loops(add):
    rounds = 10000
    with run_lines([native_integer(rounds)]) as (lines, waited):
        add('machine.integer', Bare(lines, 0, 1, waited).spans()['integer'][1] / rounds)


def measure_init(kind, add):
    machine = Emulator(kind, ['-m', '256', '-no-reboot', '-kernel', os.path.join(GUEST, 'vmlinuz'), '-initrd',
                              os.path.join(OUT, 'init.gz'), '-append', KERNEL_LINE + ' rdinit=/bench/init'])
    try:
        add('machine.init', machine.wait_for('bench: init runs'))
    finally:
        machine.close()


def measure_login(kind, add, with_size):
    disk = os.path.join(GUEST, 'debian.img')
    if not os.path.exists(disk):
        raise Failed(f'{disk} is missing; make it as root with tools/make-debian-disk')
    machine = Emulator(kind, ['-m', '512', *kind.drive(disk, 'snapshot=on')])
    try:
        add('machine.login', machine.wait_for('login: '))
        if with_size:
            value, parts = memory_beyond_ram(machine.child.pid, 512)
            add('size.memory', value, dict(parts, value=value))
    finally:
        machine.close()


def _try(figures, names, kind, measure, keep):
    def add(name, value, detail=None):
        if keep and name in figures:
            figures[name].add(kind.name, value, detail)
    try:
        measure(kind, add)
    except Failed as error:
        say(f'{names[0]} on {kind.name}: {error}')
        for name in names:
            if name in figures:
                figures[name].fail(kind.name, error)


def plan(figures):
    """(function, the figures that it fills, most rounds)"""
    steps = [(measure_sector, ['machine.sector'], 9),
             (measure_access, [f'machine.{name}' for name in ('port-read', 'port-write', 'mmio-read', 'mmio-write')], 5),
             (measure_latency, ['machine.timer-idle', 'machine.timer-busy'], 3),
             (measure_loops, ['machine.integer', 'machine.services'], 3),
             (measure_init, ['machine.init'], 3),
             (lambda kind, add: measure_login(kind, add, 'size.memory' in figures), ['machine.login', 'size.memory'], 2)]
    return [step for step in steps if any(name in figures for name in step[1])]


BOCHS_CAN = (measure_sector, measure_loops)


def measure(figures, kinds, with_native, rounds):
    """Fills the figures. What takes long is done in fewer rounds; the first is discarded where there are several."""
    for number in range(rounds + 1):
        for function, names, most in plan(figures):
            discarded = number == 0 and most > 2
            if not (discarded or 0 < number <= most):
                continue
            say(f'{names[0]}: round {number} of {min(most, rounds)}')
            for kind in kinds:
                if not isinstance(kind, bochs.Kind) or function in BOCHS_CAN:
                    _try(figures, names, kind, function, not discarded)
            if function is measure_loops and with_native and 'machine.integer' in figures:
                measure_native_loops(lambda name, value: number and figures[name].add('native', value))
