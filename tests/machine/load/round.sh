#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# One round of work, whose every result is told as "name checksum": runs in the guest and, by chroot, on the host.
# usage: round.sh FOLDER: where sources, script.py, floats.py and key.pem lie, and where it may write
set -u
LC_ALL=C
export LC_ALL
cd "$1" || exit 1
compiler=$(gcc -print-prog-name=cc1)

# result NAME: tells the checksum of what it reads.
result()
{
    echo "$1 $(sha256sum | cut -c 1-64)"
}

for file in source/device/*/*.c; do
    gcc -O2 -w -S -D__int128="long long" -Isource -o output.s "$file" && result "gcc:$file" <output.s
done
gcc -O1 -o program program.c -lm && ./program | result program

head -c 6000000 "$compiler" >data
xz -3 -T1 <data >data.xz && result xz <data.xz
xz -d <data.xz | result xz-back
gzip -6 -n <data >data.gz && result gzip <data.gz
gzip -d <data.gz | result gzip-back
7zz a -an -si -so -txz -mmt1 -mx3 <data 2>/dev/null >data.7z && result 7z <data.7z
xz -d <data.7z | result 7z-back

openssl enc -aes-256-cbc -K 00112233 -iv 44556677 <data 2>/dev/null | result aes
openssl enc -chacha20 -K 00112233 -iv 44556677 <data 2>/dev/null | result chacha20
openssl dgst -sha512 <data | result sha512
openssl dgst -md5 <data | result md5
openssl dgst -sha256 -sign key.pem <data | result rsa

python3 -B -S script.py | result python
python3 -B -S floats.py | result floats
perl -e 'my ($x, %h) = (1); for (1 .. 150000) { $x = ($x * 69069 + 1) % 4294967296; $h{$x % 997} .= $x & 7; }
    print map { "$_ $h{$_}\n" } sort keys %h' | result perl
awk 'BEGIN { for (n = 1; n < 150000; n++) { s += sin(n) * exp(-n / 1e5); t += log(n) / sqrt(n) }
    printf "%.17g %.17g\n", s, t }' | result awk

number=0
while [ $number -lt 250 ]; do
    /bin/echo "$number"
    (echo "$((number * number))")
    echo "$number" | sed s/1/one/
    number=$((number + 1))
done | result fork
seq 1 120000 | rev | sort | uniq -c | tail -n 50000 | result sort
tar -cf - --mtime=@0 --owner=0 --group=0 --numeric-owner --sort=name source | tar -tf - | result tar

for number in 1 2 3; do
    cat data data data >"copy$number"
done
sync
# Read from the disk again, not out of the page cache.
[ ! -w /proc/sys/vm/drop_caches ] || echo 3 >/proc/sys/vm/drop_caches
cat copy1 copy2 copy3 | result disk
rm -f copy1 copy2 copy3 data data.xz data.gz data.7z program output.s
