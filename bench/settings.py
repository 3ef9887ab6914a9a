# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Places, programs and limits that all parts of the benchmark share.
import os

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join(TOP, 'bench', 'guest')
OUT = os.environ.get('BENCH_OUT') or os.path.join(TOP, 'build', 'bench')
GUEST = os.environ.get('GUEST') or os.path.join(TOP, 'build', 'guest')
BMBT = os.environ.get('BMBT') or os.path.join(TOP, 'build', 'bmbt')
QEMU = os.environ.get('QEMU') or 'qemu-system-i386'
BOCHS = os.environ.get('BOCHS') or 'bochs'
CC = os.environ.get('CC') or 'gcc'
SEABIOS = '/usr/share/seabios'

MEMORY = 768    # MiB of RAM in the guests that run programs
SCRATCH_MEBIBYTES = 128  # the disk whose throughput is measured
LIMIT = 400     # seconds that a boot may take
RUN_LIMIT = 120 # seconds that a program may take; --limit changes it

GROUPS = ('user', 'system', 'machine', 'size')
SLOW = ('machine.login', 'size.memory', 'system.sieve')  # what a quick run leaves out

# One thread for the processor, and a processor like bmbt's: what TCG has beyond that is switched off.
QEMU_OPTIONS = ['-accel', 'tcg,thread=single', '-cpu',
                'core2duo,-lm,-syscall,-vmx,-monitor,+sse4.1,+sse4.2,+popcnt,+xsave,+hypervisor']

# What the guests' processor does not have, so that the C library and OpenSSL take the same ways natively.
# One choice of copy loop, too: glibc prefers by the processor's maker where several are possible.
_LACKING = ('AVX512F AVX512VL AVX512BW AVX512DQ AVX512CD AVX2 AVX FMA FMA4 F16C BMI1 BMI2 LZCNT MOVBE ERMS FSRM RTM '
            'XSAVEC').split()
_LACKING_ECX = (1, 11, 12, 22, 25, 28, 29, 30)  # PCLMULQDQ XOP FMA MOVBE AES AVX F16C RDRAND
ENVIRONMENT = {
    'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=' + ','.join('-' + name for name in _LACKING)
                      + ',Fast_Unaligned_Load,Fast_Unaligned_Copy,-Fast_Rep_String',
    'OPENSSL_ia32cap': f'~{sum(1 << (32 + bit) for bit in _LACKING_ECX):#x}:0',
    'LC_ALL': 'C',
    'PYTHONHASHSEED': '0',
    'OPENSSL_CONF': '/dev/null',
    'PATH': '/usr/bin:/bin:/usr/sbin:/sbin',
    'HOME': '/',
}


class Failed(Exception):
    """Something that ends the benchmark, or one program of it, with one line."""
