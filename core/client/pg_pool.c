#include "client/pg_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/backoff.h"
#include "loop/loop.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    QUEUE_MAX = 10000, /* requests that may wait */
    PACK = 8,          /* requests that one connection gets before the next is used */
    DEPTH_MAX = 64,    /* requests on their way on one connection */
};

static const double wait_limit = 5; /* seconds in the queue of a database that is there */
static const double down_limit = 1; /* of one that is not */
static const double slow = 0.01;    /* a connection whose oldest answer is late by this is left alone if possible */

/* ---- Connections ---- */

static unsigned count_state(const struct pg_pool *pool, enum pg_state state)
{
    unsigned count = 0;
    for (unsigned i = 0; i < pool->size; i++)
        count += pool->slots[i].conn.state == state;
    return count;
}

static bool is_shared(const struct pg_slot *slot)
{
    return slot->conn.state == PG_READY && !slot->hold && !slot->cleaning;
}

/* Opens another connection, unless enough are on their way for those who wait, or the last attempt failed just now. */
static void open_more(struct pg_pool *pool)
{
    unsigned coming = count_state(pool, PG_RESOLVING) + count_state(pool, PG_CONNECTING);
    if (pool->closing || timer_running(&pool->retry) || coming > pool->waiting)
        return;
    for (unsigned i = 0; i < pool->size; i++)
        if (pool->slots[i].conn.state == PG_CLOSED) {
            pg_conn_open(&pool->slots[i].conn);
            return;
        }
}

/* Fills one connection up to PACK before the next: fewer wake-ups on both sides; but an idle or new one before a longer
 * queue, and never more than DEPTH_MAX. NULL: none is free. */
static struct pg_slot *pick(struct pg_pool *pool)
{
    struct pg_slot *packed = NULL, *idle = NULL, *least = NULL;
    for (unsigned i = 0; i < pool->size; i++) {
        struct pg_slot *slot = &pool->slots[i];
        if (!is_shared(slot))
            continue;
        unsigned load = slot->conn.in_flight;
        if (load == 0) {
            if (!idle)
                idle = slot;
        } else if (load < PACK && !packed && pg_conn_age(&slot->conn) < slow) {
            packed = slot;
        }
        if (!least || load < least->conn.in_flight)
            least = slot;
    }
    if (packed || idle)
        return packed ? packed : idle;
    open_more(pool);
    return least && least->conn.in_flight < DEPTH_MAX ? least : NULL;
}

static void on_ready(struct pg_conn *c)
{
    struct pg_slot *slot = c->owner;
    struct pg_pool *pool = slot->pool;
    if (pool->failures)
        log_write(LOG_INFO, "the database is there again", log_str("database", pool->name), LOG_END);
    pool->failures = 0;
    timer_stop(&pool->retry);
    pg_pool_pump(pool);
}

static void on_lost(struct pg_conn *c, const char *reason)
{
    struct pg_slot *slot = c->owner;
    struct pg_pool *pool = slot->pool;
    pg_slot_lost(slot, reason);
    if (pool->closing)
        return;
    snprintf(pool->reason, sizeof pool->reason, "%s", reason);
    if (count_state(pool, PG_READY) > 0)
        return;
    if (pool->failures == 0)
        log_write(LOG_WARN, "the database is away", log_str("database", pool->name), log_str("reason", reason),
                  LOG_END);
    if (!timer_running(&pool->retry))
        timer_start(&pool->retry, backoff_seconds(pool->failures++));
    if (pool->waiting)
        timer_start(&pool->patience, 0);
}

static void on_retry(struct timer *t)
{
    struct pg_pool *pool = (struct pg_pool *)((char *)t - offsetof(struct pg_pool, retry));
    open_more(pool);
}

static void on_answered(struct pg_conn *c)
{
    struct pg_slot *slot = c->owner;
    pg_slot_answered(slot);
    if (slot->pool->waiting)
        pg_pool_pump(slot->pool);
}

static const struct pg_conn_events events = {.ready = on_ready, .lost = on_lost, .answered = on_answered};

/* ---- The queue ---- */

static double limit_of(const struct pg_pool *pool)
{
    return pool->failures && count_state(pool, PG_READY) == 0 ? down_limit : wait_limit;
}

static struct pg_request *dequeue(struct pg_pool *pool)
{
    struct pg_request *r = pool->first;
    pool->first = r->next;
    if (!pool->first)
        pool->last = NULL;
    pool->waiting--;
    return r;
}

static void refuse(struct pg_pool *pool, struct pg_request *r, double limit)
{
    char message[400];
    if (limit == down_limit)
        snprintf(message, sizeof message, "database %s: %s", pool->name, pool->reason);
    else
        snprintf(message, sizeof message, "database %s: no connection came free", pool->name);
    pg_request_fail(r, "unavailable", message);
    pg_request_finish(r);
}

/* Ends the waits that are over; both queues are in order of time. */
static void on_patience(struct timer *t)
{
    struct pg_pool *pool = (struct pg_pool *)((char *)t - offsetof(struct pg_pool, patience));
    double limit = limit_of(pool), next = 0, since = clock_now() - limit;
    while (pool->first && pool->first->queued <= since)
        refuse(pool, dequeue(pool), limit);
    while (pool->holds && pool->holds->queued <= since)
        pg_hold_fail(pool->holds, "unavailable",
                     limit == down_limit ? pool->reason : "no connection came free for a transaction");
    if (pool->first)
        next = pool->first->queued;
    if (pool->holds && (!next || pool->holds->queued < next))
        next = pool->holds->queued;
    if (next)
        timer_start_at(&pool->patience, next + limit);
}

void pg_pool_pump(struct pg_pool *pool)
{
    pg_holds_serve(pool);
    while (pool->first) {
        if (!pool->first->owner) { /* its task has gone */
            pg_request_finish(dequeue(pool));
            continue;
        }
        struct pg_slot *slot = pick(pool);
        if (!slot)
            break;
        pg_conn_send(&slot->conn, dequeue(pool));
    }
    if (pool->waiting) {
        open_more(pool);
        if (!timer_running(&pool->patience))
            timer_start(&pool->patience, limit_of(pool));
    }
}

/* Where requests of the same group and turn have gone, or NULL. */
static struct pg_slot *find_group(struct pg_pool *pool, const void *group)
{
    for (unsigned i = 0; group && i < pool->size; i++)
        if (pool->slots[i].conn.group == group && is_shared(&pool->slots[i]))
            return &pool->slots[i];
    return NULL;
}

void pg_pool_submit(struct pg_pool *pool, struct pg_request *r)
{
    struct pg_slot *slot = find_group(pool, r->group);
    if (!slot && !pool->first)
        slot = pick(pool);
    if (slot) {
        pg_conn_send(&slot->conn, r);
        return;
    }
    if (pool->waiting >= QUEUE_MAX || pool->closing) {
        pg_request_fail(r, "unavailable", pool->closing ? "the worker stops" : "too many queries wait");
        pg_request_finish(r);
        return;
    }
    r->next = NULL;
    if (pool->last)
        pool->last->next = r;
    else
        pool->first = r;
    pool->last = r;
    pool->waiting++;
    pg_pool_pump(pool);
}

const char *pg_pool_refuses(struct pg_pool *pool, struct str sql)
{
    switch (pg_statement_get(&pool->statements, sql)->kind) {
    case PG_SQL_PLAIN:
        return NULL;
    case PG_SQL_TRANSACTION:
        return "a transaction needs a connection of its own: use db:transaction(fn)";
    case PG_SQL_SESSION:
        return "this statement leaves state in its session: use db:hold(fn) or db:transaction(fn)";
    case PG_SQL_COPY:
        return "COPY needs db:hold(fn, { pipeline = false }) and conn:copy()";
    }
    abort();
}

struct pg_pool_status pg_pool_status(const struct pg_pool *pool)
{
    struct pg_pool_status status = {.connections = count_state(pool, PG_READY), .waiting = pool->waiting};
    for (unsigned i = 0; i < pool->size; i++)
        status.idle += is_shared(&pool->slots[i]) && pool->slots[i].conn.in_flight == 0;
    status.ok = status.connections > 0;
    status.reason = status.ok ? NULL : pool->reason;
    return status;
}

/* ---- A worker's pools ---- */

struct pg_pools {
    struct pg_pool *first;
};

struct pg_pools *pg_pools_new(void)
{
    return mem_zalloc(sizeof(struct pg_pools));
}

struct pg_pool *pg_pools_find(struct pg_pools *all, const char *name)
{
    struct pg_pool *pool = all->first;
    while (pool && strcmp(pool->name, name) != 0)
        pool = pool->next;
    return pool;
}

struct pg_pool *pg_pools_add(struct pg_pools *all, const struct pg_pool_options *options)
{
    struct pg_pool *pool = mem_zalloc(sizeof *pool);
    pool->name = mem_dup(options->name, strlen(options->name));
    pool->target = (struct pg_target){
        .loop = options->loop,
        .work = options->work,
        .url = mem_dup(options->url, strlen(options->url)),
        .connect_timeout = options->connect_timeout,
        .query_timeout = options->query_timeout,
        .statements = &pool->statements,
    };
    pool->size = options->size;
    pool->slots = mem_zalloc(pool->size * sizeof *pool->slots);
    for (unsigned i = 0; i < pool->size; i++) {
        pool->slots[i].pool = pool;
        pg_conn_init(&pool->slots[i].conn, &pool->target, &events, &pool->slots[i]);
    }
    snprintf(pool->reason, sizeof pool->reason, "connecting");
    timer_init(&pool->patience, options->loop, on_patience);
    timer_init(&pool->retry, options->loop, on_retry);
    pool->next = all->first;
    all->first = pool;
    open_more(pool);
    return pool;
}

static void pool_free(struct pg_pool *pool)
{
    pool->closing = true;
    timer_stop(&pool->patience);
    timer_stop(&pool->retry);
    while (pool->first) {
        struct pg_request *r = dequeue(pool);
        pg_request_fail(r, "unavailable", "the worker stops");
        pg_request_finish(r);
    }
    while (pool->holds)
        pg_hold_fail(pool->holds, "unavailable", "the worker stops");
    for (unsigned i = 0; i < pool->size; i++)
        pg_conn_close(&pool->slots[i].conn, "unavailable", "the worker stops");
    pg_listener_free(pool->listener); /* subscriptions must have ended: their VMs are closed before the pools */
    pg_statements_free(&pool->statements);
    free(pool->slots);
    free(pool->target.url);
    free(pool->name);
    free(pool);
}

void pg_pools_free(struct pg_pools *all)
{
    while (all && all->first) {
        struct pg_pool *pool = all->first;
        all->first = pool->next;
        pool_free(pool);
    }
    free(all);
}
