# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Uses up the mappings that the kernel allows a child process, by system calls made in its name (x86-64, ptrace).
import ctypes
import os
import signal

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long
SINGLESTEP, GETREGS, SETREGS, SEIZE, INTERRUPT, DETACH = 9, 12, 13, 0x4206, 0x4207, 17
MMAP, MPROTECT, MUNMAP = 9, 10, 11
PAGE = 4096
PRIVATE_ANONYMOUS_NORESERVE = 0x4022
WAIT_THREAD = 0x40000000  # __WALL


class Registers(ctypes.Structure):
    """The kernel's struct user_regs_struct."""
    _fields_ = [(name, ctypes.c_uint64) for name in (
        'r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss '
        'fs_base gs_base ds es fs gs').split()]


def _ptrace(request, pid, address=0, data=0):
    if LIBC.ptrace(request, pid, address, data) == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _stopped(pid):
    """Waits until the thread stands. Returns the signal it was to be given, 0 for none but the tracer's."""
    status = os.waitpid(pid, WAIT_THREAD)[1]
    if not os.WIFSTOPPED(status):
        raise OSError('the process has ended')
    sent = os.WSTOPSIG(status)
    return 0 if sent == signal.SIGTRAP else sent


class Visitor:
    """Makes system calls in the first thread of a child, which stands for that time; the others run."""

    def __init__(self, pid):
        self.pid = pid
        self.held = []  # signals that came while the thread worked for the visitor

    def __enter__(self):
        _ptrace(SEIZE, self.pid)
        _ptrace(INTERRUPT, self.pid)
        if sent := _stopped(self.pid):
            self.held.append(sent)
        self.kept = Registers()
        _ptrace(GETREGS, self.pid, 0, ctypes.addressof(self.kept))
        self.syscall = self._find_syscall()
        return self

    def __exit__(self, kind, error, trace):
        _ptrace(SETREGS, self.pid, 0, ctypes.addressof(self.kept))
        _ptrace(DETACH, self.pid)
        for sent in self.held:
            os.kill(self.pid, sent)
        return False

    def _find_syscall(self):
        """The address of a SYSCALL instruction: one of the C library's or of the kernel's own page."""
        with open(f'/proc/{self.pid}/maps', encoding='utf-8') as file:
            maps = [line.split(maxsplit=5) for line in file]
        with open(f'/proc/{self.pid}/mem', 'rb') as memory:
            for where, access, *_, name in (fields for fields in maps if len(fields) == 6):
                if 'x' not in access or not ('/libc.' in name or '/libc-' in name or 'vdso' in name):
                    continue
                start, end = (int(address, 16) for address in where.split('-'))
                memory.seek(start)
                found = memory.read(end - start).find(b'\x0f\x05')
                if found >= 0:
                    return start + found
        raise OSError('no SYSCALL instruction found in the process')

    def call(self, number, *arguments):
        """One system call; what it returned, negative for an error."""
        registers = Registers.from_buffer_copy(self.kept)
        registers.rip, registers.rax, registers.orig_rax = self.syscall, number, 2**64 - 1
        for name, value in zip(('rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'), arguments):
            setattr(registers, name, value % 2**64)
        _ptrace(SETREGS, self.pid, 0, ctypes.addressof(registers))
        _ptrace(SINGLESTEP, self.pid)
        while sent := _stopped(self.pid):
            self.held.append(sent)
            _ptrace(SINGLESTEP, self.pid)
        _ptrace(GETREGS, self.pid, 0, ctypes.addressof(registers))
        return ctypes.c_int64(registers.rax).value


def count(pid):
    with open(f'/proc/{pid}/maps', encoding='ascii') as file:
        return sum(1 for _ in file)


def limit():
    with open('/proc/sys/vm/max_map_count', encoding='ascii') as file:
        return int(file.read())


def use_up(pid, left):
    """Leaves the process `left` mappings. Returns where and how large what uses them up is."""
    with Visitor(pid) as visitor:
        wanted = limit() - count(pid) - left
        size = 2 * (wanted // 2 + 1) * PAGE
        start = visitor.call(MMAP, 0, size, 0, PRIVATE_ANONYMOUS_NORESERVE, -1, 0)
        if -PAGE < start < 0:
            raise OSError(-start, os.strerror(-start))
        # Every other page readable: each makes two mappings of one.
        for number in range(wanted // 2):
            if visitor.call(MPROTECT, start + (2 * number + 1) * PAGE, PAGE, 1) < 0:
                break
        return start, size


def give_back(pid, start, size):
    """The end of what use_up() did."""
    with Visitor(pid) as visitor:
        status = visitor.call(MUNMAP, start, size)
        if status < 0:
            raise OSError(-status, os.strerror(-status))
