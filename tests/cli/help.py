#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What bmbt tells about itself, and that the reference of options has them all.
import os
import re

from cli import TOP, check, check_match, main, run


def test_version(folder):
    del folder
    out, _ = run('-version')
    with open(os.path.join(TOP, 'meson.build'), encoding='utf-8') as file:
        version = check_match(r"version: '([0-9.]+)'", file.read())[1]
    check(out == f'bmbt version {version}\n', out)
    check(run('--version')[0] == out, '--version differs')


def test_help(folder):
    del folder
    out, _ = run('-help')
    check(run('-h')[0] == out and run('--help')[0] == out, 'the ways to ask for help differ')
    for option in ('kernel', 'initrd', 'append', 'hda', 'cdrom', 'drive', 'boot', 'bios', 'm', 'snapshot', 'no-reboot',
                   'no-shutdown', 'S', 'rtc', 'name', 'nodefaults', 'machine', 'version', 'device', 'nographic', 'serial',
                   'monitor', 'display', 's', 'gdb', 'd', 'D', 'debugcon', 'cpu', 'accel', 'perfmap'):
        check_match(rf'^  -{option}( |$)', out)
    check(max(map(len, out.split('\n'))) < 160, 'a line of the help is very long')
    check('QEMU' in out, 'scripts that want QEMU do not know bmbt')


def test_lists(folder):
    del folder
    check_match(r'^pc ', run('-machine', 'help')[0])
    check(run('-M', '?')[0] == run('-machine', 'help')[0], 'the ways to ask for machines differ')
    engines = run('-accel', 'help')[0]
    check(run('-machine', 'pc,accel=help')[0] == engines, 'the ways to ask for engines differ')
    for line in (r'interp ', r'jit ', r'mmu=auto\|host\|soft ', r'thread-hold=N ', r'tb-size=N ', *(
            name + r'=on\|off ' for name in ('chain', 'lookup', 'targets', 'origins', 'return-stack', 'fpu', 'rewrite'))):
        check_match('^' + line, engines)
    check_match(r'core2duo', run('-cpu', 'help')[0])
    for category in ('int', 'in_asm', 'op', 'out_asm'):
        check_match(f'^{category} ', run('-d', 'help')[0])
    # Scripts of test suites look for names in quotes.
    for name in ('isa-debug-exit', 'isa-debugcon', 'pc-testdev', 'pci-testdev'):
        check_match(f'^name "{name}", bus (ISA|PCI), desc ', run('-device', '?')[0])
    check(run('-device', 'help')[0] == run('-device', '?')[0], 'the ways to ask for devices differ')
    check_match(r'membar=', run('-device', 'pci-testdev,help')[0])
    check_match(r'iobase=', run('-device', 'isa-debugcon,help')[0])
    check_match(r'no properties', run('-device', 'VGA,help')[0])
    check_match(r'^curses ', run('-display', 'help')[0])
    check_match(r'^std ', run('-vga', 'help')[0])
    check_match(r'^socket ', run('-chardev', 'help')[0])


def test_reference(folder):
    """docs/options.md has a heading or an entry for each option."""
    del folder
    with open(os.path.join(TOP, 'src/control/options.inc'), encoding='utf-8') as file:
        names = re.findall(r'^OPTION\("([^"]+)"', file.read(), re.M)
    with open(os.path.join(TOP, 'docs/options.md'), encoding='utf-8') as file:
        reference = file.read()
    missing = [name for name in names if not re.search(rf'`-{re.escape(name)}[ `]', reference)]
    check(len(names) > 40 and not missing, f'docs/options.md lacks: {missing}')
    with open(os.path.join(TOP, 'src/control/monitor_commands.inc'), encoding='utf-8') as file:
        text = file.read()
    commands = [name.split('|')[0] for name in re.findall(r'^COMMAND\("([^"]+)"', text, re.M)]
    commands += ['info ' + name for name in re.findall(r'^INFO\("([^"]+)"', text, re.M)]
    missing = [name for name in commands if not re.search(rf'`{re.escape(name)}[` /]', reference)]
    check(not missing, f'docs/options.md lacks the commands: {missing}')


def test_accel_reference(folder):
    """docs/options.md has each property of -accel."""
    del folder
    with open(os.path.join(TOP, 'docs/options.md'), encoding='utf-8') as file:
        reference = file.read()
    names = re.findall(r'^([a-z-]+)=', run('-accel', 'help')[0], re.M)
    missing = [name for name in names if f'`{name}=' not in reference]
    check(len(names) > 7 and not missing, f'docs/options.md lacks: {missing}')


if __name__ == '__main__':
    main()
