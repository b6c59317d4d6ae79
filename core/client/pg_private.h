/* client/pg_private.h: what pg_pool.c, pg_hold.c and pg_listen.c share; nobody else includes it. */
#ifndef CLIENT_PG_PRIVATE_H
#define CLIENT_PG_PRIVATE_H

#include "client/pg_pool.h"

struct pg_slot {
    struct pg_conn conn;
    struct pg_pool *pool;
    struct pg_hold *hold; /* whose it is */
    bool cleaning;        /* released, not yet fit for others */
    bool cancelled;       /* while cleaning: PQcancel was sent */
    bool dirty;           /* session state may have been changed */
};

struct pg_hold {
    struct pg_hold *next; /* in the pool's queue */
    struct pg_pool *pool;
    struct pg_slot *slot; /* NULL: it waits, or the connection is lost */
    bool pipeline, waiting, draining;
    double queued;
    void (*done)(struct pg_hold *hold, const struct pg_error *error);
    void *arg;
    void (*writable)(void *arg);
    void *writable_arg;
};

struct pg_listener;

struct pg_pool {
    struct pg_pool *next;
    char *name;
    struct pg_target target;
    struct pg_statements statements;
    unsigned size;
    struct pg_slot *slots;
    struct pg_listener *listener;

    struct pg_request *first, *last; /* shared requests that wait */
    struct pg_hold *holds;           /* holds that wait, oldest first */
    unsigned waiting;                /* how many of both */
    struct timer patience;           /* ends waits that take too long */
    struct timer retry;              /* between attempts to connect */
    unsigned failures;               /* attempts in a row */
    bool closing;
    char reason[256];
};

/* Serves the queues as far as connections allow, and opens more if that helps. */
void pg_pool_pump(struct pg_pool *pool);

/* pg_hold.c: a connection has answered or is lost; serve the holds that wait. */
void pg_slot_answered(struct pg_slot *slot);
void pg_slot_lost(struct pg_slot *slot, const char *reason);
void pg_holds_serve(struct pg_pool *pool);
void pg_hold_fail(struct pg_hold *hold, const char *code, const char *message);

void pg_listener_free(struct pg_listener *listener);

#endif
