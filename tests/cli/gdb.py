#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The gdb stub, by packets and by gdb itself: real mode, protected mode, paging.
import os
import re
import shutil
import socket
import subprocess
import threading
import time

from cli import BMBT, ENGINE, TIMEOUT, Monitor, Skipped, boot_sector, check, check_match, main, send_unread, until
import rsp

HERE = os.path.dirname(os.path.abspath(__file__))


class Guest:
    """A machine with gdb_guest.S as its BIOS, stopped before the first instruction."""

    def __init__(self, folder, *options):
        for tool in ('as', 'ld', 'objcopy', 'nm'):
            if not shutil.which(tool):
                raise Skipped(f'{tool} is missing')
        parts = {name: os.path.join(folder, 'guest.' + name) for name in ('o', 'elf', 'bin', 'socket')}
        subprocess.run(['as', '--32', '-o', parts['o'], os.path.join(HERE, 'gdb_guest.S')], check=True)
        subprocess.run(['ld', '-m', 'elf_i386', '-Ttext', '0xf0000', '-e', 'start', '-o', parts['elf'], parts['o']], check=True)
        subprocess.run(['objcopy', '-O', 'binary', parts['elf'], parts['bin']], check=True)
        names = subprocess.run(['nm', parts['elf']], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.symbols = {line.split()[2]: int(line.split()[0], 16) for line in names.splitlines()}
        self.socket = parts['socket']
        self.process = subprocess.Popen([BMBT, *ENGINE, '-display', 'none', '-vga', 'none', '-m', '16', '-bios', parts['bin'], '-S',
                                         '-gdb', 'unix:' + self.socket, *options], stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def __getitem__(self, name):
        return self.symbols[name]

    def connect(self):
        return rsp.Remote(self.socket, TIMEOUT)


def run_to(remote, address, kind=0, length=1):
    """Goes on to a breakpoint; returns the stop reply."""
    remote.breakpoint(address, kind, length)
    remote.go()
    reply = remote.receive()
    remote.breakpoint(address, kind, length, insert=False)
    return reply


def test_real_mode(folder):
    with Guest(folder) as guest:
        remote = guest.connect()
        check_match('^T0[25]', remote.command('?'))
        registers = remote.registers()
        check(registers['eip'] == 0xfff0 and registers['cs'] == 0xf000, f'at reset: {registers}')
        check_match('^T05', remote.step())
        check(remote.registers()['eip'] == 0, f'after the first jump: {remote.registers()}')
        # Breakpoints are linear addresses, EIP is not.
        check_match('^T05', run_to(remote, guest['real_loop']))
        registers = remote.registers()
        check(registers['eip'] == guest['real_loop'] - 0xf0000, f'real_loop: {registers}')
        check(registers['esp'] == 0x7000, 'esp')
        check(remote.memory(0x500, 2) == b'\0\0', 'memory')
        remote.step()
        check(remote.memory(0x500, 2) == b'\1\0', 'memory after a step')
        # Going on from a breakpoint does not stop there again before it has run.
        remote.breakpoint(guest['real_loop'])
        remote.go()
        remote.receive()
        check(remote.memory(0x500, 2) == b'\1\0', 'the second round')
        remote.go()
        remote.receive()
        check(remote.memory(0x500, 2) == b'\2\0', 'the third round')


def test_paged(folder):
    with Guest(folder) as guest:
        remote = guest.connect()
        check(remote.memory(0xc0000010, 4) is None, 'before paging nothing is there')
        check_match('^T05', run_to(remote, guest['protected']))
        registers = remote.registers()
        check(registers['eip'] == guest['protected'] and registers['cs'] == 8, f'protected: {registers}')
        check_match('^T05', run_to(remote, guest['paged_loop']))
        check(remote.memory(0xc0000010, 4) == bytes.fromhex('78563412'), 'paged memory')
        check(remote.memory(0x20010, 4) == bytes.fromhex('78563412'), 'the same at its other address')
        check(remote.memory(0xc0001000, 4) is None, 'a page that is not there')
        check(len(remote.memory(0xc0000ff0, 32)) == 16, 'only a part is there')
        check(remote.command('Qqemu.PhyMemMode:1') == 'OK' and remote.command('qqemu.PhyMemMode') == '1', 'physical mode')
        check(remote.memory(0x20010, 4) == bytes.fromhex('78563412'), 'physical memory')
        check(remote.memory(0xc0000010, 4) is None or remote.memory(0xc0000010, 4) == b'\xff' * 4, 'no RAM there')
        remote.command('Qqemu.PhyMemMode:0')
        check('0000000000000000-0000000000400000 0000000000400000 -rw' in remote.monitor('info mem'), remote.monitor('info mem'))
        check_match('^00000000c0000000: 0000000000020000 ', remote.monitor('info tlb'))
        check(remote.monitor('gva2gpa 0xc0000010').strip() == 'gpa: 0x20010', 'gva2gpa')


def test_write(folder):
    with Guest(folder) as guest:
        remote = guest.connect()
        run_to(remote, guest['second'])
        remote.write_memory(0xc0000020, (41).to_bytes(4, 'little'))
        check(remote.command('Xc0000024,4:abcd') == 'OK', 'X')
        check(remote.memory(0xc0000020, 8) == (41).to_bytes(4, 'little') + b'abcd', 'what was written')
        remote.write_register('eip', guest['paged_loop'])
        remote.step()
        remote.step()
        check(remote.registers()['ebx'] == 42, f'ebx: {remote.registers()}')
        remote.write_register('ebx', 0xdeadbeef)
        remote.write_register('eflags', 0x246)
        registers = remote.registers()
        check(registers['ebx'] == 0xdeadbeef and registers['eflags'] == 0x246, f'{registers}')
        all_registers = remote.command('g')
        check(remote.command('G' + all_registers) == 'OK' and remote.command('g') == all_registers, 'G')
        check(remote.command('p10') == '0000000000000080ff3f', f'st0: {remote.command("p10")}')
        check(remote.command('p18') == '7f030000', f'fctrl: {remote.command("p18")}')
        check(int.from_bytes(bytes.fromhex(remote.command('p2b')), 'little') & 0x80000001 == 0x80000001, 'cr0')
        check(remote.command('pff').startswith('E'), 'a register that is none')
        check(remote.command('M0,4:12').startswith('E'), 'too few digits')
        check(remote.command('m0').startswith('E'), 'm without a length')


def test_watchpoints(folder):
    with Guest(folder) as guest:
        remote = guest.connect()
        run_to(remote, guest['paged_loop'])
        check(run_to(remote, 0xc0000020, kind=2, length=4) == 'T05thread:01;watch:c0000020;', 'watch')
        check(remote.registers()['eip'] == guest['second'], f'after the write: {remote.registers()}')
        check(run_to(remote, 0xc0000020, kind=3, length=4) == 'T05thread:01;rwatch:c0000020;', 'rwatch')
        check(run_to(remote, 0xc0000022, kind=4, length=1).startswith('T05thread:01;awatch:'), 'awatch')
        check(remote.command('Z9,0,1') == '' and remote.command('z0,1234,1') == 'OK', 'odd breakpoints')


def test_interrupt(folder):
    with Guest(folder) as guest:
        remote = guest.connect()
        remote.go()
        time.sleep(0.2)
        check_match('^T02', remote.interrupt())
        address = remote.registers()['eip']
        check(guest['paged_loop'] <= address < guest['paged_loop'] + 16, f'it stopped at {address:x}')
        check('paused' in remote.monitor('info status'), 'info status')
        remote.go()
        time.sleep(0.1)
        remote.close()
        # Another one that comes meets a machine at rest.
        remote = guest.connect()
        check(guest['paged_loop'] <= remote.registers()['eip'] < guest['paged_loop'] + 16, 'after coming again')
        check(remote.command('D') == 'OK', 'detach')


def test_queries(folder):
    with Guest(folder) as guest:
        remote = guest.connect()
        check_match(r'PacketSize=[0-9a-f]+;.*qXfer:features:read\+', remote.command('qSupported:xmlRegisters=i386'))
        text, at = '', 0
        while True:
            part = remote.command(f'qXfer:features:read:target.xml:{at:x},400')
            text += part[1:]
            at += len(part) - 1
            if part[0] == 'l':
                break
        check(text.startswith('<?xml') and text.endswith('</target>') and 'org.gnu.gdb.i386.core' in text, text)
        check(remote.command('qXfer:features:read:other.xml:0,10') == 'E00', 'a file that is none')
        check(remote.command('vMustReplyEmpty') == '' and remote.command('qNoSuch') == '', 'unknown packets')
        check(remote.command('vCont?') == 'vCont;c;C;s;S', 'vCont?')
        check_match('^T05', remote.command('vCont;s:1'))
        check(remote.command('qfThreadInfo') == 'm01' and remote.command('qsThreadInfo') == 'l', 'threads')
        check(remote.command('Hg0') == 'OK' and remote.command('T1') == 'OK' and remote.command('qAttached') == '1', 'H, T')
        check(remote.command('m0,' + 'f' * 15) is not None, 'a very long read')
        check(remote.command('x' * 20000) == 'E22', 'a packet that is too long')
        check(remote.command('qRcmd,' + 'gdbserver none'.encode().hex())[0] == 'O', 'gdbserver by gdb itself')
        check(remote.receive() == 'OK' and len(remote.command('g')) > 64, 'after gdbserver by gdb itself')
        remote.send('k')
        guest.process.wait(TIMEOUT)


def test_bad_checksum(folder):
    with Guest(folder) as guest:
        remote = rsp.Remote.__new__(rsp.Remote)
        end = time.monotonic() + TIMEOUT
        while not os.path.exists(guest.socket):
            check(time.monotonic() < end, 'no socket')
            time.sleep(0.05)
        remote.socket = socket.socket(socket.AF_UNIX)
        remote.socket.connect(guest.socket)
        remote.socket.settimeout(TIMEOUT)
        remote.socket.sendall(b'$qC#00')
        check(remote.socket.recv(1) == b'-', 'a wrong checksum is taken')
        remote.socket.sendall(b'$qC#b4')
        check(remote.socket.recv(1) == b'+', 'a right checksum is not taken')
        data = b''
        while len(data) < 8:
            data += remote.socket.recv(100)
        remote.socket.sendall(b'-')
        again = b''
        while len(again) < 8:
            again += remote.socket.recv(100)
        check(data == again == b'$QC01#f5', f'{data} {again}')


def test_peer_does_not_read(folder):
    """Packets were taken and answered without end; now they wait for a reader, and none is lost."""
    with Guest(folder) as guest:
        remote = guest.connect()
        count, packet = 20000, b'$mfffffff0,10#' + b'%02x' % (sum(b'mfffffff0,10') & 0xff)
        rest = send_unread(remote.socket, packet * count)
        check(len(rest) > len(packet) * count // 4, f'of {count} packets only {len(rest)} bytes are left')
        remote.socket.settimeout(TIMEOUT)
        sender = threading.Thread(target=remote.socket.sendall, args=(rest,))
        sender.start()
        answers = {remote.receive() for _ in range(count)}
        sender.join()
        check(len(answers) == 1, f'answers of many kinds: {answers}')
        check(remote.command('qC') == 'QC01', 'after that')


def test_gdbserver_does_not_wait(folder):
    """A server that waits for somebody, or the connecting of a client, held the whole machine up."""
    path = os.path.join(folder, 'gdb')
    with Monitor('-chardev', f'socket,id=named,path={path}.named,server=on,wait=on') as monitor:
        for where, name in ((f'unix:{path},server=on,wait=on', path), ('chardev:named', path + '.named')):
            check('Waiting for gdb' in monitor.command(f'gdbserver {where}'), where)
            check('running' in monitor.command('info status'), 'it does not run')
            remote = rsp.Remote(name, TIMEOUT)
            check('paused' in monitor.command('info status'), 'gdb does not stop it')
            remote.close()
            monitor.command('cont')


def full_listener():
    """A listening socket that nobody can connect to until somebody is accepted, and who is in its queue."""
    listener, waiting = socket.socket(), []
    listener.bind(('127.0.0.1', 0))
    listener.listen(0)
    for _ in range(4):
        waiting.append(socket.socket())
        waiting[-1].setblocking(False)
        waiting[-1].connect_ex(listener.getsockname())
    return listener, waiting


def test_gdbserver_as_client(folder):
    del folder
    listener, waiting = full_listener()
    port, ours = listener.getsockname()[1], {peer.getsockname() for peer in waiting}
    with Monitor() as monitor, listener:
        for where in (f'tcp:127.0.0.1:{port},server=off', 'none', f'tcp:127.0.0.1:{port},server=off'):
            check(re.search('Waiting|Disabled', monitor.command(f'gdbserver {where}')), where)
            check('running' in monitor.command('info status'), 'it does not run')
        for peer in waiting:
            peer.close()
        listener.settimeout(TIMEOUT)
        while (accepted := listener.accept())[1] in ours:
            accepted[0].close()
        with accepted[0] as peer:
            until(lambda: 'paused' in monitor.command('info status'), 'gdb does not stop it')
            peer.settimeout(TIMEOUT)
            peer.sendall(b'$qC#b4')
            check(peer.recv(1) == b'+', 'nobody answers')
        listener.close()
        monitor.command('cont')
        monitor.send(f'gdbserver tcp:127.0.0.1:{port},server=off\n')
        monitor.expect('[Cc](annot|ould not).*Connection refused')
        check('running' in monitor.command('info status'), 'it does not run')


def test_pty_shared_with_serial(folder):
    """A client that came at a byte of the guest's stopped it for good: the processor waited for itself."""
    disk = boot_sector(folder, 'ba f803 b0 78 ee eb fd')  # x to COM1, for ever
    with Monitor('-hda', disk, '-chardev', 'pty,id=both,mux=on', '-serial', 'chardev:both', '-gdb', 'chardev:both') as monitor:
        monitor.expect('char device redirected to ')
        name = monitor.expect(r' \(label serial0\)')
        for _ in range(3):
            time.sleep(0.5)
            check('running' in monitor.command('info status'), 'not running')
            client = os.open(name, os.O_RDWR | os.O_NOCTTY)
            until(lambda: 'paused' in monitor.command('info status'), 'gdb does not stop it')
            monitor.command('cont')
            check(b'x' in os.read(client, 100), 'the serial port is silent')
            os.close(client)


def test_gdb(folder):
    if not shutil.which('gdb'):
        raise Skipped('gdb is missing')
    with Guest(folder) as guest:
        end = time.monotonic() + TIMEOUT
        while not os.path.exists(guest.socket):
            check(time.monotonic() < end, 'no socket')
            time.sleep(0.05)
        commands = [f'file {folder}/guest.elf', f'target remote {guest.socket}', 'break *paged_loop', 'continue',
                    'x/xw 0xc0000010', 'stepi', 'print $ebx', 'print $st0', 'info registers eip', 'delete', 'watch *(int*)0xc0000020',
                    'continue', 'continue', 'monitor info status', 'kill']
        arguments = ['gdb', '-nx', '-batch']
        for command in commands:
            arguments += ['-ex', command]
        result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                timeout=TIMEOUT, check=False, text=True)
        out = result.stdout
        check_match(r'Breakpoint 1, .*paged_loop', out)
        check_match(r'0xc0000010:\s+0x12345678', out)
        check_match(r'\$2 = 1$', out)
        check_match(r'eip +0x[0-9a-f]+ +.*<second>', out)
        check(len(re.findall(r'^New value = ', out, re.M)) == 2, out)
        check_match(r'VM status: paused', out)
        guest.process.wait(TIMEOUT)


if __name__ == '__main__':
    main()
