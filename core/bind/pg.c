/* bind/pg.c: host.pg. Databases: queries on shared connections, and notifications. Called only from Lua. Transactions
 * and holds are Lua (pg.lua) over bind/pg_hold.c; values are bind/pg_value.c's. */
#include "bind/pg.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/counter.h"
#include "bind/bind.h"
#include "bind/channel.h"
#include "bind/pg_value.h"
#include "vm/settings.h"

static const char database_type[] = "host.pg.database";

enum { NAME_MAX_LENGTH = 63 };

/* ---- Databases ---- */

struct database {
    struct pg_pool *pool; /* NULL until the first use: module bodies may run on another thread, or in a check */
    struct counter *seconds;
    char name[NAME_MAX_LENGTH + 1];
};

static bool is_declared(lua_State *L, const char *name)
{
    char path[16 + NAME_MAX_LENGTH];
    snprintf(path, sizeof path, "databases.%s", name);
    return settings_find(vm_settings(vm_of(L)), path) != NULL;
}

static int l_database(lua_State *L)
{
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, n > 0 && n <= NAME_MAX_LENGTH && !memchr(name, '.', n), 1, "not a database's name");
    if (!is_declared(L, name))
        return luaL_error(L, "setting databases has no '%s'", name);
    struct database *d = lua_newuserdata(L, sizeof *d);
    *d = (struct database){0};
    memcpy(d->name, name, n);
    luaL_getmetatable(L, database_type);
    lua_setmetatable(L, -2);
    return 1;
}

/* The worker has opened a pool for every database of its settings; those need a restart to change. */
static void open_database(lua_State *L, struct database *d)
{
    struct worker_env *env = vm_env(vm_of(L));
    d->pool = env->pg ? pg_pools_find(env->pg, d->name) : NULL;
    if (d->pool && env->counters) {
        struct buf labels = {0};
        counter_label(&labels, STR("database"), str_from(d->name));
        d->seconds = counter_histogram(env->counters, STR("toolbox_pg_seconds"), buf_str(&labels), counter_seconds,
                                       COUNTER_BUCKETS);
        buf_free(&labels);
    }
}

static struct database *check_database(lua_State *L)
{
    struct database *d = luaL_checkudata(L, 1, database_type);
    if (!d->pool && !task_current(L))
        luaL_error(L, "module bodies only build tables: use databases from a handler, a timer or the start function");
    if (!d->pool)
        open_database(L, d);
    if (!d->pool)
        luaL_error(L, "this process has no connections to databases");
    return d;
}

struct pg_pool *pg_check_pool(lua_State *L)
{
    return check_database(L)->pool;
}

/* ---- Queries ---- */

static void on_answer(struct pg_request *r)
{
    struct pg_query *q = r->owner;
    if (q->seconds)
        counter_observe(q->seconds, clock_now() - r->queued);
    q->request = NULL;
    task_wake(&q->wait, pg_push_outcome(wait_state(&q->wait), r, q->batch));
}

/* The query itself goes on: others may be behind it on its connection. */
static void on_cancel(struct wait *wait)
{
    struct pg_query *q = (struct pg_query *)wait;
    if (q->request)
        q->request->owner = NULL;
}

static struct pg_query *pg_query_new(lua_State *L, bool batch)
{
    struct pg_query *q = wait_new(L, sizeof *q, on_cancel);
    q->batch = batch;
    return q;
}

/* Makes the request's answer the wait's results: rows, or an array of them for a batch. */
static void pg_query_bind(struct pg_query *q, struct pg_request *r)
{
    q->request = r;
    r->owner = q;
    r->on_done = on_answer;
}

static const char *refusal(void *pool, struct str sql)
{
    return pg_pool_refuses(pool, sql);
}

/* Tasks that run side by side under one parent (task.all) share the sync of what they send in one turn. */
static int submit(lua_State *L, struct database *d, struct pg_query *q, struct pg_request *r)
{
    q->seconds = d->seconds;
    r->group = task_parent(q->wait.task);
    pg_query_bind(q, r);
    pg_pool_submit(d->pool, r);
    return task_wait(L, &q->wait);
}

static int l_query(lua_State *L)
{
    struct database *d = check_database(L);
    size_t n;
    pg_check_statement(L, 2);
    const char *sql = lua_tolstring(L, 2, &n), *refused = refusal(d->pool, str_of(sql, n));
    if (refused)
        return luaL_error(L, "%s", refused);
    struct pg_query *q = pg_query_new(L, false);
    return submit(L, d, q, pg_request_of_statement(L, 2));
}

static int l_batch(lua_State *L)
{
    struct database *d = check_database(L);
    lua_settop(L, 2);
    pg_check_batch(L, 2, refusal, d->pool);
    struct pg_query *q = pg_query_new(L, true);
    return submit(L, d, q, pg_request_of_batch(L, 2));
}

static int l_status(lua_State *L)
{
    struct pg_pool_status status = pg_pool_status(pg_check_pool(L));
    lua_createtable(L, 0, 5);
    lua_pushboolean(L, status.ok);
    lua_setfield(L, -2, "ok");
    lua_pushstring(L, status.reason);
    lua_setfield(L, -2, "reason");
    lua_pushinteger(L, (lua_Integer)status.connections);
    lua_setfield(L, -2, "connections");
    lua_pushinteger(L, (lua_Integer)status.idle);
    lua_setfield(L, -2, "idle");
    lua_pushinteger(L, (lua_Integer)status.waiting);
    lua_setfield(L, -2, "waiting");
    return 1;
}

/* ---- Notifications ---- */

struct pg_listening {
    struct channel channel;
    struct pg_subscription subscription;
    struct database *database; /* kept by the listener */
};

static void on_notification(struct pg_subscription *s, struct str payload)
{
    channel_deliver(s->arg, payload);
}

static void begin_listening(struct channel *channel)
{
    struct pg_listening *l = (struct pg_listening *)channel;
    open_database(vm_state(channel->vm), l->database);
    l->subscription.fn = on_notification;
    l->subscription.arg = l;
    pg_listen(l->database->pool, &l->subscription, str_from(channel->name));
}

static void end_listening(struct channel *channel)
{
    pg_unlisten(&((struct pg_listening *)channel)->subscription);
}

static int l_listen(lua_State *L)
{
    struct database *d = luaL_checkudata(L, 1, database_type);
    struct pg_listening *l = channel_new(L, sizeof *l, 2, 3, 1);
    l->database = d;
    channel_start(&l->channel, begin_listening, end_listening);
    return 0;
}

/* ---- The module ---- */

static const char prelude[] = {
#include "bind/pg.inc"
};

int luaopen_host_pg(lua_State *L)
{
    static const luaL_Reg methods[] = {{"status", l_status}, {"listen", l_listen}, {NULL, NULL}};
    static const luaL_Reg waiting[] = {{"query", l_query}, {"batch", l_batch}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"database", l_database}, {NULL, NULL}};
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    pg_value_open(L);

    /* pg.lua adds what is Lua: it gets the module, the tables of methods and the primitives. */
    if (luaL_loadbuffer(L, prelude, sizeof prelude, "=[host]") != 0)
        return lua_error(L);
    lua_pushvalue(L, -2);
    bind_class(L, database_type, methods, waiting, NULL);
    lua_getfield(L, -1, "__index");
    lua_replace(L, -2);
    lua_newtable(L);
    pg_hold_open(L); /* leaves acquire and release in the table, and pushes the methods of connections */
    lua_call(L, 4, 0);
    return 1;
}
