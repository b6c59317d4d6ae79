/* bind/timer.c: host.timer. Owns timers that start tasks; they run while their generation is in force. Called only from
 * Lua. */
#include <math.h>

#include "base/clock.h"
#include "base/log.h"
#include "bind/bind.h"
#include "loop/timer.h"

static const char type[] = "host.timer";

enum { NAME_MAX_LENGTH = 63 };

struct tick {
    struct timer timer;
    struct vm_hook life; /* armed for the swap, then for the generation's end */
    struct vm *vm;
    double seconds;
    bool again, busy, stopped;
    int fn;   /* registry reference; LUA_NOREF when it will not run again */
    int self; /* keeps the timer alive while it may fire */
    char name[NAME_MAX_LENGTH + 1];
};

static double check_seconds(lua_State *L, int index, double least)
{
    double seconds = luaL_checknumber(L, index);
    luaL_argcheck(L, seconds >= least && seconds <= 1e9, index, "expected a number of seconds");
    return seconds;
}

/* Not while its task runs: fn is released when that ends. */
static void tick_end(struct tick *t)
{
    lua_State *L = vm_state(t->vm);
    t->stopped = true;
    timer_stop(&t->timer);
    vm_hook_remove(&t->life);
    if (t->busy)
        return;
    luaL_unref(L, LUA_REGISTRYINDEX, t->fn);
    luaL_unref(L, LUA_REGISTRYINDEX, t->self);
    t->fn = t->self = LUA_NOREF;
}

static void on_done(struct task *task, enum task_end end, lua_State *L, int count, void *arg)
{
    struct tick *t = arg;
    (void)task, (void)end, (void)L, (void)count;
    t->busy = false;
    if (t->stopped || !t->again)
        tick_end(t);
}

static void on_fire(struct timer *timer)
{
    struct tick *t = (struct tick *)timer;
    if (t->again)
        timer_start(&t->timer, t->seconds);
    if (t->busy)
        return; /* the last run goes on: this one is skipped */
    t->busy = true;
    struct task *task = task_new(t->vm, &(struct task_options){.label = t->name, .on_done = on_done, .arg = t});
    lua_rawgeti(task_state(task), LUA_REGISTRYINDEX, t->fn);
    task_start(task, 0);
}

static void on_retire(struct vm_hook *hook, const char *reason)
{
    (void)reason;
    tick_end((struct tick *)((char *)hook - offsetof(struct tick, life)));
}

static void on_activate(struct vm_hook *hook, const char *reason)
{
    struct tick *t = (struct tick *)((char *)hook - offsetof(struct tick, life));
    (void)reason;
    timer_init(&t->timer, vm_loop(t->vm), on_fire);
    timer_start(&t->timer, t->seconds);
    vm_on_retire(t->vm, &t->life, on_retire);
}

static int new_tick(lua_State *L, bool again)
{
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    double seconds = check_seconds(L, 2, again ? 0.001 : 0);
    luaL_argcheck(L, n > 0 && n <= NAME_MAX_LENGTH, 1, "expected a name of at most 63 octets");
    luaL_checktype(L, 3, LUA_TFUNCTION);
    struct vm *vm = vm_of(L);
    if (vm_retired(vm))
        return luaL_error(L, "timers belong to a generation, and this one has been replaced");
    lua_settop(L, 3);
    struct tick *t = lua_newuserdata(L, sizeof *t);
    *t = (struct tick){.vm = vm, .seconds = seconds, .again = again};
    memcpy(t->name, name, n);
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, 3);
    t->fn = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, -1);
    t->self = luaL_ref(L, LUA_REGISTRYINDEX);
    vm_on_activate(vm, &t->life, on_activate);
    return 1;
}

static int l_every(lua_State *L)
{
    return new_tick(L, true);
}

static int l_after(lua_State *L)
{
    return new_tick(L, false);
}

static int l_stop(lua_State *L)
{
    struct tick *t = luaL_checkudata(L, 1, type);
    if (!t->stopped)
        tick_end(t);
    return 0;
}

static int l_now(lua_State *L)
{
    lua_pushnumber(L, clock_precise());
    return 1;
}

static int l_wall(lua_State *L)
{
    lua_pushnumber(L, clock_wall());
    return 1;
}

static const luaL_Reg methods[] = {{"stop", l_stop}, {NULL, NULL}};
static const luaL_Reg functions[] = {
    {"after", l_after}, {"every", l_every}, {"now", l_now}, {"wall", l_wall}, {NULL, NULL}};

int luaopen_host_timer(lua_State *L)
{
    bind_class(L, type, methods, NULL, NULL);
    lua_pop(L, 1);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    return 1;
}
