/* bind/redis.c: host.redis. Commands and subscriptions of the worker's one Redis. Called only from Lua. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/channel.h"
#include "client/redis_pool.h"

enum { ARGUMENTS_MAX = 100000, BATCH_MAX = 10000 };

static struct redis_pool *check_pool(lua_State *L)
{
    struct redis_pool *pool = vm_env(vm_of(L))->redis;
    if (!pool)
        luaL_error(L, "setting redis is not set, or this process does not use it");
    return pool;
}

/* ---- Replies ---- */

static void push_failure_table(lua_State *L, const char *message)
{
    push_failure(L, "reply", message);
    lua_remove(L, -2); /* the nil */
}

/* Pushes one value. "none" is nil, but json.null in an array, which cannot have holes. */
static void push_reply(lua_State *L, const redisReply *reply, bool inside)
{
    switch (reply->type) {
    case REDIS_REPLY_STRING:
        lua_pushlstring(L, reply->str, reply->len);
        return;
    case REDIS_REPLY_INTEGER:
        lua_pushnumber(L, (lua_Number)reply->integer);
        return;
    case REDIS_REPLY_STATUS:
        if (strcmp(reply->str, "OK") == 0)
            lua_pushboolean(L, 1);
        else
            lua_pushlstring(L, reply->str, reply->len);
        return;
    case REDIS_REPLY_ERROR:
        push_failure_table(L, reply->str);
        return;
    case REDIS_REPLY_ARRAY:
        lua_checkstack(L, 8);
        lua_createtable(L, (int)reply->elements, 0);
        for (size_t i = 0; i < reply->elements; i++) {
            push_reply(L, reply->element[i], true);
            lua_rawseti(L, -2, (int)i + 1);
        }
        return;
    default:
        if (inside)
            lua_pushlightuserdata(L, NULL);
        else
            lua_pushnil(L);
    }
}

/* ---- Commands ---- */

struct command {
    struct wait wait;
    struct redis_request *request; /* NULL: answered */
    int results;                   /* pushed so far */
};

static void on_reply(struct redis_request *r, unsigned index, const redisReply *reply)
{
    struct command *c = r->owner;
    lua_State *L = wait_state(&c->wait);
    (void)index;
    c->results = 1;
    if (reply->type == REDIS_REPLY_ERROR)
        c->results = push_failure(L, "reply", reply->str);
    else
        push_reply(L, reply, false);
}

/* Into the table that is the wait's anchor. */
static void on_batch_reply(struct redis_request *r, unsigned index, const redisReply *reply)
{
    struct command *c = r->owner;
    lua_State *L = wait_state(&c->wait);
    wait_push_anchor(L, &c->wait);
    push_reply(L, reply, true);
    lua_rawseti(L, -2, (int)index + 1);
    lua_pop(L, 1);
}

static void on_done(struct redis_request *r)
{
    struct command *c = r->owner;
    c->request = NULL;
    if (r->code)
        wait_fail(&c->wait, r->code, r->message);
    else
        task_wake(&c->wait, c->results);
}

static void on_batch_done(struct redis_request *r)
{
    struct command *c = r->owner;
    if (!r->code) {
        wait_push_anchor(wait_state(&c->wait), &c->wait);
        c->results = 1;
    }
    on_done(r);
}

/* The commands go on; nobody looks at their replies. */
static void on_cancel(struct wait *wait)
{
    struct command *c = (struct command *)wait;
    if (c->request)
        c->request->owner = NULL;
}

static struct str string_at(lua_State *L, int index)
{
    struct str s;
    s.p = lua_tolstring(L, index, &s.n);
    return s;
}

static void check_part(lua_State *L, int index, int argument)
{
    int kind = lua_type(L, index);
    luaL_argcheck(L, kind == LUA_TSTRING || kind == LUA_TNUMBER, argument, "expected strings and numbers");
}

static void check_name(lua_State *L, int index, int argument)
{
    luaL_argcheck(L, lua_type(L, index) == LUA_TSTRING, argument, "expected a command's name");
    const char *refusal = redis_refuses(string_at(L, index));
    luaL_argcheck(L, !refusal, argument, refusal);
}

/* Numbers without a fraction as integers: 1e15, not "1e+15". */
static void add_part(lua_State *L, int index, struct redis_request *r)
{
    if (lua_type(L, index) == LUA_TSTRING) {
        redis_request_part(r, string_at(L, index));
        return;
    }
    char digits[40];
    double value = lua_tonumber(L, index);
    bool whole = value == floor(value) && fabs(value) < 0x1p63;
    int n = whole ? snprintf(digits, sizeof digits, "%lld", (long long)value)
                  : snprintf(digits, sizeof digits, "%.17g", value);
    redis_request_part(r, str_of(digits, (size_t)n));
}

static int submit(lua_State *L, struct command *c, struct redis_request *r)
{
    c->request = r;
    r->owner = c;
    redis_pool_submit(r);
    return task_wait(L, &c->wait);
}

static int l_call(lua_State *L)
{
    struct redis_pool *pool = check_pool(L);
    int count = lua_gettop(L);
    luaL_argcheck(L, count <= ARGUMENTS_MAX, 1, "too many arguments");
    check_name(L, 1, 1);
    for (int i = 2; i <= count; i++)
        check_part(L, i, i);
    struct command *c = wait_new(L, sizeof *c, on_cancel);
    struct redis_request *r = redis_request_new(pool, 1);
    redis_request_add(r, (unsigned)count);
    for (int i = 1; i <= count; i++)
        add_part(L, i, r);
    r->on_reply = on_reply;
    r->on_done = on_done;
    return submit(L, c, r);
}

static void check_batch(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    luaL_argcheck(L, lua_objlen(L, 1) <= BATCH_MAX, 1, "too many commands");
    for (int i = 1; i <= (int)lua_objlen(L, 1); i++) {
        lua_rawgeti(L, 1, i);
        luaL_argcheck(L, lua_istable(L, -1), 1, "expected commands { name, … }");
        luaL_argcheck(L, lua_objlen(L, -1) <= ARGUMENTS_MAX, 1, "too many arguments");
        for (int k = 1; k == 1 || k <= (int)lua_objlen(L, 2); k++) {
            lua_rawgeti(L, 2, k);
            if (k == 1)
                check_name(L, -1, 1);
            else
                check_part(L, -1, 1);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
}

static int l_batch(lua_State *L)
{
    struct redis_pool *pool = check_pool(L);
    check_batch(L);
    int count = (int)lua_objlen(L, 1);
    lua_createtable(L, count, 0);
    if (count == 0)
        return 1;
    struct command *c = wait_new(L, sizeof *c, on_cancel);
    wait_anchor(L, &c->wait, 2);
    struct redis_request *r = redis_request_new(pool, (unsigned)count);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        int parts = (int)lua_objlen(L, -1);
        redis_request_add(r, (unsigned)parts);
        for (int k = 1; k <= parts; k++) {
            lua_rawgeti(L, -1, k);
            add_part(L, -1, r);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    r->on_reply = on_batch_reply;
    r->on_done = on_batch_done;
    return submit(L, c, r);
}

/* ---- Subscriptions ---- */

struct redis_listening {
    struct channel channel;
    struct redis_subscription subscription;
};

static void on_message(struct redis_subscription *s, struct str payload)
{
    channel_deliver(s->arg, payload);
}

static void begin_listening(struct channel *channel)
{
    struct redis_listening *l = (struct redis_listening *)channel;
    l->subscription.fn = on_message;
    l->subscription.arg = l;
    redis_subscribe(vm_env(channel->vm)->redis, &l->subscription, str_from(channel->name));
}

static void end_listening(struct channel *channel)
{
    redis_unsubscribe(&((struct redis_listening *)channel)->subscription);
}

static int l_subscribe(lua_State *L)
{
    struct redis_listening *l = channel_new(L, sizeof *l, 1, 2, 0);
    check_pool(L);
    channel_start(&l->channel, begin_listening, end_listening);
    return 0;
}

static int l_status(lua_State *L)
{
    const char *reason = "setting redis is not set";
    struct redis_pool *pool = vm_env(vm_of(L))->redis;
    bool ok = pool && redis_pool_ok(pool, &reason);
    lua_createtable(L, 0, 2);
    lua_pushboolean(L, ok);
    lua_setfield(L, -2, "ok");
    lua_pushstring(L, ok ? NULL : reason);
    lua_setfield(L, -2, "reason");
    return 1;
}

int luaopen_host_redis(lua_State *L)
{
    static const luaL_Reg functions[] = {{"subscribe", l_subscribe}, {"status", l_status}, {NULL, NULL}};
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    bind_waiting(L, "call", l_call);
    bind_waiting(L, "batch", l_batch);
    return 1;
}
