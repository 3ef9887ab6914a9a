// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Character back ends: flow both ways, pseudo-terminals, the multiplexer, the terminal's
// restoration.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "backend/char_kinds.h"
#include "backend/char_mux.h"
#include "backend/char_open.h"
#include "backend/char_queue.h"
#include "backend/char_stream.h"
#include "backend/event_loop.h"
#include "backend/terminal.h"
#include "base/bits.h"
#include "char_fixture.h"
#include "unit.h"

/* --- the queue, files, names --- */

TEST(queue_is_a_ring)
{
    struct char_queue *q = calloc(1, sizeof *q);
    const uint8_t *data;
    uint8_t in = 0, out = 0;
    for (unsigned round = 0; round < 300; round++) {
        uint8_t bytes[1000];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(in + i);
        in = (uint8_t)(in + char_queue_push(q, bytes, 900));
        size_t n = MIN(char_queue_peek(q, &data), 700u + round);
        for (size_t i = 0; i < n; i++)
            CHECK_EQ(data[i], out++);
        char_queue_drop(q, n);
    }
    while (char_queue_push(q, (const uint8_t *)"x", 1) == 1)
        ;
    CHECK_EQ(q->count, CHAR_QUEUE_SIZE);
    free(q);
}

TEST(names_and_errors)
{
    struct error err;
    begin();
    CHECK(char_backend_open("serial", "serial0", loop, &err) == NULL);
    CHECK(strstr(err.text, "serial0: \"serial\" is no character device") != NULL);
    CHECK(char_backend_open("file:", "serial0", loop, &err) == NULL);
    CHECK(char_backend_open("file:/nonexistent/x", "serial0", loop, &err) == NULL);
    CHECK(strstr(err.text, "No such file") != NULL);
    CHECK(char_backend_open("tcp:nowhere", "serial0", loop, &err) == NULL);
    CHECK(strstr(err.text, "is no TCP address") != NULL);
    CHECK(char_backend_open("tcp::4444,sever=on", "serial0", loop, &err) == NULL);
    CHECK(strstr(err.text, "\"sever=on\"") != NULL);
    CHECK(char_backend_open("tcp:127.0.0.1:1", "serial0", loop, &err) == NULL);
    CHECK(strstr(err.text, "cannot connect to 127.0.0.1:1") != NULL);
    CHECK(char_backend_open("unix:/nonexistent/s", "serial0", loop, &err) == NULL);
    CHECK(char_backend_open("unix:", "serial0", loop, &err) == NULL);
    struct char_backend *b = char_backend_open("none", "serial0", loop, &err);
    CHECK_EQ(put(b, "abc"), 3);
    char_destroy(b);
    end();
}

TEST(file)
{
    struct error err;
    char path[] = "/tmp/test_char_XXXXXX", spec[64];
    int fd = mkstemp(path);
    begin();
    snprintf(spec, sizeof spec, "file:%s", path);
    struct char_backend *b = char_backend_open(spec, "debug", loop, &err);
    CHECK_EQ(put(b, "hello\n"), 6);
    CHECK_EQ(put(b, "again\n"), 6);
    CHECK(reads(fd, "hello\nagain\n")); /* nothing is held back */
    char_destroy(b);
    end();
    unlink(path);
    close(fd);
}

/* --- flow control --- */

static const struct char_backend_ops stream_ops = {
    .kind = "test",
    .write = char_stream_write,
    .accept_input = char_stream_accept_input,
};

TEST(input_comes_as_the_user_takes_it)
{
    int pair[2];
    struct user u;
    struct char_stream *s = calloc(1, sizeof *s);
    begin();
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    char_stream_init(s, &stream_ops, loop, "t");
    char_stream_open(s, pair[0], pair[0]);
    CHECK_EQ(write(pair[1], "0123456789", 10), 10);
    run_ms(5); /* nobody is attached */
    attach(&s->backend, &u, 3);
    run_ms(5);
    CHECK(strcmp(u.text, "012") == 0);
    run_ms(5);
    CHECK_EQ(u.length, 3);
    u.room = 4;
    char_accept_input(&s->backend);
    run_ms(5);
    CHECK(strcmp(u.text, "0123456") == 0);
    close(pair[1]);
    u.room = 100;
    char_accept_input(&s->backend);
    run_ms(5);
    CHECK(strcmp(u.text, "0123456789") == 0);
    CHECK(s->input_ended);
    char_stream_close(s);
    end();
    free(s);
}

TEST(output_never_blocks)
{
    int pair[2];
    struct user u;
    static uint8_t chunk[1024];
    struct char_stream *s = calloc(1, sizeof *s);
    size_t sent = 0, got = 0, taken;
    begin();
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    char_stream_init(s, &stream_ops, loop, "t");
    char_stream_open(s, pair[0], pair[0]);
    attach(&s->backend, &u, 0);
    do {
        for (size_t i = 0; i < sizeof chunk; i++)
            chunk[i] = (uint8_t)((sent + i) * 7 / 3);
        taken = char_write(&s->backend, chunk, sizeof chunk);
        sent += taken;
    } while (taken == sizeof chunk);
    CHECK(sent > CHAR_QUEUE_SIZE);
    CHECK_EQ(u.writables, 0);
    for (unsigned idle = 0; idle < 3;) {
        uint8_t in[4096];
        ssize_t n = read(pair[1], in, sizeof in);
        for (ssize_t i = 0; i < n; i++, got++)
            CHECK_EQ(in[i], (uint8_t)(got * 7 / 3));
        idle = n > 0 ? 0 : idle + 1;
        if (n <= 0)
            run_ms(2);
    }
    CHECK_EQ(got, sent);
    CHECK_EQ(u.writables, 1);
    close(pair[1]);
    char_stream_close(s);
    end();
    free(s);
}

/* The path is printed on standard output as QEMU prints it. */
static struct char_backend *open_pty(char name[64])
{
    struct error err;
    char line[128] = "";
    int out[2], saved = dup(STDOUT_FILENO);
    fflush(stdout);
    CHECK(pipe(out) == 0);
    dup2(out[1], STDOUT_FILENO);
    struct char_backend *b = char_backend_open("pty", "serial0", loop, &err);
    dup2(saved, STDOUT_FILENO);
    CHECK(b != NULL && read(out[0], line, sizeof line - 1) > 0);
    CHECK_EQ(sscanf(line, "char device redirected to %63s (label serial0)", name), 1);
    close(out[0]);
    close(out[1]);
    close(saved);
    return b;
}

TEST(pty)
{
    struct user u;
    char name[64] = "";
    begin();
    struct char_backend *b = open_pty(name);
    attach(b, &u, 100);
    CHECK_EQ(put(b, "lost"), 4);
    int fd = open(name, O_RDWR | O_NOCTTY);
    CHECK(fd >= 0);
    CHECK_EQ(put(b, "ok\n"), 3);
    CHECK(reads(fd, "ok\n"));
    CHECK_EQ(write(fd, "a\r\x03", 3), 3);
    run_ms(5);
    CHECK(strcmp(u.text, "a\r\x03") == 0);
    close(fd);
    run_ms(5);
    CHECK(strcmp(u.events, "OC") == 0);
    fd = open(name, O_RDWR | O_NOCTTY);
    run_ms(300);
    CHECK(strcmp(u.events, "OCO") == 0);
    close(fd);
    char_destroy(b);
    end();
}

/* Where a gdb that connects stops the processor, the processor's own output cannot be what tells it
 * so. What was sent to the client is there all the same, and what the client says comes later. */
TEST(pty_tells_of_its_client_by_the_loop)
{
    struct user u;
    char name[64] = "";
    begin();
    struct char_backend *b = open_pty(name);
    attach(b, &u, 100);
    for (unsigned client = 0; client < 3; client++) {
        int fd = open(name, O_RDWR | O_NOCTTY);
        u.events[0] = '\0';
        CHECK_EQ(write(fd, "hello", 5), 5);
        CHECK_EQ(put(b, "ok\n"), 3);
        CHECK(strcmp(u.events, "") == 0);
        CHECK(reads(fd, "ok\n"));
        if (client == 1) { /* gone before anybody heard of it */
            close(fd);
            u.room = 0;
            continue;
        }
        u.room = 100;
        run_ms(20);
        CHECK(strcmp(u.events, "O") == 0);
        CHECK_EQ(strncmp(u.text + u.length - 5, "hello", 5), 0);
        close(fd);
        run_ms(20);
        CHECK(strcmp(u.events, "OC") == 0);
    }
    char_destroy(b);
    end();
}

/* --- the multiplexer --- */

struct fake {
    struct char_backend backend;
    char out[1024];
    size_t room;
    bool destroyed;
};

static size_t fake_write(struct char_backend *b, const uint8_t *data, size_t length)
{
    struct fake *f = container_of(b, struct fake, backend);
    size_t taken = MIN(length, f->room);
    strncat(f->out, (const char *)data, taken);
    f->room -= taken;
    return taken;
}

static void fake_destroy(struct char_backend *b)
{
    container_of(b, struct fake, backend)->destroyed = true;
}

static const struct char_backend_ops fake_ops = { .kind = "fake",
                                                  .write = fake_write,
                                                  .destroy = fake_destroy };

static void type(struct fake *f, const char *text)
{
    const struct char_user *mux = &f->backend.user;
    size_t length = strlen(text);
    CHECK(mux->can_receive(mux->opaque) >= length);
    mux->receive(mux->opaque, (const uint8_t *)text, length);
}

static unsigned quits;

static void count_quit(void *opaque)
{
    (void)opaque;
    quits++;
}

TEST(mux)
{
    struct fake f = { .backend = { .ops = &fake_ops }, .room = 1000 };
    struct user serial, monitor;
    struct char_backend *s = char_mux_create(&f.backend, NULL, "serial0"),
                        *m = char_mux_add(s, "monitor");
    CHECK(char_mux_add(&f.backend, "x") == NULL);
    CHECK(m != NULL && strcmp(m->label, "monitor") == 0);
    attach(s, &serial, 100);
    attach(m, &monitor, 100);

    type(&f, "ab\x01\x01"
             "c\x03");
    CHECK(strcmp(serial.text, "ab\x01"
                              "c\x03") == 0);
    type(&f, "\x01");
    type(&f, "cinfo\x01"
             "cx");
    CHECK(strcmp(monitor.text, "info") == 0);
    CHECK(strcmp(serial.text, "ab\x01"
                              "c\x03x") == 0);
    CHECK(strcmp(serial.events, "UI") == 0);
    CHECK(strcmp(monitor.events, "IU") == 0);
    type(&f, "\x01"
             "b\x01q\x01h");
    CHECK(strcmp(serial.events, "UIB") == 0);
    CHECK(strstr(f.out, "C-a x    exit emulator\r\n") != NULL);
    char_mux_set_quit(s, count_quit, NULL);
    type(&f, "\x01x");
    CHECK_EQ(quits, 1);

    /* Input waits in the multiplexer while its user is full. */
    serial.room = 2;
    type(&f, "12345");
    CHECK(strcmp(serial.text + 6, "12") == 0);
    serial.room = 100;
    char_accept_input(s);
    CHECK(strcmp(serial.text + 6, "12345") == 0);

    /* Only who was refused hears that there is room again. */
    f.out[0] = '\0';
    f.room = 2;
    CHECK_EQ(put(s, "xyz"), 2);
    f.room = 100;
    f.backend.user.writable(f.backend.user.opaque);
    f.backend.user.writable(f.backend.user.opaque);
    CHECK_EQ(serial.writables, 1);
    CHECK_EQ(monitor.writables, 0);
    CHECK_EQ(put(m, "!"), 1);
    CHECK(strcmp(f.out, "xy!") == 0);
    char_destroy(m);
    CHECK(!f.destroyed);
    char_destroy(s);
    CHECK(f.destroyed);
}

/* --- the terminal is restored on every way out --- */

enum way { WAY_RETURN, WAY_EXIT, WAY_SIGNAL };

static _Noreturn void child(const char *name, enum way way, int number, int ready)
{
    struct error err;
    setsid();
    int fd = open(name, O_RDWR); /* becomes the controlling terminal */
    dup2(fd, 0);
    dup2(fd, 1);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would stay */
    begin();
    struct char_backend *b = char_backend_open("mon:stdio", "serial0", loop, &err);
    if (b == NULL || char_backend_open("stdio", "serial1", loop, &err) != NULL ||
        strstr(err.text, "serial0 has it") == NULL)
        _exit(99);
    if (write(ready, "r", 1) != 1)
        _exit(98);
    if (way == WAY_RETURN) {
        char_destroy(b);
        if (write(ready, "d", 1) == 1)
            pause();
    }
    if (way == WAY_EXIT)
        exit(0);
    if (number == SIGSEGV || number == SIGABRT)
        raise(number);
    for (;;)
        pause();
}

static bool is_raw(int fd)
{
    struct termios mode;
    tcgetattr(fd, &mode);
    return !(mode.c_lflag & (ICANON | ECHO | ISIG)) && !(mode.c_iflag & ICRNL);
}

static void terminal_case(enum way way, int number)
{
    char name[64], byte;
    int ready[2], status;
    struct termios before, after;
    memset(&before, 0, sizeof before); /* padding too: they are compared as bytes */
    memset(&after, 0, sizeof after);
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(grantpt(master) == 0 && unlockpt(master) == 0 &&
          ptsname_r(master, name, sizeof name) == 0);
    CHECK(pipe(ready) == 0);
    int slave = open(name, O_RDWR | O_NOCTTY);
    tcgetattr(slave, &before);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        /* The tests' own surroundings may ignore it (nohup); bmbt then does, too. */
        if (number != 0)
            signal(number, SIG_DFL);
        child(name, way, number, ready[1]);
    }
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    bool by_itself = way == WAY_EXIT || number == SIGSEGV || number == SIGABRT;
    if (way == WAY_RETURN) {
        CHECK_EQ(read(ready[0], &byte, 1), 1);
        CHECK(!is_raw(slave));
        kill(pid, SIGKILL);
    } else if (!by_itself) {
        CHECK(is_raw(slave));
        kill(pid, number);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (way == WAY_SIGNAL)
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == number);
    tcgetattr(slave, &after);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    close(slave);
    close(master);
    close(ready[0]);
    close(ready[1]);
}

TEST(terminal_is_restored)
{
    terminal_case(WAY_RETURN, 0);
    terminal_case(WAY_EXIT, 0);
    terminal_case(WAY_SIGNAL, SIGTERM);
    terminal_case(WAY_SIGNAL, SIGINT);
    terminal_case(WAY_SIGNAL, SIGHUP);
    terminal_case(WAY_SIGNAL, SIGQUIT);
    terminal_case(WAY_SIGNAL, SIGABRT);
    terminal_case(WAY_SIGNAL, SIGSEGV);
}

/* A shell with job control: leads the session, has bmbt in the foreground, says when that stops or
 * ends. */
static _Noreturn void shell(const char *name, int report)
{
    char letter;
    int status, ready[2];
    setsid();
    int fd = open(name, O_RDWR);
    if (pipe(ready) != 0)
        _exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        struct error err;
        setpgid(0, 0);
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(fd, getpid());
        signal(SIGTTOU, SIG_DFL);
        dup2(fd, 0);
        dup2(fd, 1);
        begin();
        if (char_backend_open("mon:stdio", "serial0", loop, &err) == NULL ||
            write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    if (read(ready[0], &letter, 1) != 1 || write(report, &pid, sizeof pid) != sizeof pid)
        _exit(1);
    do {
        waitpid(pid, &status, WUNTRACED);
        letter = WIFSTOPPED(status) ? 'S' : 'E';
    } while (write(report, &letter, 1) == 1 && letter == 'S');
    _exit(0);
}

/* Look often for at most a second. */
static bool becomes(int fd, bool raw)
{
    for (unsigned i = 0; i < 200 && is_raw(fd) != raw; i++)
        usleep(5000);
    return is_raw(fd) == raw;
}

TEST(terminal_over_a_stop)
{
    char name[64], letter = 0;
    int report[2], master = posix_openpt(O_RDWR | O_NOCTTY);
    pid_t pid = 0;
    CHECK(grantpt(master) == 0 && unlockpt(master) == 0 &&
          ptsname_r(master, name, sizeof name) == 0);
    CHECK(pipe(report) == 0);
    int slave = open(name, O_RDWR | O_NOCTTY);
    fflush(stdout);
    pid_t leader = fork();
    if (leader == 0)
        shell(name, report[1]);
    close(report[1]);
    CHECK_EQ(read(report[0], &pid, sizeof pid), sizeof pid);
    for (unsigned round = 0; round < 2 && pid > 0; round++) {
        CHECK(is_raw(slave));
        kill(pid, SIGTSTP);
        CHECK(read(report[0], &letter, 1) == 1 && letter == 'S');
        CHECK(!is_raw(slave));
        kill(pid, SIGCONT);
        CHECK(becomes(slave, true));
    }
    if (pid > 0)
        kill(pid, SIGTERM);
    CHECK(read(report[0], &letter, 1) == 1 && letter == 'E');
    CHECK(!is_raw(slave));
    waitpid(leader, NULL, 0);
    close(report[0]);
    close(slave);
    close(master);
}
