/* generators/sockets.c: WebSockets, one thread.
 *
 *   sockets echo PORT PATH COUNT SECONDS    each sends a text of 64 octets, waits for it, sends the next
 *   sockets idle PORT PATH COUNT            one echo on each, then all stay open until the input ends
 *   sockets room PORT PATH COUNT ROUNDS     the first says a text of 64 octets; a round ends when all have it
 *
 * Every message that comes is compared with what is due. Pings are answered. Prints one JSON object. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include "generator.h"

enum { SIZE = 64, HEAD = 2, MASK = 4, BUFFER = 1024, ROUND_PATIENCE_S = 30 };

struct conn {
    int fd;
    int64_t sent;
    unsigned long number; /* of the message that is due */
    size_t have;
    unsigned char in[BUFFER];
};

static int poller, count;
static struct conn *conns;
static struct times times;
static bool again;        /* echo: an answer is followed by the next message */
static unsigned long got; /* messages that came as they should */

static void fail(const char *what)
{
    fprintf(stderr, "sockets: %s\n", what);
    exit(1);
}

static void put(struct conn *c, unsigned char opcode, const unsigned char *payload, size_t n)
{
    unsigned char frame[HEAD + MASK + 125] = {(unsigned char)(0x80 | opcode), (unsigned char)(0x80 | n), 1, 2, 3, 4};
    for (size_t i = 0; i < n; i++)
        frame[HEAD + MASK + i] = payload[i] ^ frame[HEAD + i % MASK];
    if (send(c->fd, frame, HEAD + MASK + n, MSG_NOSIGNAL) != (ssize_t)(HEAD + MASK + n))
        fail("a message could not be sent");
}

static void text_of(unsigned long number, unsigned char *text)
{
    char digits[SIZE + 1];
    snprintf(digits, sizeof digits, "%0*lu", SIZE, number);
    memcpy(text, digits, SIZE);
}

static void say(struct conn *c)
{
    unsigned char text[SIZE];
    text_of(c->number, text);
    c->sent = now_ns();
    put(c, 1, text, SIZE);
}

static void message(struct conn *c, const unsigned char *payload, size_t n)
{
    unsigned char due[SIZE];
    text_of(c->number, due);
    if (n != SIZE || memcmp(payload, due, SIZE) != 0)
        fail("another message came than was due");
    c->number++;
    got++;
    if (again) {
        times_add(&times, now_ns() - c->sent);
        say(c);
    }
}

/* Takes the complete frames of what has come. */
static void frames(struct conn *c)
{
    size_t at = 0;
    while (c->have - at >= HEAD) {
        unsigned char *f = c->in + at;
        size_t n = f[1];
        if (!(f[0] & 0x80) || n > 125)
            fail("a frame of a kind that is not asked for");
        if (c->have - at < HEAD + n)
            break;
        at += HEAD + n;
        if ((f[0] & 15) == 1)
            message(c, f + HEAD, n);
        else if ((f[0] & 15) == 9)
            put(c, 10, f + HEAD, n);
        else if ((f[0] & 15) != 10)
            fail("the server has closed a WebSocket");
    }
    c->have -= at;
    memmove(c->in, c->in + at, c->have);
}

static void readable(struct conn *c)
{
    ssize_t n = recv(c->fd, c->in + c->have, BUFFER - c->have, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        fail("a connection ended");
    c->have += (size_t)n;
    frames(c);
}

static void upgrade(struct conn *c, int port, const char *path)
{
    char text[1024];
    c->fd = dial(port);
    int n = snprintf(text, sizeof text,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
                     path);
    if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        fail("a request could not be sent");
    size_t have = 0;
    while (have < 4 || memcmp(text + have - 4, "\r\n\r\n", 4) != 0) { /* to the end of the head, not further */
        ssize_t r = have < sizeof text ? recv(c->fd, text + have, 1, 0) : 0;
        if (r <= 0)
            fail("no answer to an upgrade");
        have++;
    }
    if (strncmp(text, "HTTP/1.1 101", 12) != 0)
        fail("an upgrade was refused");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
}

static void turn(int timeout_ms)
{
    struct epoll_event events[256];
    int n = epoll_wait(poller, events, 256, timeout_ms);
    for (int i = 0; i < n; i++)
        readable(events[i].data.ptr);
}

static void wait_for(unsigned long messages)
{
    int64_t end = now_ns() + (int64_t)ROUND_PATIENCE_S * 1000000000;
    while (got < messages) {
        turn(100);
        if (now_ns() > end)
            fail("not all messages came in time");
    }
}

static void echo(double seconds)
{
    again = true;
    int64_t end = now_ns() + (int64_t)(seconds * 1e9);
    for (int i = 0; i < count; i++)
        say(&conns[i]);
    while (now_ns() < end)
        turn(10);
}

static void room(unsigned long rounds)
{
    for (unsigned long i = 1; i <= rounds; i++) {
        int64_t begin = now_ns();
        say(&conns[0]);
        wait_for(i * (unsigned long)count);
        times_add(&times, now_ns() - begin);
    }
}

static void hold(void)
{
    for (int i = 0; i < count; i++) {
        say(&conns[i]);
        wait_for((unsigned long)i + 1);
    }
    ready();
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: sockets echo|idle|room PORT PATH COUNT [SECONDS|ROUNDS]\n");
        return 2;
    }
    lift_limits();
    count = atoi(argv[4]);
    poller = epoll_create1(EPOLL_CLOEXEC);
    conns = calloc((size_t)count, sizeof *conns);
    if (poller < 0 || !conns)
        die("sockets");
    for (int i = 0; i < count; i++)
        upgrade(&conns[i], atoi(argv[2]), argv[3]);
    if (strcmp(argv[1], "idle") == 0) {
        hold();
        return 0;
    }
    if (!ready())
        return 0;
    double cpu = cpu_seconds(), size = argc > 5 ? atof(argv[5]) : 1;
    int64_t begin = now_ns();
    if (strcmp(argv[1], "echo") == 0)
        echo(size);
    else
        room((unsigned long)size);
    double seconds = (double)(now_ns() - begin) / 1e9;
    times_sort(&times);
    printf("{\"ok\": %lu, \"seconds\": %.3f, \"p50\": %.4f, \"p99\": %.4f, \"most\": %.4f, \"cpu\": %.6f}\n", got,
           seconds, times_at(&times, 0.5), times_at(&times, 0.99), times_at(&times, 1), cpu_seconds() - cpu);
    return 0;
}
