// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code of all kinds: the list, and what its cases share.
/* Command line: case= runs one case by its number, writer= one of smc_writers'. */
#include "smc.h"

struct state user;

CODE(return_number, "mov eax, 0; ret");

void place_number(uint32_t to, uint32_t number)
{
    PLACE(to, return_number);
    store32(to + 1, number);
}

uint32_t call0(uint32_t code)
{
    return call_code((void *)code, 0, 0);
}

uint32_t run_hot(uint32_t code, unsigned times)
{
    uint32_t sum = 0;
    for (unsigned n = 0; n < times; n++)
        sum += call_code((void *)code, 0, 0);
    return sum;
}

uint32_t run_user(uint32_t code, uint32_t eax)
{
    state_init(&user, (void *)code, PAGE(61), 3);
    user.eax = eax;
    state_run(&user);
    return user.eax;
}

static void fresh(void)
{
    reset_tables();
    paging_start();
    for (unsigned n = 0; n < PAGES; n++)
        test_table[n] = FRAME(n) | RWX;
    set_cr3(cr3());
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define ROW(c) { #c, c },
    CASES(ROW)
};

void torture(void)
{
    uint32_t only = option("case", ARRAY_SIZE(cases));
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        unsigned before = failures;
        if (only < ARRAY_SIZE(cases) && only != n)
            continue;
        fresh();
        cases[n].run();
        print(failures == before ? "ok " : "failed ");
        print(cases[n].name);
        print("\n");
    }
}
