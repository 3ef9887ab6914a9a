#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# stress-ng's processor, memory and signal classes one after the other, until the file "stop" appears.
# usage: stress.sh FOLDER SECONDS (for each stressor)
set -u
cd "$1" || exit 1
# Sizes for a small guest: POSIX shared memory of 16 MiB, 32 objects by default, would be half of its RAM.
# Left out: what lives by being killed for want of memory, what takes the only CPU away, what waits for hardware that is not there.
without=bigheap,brk,stack,mmapfork,cpu-online,uprobe
while [ ! -e stop ]; do
    for class in interrupt cpu vm; do
        [ -e stop ] || stress-ng --sequential 1 --class "$class" --exclude "$without" --timeout "$2" --verify \
            --vm-bytes 48m --malloc-bytes 32m --mmap-bytes 48m --shm-bytes 16m --shm-objs 4 --temp-path "$1" >>stress.log 2>&1
    done
    echo pass >>stress.passes
done
touch stopped
