#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# SeaBIOS's log on the debug port under bmbt equals QEMU's but for addresses and names of devices.
"""
Both machines have a CD with no boot sector, a disk with none, a serial port, a VGA. QEMU is told to leave out its helper ROM for the APIC
(apic.vapic), which bmbt has no use for. Lines are compared after hexadecimal numbers of addresses and sizes, and the makers' names of drives,
have been replaced; the lines that differ before that are printed. The floppy controller, which bmbt does not have yet, may show in two
lines; what SeaBIOS's threads print is compared without its order.
Exit status: 0 equal, 1 not, 77 no QEMU.
"""

import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

END = "No bootable device."
QEMU = ["qemu-system-i386", "-M", "pc", "-accel", "tcg", "-net", "none", "-global", "apic.vapic=off"]

# What may differ: (pattern, replacement).
NEUTRAL = [
    (r"\b(QEMU|BMBT) (DVD-ROM|HARDDISK)", r"MAKER \2"),
    (r"Copying (MPTABLE|SMBIOS|PIR) from \S+ to \S+", r"Copying \1"),
    (r"table\(50434146\)=0x[0-9a-f]+", "table(50434146)=ADDRESS"),
    (r"parse DSDT at 0x[0-9a-f]+ \(len \d+\)", "parse DSDT"),
    (r"Space available for UMB: \S+ \S+", "Space available for UMB"),
    (r"drive 0x[0-9a-f]+:", "drive ADDRESS:"),
    (r"Returned \d+ bytes of ZoneHigh", "Returned bytes of ZoneHigh"),
    # The firmware keeps as much at the top of RAM as the ACPI tables need.
    (r"(0000000000100000 - |4: )[0-9a-f]{16}", r"\1ADDRESS"),
]
# Lines of a device that QEMU has and bmbt does not: the floppy controller.
ABSENT = [r"fdc@03f0/floppy", r"^floppy error"]


def run(command, folder, name):
    log = os.path.join(folder, name)
    with open(log, "wb"):
        pass
    process = subprocess.Popen(
        command + ["-m", "256", "-nodefaults", "-display", "none", "-vga", "std", "-serial", "null",
                   "-chardev", f"file,id=log,path={log}", "-device", "isa-debugcon,iobase=0x402,chardev=log",
                   "-drive", f"file={folder}/disk.img,if=ide,format=raw",
                   "-drive", f"file={folder}/cd.iso,if=ide,index=2,media=cdrom,format=raw"],
        stdin=subprocess.DEVNULL)
    end = time.monotonic() + 300
    text = ""
    while time.monotonic() < end and process.poll() is None and END not in text:
        time.sleep(0.2)
        with open(log, encoding="latin-1") as file:
            text = file.read()
    process.kill()
    process.wait()
    if END not in text:
        print(f"{name}: SeaBIOS did not come to its end; the log:\n{text}")
        sys.exit(1)
    return text.splitlines()


def neutral(lines):
    kept = []
    for line in lines:
        if any(re.search(pattern, line) for pattern in ABSENT):
            continue
        for pattern, replacement in NEUTRAL:
            line = re.sub(pattern, replacement, line)
        kept.append(line)
    # SeaBIOS looks for drives, ports and keyboard in threads of its own: which finds first is a matter of time.
    first = next(n for n, line in enumerate(kept) if line.startswith("ATA controller 1"))
    last = kept.index("All threads complete.")
    return kept[:first] + sorted(kept[first:last]) + kept[last:]


def main():
    if shutil.which(QEMU[0]) is None:
        print("qemu-system-i386 is not here to compare with")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        for name in ("disk.img", "cd.iso"):
            with open(os.path.join(folder, name), "wb") as file:
                file.truncate(8 << 20)
        theirs = run(QEMU, folder, "qemu")
        ours = run([os.environ.get("BMBT", "build/bmbt")] + shlex.split(os.environ.get("BOOT_TEST_OPTIONS", "")), folder, "bmbt")
    print("lines that differ by addresses and names:")
    for line in difflib.unified_diff(theirs, ours, "QEMU", "bmbt", n=0, lineterm=""):
        print("   ", line)
    difference = list(difflib.unified_diff(neutral(theirs), neutral(ours), "QEMU", "bmbt", lineterm=""))
    if difference:
        print("lines that differ otherwise:")
        print("\n".join(difference))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
