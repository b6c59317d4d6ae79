/* client/pg_pool.h: one database of one worker: many tasks on few connections. Called by bind/pg.c; lives as long as
 * the worker, through all generations.
 *
 * Shared requests go, whole, to a connection that others use too; each has its own sync, so one's failure is not
 * another's. A hold has a connection to itself: for transactions and everything that leaves state in the session, which
 * is undone before others get it. Whoever finds no connection waits in a queue, for a limited time. */
#ifndef CLIENT_PG_POOL_H
#define CLIENT_PG_POOL_H

#include "client/pg_conn.h"

struct pg_pools;
struct pg_pool;
struct pg_hold;

/* ---- The pools of a worker, by name ---- */

struct pg_pool_options {
    struct loop *loop;
    struct work *work;
    const char *name, *url; /* copied */
    unsigned size;          /* connections */
    double connect_timeout, query_timeout;
};

struct pg_pools *pg_pools_new(void);
struct pg_pool *pg_pools_find(struct pg_pools *all, const char *name);

/* A pool that begins to connect. */
struct pg_pool *pg_pools_add(struct pg_pools *all, const struct pg_pool_options *options);

/* Answers everyone who waits, closes all connections. NULL is allowed. */
void pg_pools_free(struct pg_pools *all);

/* ---- Shared requests ---- */

/* NULL if sql may run on a shared connection, else a sentence that says why not and what to do. */
const char *pg_pool_refuses(struct pg_pool *pool, struct str sql);

/* Sends r, now or when there is a connection. on_done may be called before this returns. */
void pg_pool_submit(struct pg_pool *pool, struct pg_request *r);

struct pg_pool_status {
    bool ok;            /* there is a connection */
    const char *reason; /* why not; NULL if ok */
    unsigned connections, idle, waiting;
};
struct pg_pool_status pg_pool_status(const struct pg_pool *pool);

/* ---- Holds ---- */

/* Takes a connection for one task. If pg_hold_ready() is not true at once, done is called when it is, or with the error
 * (the hold must then still be released). pipeline = false leaves pipeline mode. */
struct pg_hold *pg_hold_new(struct pg_pool *pool, bool pipeline,
                            void (*done)(struct pg_hold *hold, const struct pg_error *error), void *arg);
bool pg_hold_ready(const struct pg_hold *hold);

/* True while an earlier request is not answered and another may not be sent: outside of pipeline mode. */
bool pg_hold_busy(const struct pg_hold *hold);
void *pg_hold_arg(const struct pg_hold *hold);

/* Sends r on the held connection; fails it if that is lost. Keeps the first error since the last BEGIN. */
void pg_hold_submit(struct pg_hold *hold, struct pg_request *r);

/* As pg_conn_copy; writable is called with arg when 0 was returned and more can be put, or the connection is lost. */
int pg_hold_copy(struct pg_hold *hold, struct str data, void (*writable)(void *arg), void *arg);
void pg_hold_copy_forget(struct pg_hold *hold); /* writable will not be called */

/* Gives the connection back, at any time: what still runs is cancelled, an open transaction rolled back, session state
 * reset, all without anybody waiting. */
void pg_hold_release(struct pg_hold *hold);

/* ---- Notifications ---- */

struct pg_subscription {
    struct pg_subscription *next;
    struct pg_pool *pool;
    char *channel;
    bool active; /* the server has confirmed, fn was told */
    /* A notification; payload.p NULL: listening begins (again), earlier ones may have been missed. On the loop. */
    void (*fn)(struct pg_subscription *s, struct str payload);
    void *arg;
};

/* Subscribes to channel (1–63 octets) on a connection of its own. s is the caller's until pg_unlisten. */
void pg_listen(struct pg_pool *pool, struct pg_subscription *s, struct str channel);
void pg_unlisten(struct pg_subscription *s);

#endif
