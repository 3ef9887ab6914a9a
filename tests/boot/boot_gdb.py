#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The gdb stub and a running Linux, packet by packet: a breakpoint by symbol address, registers, paged memory, single steps, watchpoint, continue.
import os
import re
import sys

import expect

sys.path.insert(0, os.path.join(expect.TOP, 'tests', 'compare'))
import rsp  # noqa: E402

OPTIONS = ['-nographic', '-m', '256', '-no-reboot']


def check(condition, message):
    if not condition:
        raise expect.Failed(message)


def symbol(machine, name):
    text = machine.run(f"grep -w '{name}$' /proc/kallsyms")
    match = re.search(r'^([0-9a-f]{8}) [tT] ', text, re.M)
    check(match and int(match[1], 16) > 0xc0000000, f'no address of {name}: {text}')
    return int(match[1], 16)


def debug(machine, remote, address):
    check(remote.registers()['cs'] & 0xfff8 in (0x60, 0x70), 'neither kernel nor user code is running')
    remote.breakpoint(address)
    remote.go()
    machine.send_line('sync; echo synced')
    check(remote.receive().startswith('T05'), 'no stop at the breakpoint')
    registers = remote.registers()
    check(registers['eip'] == address and registers['cs'] == 0x60, f'stopped elsewhere: {registers}')
    code, stack = remote.memory(address, 16), remote.memory(registers['esp'], 4)
    check(code is not None and any(code), 'the code cannot be read')
    check(stack is not None and int.from_bytes(stack, 'little') > 0xc0000000, f'no return address on the stack: {stack}')
    check(remote.memory(0x10, 4) is None, 'page 0 can be read')
    check(f'0x{address:08x}:' in remote.monitor(f'x/2i 0x{address:x}'), 'no disassembly')
    before = registers['eip']
    for _ in range(20):
        check(remote.step().startswith('T05'), 'a step does not end')
        after = remote.registers()['eip']
        check(after != before, 'a step does not move on')
        before = after
    remote.breakpoint(address, insert=False)
    # The return address is read by RET.
    remote.breakpoint(registers['esp'], kind=3, length=4)
    remote.go()
    check(remote.receive().startswith(f'T05thread:01;rwatch:{registers["esp"]:x};'), 'the watchpoint is not met')
    remote.breakpoint(registers['esp'], kind=3, length=4, insert=False)
    remote.go()
    machine.expect('^synced')
    check(remote.interrupt().startswith('T02'), 'no stop by Ctrl-C')


def test(folder):
    if expect.WITH_QEMU:
        raise expect.Skipped('this is about the gdb stub of bmbt')
    socket = os.path.join(folder, 'gdb')
    options = OPTIONS + ['-gdb', 'unix:' + socket, '-kernel', expect.image('vmlinuz'), '-initrd', expect.image('initrd.gz'),
                         '-append', 'console=ttyS0 nokaslr quiet']
    with expect.Machine(expect.emulator(*options)) as machine:
        expect.wait_for_shell(machine)
        address = symbol(machine, 'ksys_sync')
        remote = rsp.Remote(socket, expect.COMMAND * expect.SCALE)
        debug(machine, remote, address)
        remote.close()
        # The machine stays at rest until somebody comes and lets it go on.
        remote = rsp.Remote(socket, expect.COMMAND * expect.SCALE)
        check(remote.command('D') == 'OK', 'no detach')
        expect.power_off(machine)


expect.main(test)
