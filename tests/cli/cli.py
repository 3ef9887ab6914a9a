# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What the tests of the command line share: running bmbt, talking to its monitor, tiny guests.
"""A test is a function whose name begins with test_ and that takes a scratch folder. BMBT names the program."""
import inspect
import os
import re
import select
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BMBT = os.environ.get('BMBT', os.path.join(TOP, 'build', 'bmbt'))
# The engine under test, of what runs guest code.
ENGINE = shlex.split(os.environ.get('BOOT_TEST_OPTIONS', ''))
SCALE = float(os.environ.get('BOOT_TIMEOUT_SCALE', '1'))
# Ends what hangs; a busy machine takes its time.
TIMEOUT = 300 * SCALE
sys.path.insert(0, os.path.join(TOP, 'tests', 'compare'))


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failed(message)


def check_match(pattern, text):
    match = re.search(pattern, text, re.M)
    check(match, f'/{pattern}/ is not in:\n{text}')
    return match


def run(*options, status=0, text=None, **more):
    """Runs bmbt to its end; returns what it printed on standard output and on standard error."""
    result = subprocess.run([BMBT, *options], input=text if text is not None else '', stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=TIMEOUT, check=False, text=True, **more)
    check(result.returncode == status,
          f'{options}: ended with status {result.returncode}, not {status}:\n{result.stdout}{result.stderr}')
    return result.stdout, result.stderr


def refused(pattern, *options, **more):
    """bmbt says one line that matches, and ends with status 1."""
    out, err = run(*options, status=1, **more)
    check(out == '', f'{options}: says on standard output: {out}')
    check(err.count('\n') == 1 and err.endswith('\n'), f'{options}: does not say exactly one line:\n{err}')
    check(err.startswith('bmbt: ') and re.search(pattern, err), f'{options}: /{pattern}/ is not in: {err}')


class Monitor:
    """A running bmbt with its monitor on standard input and output."""

    def __init__(self, *options, monitor=('-monitor', 'stdio'), display=('-display', 'none'), **more):
        self.process = subprocess.Popen([BMBT, *ENGINE, *display, *monitor, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
        self.output = ''

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def send(self, text):
        self.process.stdin.write(text.encode('latin-1'))
        self.process.stdin.flush()

    def expect(self, pattern, timeout=TIMEOUT):
        """Waits for the pattern; returns what came before it and takes both away."""
        end = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.output, re.M)
            if match:
                before = self.output[:match.start()]
                self.output = self.output[match.end():]
                return before
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failed(f'/{pattern}/ did not come; there is:\n{self.output}')
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Failed(f'bmbt ended before /{pattern}/; it said:\n{self.output}')
            self.output += data.decode('latin-1')

    def command(self, line):
        """What the monitor answers, without the echoed line, with plain line ends."""
        self.send(line + '\n')
        self.expect(re.escape(line) + r'\r\n')
        return self.expect(r'^\(bmbt\) ').replace('\r', '')

    def wait(self, status=0):
        try:
            found = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise Failed('bmbt does not end') from None
        check(found == status, f'ended with status {found}, not {status}')


def until(condition, message, timeout=TIMEOUT):
    end = time.monotonic() + timeout
    while not condition():
        check(time.monotonic() < end, message)
        time.sleep(0.05)


def send_unread(peer, data):
    """Sends and reads nothing; returns what is left once the other end has taken no more for two seconds."""
    peer.settimeout(2)
    try:
        while data:
            data = data[peer.send(data[:65536]):]
    except socket.timeout:
        pass
    return data


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, 'wb') as file:
        file.write(data)
    return path


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def boot_sector(folder, code, name='disk.img', size=1 << 20):
    """A disk whose boot sector is this 16-bit code."""
    return write(folder, name, (bytes.fromhex(code).ljust(510, b'\0') + b'\x55\xaa').ljust(size, b'\0'))


def main():
    """Runs the caller's tests, or those named on the command line."""
    tests = {name: function for name, function in inspect.getmembers(sys.modules['__main__'], inspect.isfunction)
             if name.startswith('test_')}
    failed = 0
    for name in sys.argv[1:] or tests:
        with tempfile.TemporaryDirectory(prefix='bmbt-cli-') as folder:
            try:
                tests[name](folder)
                print(f'ok      {name}', flush=True)
            except Skipped as reason:
                print(f'skipped {name}: {reason}', flush=True)
            except Exception:
                failed += 1
                print(f'FAILED  {name}', flush=True)
                traceback.print_exc(file=sys.stdout)
    sys.exit(1 if failed else 0)
