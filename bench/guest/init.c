// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The first program of a guest whose start is measured: says that it runs and switches the machine off.
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
    static const char text[] = "\nbench: init runs\n";
    if (write(1, text, sizeof text - 1) < 0)
        return 1;
    reboot(RB_POWER_OFF);
    return 1;
}
