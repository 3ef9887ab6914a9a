#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
"""What runs while the guest's FPU state is in the host's registers calls a sanitizer by wrappers.

Usage: sanitizers.py NM WRAPPED,... LIBRARY...
Of the functions of sanitizers that LIBRARY... ask for, those that return are in WRAPPED: they save the registers
(src/host/x86_64/sanitizers.S.in).
"""
import re
import subprocess
import sys

# memory functions, and what the compiler puts in.
CHECKED = re.compile(r"^(mem\w+|__\w*san_\w+)$")
# Reports end the program (-fno-sanitize-recover); the others run before main() or after it, or are no functions.
HARMLESS = re.compile(r"^(memfd_create"
                      r"|__asan_(report_\w+|init|version_mismatch_check_v\d+|(un)?register_\w+|option_\w+)"
                      r"|__ubsan_handle_(\w+_abort|builtin_unreachable|missing_return))$")


def main():
    nm, wrapped, *libraries = sys.argv[1:]
    listing = [line.split() for line in
               subprocess.run([nm, *libraries], capture_output=True, text=True, check=True).stdout.splitlines()]
    defined = {words[2] for words in listing if len(words) == 3}
    asked = {words[1] for words in listing if len(words) == 2 and words[0] in "Uw"} - defined
    found = {name for name in asked if CHECKED.match(name)}
    if not found & set(wrapped.split(",")):
        sys.exit("found no call of a sanitizer: is the output of nm another one?")
    wrong = sorted(name for name in found - set(wrapped.split(",")) if not HARMLESS.match(name))
    print("\n".join(f"{name} is not wrapped: src/host/x86_64/meson.build" for name in wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
