/* Getting a connection: names are resolved in the thread pool, libpq connects to addresses without blocking. */
#include "client/pg_conn.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/work.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { KEYWORDS_MAX = 64 };

/* Parameters for PQconnectStartParams. */
struct keywords {
    const char *names[KEYWORDS_MAX], *values[KEYWORDS_MAX];
    int count;
};

static void set(struct keywords *k, const char *name, const char *value)
{
    if (k->count < KEYWORDS_MAX - 1) {
        k->names[k->count] = name;
        k->values[k->count++] = value;
    }
}

static const char *find(const PQconninfoOption *options, const char *name, const char *variable)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, name) == 0 && options->val)
            return options->val;
    return variable ? getenv(variable) : NULL;
}

static void fail(struct pg_conn *c, const char *message)
{
    pg_conn_close(c, "unavailable", message);
}

static void on_timeout(struct timer *t)
{
    struct pg_conn *c = (struct pg_conn *)((char *)t - offsetof(struct pg_conn, timer));
    fail(c, c->state == PG_RESOLVING ? "the name of the server is not resolved in time" : "connecting takes too long");
}

static void on_poll(struct watch *w, unsigned events);

/* libpq may change sockets between two polls, so the watch never outlives one. */
static void poll_connection(struct pg_conn *c)
{
    watch_stop(&c->watch);
    switch (PQconnectPoll(c->pq)) {
    case PGRES_POLLING_READING:
        watch_start(&c->watch, c->target->loop, PQsocket(c->pq), WATCH_READ, on_poll);
        break;
    case PGRES_POLLING_WRITING:
        watch_start(&c->watch, c->target->loop, PQsocket(c->pq), WATCH_WRITE, on_poll);
        break;
    case PGRES_POLLING_OK:
        timer_stop(&c->timer);
        pg_conn_established(c);
        break;
    default:
        fail(c, PQerrorMessage(c->pq));
    }
}

static void on_poll(struct watch *w, unsigned events)
{
    (void)events;
    poll_connection((struct pg_conn *)((char *)w - offsetof(struct pg_conn, watch)));
}

/* A list "value,value,…" of count parts. */
static void repeat(struct buf *list, const char *value, int count)
{
    for (int i = 0; i < count; i++)
        buf_printf(list, i ? ",%s" : "%s", value);
    buf_cstr(list);
}

/* hosts and addresses have the same length; both NULL: libpq's own host (a socket, an address). */
static void start(struct pg_conn *c, const PQconninfoOption *options, const char *hosts, const char *addresses)
{
    struct keywords k = {0};
    struct buf session = {0};
    for (const PQconninfoOption *o = options; o->keyword; o++)
        if (o->val && strcmp(o->keyword, "options") != 0)
            set(&k, o->keyword, o->val);
    if (addresses) {
        set(&k, "host", hosts);
        set(&k, "hostaddr", addresses);
    }
    /* What pg_type.c reads: UTC, ISO dates; and the limit that every statement has. */
    buf_printf(&session, "-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c statement_timeout=%ld",
               (long)(c->target->query_timeout * 1000));
    const char *own = find(options, "options", "PGOPTIONS");
    if (own)
        buf_printf(&session, " %s", own);
    set(&k, "options", buf_cstr(&session));
    set(&k, "client_encoding", "UTF8");
    set(&k, "fallback_application_name", "toolboxd");
    if (!find(options, "gssencmode", "PGGSSENCMODE"))
        set(&k, "gssencmode", "disable"); /* looking for Kerberos tickets blocks */

    c->state = PG_CONNECTING;
    c->pq = PQconnectStartParams(k.names, k.values, 0);
    buf_free(&session);
    if (!c->pq || PQstatus(c->pq) == CONNECTION_BAD) {
        fail(c, c->pq ? PQerrorMessage(c->pq) : "out of memory");
        return;
    }
    watch_start(&c->watch, c->target->loop, PQsocket(c->pq), WATCH_WRITE, on_poll);
}

static PQconninfoOption *parse(struct pg_conn *c)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(c->target->url, &message);
    if (!options) {
        fail(c, message ? message : "out of memory");
        PQfreemem(message);
    }
    return options;
}

static void resolved(void *arg, int count, const char *const *addresses, const char *error)
{
    struct pg_conn *c = arg;
    c->resolve = NULL;
    if (count == 0) {
        fail(c, error);
        return;
    }
    PQconninfoOption *options = parse(c);
    if (!options)
        return;
    struct buf hosts = {0}, list = {0};
    repeat(&hosts, find(options, "host", "PGHOST"), count);
    for (int i = 0; i < count; i++)
        buf_printf(&list, i ? ",%s" : "%s", addresses[i]);
    start(c, options, buf_cstr(&hosts), buf_cstr(&list));
    buf_free(&hosts);
    buf_free(&list);
    PQconninfoFree(options);
}

/* Runs at the end of the turn, so that a failure never comes before pg_conn_open has returned. */
static void begin(void *arg)
{
    struct pg_conn *c = arg;
    PQconninfoOption *options = parse(c);
    if (!options)
        return;
    const char *host = find(options, "host", "PGHOST"), *address = find(options, "hostaddr", "PGHOSTADDR");
    bool ready = address || !host || !*host || *host == '/' || *host == '@';
    if (!ready && strchr(host, ',')) {
        fail(c, "the URL names several hosts; name one");
    } else if (ready) {
        start(c, options, NULL, NULL);
    } else {
        c->resolve = resolve_start(c->target->work, host, resolved, c);
        if (!c->resolve)
            fail(c, "too much work waits for the thread pool");
    }
    PQconninfoFree(options);
}

void pg_conn_open(struct pg_conn *c)
{
    c->state = PG_RESOLVING;
    timer_init(&c->timer, c->target->loop, on_timeout);
    timer_start(&c->timer, c->target->connect_timeout);
    loop_defer(c->target->loop, begin, c);
}

void pg_conn_stop_connecting(struct pg_conn *c)
{
    loop_undefer(c->target->loop, begin, c);
    if (c->resolve)
        resolve_cancel(c->resolve);
    c->resolve = NULL;
}
