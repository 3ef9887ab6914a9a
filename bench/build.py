# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Builds the guest's programs and the initrd that carries them.
import gzip
import os
import shutil
import subprocess

from settings import CC, Failed, GUEST, OUT, SOURCES, TOP

# Pentium M: what a 32-bit program of the SSE2 age is compiled for.
LINUX_FLAGS = ['-m32', '-march=pentium-m', '-O2', '-fno-pic', '-no-pie', '-pthread', '-D_GNU_SOURCE', '-Wall',
               '-Wextra', '-Wno-missing-field-initializers', '-Werror']
# The user group's programs use the shared C library, as programs do: the static one has no choice of memcpy and strlen.
# Its loader is called by name, so that the same files run in a folder of the host and in the guest.
SHARED = ['user']
LIBRARIES = ['ld-linux.so.2', 'libc.so.6', 'libm.so.6']
BARE_FLAGS = ['-m32', '-march=i686', '-O2', '-ffreestanding', '-fno-pic', '-no-pie', '-fno-stack-protector',
              '-fno-asynchronous-unwind-tables', '-Wall', '-Wextra', '-Werror']
CYLINDERS, HEADS, SECTORS = 2, 16, 63   # Bochs wants an image to be whole cylinders
BARE = {     # linker script, sources
    'integer': ('program.ld', ['start.S', 'integer.c', 'core.c', 'report_guest.c']),
    'access': ('program.ld', ['start.S', 'access.c', 'report_guest.c']),
    'latency': ('program.ld', ['start.S', 'latency.c', 'report_guest.c']),
    'services': ('sector.ld', ['services.S']),
}
ROOT = os.path.join(OUT, 'root')
PROGRAMS = {
    'user': ['main.c', 'user.c', 'core.c', 'user_core.c', 'calls.c', 'chase.c', 'moves.c', 'libm.c',
             ('float.c', '-mfpmath=sse', '-DMATMUL=matmul_sse2'), ('float.c', '-mfpmath=387', '-DMATMUL=matmul_x87')],
    'system': ['main.c', 'system.c', 'kernel_calls.c', 'pages.c', 'processes.c', 'switches.c'],
    'timed': ['timed.c'],
    'disk': ['disk.c'],
    'touch': ['touch.c'],
    'init': ['init.c'],
}


def source(name):
    return os.path.join(SOURCES, name)


def run(command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise Failed(f'{command[0]} failed: {(done.stderr or done.stdout).strip()[-1500:]}')
    return done.stdout


def build_program(name, parts):
    objects = []
    for number, part in enumerate(parts):
        file, *flags = [part] if isinstance(part, str) else part
        objects.append(os.path.join(OUT, 'objects', f'{name}-{number}.o'))
        run([CC, *LINUX_FLAGS, *flags, '-c', source(file), '-o', objects[-1]])
    run([CC, *LINUX_FLAGS, *([] if name in SHARED else ['-static']), *objects, '-lm', '-o', os.path.join(ROOT, name)])


def take_libraries():
    for name in LIBRARIES:
        path = run([CC, '-m32', f'-print-file-name={name}']).strip()
        if not os.path.isabs(path):
            path = os.path.join('/lib32', name)
        if not os.path.exists(path):
            raise Failed(f'there is no 32-bit {name}; install gcc-multilib')
        shutil.copy(path, os.path.join(ROOT, name))


_images = {}


def bare_image(name, rounds=0):
    """A disk with the bare program; built once a run."""
    path = os.path.join(OUT, f'{name}-{rounds}.img')
    if path not in _images:
        script, sources = BARE[name]
        run([CC, *BARE_FLAGS, '-nostdlib', '-Wl,--build-id=none', f'-DROUNDS={rounds}', f'-Wl,-T,{source(script)}',
             *map(source, sources), '-o', path])
        os.truncate(path, CYLINDERS * HEADS * SECTORS * 512)
        _images[path] = True
    return path


def native_integer(rounds):
    path = os.path.join(OUT, f'integer-native-{rounds}')
    if path not in _images:
        run([CC, *BARE_FLAGS, f'-DROUNDS={rounds}', *map(source, ('integer.c', 'core.c', 'report_native.c')), '-o', path])
        _images[path] = True
    return path


def pack(folder, output, before=None):
    """A folder's files as an initrd, behind what `before` holds."""
    names = ''.join(os.path.relpath(os.path.join(place, name), folder) + '\n'
                    for place, folders, files in os.walk(folder) for name in folders + files)
    archive = subprocess.run(['cpio', '--quiet', '-o', '-H', 'newc', '-R', '0:0'], input=names.encode(), cwd=folder,
                             capture_output=True, check=True).stdout
    with open(output, 'wb') as file:
        if before:
            with open(before, 'rb') as first:
                file.write(first.read())
        file.write(gzip.compress(archive, 1))


def build_initrd():
    """The tree's own initrd with our agent as its script, and a second archive with the programs."""
    first, output = os.path.join(OUT, 'first.gz'), os.path.join(OUT, 'initrd.gz')
    run([os.path.join(TOP, 'tools', 'guest-initrd'), '--script', source('agent.sh'), '--output', first],
        env=dict(os.environ, GUEST=GUEST))
    stage = os.path.join(OUT, 'stage')
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(ROOT, os.path.join(stage, 'bench'))
    pack(stage, output, first)
    os.remove(first)
    # To be started from: as little as can be, behind the tree's own initrd.
    shutil.rmtree(stage)
    os.makedirs(os.path.join(stage, 'bench'))
    shutil.copy(os.path.join(ROOT, 'init'), os.path.join(stage, 'bench'))
    pack(stage, os.path.join(OUT, 'init.gz'), os.path.join(GUEST, 'initrd.gz'))
    shutil.rmtree(stage)


def build_guest_programs():
    os.makedirs(os.path.join(OUT, 'objects'), exist_ok=True)
    os.makedirs(ROOT, exist_ok=True)
    for name, parts in PROGRAMS.items():
        build_program(name, parts)
    take_libraries()
    build_initrd()
