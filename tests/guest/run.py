# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Runs a guest program under an emulator and judges it by what it writes to port E9h.
"""usage: run.py EMULATOR KERNEL MODEL [OPTION...]

EMULATOR is bmbt or qemu-system-i386 (whose TCG fails several checks: it has no segment limits, no T bit, no VME).
"""
import os
import subprocess
import sys
import tempfile


def main():
    emulator, kernel, model, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, 'output')
        command = [emulator, '-cpu', model, '-display', 'none', '-nodefaults', '-no-reboot', '-kernel', kernel,
                   '-debugcon', 'file:' + output, '-device', 'isa-debug-exit,iobase=0xf4,iosize=4'] + options
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=100).returncode
        except subprocess.TimeoutExpired:
            status = 'a timeout'
        text = open(output, errors='replace').read() if os.path.exists(output) else ''
    print(text, end='')
    if 'done: all passed' in text and status == 1:
        return 0
    print(f'ended with {status} (isa-debug-exit gives 1 where all checks passed)')
    return 1


sys.exit(main())
