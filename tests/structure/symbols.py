#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
"""The objects of the freestanding floors need nothing but the host interface, and have no state
of their own.

Usage: symbols.py SOURCE_DIR COMPILER OBJDUMP LIBRARY...
Undefined symbols may be each other's, what host/*.h promise, the memory functions, and the
compiler's own arithmetic. Symbols in writable sections are mutable globals; .data.rel.ro is
constant once the program is loaded.
"""
import pathlib
import re
import subprocess
import sys

MEMORY_FUNCTIONS = {"memcpy", "memmove", "memset", "memcmp"}
COMPILER = {"__divti3", "__modti3", "__udivti3", "__umodti3", "__udivmodti4", "__popcountdi2",
            "__mulodi4", "__muloti4", "_GLOBAL_OFFSET_TABLE_"}
WRITABLE = re.compile(r"^\.(data|bss|tdata|tbss|ldata|lbss)(?!\.rel\.ro)|^\*COM\*")
SYMBOL = re.compile(r"^[0-9a-f]{8,16} (.{7}) (\S+)\s+([0-9a-f]{8,16})\s+"
                    r"(?:\.hidden |\.protected |\.internal )?(\S+)$")


def promises(src, compiler):
    """Names that the host interface declares, by macros too."""
    names = set()
    for header in (src / "host").glob("*.h"):
        command = [compiler, "-std=gnu17", "-E", "-P", f"-I{src}", header]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        # Without the insides of parentheses and braces, what precedes a parenthesis, comma or
        # semicolon is declared.
        changed = True
        while changed:
            text, changed = re.subn(r"\{[^{}]*\}|\([^()]+\)",
                                    lambda inside: "()" if inside.group()[0] == "(" else "", text)
        names |= set(re.findall(r"\b([a-z_]\w*)\s*[(,;]", text))
    return names


def symbols(objdump, library):
    """(object, flags, section, name) of each symbol."""
    command = [objdump, "-t", library]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    member = library
    for line in text.splitlines():
        head = re.match(r"^(\S+):\s+file format", line)
        if head:
            member = head.group(1)
        found = SYMBOL.match(line)
        if found:
            yield member, found.group(1), found.group(2), found.group(4)


def main():
    src = pathlib.Path(sys.argv[1]) / "src"
    table = [entry for library in sys.argv[4:] for entry in symbols(sys.argv[3], library)]
    if len(table) < 100:
        sys.exit("found no symbols: is the output of objdump another one?")
    defined = {name for _, _, section, name in table if section != "*UND*"}
    allowed = defined | promises(src, sys.argv[2]) | MEMORY_FUNCTIONS | COMPILER
    wrong = {}
    for member, flags, section, name in table:
        if section == "*UND*":
            if name not in allowed:
                wrong.setdefault(f"{name} is promised by no host, but needed by", []).append(member)
        elif WRITABLE.match(section) and "d" not in flags:
            wrong.setdefault(f"{name} is a mutable global in {section} of", []).append(member)
    for what, members in sorted(wrong.items()):
        print(what, ", ".join(pathlib.Path(member).name for member in members[:3]))
    print(f"{len(table)} symbols, {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


main()
