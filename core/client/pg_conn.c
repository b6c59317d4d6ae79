#include "client/pg_conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/work.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* How long beyond the server's own limit an answer may take before the connection counts as dead, in seconds. */
static const double grace = 5;

static void on_event(struct watch *w, unsigned events);
static void send_sync(struct pg_conn *c);
static void read_results(struct pg_conn *c);

void pg_conn_init(struct pg_conn *c, const struct pg_target *target, const struct pg_conn_events *events, void *owner)
{
    *c = (struct pg_conn){.target = target, .events = events, .owner = owner};
}

double pg_conn_age(const struct pg_conn *c)
{
    return c->head ? clock_now() - c->head->sent : 0;
}

/* ---- Closing ---- */

static void end_of_turn(void *arg)
{
    struct pg_conn *c = arg;
    c->deferred = false;
    send_sync(c);
}

/* The server may have ended a COPY long before we did: its answer is read already, so no event will tell of it. */
static void copy_ended(void *arg)
{
    struct pg_conn *c = arg;
    read_results(c);
    if (c->state == PG_READY)
        c->events->answered(c);
}

/* A PQcancel in a thread outlives its connection: the job knows whether there still is one. */
struct pg_cancel {
    struct pg_conn *conn;
    PGcancel *handle;
};

void pg_conn_close(struct pg_conn *c, const char *code, const char *message)
{
    if (c->state == PG_CLOSED)
        return;
    char reason[256];
    snprintf(reason, sizeof reason, "%s", message); /* may lie in what is freed now */
    for (size_t n = strlen(reason); n > 0 && reason[n - 1] == '\n'; n--)
        reason[n - 1] = '\0';

    c->state = PG_CLOSED;
    pg_conn_stop_connecting(c);
    if (c->deferred)
        loop_undefer(c->target->loop, end_of_turn, c);
    if (!c->pipeline)
        loop_undefer(c->target->loop, copy_ended, c);
    timer_stop(&c->timer);
    watch_stop(&c->watch);
    if (c->cancel)
        c->cancel->conn = NULL;
    PQfinish(c->pq);

    struct pg_request *waiting = c->head;
    void (*writable)(struct pg_conn *) = c->writable;
    pg_conn_init(c, c->target, c->events, c->owner);
    while (waiting) {
        struct pg_request *r = waiting;
        waiting = r->next;
        pg_request_fail(r, code, reason);
        pg_request_finish(r);
    }
    if (writable)
        writable(c);
    c->events->lost(c, reason);
}

static void close_unexpected(struct pg_conn *c, const char *what)
{
    if (PQstatus(c->pq) == CONNECTION_BAD) { /* the end of the connection, not of sense */
        pg_conn_close(c, "unavailable", what);
        return;
    }
    log_write(LOG_ERROR, "the database connection is closed: an answer that was not expected", log_str("answer", what),
              LOG_END);
    pg_conn_close(c, "unavailable", "the server answered out of turn");
}

/* ---- Opening ---- */

static void on_notice(void *arg, const char *message)
{
    (void)arg;
    log_write(LOG_DEBUG, "notice of the database", log_str("notice", message), LOG_END);
}

/* The oldest request has waited too long, although the server should have ended it: the server or the way is dead.
 * Outside of pipeline mode work has no limit: an index on a big table takes what it takes. */
static void on_silence(struct timer *t)
{
    struct pg_conn *c = (struct pg_conn *)((char *)t - offsetof(struct pg_conn, timer));
    double limit = c->target->query_timeout + grace;
    if (!c->head || !c->pipeline)
        return;
    if (pg_conn_age(c) >= limit)
        pg_conn_close(c, "timeout", "the server does not answer");
    else
        timer_start_at(&c->timer, c->head->sent + limit);
}

void pg_conn_established(struct pg_conn *c)
{
    PQsetNoticeProcessor(c->pq, on_notice, NULL);
    if (PQsetnonblocking(c->pq, 1) != 0 || !PQenterPipelineMode(c->pq)) {
        pg_conn_close(c, "unavailable", PQerrorMessage(c->pq));
        return;
    }
    c->state = PG_READY;
    c->pipeline = true;
    timer_init(&c->timer, c->target->loop, on_silence);
    watch_start(&c->watch, c->target->loop, PQsocket(c->pq), WATCH_READ, on_event);
    c->events->ready(c);
}

/* ---- Sending ---- */

/* Writes what libpq holds; what does not fit goes when the socket is writable. False: closed. */
static bool flush(struct pg_conn *c)
{
    int left = PQflush(c->pq);
    if (left < 0) {
        pg_conn_close(c, "unavailable", PQerrorMessage(c->pq));
        return false;
    }
    unsigned events = left ? WATCH_READ | WATCH_WRITE : WATCH_READ;
    if (c->watch.events != events)
        watch_start(&c->watch, c->target->loop, PQsocket(c->pq), events, on_event);
    if (!left && c->writable) {
        void (*writable)(struct pg_conn *) = c->writable;
        c->writable = NULL;
        writable(c);
    }
    return c->state == PG_READY;
}

static int send_unnamed(struct pg_conn *c, const struct pg_call *call, bool binary)
{
    return PQsendQueryParams(c->pq, call->sql.p, call->params, NULL, call->values, call->lengths, call->formats,
                             binary);
}

/* Makes the statement known to the server under its number, in place of the one that made room for it. */
static int send_prepare(struct pg_conn *c, struct pg_call *call, const struct pg_statement *s)
{
    uint32_t old = c->prepared[s->index];
    if (old) {
        char deallocate[32];
        snprintf(deallocate, sizeof deallocate, "DEALLOCATE s%u", old);
        if (!PQsendQueryParams(c->pq, deallocate, 0, NULL, NULL, NULL, NULL, 0))
            return 0;
        call->prelude++;
    }
    call->prelude++;
    c->prepared[s->index] = s->number;
    c->confirmed[s->index] = false;
    return PQsendPrepare(c->pq, s->name, call->sql.p, call->params, NULL);
}

/* A statement that is being prepared by an earlier request may yet fail there; so until that is known, others send it
 * unnamed instead of depending on it. What ends a transaction, or goes back in it, is never prepared: in one that has
 * failed it is all that may be sent, so nothing can make room for it. */
static int send_call(struct pg_conn *c, struct pg_call *call)
{
    struct pg_statement *s = pg_statement_get(c->target->statements, call->sql);
    bool binary = s->known && s->binary;
    call->place = s->index;
    call->number = s->number;
    bool here = c->prepared[s->index] == s->number;
    bool lasting = s->kind != PG_SQL_SESSION && s->kind != PG_SQL_TRANSACTION;
    if (!c->pipeline || !lasting || (here && !c->confirmed[s->index]))
        return send_unnamed(c, call, binary);
    if (!here && !send_prepare(c, call, s))
        return 0;
    return PQsendQueryPrepared(c->pq, s->name, call->params, call->values, call->lengths, call->formats, binary);
}

static int send_calls(struct pg_conn *c, struct pg_request *r)
{
    switch (r->kind) {
    case PG_STATEMENTS:
        for (unsigned i = 0; i < r->count; i++)
            if (!send_call(c, &r->calls[i]))
                return 0;
        return 1;
    case PG_SCRIPT:
    case PG_COPY:
        return PQsendQuery(c->pq, r->calls[0].sql.p);
    case PG_COPY_END:
        c->copying = false;
        return PQputCopyEnd(c->pq, r->error.code ? r->error.message : NULL) != -1;
    }
    abort();
}

/* The sync of the group that is open: it belongs to the last request sent. */
static void send_sync(struct pg_conn *c)
{
    if (!c->group)
        return;
    c->group = NULL;
    c->tail->synced = true;
    if (!PQpipelineSync(c->pq))
        pg_conn_close(c, "unavailable", PQerrorMessage(c->pq));
    else
        flush(c);
}

static void append(struct pg_conn *c, struct pg_request *r)
{
    r->next = NULL;
    r->sent = clock_now();
    if (c->tail)
        c->tail->next = r;
    else
        c->head = r;
    if (!c->reading)
        c->reading = r;
    c->tail = r;
    if (c->in_flight++ == 0)
        timer_start(&c->timer, c->target->query_timeout + grace);
}

void pg_conn_send(struct pg_conn *c, struct pg_request *r)
{
    if (c->group && c->group != r->group)
        send_sync(c);
    if (c->state != PG_READY) {
        pg_request_fail(r, "unavailable", "the connection was lost");
        pg_request_finish(r);
        return;
    }
    append(c, r);
    if (!send_calls(c, r)) {
        pg_conn_close(c, "unavailable", PQerrorMessage(c->pq));
        return;
    }
    if (!c->pipeline) {
        if (flush(c) && r->kind == PG_COPY_END)
            loop_defer(c->target->loop, copy_ended, c);
        return;
    }
    c->group = r->group ? r->group : r;
    if (!r->group) {
        send_sync(c);
    } else if (!c->deferred) {
        c->deferred = true;
        loop_defer(c->target->loop, end_of_turn, c);
    }
}

bool pg_conn_set_pipeline(struct pg_conn *c, bool on)
{
    int ok = on ? PQenterPipelineMode(c->pq) : PQexitPipelineMode(c->pq);
    if (!ok) {
        pg_conn_close(c, "unavailable", PQerrorMessage(c->pq));
        return false;
    }
    c->pipeline = on;
    return true;
}

int pg_conn_copy(struct pg_conn *c, struct str data)
{
    int taken = PQputCopyData(c->pq, data.p, (int)data.n);
    if (taken < 0) {
        pg_conn_close(c, "unavailable", PQerrorMessage(c->pq));
        return -1;
    }
    return flush(c) ? taken : -1;
}

/* ---- Receiving ---- */

/* "cached plan must not change result type", or a statement that the server does not have any more. */
static bool is_stale(const char *sqlstate)
{
    return sqlstate && (!strcmp(sqlstate, "0A000") || !strcmp(sqlstate, "26000"));
}

static void finish_head(struct pg_conn *c)
{
    struct pg_request *r = c->head;
    c->head = r->next;
    if (!c->head)
        c->tail = NULL;
    c->in_flight--;
    pg_request_finish(r);
}

/* What failed because its statement was stale has done nothing, so unless it belongs to somebody's transaction it is
 * sent again, once. */
static bool resend_stale(struct pg_conn *c, struct pg_request *r)
{
    if (c->held || r->sent_again || !is_stale(r->error.sqlstate))
        return false;
    c->head = r->next;
    if (!c->head)
        c->tail = NULL;
    c->in_flight--;
    pg_request_rewind(r);
    r->sent_again = true;
    r->group = NULL;
    r->synced = false;
    pg_conn_send(c, r);
    return true;
}

/* The server has ended the implicit transaction of all requests up to last. One failure undid them all. */
static void finish_synced(struct pg_conn *c, struct pg_request *last)
{
    const char *code = NULL;
    char message[256];
    for (struct pg_request *r = c->head; r != last->next; r = r->next)
        if (r->error.code && !code) {
            code = r->error.code;
            snprintf(message, sizeof message, "undone with a statement sent in the same turn: %s", r->error.message);
        }
    c->reading = last->next;
    if (code && c->head == last && resend_stale(c, last))
        return;
    for (bool more = true; more && c->state == PG_READY;) {
        more = c->head != last;
        if (code)
            pg_request_fail(c->head, code, message);
        finish_head(c);
    }
}

/* An answer to DEALLOCATE or Prepare. */
static void take_prelude(struct pg_conn *c, struct pg_request *r, struct pg_call *call, PGresult *result)
{
    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        pg_request_fail_result(r, result);
    bool prepared = call->prelude == 1;
    if (prepared && c->prepared[call->place] == call->number) {
        c->confirmed[call->place] = PQresultStatus(result) == PGRES_COMMAND_OK;
        if (!c->confirmed[call->place])
            c->prepared[call->place] = 0;
    }
    PQclear(result);
}

/* A stale statement is prepared anew, under a new number, the next time that any connection sends it. */
static void take_failure(struct pg_conn *c, struct pg_request *r, struct pg_call *call, PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    struct pg_statement *s = pg_statement_find(c->target->statements, call->place, call->number);
    if (s && is_stale(sqlstate)) {
        if (!strcmp(sqlstate, "26000") && c->prepared[call->place] == call->number)
            c->prepared[call->place] = 0; /* nothing to deallocate */
        pg_statement_renumber(c->target->statements, s);
    }
    pg_request_fail_result(r, result);
    PQclear(result);
}

/* A result of a statement itself. False: none that a statement may have. */
static bool take_statement(struct pg_conn *c, struct pg_request *r, struct pg_call *call, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY: {
        struct pg_statement *s = pg_statement_find(c->target->statements, call->place, call->number);
        if (r->kind == PG_STATEMENTS && s && !s->known)
            pg_statement_learn(s, result);
        PQclear(call->result); /* of a script only the last counts */
        call->result = result;
        return true;
    }
    case PGRES_FATAL_ERROR:
        take_failure(c, r, call, result);
        return true;
    case PGRES_PIPELINE_ABORTED:
        PQclear(result);
        return true;
    default:
        PQclear(result);
        return false;
    }
}

/* After the last statement: the sync, or a failure of the commit (a deferred constraint) before it. */
static bool take_sync(struct pg_conn *c, struct pg_request *r, PGresult *result)
{
    ExecStatusType status = result ? PQresultStatus(result) : PGRES_COMMAND_OK;
    bool failed = status == PGRES_FATAL_ERROR;
    if (failed)
        pg_request_fail_result(r, result);
    PQclear(result);
    if (status == PGRES_PIPELINE_SYNC) {
        c->got = false;
        finish_synced(c, r);
        return true;
    }
    bool expected = failed || (!result && c->got);
    c->got = failed;
    return expected;
}

static bool take_pipelined(struct pg_conn *c, PGresult *result)
{
    while (c->reading->done == c->reading->count && !c->reading->synced && c->reading->next)
        c->reading = c->reading->next;
    struct pg_request *r = c->reading;
    if (r->done == r->count)
        return take_sync(c, r, result);
    struct pg_call *call = &r->calls[r->done];
    if (!result) { /* the end of one command */
        if (!c->got)
            return false;
        c->got = false;
        if (call->prelude > 0)
            call->prelude--;
        else
            r->done++;
        return true;
    }
    if (c->got) {
        PQclear(result);
        return false;
    }
    c->got = true;
    if (call->prelude == 0)
        return take_statement(c, r, call, result);
    take_prelude(c, r, call, result);
    return true;
}

/* Outside of pipeline mode there is one request at a time; its results end with NULL. */
static bool take_simple(struct pg_conn *c, PGresult *result)
{
    struct pg_request *r = c->head;
    if (!result || (r->kind == PG_COPY && PQresultStatus(result) == PGRES_COPY_IN)) {
        c->copying = result != NULL;
        PQclear(result);
        c->reading = NULL;
        finish_head(c);
        return true;
    }
    return take_statement(c, r, &r->calls[0], result);
}

/* Nobody's transaction may stay open on a shared connection. */
static bool left_open(const struct pg_conn *c)
{
    if (c->state != PG_READY || c->held || c->head)
        return false;
    PGTransactionStatusType status = PQtransactionStatus(c->pq);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

/* In pipeline mode NULL follows each result of a command at once, so it needs no question. */
static void read_results(struct pg_conn *c)
{
    while (c->state == PG_READY && c->head && ((c->pipeline && c->got) || !PQisBusy(c->pq))) {
        PGresult *result = PQgetResult(c->pq);
        if (!(c->pipeline ? take_pipelined(c, result) : take_simple(c, result))) {
            close_unexpected(c, PQerrorMessage(c->pq));
            return;
        }
    }
    if (left_open(c))
        close_unexpected(c, "a transaction was left open");
}

static void read_notifications(struct pg_conn *c)
{
    PGnotify *n;
    while (c->state == PG_READY && (n = PQnotifies(c->pq)) != NULL) {
        if (c->events->notified)
            c->events->notified(c, str_from(n->relname), str_from(n->extra));
        PQfreemem(n);
    }
}

static void on_event(struct watch *w, unsigned events)
{
    struct pg_conn *c = (struct pg_conn *)((char *)w - offsetof(struct pg_conn, watch));
    if ((events & WATCH_WRITE) && !flush(c))
        return;
    if (!(events & WATCH_READ))
        return;
    if (!PQconsumeInput(c->pq)) {
        read_results(c); /* what came before the end, perhaps the server's reason */
        if (c->state == PG_READY)
            pg_conn_close(c, "unavailable", PQerrorMessage(c->pq));
        return;
    }
    read_results(c);
    read_notifications(c);
    if (c->state == PG_READY)
        c->events->answered(c);
}

/* ---- Cancelling ---- */

static void run_cancel(void *arg)
{
    struct pg_cancel *job = arg;
    char error[256];
    PQcancel(job->handle, error, sizeof error); /* a failure shows as the query's own end */
}

static void cancel_done(void *arg)
{
    struct pg_cancel *job = arg;
    struct pg_conn *c = job->conn;
    PQfreeCancel(job->handle);
    free(job);
    if (c) {
        c->cancel = NULL;
        c->events->answered(c);
    }
}

bool pg_conn_cancel(struct pg_conn *c)
{
    if (c->cancel)
        return true;
    struct pg_cancel *job = mem_zalloc(sizeof *job);
    *job = (struct pg_cancel){.conn = c, .handle = PQgetCancel(c->pq)};
    if (job->handle && work_submit(c->target->work, run_cancel, cancel_done, job)) {
        c->cancel = job;
        return true;
    }
    PQfreeCancel(job->handle);
    free(job);
    return false;
}
