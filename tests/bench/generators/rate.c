/* generators/rate.c: HTTP requests at a fixed rate, however slow the server is.
 *
 *   rate PORT REQUESTS-PER-SECOND SECONDS CONNECTIONS FILE
 *
 * FILE holds one request as it goes over the wire. Request i is due at the start + i / rate; its time counts from then,
 * so a server that falls behind is not spared (no coordinated omission). It goes out on a connection that waits for
 * nothing; while there is none it is late. Answers need a Content-Length. A connection that the server closes between
 * two requests is opened again; an answer that does not come is lost. Prints one JSON object. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include "generator.h"

enum { HEAD_MAX = 16384, PATIENCE_S = 10 };

struct conn {
    int fd;
    int64_t due; /* of the request on the way, or 0 */
    size_t have; /* octets of the head so far */
    long body;   /* octets of the body still to come; -1: the head is not complete */
    char head[HEAD_MAX];
};

static int poller, port, connections, idle_count;
static struct conn *conns, **idle;
static char request[HEAD_MAX];
static size_t request_size;
static struct times times;
static long ok, refused, lost, reopened;

static void open_one(struct conn *c)
{
    c->fd = dial(port);
    c->due = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("epoll_ctl");
}

static void idle_add(struct conn *c)
{
    c->due = 0;
    idle[idle_count++] = c;
}

/* The server has ended the connection: whatever was on the way is lost. */
static void closed(struct conn *c)
{
    bool waited = c->due != 0;
    lost += waited;
    reopened++;
    close(c->fd);
    open_one(c);
    if (waited)
        idle_add(c);
}

static void send_due(int64_t due)
{
    struct conn *c = idle[--idle_count];
    c->due = due;
    c->have = 0;
    c->body = -1;
    if (send(c->fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size)
        closed(c); /* counts as lost: it may have been half read */
}

static void answered(struct conn *c)
{
    times_add(&times, now_ns() - c->due);
    if (strncmp(c->head + 9, "200", 3) == 0)
        ok++;
    else if (refused++ == 0)
        fprintf(stderr, "rate: the first answer that is no 200: %.*s\n", (int)strcspn(c->head, "\r"), c->head);
    idle_add(c);
}

/* Takes what came of the head; the octets behind it belong to the body. */
static void head_more(struct conn *c, size_t n)
{
    c->have += n;
    c->head[c->have] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end)
        return;
    char *length = strcasestr(c->head, "\r\ncontent-length:");
    if (!length || length > end) {
        fprintf(stderr, "rate: an answer without a Content-Length: %.200s\n", c->head);
        exit(1);
    }
    c->body = strtol(length + strlen("\r\ncontent-length:"), NULL, 10);
    c->body -= (long)(c->have - (size_t)(end + 4 - c->head));
}

static void readable(struct conn *c)
{
    static char sink[262144];
    bool in_head = c->due && c->body < 0;
    ssize_t n = in_head ? recv(c->fd, c->head + c->have, HEAD_MAX - 1 - c->have, MSG_DONTWAIT)
                        : recv(c->fd, sink, sizeof sink, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        closed(c);
        return;
    }
    if (!c->due)
        return;
    if (in_head)
        head_more(c, (size_t)n);
    else
        c->body -= n;
    if (c->body == 0)
        answered(c);
}

static void turn(int64_t until)
{
    struct epoll_event events[256];
    int64_t left = until - now_ns();
    struct timespec wait = {left > 0 ? left / 1000000000 : 0, left > 0 ? left % 1000000000 : 0};
    int n = epoll_pwait2(poller, events, 256, &wait, NULL);
    for (int i = 0; i < n; i++)
        readable(events[i].data.ptr);
}

static void load_request(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file)
        die(name);
    request_size = fread(request, 1, sizeof request, file);
    fclose(file);
}

static void run(double rate, double seconds)
{
    long count = (long)(rate * seconds), next = 0;
    int64_t begin = now_ns();
    int64_t end = begin + (int64_t)(seconds * 1e9) + (int64_t)PATIENCE_S * 1000000000;
    while ((next < count || idle_count < connections) && now_ns() < end) {
        int64_t due = begin + (int64_t)((double)next / rate * 1e9);
        if (next < count && idle_count > 0 && due <= now_ns()) {
            send_due(due);
            next++;
        } else {
            turn(next < count && idle_count > 0 ? due : now_ns() + 100000000);
        }
    }
    lost += (count - next) + (connections - idle_count);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: rate PORT RATE SECONDS CONNECTIONS FILE\n");
        return 2;
    }
    port = atoi(argv[1]);
    connections = atoi(argv[4]);
    load_request(argv[5]);
    lift_limits();
    prctl(PR_SET_TIMERSLACK, 1);
    poller = epoll_create1(EPOLL_CLOEXEC);
    conns = calloc((size_t)connections, sizeof *conns);
    idle = calloc((size_t)connections, sizeof *idle);
    if (poller < 0 || !conns || !idle)
        die("rate");
    for (int i = 0; i < connections; i++) {
        open_one(&conns[i]);
        idle_add(&conns[i]);
    }
    if (!ready())
        return 0;
    double cpu = cpu_seconds();
    int64_t begin = now_ns();
    run(atof(argv[2]), atof(argv[3]));
    double seconds = (double)(now_ns() - begin) / 1e9;
    times_sort(&times);
    printf("{\"ok\": %ld, \"refused\": %ld, \"lost\": %ld, \"reopened\": %ld, \"seconds\": %.3f, \"p50\": %.4f,"
           " \"p99\": %.4f, \"most\": %.4f, \"cpu\": %.6f}\n",
           ok, refused, lost, reopened, seconds, times_at(&times, 0.5), times_at(&times, 0.99), times_at(&times, 1),
           cpu_seconds() - cpu);
    return 0;
}
