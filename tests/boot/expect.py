# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Starts an emulator with its serial port on stdio, waits for what it prints, and types answers.
"""
Used by the boot_*.py scripts. Their surroundings come by environment variables:

  BMBT                the emulator under test (default: build/bmbt)
  GUEST               the folder of guest images (default: build/guest)
  BOOT_TEST_WITH      `qemu` runs the same test under qemu-system-i386, to prove the test itself
  BOOT_TIMEOUT_SCALE  multiplies every time limit (default: 1)
  BOOT_TEST_VERBOSE   when set, the guest's output is shown as it comes
  BOOT_TEST_OPTIONS   further options for the emulator under test

A script exits with 0 when it passed, 1 when it failed, 77 when something it needs is not there.
"""
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BMBT = os.environ.get('BMBT', os.path.join(TOP, 'build', 'bmbt'))
GUEST = os.environ.get('GUEST', os.path.join(TOP, 'build', 'guest'))
WITH_QEMU = os.environ.get('BOOT_TEST_WITH') == 'qemu'
SCALE = float(os.environ.get('BOOT_TIMEOUT_SCALE', '1'))
VERBOSE = bool(os.environ.get('BOOT_TEST_VERBOSE'))
QEMU = ['qemu-system-i386', '-M', 'pc', '-accel', 'tcg']

# What a slow interpreter on a busy machine may take to get from power-on to a prompt, in seconds.
BOOT = 900
COMMAND = 120


class Failed(Exception):
    """The test failed; the message says why."""


class Skipped(Exception):
    """The test cannot run here; the message says what is missing."""


def say(text):
    print(text, flush=True)


def image(name):
    """The path of a guest image, which must be there."""
    path = os.path.join(GUEST, name)
    if not os.path.exists(path):
        raise Skipped(f'{path} is missing; `make check` and `make check-long` build the guest images')
    return path


def require(*programs):
    """Skips the test where a host program is missing."""
    for program in programs:
        if not find_program(program):
            raise Skipped(f'the program {program} is missing')


def find_program(program):
    """Looks where Debian keeps the administrator's programs, too."""
    return shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')


def emulator(*options, with_qemu=WITH_QEMU):
    """The command line of the emulator under test."""
    if with_qemu:
        require(QEMU[0])
        return QEMU + list(options)
    if not os.access(BMBT, os.X_OK):
        raise Failed(f'{BMBT} is missing; run `make` first')
    return [BMBT] + shlex.split(os.environ.get('BOOT_TEST_OPTIONS', '')) + list(options)


class Machine:
    """One running emulator. What it prints is kept in `output`; `expect` moves on behind what it found."""

    def __init__(self, arguments, terminal=False):
        self.output = ''
        self.position = 0
        self.status = None
        self.started = time.monotonic()
        say('+ ' + shlex.join(arguments))
        if terminal:
            self.input, other = os.openpty()
            self.process = subprocess.Popen(arguments, stdin=other, stdout=other, stderr=other,
                                            start_new_session=True)
            os.close(other)
            self.source = self.input
        else:
            self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, start_new_session=True)
            self.input = self.process.stdin.fileno()
            self.source = self.process.stdout.fileno()
        self.at_end = False

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.kill()
        return False

    def seconds(self):
        return time.monotonic() - self.started

    def read(self, timeout):
        """Takes what has been printed, waiting up to `timeout` seconds for something."""
        if self.at_end:
            return
        if not select.select([self.source], [], [], max(timeout, 0))[0]:
            return
        try:
            data = os.read(self.source, 65536)
        except OSError:  # a pty whose other side is closed
            data = b''
        if not data:
            self.at_end = True
            return
        text = data.decode('utf-8', 'replace')
        self.output += text
        if VERBOSE:
            sys.stdout.write(text)
            sys.stdout.flush()

    def expect(self, pattern, timeout=COMMAND):
        """Waits until the pattern appears behind the last one found; returns the match."""
        deadline = time.monotonic() + timeout * SCALE
        while True:
            match = re.compile(pattern, re.M).search(self.output, self.position)
            if match:
                self.position = match.end()
                return match
            if self.at_end:
                raise Failed(f'the emulator ended before /{pattern}/ appeared\n' + self.tail())
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f'/{pattern}/ did not appear within {timeout * SCALE:.0f} s\n' + self.tail())
            self.read(left)

    def send(self, text):
        try:
            os.write(self.input, text.encode())
        except OSError as error:
            raise Failed(f'the emulator takes no input: {error.strerror}\n' + self.tail()) from None

    def send_line(self, text):
        self.send(text + '\r')

    def run(self, command, timeout=COMMAND, status=0):
        """Runs a shell command in the guest at its prompt; returns its output without carriage returns."""
        # The marks are computed by the guest's shell, so that its echo of the line does not hold them.
        self.send_line(f'echo "<$((50+5))>"; {command}; echo "<$((60+6)):$?>"')
        self.expect(r'<55>\r*\n')
        begin = self.position
        match = self.expect(r'<66:(\d+)>', timeout)
        text = self.output[begin:match.start()].replace('\r', '')
        if status is not None and int(match[1]) != status:
            raise Failed(f'in the guest, `{command}` ended with status {match[1]}:\n{text}')
        return text

    def wait_exit(self, timeout=COMMAND, status=0):
        """Waits for the emulator to end and checks its exit status."""
        deadline = time.monotonic() + timeout * SCALE
        while not self.at_end:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f'the emulator did not end within {timeout * SCALE:.0f} s\n' + self.tail())
            self.read(left)
        try:
            self.status = self.process.wait(max(deadline - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            raise Failed('the emulator closed its output and did not end\n' + self.tail()) from None
        if status is not None and self.status != status:
            raise Failed(f'the emulator ended with status {self.status} and not {status}\n' + self.tail())
        return self.status

    def kill(self):
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except OSError:
                pass
            self.process.stdout.close()
        elif self.input >= 0:
            os.close(self.input)
            self.input = -1

    def tail(self, lines=40):
        """The end of the output, for a failure's report."""
        last = self.output.replace('\r', '').split('\n')[-lines:]
        return '--- the last lines it printed:\n' + '\n'.join(last) + '\n---'


SHELL_PROMPT = r'/root # '


def wait_for_shell(machine, timeout=BOOT):
    """Waits for the prompt of the busybox initrd and quietens the kernel on the console."""
    machine.expect(SHELL_PROMPT, timeout)
    say(f'  shell after {machine.seconds():.1f} s')
    machine.run('dmesg -n 1')


def power_off(machine, timeout=300):
    machine.send_line('poweroff')
    machine.expect(r'reboot: Power down', timeout)
    machine.wait_exit()
    say(f'  powered off after {machine.seconds():.1f} s')


def host(*arguments, status=0):
    """Runs a host program; returns its output."""
    path = find_program(arguments[0])
    if not path:
        raise Skipped(f'the program {arguments[0]} is missing')
    result = subprocess.run([path] + list(arguments[1:]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False, text=True, errors='replace')
    if status is not None and result.returncode != status:
        raise Failed(f'`{shlex.join(arguments)}` ended with status {result.returncode}:\n{result.stdout}')
    return result.stdout


def take_partition(disk, partition):
    """Copies the first partition (at 1 MiB, as tools/common.sh lays it out) out of a disk image."""
    host('dd', f'if={disk}', f'of={partition}', 'bs=1M', 'skip=1', 'conv=sparse')


def main(test):
    """Runs test(folder) in a scratch folder and exits as meson wants it."""
    scratch = os.environ.get('BOOT_TEST_SCRATCH', GUEST if os.path.isdir(GUEST) else None)
    with tempfile.TemporaryDirectory(prefix='.boot-test-', dir=scratch) as folder:
        try:
            test(folder)
        except Skipped as reason:
            say(f'SKIP: {reason}')
            code = 77
        except Failed as reason:
            say(f'FAIL: {reason}')
            code = 1
        else:
            say('PASS')
            code = 0
    sys.exit(code)
