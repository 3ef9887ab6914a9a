#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
"""In a threaded build every handler goes on to the next instruction by a jump: one that calls it
makes the host stack grow with every instruction executed.

Usage: tail_calls.py OBJDUMP LIBRARY...
The next instruction's handler is the first member of the next struct insn, 32 bytes on. A function
that calls through such a pointer and never jumps through one is at fault: usually because the
address of one of its locals goes to another function (see OUT_OF_LINE in cpu/x87/x87.h).
"""
import re
import subprocess
import sys

FUNCTION = re.compile(r"^[0-9a-f]+ <(\w[\w.]*)>:$")
CALL = re.compile(r"\bcallq?\s+\*0x20\(%r")
POINTER = re.compile(r"\sR_X86_64_64\s+(\w+)$")
JUMP = re.compile(r"\bjmpq?\s+\*")


def main():
    objdump, libraries = sys.argv[1], sys.argv[2:]
    def dump(*options):
        command = [objdump, *options, *libraries]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    # What tables point to: handlers among others.
    handlers = {m.group(1) for m in map(POINTER.search, dump("-r").splitlines()) if m}
    listing = dump("-d", "--no-show-raw-insn")
    calling, jumping, name = set(), set(), None
    for line in listing.splitlines():
        start = FUNCTION.match(line)
        if start:
            name = start.group(1)
        elif CALL.search(line):
            calling.add(name)
        elif JUMP.search(line):
            jumping.add(name)
    guilty = sorted((calling - jumping) & handlers)
    for name in guilty:
        print(f"{name} calls the next instruction's handler instead of jumping to it")
    if not jumping:
        print("no function jumps to a handler: is this a threaded build?")
    return bool(guilty) or not jumping


if __name__ == "__main__":
    sys.exit(main())
