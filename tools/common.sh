# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# What the shell tools share: messages, places, and laying out a disk. Sourced, never run.
# shellcheck shell=sh disable=SC2034

LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/sbin # where Debian keeps depmod, mke2fs, sfdisk and debootstrap for root only

tool=${0##*/}
tools=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$tools")
# What the guests are made of, and the places where downloads survive `make clean`.
guest=${GUEST:-$top/build/guest}
if [ -n "${BMBT_CACHE:-}" ]; then
    cache=$BMBT_CACHE
elif [ -n "${XDG_CACHE_HOME:-}" ]; then
    cache=$XDG_CACHE_HOME/bmbt
elif [ -n "${HOME:-}" ] && [ -w "${HOME:-}" ]; then
    cache=$HOME/.cache/bmbt
else
    cache=$top/build/cache
fi

say()
{
    printf '%s: %s\n' "$tool" "$*"
}

die()
{
    printf '%s: error: %s\n' "$tool" "$*" >&2
    exit 1
}

# need PROGRAM PACKAGE: ends with one line when the program is not there.
need()
{
    command -v "$1" >/dev/null 2>&1 || die "$1 is missing; install it with: apt-get install $2"
}

need_file()
{
    [ -r "$1" ] || die "$1 is missing; $2"
}

# make_scratch DIRECTORY: a private folder inside DIRECTORY, in $scratch, gone when the tool ends.
make_scratch()
{
    mkdir -p "$1" || die "cannot make the folder $1"
    scratch=$(mktemp -d "$1/.$tool.XXXXXX") || die "cannot write in $1"
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# quietly LOG COMMAND...: runs the command with its output in LOG, which is shown when it fails.
quietly()
{
    quietly_log=$1
    shift
    "$@" >"$quietly_log" 2>&1 && return 0
    tail -n 20 "$quietly_log" >&2
    return 1
}

grub_modules="biosdisk part_msdos ext2 normal linux configfile serial terminal echo test ls cat boot reboot halt"

# A disk as `grub-install` lays it out: boot.img in the master boot record, core.img in the sectors
# from 1 up to the first partition, which begins at 1 MiB and holds the tree's file system.
# grub_disk IMAGE TREE TYPE SIZE_MIB: builds IMAGE from the folder TREE, whose /boot/grub/grub.cfg is the menu.
grub_disk()
{
    grub_files=/usr/lib/grub/i386-pc
    need_file "$grub_files/boot.img" "install it with: apt-get install grub-pc-bin"
    need grub-mkimage grub-common
    need sfdisk fdisk
    need mke2fs e2fsprogs
    # shellcheck disable=SC2086 # a list of words
    quietly "$scratch/log" grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' \
        -o "$scratch/core.img" $grub_modules || die "grub-mkimage failed"
    [ "$(wc -c <"$scratch/core.img")" -le $((2047 * 512)) ] || die "GRUB's core does not fit before 1 MiB"
    mkdir -p "$2/boot/grub/i386-pc"
    cp "$grub_files"/*.mod "$grub_files"/*.lst "$2/boot/grub/i386-pc/"
    rm -f "$scratch/partition" "$scratch/disk"
    quietly "$scratch/log" mke2fs -q -t "$3" -d "$2" -L bmbt -m 0 -F "$scratch/partition" "$(($4 - 1))M" ||
        die "mke2fs failed: does the tree fit into $4 MiB?"
    dd if=/dev/null of="$scratch/disk" bs=1M seek="$4" 2>/dev/null
    printf 'label: dos\nstart=2048, type=83, bootable\n' |
        quietly "$scratch/log" sfdisk -q "$scratch/disk" || die "sfdisk failed"
    dd if="$grub_files/boot.img" of="$scratch/disk" bs=440 count=1 conv=notrunc 2>/dev/null
    dd if="$scratch/core.img" of="$scratch/disk" bs=512 seek=1 conv=notrunc 2>/dev/null
    dd if="$scratch/partition" of="$scratch/disk" bs=1M seek=1 conv=notrunc,sparse 2>/dev/null ||
        die "cannot write $1: is the disk full?"
    rm -f "$scratch/partition"
    mkdir -p "$(dirname "$1")"
    mv "$scratch/disk" "$1"
}
