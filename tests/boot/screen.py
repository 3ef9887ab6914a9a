# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What is on the guest's screen: its text and its picture, asked for at the monitor; and the monitor's other commands.
import os
import re
import struct
import time
import zlib

import expect

PROMPT = r'\((?:bmbt|qemu)\) '
TEXT_MEMORY = 0xb8000
COLUMNS, ROWS = 80, 25


class Screen(expect.Machine):
    """A machine with its monitor on standard input and output, and its screen nowhere."""

    def __init__(self, folder, *options):
        super().__init__(expect.emulator('-display', 'none', '-monitor', 'stdio', '-serial', 'null', *options))
        self.folder = folder
        self.expect(PROMPT)

    def command(self, text):
        """What the monitor answers, without its echo."""
        begin = self.position
        self.send_line(text)
        match = self.expect(PROMPT)
        lines = self.output[begin:match.start()].replace('\r', '').split('\n')
        return '\n'.join(lines[1:])

    def text(self):
        """The text mode's lines, as far as they are ASCII."""
        answer = self.command(f'xp/{COLUMNS * ROWS}xh {TEXT_MEMORY:#x}')
        cells = [int(word, 16) & 0xff for line in answer.split('\n') if ':' in line
                 for word in line.split(':', 1)[1].split()]
        if len(cells) != COLUMNS * ROWS:
            raise expect.Failed('the monitor does not show the text memory:\n' + answer)
        characters = ''.join(chr(cell) if 32 <= cell < 127 else ' ' for cell in cells)
        return [characters[n:n + COLUMNS] for n in range(0, len(characters), COLUMNS)]

    def wait_text(self, pattern, timeout):
        """Waits until the pattern is somewhere on the screen; returns the match."""
        return wait(lambda: re.search(pattern, '\n'.join(self.text()), re.M), f'/{pattern}/ on the screen', timeout,
                    lambda: '\n'.join(self.text()))

    def picture(self, kind='png'):
        path = os.path.join(self.folder, 'screen.' + kind)
        answer = self.command(f'screendump {path} -f {kind}')
        if answer.strip():
            raise expect.Failed('screendump says: ' + answer)
        return read_png(path) if kind == 'png' else read_ppm(path)


class Picture:
    def __init__(self, width, height, pixels):
        self.width, self.height, self.pixels = width, height, pixels

    def line(self, y):
        return self.pixels[y * self.width * 3:(y + 1) * self.width * 3]

    def colors(self, y):
        """How often each colour (r, g, b) is in a line, in steps of 8: a six-bit DAC is widened in more than one way."""
        counts = {}
        line = self.line(y)
        for x in range(0, len(line), 3):
            color = tuple(byte & 0xf8 for byte in line[x:x + 3])
            counts[color] = counts.get(color, 0) + 1
        return counts


def read_ppm(path):
    with open(path, 'rb') as file:
        data = file.read()
    match = re.match(rb'P6\n(\d+) (\d+)\n255\n', data)
    width, height = int(match[1]), int(match[2])
    pixels = data[match.end():]
    if len(pixels) != width * height * 3:
        raise expect.Failed(f'{path} has {len(pixels)} bytes of pixels, not {width}x{height}x3')
    return Picture(width, height, pixels)


def paeth(a, b, c):
    p = a + b - c
    distances = (abs(p - a), abs(p - b), abs(p - c))
    return (a, b, c)[distances.index(min(distances))]


def unfilter(kind, line, above):
    """PNG (ISO/IEC 15948) 9.2, for three bytes a pixel."""
    for n, byte in enumerate(line):
        a = line[n - 3] if n >= 3 else 0
        b = above[n]
        c = above[n - 3] if n >= 3 else 0
        line[n] = byte + (0, a, b, (a + b) // 2, paeth(a, b, c))[kind] & 0xff


def read_png(path):
    with open(path, 'rb') as file:
        data = file.read()
    if data[:8] != b'\x89PNG\r\n\x1a\n':
        raise expect.Failed(f'{path} is no PNG')
    at, packed = 8, b''
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if struct.unpack('>I', data[at + 8 + length:at + 12 + length])[0] != zlib.crc32(kind + body):
            raise expect.Failed(f'{path}: the checksum of {kind} is wrong')
        if kind == b'IHDR':
            width, height, depth, color = struct.unpack('>IIBB', body[:10])
            if (depth, color) != (8, 2):
                raise expect.Failed(f'{path}: colour type {color} of {depth} bits')
        elif kind == b'IDAT':
            packed += body
        at += 12 + length
    raw, above, pixels = zlib.decompress(packed), bytes(width * 3), bytearray()
    for y in range(height):
        line = bytearray(raw[y * (width * 3 + 1) + 1:(y + 1) * (width * 3 + 1)])
        if raw[y * (width * 3 + 1)]:
            unfilter(raw[y * (width * 3 + 1)], line, above)
        pixels += line
        above = line
    return Picture(width, height, bytes(pixels))


def wait(condition, what, timeout, describe=str, interval=5):
    """Asks until the answer is true; returns it."""
    deadline = time.monotonic() + timeout * expect.SCALE
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise expect.Failed(f'no {what} within {timeout * expect.SCALE:.0f} s\n' + describe())
        time.sleep(interval)
