/* bind/http.c: host.http. Requests to other servers; the answer whole, or its body piece by piece. Called only from
 * Lua.
 *
 * The userdata is the request. It keeps the body that is sent (its environment), ends the request when it is collected,
 * and is what a streamed response reads from. */
#include <string.h>

#include "bind/bind.h"
#include "client/http_client.h"

static const char call_type[] = "host.http.call", response_type[] = "host.http.response";

enum { REDIRECTS_MAX = 20 };
static const double timeout_default = 30, seconds_max = 86400;
static const size_t limit_default = 16 << 20;

struct call {
    struct vm_hook life;          /* ends it before its VM is closed, on another thread */
    struct http_request *request; /* NULL: over */
    struct call_wait *waiting;    /* for the answer, or for a piece */
    bool stream, head;            /* head: the response was given */
};

struct call_wait {
    struct wait wait;
    struct call *call; /* the userdata is the wait's anchor */
};

static void end_call(struct call *c)
{
    if (c->request)
        http_request_free(c->request);
    c->request = NULL;
}

static void on_cancel(struct wait *wait)
{
    struct call *c = ((struct call_wait *)wait)->call;
    c->waiting = NULL;
    end_call(c);
}

static struct call_wait *new_wait(lua_State *L, struct call *c, int index)
{
    struct call_wait *w = wait_new(L, sizeof *w, on_cancel);
    wait_anchor(L, &w->wait, index);
    w->call = c;
    c->waiting = w;
    return w;
}

static void on_close(struct vm_hook *hook, const char *reason)
{
    (void)reason;
    end_call((struct call *)hook);
}

static int l_gc(lua_State *L)
{
    struct call *c = luaL_checkudata(L, 1, call_type);
    vm_hook_remove(&c->life);
    end_call(c);
    return 0;
}

/* ---- Answers ---- */

/* Equal names become one list (RFC 9110 §5.2). The table is on top. */
static void set_header(void *arg, struct str name, struct str value)
{
    lua_State *L = arg;
    lua_pushlstring(L, name.p, name.n);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushlstring(L, value.p, value.n);
    } else {
        lua_pushliteral(L, ", ");
        lua_pushlstring(L, value.p, value.n);
        lua_concat(L, 3);
    }
    lua_rawset(L, -3);
}

static void push_response(lua_State *L, const struct http_request *r)
{
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, http_status(r));
    lua_setfield(L, -2, "status");
    lua_newtable(L);
    http_headers(r, set_header, L);
    lua_setfield(L, -2, "headers");
    luaL_getmetatable(L, response_type);
    lua_setmetatable(L, -2);
}

/* A streamed response reads from the call, which it keeps under this key. */
static char call_key;

static void wake_with_response(struct call *c)
{
    struct call_wait *w = c->waiting;
    lua_State *L = wait_state(&w->wait);
    push_response(L, c->request);
    if (c->stream) {
        c->head = true;
        lua_pushlightuserdata(L, &call_key);
        wait_push_anchor(L, &w->wait);
        lua_rawset(L, -3);
    } else {
        struct str body = http_body(c->request);
        lua_pushlstring(L, body.p, body.n);
        lua_setfield(L, -2, "body");
        end_call(c);
    }
    c->waiting = NULL;
    task_wake(&w->wait, 1);
}

static int push_piece(lua_State *L, struct call *c)
{
    struct str body = http_body(c->request);
    lua_pushlstring(L, body.p, body.n);
    http_take(c->request);
    return 1;
}

static void on_head(struct http_request *r)
{
    struct call *c = http_arg(r);
    if (c->waiting && !c->head)
        wake_with_response(c);
}

static void on_data(struct http_request *r)
{
    struct call *c = http_arg(r);
    struct call_wait *w = c->waiting;
    if (!w || !c->head || http_body(r).n == 0)
        return;
    c->waiting = NULL;
    task_wake(&w->wait, push_piece(wait_state(&w->wait), c));
}

/* A reader that comes later finds the failure where the body ends. */
static void on_done(struct http_request *r, const char *code, const char *message)
{
    struct call *c = http_arg(r);
    struct call_wait *w = c->waiting;
    if (!w)
        return;
    if (!code && !c->head) {
        wake_with_response(c);
    } else if (!code && http_body(r).n > 0) {
        on_data(r);
    } else {
        c->waiting = NULL;
        if (code)
            wait_fail(&w->wait, code, message);
        else
            task_wake(&w->wait, 0);
        end_call(c);
    }
}

static const struct http_events events = {on_head, on_data, on_done};

/* ---- request(options) ---- */

static double seconds_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    double seconds = lua_isnil(L, -1) ? timeout_default : lua_tonumber(L, -1);
    lua_pop(L, 1);
    luaL_argcheck(L, seconds > 0 && seconds <= seconds_max, 1, "timeouts are seconds, more than 0");
    return seconds;
}

static bool flag_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    bool flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

/* The string stays alive in the options. */
static struct str text_field(lua_State *L, const char *name, bool nul_allowed)
{
    struct str s = STR_NULL;
    lua_getfield(L, 1, name);
    luaL_argcheck(L, lua_isnil(L, -1) || lua_type(L, -1) == LUA_TSTRING, 1, "url, method and body are strings");
    if (!lua_isnil(L, -1))
        s.p = lua_tolstring(L, -1, &s.n);
    lua_pop(L, 1);
    luaL_argcheck(L, nul_allowed || !s.p || !memchr(s.p, '\0', s.n), 1, "a NUL in url or method");
    return s;
}

static double count_field(lua_State *L, const char *name, double otherwise, double max)
{
    lua_getfield(L, 1, name);
    double value = lua_isnil(L, -1) ? otherwise : lua_tonumber(L, -1);
    lua_pop(L, 1);
    luaL_argcheck(L, value >= 0 && value <= max, 1, "limit and redirects are numbers in bounds");
    return value;
}

static struct http_options check_options(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct http_options o = {
        .url = text_field(L, "url", false).p,
        .method = text_field(L, "method", false).p,
        .body = text_field(L, "body", true),
        .timeout = seconds_field(L, "timeout"),
        .idle_timeout = seconds_field(L, "idle_timeout"),
        .stream = flag_field(L, "stream"),
        .public_only = flag_field(L, "public_only"),
        .redirects = (int)count_field(L, "redirects", 0, REDIRECTS_MAX),
    };
    luaL_argcheck(L, o.url, 1, "expected a url");
    double all = 0x1p50;
    o.limit = (size_t)count_field(L, "limit", o.stream ? all : (double)limit_default, all);
    return o;
}

/* Adds one header, or a list of equal ones; raises what may not stand in a request. */
static void add_headers(lua_State *L, struct http_request *r)
{
    lua_getfield(L, 1, "headers");
    if (lua_isnil(L, -1))
        return;
    luaL_argcheck(L, lua_istable(L, -1), 1, "headers is a table");
    int table = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING, 1, "header names are strings");
        size_t n;
        const char *name = lua_tolstring(L, -2, &n);
        bool list = lua_istable(L, -1);
        int count = list ? (int)lua_objlen(L, -1) : 1;
        for (int i = 1; i <= count; i++) {
            if (list)
                lua_rawgeti(L, -1, i);
            else
                lua_pushvalue(L, -1);
            struct str value;
            value.p = luaL_checklstring(L, -1, &value.n); /* a copy: lua_next must not see numbers change */
            if (!http_request_header(r, str_of(name, n), value))
                luaL_error(L, "header '%s' may not be set, or not to that", name);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

static int l_request(lua_State *L)
{
    struct http_options o = check_options(L);
    struct http_client *client = vm_env(vm_of(L))->http;
    if (!client)
        return luaL_error(L, "this process has no HTTP client");
    struct call *c = lua_newuserdata(L, sizeof *c);
    *c = (struct call){.stream = o.stream};
    luaL_getmetatable(L, call_type);
    lua_setmetatable(L, -2);
    lua_createtable(L, 1, 0); /* keeps the body that is sent */
    lua_getfield(L, 1, "body");
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, -2);

    const char *code, *message;
    c->request = http_request_new(client, &o, &events, c, &code, &message);
    if (!c->request)
        return push_failure(L, code, message);
    vm_on_close(vm_of(L), &c->life, on_close);
    add_headers(L, c->request);
    struct call_wait *w = new_wait(L, c, 2);
    http_start(c->request);
    return task_wait(L, &w->wait);
}

/* ---- Streamed responses ---- */

static struct call *check_call(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_pushlightuserdata(L, &call_key);
    lua_rawget(L, 1);
    struct call *c = lua_touserdata(L, 2);
    luaL_argcheck(L, c, 1, "expected a response that is streamed");
    return c;
}

static int l_read(lua_State *L)
{
    struct call *c = check_call(L);
    const char *code, *message;
    if (c->waiting)
        return luaL_error(L, "another task reads from this response");
    if (!c->request)
        return 0;
    if (http_body(c->request).n > 0)
        return push_piece(L, c);
    if (http_is_done(c->request, &code, &message)) {
        end_call(c);
        return code ? push_failure(L, code, message) : 0;
    }
    return task_wait(L, &new_wait(L, c, 2)->wait);
}

/* A task that waits in read meanwhile gets "closed". */
static int l_close(lua_State *L)
{
    struct call *c = check_call(L);
    struct call_wait *w = c->waiting;
    c->waiting = NULL;
    end_call(c);
    if (w)
        wait_fail(&w->wait, "closed", "the response was closed");
    return 0;
}

int luaopen_host_http(lua_State *L)
{
    static const luaL_Reg methods[] = {{"close", l_close}, {NULL, NULL}};
    static const luaL_Reg waiting[] = {{"read", l_read}, {NULL, NULL}};
    bind_class(L, call_type, NULL, NULL, l_gc);
    bind_class(L, response_type, methods, waiting, NULL);
    lua_pop(L, 2);
    lua_newtable(L);
    bind_waiting(L, "request", l_request);
    return 1;
}
