/* Held connections of host.pg: the class host.pg.connection and the primitives from which pg.lua makes transactions.
 * A connection belongs to one task's call of transaction() or hold() and is given back when that ends, however it ends:
 * release() needs no waiting, and __gc is the net below it. */
#include "bind/pg.h"

#include <stdio.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/pg_value.h"

static const char type[] = "host.pg.connection";

/* `failed` is the first error since BEGIN: it tells why COMMIT could only roll back. */
struct connection {
    struct vm_hook life;  /* gives it back before its VM is closed, on another thread */
    struct pg_hold *hold; /* NULL: given back */
    bool pipeline;
    char failed[24], message[200];
};

static struct connection *check_connection(lua_State *L)
{
    struct connection *c = luaL_checkudata(L, 1, type);
    if (!c->hold)
        luaL_error(L, "the connection was given back when its transaction or hold ended");
    if (pg_hold_busy(c->hold))
        luaL_error(L, "the connection is busy: outside of pipeline mode one task at a time");
    return c;
}

static void give_back(struct connection *c)
{
    if (c->hold)
        pg_hold_release(c->hold);
    c->hold = NULL;
}

static void on_close(struct vm_hook *hook, const char *reason)
{
    (void)reason;
    give_back((struct connection *)hook);
}

static int l_release(lua_State *L)
{
    struct connection *c = luaL_checkudata(L, 1, type);
    vm_hook_remove(&c->life);
    give_back(c);
    return 0;
}

/* ---- acquire(db, pipeline) waits for a connection ---- */

struct acquire {
    struct wait wait;
    struct connection *connection; /* the userdata that is the wait's anchor */
};

static void on_held(struct pg_hold *hold, const struct pg_error *error)
{
    struct acquire *a = pg_hold_arg(hold);
    lua_State *L = wait_state(&a->wait);
    if (error) {
        a->connection->hold = NULL;
        pg_hold_release(hold);
        task_wake(&a->wait, pg_push_error(L, error));
    } else {
        wait_push_anchor(L, &a->wait);
        task_wake(&a->wait, 1);
    }
}

static void on_acquire_cancel(struct wait *wait)
{
    struct connection *c = ((struct acquire *)wait)->connection;
    pg_hold_release(c->hold);
    c->hold = NULL;
}

static int l_acquire(lua_State *L)
{
    struct pg_pool *pool = pg_check_pool(L);
    bool pipeline = lua_toboolean(L, 2);
    struct connection *c = lua_newuserdata(L, sizeof *c);
    *c = (struct connection){.pipeline = pipeline};
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
    vm_on_close(vm_of(L), &c->life, on_close);
    struct acquire *a = wait_new(L, sizeof *a, on_acquire_cancel);
    wait_anchor(L, &a->wait, -1);
    a->connection = c;
    struct pg_hold *hold = pg_hold_new(pool, pipeline, on_held, a);
    c->hold = hold;
    if (!pg_hold_ready(hold))
        return task_wait(L, &a->wait);
    wait_drop(&a->wait);
    return 1; /* the userdata is on top */
}

/* ---- Requests on the connection ---- */

/* The wait of a request; it remembers the connection's first failure. */
struct held_query {
    struct pg_query query;
    struct connection *connection; /* anchored */
    bool commit;                   /* success means that it did not roll back */
    bool plain;                    /* answers true, not rows */
};

static void note_failure(struct connection *c, const struct pg_error *error)
{
    if (c->failed[0] || !error->code)
        return;
    snprintf(c->failed, sizeof c->failed, "%s", error->code);
    snprintf(c->message, sizeof c->message, "%s", error->message);
}

/* COMMIT of a transaction in which a statement has failed answers ROLLBACK. */
static void on_commit_answer(struct held_query *q, struct pg_request *r)
{
    struct connection *c = q->connection;
    if (!r->error.code && strcmp(PQcmdStatus(r->calls[0].result), "ROLLBACK") == 0)
        pg_request_fail(r, c->failed[0] ? c->failed : "sql",
                        c->failed[0] ? c->message : "the transaction was rolled back");
}

static void on_answer(struct pg_request *r)
{
    struct held_query *q = r->owner;
    lua_State *L = wait_state(&q->query.wait);
    if (q->commit)
        on_commit_answer(q, r);
    note_failure(q->connection, &r->error);
    q->query.request = NULL;
    int count = 1;
    if (q->plain && !r->error.code)
        lua_pushboolean(L, 1);
    else
        count = pg_push_outcome(L, r, q->query.batch);
    task_wake(&q->query.wait, count);
}

static void on_cancel(struct wait *wait)
{
    struct held_query *q = (struct held_query *)wait;
    if (q->query.request)
        q->query.request->owner = NULL;
}

/* The connection is at index 1. */
static struct held_query *new_query(lua_State *L, struct connection *c)
{
    struct held_query *q = wait_new(L, sizeof *q, on_cancel);
    wait_anchor(L, &q->query.wait, 1);
    q->connection = c;
    return q;
}

static int submit(lua_State *L, struct held_query *q, struct pg_request *r)
{
    q->query.request = r;
    r->owner = q;
    r->on_done = on_answer;
    pg_hold_submit(q->connection->hold, r);
    return task_wait(L, &q->query.wait);
}

static int l_query(lua_State *L)
{
    struct connection *c = check_connection(L);
    pg_check_statement(L, 2);
    struct held_query *q = new_query(L, c);
    return submit(L, q, pg_request_of_statement(L, 2));
}

static int l_batch(lua_State *L)
{
    struct connection *c = check_connection(L);
    lua_settop(L, 2);
    pg_check_batch(L, 2, NULL, NULL);
    if (!c->pipeline)
        return luaL_error(L, "a batch is a pipeline, and this connection was held without");
    struct held_query *q = new_query(L, c);
    q->query.batch = true;
    return submit(L, q, pg_request_of_batch(L, 2));
}

static struct pg_request *request_of_text(enum pg_request_kind kind, struct str sql)
{
    struct pg_request *r = pg_request_new(kind, 1);
    pg_request_add(r, sql, 0);
    return r;
}

static struct str check_text(lua_State *L, struct connection *c, const char *what)
{
    size_t n;
    const char *sql = luaL_checklstring(L, 2, &n);
    luaL_argcheck(L, !memchr(sql, '\0', n), 2, "an SQL text cannot hold a NUL");
    if (c->pipeline)
        luaL_error(L, "%s needs db:hold(fn, { pipeline = false })", what);
    return str_of(sql, n);
}

static int l_script(lua_State *L)
{
    struct connection *c = check_connection(L);
    struct str sql = check_text(L, c, "a script");
    struct held_query *q = new_query(L, c);
    q->plain = true;
    return submit(L, q, request_of_text(PG_SCRIPT, sql));
}

/* ---- What pg.lua makes transactions and COPY of ---- */

/* begin(conn, sql): sent ahead of the first query; its failure shows there, as that of a lost connection. */
static int l_begin(lua_State *L)
{
    struct connection *c = check_connection(L);
    size_t n;
    const char *sql = luaL_checklstring(L, 2, &n);
    c->failed[0] = '\0';
    pg_hold_submit(c->hold, request_of_text(PG_STATEMENTS, str_of(sql, n)));
    return 0;
}

static int l_commit(lua_State *L)
{
    struct connection *c = check_connection(L);
    struct held_query *q = new_query(L, c);
    q->commit = q->plain = true;
    return submit(L, q, request_of_text(PG_STATEMENTS, STR("COMMIT")));
}

/* failed(conn): the code of its first failure, or nil. */
static int l_failed(lua_State *L)
{
    struct connection *c = luaL_checkudata(L, 1, type);
    if (!c->failed[0])
        return 0;
    lua_pushstring(L, c->failed);
    return 1;
}

static int l_copy_begin(lua_State *L)
{
    struct connection *c = check_connection(L);
    struct str sql = check_text(L, c, "COPY");
    struct held_query *q = new_query(L, c);
    q->plain = true;
    return submit(L, q, request_of_text(PG_COPY, sql));
}

/* copy_end(conn, reason): the server undoes the COPY if there is a reason. */
static int l_copy_end(lua_State *L)
{
    struct connection *c = check_connection(L);
    const char *reason = luaL_optstring(L, 2, NULL);
    struct held_query *q = new_query(L, c);
    struct pg_request *r = request_of_text(PG_COPY_END, STR(""));
    if (reason)
        pg_request_fail(r, "aborted", reason);
    return submit(L, q, r);
}

struct put {
    struct wait wait;
    struct pg_hold *hold;
    struct str data; /* of the anchored string */
};

static void put_piece(void *arg)
{
    struct put *p = arg;
    int taken = pg_hold_copy(p->hold, p->data, put_piece, p);
    if (taken < 0) {
        wait_fail(&p->wait, "unavailable", "the connection was lost");
    } else if (taken > 0) {
        lua_pushboolean(wait_state(&p->wait), 1);
        task_wake(&p->wait, 1);
    }
}

static void on_put_cancel(struct wait *wait)
{
    struct put *p = (struct put *)wait;
    pg_hold_copy_forget(p->hold);
}

/* copy_put(conn, piece) waits while the server does not take more. */
static int l_copy_put(lua_State *L)
{
    struct connection *c = check_connection(L);
    size_t n;
    luaL_checktype(L, 2, LUA_TSTRING);
    const char *data = lua_tolstring(L, 2, &n);
    struct put *p = wait_new(L, sizeof *p, on_put_cancel);
    wait_anchor(L, &p->wait, 2);
    p->hold = c->hold;
    p->data = str_of(data, n);
    put_piece(p);
    return task_wait(L, &p->wait);
}

void pg_hold_open(lua_State *L)
{
    static const luaL_Reg primitives[] = {
        {"begin", l_begin}, {"failed", l_failed}, {"release", l_release}, {NULL, NULL}};
    static const luaL_Reg waiting[] = {{"query", l_query}, {"batch", l_batch}, {"script", l_script}, {NULL, NULL}};
    luaL_register(L, NULL, primitives);
    bind_waiting(L, "acquire", l_acquire);
    bind_waiting(L, "commit", l_commit);
    bind_waiting(L, "copy_begin", l_copy_begin);
    bind_waiting(L, "copy_put", l_copy_put);
    bind_waiting(L, "copy_end", l_copy_end);
    bind_class(L, type, NULL, waiting, l_release);
    lua_getfield(L, -1, "__index");
    lua_replace(L, -2);
}
