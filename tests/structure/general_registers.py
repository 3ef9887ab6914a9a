#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
"""What runs while the guest's FPU state is in the host's registers leaves these alone.

Usage: general_registers.py OBJDUMP HELD_OFFSETS FLOAT_LIBRARY LIBRARY...
The objects of LIBRARY... have no instruction with a vector or x87 register, but for the one that moves
the state. FLOAT_LIBRARY has the handlers of x87, MMX and SSE: each tests first, in one of the bytes
at the offsets that HELD_OFFSETS prints, that the state is in memory. The table of opcodes, in
LIBRARY..., names them.
"""
import re
import subprocess
import sys

MEMBER = re.compile(r"^(\S+):\s+file format")
FUNCTION = re.compile(r"^[0-9a-f]+ <(\S+)>:$")
INSTRUCTION = re.compile(r"^\s+[0-9a-f]+:\s+(?:(?:lock|rep|repz|repnz|bnd|data16|notrack)\s+)*(\S+)(.*)$")
REGISTER = re.compile(r"%[xyz]mm\d|%mm[0-7]|%st\b|%k[0-7]\b")
# All x87 mnemonics and no general one begin with an f; "fs" alone is how a prefix is shown.
MNEMONIC = re.compile(r"^(f(?!s$)\w+|emms|wait|ldmxcsr|stmxcsr|vzero\w+|xsave\w*|xrstor\w*)$")
POINTER = re.compile(r"\sR_X86_64_64\s+(\w+)$")
MOVES_THE_STATE = ("x86_64_fpu_state.c.o",
                   {"fxsave64", "fxrstor64", "fninit", "emms", "fldcw", "ldmxcsr"})


def dump(objdump, *options):
    return subprocess.run([objdump, *options], capture_output=True, text=True,
                          check=True).stdout.splitlines()


def instructions(objdump, libraries):
    """(object, function, mnemonic, operands)"""
    member = function = None
    for line in dump(objdump, "-d", "--no-show-raw-insn", *libraries):
        head, start, found = MEMBER.match(line), FUNCTION.match(line), INSTRUCTION.match(line)
        if head:
            member = head.group(1).split("/")[-1]
        elif start:
            function = start.group(1)
        elif found:
            yield member, function, found.group(1), found.group(2)


def touches(mnemonic, operands):
    return REGISTER.search(operands) or MNEMONIC.match(mnemonic)


def check_general(objdump, libraries):
    count, moving, wrong = 0, 0, {}
    for member, function, mnemonic, operands in instructions(objdump, libraries):
        count += 1
        if not touches(mnemonic, operands):
            continue
        if member.endswith(MOVES_THE_STATE[0]) and mnemonic in MOVES_THE_STATE[1]:
            moving += 1
        else:
            wrong[f"{member}: {function}"] = f"{mnemonic} {operands.strip()}"
    if count < 10000 or moving < 4:
        sys.exit("found too little code: is the output of objdump another one?")
    return [f"{where} has {what}" for where, what in sorted(wrong.items())]


def check_handlers(objdump, held, library, handlers):
    tests = re.compile(r"\$0x0,0x(%s)\(%%" % "|".join(held))
    tested, guilty, seen = set(), set(), set()
    for _, function, mnemonic, operands in instructions(objdump, [library]):
        seen.add(function)
        if mnemonic in ("cmpb", "testb") and tests.search(operands):
            tested.add(function)
        elif touches(mnemonic, operands) and function in handlers and function not in tested:
            guilty.add(function)
    if len(seen & handlers) < 500 or len(tested & handlers) < 500:
        sys.exit("found too few handlers: is the output of objdump another one?")
    return [f"{name} uses a vector or x87 register before it has tested where the state is"
            for name in sorted(guilty)]


def main():
    objdump, held_offsets, float_library = sys.argv[1:4]
    held = subprocess.run([held_offsets], capture_output=True, text=True, check=True).stdout.split()
    table = dump(objdump, "-r", *sys.argv[4:])
    handlers = {m.group(1) for m in map(POINTER.search, table) if m}
    wrong = check_general(objdump, sys.argv[4:])
    wrong += check_handlers(objdump, held, float_library, handlers)
    print("\n".join(wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
