/* generators/generator.h: what the load generators of tools/bench share: a clock, a connection to 127.0.0.1, the times
 * that requests took. Each generator is one C file, one thread of load, compiled by tests/bench/prepare.py. */
#ifndef GENERATOR_H
#define GENERATOR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline void die(const char *what)
{
    perror(what);
    exit(1);
}

static inline int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Seconds of CPU time that this process has used. */
static inline double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A connected blocking socket. */
static inline int dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* As many descriptors as this machine allows. */
static inline void lift_limits(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Times in nanoseconds, kept one by one: percentiles are exact. */
struct times {
    int64_t *at;
    size_t n, room;
};

static inline void times_add(struct times *t, int64_t ns)
{
    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 65536;
        t->at = realloc(t->at, t->room * sizeof *t->at);
        if (!t->at)
            die("realloc");
    }
    t->at[t->n++] = ns;
}

static inline int times_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Milliseconds within which the share q of all lies; sort first. */
static inline double times_at(const struct times *t, double q)
{
    if (t->n == 0)
        return 0;
    size_t i = (size_t)((double)t->n * q);
    return (double)t->at[i < t->n ? i : t->n - 1] / 1e6;
}

static inline void times_sort(struct times *t)
{
    qsort(t->at, t->n, sizeof *t->at, times_compare);
}

/* Says that all is ready and waits for a line: the caller reads the server's clocks in between. False at the end of
 * the input. */
static inline bool ready(void)
{
    char line[16];
    puts("ready");
    fflush(stdout);
    return fgets(line, sizeof line, stdin) != NULL;
}

#endif
