// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Character back ends on sockets: one peer after another.
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/char_open.h"
#include "backend/event_internal.h"
#include "char_fixture.h"
#include "unit.h"

static void unix_address(struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(address->sun_path, sizeof address->sun_path, "/tmp/test_char_%d.sock", (int)getpid());
}

static struct char_backend *open_unix_server(void)
{
    struct error err;
    struct sockaddr_un address;
    char spec[160];
    unix_address(&address);
    snprintf(spec, sizeof spec, "unix:%s,server=on,wait=off", address.sun_path);
    struct char_backend *b = char_backend_open(spec, "serial0", loop, &err);
    CHECK(b != NULL);
    return b;
}

static int connect_unix(void)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    unix_address(&address);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

TEST(unix_server_takes_one_peer_after_another)
{
    struct user u;
    struct sockaddr_un address;
    begin();
    struct char_backend *b = open_unix_server();
    attach(b, &u, 100);
    CHECK_EQ(put(b, "lost"), 4);
    for (unsigned peer = 0; peer < 2; peer++) {
        int fd = connect_unix();
        run_ms(5);
        CHECK_EQ(put(b, "login: "), 7);
        CHECK(reads(fd, "login: "));
        CHECK_EQ(write(fd, "root", 4), 4);
        run_ms(5);
        close(fd);
        run_ms(5);
    }
    CHECK(strcmp(u.text, "rootroot") == 0);
    CHECK(strcmp(u.events, "OCOC") == 0);
    char_destroy(b);
    unix_address(&address);
    CHECK(access(address.sun_path, F_OK) != 0);
    end();
}

static unsigned rounds;

static void count_round(uv_prepare_t *handle)
{
    (void)handle;
    rounds++;
}

/* A listener that nobody can be accepted from stays ready: the loop turned without a rest. */
TEST(no_descriptor_left_for_a_peer)
{
    struct user u;
    struct rlimit all, few;
    uv_prepare_t prepare;
    begin();
    uv_prepare_init(&loop->uv, &prepare);
    uv_prepare_start(&prepare, count_round);
    struct char_backend *b = open_unix_server();
    attach(b, &u, 100);
    run_ms(5);
    int fd = connect_unix();
    getrlimit(RLIMIT_NOFILE, &all);
    few = (struct rlimit){ 3, all.rlim_max };
    setrlimit(RLIMIT_NOFILE, &few);
    rounds = 0;
    run_ms(500);
    CHECK(strcmp(u.events, "") == 0);
    CHECK(rounds < 20);
    setrlimit(RLIMIT_NOFILE, &all);
    run_ms(300);
    CHECK(strcmp(u.events, "O") == 0);
    close(fd);
    run_ms(5);
    CHECK(strcmp(u.events, "OC") == 0);
    char_destroy(b);
    end();
}
