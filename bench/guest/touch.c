// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Touches most of the guest's free memory once, so that the host has given it before anything is measured.
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

int main(void)
{
    struct sysinfo info;
    if (sysinfo(&info) < 0)
        return 1;
    size_t size = (size_t)info.freeram / 100 * 85 * info.mem_unit;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    for (size_t n = 0; n < size; n += 4096)
        ((volatile char *)memory)[n] = 1;
    return 0;
}
