// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// TCP and Unix sockets, as server or client.
#include "backend/char_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/char_connect.h"
#include "backend/char_stream.h"
#include "backend/event_loop.h"
#include "backend/socket_options.h"
#include "base/bits.h"
#include "base/clock.h"
#include "host/host.h"

/* How long until the next look for somebody who waits and cannot be let in now. */
#define LOOK_INTERVAL (NS_PER_SECOND / 5)

/* One peer at a time: while it is connected, others wait in the listener's backlog. The listener is
 * watched nevertheless: who knocks may find that the peer has gone. */
struct socket_backend {
    struct char_stream stream;
    struct event_watch *listen_watch; /* server */
    int listener;
    struct timer look;
    struct char_connect *connecting; /* client, while it is not connected yet */
    char *path;                      /* Unix server: removed at the end */
    bool nodelay;
};

/* --- the running back end --- */

static void connected(struct socket_backend *socket, int fd)
{
    int on = 1;
    if (socket->nodelay)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char_stream_open(&socket->stream, fd, fd);
}

static bool accept_peer(struct socket_backend *socket)
{
    int fd = accept4(socket->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return false;
    connected(socket, fd);
    return true;
}

static void look_again(void *opaque)
{
    struct socket_backend *socket = opaque;
    event_watch_set(socket->listen_watch, WATCH_READ);
}

static bool place_is_free(struct socket_backend *socket)
{
    if (!socket->stream.connected)
        return true;
    if (!char_stream_take_rest(&socket->stream))
        return false;
    char_stream_close(&socket->stream);
    return true;
}

/* While the place is taken, or the host has no descriptor or memory left, the listener stays ready:
 * it is not looked at for a while. */
static void accept_ready(void *opaque, unsigned events)
{
    struct socket_backend *socket = opaque;
    (void)events;
    if (place_is_free(socket) &&
        (accept_peer(socket) || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
        return;
    event_watch_set(socket->listen_watch, 0);
    timer_set(&socket->look, clock_now(socket->look.clock) + LOOK_INTERVAL);
}

static void socket_ended(struct char_stream *s)
{
    struct socket_backend *socket = container_of(s, struct socket_backend, stream);
    char_stream_close(s);
    if (socket->listen_watch != NULL)
        event_watch_set(socket->listen_watch, WATCH_READ);
}

static void socket_destroy(struct char_backend *b)
{
    struct socket_backend *socket = container_of(b, struct socket_backend, stream.backend);
    timer_cancel(&socket->look);
    char_connect_destroy(socket->connecting);
    char_stream_flush(&socket->stream, 1000);
    if (socket->listen_watch != NULL)
        event_watch_destroy(socket->listen_watch, true);
    char_stream_release(&socket->stream);
    if (socket->path != NULL)
        unlink(socket->path);
    free(socket->path);
    host_free(socket);
}

static const struct char_backend_ops socket_ops = {
    .kind = "socket",
    .write = char_stream_write,
    .wait = char_stream_wait,
    .accept_input = char_stream_accept_input,
    .destroy = socket_destroy,
};

static void wait_for_peer(struct socket_backend *socket, const char *name)
{
    struct pollfd first = { socket->listener, POLLIN, 0 };
    fprintf(stderr, "bmbt: waiting for a connection on %s (label %s)\n", name,
            socket->stream.backend.label);
    while (poll(&first, 1, -1) < 0 || !accept_peer(socket))
        if (errno != EINTR && errno != EAGAIN)
            poll(NULL, 0, (int)(LOOK_INTERVAL / 1000000));
}

static struct socket_backend *create(const struct socket_options *options, const char *label,
                                     struct event_loop *loop)
{
    struct socket_backend *socket = host_alloc(sizeof *socket);
    char_stream_init(&socket->stream, &socket_ops, loop, label);
    timer_init(&socket->look, event_loop_clock(loop), look_again, socket);
    socket->stream.ended = socket_ended;
    socket->nodelay = options->nodelay;
    socket->listener = -1;
    return socket;
}

/* fd listens or is connected already. A server that waits has its first peer before the machine
 * starts. */
static struct char_backend *start(int fd, const struct socket_options *options, const char *name,
                                  const char *label, struct event_loop *loop)
{
    struct socket_backend *socket = create(options, label, loop);
    if (!options->server) {
        fcntl(fd, F_SETFL, O_NONBLOCK);
        connected(socket, fd);
        return &socket->stream.backend;
    }
    socket->listener = fd;
    socket->listen_watch = event_watch_create(loop, fd, accept_ready, socket);
    event_watch_set(socket->listen_watch, WATCH_READ);
    if (options->wait)
        wait_for_peer(socket, name);
    return &socket->stream.backend;
}

/* A client that does not wait is connected by the loop, some time. */
static void connecting_ended(void *opaque, int fd, int error)
{
    struct socket_backend *socket = opaque;
    char_connect_destroy(socket->connecting);
    socket->connecting = NULL;
    if (fd >= 0)
        connected(socket, fd);
    else
        fprintf(stderr, "bmbt: %s: cannot connect: %s\n", socket->stream.backend.label,
                strerror(error));
}

static struct char_backend *start_connecting(const struct addrinfo *list,
                                             const struct socket_options *options,
                                             const char *label, struct event_loop *loop)
{
    struct socket_backend *socket = create(options, label, loop);
    socket->connecting = char_connect_create(loop, list, connecting_ended, socket);
    if (socket->connecting != NULL)
        return &socket->stream.backend;
    int saved_errno = errno;
    host_free(socket);
    errno = saved_errno;
    return NULL;
}

/* --- TCP --- */

static int try_address(const struct addrinfo *info, bool server)
{
    int on = 1;
    int fd =
        socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | (server ? SOCK_NONBLOCK : 0),
               info->ai_protocol);
    if (fd < 0)
        return -1;
    if (server)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool ok = server ? bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, 1) == 0
                     : connect(fd, info->ai_addr, info->ai_addrlen) == 0;
    if (ok)
        return fd;
    int saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return -1;
}

static struct char_backend *open_tcp(const struct addrinfo *list,
                                     const struct socket_options *options, const char *name,
                                     const char *label, struct event_loop *loop)
{
    int fd = -1;
    if (!options->server && !options->wait)
        return start_connecting(list, options, label, loop);
    for (const struct addrinfo *info = list; info != NULL && fd < 0; info = info->ai_next)
        fd = try_address(info, options->server);
    return fd >= 0 ? start(fd, options, name, label, loop) : NULL;
}

struct char_backend *char_tcp_open(const char *text, const char *label, struct event_loop *loop,
                                   struct error *err)
{
    struct socket_options options;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
    struct char_backend *b = NULL;
    char name[160], *host, *port;

    if (!socket_options_parse(&options, text, label, err))
        return NULL;
    snprintf(name, sizeof name, "tcp:%s", options.address);
    if (!socket_split_address(options.address, &host, &port)) {
        error_set(err, "%s: \"%s\" is no TCP address; write tcp:[host]:port[,server=on]", label,
                  name);
        goto out;
    }
    hints.ai_flags = options.server ? AI_PASSIVE : 0;
    int failed = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &list);
    if (failed != 0) {
        error_set(err, "%s: cannot find the address %s:%s: %s", label, host, port,
                  gai_strerror(failed));
        goto out;
    }
    b = open_tcp(list, &options, name, label, loop);
    if (b == NULL)
        error_set(err, "%s: cannot %s %s:%s: %s", label,
                  options.server ? "listen on" : "connect to", host, port, strerror(errno));
    freeaddrinfo(list);
out:
    free(options.copy);
    return b;
}

/* --- Unix sockets --- */

/* A client that does not wait is refused where it would have to: too many wait there already. */
static int open_unix(const char *path, bool server, bool wait)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat old;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (server || !wait ? SOCK_NONBLOCK : 0), 0);

    if (fd < 0)
        return -1;
    strcpy(address.sun_path, path);
    /* What an earlier run left behind; never a file that is no socket. */
    if (server && lstat(path, &old) == 0 && S_ISSOCK(old.st_mode))
        unlink(path);
    bool ok = server
                  ? bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0
                  : connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (ok)
        return fd;
    int saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return -1;
}

struct char_backend *char_unix_open(const char *text, const char *label, struct event_loop *loop,
                                    struct error *err)
{
    struct socket_options options;
    struct char_backend *b = NULL;
    char name[160];

    if (!socket_options_parse(&options, text, label, err))
        return NULL;
    const char *path = options.address;
    snprintf(name, sizeof name, "unix:%s", path);
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path) {
        error_set(err, "%s: the socket's path is too long: %s", label, path);
        goto out;
    }
    int fd = open_unix(path, options.server, options.wait);
    if (fd < 0) {
        error_set(err, "%s: cannot %s the socket \"%s\": %s", label,
                  options.server ? "create" : "connect to", path, strerror(errno));
        goto out;
    }
    options.nodelay = false;
    b = start(fd, &options, name, label, loop);
    if (options.server)
        container_of(b, struct socket_backend, stream.backend)->path = strdup(path);
out:
    free(options.copy);
    return b;
}
