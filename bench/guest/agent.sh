# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Runs in the guest: each line that comes over the serial port is a command; "@@done STATUS" ends its output.
dmesg -n 1
stty raw -echo
cd /tmp || exit 1
echo @@ready
while read -r line; do
    eval "$line" 2>&1
    echo "@@done $?"
done
