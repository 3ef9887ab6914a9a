// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The program: one machine, made from the command line and run.
#include <stdio.h>

#include "control/options.h"
#include "control/session.h"

int main(int argc, char **argv)
{
    struct options options;
    struct session session = { 0 };
    struct error err = { "" };
    int status = 1;

    if (!options_parse(&options, argc, argv, &err))
        goto end;
    if (options.done) {
        status = 0;
        goto end;
    }
    if (session_open_host(&session, &options, &err) && /* log, lock, event loop, clocks */
        session_open_files(&session, &err) &&          /* BIOS, VGA BIOS, kernel */
        session_open_drives(&session, &err) &&         /* disk images */
        session_open_connections(&session, &err) &&    /* what ports and monitor are connected to */
        session_create_pc(&session, &err) &&   /* memory, processor, board; its first reset */
        session_open_steering(&session, &err)) /* monitor, gdb, display */
        status = session_run(&session);
    session_close(&session);
end:
    if (err.text[0] != '\0')
        fprintf(stderr, "bmbt: %s\n", err.text);
    options_destroy(&options);
    return status;
}
