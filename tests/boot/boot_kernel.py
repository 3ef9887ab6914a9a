#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Debian's kernel and a busybox initrd by -kernel: shell, ACPI, APIC, HPET, PAE, no warning of its own, power-off.
import os
import re

import expect

# Linux measures the TSC against the PIT and the HPET and gives up when the host keeps the emulator waiting: whether
# these lines come depends on the host's load, under QEMU as well.
LOAD_DEPENDENT = re.compile(r'^tsc: (Unable to calibrate against PIT|Fast TSC calibration failed)|'
                            r"^(clocksource: )?timekeeping watchdog|^clocksource: .*(watchdog|'tsc'|retried)", re.I)
OPTIONS = ['-nographic', '-m', '256', '-no-reboot']


def boot(with_qemu):
    """Boots, looks around and powers off; returns what was seen."""
    options = OPTIONS + ['-kernel', expect.image('vmlinuz'), '-initrd', expect.image('initrd.gz'),
                         '-append', 'console=ttyS0']
    with expect.Machine(expect.emulator(*options, with_qemu=with_qemu)) as machine:
        expect.wait_for_shell(machine)
        seen = {
            'release': machine.run('uname -r'),
            'flags': machine.run('grep -m1 ^flags /proc/cpuinfo'),
            'interrupts': machine.run('cat /proc/interrupts'),
            'tables': machine.run('ls /sys/firmware/acpi/tables'),
            'clocks': machine.run('cat /sys/devices/system/clocksource/clocksource0/available_clocksource'),
            'cmdline': machine.run('cat /proc/cmdline'),
            'jobs': machine.run('sleep 30 & jobs; kill %1'),
            'log': machine.run('dmesg -r'),
        }
        expect.power_off(machine)
    return seen


def check(condition, message):
    if not condition:
        raise expect.Failed(message)


def check_seen(seen):
    check('686-pae' in seen['release'], 'this is not the PAE kernel: ' + seen['release'])
    check(re.search(r'\bpae\b', seen['flags']), 'the CPU shows no PAE')
    check(re.search(r'\bapic\b', seen['flags']), 'the CPU shows no APIC')
    check('console=ttyS0' in seen['cmdline'], '-append did not arrive: ' + seen['cmdline'])
    check('sleep 30' in seen['jobs'], 'the shell has no job control: ' + seen['jobs'])
    for table in ('APIC', 'DSDT', 'FACP', 'HPET'):
        check(table in seen['tables'], f'Linux has no ACPI table {table}')
    check('IO-APIC' in seen['interrupts'], 'no interrupt goes through the I/O APIC:\n' + seen['interrupts'])
    local = re.search(r'LOC:\s+(\d+)', seen['interrupts'])
    check(local and int(local[1]) > 0, 'the local APIC timer did not tick:\n' + seen['interrupts'])
    check('hpet' in seen['clocks'], 'the HPET is no clock source: ' + seen['clocks'])
    check(re.search(r'hpet0: at MMIO', seen['log']), 'the log shows no HPET')
    check('ACPI: Interpreter enabled' in seen['log'], 'the log shows no ACPI interpreter')


def warnings(log):
    """The log's lines of level `warning` and worse, with their numbers taken out."""
    lines = set()
    for level, text in re.findall(r'^<(\d+)>\[[ .\d]+\] (.*)$', log, re.M):
        if int(level) & 7 <= 4 and not LOAD_DEPENDENT.match(text):
            text = re.sub(r'0x[0-9a-f]+|\b[0-9a-f]{8,}\b', 'X', text)
            lines.add(re.sub(r'\d+', 'N', text))
    return lines


def qemu_warnings(folder):
    """What QEMU's guest warns of; kept beside the images, as it changes only with kernel and QEMU."""
    expect.require(expect.QEMU[0])
    with open(expect.image('kernel-version'), encoding='ascii') as file:
        key = file.read().strip() + ' under ' + expect.host(expect.QEMU[0], '--version').split('\n')[0]
    cache = os.path.join(expect.GUEST, 'qemu-warnings')
    if os.path.exists(cache):
        with open(cache, encoding='utf-8') as file:
            lines = file.read().split('\n')
        if lines[0] == key:
            return set(lines[1:])
    found = warnings(boot(with_qemu=True)['log'])
    temporary = os.path.join(folder, 'warnings')
    with open(temporary, 'w', encoding='utf-8') as file:
        file.write('\n'.join([key] + sorted(found)))
    os.replace(temporary, cache)
    return found


def test(folder):
    seen = boot(expect.WITH_QEMU)
    check_seen(seen)
    own = warnings(seen['log']) - qemu_warnings(folder)
    check(not own, 'the guest warns of what it does not under QEMU:\n' + '\n'.join(sorted(own)))


expect.main(test)
