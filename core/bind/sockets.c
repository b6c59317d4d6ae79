/* bind/sockets.c: the events of WebSockets and event streams as tasks, and what ties a socket to the generation in
 * force: one Lua object, whose state is written back as plain data after every event and read by the next generation.
 * Called by the server's hooks (serve.c). */
#include <string.h>

#include "base/log.h"
#include "bind/plain.h"
#include "bind/serving.h"
#include "bind/socket_object.h"

const char socket_type[] = "host.websocket";
const char stream_type[] = "host.stream";

static struct serving *serving_for(const struct socket *s)
{
    return server_hooks_arg(s->server);
}

static const struct socket_entry *entry_of(const struct serving *serving, const struct socket *s)
{
    for (size_t i = 0; i < serving->socket_count; i++) {
        const struct socket_entry *e = &serving->sockets[i];
        if (e->kind == s->kind && str_eq(e->name, str_from(s->handler)) && str_eq(e->service, socket_service(s)))
            return e;
    }
    return NULL;
}

bool sockets_known(void *generation, const struct socket *s)
{
    (void)generation;
    return entry_of(serving_for(s), s) != NULL;
}

/* The object. --- */

static struct socket_box *new_box(lua_State *L, struct serving *serving, struct socket *s)
{
    struct socket_box *box = lua_newuserdata(L, sizeof *box);
    bool web = s->kind == SOCKET_WEB;
    *box = (struct socket_box){.type = web ? socket_type : stream_type, .socket = s, .serial = s->serial};
    if (serving->vm == vm_of(L))
        lua_rawgeti(L, LUA_REGISTRYINDEX, web ? serving->socket_class : serving->stream_class);
    else
        luaL_getmetatable(L, box->type);
    lua_setmetatable(L, -2);
    return box;
}

/* The state as a table in the object's environment, read at its first use. */
void socket_push_state(lua_State *L, int index, struct socket_box *box)
{
    if (!box->has_state) {
        lua_createtable(L, 1, 0);
        plain_push(L, buf_str(&box->socket->state));
        if (!lua_istable(L, -1)) {
            lua_pop(L, 1);
            lua_newtable(L);
        }
        lua_rawseti(L, -2, 1);
        lua_setfenv(L, index);
        box->has_state = true;
    }
    lua_getfenv(L, index);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
}

void push_socket(lua_State *L, struct socket *s)
{
    struct serving *serving = serving_for(s);
    struct vm *vm = vm_of(L);
    if (s->bound == vm) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, s->reference);
        return;
    }
    struct socket_box *box = new_box(L, serving, s);
    if (s->bound || vm != serving->vm)
        return; /* another generation has it in its hands: an object that can send, no more */
    lua_pushvalue(L, -1);
    s->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    s->bound = vm;
    s->object = box;
    s->entry = entry_of(serving, s);
}

/* Writes the state back. False, and a line in the log, if it is no plain data: the old state stays. */
static bool keep_state(struct socket *s)
{
    struct socket_box *box = s->object;
    if (!box->has_state)
        return true;
    lua_State *L = vm_state(s->bound);
    struct buf data = {0};
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->reference);
    int index = lua_gettop(L);
    socket_push_state(L, index, box);
    const char *wrong = plain_write(L, index + 1, SOCKET_STATE_MAX, &data);
    lua_settop(L, index - 1);
    if (wrong) {
        buf_free(&data);
        log_write(LOG_ERROR, "a socket's state cannot be kept: it is plain data of at most 64 KiB",
                  log_str("handler", s->handler), log_str("found", wrong), LOG_END);
        return false;
    }
    buf_free(&s->state);
    s->state = data;
    return true;
}

static void unbind(struct socket *s)
{
    if (!s->bound)
        return;
    luaL_unref(vm_state(s->bound), LUA_REGISTRYINDEX, s->reference);
    s->bound = NULL;
}

/* The state was written when the last event ended; since then only other tasks may have touched it. */
void sockets_unbind(struct socket *s)
{
    if (s->bound)
        keep_state(s);
    unbind(s);
}

void sockets_over(struct socket *s)
{
    unbind(s);
}

/* Events. --- */

static void on_done(struct task *task, enum task_end end, lua_State *L, int count, void *arg)
{
    struct socket *s = arg;
    struct serving *serving = serving_for(s);
    (void)task;
    (void)L;
    (void)count;
    if (s->bound && !keep_state(s))
        end = TASK_FAILED;
    if (s->bound != serving->vm)
        unbind(s); /* the generation changed meanwhile */
    if (end == TASK_FAILED)
        socket_close(s, WS_INTERNAL, STR("The handler failed."));
    socket_done(s);
}

/* A task that will call fn(socket, …) with what the caller pushes behind. */
static struct task *begin(struct socket *s, int fn)
{
    struct serving *serving = serving_for(s);
    struct task_options options = {.label = s->handler, .deadline = serving->deadline, .on_done = on_done, .arg = s};
    struct task *task = task_new(serving->vm, &options);
    lua_State *L = task_state(task);
    lua_rawgeti(L, LUA_REGISTRYINDEX, fn);
    push_socket(L, s);
    s->task = task;
    return task;
}

static const struct socket_entry *entry_in_force(struct socket *s)
{
    struct serving *serving = serving_for(s);
    if (!server_generation(s->server))
        return NULL;
    return s->bound == serving->vm ? s->entry : entry_of(serving, s);
}

void sockets_open(struct socket *s)
{
    const struct socket_entry *e = entry_in_force(s);
    if (!e || e->open == LUA_NOREF)
        socket_done(s);
    else
        task_start(begin(s, e->open), 1);
}

void sockets_message(struct socket *s, struct str data, bool binary)
{
    const struct socket_entry *e = entry_in_force(s);
    if (!e || e->message == LUA_NOREF) {
        socket_done(s);
        return;
    }
    struct task *task = begin(s, e->message);
    lua_State *L = task_state(task);
    lua_pushlstring(L, data.p ? data.p : "", data.n);
    lua_pushboolean(L, binary);
    task_start(task, 3);
}

void sockets_close(struct socket *s, int code, struct str reason)
{
    const struct socket_entry *e = entry_in_force(s);
    if (!e || e->close == LUA_NOREF) {
        socket_done(s);
        return;
    }
    struct task *task = begin(s, e->close);
    lua_State *L = task_state(task);
    if (s->kind == SOCKET_EVENTS) {
        task_start(task, 1);
        return;
    }
    lua_pushinteger(L, code);
    lua_pushlstring(L, reason.p ? reason.p : "", reason.n);
    task_start(task, 3);
}

void sockets_gone(struct socket *s)
{
    if (s->task && !task_detached(s->task))
        task_cancel(s->task, "closed", "the client went away");
}
