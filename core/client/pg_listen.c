/* Notifications: one connection per pool, opened at the first subscription, that does nothing but LISTEN. When it is
 * lost it connects and listens again, and tells every subscriber that notifications may have been missed. */
#include "client/pg_private.h"

#include "base/log.h"
#include "base/mem.h"
#include "client/backoff.h"
#include "loop/loop.h"

#include <stddef.h>
#include <stdlib.h>

struct pg_listener {
    struct pg_conn conn;
    struct pg_pool *pool;
    struct pg_subscription *first;
    struct timer retry;
    unsigned failures;
    bool closing;
};

/* The subscriptions to a channel begin when the server has confirmed its LISTEN. */
static void confirmed(struct pg_request *r)
{
    struct pg_listener *l = r->owner;
    struct str channel = {r->calls[0].sql.p + strlen("LISTEN "), r->calls[0].sql.n - strlen("LISTEN ")};
    if (r->error.code) {
        log_write(LOG_ERROR, "LISTEN failed", log_slice("channel", channel), log_str("reason", r->error.message),
                  LOG_END);
        return;
    }
    struct pg_subscription *next;
    for (struct pg_subscription *s = l->first; s; s = next) {
        next = s->next;
        struct buf quoted = {0};
        buf_printf(&quoted, "\"%s\"", s->channel);
        if (!s->active && str_eq(buf_str(&quoted), channel)) {
            s->active = true;
            s->fn(s, STR_NULL);
        }
        buf_free(&quoted);
    }
}

static void tell(struct pg_listener *l, const char *verb, const char *channel)
{
    struct buf sql = {0};
    buf_printf(&sql, "%s \"%s\"", verb, channel);
    struct pg_request *r = pg_request_new(PG_STATEMENTS, 1);
    pg_request_add(r, buf_str(&sql), 0);
    buf_free(&sql);
    if (strcmp(verb, "LISTEN") == 0) {
        r->on_done = confirmed;
        r->owner = l;
    }
    pg_conn_send(&l->conn, r);
}

static bool is_first_of_channel(const struct pg_listener *l, const struct pg_subscription *s)
{
    for (const struct pg_subscription *o = l->first; o != s; o = o->next)
        if (strcmp(o->channel, s->channel) == 0)
            return false;
    return true;
}

static void on_ready(struct pg_conn *c)
{
    struct pg_listener *l = c->owner;
    l->failures = 0;
    for (struct pg_subscription *s = l->first; s && c->state == PG_READY; s = s->next)
        if (is_first_of_channel(l, s))
            tell(l, "LISTEN", s->channel);
}

static void on_lost(struct pg_conn *c, const char *reason)
{
    (void)reason; /* the pool's own connections tell */
    struct pg_listener *l = c->owner;
    for (struct pg_subscription *s = l->first; s; s = s->next)
        s->active = false;
    if (!l->closing)
        timer_start(&l->retry, backoff_seconds(l->failures++));
}

static void on_retry(struct timer *t)
{
    struct pg_listener *l = (struct pg_listener *)((char *)t - offsetof(struct pg_listener, retry));
    if (l->first)
        pg_conn_open(&l->conn);
}

static void on_notified(struct pg_conn *c, struct str channel, struct str payload)
{
    struct pg_listener *l = c->owner;
    struct pg_subscription *next;
    for (struct pg_subscription *s = l->first; s; s = next) {
        next = s->next;
        if (s->active && str_eq(str_from(s->channel), channel))
            s->fn(s, payload);
    }
}

static void on_answered(struct pg_conn *c)
{
    (void)c;
}

static const struct pg_conn_events events = {on_ready, on_lost, on_answered, on_notified};

static struct pg_listener *listener_new(struct pg_pool *pool)
{
    struct pg_listener *l = mem_zalloc(sizeof *l);
    l->pool = pool;
    pg_conn_init(&l->conn, &pool->target, &events, l);
    timer_init(&l->retry, pool->target.loop, on_retry);
    return l;
}

void pg_listen(struct pg_pool *pool, struct pg_subscription *s, struct str channel)
{
    if (!pool->listener)
        pool->listener = listener_new(pool);
    struct pg_listener *l = pool->listener;
    s->pool = pool;
    s->channel = mem_dup(channel.p, channel.n);
    s->active = false;
    struct pg_subscription **link = &l->first;
    while (*link)
        link = &(*link)->next;
    s->next = NULL;
    *link = s;
    /* LISTEN again on a channel that is listened to is harmless, and its answer activates the newcomer. */
    if (l->conn.state == PG_READY)
        tell(l, "LISTEN", s->channel);
    else if (l->conn.state == PG_CLOSED && !timer_running(&l->retry))
        pg_conn_open(&l->conn);
}

void pg_unlisten(struct pg_subscription *s)
{
    struct pg_listener *l = s->pool->listener;
    struct pg_subscription **link = &l->first;
    bool others = false;
    while (*link != s)
        link = &(*link)->next;
    *link = s->next;
    for (struct pg_subscription *o = l->first; o; o = o->next)
        others |= strcmp(o->channel, s->channel) == 0;
    if (!others && l->conn.state == PG_READY)
        tell(l, "UNLISTEN", s->channel);
    free(s->channel);
    s->channel = NULL;
}

void pg_listener_free(struct pg_listener *l)
{
    if (!l)
        return;
    l->closing = true;
    timer_stop(&l->retry);
    pg_conn_close(&l->conn, "unavailable", "the worker stops");
    free(l);
}
