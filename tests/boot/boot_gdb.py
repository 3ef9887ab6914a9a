#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# gdb on a running Linux: a breakpoint by symbol address, registers, paged memory, single steps, watchpoint, continue.
import os
import re
import subprocess
import sys
import time

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


def by_packets(machine, remote, address):
    """What gdb does, packet by packet."""
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


def by_gdb(machine, socket, address):
    """gdb itself, in batch mode."""
    commands = ['set architecture i386', f'target remote {socket}', f'break *0x{address:x}', 'continue', 'info registers eip cs',
                'x/2xw $esp', 'stepi', 'x/i $pc', 'delete', 'detach']
    arguments = [expect.find_program('gdb'), '-nx', '-batch']
    for command in commands:
        arguments += ['-ex', command]
    gdb = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        time.sleep(2)
        machine.send_line('sync; echo again')
        out, _ = gdb.communicate(timeout=expect.COMMAND * expect.SCALE)
    finally:
        if gdb.poll() is None:
            gdb.kill()
            gdb.wait()
    check(re.search(rf'^Breakpoint 1, 0x{address:08x} in', out, re.M), 'gdb did not stop at the breakpoint:\n' + out)
    check(re.search(rf'^eip +0x{address:x} ', out, re.M) and re.search(r'^=> 0x[0-9a-f]+:', out, re.M), out)
    machine.expect('^again')


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
        by_packets(machine, remote, address)
        remote.close()
        # The machine stays at rest until somebody lets it go on; gdb does.
        if expect.find_program('gdb'):
            by_gdb(machine, socket, address)
        else:
            remote = rsp.Remote(socket, expect.COMMAND * expect.SCALE)
            remote.command('D')
        expect.power_off(machine)


expect.main(test)
