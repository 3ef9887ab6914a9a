# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Work for a busybox, whose every result is told as "name checksum": runs in the guest and on the host.
# usage: BUSYBOX sh busybox.sh BUSYBOX FOLDER: where it may write
bb=$1
cd "$2" || exit 1

# result NAME: tells the checksum of what it reads.
result()
{
    echo "$1 $($bb sha256sum | $bb cut -c 1-64)"
}

$bb seq 1 30000 | $bb awk '{ x = (x * 69069 + $1) % 4294967296; printf "%d %.15g\n", x, x / $1 * 1.0001 }' >data
result awk <data
$bb gzip <data >data.gz && $bb gunzip <data.gz | result gzip
$bb bzip2 <data | result bzip2
$bb sort -n data | $bb uniq | result sort
$bb md5sum <data | result md5
$bb sha512sum <data | result sha512
$bb sed 's/1\([0-9]\)/\1one/g; s/^\(.\)\(.*\)$/\2\1/' <data | result sed
$bb grep -c '77.*3' data | result grep
$bb tr 0-9 a-j <data | $bb fold -w 33 | $bb rev | result tr
$bb od -A x -t x1 <data.gz | result od
$bb head -c 20000 data | $bb uuencode -m name | result uuencode
$bb head -c 30000 data >part && $bb tail -c +500 part | $bb diff -U 1 part - | $bb sed 1,2d | result diff
$bb tar -cf - data.gz part | $bb tar -tf - | result tar
$bb expr 12345 \* 6789 | result expr
number=0
while [ $number -lt 60 ]; do
    $bb echo $number
    (echo $((number * number * 3)))
    number=$((number + 1))
done | result fork
$bb rm -f data data.gz part
