// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The base of GS, which C programs on x86-64 Linux leave alone.
#include "host/host.h"

#include <asm/prctl.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of AT_HWCAP2: programs may use WRGSBASE (Linux 5.9). */
#define HWCAP2_FSGSBASE 2

void host_set_window_base(const void *address)
{
    if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE)
        __asm__ volatile("wrgsbase %0" : : "r"(address) : "memory");
    else
        syscall(SYS_arch_prctl, ARCH_SET_GS, address);
}
