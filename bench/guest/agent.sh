# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Runs in the guest: each line that comes over the serial port is a number and a command; "@@done NUMBER STATUS" ends
# its output.
dmesg -n 1
stty raw -echo
cd /tmp || exit 1
echo @@ready
while read -r number line; do
    eval "$line" 2>&1
    echo "@@done $number $?"
done
