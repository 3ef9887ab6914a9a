#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
"""Each header compiles alone, and foo.c includes foo.h before anything else.

Usage: headers.py SOURCE_DIR COMPILER FLAG...
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys

WARNINGS = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]


def compiles_alone(src, compiler, header):
    """None, or what the compiler says. Included twice, so that the guard is tested too."""
    name = header.relative_to(src)
    text = f'#include "{name}"\n#include "{name}"\n'
    run = subprocess.run(compiler + WARNINGS + [f"-I{src}", "-x", "c", "-"], input=text, text=True,
                         stderr=subprocess.PIPE, check=False)
    return None if run.returncode == 0 else f"{name} does not compile alone:\n{run.stderr[:2000]}"


def includes_own_header_first(src, source):
    header = source.with_suffix(".h")
    if not header.exists():
        return None
    first = re.search(r'^#\s*include\s+(.*)', source.read_text(), re.M)
    wanted = f'"{header.relative_to(src)}"'
    if first and first.group(1).split("/*")[0].split("//")[0].strip() == wanted:
        return None
    return f"{source.relative_to(src)} does not include {wanted} first"


def main():
    src = pathlib.Path(sys.argv[1]) / "src"
    compiler = sys.argv[2:]
    headers = sorted(src.rglob("*.h"))
    sources = sorted(src.rglob("*.c"))
    if len(headers) < 10 or len(sources) < 10:
        sys.exit(f"found no sources below {src}")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        wrong = list(pool.map(lambda header: compiles_alone(src, compiler, header), headers))
    wrong += [includes_own_header_first(src, source) for source in sources]
    wrong = [text for text in wrong if text]
    print("\n".join(wrong))
    print(f"{len(headers)} headers, {len(sources)} sources, {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


main()
