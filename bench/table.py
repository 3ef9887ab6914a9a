# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The table on the terminal: values, ratios, the goal beside each line and whether it was reached.
from figures import group_mean
from goals import NATIVE, QEMU, group_goals, line_goals

TITLES = {'user': 'user: programs without the kernel', 'system': 'system: the kernel at work',
          'machine': 'machine: the emulated PC', 'size': 'size'}
SCALES = {'s': [(1, 's'), (1e-3, 'ms'), (1e-6, 'us'), (1e-9, 'ns')],
          '/s': [(1e9, 'G/s'), (1e6, 'M/s'), (1e3, 'k/s'), (1, '/s')],
          'B/s': [(1e9, 'GB/s'), (1e6, 'MB/s'), (1e3, 'kB/s')], 'MiB': [(1, 'MiB')]}


def readable(value, unit):
    if value is None:
        return '-'
    scales = SCALES[unit]
    scale, name = next((pair for pair in scales if value >= pair[0]), scales[-1])
    return f'{value / scale:.3g} {name}'


def ratio(value):
    return '-' if value is None else f'{value:.3f}' if value < 0.1 else f'{value:.2f}'


def mark(goals):
    return ', '.join(f"{goal.text()} {'reached' if goal.reached else 'MISSED'}" for goal in goals)


class Table:
    def __init__(self, figures, roles):
        """roles: {place: which goals it has}, of bmbt's places alone."""
        self.figures, self.roles, self.goals = list(figures), roles, []
        self.rows = []

    def _place_cells(self, figure, place):
        return [readable(figure.median(place), figure.unit), ratio(figure.against(place, NATIVE)),
                ratio(figure.against(place, QEMU))]

    def _line(self, figure):
        cells = [figure.name, figure.what, readable(figure.median(NATIVE), figure.unit),
                 readable(figure.median(QEMU), figure.unit), ratio(figure.against(QEMU, NATIVE))]
        marks = []
        for place, role in self.roles.items():
            cells += self._place_cells(figure, place)
            goals = line_goals(figure, place) if role == 'main' else []
            self.goals += goals
            marks += goals
        return cells + [mark(marks)]

    def _mean_line(self, group):
        members = [figure for figure in self.figures if figure.group == group]
        cells = [f'{group} mean', 'geometric, a family once', '', '', ratio(group_mean(members, QEMU, NATIVE))]
        for place in self.roles:
            cells += ['', ratio(group_mean(members, place, NATIVE)), ratio(group_mean(members, place, QEMU))]
        return cells + ['']

    def _goal_lines(self, group):
        lines = []
        for place, role in self.roles.items():
            for goal in group_goals(self.figures, group, place, role) if role else []:
                self.goals.append(goal)
                lines.append(f'  {goal.name}, {place}: {goal.value:.2f} {goal.unit}, goal {mark([goal])}')
        return lines

    def _header(self):
        cells = ['', '', 'native', 'QEMU', 'x native']
        for place in self.roles:
            cells += [place, 'x native', 'x QEMU']
        return cells + ['goal']

    def _group_text(self, group):
        members = [figure for figure in self.figures if figure.group == group]
        rows = [self._header()] + [self._line(figure) for figure in members]
        if group in ('user', 'system'):
            rows.append(self._mean_line(group))
        widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
        text = [TITLES[group]]
        for row in rows:
            cells = [cell.ljust(width) if n < 2 or n == len(row) - 1 else cell.rjust(width)
                     for n, (cell, width) in enumerate(zip(row, widths))]
            text.append(('  ' + '  '.join(cells)).rstrip())
        notes = [f'  note: {figure.name}: {note}' for figure in members for note in figure.notes]
        return '\n'.join(text + self._goal_lines(group) + notes)

    def text(self):
        groups = [group for group in TITLES if any(figure.group == group for figure in self.figures)]
        parts = [self._group_text(group) for group in groups]
        missed = [goal for goal in self.goals if not goal.reached]
        if self.goals:
            parts.append('\n  '.join([f'{len(self.goals) - len(missed)} of {len(self.goals)} goals reached']
                                     + [f'missed: {goal.name}, {goal.place}: {goal.value:.2f}, goal {goal.text()}'
                                        for goal in missed]))
        return '\n\n'.join(parts)
