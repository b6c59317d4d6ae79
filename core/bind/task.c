/* bind/task.c: host.task: sleeping, tasks side by side, deadlines. Owns sleeps and groups of children; called only from
 * Lua. Queues and semaphores are in bind/queue.c. */
#include <string.h>

#include "bind/bind.h"
#include "bind/queue.h"
#include "loop/loop.h"
#include "loop/timer.h"

enum { CHILDREN_MAX = 10000, NAME_MAX_LENGTH = 63 };

/* ---- sleep ---- */

/* With 0 seconds no timer runs: the task goes on later in this turn, behind the others that are ready. */
struct sleep {
    struct wait wait;
    struct timer timer;
    struct loop *loop;
};

static void on_fire(struct timer *timer)
{
    struct sleep *s = (struct sleep *)((char *)timer - offsetof(struct sleep, timer));
    timer_stop(&s->timer);
    task_wake(&s->wait, 0);
}

static void on_turn(void *arg)
{
    task_wake(arg, 0);
}

static void on_sleep_cancel(struct wait *wait)
{
    struct sleep *s = (struct sleep *)wait;
    timer_stop(&s->timer);
    loop_undefer(s->loop, on_turn, wait);
}

static int l_sleep(lua_State *L)
{
    double seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds <= 1e9, 1, "expected a number of seconds");
    struct sleep *s = wait_new(L, sizeof *s, on_sleep_cancel);
    s->loop = vm_loop(vm_of(L));
    timer_init(&s->timer, s->loop, on_fire);
    if (seconds > 0)
        timer_start(&s->timer, seconds);
    else
        loop_defer(s->loop, on_turn, &s->wait);
    return task_wait(L, &s->wait);
}

/* ---- groups: children that their parent waits for ----
 *
 * The group ends when its last child has: a failure, or the winner of a race, cancels the others first. Values and the
 * error are kept in the wait's anchored table: by index, the error at 0. */

enum group_kind { ALL, RACE, WITHIN };

struct child {
    struct group *group;
    struct task *task; /* NULL once it has ended */
};

struct group {
    struct wait wait;
    enum group_kind kind;
    int count, left;
    int winner; /* RACE: index of the first that returned */
    bool failed, expired;
    struct child children[];
};

static void cancel_others(struct group *g, const char *message)
{
    for (int i = 0; i < g->count; i++)
        if (g->children[i].task)
            task_cancel(g->children[i].task, "cancelled", message);
}

static void on_group_cancel(struct wait *wait)
{
    struct group *g = (struct group *)wait;
    for (int i = 0; i < g->count; i++)
        if (g->children[i].task)
            task_forget(g->children[i].task);
    cancel_others(g, "the task that waited for this one was cancelled");
}

/* Keeps the value on top of L at index of the group's table. */
static void keep(lua_State *L, struct group *g, int index)
{
    wait_push_anchor(L, &g->wait);
    lua_insert(L, -2);
    lua_rawseti(L, -2, index);
    lua_pop(L, 1);
}

static void finish(struct group *g)
{
    lua_State *to = wait_state(&g->wait);
    wait_push_anchor(to, &g->wait);
    if (g->failed) {
        lua_rawgeti(to, -1, 0);
        task_wake_error(&g->wait);
    } else if (g->expired) {
        wait_fail(&g->wait, "deadline", "the deadline has passed");
    } else if (g->kind == ALL) {
        task_wake(&g->wait, 1);
    } else {
        if (g->kind == RACE)
            lua_pushinteger(to, g->winner);
        lua_rawgeti(to, g->kind == RACE ? -2 : -1, g->winner);
        task_wake(&g->wait, g->kind == RACE ? 2 : 1);
    }
}

static void on_child_done(struct task *task, enum task_end end, lua_State *L, int count, void *arg)
{
    struct child *child = arg;
    struct group *g = child->group;
    bool decided = g->failed || g->expired || (g->kind != ALL && g->winner);
    const char *code = task_cancelled(task);
    child->task = NULL;
    if (end == TASK_DONE && !decided) {
        lua_settop(L, count ? 1 : 0);
        if (!count)
            lua_pushnil(L);
        g->winner = (int)(child - g->children) + 1;
        keep(L, g, g->winner);
        if (g->kind == RACE)
            cancel_others(g, "another task won the race");
    } else if (!decided && g->kind == WITHIN && code && strcmp(code, "deadline") == 0) {
        g->expired = true;
    } else if (!decided) {
        g->failed = true;
        lua_pop(L, 1); /* the traceback */
        keep(L, g, 0);
        cancel_others(g, "a task beside this one failed");
    }
    if (--g->left == 0)
        finish(g);
}

static int group_start(lua_State *L, enum group_kind kind, double deadline)
{
    int count = (int)lua_objlen(L, 1);
    struct group *g = wait_new(L, sizeof *g + (size_t)count * sizeof *g->children, on_group_cancel);
    g->kind = kind;
    g->count = g->left = count;
    lua_createtable(L, count, 0);
    wait_anchor(L, &g->wait, -1);
    struct task_options options = {
        .deadline = deadline, .parent = task_current(L), .quiet = true, .on_done = on_child_done};
    for (int i = 0; i < count; i++) {
        struct child *child = &g->children[i];
        child->group = g;
        options.arg = child;
        child->task = task_new(vm_of(L), &options);
        lua_rawgeti(L, 1, i + 1);
        lua_xmove(L, task_state(child->task), 1);
        task_start(child->task, 0);
    }
    return task_wait(L, &g->wait);
}

static void check_functions(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t count = lua_objlen(L, 1);
    luaL_argcheck(L, count <= CHILDREN_MAX, 1, "too many functions");
    lua_settop(L, 1);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, (int)i);
        luaL_argcheck(L, lua_isfunction(L, -1), 1, "expected an array of functions");
        lua_pop(L, 1);
    }
}

static int l_all(lua_State *L)
{
    check_functions(L);
    if (lua_objlen(L, 1) == 0) {
        lua_newtable(L);
        return 1;
    }
    return group_start(L, ALL, 0);
}

static int l_race(lua_State *L)
{
    check_functions(L);
    luaL_argcheck(L, lua_objlen(L, 1) > 0, 1, "expected at least one function");
    return group_start(L, RACE, 0);
}

static int l_within(lua_State *L)
{
    double seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds > 0 && seconds <= 1e9, 1, "expected a number of seconds");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, 1);
    lua_replace(L, 1);
    lua_settop(L, 1);
    return group_start(L, WITHIN, seconds);
}

/* ---- tasks of their own ---- */

static int l_spawn(lua_State *L)
{
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, n > 0 && n <= NAME_MAX_LENGTH, 1, "expected a name of at most 63 octets");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (!task_current(L))
        return luaL_error(L,
                          "module bodies only build tables: spawn from a handler, a timer or the app's start function");
    struct task *task = task_new(vm_of(L), &(struct task_options){.label = name});
    if (task_trace(task_current(L)))
        task_set_trace(task, task_trace(task_current(L)));
    int nargs = lua_gettop(L) - 2;
    lua_checkstack(task_state(task), nargs + 1);
    lua_xmove(L, task_state(task), nargs + 1);
    task_start(task, nargs);
    return 0;
}

static int l_detach(lua_State *L)
{
    if (task_current(L))
        task_detach(task_current(L));
    return 0;
}

static int l_current(lua_State *L)
{
    struct task *task = task_current(L);
    if (!task)
        return luaL_error(L, "there is no task here: module bodies run before tasks do");
    lua_createtable(L, 0, 3);
    lua_pushnumber(L, (lua_Number)task_id(task));
    lua_setfield(L, -2, "id");
    lua_pushstring(L, task_label(task));
    lua_setfield(L, -2, "label");
    lua_pushinteger(L, (lua_Integer)vm_generation(vm_of(L)));
    lua_setfield(L, -2, "generation");
    return 1;
}

static const luaL_Reg functions[] = {{"current", l_current}, {"detach", l_detach}, {"spawn", l_spawn}, {NULL, NULL}};

int luaopen_host_task(lua_State *L)
{
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    bind_waiting(L, "sleep", l_sleep);
    bind_waiting(L, "all", l_all);
    bind_waiting(L, "race", l_race);
    bind_waiting(L, "within", l_within);
    queue_open(L);
    return 1;
}
