# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What the machine tests share: the boot tests' helpers, and a look at a process's CPU time.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'boot'))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'compare'))

import expect  # noqa: E402


def boot_options(memory, *more, append=''):
    return ['-nographic', '-m', str(memory), '-no-reboot', '-kernel', expect.image('vmlinuz'),
            '-initrd', expect.image('initrd.gz'), '-append', ('console=ttyS0 ' + append).strip()] + list(more)


def cpu_seconds(pid):
    """User and system time that a process has used."""
    with open(f'/proc/{pid}/stat', encoding='ascii') as file:
        fields = file.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
