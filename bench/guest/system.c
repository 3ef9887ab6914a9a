// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The list of the system group's programs.
#include "program.h"
#include "system_programs.h"

const struct program programs[] = {
    { "syscall", 0, syscall_unit, 2000, 0, 0 },
    { "fault", 0, fault_unit, 1024, 0, 0 },
    { "mmap", 0, mmap_unit, 500, 0, 0 },
    { "fork", fork_prepare, fork_unit, 5, 0, 0 },
    { "exec", fork_prepare, exec_unit, 3, 0, 0 },
    { "threads", threads_prepare, threads_unit, 2 * 500, threads_finish, 0 },
    { "pipes", pipes_prepare, pipes_unit, 2 * 300, pipes_finish, 0 },
    { "signal", signal_prepare, signal_unit, 1000, 0, 0 },
    { "files", files_prepare, files_unit, 200, 0, 0 },
    { "sieve", sieve_prepare, sieve_unit, 1, 0, 1 },
    { 0 },
};
