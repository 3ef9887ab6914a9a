// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Guest RAM: a file without a name, mapped shared so that windows can map its pages again.
#include "host/linux/ram.h"

#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

struct host_ram {
    int fd;
    uint64_t size;
    void *address;
};

/* The kernel would promise any size and kill the process on a later touch: refuse here what the
 * host can never hold. */
static bool host_can_hold(uint64_t size)
{
    struct sysinfo info;
    if (sysinfo(&info) != 0)
        return true;
    return size <= ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
}

struct host_ram *host_ram_create(uint64_t size)
{
    if (!host_can_hold(size))
        return NULL;
    int fd = memfd_create("bmbt-ram", MFD_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (ftruncate(fd, (off_t)size) != 0)
        goto close_file;
    void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (address == MAP_FAILED)
        goto close_file;
    /* A hint: large host pages save host TLB misses. Hosts that do not allow it for files refuse.
     */
    madvise(address, size, MADV_HUGEPAGE);
    /* A core of bmbt is about bmbt, and gigabytes of guest would drown it. */
    madvise(address, size, MADV_DONTDUMP);

    struct host_ram *ram = host_alloc(sizeof *ram);
    *ram = (struct host_ram){ fd, size, address };
    return ram;

close_file:
    close(fd);
    return NULL;
}

void *host_ram_address(struct host_ram *ram)
{
    return ram->address;
}

int ram_fd(const struct host_ram *ram)
{
    return ram->fd;
}

uint64_t ram_size(const struct host_ram *ram)
{
    return ram->size;
}

void host_ram_destroy(struct host_ram *ram)
{
    if (ram == NULL)
        return;
    munmap(ram->address, ram->size);
    close(ram->fd);
    host_free(ram);
}
