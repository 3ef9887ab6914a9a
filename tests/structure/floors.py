#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
"""No file includes one of a higher floor, and the freestanding floors include no C library header.

Usage: floors.py SOURCE_DIR
"""
import pathlib
import re
import sys

# Lowest first. The host interface (host/*.h) is as low as base; what answers it is seen by hosted
# floors only.
FLOORS = ["base", "memory", "cpu", "translator", "backend", "device", "machine", "control", "main"]
FREESTANDING = {"base", "memory", "cpu", "translator", "device", "machine"}
FREESTANDING_HEADERS = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "limits.h", "float.h"}
# Made by the build from one list, beside the floor that includes them.
GENERATED = re.compile(r"^[a-z0-9_]+\.(h|inc)$")


def floor_of(name):
    """The floor of a path below src."""
    parts = name.split("/")
    if name == "main.c":
        return "main"
    if parts[0] == "host":
        return "base" if len(parts) == 2 else "host"
    return parts[0]


def other_emitter(name, included):
    """Only what emits code for a kind of host knows that folder's headers."""
    folder = included.rpartition("/")[0]
    return folder.startswith("translator/") and name.rpartition("/")[0] != folder


def check_own(src, name, floor, included):
    if other_emitter(name, included):
        return "an emitter's own"
    if "/" not in included and not (src / included).exists():
        if GENERATED.match(included) or (src / name).parent.joinpath(included).exists():
            return None
    target = floor_of(included)
    if target == "host":
        hosted = floor in ("host", "backend", "control", "main")
        return None if hosted else "an answer to the host interface"
    if floor == "host":
        return None if target == "base" else f"floor {target}"
    if target not in FLOORS:
        return "an unknown floor"
    if FLOORS.index(target) > FLOORS.index(floor):
        return f"floor {target}"
    return None


def reaches_library(src, included, seen):
    """Does a header of a hosted floor pull in the C library?"""
    path = src / included
    if included in seen or not path.exists():
        return None
    seen.add(included)
    text = path.read_text()
    for header in re.findall(r"^#\s*include\s+<([^>]+)>", text, re.M):
        if header not in FREESTANDING_HEADERS:
            return f"<{header}> by way of {included}"
    for header in re.findall(r'^#\s*include\s+"([^"]+)"', text, re.M):
        found = reaches_library(src, header, seen)
        if found:
            return found
    return None


def check_file(src, path):
    name = str(path.relative_to(src))
    floor = floor_of(name)
    text = path.read_text()
    for included in re.findall(r'^#\s*include\s+"([^"]+)"', text, re.M):
        wrong = check_own(src, name, floor, included)
        if wrong is None and floor in FREESTANDING:
            wrong = reaches_library(src, included, set())
        if wrong:
            yield f"{name} includes \"{included}\": {wrong}"
    if floor in FREESTANDING:
        for header in re.findall(r"^#\s*include\s+<([^>]+)>", text, re.M):
            if header not in FREESTANDING_HEADERS:
                yield f"{name} includes <{header}>"


def main():
    src = pathlib.Path(sys.argv[1]) / "src"
    # make_*.c run while building and make tables; they are no part of any floor.
    files = sorted(path for path in src.rglob("*")
                   if path.suffix in (".c", ".h", ".inc") and not path.name.startswith("make_"))
    if len(files) < 20:
        sys.exit(f"found no sources below {src}")
    wrong = [text for path in files for text in check_file(src, path)]
    print("\n".join(wrong))
    print(f"{len(files)} files, {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


main()
