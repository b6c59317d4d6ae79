#include "client/pg_request.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>

enum { SPARE_MAX = 64 };

/* Finished requests keep their arena's first block, so that a query costs no malloc in the steady state. One thread
 * (the loop's) makes requests. */
static struct pg_request *spares;
static unsigned spare_count;

struct pg_request *pg_request_new(enum pg_request_kind kind, unsigned count)
{
    struct pg_request *r = spares;
    if (r) {
        spares = r->next;
        spare_count--;
    } else {
        r = mem_zalloc(sizeof *r);
        arena_init(&r->arena, 1024);
    }
    struct arena arena = r->arena;
    *r = (struct pg_request){.kind = kind, .arena = arena, .capacity = count, .queued = clock_now()};
    r->calls = arena_zalloc(&r->arena, count * sizeof *r->calls);
    return r;
}

struct pg_call *pg_request_add(struct pg_request *r, struct str sql, int params)
{
    struct pg_call *call = &r->calls[r->count++];
    call->sql = arena_dup_str(&r->arena, sql);
    call->params = params;
    if (params > 0) {
        size_t n = (size_t)params;
        call->values =
            arena_alloc(&r->arena, n * (sizeof *call->values + sizeof *call->lengths + sizeof *call->formats));
        call->lengths = (int *)(call->values + n);
        call->formats = call->lengths + n;
    }
    return call;
}

void pg_request_param(struct pg_request *r, struct pg_call *call, struct str value, bool binary)
{
    int i = call->filled++;
    call->values[i] = value.p ? arena_dup(&r->arena, value.p, value.n) : NULL;
    call->lengths[i] = (int)value.n;
    call->formats[i] = binary;
}

static const char *copy(struct pg_request *r, const char *text)
{
    return text ? arena_dup(&r->arena, text, strlen(text)) : NULL;
}

void pg_request_fail(struct pg_request *r, const char *code, const char *message)
{
    if (r->error.code)
        return;
    size_t n = strlen(message);
    while (n > 0 && message[n - 1] == '\n') /* libpq's messages end in one */
        n--;
    r->error = (struct pg_error){.code = code, .message = arena_dup(&r->arena, message, n)};
}

/* PostgreSQL's error codes (doc/src/sgml/errcodes.sgml) as words that programs compare. */
static const char *code_of(const char *sqlstate)
{
    static const struct {
        const char *prefix, *code;
    } codes[] = {
        {"23505", "unique"},        {"23503", "foreign_key"},   {"23514", "check"},       {"23502", "not_null"},
        {"40001", "serialization"}, {"40P01", "serialization"}, {"57014", "timeout"},     {"55P03", "timeout"},
        {"57P", "unavailable"},     {"08P01", "sql"},           {"53300", "unavailable"}, {"08", "unavailable"},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strncmp(sqlstate, codes[i].prefix, strlen(codes[i].prefix)) == 0)
            return codes[i].code;
    return "sql";
}

void pg_request_fail_result(struct pg_request *r, const PGresult *result)
{
    if (r->error.code)
        return;
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!sqlstate) { /* libpq's own: the connection is gone */
        pg_request_fail(r, "unavailable", PQresultErrorMessage(result));
        return;
    }
    r->error = (struct pg_error){
        .code = code_of(sqlstate),
        .sqlstate = copy(r, sqlstate),
        .message = copy(r, message ? message : "the server gave no message"),
        .constraint = copy(r, PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME)),
        .column = copy(r, PQresultErrorField(result, PG_DIAG_COLUMN_NAME)),
        .detail = copy(r, PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL)),
    };
}

void pg_request_rewind(struct pg_request *r)
{
    for (unsigned i = 0; i < r->count; i++) {
        PQclear(r->calls[i].result);
        r->calls[i].result = NULL;
        r->calls[i].prelude = 0;
    }
    r->done = 0;
    r->error.code = NULL;
}

void pg_request_finish(struct pg_request *r)
{
    if (r->owner)
        r->on_done(r);
    for (unsigned i = 0; i < r->count; i++)
        PQclear(r->calls[i].result);
    if (spare_count < SPARE_MAX) {
        arena_reset(&r->arena);
        r->next = spares;
        spares = r;
        spare_count++;
    } else {
        arena_free(&r->arena);
        free(r);
    }
}
