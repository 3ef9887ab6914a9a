#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# gdb itself: a breakpoint in the kernel by symbol address, registers, paged memory, single steps, going on.
import os
import re
import subprocess

from surroundings import boot_options, expect

SYMBOL = 'vfs_read'
CALLER = 'ksys_read'
CALLER_SIZE = 0x200


def gdb(socket, *commands):
    expect.require('gdb')
    arguments = ['gdb', '-nx', '-batch', '-ex', 'set architecture i386', '-ex', 'set pagination off',
                 '-ex', f'target remote {socket}']
    for command in commands:
        arguments += ['-ex', command]
    result = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, timeout=300 * expect.SCALE, check=False)
    return result.stdout


def check(condition, message, output):
    if not condition:
        raise expect.Failed(f'{message}; gdb said:\n{output}')


def test(folder):
    socket = os.path.join(folder, 'gdb')
    options = boot_options(128, '-gdb', f'unix:{socket},server=on,wait=off', append='nokaslr')
    with expect.Machine(expect.emulator(*options)) as machine:
        expect.wait_for_shell(machine)
        symbols = machine.run(f"grep -E ' ({SYMBOL}|{CALLER}|_etext)$' /proc/kallsyms")
        address = {name: int(value, 16) for value, name in re.findall(r'^([0-9a-f]{8}) \w (\w+)$', symbols, re.M)}
        # Something that reads once a second (busybox cat would use sendfile).
        machine.run('while :; do read line < /proc/uptime; sleep 1; done & echo')
        output = gdb(socket, f'break *{address[SYMBOL]:#x}', 'continue', 'info registers', 'x/4i $eip',
                     'printf "return to %#x\\n", *(unsigned *)$esp', 'stepi', 'stepi', 'stepi',
                     'printf "after steps %#x\\n", $eip', 'delete', 'detach')
        check('Breakpoint 1, ' in output, f'no stop at {SYMBOL}', output)
        eip = re.search(r'^eip\s+0x([0-9a-f]+)', output, re.M)
        check(eip and int(eip[1], 16) == address[SYMBOL], 'EIP is not the breakpoint', output)
        check(re.search(r'^cs\s+0x60', output, re.M), "CS is not the kernel's", output)
        back = re.search(r'return to 0x([0-9a-f]+)', output)
        check(back and 0 < int(back[1], 16) - address[CALLER] < CALLER_SIZE,
              f'the stack, read through paging, does not lead back to {CALLER}', output)
        check(re.search(rf'=> {address[SYMBOL]:#x}', output), 'no code at the breakpoint', output)
        after = re.search(r'after steps 0x([0-9a-f]+)', output)
        check(after and 0 < (int(after[1], 16) - address[SYMBOL]) & 0xffffffff, 'three steps went nowhere', output)
        machine.run('kill %1')
        check('ok' in machine.run('echo ok'), 'the guest did not go on', output)
        expect.power_off(machine)


expect.main(test)
