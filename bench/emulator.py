# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# An emulator with a Linux guest in which programs run, one after the other, told over its serial port.
import contextlib
import glob
import os
import shlex
import socket
import subprocess
import tempfile
import time

from lines import Lines
from sample import take_sample
from settings import BMBT, ENVIRONMENT, Failed, GUEST, LIMIT, MEMORY, OUT, QEMU, QEMU_OPTIONS, SCRATCH_MEBIBYTES

# No guards against weaknesses that neither emulator has: each kernel would choose other ones by the processor's name.
KERNEL_LINE = 'console=ttyS0 quiet mitigations=off panic=-1'


class Kind:
    """How an emulator is called: its program and the options that choose how it executes."""

    def __init__(self, name, program, options):
        self.name, self.program, self.options = name, program, options

    def command(self, *options):
        return [self.program, *self.options, '-display', 'none', '-nodefaults', *options]

    def drive(self, path, *more):
        """QEMU refuses an image that somebody else reads, unless told not to look."""
        unlocked = ['file.locking=off'] if self.name == 'qemu' else []
        return ['-drive', ','.join([f'file={path}', 'format=raw', *more, *unlocked])]


def qemu_kind():
    return Kind('qemu', QEMU, QEMU_OPTIONS)


def bmbt_kind(name, options):
    return Kind(name, BMBT, shlex.split(options))


class Monitor:
    """The emulator's monitor over a socket."""

    def __init__(self, path, alive):
        deadline = time.monotonic() + 20
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > deadline or not alive():
                    raise Failed(f'no monitor at {path}') from None
                time.sleep(0.02)
        self.socket.settimeout(10)
        self._answer()

    def _answer(self):
        text = b''
        while not text.endswith((b'(qemu) ', b'(bmbt) ')):
            try:
                data = self.socket.recv(65536)
            except OSError as error:
                raise Failed(f'the monitor does not answer: {error}') from None
            if not data:
                raise Failed('the monitor closed its connection')
            text += data
        return text.decode('latin-1')

    def ask(self, command):
        try:
            self.socket.sendall(command.encode() + b'\n')
        except OSError as error:
            raise Failed(f'the monitor does not answer: {error}') from None
        lines = self._answer().replace('\r', '').split('\n')
        return '\n'.join(lines[1:-1])


class Emulator:
    """A machine that runs from its creation; its first serial port, or another console, is `lines` and send()."""

    def __init__(self, kind, options, console='-serial'):
        self.kind, self.name = kind, kind.name
        self.folder = tempfile.mkdtemp(prefix='.machine-', dir=OUT)
        path = os.path.join(self.folder, 'monitor')
        self.log = open(os.path.join(self.folder, 'log'), 'w+', encoding='latin-1')
        command = kind.command(console, 'stdio', '-monitor', f'unix:{path},server,nowait', *options)
        self.started = time.monotonic()
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.lines = Lines(self.child.stdout.fileno(), self.name)
        self._monitor = None

    def complaint(self):
        self.log.seek(0)
        return self.log.read()[-1000:].strip()

    def monitor(self, command):
        if not self._monitor:
            self._monitor = Monitor(os.path.join(self.folder, 'monitor'), lambda: self.child.poll() is None)
        return self._monitor.ask(command)

    def send(self, text):
        try:
            self.child.stdin.write(text.encode())
            self.child.stdin.flush()
        except OSError:
            raise Failed(f'{self.name} has ended: {self.complaint()}') from None

    def wait_for(self, text, seconds=LIMIT):
        """Seconds since the start, without what others on the host took away."""
        try:
            return self.lines.until(text, seconds) - self.started - self.waited()
        except Failed as error:
            raise Failed(f'{error} {self.complaint()}') from None

    def threads(self):
        """{thread: (nanoseconds run, nanoseconds waited for a processor)}"""
        result = {}
        for path in glob.glob(f'/proc/{self.child.pid}/task/*/schedstat'):
            try:
                with open(path, encoding='ascii') as file:
                    ran, waited, _ = file.read().split()
            except OSError:
                continue    # the thread has ended
            result[path] = int(ran), int(waited)
        return result

    def busiest_thread(self):
        """The processor's."""
        threads = self.threads()
        return max(threads, key=lambda path: threads[path][0]) if threads else None

    def waited(self):
        """Seconds for which the processor's thread has waited because others had the host."""
        return self.threads().get(self.busiest_thread(), (0, 0))[1] / 1e9

    def close(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()
        self.log.close()
        subprocess.run(['rm', '-rf', self.folder], check=False)


def make_scratch(name):
    """A disk to write to: really written, so that no measurement meets a hole."""
    path = os.path.join(OUT, f'scratch-{name}.img')
    with open(path, 'wb') as file:
        for number in range(SCRATCH_MEBIBYTES):
            file.write(bytes([number & 0xff]) * (1 << 20))
    return path


class Guest:
    """Linux with the programs in /bench, booted once and stopped while others run."""

    def __init__(self, kind, packages):
        self.scratch = make_scratch(kind.name)
        options = ['-m', str(MEMORY), '-no-reboot', '-kernel', os.path.join(GUEST, 'vmlinuz'),
                   '-initrd', os.path.join(OUT, 'initrd.gz'), '-append', KERNEL_LINE]
        options += kind.drive(self.scratch, 'index=0')
        if packages:
            options += kind.drive(packages, 'index=1', 'snapshot=on')
        self.name = kind.name
        self.machine = Emulator(kind, options)
        self.busiest, self.commands = None, 0

    def _send(self, command):
        """Gives the guest a command; answers the text that begins the last line of its output."""
        self.commands += 1
        self.machine.send(f'{self.commands} {command}\n')
        return f'@@done {self.commands} '

    def boot(self):
        self.machine.wait_for('@@ready\n')
        variables = ' '.join(f"{name}='{value}'" for name, value in ENVIRONMENT.items() if name not in ('PATH', 'HOME'))
        self.shell(f'export {variables}')
        self.machine.monitor('stop')

    def shell(self, command, seconds=LIMIT):
        """What a command says; it is to succeed."""
        last = self._send(command)
        deadline, said = time.monotonic() + seconds, []
        while True:
            line = self.machine.lines.next(deadline)
            if line is None:
                raise Failed(f'{self.name} has ended: {self.machine.complaint()}')
            if line[1].startswith(last):
                if line[1] != last + '0':
                    raise Failed(f'{self.name}: {command}: {line[1]} {said[-3:]}')
                return said
            said.append(line[1])

    def prepare(self, commands, seconds=LIMIT):
        self.machine.monitor('cont')
        for command in commands:
            self.shell(command, seconds)
        self.machine.monitor('stop')

    def answers(self):
        try:
            self.prepare(['true'], 20)
        except (Failed, OSError):
            return False
        return True

    def _waited(self):
        return self.machine.threads().get(self.busiest, (0, 0))[1]

    def run(self, command):
        words = [word.replace('@', '/bench').replace('%p', '/mnt') for word in command]
        self.busiest = self.machine.busiest_thread()
        self.machine.monitor('cont')
        last = self._send(' '.join(map(shlex.quote, words)))
        try:
            return take_sample(self.machine.lines, lambda text: text.startswith(last), self._waited)
        finally:
            if self.machine.child.poll() is None:
                with contextlib.suppress(Failed):   # the next command will see what became of it
                    self.machine.monitor('stop')

    def close(self):
        self.machine.close()
        os.remove(self.scratch)
