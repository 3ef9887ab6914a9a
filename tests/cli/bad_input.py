#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What cannot be: each gives one clear line and status 1, or the hardware's answer.
import os
import re
import resource
import signal
import struct

from cli import TIMEOUT, Monitor, boot_sector, check, main, read, refused, until, write


def test_memory_size(folder):
    del folder
    refused(r'^bmbt: -m 0: ', '-m', '0')
    refused(r'^bmbt: -m 5T: .*63 GiB', '-m', '5T')
    refused(r'^bmbt: -m abc: .*number', '-m', 'abc')
    refused(r'^bmbt: -m 64X: .*number', '-m', '64X')
    refused(r'^bmbt: -m -1: .*number', '-m', '-1')
    refused(r'^bmbt: -m 99999999999999999999: ', '-m', '99999999999999999999')
    refused(r'^bmbt: -m: needs an argument', '-m')
    refused(r"^bmbt: -m slots=2: .*'slots'", '-m', 'slots=2')


def test_unknown_options(folder):
    del folder
    refused(r'^bmbt: -nographics: .*-nographic\?', '-nographics')
    refused(r'^bmbt: --kernal: .*-kernel\?', '--kernal', 'x')
    refused(r'^bmbt: -cdrm: .*-cdrom\?', '-cdrm', 'x')
    refused(r'^bmbt: -x+: unknown option', '-' + 'x' * 500)


def test_option_values(folder):
    del folder
    refused(r'-M q35: .*pc', '-M', 'q35')
    refused(r'-machine pc,accel=kvm: ', '-machine', 'pc,accel=kvm')
    refused(r'-enable-kvm: .*no KVM', '-enable-kvm')
    refused(r'-cpu 8086: .*core2duo', '-cpu', '8086')
    refused(r'-cpu max,\+avx: .*avx', '-cpu', 'max,+avx')
    refused(r'-smp 2: .*1 processor', '-smp', '2')
    refused(r"-boot z: .*'z'", '-boot', 'z')
    refused(r'-boot order=cc: .*twice', '-boot', 'order=cc')
    refused(r'-boot menu=maybe: .*on or off', '-boot', 'menu=maybe')
    refused(r'-rtc base=tomorrow: .*utc', '-rtc', 'base=tomorrow')
    refused(r'-rtc base=9673-01-31: .*2261', '-rtc', 'base=9673-01-31')
    refused(r'-rtc base=1000-01-31: .*1678', '-rtc', 'base=1000-01-31')
    refused(r'-rtc clock=sun: .*host', '-rtc', 'clock=sun')
    refused(r'-uuid 12: ', '-uuid', '12')
    refused(r'-vga cirrus: .*std', '-vga', 'cirrus')
    refused(r'-display gtk: .*curses', '-display', 'gtk')
    refused(r"-d everything: .*'everything'.*-d help", '-d', 'everything')
    refused(r'-D /nonexistent/log: .*No such file', '-D', '/nonexistent/log')
    refused(r'-device isa-debugcom: .*isa-debugcon\?', '-device', 'isa-debugcom')
    refused(r"-device isa-debug-exit,iobas=1: .*'iobas'", '-device', 'isa-debug-exit,iobas=1')
    refused(r'-device isa-debug-exit,iobase=0x10000: .*65535', '-device', 'isa-debug-exit,iobase=0x10000')
    refused(r'-device isa-debugcon: .*chardev=', '-device', 'isa-debugcon')
    refused(r'-device pci-testdev,membar=5000: .*power of two', '-device', 'pci-testdev,membar=5000')
    refused(r"-device pc-testdev,iobase=1: .*'iobase'", '-device', 'pc-testdev,iobase=1')
    refused(r'-vnc :0: .*none', '-vnc', ':0')
    refused(r'-pidfile /nonexistent/pid: .*No such file', '-pidfile', '/nonexistent/pid')
    refused(r'-daemonize and -nographic', '-daemonize', '-nographic')


def test_log_filters(folder):
    del folder
    for text in ('nonsense', '0x10', '0x10..', '0x10.0x20', '0x20..0x10', '0x10+0', '1+-1', '-1..2', '0x10..0x20x', '5-7', '0x1ffffffffffffffff+1'):
        refused(rf"-dfilter {re.escape(text)}: '{re.escape(text)}' is not FIRST\.\.LAST, START\+SIZE or END-SIZE", '-dfilter', text)
    refused(r'-dfilter .*there may be 16 ranges', '-dfilter', ','.join(['1..2'] * 17))


def test_engines(folder):
    del folder
    refused(r'-accel kvm: .*accel=jit', '-accel', 'kvm')
    refused(r'-accel hvf: .*accel=jit and accel=interp', '-accel', 'hvf')
    refused(r'-accel accel=: .*accel=jit', '-accel', 'accel=')
    refused(r'-machine pc,accel=hvf: .*accel=jit', '-machine', 'pc,accel=hvf')
    refused(r'-accel jit,mmu=nonsense: mmu=nonsense: .*auto, host and soft', '-accel', 'jit,mmu=nonsense')
    refused(r'-accel jit,mmu: .*auto, host and soft', '-accel', 'jit,mmu')
    refused(r'-accel jit,thread-hold=0: .*at least 1', '-accel', 'jit,thread-hold=0')
    refused(r'-accel jit,thread-hold=-1: .*number', '-accel', 'jit,thread-hold=-1')
    refused(r'-accel jit,thread-hold=1000001: .*1000000', '-accel', 'jit,thread-hold=1000001')
    refused(r'-accel jit,thread-hold=soon: .*number', '-accel', 'jit,thread-hold=soon')
    refused(r'-accel jit,tb-size=0: .*1 to 1024 MiB', '-accel', 'jit,tb-size=0')
    refused(r'-accel jit,tb-size=99999: .*1 to 1024 MiB', '-accel', 'jit,tb-size=99999')
    refused(r'-accel jit,tb-size=big: .*number', '-accel', 'jit,tb-size=big')
    refused(r'-accel jit,tb-size: .*MiB', '-accel', 'jit,tb-size')
    for switch in ('chain', 'lookup', 'targets', 'origins', 'return-stack', 'fpu', 'rewrite'):
        refused(rf'-accel jit,{switch}=maybe: .*on or off', '-accel', f'jit,{switch}=maybe')
    refused(r"-accel jit,speed=high: .*'speed'.*-accel help", '-accel', 'jit,speed=high')
    for text in ('mmu=soft', 'thread-hold=5', 'tb-size=2', 'chain=off', 'speed=high'):
        refused(rf'-accel interp,{text}: .*no properties', '-accel', 'interp,' + text)
    refused(r'-perfmap .*-accel interp', '-accel', 'interp', '-perfmap')


def test_connections(folder):
    refused(r'-serial foo: .*stdio', '-serial', 'foo')
    refused(r'-serial file:/nonexistent/x: .*No such file', '-serial', 'file:/nonexistent/x')
    refused(r'-serial chardev:x: .*id=x', '-serial', 'chardev:x')
    refused(r'-monitor stdio: .*serial0', '-display', 'none', '-serial', 'stdio', '-monitor', 'stdio')
    refused(r'-chardev tape,id=x: .*tape', '-chardev', 'tape,id=x')
    refused(r'-chardev null: .*id=', '-chardev', 'null')
    refused(r'-chardev null,id=x: .*twice', '-chardev', 'null,id=x', '-chardev', 'null,id=x')
    refused(r'-debugcon chardev:x: .*0x80 already', '-chardev', 'null,id=x', *['-device', 'isa-debugcon,iobase=0x80,chardev=x'] * 2)
    refused(r'-device isa-debugcon.*at most 4', '-chardev', 'null,id=x',
            *[word for n in range(5) for word in ('-device', f'isa-debugcon,iobase={n},chardev=x')])
    refused(r'-monitor chardev:x: .*in use', '-display', 'none', '-chardev', 'null,id=x', '-serial', 'chardev:x',
            '-monitor', 'chardev:x')
    refused(r'-serial unix:.*: ', '-display', 'none', '-serial', f'unix:{folder}/nobody')
    refused(r'-serial null: .*4 serial ports', *['-serial', 'null'] * 5)


def test_images(folder):
    empty = write(folder, 'empty', b'')
    disk = write(folder, 'disk', bytes(1 << 20))
    for option in '-hda', '-hdd', '-cdrom':
        refused(rf'^bmbt: {option} .*does not exist', '-display', 'none', option, folder + '/none')
        refused(rf'^bmbt: {option} .*directory', '-display', 'none', option, folder)
    refused(r'^bmbt: -hda .*empty', '-display', 'none', '-hda', empty)
    refused(r'^bmbt: -drive .*does not exist', '-display', 'none', '-drive', f'file={folder}/none,format=raw')
    refused(r'^bmbt: -drive file=x,if=scsi: .*ide', '-drive', 'file=x,if=scsi')
    refused(r'^bmbt: -drive file=x,format=qcow2: .*raw', '-drive', 'file=x,format=qcow2')
    refused(r'^bmbt: -drive file=x,index=4: .*3', '-drive', 'file=x,index=4')
    refused(r'^bmbt: -drive media=disk: .*file=', '-drive', 'media=disk')
    refused(r'^bmbt: -drive .*taken by -hda', '-hda', disk, '-drive', f'file={disk},index=0')
    refused(r'^bmbt: -hdb .*twice', '-display', 'none', '-hda', disk, '-hdb', disk)
    if os.getuid() != 0:
        os.chmod(disk, 0)
        refused(r'^bmbt: -hda .*[Pp]ermission', '-display', 'none', '-hda', disk)


def test_truncated_image(folder):
    """The odd tail of an image reads as zeros: the guest sees whole sectors."""
    path = write(folder, 'odd', bytes.fromhex('fa f4 eb fd').ljust(510, b'\0') + b'\x55\xaa' + b'abc')
    with Monitor('-S', '-hda', path) as monitor:
        found = monitor.command('info block')
        check('Size:             1024 bytes' in found, found)


def test_locked_image(folder):
    disk = write(folder, 'disk', bytes(1 << 20))
    with Monitor('-S', '-hda', disk) as monitor:
        monitor.expect(r'\(bmbt\) ')
        refused(rf'-hda .*\b{monitor.process.pid}\b', '-display', 'none', '-hda', disk)
        # For reading, beside a writer, neither.
        refused(rf'-drive .*\b{monitor.process.pid}\b', '-display', 'none', '-drive', f'file={disk},readonly=on')
    with Monitor('-S', '-drive', f'file={disk},readonly=on') as first:
        first.expect(r'\(bmbt\) ')
        with Monitor('-S', '-drive', f'file={disk},readonly=on') as second:
            second.expect(r'\(bmbt\) ')


def test_firmware(folder):
    refused(r'^bmbt: -bios nosuch.bin: .*seabios', '-bios', 'nosuch.bin')
    refused(r'^bmbt: -bios .*64 KiB', '-bios', write(folder, 'short', b'abc'))
    for size in (65535, 65537, 96 * 1024, (16 << 20) + 65536):
        refused(rf'^bmbt: -bios .*64 KiB.* {size} bytes', '-bios', write(folder, 'odd', bytes(size)))
    refused(r'^bmbt: -bios .*empty', '-bios', write(folder, 'empty', b''))
    refused(r'^bmbt: -bios .*directory', '-bios', folder)


def linux_image(folder, payload=65536):
    """The least that the boot protocol takes for a bzImage of protocol 2.12."""
    setup = bytearray(1024)
    setup[0x1f1] = 1
    struct.pack_into('<I', setup, 0x1f4, payload // 16)
    struct.pack_into('<H', setup, 0x1fe, 0xaa55)
    setup[0x200:0x202] = b'\xeb\x66'
    setup[0x202:0x206] = b'HdrS'
    struct.pack_into('<H', setup, 0x206, 0x020c)
    setup[0x211] = 1
    struct.pack_into('<II', setup, 0x214, 0x100000, 0)
    struct.pack_into('<I', setup, 0x22c, 0x7fffffff)
    struct.pack_into('<I', setup, 0x230, 0x1000)
    struct.pack_into('<I', setup, 0x238, 255)
    return write(folder, 'kernel', bytes(setup) + bytes(payload))


def test_kernels(folder):
    kernel = linux_image(folder)
    refused(r'^bmbt: -kernel .*error loading.*No such file', '-kernel', folder + '/none')
    refused(r'^bmbt: -kernel .*directory', '-kernel', folder)
    refused(r'^bmbt: -kernel .*empty', '-kernel', write(folder, 'empty', b''))
    refused(r'^bmbt: -kernel .*not a Linux', '-display', 'none', '-kernel', write(folder, 'text', b'hello\n'))
    refused(r'^bmbt: -kernel .*not a Linux', '-display', 'none', '-kernel', write(folder, 'noise', os.urandom(100000)))
    refused(r'^bmbt: -kernel ', '-display', 'none', '-kernel', write(folder, 'cut', read(kernel)[:600]))
    refused(r'^bmbt: -initrd .*No such file', '-kernel', kernel, '-initrd', folder + '/none')
    refused(r'^bmbt: -initrd .*-kernel', '-initrd', kernel)
    refused(r'^bmbt: -append.*-kernel', '-append', 'quiet')
    large = os.path.join(folder, 'large')
    with open(large, 'wb') as file:
        file.truncate(64 << 20)
    refused(r'^bmbt: .*initrd.*', '-display', 'none', '-m', '16', '-kernel', kernel, '-initrd', large)
    refused(r'^bmbt: .*', '-display', 'none', '-kernel', kernel, '-append', 'x' * 5000)


def test_no_bootable_device(folder):
    """SeaBIOS says so, and the machine waits as a PC does."""
    log = os.path.join(folder, 'log')
    with Monitor('-debugcon', 'file:' + log, '-global', 'isa-debugcon.iobase=0x402') as monitor:
        until(lambda: os.path.exists(log) and b'No bootable device.' in read(log), 'SeaBIOS did not say so')
        check('running' in monitor.command('info status'), 'the machine does not run')
        check(monitor.process.poll() is None, 'bmbt has ended')


def test_full_disk(folder):
    """A write that the host refuses is an error for the guest (here: of INT 13h), and what was written before stays."""
    # INT 13h writes the boot sector's bytes to sector 1, then by LBA to 100 MiB, beyond the limit; AH is the exit status.
    code = ('31c0 8ed8 8ec0 b280 bb007c b80103 b90200 b600 cd13 723f'
            'be007e c7041000 c744020100 c74404007c c744060000 c744080020 c7440a0300 c7440c0000 c7440e0000'
            'b443 b000 b280 cd13 7204 b000 eb02 88e0 ba0105 ee f4')
    raw = bytearray(bytes.fromhex(code))
    # The jump after the first write reaches the exit; its distance is computed rather than counted.
    jump = raw.index(b'\x72\x3f')
    raw[jump + 1] = raw.index(b'\x88\xe0') - (jump + 2)
    disk = boot_sector(folder, raw.hex(), size=1 << 20)
    os.truncate(disk, 128 << 20)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))

    with Monitor('-m', '16', '-hda', disk, '-device', 'isa-debug-exit', preexec_fn=limit) as monitor:
        status = monitor.process.wait(TIMEOUT)
    check(status & 1 and status >> 1 != 0, f'the guest saw no error: status {status}')
    with open(disk, 'rb') as file:
        start = file.read(1024)
    check(start[512:] == start[:512], 'the first write is lost')


if __name__ == '__main__':
    main()
