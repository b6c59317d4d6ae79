/* bind/request.c: the request object of host.server: its fields, its methods for the content, and the task that handles
 * it. Called by the server's hooks (serve.c) and from Lua. */
#include <string.h>

#include "base/log.h"
#include "bind/serving.h"
#include "proto/conditional.h"

const char request_type[] = "host.request";

enum field { METHOD = 1, PATH, TARGET, QUERY, SCHEME, HOST, VERSION, REMOTE, SERVICE, ID, LENGTH };

static const struct {
    const char *name;
    enum field field;
} fields[] = {
    {"method", METHOD},   {"path", PATH}, {"target", TARGET},   {"query", QUERY},
    {"scheme", SCHEME},   {"host", HOST}, {"version", VERSION}, {"remote", REMOTE},
    {"service", SERVICE}, {"id", ID},     {"length", LENGTH},
};

/* What a waiting method of a request keeps. */
struct request_wait {
    struct wait wait;
    struct request *request;
    uint64_t limit;
    bool whole;
};

enum { WAIT_BODY = 1, WAIT_WRITE };

static void push_str(lua_State *L, struct str s)
{
    lua_pushlstring(L, s.p ? s.p : "", s.n);
}

static struct request *live_request(lua_State *L, const struct request_box *box)
{
    if (box->request->serial != box->serial)
        luaL_error(L, "this request has ended");
    return box->request;
}

struct request *check_request(lua_State *L)
{
    const struct request_box *box = lua_touserdata(L, 1);
    if (lua_type(L, 1) != LUA_TUSERDATA || lua_objlen(L, 1) != sizeof *box || box->type != request_type)
        luaL_checkudata(L, 1, request_type); /* raises with its usual words */
    return live_request(L, box);
}

/* Fields. --- */

static void push_field(lua_State *L, struct request *r, enum field field)
{
    const struct http1_head *head = &r->parser.head;
    switch (field) {
    case METHOD:
        push_str(L, request_method(r));
        break;
    case PATH:
        push_str(L, r->path);
        break;
    case TARGET:
        push_str(L, request_target(r));
        break;
    case QUERY:
        push_str(L, request_query(r));
        break;
    case SCHEME:
        push_str(L, request_scheme(r));
        break;
    case HOST:
        push_str(L, request_host(r));
        break;
    case VERSION:
        push_str(L, r->version == 20 ? STR("2") : r->version == 11 ? STR("1.1") : STR("1.0"));
        break;
    case REMOTE:
        push_str(L, request_remote(r));
        break;
    case SERVICE:
        push_str(L, request_service(r));
        break;
    case ID:
        lua_pushstring(L, request_id(r));
        break;
    case LENGTH:
        if (head->chunked || (!head->content_length && !head->known[HTTP_FIELD_CONTENT_LENGTH]))
            lua_pushnil(L);
        else
            lua_pushnumber(L, (lua_Number)head->content_length);
        break;
    }
}

/* req.name: upvalue 1 maps names to methods and to the numbers of fields. Only the metatable has this function. */
static int l_index(lua_State *L)
{
    const struct request_box *box = lua_touserdata(L, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (lua_type(L, -1) == LUA_TNUMBER)
        push_field(L, live_request(L, box), (enum field)lua_tointeger(L, -1));
    return 1;
}

static int l_header(lua_State *L)
{
    struct request *r = check_request(L);
    size_t n;
    const char *name = luaL_checklstring(L, 2, &n);
    struct str value = request_header(r, str_of(name, n));
    if (value.p)
        lua_pushlstring(L, value.p, value.n);
    else
        lua_pushnil(L);
    return 1;
}

static int l_headers(lua_State *L)
{
    struct request *r = check_request(L);
    const struct http1_head *head = &r->parser.head;
    lua_createtable(L, 0, head->field_count);
    for (unsigned i = 0; i < head->field_count; i++) {
        struct str name = http1_field_name(head, &head->fields[i]);
        char *lower = arena_dup(&r->arena, name.p, name.n);
        for (size_t k = 0; k < name.n; k++)
            lower[k] = ascii_lower(lower[k]);
        struct str value = request_header(r, str_of(lower, name.n));
        lua_pushlstring(L, lower, name.n);
        lua_pushlstring(L, value.p, value.n);
        lua_rawset(L, -3);
    }
    return 1;
}

/* req:range(etag, size): first, last of the part that is asked for; false if there is none such; nil: all of it */
static int l_range(lua_State *L)
{
    struct request *r = check_request(L);
    struct validators validators = {.modified = -1, .exists = true};
    validators.etag.p = luaL_checklstring(L, 2, &validators.etag.n);
    lua_Number size = luaL_checknumber(L, 3);
    luaL_argcheck(L, size >= 0 && size <= 9007199254740991.0, 3, "expected a number of octets");
    const struct http1_head *head = &r->parser.head;
    uint64_t first, last;
    enum range_result range = RANGE_NONE;
    if (head->method == HTTP_GET)
        range = range_parse(http1_value(head, HTTP_FIELD_RANGE), http1_value(head, HTTP_FIELD_IF_RANGE), &validators,
                            (uint64_t)size, &first, &last);
    if (range == RANGE_NONE)
        return 0;
    if (range == RANGE_UNSATISFIABLE) {
        lua_pushboolean(L, 0);
        return 1;
    }
    lua_pushnumber(L, (lua_Number)first);
    lua_pushnumber(L, (lua_Number)last);
    return 2;
}

static int l_label(lua_State *L)
{
    struct request *r = check_request(L);
    size_t n;
    const char *label = luaL_checklstring(L, 2, &n);
    if (n >= REQUEST_LABEL_MAX)
        n = REQUEST_LABEL_MAX - 1;
    memcpy(r->label, label, n);
    r->label[n] = '\0';
    struct task *task = task_current(L);
    if (task)
        task_set_label(task, r->label);
    return 0;
}

static int l_compress(lua_State *L)
{
    struct request *r = check_request(L);
    if (lua_isboolean(L, 2) && !lua_toboolean(L, 2)) {
        r->compress_least = -1;
        return 0;
    }
    lua_Number least = luaL_checknumber(L, 2);
    luaL_argcheck(L, least >= 0 && least <= 1e12, 2, "expected a number of octets or false");
    r->compress_least = (int64_t)least;
    return 0;
}

static int l_linger(lua_State *L)
{
    struct request *r = check_request(L);
    double seconds = luaL_checknumber(L, 2);
    luaL_argcheck(L, seconds > 0 && seconds <= 86400, 2, "expected seconds, at most a day");
    r->linger = seconds;
    return 0;
}

/* Content. --- */

static int push_body_failure(lua_State *L, enum body_state state)
{
    switch (state) {
    case BODY_TOO_LARGE:
        return push_failure(L, "too_large", "the body is larger than allowed");
    case BODY_TIMEOUT:
        return push_failure(L, "timeout", "the body did not come in time");
    default:
        return push_failure(L, "closed", "the client went away before its body was complete");
    }
}

/* Pushes what body() or read() returns; 0 if it has to be waited for. */
static int push_content(lua_State *L, struct request *r, uint64_t limit, bool whole)
{
    struct str piece = STR_NULL;
    enum body_state state = whole ? request_body(r, limit) : request_read(r, limit, &piece);
    if (state == BODY_MORE)
        return 0;
    if (state != BODY_READY)
        return push_body_failure(L, state);
    if (whole)
        push_str(L, str_of(r->body.data ? r->body.data + r->body_at : NULL, r->body.len - r->body_at));
    else if (piece.n)
        push_str(L, piece);
    else
        lua_pushnil(L);
    return 1;
}

static void on_cancel(struct wait *wait)
{
    struct request *r = ((struct request_wait *)wait)->request;
    r->waiting = NULL;
    r->body_wanted = false;
}

static int wait_for(lua_State *L, struct request *r, int kind, uint64_t limit, bool whole)
{
    struct request_wait *w = wait_new(L, sizeof *w, on_cancel);
    w->request = r;
    w->limit = limit;
    w->whole = whole;
    r->waiting = w;
    r->wait_kind = kind;
    return task_wait(L, &w->wait);
}

static uint64_t limit_argument(lua_State *L, struct request *r)
{
    if (lua_isnoneornil(L, 2))
        return r->body_limit != UINT64_MAX ? r->body_limit : serving_of(L)->body_limit;
    lua_Number limit = luaL_checknumber(L, 2);
    luaL_argcheck(L, limit >= 0 && limit <= 1e15, 2, "expected a number of octets");
    return (uint64_t)limit;
}

/* What streams takes as long as its client needs, provided that it moves: with each step the deadline of the task
 * begins anew, which no trickle brings about. */
enum { STREAM_STEP = 64 * 1024 /* octets */ };

static void note_progress(struct request *r)
{
    uint64_t moved = r->body_taken + r->sent;
    if (moved - r->moved < STREAM_STEP)
        return;
    r->moved = moved;
    if (r->task)
        task_renew(r->task);
}

static int take_content(lua_State *L, bool whole)
{
    struct request *r = check_request(L);
    uint64_t limit = limit_argument(L, r);
    if (r->waiting)
        return luaL_error(L, "busy: another task reads this request's body or writes its answer");
    int count = push_content(L, r, limit, whole);
    note_progress(r);
    return count ? count : wait_for(L, r, WAIT_BODY, limit, whole);
}

static int l_body(lua_State *L)
{
    return take_content(L, true);
}

static int l_read(lua_State *L)
{
    return take_content(L, false);
}

static int l_write(lua_State *L)
{
    struct request *r = check_request(L);
    size_t n;
    const char *chunk = luaL_checklstring(L, 2, &n);
    if (r->waiting)
        return luaL_error(L, "busy: another task reads this request's body or writes its answer");
    if (!r->started_answer)
        return luaL_error(L, "write comes after start");
    int64_t queued = response_write(r, str_of(chunk, n));
    if (queued < 0)
        return push_failure(L, "closed", "the answer has ended or the client went away");
    if (queued > RESPONSE_QUEUE_MAX)
        return wait_for(L, r, WAIT_WRITE, 0, false);
    note_progress(r);
    lua_pushboolean(L, true);
    return 1;
}

void requests_event(struct request *r)
{
    struct request_wait *w = r->waiting;
    if (!w)
        return;
    lua_State *L = wait_state(&w->wait);
    int count = 0;
    if (r->wait_kind == WAIT_BODY) {
        count = push_content(L, r, w->limit, w->whole);
    } else if (r->gone) {
        count = push_failure(L, "closed", "the client went away");
    } else if (r->carrier && r->transport->queued(r) <= RESPONSE_QUEUE_MAX / 2) {
        lua_pushboolean(L, true);
        count = 1;
    }
    if (!count)
        return;
    note_progress(r);
    r->waiting = NULL;
    task_wake(&w->wait, count);
}

/* The task of a request. --- */

static void push_request(lua_State *L, struct serving *serving, struct request *r)
{
    struct request_box *box = lua_newuserdata(L, sizeof *box);
    box->type = request_type;
    box->request = r;
    box->serial = r->serial;
    lua_rawgeti(L, LUA_REGISTRYINDEX, serving->request_class);
    lua_setmetatable(L, -2);
}

static void push_method(lua_State *L, struct serving *serving, struct request *r)
{
    enum http_method method = r->parser.head.method;
    if (method == HTTP_OTHER)
        push_str(L, request_method(r));
    else
        lua_rawgeti(L, LUA_REGISTRYINDEX, serving->methods[method]);
}

/* True if the error at index is { code = "deadline" }. */
static bool is_deadline(lua_State *L, int index)
{
    if (!lua_istable(L, index))
        return false;
    lua_getfield(L, index, "code");
    const char *code = lua_tostring(L, -1);
    bool is = code && strcmp(code, "deadline") == 0;
    lua_pop(L, 1);
    return is;
}

static void answer_failure(lua_State *L, enum task_end end, struct request *r)
{
    if (r->started_answer)
        r->transport->abort(r); /* the client must not take a part for the whole */
    else if (end == TASK_CANCELLED)
        response_refuse(r, 503, is_deadline(L, lua_gettop(L) - 1) ? STR("The request took too long.") : STR_NULL);
    else
        response_refuse(r, 500, STR_NULL);
}

static void on_done(struct task *task, enum task_end end, lua_State *L, int count, void *arg)
{
    struct request *r = arg;
    (void)task;
    bool open = r->carrier && !r->answered && !r->stream;
    request_handled(r);
    if (!open)
        return;
    if (end != TASK_DONE)
        answer_failure(L, end, r);
    else if (r->started_answer)
        response_finish(r, NULL);
    else
        answer_results(L, count, r);
}

static const char *trace(void *arg)
{
    return request_id(arg);
}

void requests_serve(struct request *r)
{
    struct serving *serving = server_hooks_arg(r->server);
    const struct route_entry *route = serving->routes, *end = route + serving->route_count;
    while (route < end && route->service != r->service)
        route++;
    if (route == end) {
        request_handled(r);
        response_refuse(r, 503, STR("The service is not part of the present code."));
        return;
    }
    struct task_options options = {.deadline = serving->deadline, .on_done = on_done, .trace = trace, .arg = r};
    struct task *task = task_new(serving->vm, &options);
    lua_State *L = task_state(task);
    lua_rawgeti(L, LUA_REGISTRYINDEX, route->handle);
    push_request(L, serving, r);
    push_method(L, serving, r); /* every handler asks for these two: arguments cost less than fields */
    push_str(L, r->path);
    r->task = task;
    task_start(task, 3);
}

void requests_gone(struct request *r)
{
    struct task *task = r->task;
    if (r->waiting && task && task_detached(task))
        requests_event(r);
    if (task && !task_detached(task))
        task_cancel(task, "closed", "the client went away");
}

/* The metatable. --- */

static const luaL_Reg methods[] = {
    {"compress", l_compress}, {"events", l_events},       {"header", l_header},
    {"headers", l_headers},   {"label", l_label},         {"linger", l_linger},
    {"range", l_range},       {"websocket", l_websocket}, {NULL, NULL},
};

static const luaL_Reg waiting[] = {{"body", l_body}, {"read", l_read}, {"write", l_write}, {NULL, NULL}};

void request_class(lua_State *L)
{
    if (!luaL_newmetatable(L, request_type))
        return;
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    luaL_register(L, NULL, answer_methods);
    for (const luaL_Reg *method = waiting; method->name; method++)
        bind_waiting(L, method->name, method->func);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        lua_pushinteger(L, fields[i].field);
        lua_setfield(L, -2, fields[i].name);
    }
    lua_pushcclosure(L, l_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, request_type);
    lua_setfield(L, -2, "__metatable");
}
