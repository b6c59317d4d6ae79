/* server/conn.c: connections. Descriptors are watched edge-triggered and registered once, so a request costs no
 * epoll_ctl: an edge sets c->readable, and conn_process() reads until the socket is empty or the protocol pauses.
 *
 *   open ──conn_finish──▶ closing (writes what is queued) ──▶ lingering (reads and drops, if asked) ──▶ closed
 *     └──────────────────────────────── conn_close, reset, time-out ────────────────────────────────▶ closed
 *
 * A closed connection is freed in the sweep at the end of the turn, so whoever is inside one of its callbacks may close
 * it. */
#include "server/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/tls.h"
#include "server/state.h"
#include "server/turn.h"

enum {
    READS_PER_TURN = 16,    /* then others are served before this connection goes on */
    READ_AHEAD = 16 * 1024, /* at least this much is asked for behind octets that are kept */
    OUT_HIGH = 256 * 1024,  /* above: no more input is taken until the client has read */
    LONG_PIECE = 8 * 1024,
};
#define LINGER_SECONDS 2.0

static void on_event(struct watch *w, unsigned events);
static void on_timer(struct timer *t);
static void process_deferred(void *conn);

static void link_conn(struct conn *c)
{
    struct server *server = c->server;
    c->next = server->conns;
    if (c->next)
        c->next->previous = c;
    server->conns = c;
    server->counts.connections++;
    metrics_connections(server->metrics, &server->counts);
}

static void unlink_conn(struct conn *c)
{
    if (c->previous)
        c->previous->next = c->next;
    else
        c->server->conns = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->server->counts.connections--;
}

void conn_accept(struct server *server, struct service *service, int fd, const struct sockaddr *peer, size_t length,
                 bool secure)
{
    struct peer_address address = peer_address_of(peer, length);
    bool limited = peer->sa_family != AF_UNIX && !server_trusts(server, &address) && !service->admin;
    struct address_count *count =
        address_table_add(server->addresses, &address, limited ? server->options.max_connections_per_address : 0);
    if (!count) {
        close(fd);
        return;
    }
    struct conn *c = mem_zalloc(sizeof *c);
    c->server = server;
    c->service = service;
    c->peer = address;
    c->address = count;
    c->protocol = &http1_protocol;
    c->secure = secure;
    if (!secure)
        sock_plain(&c->sock, fd);
    else if (!service->tls || !sock_tls(&c->sock, fd, service->tls))
        goto err;
    timer_init(&c->timer, server->loop, on_timer);
    link_conn(c);
    conn_read_deadline(c, server->options.header_timeout);
    watch_start(&c->watch, server->loop, fd, WATCH_READ | WATCH_WRITE | WATCH_CLOSED | WATCH_EDGE, on_event);
    return;
err:
    address_table_drop(server->addresses, count);
    free(c);
    close(fd);
}

static void free_conn(void *arg)
{
    free(arg);
}

void conn_close(struct conn *c, bool lost)
{
    if (c->closed)
        return;
    c->closed = true;
    struct server *server = c->server;
    watch_stop(&c->watch);
    timer_stop(&c->timer);
    c->protocol->end(c, lost);
    out_clear(&c->out, &server->chunks);
    buf_free(&c->in);
    sock_close(&c->sock);
    address_table_drop(server->addresses, c->address);
    unlink_conn(c);
    /* Deferred calls that were made for it come before this one and see that it is closed. */
    loop_defer(server->loop, free_conn, c);
    server_conn_over(server);
}

/* Time. --- */

static void arm(struct conn *c)
{
    double at = c->read_deadline;
    if (c->write_deadline != 0 && (at == 0 || c->write_deadline < at))
        at = c->write_deadline;
    if (at != 0)
        timer_start_at(&c->timer, at);
    else
        timer_pause(&c->timer);
}

void conn_read_deadline(struct conn *c, double seconds)
{
    c->read_deadline = seconds > 0 ? clock_now() + seconds : 0;
    arm(c);
}

static void write_deadline(struct conn *c, double seconds)
{
    c->write_deadline = seconds > 0 ? clock_now() + seconds : 0;
    arm(c);
}

static void on_timer(struct timer *t)
{
    struct conn *c = (struct conn *)((char *)t - offsetof(struct conn, timer));
    double now = clock_now();
    if (c->write_deadline != 0 && c->write_deadline <= now) {
        conn_close(c, true);
        return;
    }
    if (c->read_deadline != 0 && c->read_deadline <= now) {
        c->read_deadline = 0;
        if (c->lingering || c->closing || !c->protocol->timed_out)
            conn_close(c, c->closing && !c->lingering);
        else
            c->protocol->timed_out(c);
    }
    if (!c->closed)
        arm(c);
}

/* Writing. --- */

static void start_lingering(struct conn *c)
{
    c->lingering = true;
    sock_shutdown(&c->sock);
    buf_free(&c->in);
    c->in_seen = 0;
    c->paused = false;
    conn_read_deadline(c, LINGER_SECONDS);
    if (!c->processing)
        loop_defer(c->server->loop, process_deferred, c);
}

/* The queue is empty. */
static void written(struct conn *c)
{
    if (c->write_deadline != 0)
        write_deadline(c, 0);
    if (c->closing && !c->lingering) {
        if (c->discard && !c->input_over)
            start_lingering(c);
        else
            conn_close(c, false);
        return;
    }
    c->blocked = false;
    if (c->protocol->drained)
        c->protocol->drained(c);
}

static void after_write(struct conn *c, enum out_result result, bool progress)
{
    if (result == OUT_BROKEN) {
        conn_close(c, true);
    } else if (result == OUT_EMPTY) {
        written(c);
    } else if (!c->blocked || progress) {
        c->blocked = true;
        write_deadline(c, c->server->options.write_timeout);
    }
}

void conn_flush(struct conn *c)
{
    bool progress = false;
    if (!c->closed)
        after_write(c, out_write(&c->out, &c->server->chunks, &c->sock, &progress), progress);
}

void conn_flush_later(struct conn *c)
{
    if (!c->closed && !c->processing && !c->blocked)
        turn_write(c->server->turn, c);
}

void conn_write(struct conn *c, const void *data, size_t n)
{
    if (c->closed)
        return;
    out_append(&c->out, &c->server->chunks, data, n);
    conn_flush_later(c);
}

void conn_write_long(struct conn *c, struct str data)
{
    if (c->closed)
        return;
    if (data.n < LONG_PIECE || c->blocked) {
        conn_write(c, data.p, data.n);
        return;
    }
    enum out_result result = out_write_with(&c->out, &c->server->chunks, &c->sock, data);
    if (result == OUT_BROKEN)
        conn_flush_later(c); /* meets the same error where closing is safe */
    else if (result == OUT_BLOCKED)
        after_write(c, result, true);
}

void conn_finish(struct conn *c, bool discard)
{
    if (c->closed || c->closing)
        return;
    c->closing = true;
    c->discard = discard;
    c->paused = true;
    conn_read_deadline(c, 0);
    conn_flush_later(c);
}

/* Reading. --- */

/* The first octets behind a TLS handshake: by now it is agreed what they are (RFC 7301). */
static bool agree(struct conn *c)
{
    const char *protocol = sock_protocol(&c->sock);
    c->agreed = true;
    return !protocol || strcmp(protocol, "h2") != 0 || http2_begin(c);
}

/* Hands octets to the protocol; returns how many it is done with. */
static size_t feed(struct conn *c, char *data, size_t n)
{
    if (c->secure && !c->agreed && !agree(c)) {
        conn_close(c, true);
        return n;
    }
    if (c->lingering)
        return n;
    return c->protocol->input(c, data, n);
}

/* What the protocol left before: offered again once it goes on. */
static bool feed_kept(struct conn *c)
{
    if (c->in_seen == c->in.len)
        return false;
    const struct conn_protocol *before = c->protocol;
    size_t used = feed(c, c->in.data, c->in.len);
    if (c->closed || c->lingering)
        return !c->closed;
    if (used == c->in.len)
        buf_free(&c->in);
    else
        buf_consume(&c->in, used);
    c->in_seen = c->paused || c->protocol != before ? 0 : (uint32_t)c->in.len;
    return true;
}

static void input_over(struct conn *c)
{
    c->readable = false;
    c->input_over = true;
    if (c->lingering)
        conn_close(c, false);
    else if (c->protocol->input_ended)
        c->protocol->input_ended(c);
    else
        conn_close(c, true);
}

/* A read with that much room has ended in n. The octets lie in c->in, behind those that are kept, or in a buffer that
 * is lent. */
static void took(struct conn *c, char *data, size_t room, ssize_t n)
{
    if (n == SOCK_AGAIN) {
        c->readable = false;
        return;
    }
    if (n == SOCK_EOF) {
        input_over(c);
        return;
    }
    if (n < 0) {
        conn_close(c, true);
        return;
    }
    if ((size_t)n < room && !c->fin_seen && !c->secure)
        c->readable = false; /* empty for now: what comes next is a new edge (epoll(7)); TLS gives a record at a time */
    if (c->in.len > 0) {
        c->in.len += (size_t)n;
        feed_kept(c);
        return;
    }
    const struct conn_protocol *before = c->protocol;
    size_t used = feed(c, data, (size_t)n);
    if (c->closed || c->lingering || used == (size_t)n)
        return;
    buf_append(&c->in, data + used, (size_t)n - used);
    c->in_seen = c->paused || c->protocol != before ? 0 : (uint32_t)c->in.len;
}

/* Reads once. With octets kept, behind them; else into the worker's scratch, so that an idle connection owns nothing.
 */
static void read_once(struct conn *c)
{
    size_t room = SCRATCH_SIZE;
    char *to = c->server->scratch;
    if (c->in.len > 0) {
        to = buf_reserve(&c->in, READ_AHEAD);
        room = c->in.cap - c->in.len;
    }
    took(c, to, room, sock_read(&c->sock, to, room));
}

void conn_process(struct conn *c)
{
    if (c->closed || c->processing)
        return;
    c->processing = true;
    int reads = 0;
    while (!c->closed && !c->paused && (c->out.queued < OUT_HIGH || c->lingering)) {
        if (feed_kept(c))
            continue;
        if (!c->readable || c->input_over)
            break;
        if (++reads > READS_PER_TURN) {
            loop_defer(c->server->loop, process_deferred, c);
            break;
        }
        read_once(c);
    }
    c->processing = false;
    if (c->closed || c->blocked || c->lingering)
        return;
    if (c->out.first)
        turn_write(c->server->turn, c);
    else if (c->closing)
        written(c);
}

static void process_deferred(void *arg)
{
    conn_process(arg);
}

bool conn_wants_input(const struct conn *c)
{
    return c->readable && !c->secure && !c->closed && !c->paused && !c->input_over && c->in.len == 0 &&
           c->out.queued < OUT_HIGH;
}

void conn_take(struct conn *c, char *data, size_t room, ssize_t n)
{
    if (c->closed)
        return;
    if (!c->paused || c->lingering) {
        c->processing = true;
        took(c, data, room, n);
        c->processing = false;
    } else if (n > 0) {
        buf_append(&c->in, data, (size_t)n); /* somebody has paused it since it was read */
    }
    conn_process(c);
}

void conn_resume(struct conn *c)
{
    c->paused = false;
    if (!c->processing && !c->closed)
        loop_defer(c->server->loop, process_deferred, c);
}

/* While paused nobody reads, so a reset is asked for. */
static bool is_broken(struct conn *c)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(c->sock.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0;
}

static void on_event(struct watch *w, unsigned events)
{
    struct conn *c = (struct conn *)((char *)w - offsetof(struct conn, watch));
    if (events & WATCH_READ || c->sock.read_wants_write)
        c->readable = true;
    if (events & WATCH_CLOSED && !c->fin_seen) {
        c->fin_seen = true;
        c->readable = true;
        if (c->protocol->half_closed && !c->closing)
            c->protocol->half_closed(c);
    }
    if (!c->closed && c->paused && (events & WATCH_READ) && is_broken(c)) {
        conn_close(c, true);
        return;
    }
    if (!c->closed && (events & WATCH_WRITE || c->sock.write_wants_read) && c->blocked) {
        conn_flush(c);
        if (!c->closed && !c->blocked && !c->paused)
            c->readable = true; /* input may have waited for the output */
    }
    if (events & WATCH_CLOSED)
        conn_process(c); /* a connection that ends makes room for those that are accepted in this turn */
    else
        turn_read(c->server->turn, c);
}
