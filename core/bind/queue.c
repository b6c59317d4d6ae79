/* bind/queue.c: task.queue and task.semaphore. Both are a line of tasks that wait, first come first served; called only
 * from Lua.
 *
 * A queue's values lie in the table that is its environment, at indices head … head + length - 1. Either pushers wait
 * (it is full) or poppers do (it is empty), never both. */
#include <math.h>

#include "bind/queue.h"
#include "bind/bind.h"
#include "loop/timer.h"

static const char queue_type[] = "host.queue", semaphore_type[] = "host.semaphore";

enum { CAPACITY_DEFAULT = 1024, CAPACITY_MAX = 10000000, TIMEOUT_MAX = 1000000000 };

/* ---- a line of waiting tasks ---- */

struct line {
    struct waiter *first, *last;
};

struct waiter {
    struct wait wait;
    struct timer timer;
    struct line *line;
    struct waiter *next, *previous;
};

static void leave(struct waiter *w)
{
    timer_stop(&w->timer);
    *(w->previous ? &w->previous->next : &w->line->first) = w->next;
    *(w->next ? &w->next->previous : &w->line->last) = w->previous;
}

static void on_timeout(struct timer *timer)
{
    struct waiter *w = (struct waiter *)((char *)timer - offsetof(struct waiter, timer));
    leave(w);
    wait_fail(&w->wait, "timeout", "nothing came in time");
}

static void on_cancel(struct wait *wait)
{
    leave((struct waiter *)wait);
}

/* seconds at index, or -1 if there is none */
static double opt_timeout(lua_State *L, int index)
{
    double seconds = luaL_optnumber(L, index, -1);
    luaL_argcheck(L, lua_isnoneornil(L, index) || (seconds >= 0 && seconds <= TIMEOUT_MAX), index,
                  "expected a number of seconds");
    return seconds;
}

/* Joins the line; what the wait needs (the object, a value) is the table on top. */
static int wait_in_line(lua_State *L, struct line *line, double timeout)
{
    struct waiter *w = wait_new(L, sizeof *w, on_cancel);
    wait_anchor(L, &w->wait, -1);
    w->line = line;
    w->previous = line->last;
    *(line->last ? &line->last->next : &line->first) = w;
    line->last = w;
    timer_init(&w->timer, vm_loop(vm_of(L)), on_timeout);
    if (timeout >= 0)
        timer_start(&w->timer, timeout);
    return task_wait(L, &w->wait);
}

/* ---- queue ---- */

struct queue {
    struct line poppers, pushers;
    int capacity, length, head;
    bool closed;
};

static struct queue *check_queue(lua_State *L)
{
    return luaL_checkudata(L, 1, queue_type);
}

static int l_queue(lua_State *L)
{
    lua_Number capacity = luaL_optnumber(L, 1, CAPACITY_DEFAULT);
    luaL_argcheck(L, capacity >= 1 && capacity <= CAPACITY_MAX && capacity == floor(capacity), 1,
                  "expected a whole number from 1");
    struct queue *q = lua_newuserdata(L, sizeof *q);
    *q = (struct queue){.capacity = (int)capacity, .head = 1};
    luaL_getmetatable(L, queue_type);
    lua_setmetatable(L, -2);
    lua_newtable(L);
    lua_setfenv(L, -2);
    return 1;
}

/* Stores the value on top of L, pops it. */
static void store(lua_State *L, struct queue *q, int index)
{
    lua_getfenv(L, index);
    lua_insert(L, -2);
    lua_rawseti(L, -2, q->head + q->length++);
    lua_pop(L, 1);
}

/* Takes the first value onto L. */
static void take(lua_State *L, struct queue *q, int index)
{
    lua_getfenv(L, index);
    lua_rawgeti(L, -1, q->head);
    lua_pushnil(L);
    lua_rawseti(L, -3, q->head);
    lua_remove(L, -2);
    q->head++;
    if (--q->length == 0)
        q->head = 1; /* keeps the values in the table's array part */
}

static int l_push(lua_State *L)
{
    struct queue *q = check_queue(L);
    double timeout = opt_timeout(L, 3);
    luaL_argcheck(L, !lua_isnoneornil(L, 2), 2, "expected a value");
    lua_settop(L, 2);
    if (q->closed)
        return push_failure(L, "closed", "the queue is closed");
    if (q->length >= q->capacity) {
        lua_createtable(L, 2, 0);
        lua_insert(L, 1);
        lua_rawseti(L, 1, 2);
        lua_rawseti(L, 1, 1);
        return wait_in_line(L, &q->pushers, timeout);
    }
    if (q->poppers.first) {
        struct waiter *w = q->poppers.first;
        leave(w);
        lua_xmove(L, wait_state(&w->wait), 1);
        task_wake(&w->wait, 1);
    } else {
        store(L, q, 1);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* There is room again: the first that waits to push gets it. */
static void admit(lua_State *L, struct queue *q)
{
    struct waiter *w = q->pushers.first;
    if (!w)
        return;
    leave(w);
    wait_push_anchor(L, &w->wait);
    lua_rawgeti(L, -1, 2);
    lua_remove(L, -2);
    store(L, q, 1);
    lua_pushboolean(wait_state(&w->wait), 1);
    task_wake(&w->wait, 1);
}

static int l_pop(lua_State *L)
{
    struct queue *q = check_queue(L);
    double timeout = opt_timeout(L, 2);
    lua_settop(L, 1);
    if (q->length > 0) {
        take(L, q, 1);
        admit(L, q);
        return 1;
    }
    if (q->closed)
        return push_failure(L, "closed", "the queue is closed");
    return wait_in_line(L, &q->poppers, timeout);
}

static void turn_away(struct line *line)
{
    while (line->first) {
        struct waiter *w = line->first;
        leave(w);
        wait_fail(&w->wait, "closed", "the queue is closed");
    }
}

static int l_close(lua_State *L)
{
    struct queue *q = check_queue(L);
    q->closed = true;
    turn_away(&q->poppers);
    turn_away(&q->pushers);
    return 0;
}

static int l_length(lua_State *L)
{
    lua_pushinteger(L, check_queue(L)->length);
    return 1;
}

static const luaL_Reg queue_methods[] = {{"close", l_close}, {"length", l_length}, {NULL, NULL}};
static const luaL_Reg queue_waiting[] = {{"pop", l_pop}, {"push", l_push}, {NULL, NULL}};

/* ---- semaphore ---- */

struct semaphore {
    struct line line;
    int permits;
};

static int l_semaphore(lua_State *L)
{
    lua_Number permits = luaL_checknumber(L, 1);
    luaL_argcheck(L, permits >= 1 && permits <= CAPACITY_MAX && permits == floor(permits), 1,
                  "expected a whole number from 1");
    struct semaphore *s = lua_newuserdata(L, sizeof *s);
    *s = (struct semaphore){.permits = (int)permits};
    luaL_getmetatable(L, semaphore_type);
    lua_setmetatable(L, -2);
    return 1;
}

static int l_acquire(lua_State *L)
{
    struct semaphore *s = luaL_checkudata(L, 1, semaphore_type);
    double timeout = opt_timeout(L, 2);
    lua_settop(L, 1);
    if (s->permits == 0)
        return wait_in_line(L, &s->line, timeout);
    s->permits--;
    lua_pushboolean(L, 1);
    return 1;
}

/* A permit goes to the first in line, never back and forth. */
static int l_release(lua_State *L)
{
    struct semaphore *s = luaL_checkudata(L, 1, semaphore_type);
    struct waiter *w = s->line.first;
    if (!w) {
        s->permits++;
        return 0;
    }
    leave(w);
    lua_pushboolean(wait_state(&w->wait), 1);
    task_wake(&w->wait, 1);
    return 0;
}

/* with(): Lua, because what fn raises must pass through a pcall that can wait. */
static const char with_source[] = "local acquire, release, pcall, error = ...\n"
                                  "local function finish(self, ok, ...)\n"
                                  "  release(self)\n"
                                  "  if not ok then error((...), 0) end\n"
                                  "  return ...\n"
                                  "end\n"
                                  "return function(self, fn, timeout)\n"
                                  "  local ok, err = acquire(self, timeout)\n"
                                  "  if not ok then return nil, err end\n"
                                  "  return finish(self, pcall(fn))\n"
                                  "end\n";

/* Fills the class's table of methods, below its metatable. */
static void add_with(lua_State *L)
{
    lua_getfield(L, -1, "__index");
    bind_waiting(L, "acquire", l_acquire);
    if (luaL_loadbuffer(L, with_source, sizeof with_source - 1, "=[host]") != 0)
        lua_error(L);
    lua_getfield(L, -2, "acquire");
    lua_pushcfunction(L, l_release);
    lua_getglobal(L, "pcall");
    lua_getglobal(L, "error");
    lua_call(L, 4, 1);
    lua_setfield(L, -2, "with");
    lua_pushnil(L);
    lua_setfield(L, -2, "acquire"); /* only by with(), which gives permits back */
    lua_pop(L, 1);
}

void queue_open(lua_State *L)
{
    bind_class(L, queue_type, queue_methods, queue_waiting, NULL);
    bind_class(L, semaphore_type, NULL, NULL, NULL);
    add_with(L);
    lua_pop(L, 2);
    lua_pushcfunction(L, l_queue);
    lua_setfield(L, -2, "queue");
    lua_pushcfunction(L, l_semaphore);
    lua_setfield(L, -2, "semaphore");
}
