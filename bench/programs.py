# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Runs the user and system groups: natively and in guests that are booted once, in interleaved rounds.
import contextlib
import sys

import emulator
from figures import Figure
from native import Native
from settings import Failed

# The guest's clock is the host's: what it says may differ by the way of a line over the serial port, no more.
CLOCK_ERROR, CLOCK_SHARE = 0.05, 0.05


def say(text):
    print(text, file=sys.stderr, flush=True)


def show_progress(text):
    """Where somebody watches: what runs now, on one line."""
    if sys.stderr.isatty():
        print(f'\r{text:60}\r', end='', file=sys.stderr, flush=True)


class Places:
    """Where programs run. A guest that failed is booted anew before the next program."""

    def __init__(self, kinds, disk, with_native, setup, profiler=None):
        self.kinds, self.disk, self.setup = {kind.name: kind for kind in kinds}, disk, setup
        self.profiler = profiler
        self.running = {'native': Native()} if with_native else {}
        self.given_up = {}

    def names(self):
        return list(self.running) + [name for name in self.kinds if name not in self.running]

    def boot_missing(self):
        """All at the same time: they have two processors to share, and most of a boot is not measured."""
        missing = [kind for name, kind in self.kinds.items() if name not in self.running and name not in self.given_up]
        for kind in missing:
            self.running[kind.name] = emulator.Guest(kind, self.disk)
        for kind in missing:
            try:
                self.running[kind.name].boot()
                self.running[kind.name].prepare(self.setup)
                say(f'{kind.name}: Linux is up')
            except Failed as error:
                say(f'{kind.name} does not boot: {error}')
                self.given_up[kind.name] = str(error)
                self.drop(kind.name)

    def watching(self, name, program):
        if self.profiler and name not in ('native', 'qemu'):
            return self.profiler.watching(self.running[name].machine, program.short)
        return contextlib.nullcontext()

    def check(self, name):
        """After a failure: a guest that no longer answers is replaced."""
        if name != 'native' and not self.running[name].answers():
            self.drop(name)
            self.boot_missing()

    def drop(self, name):
        self.running.pop(name).close()

    def close(self):
        for name in list(self.running):
            self.drop(name)


def _figure_of(program, figures):
    if program.name not in figures:
        figures[program.name] = Figure(program.group, program.name, program.what, program.unit,
                                       'more' if program.rate else 'less', program.family, program.tags)
    return figures[program.name]


def _check(figure, place, sample, expected):
    if sample.checksum != expected.setdefault(figure.name, sample.checksum):
        figure.note(f'{place} computes {sample.checksum}, not {expected[figure.name]}')
    if abs(sample.clock_error()) > CLOCK_ERROR + CLOCK_SHARE * sample.host_elapsed:
        figure.note(f'{place}: {sample.elapsed / 1e9:.3f} s by its own clock, {sample.host_elapsed:.3f} s by the host\'s')


def _take(places, name, program, milliseconds, figure, expected, keep):
    if name in places.given_up:
        figure.fail(name, 'Linux did not boot')
        return
    try:
        with places.watching(name, program):
            sample = places.running[name].run(program.words(milliseconds))
        value = program.rate(sample) if program.rate else sample.seconds_a_unit() / sample.operations
    except Failed as error:
        say(f'{program.name} on {name}: {str(error)[:300]}')
        figure.fail(name, error)
        places.check(name)
        return
    _check(figure, name, sample, expected)
    if keep:
        figure.add(name, value, dict(sample.as_json(), value=value))


def measure(figures, chosen, places, rounds, milliseconds, only_user=()):
    """Fills the figures, by name. The first round warms up and is discarded.

    Places in only_user run the user group alone."""
    expected = {}
    try:
        places.boot_missing()
        for number in range(rounds + 1):
            say(f'programs: round {number} of {rounds}' + (' (discarded)' if number == 0 else ''))
            for done, program in enumerate(chosen):
                show_progress(f'{program.name} ({done + 1} of {len(chosen)})')
                for name in places.names():
                    if name in only_user and program.group != 'user' or name == 'native' and not program.native:
                        continue
                    _take(places, name, program, milliseconds, _figure_of(program, figures), expected, number > 0)
    finally:
        places.close()
