// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Events that a thread sleeps on, from POSIX threads.
#include "host/host.h"

#include <pthread.h>

struct host_event {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool set;
};

struct host_event *host_event_create(void)
{
    struct host_event *event = host_alloc(sizeof *event);
    pthread_mutex_init(&event->mutex, NULL);
    pthread_cond_init(&event->condition, NULL);
    return event;
}

void host_event_destroy(struct host_event *event)
{
    if (event == NULL)
        return;
    pthread_cond_destroy(&event->condition);
    pthread_mutex_destroy(&event->mutex);
    host_free(event);
}

void host_event_set(struct host_event *event)
{
    pthread_mutex_lock(&event->mutex);
    event->set = true;
    pthread_cond_signal(&event->condition);
    pthread_mutex_unlock(&event->mutex);
}

void host_event_wait(struct host_event *event)
{
    pthread_mutex_lock(&event->mutex);
    while (!event->set)
        pthread_cond_wait(&event->condition, &event->mutex);
    event->set = false;
    pthread_mutex_unlock(&event->mutex);
}
