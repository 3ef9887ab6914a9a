# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What was measured: one figure is one line of the table, with its samples at each place.
import math
import statistics


class Figure:
    """`better` is 'less' (times, sizes) or 'more' (rates)."""

    def __init__(self, group, name, what, unit, better='less', family=None, tags=()):
        self.group, self.name, self.what, self.unit, self.better = group, name, what, unit, better
        self.family, self.tags = family or name, frozenset(tags)
        self.values, self.details, self.notes, self.failed = {}, {}, [], set()

    def add(self, place, value, detail=None):
        self.values.setdefault(place, []).append(value)
        if detail is not None:
            self.details.setdefault(place, []).append(detail)

    def fail(self, place, reason):
        """A place that could not run it: said once, and its goal is missed when there is no other sample."""
        if place not in self.failed:
            self.failed.add(place)
            self.note(f'{place} failed: {str(reason)[:160]}')

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def median(self, place):
        return statistics.median(self.values[place]) if self.values.get(place) else None

    def against(self, place, reference):
        """How many times as good as at the reference; None where one is missing."""
        value, other = self.median(place), self.median(reference)
        if not value or not other:
            return None
        return other / value if self.better == 'less' else value / other

    def as_json(self):
        return {'group': self.group, 'what': self.what, 'unit': self.unit, 'better': self.better, 'family': self.family,
                'tags': sorted(self.tags), 'notes': self.notes,
                'median': {place: self.median(place) for place in self.values},
                'samples': {place: self.details.get(place) or values for place, values in self.values.items()}}


def geometric_mean(numbers):
    return math.exp(statistics.fmean(math.log(number) for number in numbers))


def family_means(figures, place, reference):
    """{family: mean ratio}: each family counts once, however many sizes it has."""
    families = {}
    for figure in figures:
        ratio = figure.against(place, reference)
        if ratio:
            families.setdefault(figure.family, []).append(ratio)
    return {family: geometric_mean(ratios) for family, ratios in families.items()}


def group_mean(figures, place, reference):
    means = family_means(figures, place, reference)
    return geometric_mean(means.values()) if means else None
