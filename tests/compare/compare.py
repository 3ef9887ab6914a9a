#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Runs one guest under bmbt and QEMU step by step and names the first instruction where they part.
"""
    compare.py [--bmbt build/bmbt] [--qemu qemu-system-i386] [--start ADDRESS] [--steps N] -- GUEST OPTIONS

Both are started stopped, with the same guest options, and stepped through their gdb stubs. After each step the integer and segment
registers and the flags are compared. What time and chips decide cannot be equal: after IN, INS, RDTSC, RDPMC, CPUID and loads that the
list of forgiven opcodes names, bmbt is given QEMU's registers, and the step is counted as forgiven.
A page fault or interrupt is a step of its own in both. With --start both first run to a breakpoint there (a linear address), so that
a boot need not be stepped from the reset vector. Exit status 0: no difference; 1: a difference, shown with the last
instructions; 2: it could not be run.
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile

from rsp import REGISTERS, Remote, RemoteError

FLAGS_COMPARED = 0x00257fd5  # all but the reserved ones
PREFIXES = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3}
FORGIVEN_1 = {0x6c, 0x6d, 0xe4, 0xe5, 0xec, 0xed}  # INS, IN
FORGIVEN_0F = {0x31, 0x33, 0xa2, 0x32}  # RDTSC, RDPMC, CPUID, RDMSR
# Flags an instruction leaves undefined are not compared after it: opcode -> mask (SDM 2).
AF, OF, CF, SF, ZF, PF = 0x10, 0x800, 0x1, 0x80, 0x40, 0x4


def opcode(code):
    """Opcode bytes after the prefixes: (map, byte, ModRM)."""
    index = 0
    while index < len(code) and code[index] in PREFIXES:
        index += 1
    rest = code[index:] + b"\0\0\0"
    return (0x0f, rest[1], rest[2]) if rest[0] == 0x0f else (0, rest[0], rest[1])


def undefined_flags(code):
    kind, byte, modrm = opcode(code)
    reg = modrm >> 3 & 7
    if kind == 0:
        if byte in (0xf6, 0xf7) and reg in (4, 5):
            return SF | ZF | AF | PF
        if byte in (0xf6, 0xf7) and reg in (6, 7):
            return CF | OF | SF | ZF | AF | PF
        if byte in (0x69, 0x6b):
            return SF | ZF | AF | PF
        if byte in (0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3):
            return AF | OF | CF if reg >= 4 else OF
        if 0x08 <= byte <= 0x0d or 0x20 <= byte <= 0x25 or 0x30 <= byte <= 0x35 or byte in (0x84, 0x85, 0xa8, 0xa9):
            return AF
        if byte in (0x80, 0x81, 0x83) and reg in (1, 4, 6) or byte in (0xf6, 0xf7) and reg < 2:
            return AF
        if byte in (0x27, 0x2f):
            return OF
        if byte in (0x37, 0x3f):
            return OF | SF | ZF | PF
        if byte in (0xd4, 0xd5):
            return OF | AF | CF
        return 0
    if byte == 0xaf:
        return SF | ZF | AF | PF
    if byte in (0xa4, 0xa5, 0xac, 0xad):
        return AF | OF | CF
    if byte in (0xbc, 0xbd):
        return CF | OF | SF | AF | PF
    if byte in (0xa3, 0xab, 0xb3, 0xbb, 0xba):
        return OF | SF | AF | PF
    return 0


def forgiven(code):
    kind, byte, _ = opcode(code)
    return byte in (FORGIVEN_0F if kind == 0x0f else FORGIVEN_1)


class Machine:
    def __init__(self, name, command, folder):
        self.path = os.path.join(folder, name + ".gdb")
        self.process = subprocess.Popen(
            command + ["-S", "-gdb", f"unix:{self.path},server=on,wait=off", "-display", "none"],
            stdin=subprocess.DEVNULL)
        self.remote = Remote(self.path)

    def end(self):
        self.remote.close()
        self.process.kill()
        self.process.wait()


def linear_eip(registers, flat):
    return registers["eip"] if flat else (registers["cs"] * 16 + registers["eip"]) & 0xffffffff


def show(registers):
    names = REGISTERS[:8] + ["eip", "eflags"]
    return " ".join(f"{name}={registers[name]:08x}" for name in names) + " " + \
        " ".join(f"{name}={registers[name]:04x}" for name in REGISTERS[10:])


def run_to(machine, address):
    machine.remote.breakpoint(address, kind=1)
    machine.remote.socket.settimeout(600)
    machine.remote.go()
    machine.remote.receive()
    machine.remote.breakpoint(address, kind=1, insert=False)


def code_at(remote, registers, flat):
    # In real mode the first instructions run with CS base FFFF0000h.
    at = linear_eip(registers, flat)
    if not flat and registers["cs"] == 0xf000 and registers["eip"] == 0xfff0:
        at = 0xfffffff0
    return remote.memory(at, 15) or b""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bmbt", default="build/bmbt")
    parser.add_argument("--qemu", default="qemu-system-i386")
    parser.add_argument("--start", type=lambda text: int(text, 0), help="linear address to run to first")
    parser.add_argument("--steps", type=int, default=100000)
    parser.add_argument("--history", type=int, default=12)
    parser.add_argument("guest", nargs="*", help="options of the guest, after --")
    options = parser.parse_args()

    history = collections.deque(maxlen=options.history)
    count = excused = 0
    with tempfile.TemporaryDirectory() as folder:
        machines = []
        try:
            machines.append(Machine("qemu", [options.qemu, "-M", "pc", "-accel", "tcg"] + options.guest, folder))
            machines.append(Machine("bmbt", [options.bmbt] + options.guest, folder))
            qemu, bmbt = (machine.remote for machine in machines)
            if options.start is not None:
                for machine in machines:
                    run_to(machine, options.start)
            # RESET leaves the processor's signature in EDX, which is each model's own.
            bmbt.write_register("edx", qemu.registers()["edx"])
            left, right = qemu.registers(), bmbt.registers()
            ignore = 0
            while count < options.steps:
                bad = [name for name in REGISTERS
                       if (left[name] ^ right[name]) & (FLAGS_COMPARED & ~ignore if name == "eflags" else 0xffffffff)]
                if bad:
                    print(f"after {count} instructions ({excused} forgiven) these differ: {', '.join(bad)}")
                    for line in history:
                        print("  ", line)
                    print("qemu", show(left))
                    print("bmbt", show(right))
                    return 1
                if left["eflags"] != right["eflags"]:
                    bmbt.write_register("eflags", left["eflags"])
                # A code selector of RPL 0 below 100h with a flat model looks the same in real mode; the base tells.
                flat = left["eip"] > 0xffff or left["cs"] < 0x100
                code = code_at(qemu, left, flat)
                history.append(f"{left['cs']:04x}:{left['eip']:08x}  {code[:12].hex(' ')}")
                qemu.step()
                bmbt.step()
                left, right = qemu.registers(), bmbt.registers()
                ignore = undefined_flags(code)
                if forgiven(code) and left["eip"] == right["eip"] and left != right:
                    excused += 1
                    for name in REGISTERS[:8] + ["eflags"]:
                        bmbt.write_register(name, left[name])
                    right = bmbt.registers()
                count += 1
            print(f"{count} instructions agree ({excused} forgiven)")
            return 0
        except RemoteError as error:
            print(f"compare.py: after {count} instructions: {error}", file=sys.stderr)
            return 2
        finally:
            for machine in machines:
                machine.end()


if __name__ == "__main__":
    sys.exit(main())
