# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Programs from Debian's i386 packages: a folder of the host and, in the guests, a disk with the same files.
import os
import re
import shutil

from build import LINUX_FLAGS, run, source
from catalog import Program
from settings import CC, Failed, OUT, SCRATCH_MEBIBYTES

TREE, DISK = os.path.join(OUT, 'packages'), os.path.join(OUT, 'packages.img')
FETCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'fetch-packages')
DISK_MEBIBYTES = 192
# '%p' is where the packages lie. Their loader is called by name: what lies below it is nobody's root.
LOADER = ['%p/lib/ld-linux.so.2', '--library-path', '%p/lib/i386-linux-gnu:%p/usr/lib/i386-linux-gnu']


def _timed(name, how, what, command, **more):
    return Program('user', name, ['@/timed', name, how, *LOADER, *command], what=what, packages=True, **more)


def _found(pattern, sample):
    found = re.search(pattern, '\n'.join(sample.output), re.M)
    if not found:
        raise Failed(f'{sample.name} told no figure: {sample.output[-4:]}')
    return found


def _seven_zip_rate(sample):
    """Its rating: million instructions a second of the machine that its author calibrated it on."""
    return int(_found(r'^Tot:.*\s(\d+)\s*$', sample)[1]) * 1e6 * sample.undisturbed()


def _openssl_rate(sample):
    """Bytes a second, or signatures a second."""
    found = _found(r'^\+F:\d+:[^:]+:([\d.]+)$|^\+F2:\d+:\d+:([\d.]+):', sample)
    return float(found[1] or found[2]) * sample.undisturbed()


def _openssl(name, what, arguments, size, unit):
    return _timed(name, 'show', what, ['%p/usr/bin/openssl', 'speed', '-elapsed', '-seconds', '1', '-mr', *size, *arguments],
                  rate=_openssl_rate, unit=unit)


PROGRAMS = [
    _timed('7z', 'show', "7-Zip's benchmark", ['%p/usr/bin/7zz', 'b', '1', '-mmt1', '-md18', '-mtime=1'],
           rate=_seven_zip_rate, unit='/s'),
    _openssl('sha256', 'openssl speed, 8 KiB', ['sha256'], ['-bytes', '8192'], 'B/s'),
    _openssl('aes', 'openssl speed, 8 KiB, CBC', ['-evp', 'aes-128-cbc'], ['-bytes', '8192'], 'B/s'),
    _openssl('rsa', 'openssl speed, 2048 bits', ['rsa2048'], [], '/s'),
    _timed('gcc', 'sum', 'gcc compiling a file', ['%p/usr/lib/gcc/i686-linux-gnu/12/cc1', '-quiet', '-fpreprocessed', '-O2',
                                                  '-march=pentium-m', '%p/bench/compiled.i', '-o', '-']),
    _timed('python', 'sum', 'a Python program', ['%p/usr/bin/python3.11', '-B', '-s', '-S', '%p/bench/script.py']),
]


def prepare():
    """The disk for the guests; the folder beside it is what runs natively."""
    if not os.path.isdir(TREE):
        run([FETCH, TREE])
    folder = os.path.join(TREE, 'bench')
    os.makedirs(folder, exist_ok=True)
    shutil.copy(source('script.py'), folder)
    run([CC, *LINUX_FLAGS, '-E', '-P', source('compiled.c'), '-o', os.path.join(folder, 'compiled.i')])
    if os.path.exists(DISK):
        os.remove(DISK)
    if not shutil.which('mke2fs', path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin'):
        raise Failed('mke2fs is missing; install e2fsprogs, or add --without packages')
    run(['mke2fs', '-q', '-t', 'ext4', '-d', TREE, '-m', '0', '-F', DISK, f'{DISK_MEBIBYTES}M'],
        env=dict(os.environ, PATH=os.environ.get('PATH', '') + ':/usr/sbin:/sbin'))
    return DISK


def guest_setup(disk):
    """What a guest does after its boot. Linux finds disks in any order: they are told apart by their sizes."""
    sectors = SCRATCH_MEBIBYTES * 2048
    name = [f'for d in sda sdb; do [ "$(cat /sys/block/$d/size)" = {sectors} ] && '
            'ln -s $d /dev/scratch || ln -s $d /dev/packages; done']
    mount = ['modprobe ext4', 'mount -t ext4 -o ro /dev/packages /mnt'] if disk else []
    return name + mount + ['/bench/touch']
