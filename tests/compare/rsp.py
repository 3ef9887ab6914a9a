# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# A client of gdb's remote serial protocol: registers, memory, step, continue.
"""The few packets that comparing and testing need; see gdb's manual, appendix E."""

import socket
import time

# The i386 order of the g packet.
REGISTERS = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags",
             "cs", "ss", "ds", "es", "fs", "gs"]


class RemoteError(Exception):
    """The other side closed the line, timed out or answered with an error."""


class Remote:
    def __init__(self, path, timeout=10.0):
        """Connect to a unix socket path or to (host, port); wait until somebody listens."""
        family = socket.AF_UNIX if isinstance(path, str) else socket.AF_INET
        end = time.monotonic() + timeout
        while True:
            self.socket = socket.socket(family, socket.SOCK_STREAM)
            try:
                self.socket.connect(path)
                break
            except OSError as error:
                self.socket.close()
                if time.monotonic() > end:
                    raise RemoteError(f"nobody listens at {path}: {error}") from error
                time.sleep(0.05)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        self.buffer = b""
        self.acknowledge = True
        if self.command("QStartNoAckMode") == "OK":
            self.acknowledge = False

    def close(self):
        self.socket.close()

    def _byte(self):
        if not self.buffer:
            try:
                self.buffer = self.socket.recv(65536)
            except socket.timeout as error:
                raise RemoteError("no answer in time") from error
            if not self.buffer:
                raise RemoteError("the connection was closed")
        byte, self.buffer = self.buffer[:1], self.buffer[1:]
        return byte

    def send(self, text):
        data = text.encode("latin-1")
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xff))

    def receive(self):
        while self._byte() != b"$":
            pass
        data = bytearray()
        while (byte := self._byte()) != b"#":
            if byte == b"}":
                byte = bytes([self._byte()[0] ^ 0x20])
            data += byte
        self._byte(), self._byte()
        if self.acknowledge:
            self.socket.sendall(b"+")
        # Run-length encoding: '*' repeats the character before it.
        out, index = bytearray(), 0
        while index < len(data):
            if data[index:index + 1] == b"*":
                out += bytes([out[-1]]) * (data[index + 1] - 29)
                index += 2
            else:
                out.append(data[index])
                index += 1
        return out.decode("latin-1")

    def command(self, text):
        self.send(text)
        return self.receive()

    def registers(self):
        """The sixteen integer registers by name."""
        text = self.command("g")
        if text.startswith("E") or len(text) < 16 * 8:
            raise RemoteError(f"g: {text!r}")
        values = [int.from_bytes(bytes.fromhex(text[n * 8:n * 8 + 8]), "little") for n in range(16)]
        return dict(zip(REGISTERS, values))

    def write_register(self, name, value):
        answer = self.command(f"P{REGISTERS.index(name):x}={value.to_bytes(4, 'little').hex()}")
        if answer != "OK":
            raise RemoteError(f"P {name}: {answer!r}")

    def memory(self, address, length):
        """Bytes at a linear address; None where nothing is mapped."""
        text = self.command(f"m{address:x},{length:x}")
        return None if text.startswith("E") else bytes.fromhex(text)

    def write_memory(self, address, data):
        answer = self.command(f"M{address:x},{len(data):x}:{data.hex()}")
        if answer != "OK":
            raise RemoteError(f"M {address:x}: {answer!r}")

    def step(self):
        return self.command("s")

    def go(self):
        """Continue; the answer comes by receive()."""
        self.send("c")

    def interrupt(self):
        self.socket.sendall(b"\x03")
        return self.receive()

    def breakpoint(self, address, kind=0, length=1, insert=True):
        answer = self.command(f"{'Z' if insert else 'z'}{kind},{address:x},{length:x}")
        if answer != "OK":
            raise RemoteError(f"breakpoint at {address:x}: {answer!r}")

    def monitor(self, line):
        """A monitor command; its output."""
        self.send("qRcmd," + line.encode().hex())
        text = ""
        while True:
            answer = self.receive()
            if answer == "OK":
                return text
            if answer.startswith("O"):
                text += bytes.fromhex(answer[1:]).decode("latin-1")
            elif answer == "":
                raise RemoteError("the stub takes no monitor commands")
            else:
                return text + bytes.fromhex(answer).decode("latin-1")
