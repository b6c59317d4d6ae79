/* client/pg_conn.h: one connection to PostgreSQL, in pipeline mode. It sends requests as they come and answers each,
 * whatever happens. Owned by pg_pool.c (and pg_listen.c), which decide what is sent where.
 *
 *   CLOSED ──pg_conn_open──▶ RESOLVING ──▶ CONNECTING ──on_poll──▶ READY ──▶ CLOSED
 *      ▲                         └── fail ──────┴───────────────────┘ pg_conn_close
 *
 * It reads while it writes (a full pipe in both directions would stop both sides for ever), sends one sync per request,
 * and closes itself on any result that it does not expect: it could belong to somebody else's query. */
#ifndef CLIENT_PG_CONN_H
#define CLIENT_PG_CONN_H

#include "client/pg_request.h"
#include "client/pg_statement.h"
#include "client/resolve.h"
#include "loop/poll.h"
#include "loop/timer.h"

struct loop;
struct work;
struct pg_conn;
struct pg_cancel;

/* Where to connect and how; shared by a pool's connections. */
struct pg_target {
    struct loop *loop;
    struct work *work;
    char *url;              /* libpq's; "" takes everything from PGHOST and so on */
    double connect_timeout; /* seconds for resolving and connecting together */
    double query_timeout;   /* seconds per statement, kept by the server */
    struct pg_statements *statements;
};

/* Called on the loop. In lost() and answered() the connection may be used or closed. */
struct pg_conn_events {
    void (*ready)(struct pg_conn *c);
    void (*lost)(struct pg_conn *c,
                 const char *reason);    /* could not connect, or is closed: all requests are answered */
    void (*answered)(struct pg_conn *c); /* some requests were finished; or c->in_flight is 0 again */
    void (*notified)(struct pg_conn *c, struct str channel, struct str payload);
};

enum pg_state { PG_CLOSED, PG_RESOLVING, PG_CONNECTING, PG_READY };

struct pg_conn {
    const struct pg_target *target;
    const struct pg_conn_events *events;
    void *owner;
    enum pg_state state;

    PGconn *pq;
    struct watch watch;
    struct timer timer; /* CONNECTING: its limit; READY: a server that has stopped answering */
    struct resolve *resolve;
    struct pg_cancel *cancel; /* a PQcancel is under way */

    struct pg_request *head, *reading, *tail; /* sent, oldest first; whose results come next */
    unsigned in_flight;
    bool got;          /* a result of the present command has come; its end (NULL) has not */
    const void *group; /* requests of it were sent, their sync was not */
    bool deferred;     /* its sync is due at the end of the turn */
    bool held;         /* by one task (set by the owner): it may leave transactions open between requests */
    bool pipeline;     /* in pipeline mode */
    bool copying;      /* COPY data is expected from us */
    void (*writable)(struct pg_conn *c); /* called once when the output is written; for COPY */

    uint32_t prepared[PG_STATEMENTS_MAX]; /* by place: number of the statement that the server has */
    bool confirmed[PG_STATEMENTS_MAX];    /* and has said so */
};

/* Must come first: a closed connection. owner is for the events. */
void pg_conn_init(struct pg_conn *c, const struct pg_target *target, const struct pg_conn_events *events, void *owner);

/* Starts to connect a closed one. Ends in ready or lost, never before it returns. */
void pg_conn_open(struct pg_conn *c);

/* Answers every request with code and message, closes; calls lost. Of a closed one: nothing. */
void pg_conn_close(struct pg_conn *c, const char *code, const char *message);

/* Sends r (READY only), which is finished sooner or later. */
void pg_conn_send(struct pg_conn *c, struct pg_request *r);

/* Leaves or enters pipeline mode; nothing may be in flight. False: the connection was closed. */
bool pg_conn_set_pipeline(struct pg_conn *c, bool on);

/* Puts COPY data; 1: taken, 0: wait for writable, -1: the connection was closed. */
int pg_conn_copy(struct pg_conn *c, struct str data);

/* Asks the server to cancel what runs, from a thread of the pool. Nothing may be sent until c->cancel is NULL again,
 * which answered() tells. False if no thread is free. */
bool pg_conn_cancel(struct pg_conn *c);

/* Seconds that the oldest request has been waiting for its answer. */
double pg_conn_age(const struct pg_conn *c);

/* Between pg_connect.c and pg_conn.c. */
void pg_conn_established(struct pg_conn *c);
void pg_conn_stop_connecting(struct pg_conn *c);

#endif
