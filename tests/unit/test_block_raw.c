// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Raw images in files: reading, writing, snapshots, locks, bad images, media changes, with and
// without an event loop.
#include "backend/block/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/event_loop.h"
#include "base/bits.h"
#include "host/host.h"
#include "unit.h"

struct directory {
    char path[64];
    char image[96];
};

/* A directory of its own with an image of size bytes: byte n is n / 512. */
static void make(struct directory *d, unsigned size)
{
    FILE *file;
    snprintf(d->path, sizeof d->path, "/tmp/bmbt-test-XXXXXX");
    CHECK(mkdtemp(d->path) != NULL);
    snprintf(d->image, sizeof d->image, "%s/disk.img", d->path);
    file = fopen(d->image, "w");
    for (unsigned n = 0; n < size; n++)
        fputc((int)(n / 512), file);
    fclose(file);
}

static void clean(struct directory *d)
{
    unlink(d->image);
    rmdir(d->path);
}

static unsigned file_byte(const char *file, unsigned at)
{
    uint8_t byte = 0xee;
    int fd = open(file, O_RDONLY);
    CHECK_EQ(pread(fd, &byte, 1, at), 1);
    close(fd);
    return byte;
}

struct answer {
    bool done;
    int error;
};

static void on_done(struct block_request *request, int error)
{
    *(struct answer *)request->opaque = (struct answer){true, error};
}

/* Without a loop: a request runs in drain. */
static int run(struct block_backend *b, enum block_operation operation, uint64_t offset,
               void *buffer, uint64_t length)
{
    struct answer answer = {0};
    struct block_request r = {.operation = operation,
                              .offset = offset,
                              .length = length,
                              .buffer = buffer,
                              .done = on_done,
                              .opaque = &answer};
    block_submit(b, &r);
    CHECK(!answer.done); /* never from within submit */
    b->ops->drain(b);
    CHECK(answer.done);
    return answer.error;
}

TEST(read_write_flush)
{
    struct directory d;
    struct block_backend *b;
    uint8_t buffer[1024];
    make(&d, 8192);
    b = block_backend_open(&(struct block_options){.file = d.image, .label = "ide0-hd0"}, NULL,
                           NULL);
    CHECK(b != NULL);
    CHECK_EQ(b->size, 8192);
    CHECK(!b->read_only && !b->removable && !b->snapshot);
    CHECK(strcmp(b->label, "ide0-hd0") == 0);
    CHECK(strcmp(b->file, d.image) == 0);
    CHECK_EQ(run(b, BLOCK_READ, 1024, buffer, 1024), 0);
    CHECK_EQ(buffer[0], 2);
    CHECK_EQ(buffer[1023], 3);
    memset(buffer, 0x5a, sizeof buffer);
    CHECK_EQ(run(b, BLOCK_WRITE, 7168, buffer, 1024), 0);
    CHECK_EQ(run(b, BLOCK_FLUSH, 0, NULL, 0), 0);
    CHECK_EQ(file_byte(d.image, 8191), 0x5a);
    CHECK_EQ(file_byte(d.image, 7167), 13);
    CHECK_EQ(run(b, BLOCK_READ, 8192, buffer, 512), -EIO);
    CHECK_EQ(run(b, BLOCK_WRITE, 7680, buffer, 1024), -EIO);
    CHECK_EQ(run(b, BLOCK_DISCARD, 0, NULL, 4096), 0);
    block_backend_close(b);
    clean(&d);
}

TEST(read_only)
{
    struct directory d;
    struct block_backend *b;
    uint8_t buffer[512];
    make(&d, 1024);
    chmod(d.image, 0400);
    b = block_backend_open(&(struct block_options){.file = d.image, .read_only = true}, NULL, NULL);
    CHECK(b != NULL && b->read_only);
    CHECK_EQ(run(b, BLOCK_WRITE, 0, buffer, 512), -EROFS);
    CHECK_EQ(run(b, BLOCK_FLUSH, 0, NULL, 0), 0);
    block_backend_close(b);
    clean(&d);
}

TEST(odd_size_is_padded)
{
    struct directory d;
    struct block_backend *b;
    uint8_t buffer[512];
    make(&d, 1000);
    b = block_backend_open(&(struct block_options){.file = d.image}, NULL, NULL);
    CHECK_EQ(b->size, 1024);
    memset(buffer, 0xee, 512);
    CHECK_EQ(run(b, BLOCK_READ, 512, buffer, 512), 0);
    CHECK_EQ(buffer[487], 1);
    CHECK_EQ(buffer[488], 0);
    CHECK_EQ(buffer[511], 0);
    memset(buffer, 0x33, 512);
    CHECK_EQ(run(b, BLOCK_WRITE, 512, buffer, 512), 0);
    CHECK_EQ(file_byte(d.image, 1023), 0x33);
    /* Cut under us: an error. */
    CHECK_EQ(truncate(d.image, 512), 0);
    CHECK_EQ(run(b, BLOCK_READ, 512, buffer, 512), -EIO);
    block_backend_close(b);
    clean(&d);
}

TEST(snapshot_leaves_the_image)
{
    struct directory d;
    struct block_backend *b;
    uint8_t buffer[2048];
    make(&d, 8192);
    b = block_backend_open(&(struct block_options){.file = d.image, .snapshot = true}, NULL, NULL);
    CHECK(b->snapshot && !b->read_only);
    memset(buffer, 0x77, 512);
    CHECK_EQ(run(b, BLOCK_WRITE, 1024, buffer, 512), 0);
    CHECK_EQ(run(b, BLOCK_FLUSH, 0, NULL, 0), 0);
    CHECK_EQ(run(b, BLOCK_READ, 512, buffer, 2048), 0);
    CHECK_EQ(buffer[0], 1);
    CHECK_EQ(buffer[512], 0x77);
    CHECK_EQ(buffer[1023], 0x77);
    CHECK_EQ(buffer[1024], 3);
    CHECK_EQ(buffer[2047], 4);
    CHECK_EQ(file_byte(d.image, 1024), 2);
    block_backend_close(b);
    b = block_backend_open(&(struct block_options){.file = d.image}, NULL, NULL);
    CHECK_EQ(run(b, BLOCK_READ, 1024, buffer, 512), 0);
    CHECK_EQ(buffer[0], 2);
    block_backend_close(b);
    clean(&d);
}

/* What a second process that opens the image is told; the empty string: it could. */
static void open_elsewhere(const struct block_options *options, char *text, size_t size)
{
    int pipes[2], status;
    ssize_t n;
    pid_t child;
    CHECK_EQ(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        struct error err = {0};
        struct block_backend *b = block_backend_open(options, NULL, &err);
        n = write(pipes[1], err.text, strlen(err.text));
        _exit(b != NULL && n >= 0 ? 0 : 1);
    }
    close(pipes[1]);
    n = read(pipes[0], text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    close(pipes[0]);
    waitpid(child, &status, 0);
    CHECK_EQ(WEXITSTATUS(status), *text != '\0');
}

TEST(locks)
{
    struct directory d;
    struct block_backend *b, *c;
    struct error err;
    char text[600], pid[32];
    make(&d, 1024);
    b = block_backend_open(&(struct block_options){.file = d.image}, NULL, NULL);
    snprintf(pid, sizeof pid, "process %d (", (int)getpid());
    open_elsewhere(&(struct block_options){.file = d.image}, text, sizeof text);
    CHECK(strstr(text, d.image) != NULL && strstr(text, pid) != NULL);
    open_elsewhere(&(struct block_options){.file = d.image, .read_only = true}, text, sizeof text);
    CHECK(strstr(text, pid) != NULL);
    CHECK(block_backend_open(&(struct block_options){.file = d.image}, NULL, &err) == NULL);
    CHECK(strstr(err.text, "twice") != NULL);
    block_backend_close(b);
    /* Readers share. */
    b = block_backend_open(&(struct block_options){.file = d.image, .read_only = true}, NULL, NULL);
    c = block_backend_open(&(struct block_options){.file = d.image, .snapshot = true}, NULL, NULL);
    CHECK(b != NULL && c != NULL);
    open_elsewhere(&(struct block_options){.file = d.image, .removable = true}, text, sizeof text);
    CHECK(*text == '\0');
    open_elsewhere(&(struct block_options){.file = d.image}, text, sizeof text);
    CHECK(strstr(text, pid) != NULL);
    block_backend_close(b);
    block_backend_close(c);
    open_elsewhere(&(struct block_options){.file = d.image}, text, sizeof text);
    CHECK(*text == '\0');
    clean(&d);
}

/* Each is one line that names the file. */
static void refused(const char *file, const char *expected)
{
    struct error err = {0};
    CHECK(block_backend_open(&(struct block_options){.file = file}, NULL, &err) == NULL);
    CHECK(strstr(err.text, file) != NULL);
    CHECK(strchr(err.text, '\n') == NULL);
    if (strstr(err.text, expected) == NULL)
        unit_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.text, expected);
}

TEST(bad_images)
{
    struct directory d;
    char fifo[96];
    make(&d, 0);
    refused(d.image, "is empty");
    refused(d.path, "is a directory");
    refused("/nonexistent/disk.img", "does not exist");
    refused("/dev/null", "neither a file nor a block device");
    snprintf(fifo, sizeof fifo, "%s/fifo", d.path);
    mkfifo(fifo, 0600);
    refused(fifo, "neither");
    unlink(fifo);
    if (geteuid() != 0) {
        chmod(d.image, 0);
        refused(d.image, "cannot be written");
    }
    clean(&d);
}

/* A full disk under the image, as far as a file size limit makes one: the error comes back, the
 * rest stays. */
TEST(no_space)
{
    struct directory d;
    struct block_backend *b;
    uint8_t buffer[4096];
    struct rlimit old, limit;
    make(&d, 512);
    CHECK_EQ(truncate(d.image, 65536), 0);
    b = block_backend_open(&(struct block_options){.file = d.image}, NULL, NULL);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = (struct rlimit){8192, old.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    memset(buffer, 1, sizeof buffer);
    CHECK_EQ(run(b, BLOCK_WRITE, 0, buffer, 4096), 0);
    CHECK_EQ(run(b, BLOCK_WRITE, 16384, buffer, 4096), -EFBIG);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_EQ(run(b, BLOCK_FLUSH, 0, NULL, 0), 0);
    CHECK_EQ(file_byte(d.image, 4095), 1);
    CHECK_EQ(file_byte(d.image, 16384), 0);
    block_backend_close(b);
    clean(&d);
}

static void count_change(void *opaque)
{
    ++*(int *)opaque;
}

TEST(medium_change)
{
    struct directory d, e;
    struct block_backend *b;
    struct error err;
    uint8_t buffer[512];
    int changes = 0;
    make(&d, 1024);
    make(&e, 4096);
    b = block_backend_open(&(struct block_options){.removable = true, .label = "ide1-cd0"}, NULL,
                           &err);
    CHECK(b != NULL && b->removable && b->read_only);
    CHECK_EQ(b->size, 0);
    CHECK(b->file == NULL);
    CHECK_EQ(run(b, BLOCK_READ, 0, buffer, 512), -EIO);
    b->media_changed = count_change;
    b->opaque = &changes;
    CHECK(block_backend_change(b, d.image, &err));
    CHECK_EQ(changes, 1);
    CHECK_EQ(b->size, 1024);
    CHECK(!block_backend_change(b, "/nonexistent", &err));
    CHECK_EQ(b->size, 1024);
    CHECK_EQ(run(b, BLOCK_READ, 512, buffer, 512), 0);
    CHECK_EQ(buffer[0], 1);
    CHECK(block_backend_change(b, e.image, &err));
    CHECK_EQ(b->size, 4096);
    CHECK(strcmp(b->file, e.image) == 0);
    CHECK(block_backend_change(b, NULL, &err));
    CHECK_EQ(b->size, 0);
    CHECK_EQ(changes, 3);
    block_backend_close(b);
    b = block_backend_open(&(struct block_options){.file = d.image, .label = "ide0-hd0"}, NULL,
                           &err);
    CHECK(!block_backend_change(b, e.image, &err));
    CHECK(strstr(err.text, "ide0-hd0") != NULL);
    block_backend_close(b);
    clean(&d);
    clean(&e);
}

/* With a loop: requests run beside it and end in it, under the lock. */
struct looped {
    enum block_operation operation;
    struct directory directory;
    struct event_loop *loop;
    struct host_lock *lock;
    struct block_backend *b;
    struct block_request request[64];
    uint8_t buffer[64][512];
    unsigned ended;
    bool quit_at_end, forget;
};

static void looped_done(struct block_request *request, int error)
{
    struct looped *l = request->opaque;
    CHECK(host_lock_held(l->lock));
    CHECK_EQ(error, 0);
    if (++l->ended == ARRAY_SIZE(l->request) && l->quit_at_end)
        event_loop_quit(l->loop);
}

/* Leaves the lock held, with all requests submitted. The image is in the host's memory, unless
 * told to forget it. */
static void looped_start(struct looped *l)
{
    make(&l->directory, 64 * 512);
    if (l->forget) {
        int fd = open(l->directory.image, O_RDONLY);
        CHECK_EQ(fdatasync(fd), 0);
        CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
        close(fd);
    }
    l->lock = host_lock_create();
    l->loop = event_loop_create(l->lock, NULL);
    l->b = block_backend_open(&(struct block_options){.file = l->directory.image}, l->loop, NULL);
    host_lock_acquire(l->lock);
    for (unsigned n = 0; n < ARRAY_SIZE(l->request); n++) {
        memset(l->buffer[n], l->operation == BLOCK_WRITE ? (int)n : 0xee, 512);
        l->request[n] = (struct block_request){
            .operation = l->operation,
            .offset = n * 512,
            .length = 512,
            .buffer = l->buffer[n],
            .done = looped_done,
            .opaque = l,
        };
        block_submit(l->b, &l->request[n]);
    }
}

static void looped_end(struct looped *l)
{
    CHECK_EQ(l->ended, 64);
    for (unsigned n = 0; n < ARRAY_SIZE(l->request); n++)
        CHECK_EQ(l->buffer[n][511], n);
    event_loop_destroy(l->loop);
    host_lock_destroy(l->lock);
    clean(&l->directory);
}

static void end_in_the_event_loop(struct looped *l)
{
    host_lock_release(l->lock);
    event_loop_run(l->loop);
    block_backend_close(l->b);
    looped_end(l);
}

TEST(ends_in_the_event_loop)
{
    struct looped l = {.operation = BLOCK_WRITE, .quit_at_end = true};
    looped_start(&l);
    CHECK_EQ(l.ended, 0);
    end_in_the_event_loop(&l);
}

/* Wherever the host still has some of it. */
TEST(reads_of_what_the_host_has_forgotten)
{
    struct looped l = {.operation = BLOCK_READ, .quit_at_end = true, .forget = true};
    looped_start(&l);
    end_in_the_event_loop(&l);
}

/* A tmpfs, for one, cannot tell. */
static bool host_tells_what_it_has(const char *file)
{
    char byte;
    const struct iovec all = {.iov_base = &byte, .iov_len = 1};
    int fd = open(file, O_RDONLY);
    bool tells = preadv2(fd, &all, 1, 0, RWF_NOWAIT) == 1;
    close(fd);
    return tells;
}

TEST(reads_of_what_the_host_has_end_at_once)
{
    struct looped l = {.operation = BLOCK_READ, .quit_at_end = true};
    looped_start(&l);
    if (host_tells_what_it_has(l.directory.image))
        CHECK_EQ(l.ended, 64);
    else
        fprintf(stderr, "reads_of_what_the_host_has_end_at_once: /tmp cannot tell: seen by the loop only\n");
    end_in_the_event_loop(&l);
}

static void quit(void *opaque)
{
    event_loop_quit(opaque);
}

/* Drained by hand, the lock held: all end there, and none a second time in the loop. */
TEST(drained_beside_the_event_loop)
{
    struct looped l = {.operation = BLOCK_WRITE};
    looped_start(&l);
    CHECK_EQ(l.ended, 0);
    l.b->ops->drain(l.b);
    CHECK_EQ(l.ended, 64);
    block_backend_close(l.b);
    event_loop_call(l.loop, quit, l.loop);
    host_lock_release(l.lock);
    event_loop_run(l.loop);
    looped_end(&l);
}
