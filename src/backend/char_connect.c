// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A TCP connection that is made while the machine runs.
#include "backend/char_connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/event_loop.h"
#include "host/host.h"

/* A name has a few addresses; more are not tried. */
#define MAX_ADDRESSES 8

struct address {
    struct sockaddr_storage bytes;
    socklen_t length;
    int family, type, protocol;
};

struct char_connect {
    struct event_loop *loop;
    struct address addresses[MAX_ADDRESSES];
    unsigned count, next;
    int fd;
    struct event_watch *watch; /* of the attempt under way, with its descriptor */
    void (*ended)(void *opaque, int fd, int error);
    void *opaque;
};

static void attempt_ended(void *opaque, unsigned events);

/* False and errno if this one is refused at once. */
static bool attempt(struct char_connect *c, const struct address *address)
{
    int fd =
        socket(address->family, address->type | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
    if (fd < 0)
        return false;
    if (connect(fd, (const struct sockaddr *)&address->bytes, address->length) != 0 &&
        errno != EINPROGRESS) {
        int saved_errno = errno;
        close(fd);
        errno = saved_errno;
        return false;
    }
    c->fd = fd;
    c->watch = event_watch_create(c->loop, fd, attempt_ended, c);
    event_watch_set(c->watch, WATCH_WRITE);
    return true;
}

/* False and errno if none is left. */
static bool try_next(struct char_connect *c)
{
    while (c->next < c->count)
        if (attempt(c, &c->addresses[c->next++]))
            return true;
    return false;
}

/* The loop lets go of a watch's descriptor some time later, and does not watch one twice: who is
 * given the connection has it under another number. */
static void attempt_ended(void *opaque, unsigned events)
{
    struct char_connect *c = opaque;
    int error = 0, fd = -1;
    socklen_t length = sizeof error;
    (void)events;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    if (error == 0 && (fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0)) < 0)
        error = errno;
    event_watch_destroy(c->watch, true);
    c->watch = NULL;
    errno = error;
    if (fd < 0 && try_next(c))
        return;
    c->ended(c->opaque, fd, errno);
}

struct char_connect *char_connect_create(struct event_loop *loop, const struct addrinfo *list,
                                         void (*ended)(void *opaque, int fd, int error),
                                         void *opaque)
{
    struct char_connect *c = host_alloc(sizeof *c);
    c->loop = loop;
    c->ended = ended;
    c->opaque = opaque;
    for (; list != NULL && c->count < MAX_ADDRESSES; list = list->ai_next) {
        struct address *address = &c->addresses[c->count++];
        host_assert(list->ai_addrlen <= sizeof address->bytes, "an address is longer than any");
        memcpy(&address->bytes, list->ai_addr, list->ai_addrlen);
        address->length = list->ai_addrlen;
        address->family = list->ai_family;
        address->type = list->ai_socktype;
        address->protocol = list->ai_protocol;
    }
    if (try_next(c))
        return c;
    int saved_errno = errno;
    host_free(c);
    errno = saved_errno;
    return NULL;
}

void char_connect_destroy(struct char_connect *c)
{
    if (c == NULL)
        return;
    event_watch_destroy(c->watch, true);
    host_free(c);
}
