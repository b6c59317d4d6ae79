/* client/pg_request.h: what is asked of a connection at once: statements that share one sync, a script, or a COPY. Made
 * by bind/pg.c, carried out by pg_conn.c. Its memory is its own, so it outlives the task that asked: whoever loses
 * interest sets owner to NULL, and the request goes on alone.
 *
 *   pg_request_new ── pg_request_add, pg_request_param … ──▶ pg_pool_submit / pg_hold_submit ──▶ on_done ──▶ gone
 */
#ifndef CLIENT_PG_REQUEST_H
#define CLIENT_PG_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"

#include <libpq-fe.h>

enum pg_request_kind {
    PG_STATEMENTS, /* one pipeline, one sync: an implicit transaction */
    PG_SCRIPT,     /* one text of several statements by the simple protocol; outside of pipeline mode */
    PG_COPY,       /* COPY … FROM STDIN: done when the server waits for data, or failed */
    PG_COPY_END,   /* the end of the data: done when the server has taken it */
};

/* One statement of a request. Parameters are in text format but for bytea, which is binary. */
struct pg_call {
    struct str sql; /* with a NUL behind it */
    int params, filled;
    const char **values;
    int *lengths, *formats;
    PGresult *result;       /* of PG_STATEMENTS: what came back, NULL until then */
    unsigned prelude;       /* answers to DEALLOCATE and Prepare that come before it */
    uint32_t place, number; /* of the statement it was sent as; number 0: unnamed */
};

struct pg_error {
    const char *code;                                              /* see lua/host/pg.lua; NULL: no error */
    const char *sqlstate, *message, *constraint, *column, *detail; /* NULL where there is none */
};

struct pg_request {
    struct pg_request *next;
    enum pg_request_kind kind;
    struct arena arena;
    struct pg_call *calls;
    unsigned count, capacity, done;
    const void *group;   /* requests of the same group and turn share a sync; NULL: its own */
    bool synced;         /* a sync follows it */
    bool held;           /* sent by the task that holds the connection */
    bool sent_again;     /* its statement was stale */
    double queued, sent; /* clock_now() */
    struct pg_error error;

    /* Called once, on the loop. r and its results are gone when it returns. Not called if owner is NULL. */
    void (*on_done)(struct pg_request *r);
    void *owner;
};

struct pg_request *pg_request_new(enum pg_request_kind kind, unsigned count);

/* Adds a statement with room for params parameters; sql is copied. */
struct pg_call *pg_request_add(struct pg_request *r, struct str sql, int params);

/* The next parameter: value is copied; a NULL pointer in it is SQL's NULL. binary: in the type's binary format. */
void pg_request_param(struct pg_request *r, struct pg_call *call, struct str value, bool binary);

/* Fails it: code is a literal, message is copied. An error it already has stays. */
void pg_request_fail(struct pg_request *r, const char *code, const char *message);

/* Takes the error of a result whose status is PGRES_FATAL_ERROR. */
void pg_request_fail_result(struct pg_request *r, const PGresult *result);

/* Forgets results and error, so that it can be sent again. */
void pg_request_rewind(struct pg_request *r);

/* Calls on_done, then frees it. */
void pg_request_finish(struct pg_request *r);

#endif
