#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The monitor: its commands, its line editor, and its place beside the serial port.
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

from cli import BMBT, ENGINE, TIMEOUT, Failed, Monitor, boot_sector, check, check_match, main, read, send_unread, until

HALT = 'fa f4 eb fd'
# Read a key, write its ASCII code to isa-debug-exit.
READ_KEY = '31c0 cd16 ba0105 ee f4'


def test_status(folder):
    del folder
    with Monitor('-S', '-name', 'Ada', '-uuid', '550e8400-e29b-41d4-a716-446655440000') as monitor:
        check('VM status: paused (prelaunch)' in monitor.command('info status'), 'not in prelaunch')
        monitor.command('c')
        check('VM status: running' in monitor.command('info status'), 'not running')
        monitor.command('stop')
        check(monitor.command('info status') == 'VM status: paused\n', 'not paused')
        monitor.command('cont')
        check('VM status: running' in monitor.command('info status'), 'not running again')
        check(monitor.command('info name') == 'Ada\n', 'info name')
        check(monitor.command('info uuid') == '550e8400-e29b-41d4-a716-446655440000\n', 'info uuid')
        check_match(r'^\d+\.\d+', monitor.command('info version'))
        monitor.send('quit\n')
        monitor.wait(0)


def test_quit_loses_no_output(folder):
    """More than pipes and queues hold, behind which the program ends."""
    del folder
    done = subprocess.run([BMBT, *ENGINE, '-display', 'none', '-monitor', 'stdio', '-S'], input=b'x/40000i 0\nquit\n',
                          stdout=subprocess.PIPE, timeout=TIMEOUT, check=True)
    check(done.stdout.count(b'\n0x') == 40000, f'{done.stdout.count(b"0x")} lines of 40000 came')
    check(done.stdout.endswith(b'(bmbt) quit\r\n(bmbt) '), f'ends with {done.stdout[-40:]}')


def test_peer_does_not_read(folder):
    """Commands were taken and answered without end; now they wait for a reader, and none is lost."""
    path = os.path.join(folder, 'socket')
    count, line = 60000, b'info registers\n'
    with Monitor('-S', monitor=('-monitor', f'unix:{path},server=on,wait=off')), socket.socket(socket.AF_UNIX) as peer:
        until(lambda: os.path.exists(path), 'no socket')
        peer.connect(path)
        rest = send_unread(peer, line * count + b'quit\n')
        check(len(rest) > len(line) * count // 4, f'of {count} commands only {len(rest)} bytes are left')
        sender = threading.Thread(target=lambda: (peer.settimeout(TIMEOUT), peer.sendall(rest)))
        sender.start()
        answers, tail = 0, b''
        while data := peer.recv(65536):
            answers += (tail + data).count(b'EIP=') - tail.count(b'EIP=')
            tail = data[-3:]
        sender.join()
        check(answers == count, f'{answers} answers to {count} commands')


def test_reset_state(folder):
    """What a processor shows before its first instruction: SDM 3A table 9-1."""
    del folder
    with Monitor('-S') as monitor:
        registers = monitor.command('info registers')
        check_match(r'^EIP=0000fff0 EFL=00000002', registers)
        check_match(r'^CS =f000 ffff0000 0000ffff 00009300', registers)
        check_match(r'^CR0=60000010 ', registers)
        check_match(r'^IDT=     00000000 0000ffff', registers)
        check('PG disabled' in monitor.command('info mem'), 'info mem')
        check('PG disabled' in monitor.command('info tlb'), 'info tlb')


def test_expressions(folder):
    del folder
    with Monitor('-S') as monitor:
        for text, answer in (('p 1+2*3', '7'), ('p (1+2)*3', '9'), ('p/x -1', '0xffffffffffffffff'), ('p/x 0xf0|0x0f', '0xff'),
                             ("p 'A'", '65'), ("p/c 65", "'A'"), ('p/o 8', '010'), ('p 7/2', '3'), ('p 7%4', '3'),
                             ('p/x $cs', '0xf000'), ('p/x $pc', '0xfffffff0'), ('p ~0 & 0xff', '255'), ('print/d 5-7', '-2'),
                             ('p 1/0', 'division by zero'), ('p', 'unexpected end of expression'),
                             ('p $nosuch', 'unknown register'), ('p (1', "')' expected")):
            check(monitor.command(text) == answer + '\n', f'{text}: {monitor.output}')


def test_memory(folder):
    del folder
    with Monitor('-S') as monitor:
        check_match(r'^0xfffffff0:  ea 5b e0 00 f0 .*0xf000.*0xe05b', monitor.command('x/i 0xfffffff0'))
        check(monitor.command('xp/2xb 0xfffffff0') == '00000000fffffff0: 0xea 0x5b\n', 'xp/2xb')
        check(monitor.command('x/1xw 0xfffffff0') == 'fffffff0: 0x00e05bea\n', 'x/1xw')
        # Format and size stay from one command to the next.
        check_match(r'^fffffffc: 0x[0-9a-f]{8}$', monitor.command('x 0xfffffffc'))
        check_match(r'^00000000fffffff0: +234 +91$', monitor.command('xp/2ub 0xfffffff0'))
        check_match(r'^00000000fffffff0: +-22 ', monitor.command('xp/2db 0xfffffff0'))
        check_match(r'^00000000fffffff0: 0352 0133$', monitor.command('xp/2ob 0xfffffff0'))
        check_match(r"^00000000fffffff0: '\\xea' '\['$", monitor.command('xp/2c 0xfffffff0'))
        check('Cannot access memory' in monitor.command('xp/xw 0xf00000000'), 'nothing is there')
        check('invalid char in format' in monitor.command('x/3q 0'), 'format')


def test_save(folder):
    path = os.path.join(folder, 'rom')
    with Monitor('-S') as monitor:
        check(monitor.command(f'pmemsave 0xfffff000 4096 {path}') == '', 'pmemsave')
        rom = read(path)
        check(len(rom) == 4096 and rom[0xff0] == 0xea, 'the BIOS is not there')
        check(monitor.command(f'memsave 0xfffffff0 16 "{path}"') == '' and read(path) == rom[-16:], 'memsave')
        check('expression' in monitor.command('pmemsave 0 x y'), 'a size that is none')
        check('Error' in monitor.command('memsave 0 16 /nonexistent/file'), 'a file that cannot be')


def test_ports(folder):
    del folder
    with Monitor('-S', '-rtc', 'base=2001-02-03T04:05:06') as monitor:
        for index, value in ((9, 0x01), (8, 0x02), (7, 0x03)):
            monitor.command(f'o/b 0x70 {index}')
            check(monitor.command('i/b 0x71') == f'portb[0x0071] = 0x{value:02x}\n', 'the date')
        check_match(r'^portl\[0x0cfc\] = 0x12378086$', monitor.command('o/w 0xcf8 0x80000000') + monitor.command('i/w 0xcfc'))


def test_info(folder):
    disk = boot_sector(folder, HALT)
    with Monitor('-S', '-hda', disk) as monitor:
        check_match(rf'^ide0-hd0: {re.escape(disk)} \(raw\)$', monitor.command('info block'))
        check_match(r'^ide1-cd0: \[not inserted\]$', monitor.command('info block'))
        check_match(r'Host bridge: PCI device 8086:1237', monitor.command('info pci'))
        check_match(r'VGA controller: PCI device 1234:1111', monitor.command('info pci'))
        check_match(r'^serial0: filename=null$', monitor.command('info chardev'))
        tree = monitor.command('info mtree')
        check_match(r'^  0000000000000000-00000000000[9ab]ffff \(prio 0, ram\): pc.ram', tree)
        check_match(r'^  00000000fffc0000-00000000ffffffff .*: pc.bios', tree)
        check_match(r'^  0000000000000cf8-', tree)
        check_match(r'pic|irr=', monitor.command('info pic'))
        check_match(r'^IRQ statistics', monitor.command('info irq'))
        check_match(r'CPU #0', monitor.command('info cpus'))
        check_match(r'bios-256k.bin', monitor.command('info roms'))
        check_match(r'^pc.ram .*0x0000000008000000$', monitor.command('info ramblock'))
        check("unknown command: 'info foo'" in monitor.command('info foo'), 'info foo')
        check("unknown command: 'foo'" in monitor.command('foo'), 'foo')
        check_match(r'^info registers -- ', monitor.command('help info'))
        check_match(r'^cont\|c', monitor.command('help'))
        check_match(r'^stop\|s', monitor.command('help s'))
        check_match(r"^\d+: 'help s'$", monitor.command('info history'))


def test_media(folder):
    first, second = boot_sector(folder, HALT, 'first'), boot_sector(folder, HALT, 'second')
    with Monitor('-S', '-cdrom', first, '-hda', second) as monitor:
        check(first in monitor.command('info block'), 'the first medium')
        check(monitor.command('eject ide1-cd0') == '', 'eject')
        check('[not inserted]' in monitor.command('info block'), 'still there')
        check('Error' in monitor.command('change ide1-cd0 /nonexistent'), 'change to nothing')
        check('Error' in monitor.command('eject ide0-hd0'), 'a hard disk cannot be ejected')
        check('Error' in monitor.command('eject tape0'), 'no such drive')


def test_line_editor(folder):
    del folder
    with Monitor('-S') as monitor:
        monitor.expect(r'^\(bmbt\) ')
        monitor.send('info stax\x7ftus\r')
        monitor.expect('VM status')
        monitor.send('nfo\x01i\x05 na\x08\x08status\r')
        monitor.expect('VM status')
        monitor.send('\x1b[A\r')
        monitor.expect('VM status')
        monitor.send('info sta\t\r')
        monitor.expect('VM status')
        monitor.send('system_p\t\x15info p\t')
        monitor.expect('pci +pic')
        monitor.send('\x03quux\x17info status\r')
        monitor.expect('VM status')
        monitor.send('x' * 5000 + '\x15info status\r')
        monitor.expect('VM status')
        monitor.send('\x1b[999~\x1bOH\x1b[F\x00\x1b' + 'info status\r')
        monitor.expect(r'\(bmbt\) ')


def test_sendkey(folder):
    disk = boot_sector(folder, READ_KEY)
    for keys, code in (('a', 0x61), ('shift-a', 0x41), ('ctrl-a', 1), ('ret', 0x0d)):
        with Monitor('-hda', disk, '-device', 'isa-debug-exit') as monitor:
            check('invalid parameter' in monitor.command('sendkey nosuchkey'), 'a key that is none')
            end = time.monotonic() + TIMEOUT
            # Again until the guest listens.
            while monitor.process.poll() is None and time.monotonic() < end:
                try:
                    monitor.send(f'sendkey {keys}\n')
                except BrokenPipeError:
                    break
                time.sleep(0.3)
            # Keys pressed before SeaBIOS listens may have been lost, but no others come.
            monitor.wait((code << 1 | 1) & 0xff)


def test_screendump(folder):
    path = os.path.join(folder, 'screen')
    with Monitor() as monitor:
        def text_mode():
            check(monitor.command(f'screendump {path}.ppm') == '', 'screendump')
            return read(path + '.ppm').startswith(b'P6\n720 400\n255\n')
        until(text_mode, 'no text mode comes')
        check(len(read(path + '.ppm')) == 15 + 720 * 400 * 3, 'the size of the picture')
        check(monitor.command(f'screendump {path}.png -f png') == '', 'screendump to PNG')
        png = read(path + '.png')
        check(png.startswith(b'\x89PNG') and struct.unpack('>II', png[16:24]) == (720, 400), 'no PNG of 720x400')
        check(monitor.command('screendump /nonexistent/file') != '', 'a file that cannot be')


def test_endings(folder):
    power_off = boot_sector(folder, 'ba0406 b80020 ef f4', 'off')
    reset = boot_sector(folder, 'b0fe e664 f4 ebfd', 'reset')
    debug_exit = boot_sector(folder, 'ba0105 b021 ee f4', 'exit')
    with Monitor('-hda', power_off) as monitor:
        monitor.wait(0)
    with Monitor('-hda', reset, '-no-reboot') as monitor:
        monitor.wait(0)
    with Monitor('-hda', debug_exit, '-device', 'isa-debug-exit,iobase=0x501,iosize=2') as monitor:
        monitor.wait(0x43)
    with Monitor('-hda', power_off, '-no-shutdown') as monitor:
        until(lambda: 'shutdown' in monitor.command('info status'), 'it does not stop')
        check('Error' in monitor.command('cont'), 'a machine that is off goes on')


def test_sleep(folder):
    """In S3 no instruction is executed; memory stays; the power button and a reset wake."""
    # 1234h to 602h, sleep type 1 and enable to PM1 control, then count at 600h. 5678h at 604h: it has slept already, and
    # only counts.
    disk = boot_sector(folder, '31c0 8ed8 c70600060000 813e04067856 7413 c70604067856 c70602063412 ba0406 b80024 ef '
                               'ff060006 ebfa')
    for wake in ('system_wakeup', 'system_powerdown', 'system_reset'):
        with Monitor('-hda', disk) as monitor:
            until(lambda: '0x1234' in monitor.command('xp/xh 0x602'), 'the guest does not come that far')
            time.sleep(0.2)
            before = monitor.command('info cpus')
            check_match(': 0x000[01]$', monitor.command('xp/xh 0x600'))
            monitor.command('stop')
            monitor.command('cont')
            check(monitor.command('info cpus') == before, 'it does not sleep')
            check(monitor.command(wake) == '', wake)
            until(lambda: monitor.command('info cpus') != before, 'it does not wake')
            if wake == 'system_reset':
                check('Error' in monitor.command('system_wakeup'), 'it sleeps still')


def test_shared_with_serial(folder):
    disk = boot_sector(folder, HALT)
    with Monitor('-hda', disk, '-nographic', monitor=(), display=()) as monitor:
        monitor.send('\x01h')
        monitor.expect('C-a x')
        monitor.send('\x01c')
        monitor.expect(r'^\(bmbt\) ')
        check('running' in monitor.command('info status'), 'not running')
        monitor.send('\x01c\x01x')
        monitor.expect('Terminated')
        monitor.wait(0)


def on_terminal(end, status):
    """The terminal's settings are what they were, however bmbt ended."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen([BMBT, *ENGINE, '-nographic'], stdin=slave, stdout=slave, stderr=slave)
    try:
        end_at = time.monotonic() + TIMEOUT
        while termios.tcgetattr(slave)[3] & termios.ICANON:
            check(time.monotonic() < end_at, 'the terminal does not become raw')
            time.sleep(0.05)
        end(process, master)
        try:
            found = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise Failed('bmbt does not end') from None
        check(found in status, f'ended with status {found}')
        check(termios.tcgetattr(slave) == before, 'the terminal is not as it was')
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def until_it_runs(master):
    """The processor's thread has its own signal handlers from before its first instruction."""
    output = b''
    os.write(master, b'\x01c')
    end = time.monotonic() + TIMEOUT
    while not re.search(rb'EIP=(?!0000fff0)', output):
        check(time.monotonic() < end, f'the guest does not run: {output}')
        os.write(master, b'info registers\r')
        if select.select([master], [], [], 0.2)[0]:
            output += os.read(master, 65536)


def test_terminal_restored(folder):
    del folder
    on_terminal(lambda process, master: os.write(master, b'\x01x'), (0,))
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        on_terminal(lambda process, master, n=number: process.send_signal(n), (0, -number))
    def fault(process, master):
        until_it_runs(master)
        process.send_signal(signal.SIGSEGV)
    # 1: a sanitizer that bmbt is built with has a handler of its own.
    on_terminal(fault, (-signal.SIGSEGV, 1))


def test_log(folder):
    path, other = os.path.join(folder, 'log'), os.path.join(folder, 'other')
    with Monitor('-d', 'int,in_asm', '-D', path) as monitor:
        until(lambda: os.path.exists(path) and b'ea 5b e0' in read(path), 'no disassembly')
        check(monitor.command(f'logfile {other}') == '' and monitor.command('log guest_errors') == '', 'log')
        check("no category 'foo'" in monitor.command('log foo'), 'log foo')
        check_match(r'^in_asm ', monitor.command('log help'))
        check(monitor.command('log none') == '' and os.path.exists(other), 'log none')


def test_daemon(folder):
    path = os.path.join(folder, 'pid')
    subprocess.run([BMBT, *ENGINE, '-display', 'none', '-daemonize', '-pidfile', path], timeout=TIMEOUT, check=True)
    process = int(read(path))
    os.kill(process, signal.SIGTERM)
    until(lambda: not os.path.exists(path), 'the file with the process number stays')


if __name__ == '__main__':
    main()
