# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What an emulator did while a program ran: perf's samples of its process, and bmbt's counters before and after.
import contextlib
import os
import shutil
import signal
import subprocess
import time


class Profiler:
    """Leaves FOLDER/PLACE-PROGRAM.perf for `perf report -i` and FOLDER/PLACE-PROGRAM.counters."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    @contextlib.contextmanager
    def watching(self, machine, program):
        base = os.path.join(self.folder, f'{machine.name}-{program}')
        before = machine.monitor('info jit')
        recorder = None
        for ending in ('.perf', '.counters'):
            with contextlib.suppress(FileNotFoundError):
                os.remove(base + ending)
        if shutil.which('perf'):
            recorder = subprocess.Popen(['perf', 'record', '-q', '-e', 'cpu-clock', '-F', '1999', '-o', base + '.perf', '-p',
                                         str(machine.child.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.3)     # it has to attach
        try:
            yield
        finally:
            if recorder:
                recorder.send_signal(signal.SIGINT)
                recorder.wait()
            if machine.child.poll() is None:
                with open(base + '.counters', 'w', encoding='latin-1') as file:
                    file.write(f'-- before\n{before}\n-- after\n{machine.monitor("info jit")}\n')
