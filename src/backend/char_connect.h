// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A TCP connection that is made while the machine runs.
#ifndef BACKEND_CHAR_CONNECT_H
#define BACKEND_CHAR_CONNECT_H

struct addrinfo;
struct char_connect;
struct event_loop;

/*
 * Tries the addresses one after another. ended() is called once, from the loop: with a non-blocking
 * descriptor of a connection, or with -1 and the errno of the last attempt. It may destroy this. NULL
 * and errno if all are refused at once: then it is not called.
 */
struct char_connect *char_connect_create(struct event_loop *loop, const struct addrinfo *list,
                                         void (*ended)(void *opaque, int fd, int error),
                                         void *opaque);
/* ended() is not called any more. */
void char_connect_destroy(struct char_connect *c);

#endif
