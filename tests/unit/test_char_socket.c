// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Character back ends on sockets: one peer after another, connecting while the machine runs.
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/char_connect.h"
#include "backend/char_open.h"
#include "backend/char_queue.h"
#include "backend/event_internal.h"
#include "char_fixture.h"
#include "unit.h"

/* A read from it gives up some day. */
static int client_socket(int family)
{
    struct timeval limit = { .tv_sec = 2 };
    int fd = socket(family, SOCK_STREAM, 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    return fd;
}

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
    int fd = client_socket(AF_UNIX);
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

/* An address that nobody uses just now. */
static struct sockaddr_in free_address(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    close(fd);
    return address;
}

static int connect_tcp(struct sockaddr_in address)
{
    int fd = client_socket(AF_INET);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* Clients that come and go while the guest reads nothing: each is served, what each has sent comes
 * in the end, and one that is there is not driven out. */
static void clients_of_a_deaf_guest(struct char_backend *b, const struct sockaddr_in *address)
{
    struct user u;
    attach(b, &u, 2);
    int there = -1;
    for (unsigned client = 0; client < 3; client++) {
        char text[8], letters[] = "abc\0def\0ghi";
        int fd = address != NULL ? connect_tcp(*address) : connect_unix();
        CHECK_EQ(write(fd, letters + 4 * client, 3), 3);
        run_ms(client == 1 ? 500 : 20);
        if (there >= 0) {
            CHECK(strcmp(u.events, "O") == 0);
            close(there);
            run_ms(500);
            CHECK(strcmp(u.events, "OCO") == 0);
        }
        snprintf(text, sizeof text, "hello%u", client);
        CHECK_EQ(put(b, text), 6);
        CHECK(reads(fd, text));
        there = client == 0 ? fd : -1;
        if (client > 0)
            close(fd);
    }
    CHECK(strcmp(u.text, "ab") == 0);
    CHECK(strcmp(u.events, "OCOCO") == 0);
    u.room = 3;
    char_accept_input(b);
    CHECK(strcmp(u.text, "ab") == 0); /* this may be a processor's thread */
    run_ms(20);
    CHECK(strcmp(u.text, "abcde") == 0);
    u.room = 100;
    char_accept_input(b);
    run_ms(20);
    CHECK(strcmp(u.text, "abcdefghi") == 0);
    CHECK(strcmp(u.events, "OCOCOC") == 0);
}

TEST(deaf_guest_hides_that_its_client_has_gone)
{
    struct error err;
    struct sockaddr_in address = free_address();
    char spec[80];
    begin();
    struct char_backend *b = open_unix_server();
    clients_of_a_deaf_guest(b, NULL);
    char_destroy(b);
    snprintf(spec, sizeof spec, "tcp:127.0.0.1:%u,server=on,wait=off", ntohs(address.sin_port));
    b = char_backend_open(spec, "serial0", loop, &err);
    CHECK(b != NULL);
    clients_of_a_deaf_guest(b, &address);
    char_destroy(b);
    end();
}

/* More than is kept is not lost either: then the next one waits for the guest. */
TEST(client_of_a_deaf_guest_leaves_much)
{
    static uint8_t text[CHAR_QUEUE_SIZE + 20000];
    struct user u;
    begin();
    struct char_backend *b = open_unix_server();
    attach(b, &u, 0);
    int fd = connect_unix();
    memset(text, 'x', sizeof text);
    CHECK_EQ(write(fd, text, sizeof text), sizeof text);
    close(fd);
    run_ms(20);
    fd = connect_unix();
    CHECK_EQ(write(fd, "y", 1), 1);
    run_ms(500);
    CHECK(strcmp(u.events, "O") == 0);
    for (size_t got = 0; got <= sizeof text; got += u.length) {
        u.length = 0;
        u.room = 500;
        char_accept_input(b);
        for (unsigned i = 0; i < 100 && u.length == 0; i++)
            run_ms(5);
        CHECK(u.length > 0 && u.text[u.length - 1] == (got + u.length <= sizeof text ? 'x' : 'y'));
        if (u.length == 0)
            break;
    }
    CHECK(strcmp(u.events, "OCO") == 0);
    close(fd);
    char_destroy(b);
    end();
}

struct end {
    int fd, error;
    unsigned count;
};

static void connecting_ended(void *opaque, int fd, int error)
{
    *(struct end *)opaque = (struct end){ fd, error, ((struct end *)opaque)->count + 1 };
}

TEST(connecting_tries_one_address_after_another)
{
    struct sockaddr_in refused = free_address(), taken = free_address();
    struct addrinfo list[2] = { { .ai_family = AF_INET,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_addr = (struct sockaddr *)&refused,
                                  .ai_addrlen = sizeof refused },
                                { .ai_family = AF_INET,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_addr = (struct sockaddr *)&taken,
                                  .ai_addrlen = sizeof taken } };
    struct end end_seen = { -1, 0, 0 };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&taken, sizeof taken) == 0 && listen(listener, 4) == 0);
    list[0].ai_next = &list[1];
    begin();
    struct char_connect *c = char_connect_create(loop, list, connecting_ended, &end_seen);
    CHECK(c != NULL);
    run_ms(50);
    CHECK_EQ(end_seen.count, 1);
    CHECK(end_seen.fd >= 0 && write(end_seen.fd, "x", 1) == 1);
    close(end_seen.fd);
    char_connect_destroy(c);
    /* All refused: told at once or later. */
    list[0].ai_next = NULL;
    end_seen = (struct end){ -1, 0, 0 };
    c = char_connect_create(loop, list, connecting_ended, &end_seen);
    int error = c == NULL ? errno : 0;
    run_ms(50);
    CHECK_EQ(end_seen.count, c != NULL);
    CHECK_EQ(c == NULL ? error : end_seen.error, ECONNREFUSED);
    CHECK_EQ(end_seen.fd, -1);
    char_connect_destroy(c);
    /* Given up before it was told. */
    end_seen = (struct end){ -1, 0, 0 };
    c = char_connect_create(loop, &list[1], connecting_ended, &end_seen);
    char_connect_destroy(c);
    run_ms(50);
    CHECK_EQ(end_seen.count, 0);
    close(listener);
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
