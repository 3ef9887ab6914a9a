# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# One run of one program: what it said, and what the host's clock says beside it.
import time

import settings
from settings import Failed


class Sample:
    def __init__(self, name, words):
        self.name = name
        self.checksum = words[0]
        self.units, self.elapsed, self.operations, self.waited = map(int, words[1:5])
        self.host_elapsed = 0
        self.output = []

    def seconds_a_unit(self):
        """Without what other programs on the host took away."""
        return max(self.elapsed - self.waited, self.elapsed // 10) / self.units / 1e9

    def undisturbed(self):
        """What a rate that the program itself computed is to be multiplied with."""
        return self.elapsed / max(self.elapsed - self.waited, self.elapsed // 10)

    def clock_error(self):
        """How far the guest's clock is from the host's, seconds."""
        return self.elapsed / 1e9 - self.host_elapsed

    def as_json(self):
        return {'seconds': self.seconds_a_unit(), 'units': self.units, 'elapsed': self.elapsed / 1e9,
                'waited': self.waited / 1e9, 'host_elapsed': self.host_elapsed}


def take_sample(lines, is_last, host_waited=None):
    """Reads a program's lines up to the one for which is_last(text) holds. host_waited() tells nanoseconds."""
    deadline, began, waited, sample, output = time.monotonic() + settings.RUN_LIMIT, 0, 0, None, []
    while True:
        line = lines.next(deadline)
        if line is None or is_last(line[1]):
            break
        moment, text = line
        words = text.split()
        if words[:1] == ['begin'] and len(words) == 2:
            began, waited = moment, host_waited() if host_waited else 0
        elif words[:1] == ['end'] and len(words) == 7:
            sample = Sample(words[1], words[2:])
            sample.host_elapsed = moment - began
            if host_waited:
                sample.waited = host_waited() - waited
        else:
            output.append(text)
    if not sample:
        raise Failed(f'{lines.who}: the program did not end well; it said {output[-5:]}')
    sample.output = output
    return sample
