// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Memory for generated code, mapped once to write and once to run, so that no page is ever both.
#include "host/host.h"

#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u /* Linux 6.3, not yet in every C library's headers */
#endif

struct host_code {
    uint64_t size;
    void *write;
    void *run;
};

/* Where vm.memfd_noexec is set, a file that does not ask for MFD_EXEC cannot be mapped to run;
 * older kernels do not know the flag. */
static int create_file(void)
{
    int fd = memfd_create("bmbt-code", MFD_CLOEXEC | MFD_EXEC);
    return fd >= 0 ? fd : memfd_create("bmbt-code", MFD_CLOEXEC);
}

/* Profilers look names of code up where it comes from no file: perf's -perfmap. Of a shared mapping a
 * size of zero makes another of the same pages: mremap(2). */
static bool map_anonymous(struct host_code *code)
{
    void *write = mmap(NULL, code->size, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (write == MAP_FAILED)
        return false;
    void *run = mremap(write, 0, code->size, MREMAP_MAYMOVE);
    if (run == MAP_FAILED || mprotect(run, code->size, PROT_READ | PROT_EXEC) != 0) {
        munmap(write, code->size);
        if (run != MAP_FAILED)
            munmap(run, code->size);
        return false;
    }
    code->write = write;
    code->run = run;
    return true;
}

/* Where memory may be mapped to run, but not be made so later: systemd's MemoryDenyWriteExecute. */
static bool map_file(struct host_code *code)
{
    bool done = false;
    int fd = create_file();
    if (fd < 0)
        return false;
    if (ftruncate(fd, (off_t)code->size) != 0)
        goto close_file;
    void *write = mmap(NULL, code->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (write == MAP_FAILED)
        goto close_file;
    void *run = mmap(NULL, code->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (run == MAP_FAILED) {
        munmap(write, code->size);
        goto close_file;
    }
    code->write = write;
    code->run = run;
    done = true;

close_file: /* the mappings keep the file */
    close(fd);
    return done;
}

struct host_code *host_code_create(uint64_t size)
{
    struct host_code *code = host_alloc(sizeof *code);
    code->size = size;
    if (map_anonymous(code) || map_file(code))
        return code;
    host_free(code);
    return NULL;
}

void host_code_destroy(struct host_code *code)
{
    if (code == NULL)
        return;
    munmap(code->write, code->size);
    munmap(code->run, code->size);
    host_free(code);
}

uint8_t *host_code_write_address(const struct host_code *code)
{
    return code->write;
}

const uint8_t *host_code_run_address(const struct host_code *code)
{
    return code->run;
}
