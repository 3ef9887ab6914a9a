# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The figures to reach, and which of them were.
from figures import family_means, group_mean

NATIVE, QEMU = 'native', 'qemu'


class Goal:
    """`value` has to be at least `wanted`, or at most with at_most."""

    def __init__(self, name, place, value, wanted, unit, at_most=False):
        self.name, self.place, self.value, self.wanted, self.unit = name, place, value, wanted, unit
        self.at_most = at_most
        self.reached = value <= wanted if at_most else value >= wanted

    def text(self):
        sign = '<=' if self.at_most else '>='
        return f'{sign} {self.wanted:g} {self.unit}'

    def as_json(self):
        return {'name': self.name, 'place': self.place, 'value': self.value, 'goal': self.text(), 'reached': self.reached}


def role_of(options):
    """Which goals a way of calling bmbt has: 'main', 'soft', or None for the executor alone."""
    if 'interp' in options:
        return None
    return 'soft' if 'mmu=soft' in options else 'main'


LINE_GOALS = {'user': (NATIVE, 0.45, 'x native'), 'system': (QEMU, 1.0, 'x QEMU'), 'access': (QEMU, 1.0, 'x QEMU'),
              'machine.init': (QEMU, 4.0, 'x QEMU'), 'machine.login': (QEMU, 4.0, 'x QEMU')}
MEMORY = 64     # MiB


def line_goals(figure, place):
    """The goals of one line. What the place failed at is missed."""
    failed = place in figure.failed and not figure.values.get(place)
    if figure.name == 'size.memory':
        value = float('inf') if failed else figure.median(place)
        return [Goal(figure.name, place, value, MEMORY, 'MiB', at_most=True)] if value else []
    keys = [key for key in (figure.name, figure.group, *figure.tags) if key in LINE_GOALS]
    if not keys:
        return []
    reference, wanted, unit = LINE_GOALS[keys[0]]
    value = 0 if failed else figure.against(place, reference)
    return [Goal(figure.name, place, value, wanted, unit)] if value is not None else []


def _mean_goal(goals, name, place, value, wanted, unit):
    if value:
        goals.append(Goal(name, place, value, wanted, unit))


def group_goals(figures, group, place, role):
    """The goals of a group's means."""
    members, goals = [figure for figure in figures if figure.group == group], []
    mean = group_mean(members, place, QEMU)
    if group == 'user' and role == 'soft':
        _mean_goal(goals, 'user mean', place, mean, 2, 'x QEMU')
    elif group == 'user':
        _mean_goal(goals, 'user mean', place, group_mean(members, place, NATIVE), 0.80, 'x native')
        _mean_goal(goals, 'user mean', place, mean, 4, 'x QEMU')
        floats = [figure for figure in members if 'float' in figure.tags]
        _mean_goal(goals, 'floating point mean', place, group_mean(floats, place, NATIVE), 0.90, 'x native')
        moves = [figure for figure in members if 'moves' in figure.tags]
        for family, value in family_means(moves, place, NATIVE).items():
            _mean_goal(goals, f'{family} mean', place, value, 0.85, 'x native')
    elif group == 'system' and role == 'main':
        _mean_goal(goals, 'system mean', place, mean, 3, 'x QEMU')
    return goals
