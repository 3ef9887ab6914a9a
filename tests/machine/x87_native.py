#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# A program that leans on the x87, its environment and signals prints the same on this processor and in a guest on it.
"""The guest is Debian's kernel with a shell, or with --debian the whole system. The program is made here: to build bmbt itself needs
no 32-bit C library. BOOT_TEST_WITH=qemu tells how many lines differ there."""
import difflib
import glob
import gzip
import os
import subprocess
import sys
import tarfile

from surroundings import boot_options, expect

# What the C library may choose natively and has not in the guest.
ENVIRONMENT = {'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-FMA,-FMA4,-ERMS,-BMI1,-BMI2'}
FLAGS = ['-m32', '-march=pentium-m', '-mfpmath=387', '-std=gnu17', '-O2', '-static', '-pthread', '-Wall', '-Wextra', '-Werror']
SHOWN = 20


def make_program(folder):
    path = os.path.join(folder, 'x87')
    sources = sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'x87', '*.c')))
    done = subprocess.run(['gcc', *FLAGS, *sources, '-o', path, '-lm'], check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        raise expect.Failed(f'the 32-bit program is not made; gcc-multilib has the library:\n{done.stdout}')
    return path


def make_initrd(folder, program):
    """The ordinary initrd with the program behind it: the kernel unpacks both."""
    tree, path = os.path.join(folder, 'tree'), os.path.join(folder, 'initrd.gz')
    os.makedirs(os.path.join(tree, 'bin'))
    name = os.path.join(tree, 'bin', 'x87')
    with open(program, 'rb') as source, open(name, 'wb') as copy:
        copy.write(source.read())
    os.chmod(name, 0o755)
    archive = subprocess.run(['cpio', '--quiet', '-o', '-H', 'newc'], input=b'bin\nbin/x87\n', cwd=tree, stdout=subprocess.PIPE, check=True)
    with open(expect.image('initrd.gz'), 'rb') as first, open(path, 'wb') as file:
        file.write(first.read())
        file.write(gzip.compress(archive.stdout))
    return path


def run_in_shell(folder, program):
    options = boot_options(256, append='quiet')
    options[options.index('-initrd') + 1] = make_initrd(folder, program)
    with expect.Machine(expect.emulator(*options)) as machine:
        expect.wait_for_shell(machine)
        machine.run('dmesg -n 1')
        text = machine.run('x87', expect.BOOT)
        expect.power_off(machine)
    return text


def run_in_debian(folder, program):
    """The program comes on a disc that is an archive: no file system is needed for it."""
    disc = os.path.join(folder, 'disc')
    with tarfile.open(disc, 'w') as archive:
        archive.add(program, 'x87')
    with expect.Machine(expect.emulator('-nographic', '-m', '512', '-no-reboot', '-snapshot', '-hda', expect.image('debian.img'),
                                        '-cdrom', disc)) as machine:
        machine.expect(r'bmbt-guest login: ', 2 * expect.BOOT)
        machine.send_line('root')
        machine.expect(r'Password: ')
        machine.send_line('bmbt')
        machine.expect(r'root@bmbt-guest:~# ', expect.BOOT)
        machine.run('dmesg -n 1')
        machine.run('tar -xf /dev/sr0')
        text = machine.run('./x87', expect.BOOT)
        machine.send_line('poweroff')
        machine.expect(r'reboot: Power down', expect.BOOT)
        machine.wait_exit()
    return text


def test(folder):
    expect.require('cpio', 'gcc')
    program = make_program(folder)
    native = subprocess.run([program], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    guest = (run_in_debian if sys.argv[1:] == ['--debian'] else run_in_shell)(folder, program).splitlines()
    different = [line for line in difflib.unified_diff(native, guest, 'native', 'guest', lineterm='', n=0) if line[0] in '+-'][2:]
    if different:
        raise expect.Failed(f'of {len(native)} lines {sum(line[0] == "-" for line in different)} differ:\n' + '\n'.join(different[:SHOWN]))
    expect.say(f'  {len(native)} lines are the same')


expect.main(test)
