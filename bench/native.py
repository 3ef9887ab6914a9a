# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The host's own processor as a place where programs run.
import contextlib
import os
import shutil
import subprocess
import tempfile

from lines import Lines
from sample import take_sample
from settings import ENVIRONMENT, OUT


@contextlib.contextmanager
def run_lines(command):
    """Another program's lines, and a function that tells how many seconds it waited for a processor."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=ENVIRONMENT) as child:
        def waited():
            with open(f'/proc/{child.pid}/schedstat', encoding='ascii') as file:
                return int(file.read().split()[1]) / 1e9
        yield Lines(child.stdout.fileno(), 'the host'), waited


class Native:
    """Programs lie in OUT/root, as they lie in /bench in a guest."""
    name = 'native'
    root = os.path.join(OUT, 'root')
    packages = os.path.join(OUT, 'packages')

    def __init__(self):
        # The files program wants a file system in memory, as the guests' /tmp is.
        memory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix='bmbt-bench-', dir=memory)

    def run(self, command):
        command = [word.replace('@', self.root).replace('%p', self.packages) for word in command]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=ENVIRONMENT, cwd=self.folder) as child:
            return take_sample(Lines(child.stdout.fileno(), 'the host'), lambda text: False)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
