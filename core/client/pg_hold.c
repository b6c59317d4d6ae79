/* Holds: a connection that one task has to itself, and making it fit for others afterwards.
 *
 *   waiting ──pg_holds_serve──▶ (draining) ──▶ ready ──pg_hold_release──▶ slot cleaning ──▶ slot shared
 *                                               └──connection lost──▶ every request fails, release frees it */
#include "client/pg_private.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>

bool pg_hold_ready(const struct pg_hold *hold)
{
    return hold->slot && !hold->draining;
}

bool pg_hold_busy(const struct pg_hold *hold)
{
    return hold->slot && !hold->pipeline && hold->slot->conn.in_flight > 0;
}

void *pg_hold_arg(const struct pg_hold *hold)
{
    return hold->arg;
}

static void unlink_waiting(struct pg_hold *hold)
{
    struct pg_hold **link = &hold->pool->holds;
    while (*link != hold)
        link = &(*link)->next;
    *link = hold->next;
    hold->waiting = false;
    hold->pool->waiting--;
}

void pg_hold_fail(struct pg_hold *hold, const char *code, const char *message)
{
    if (hold->waiting)
        unlink_waiting(hold);
    hold->draining = false;
    hold->done(hold, &(struct pg_error){.code = code, .message = message});
}

/* The least busy shared connection. One is always left to shared requests (unless the pool has but one), so that tasks
 * in transactions which also query cannot wait for each other for ever. */
static struct pg_slot *find_slot(struct pg_pool *pool)
{
    struct pg_slot *best = NULL;
    unsigned held = 0;
    for (unsigned i = 0; i < pool->size; i++) {
        struct pg_slot *slot = &pool->slots[i];
        held += slot->hold || slot->cleaning;
        if (slot->conn.state == PG_READY && !slot->hold && !slot->cleaning &&
            (!best || slot->conn.in_flight < best->conn.in_flight))
            best = slot;
    }
    return held < (pool->size > 1 ? pool->size - 1 : 1) ? best : NULL;
}

/* Leaves pipeline mode once nothing is on its way. */
static void drain(struct pg_hold *hold)
{
    struct pg_conn *c = &hold->slot->conn;
    if (c->in_flight == 0 && pg_conn_set_pipeline(c, false))
        hold->draining = false;
}

static bool take_slot(struct pg_hold *hold)
{
    struct pg_slot *slot = find_slot(hold->pool);
    if (!slot)
        return false;
    slot->hold = hold;
    slot->conn.held = true;
    hold->slot = slot;
    hold->draining = !hold->pipeline;
    if (hold->draining)
        drain(hold);
    return true;
}

void pg_holds_serve(struct pg_pool *pool)
{
    for (struct pg_hold *hold = pool->holds; hold; hold = pool->holds) {
        if (!take_slot(hold))
            return;
        if (hold->waiting)
            unlink_waiting(hold);
        if (pg_hold_ready(hold))
            hold->done(hold, NULL);
    }
}

struct pg_hold *pg_hold_new(struct pg_pool *pool, bool pipeline,
                            void (*done)(struct pg_hold *hold, const struct pg_error *error), void *arg)
{
    struct pg_hold *hold = mem_zalloc(sizeof *hold);
    *hold = (struct pg_hold){.pool = pool, .pipeline = pipeline, .queued = clock_now(), .arg = arg};
    bool taken = !pool->holds && take_slot(hold) && hold->slot; /* it may be lost while it is drained */
    hold->done = done;
    if (taken)
        return hold;
    struct pg_hold **link = &pool->holds;
    while (*link)
        link = &(*link)->next;
    *link = hold;
    hold->waiting = true;
    pool->waiting++;
    pg_pool_pump(pool);
    return hold;
}

void pg_hold_submit(struct pg_hold *hold, struct pg_request *r)
{
    if (!hold->slot) {
        pg_request_fail(r, "unavailable", "the connection was lost");
        pg_request_finish(r);
        return;
    }
    for (unsigned i = 0; i < r->count; i++) {
        enum pg_sql kind = pg_statement_get(&hold->pool->statements, r->calls[i].sql)->kind;
        hold->slot->dirty |= kind == PG_SQL_SESSION || r->kind == PG_SCRIPT;
    }
    r->held = true;
    pg_conn_send(&hold->slot->conn, r);
}

static void on_writable(struct pg_conn *c)
{
    struct pg_slot *slot = c->owner;
    struct pg_hold *hold = slot->hold;
    if (!hold || !hold->writable)
        return;
    void (*writable)(void *) = hold->writable;
    hold->writable = NULL;
    writable(hold->writable_arg);
}

int pg_hold_copy(struct pg_hold *hold, struct str data, void (*writable)(void *arg), void *arg)
{
    if (!hold->slot)
        return -1;
    int taken = pg_conn_copy(&hold->slot->conn, data);
    if (taken == 0 && hold->slot) {
        hold->writable = writable;
        hold->writable_arg = arg;
        hold->slot->conn.writable = on_writable;
    }
    return hold->slot ? taken : -1;
}

void pg_hold_copy_forget(struct pg_hold *hold)
{
    hold->writable = NULL;
}

/* ---- Giving back ---- */

static void internal_done(struct pg_request *r)
{
    struct pg_slot *slot = r->owner;
    if (r->error.code)
        pg_conn_close(&slot->conn, "unavailable", "a connection could not be cleaned");
}

static void send_internal(struct pg_slot *slot, struct str sql)
{
    struct pg_request *r = pg_request_new(PG_STATEMENTS, 1);
    pg_request_add(r, sql, 0);
    r->on_done = internal_done;
    r->owner = slot;
    pg_conn_send(&slot->conn, r);
}

/* One step of making a released connection fit for others; called again after each answer. What its task still had
 * running is cancelled, but only once it is that which runs: requests of others may be before it. Without a thread to
 * cancel it, its time limit ends it. */
static void clean(struct pg_slot *slot)
{
    struct pg_conn *c = &slot->conn;
    if (c->in_flight && c->head->held && !slot->cancelled)
        slot->cancelled = pg_conn_cancel(c);
    if (c->in_flight || c->cancel)
        return;
    if (c->copying) {
        pg_conn_close(c, "unavailable", "a COPY was left unfinished");
        return;
    }
    if (!c->pipeline && !pg_conn_set_pipeline(c, true))
        return;
    if (PQtransactionStatus(c->pq) != PQTRANS_IDLE) {
        send_internal(slot, STR("ROLLBACK"));
    } else if (slot->dirty) {
        slot->dirty = false;
        memset(c->prepared, 0, sizeof c->prepared); /* DISCARD ALL deallocates them */
        send_internal(slot, STR("DISCARD ALL"));
    } else {
        slot->cleaning = false;
        c->held = false;
    }
}

void pg_hold_release(struct pg_hold *hold)
{
    struct pg_slot *slot = hold->slot;
    struct pg_pool *pool = hold->pool;
    if (hold->waiting)
        unlink_waiting(hold);
    free(hold);
    if (!slot)
        return;
    slot->hold = NULL;
    slot->cleaning = true;
    slot->cancelled = false;
    slot->conn.writable = NULL;
    clean(slot);
    if (pool->waiting)
        pg_pool_pump(pool);
}

void pg_slot_answered(struct pg_slot *slot)
{
    if (slot->cleaning) {
        clean(slot);
    } else if (slot->hold && slot->hold->draining) {
        struct pg_hold *hold = slot->hold;
        drain(hold);
        if (pg_hold_ready(hold))
            hold->done(hold, NULL);
    }
}

void pg_slot_lost(struct pg_slot *slot, const char *reason)
{
    struct pg_hold *hold = slot->hold;
    slot->hold = NULL;
    slot->cleaning = slot->dirty = false;
    if (!hold)
        return;
    bool waits = hold->draining;
    hold->slot = NULL;
    hold->draining = false;
    if (waits && hold->done)
        hold->done(hold, &(struct pg_error){.code = "unavailable", .message = reason});
}
