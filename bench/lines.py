# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Lines from a pipe with the moment at which each came.
import os
import select
import time

from settings import Failed


class Lines:
    """Reads a descriptor; what it said last is kept for messages."""

    def __init__(self, descriptor, who):
        self.descriptor, self.who = descriptor, who
        self.pending, self.recent, self.ended = b'', [], False

    def _fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
            raise Failed(f'{self.who}: nothing more came in time; the last lines were {self.recent[-6:]}')
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:     # the other side of a pseudo-terminal is closed
            data = b''
        self.ended = not data
        self.pending += data

    def next(self, deadline):
        """(moment, text) of the next line; None at the end."""
        while b'\n' not in self.pending and not self.ended:
            self._fill(deadline)
        moment = time.monotonic()
        line, separator, self.pending = self.pending.partition(b'\n')
        if not line and not separator:
            return None
        text = line.decode('latin-1').rstrip('\r')
        self.recent = self.recent[-20:] + [text]
        return moment, text

    def until(self, wanted, seconds):
        """The moment at which WANTED came, be it in the middle of a line."""
        deadline = time.monotonic() + seconds
        wanted = wanted.encode()
        while wanted not in self.pending:
            if self.ended:
                raise Failed(f'{self.who} ended before it said {wanted}; the last was {self.pending[-600:]!r}')
            self._fill(deadline)
            self.recent = self.pending[-2000:].decode('latin-1').splitlines()
        moment = time.monotonic()
        self.pending = self.pending.partition(wanted)[2]
        return moment
