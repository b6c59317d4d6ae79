/* vm/generation.c: see generation.h. Owns every VM of a worker and the set it runs; called by process/worker.c.
 *
 *   generations_load ─▶ load_run (side thread) ─▶ load_done ─▶ swap ─▶ in force
 *   swap, generations_stop ─▶ retire ─▶ tasks end ─▶ on_idle ─▶ close_soon (end of turn) ─▶ close_run (side thread) */
#include "vm/generation.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <luajit.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "vm/beat.h"
#include "vm/settings.h"
#include "vm/task.h"
#include "vm/vm.h"

struct generation {
    struct generations *all;
    struct vm *vm;
    struct set *set;
    unsigned number;
    struct task *start; /* the app's start function, while it runs */
    struct generation *older;
};

struct generations {
    struct worker_env *env;
    struct work *pool; /* one thread: loads and closes in order, never behind a password hash */
    generations_swap_fn *swap;
    struct generation *newest; /* the one in force */
    struct timer deadline;     /* of a stop */
    void (*stopped)(void *arg);
    void *stopped_arg;
};

struct load {
    struct generation *generation;
    struct buf error;
    void (*done)(void *arg, const char *error);
    void *arg;
};

static char app_key; /* registry key of the app's table */

void generation_push_app(lua_State *L)
{
    lua_pushlightuserdata(L, &app_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

/* ---- load ---- */

struct app_check {
    lua_State *L;
    const char *app;
    struct buf *error;
};

static void check_service(void *arg, const char *name, const struct setting *setting)
{
    struct app_check *check = arg;
    lua_State *L = check->L;
    (void)setting;
    lua_getfield(L, -1, name);
    bool good = lua_istable(L, -1);
    if (good)
        lua_getfield(L, -1, "handle");
    if (check->error->len == 0 && !good)
        buf_printf(check->error, "%s: services.%s is missing, but the configuration lists it", check->app, name);
    else if (check->error->len == 0 && !lua_isfunction(L, -1))
        buf_printf(check->error, "%s: services.%s.handle is not a function", check->app, name);
    lua_pop(L, good ? 2 : 1);
}

/* The app's table is on top: has it what the configuration wants to serve? */
static bool check_app(lua_State *L, const struct settings *settings, struct buf *error)
{
    struct app_check check = {L, settings_text(settings, "app"), error};
    if (!lua_istable(L, -1)) {
        buf_printf(error, "%s: the app module returned a %s, expected a table", check.app, luaL_typename(L, -1));
        return false;
    }
    lua_getfield(L, -1, "services");
    if (!lua_istable(L, -1))
        buf_printf(error, "%s: services is not a table", check.app);
    else
        settings_each(settings, "services", check_service, &check);
    lua_pop(L, 1);
    return error->len == 0;
}

static struct vm *new_vm(struct worker_env *env, const struct set *set, unsigned number, struct buf *error)
{
    struct vm_options options = {.env = env, .set = set, .settings = set_settings(set), .generation = number};
    struct vm *vm = vm_new(&options);
    if (!vm)
        buf_printf(error, "lua_memory does not suffice for a Lua state");
    return vm;
}

/* Runs the modules' bodies. Any thread. */
static bool load_app(struct vm *vm, struct buf *error)
{
    const struct settings *settings = vm_settings(vm);
    lua_State *L = vm_state(vm);
    if (!vm_require(L, settings_text(settings, "app"))) {
        buf_printf(error, "%s", lua_tostring(L, -1));
        return false;
    }
    if (!check_app(L, settings, error))
        return false;
    lua_pushlightuserdata(L, &app_key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    return true;
}

/* Bodies run once: what is compiled for them is compiled for nothing, and takes longer than they do. */
static bool load_interpreted(struct vm *vm, struct buf *error)
{
    luaJIT_setmode(vm_state(vm), 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    return load_app(vm, error);
}

static bool build(struct generation *g, struct buf *error)
{
    g->vm = new_vm(g->all->env, g->set, g->number, error);
    bool good = g->vm && load_interpreted(g->vm, error);
    if (good)
        luaJIT_setmode(vm_state(g->vm), 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_ON);
    set_rest(g->set);
    return good;
}

struct vm *generation_try(struct worker_env *env, struct set *set, struct buf *error)
{
    struct vm *vm = new_vm(env, set, 0, error);
    if (!vm)
        return NULL;
    if (load_interpreted(vm, error))
        return vm;
    vm_close(vm);
    return NULL;
}

static void generation_free(struct generation *g)
{
    if (g->vm)
        vm_close(g->vm);
    set_release(g->set);
    free(g);
}

/* ---- close ---- */

static void close_run(void *arg)
{
    generation_free(arg);
    malloc_trim(0);
}

static void close_done(void *arg)
{
    (void)arg;
}

static void check_stopped(struct generations *all);

/* At the end of the turn: nothing of the VM is on the C stack any more. */
static void close_soon(void *arg)
{
    struct generation *g = arg, **link = &g->all->newest;
    struct generations *all = g->all;
    if (vm_task_count(g->vm) > 0)
        return;
    while (*link && *link != g)
        link = &(*link)->older;
    if (*link)
        *link = g->older;
    all->env->generations--;
    vm_before_close(g->vm);
    log_write(LOG_INFO, "generation closed", log_int("closed", g->number), LOG_END);
    if (!work_submit(all->pool, close_run, close_done, g))
        close_run(g);
}

static void on_idle(struct vm *vm, void *arg)
{
    struct generation *g = arg;
    struct generations *all = g->all;
    (void)vm;
    if (g != all->newest)
        loop_defer(all->env->loop, close_soon, g);
    check_stopped(all);
}

/* ---- swap ---- */

static void on_start_done(struct task *task, enum task_end end, lua_State *L, int count, void *arg)
{
    (void)task, (void)end, (void)L, (void)count;
    ((struct generation *)arg)->start = NULL;
}

static void run_start(struct generation *g)
{
    lua_State *L = vm_state(g->vm);
    generation_push_app(L);
    lua_getfield(L, -1, "start");
    if (lua_isfunction(L, -1)) {
        g->start = task_new(g->vm, &(struct task_options){.label = "start", .on_done = on_start_done, .arg = g});
        lua_xmove(L, task_state(g->start), 1);
        task_start(g->start, 0);
    }
    lua_settop(L, 0);
}

/* start may go on as long as its generation is in force: it is the place for loops in the background. */
static void retire(struct generation *g, const char *reason)
{
    vm_retire(g->vm, reason);
    if (g->start)
        task_cancel(g->start, reason, "the generation is no longer in force");
}

/* Too many alive: the oldest's tasks have had their time. */
static void bound_alive(struct generations *all)
{
    unsigned most = (unsigned)settings_int(all->env->settings, "generations"), n = 0;
    for (struct generation *g = all->newest; g; g = g->older)
        if (++n > most)
            vm_cancel_tasks(g->vm, "reload", "too many generations are alive, and this is the oldest");
}

static void swap(struct generations *all, struct generation *g)
{
    struct worker_env *env = all->env;
    struct generation *old = all->newest;
    g->older = old;
    all->newest = g;
    env->generations++;
    env->vm = g->vm;
    env->set = g->set;
    env->settings = set_settings(g->set);
    log_set_context(env->worker, g->number);
    if (env->beat)
        atomic_store(&env->beat->swapped, g->number);
    generations_balance(all);
    if (all->swap)
        all->swap(env, g->vm);
    vm_activate(g->vm);
    run_start(g);
    if (old) {
        retire(old, "reload");
        vm_on_idle(old->vm, on_idle, old);
    }
    bound_alive(all);
}

static void load_run(void *arg)
{
    struct load *load = arg;
    build(load->generation, &load->error);
}

static void load_done(void *arg)
{
    struct load *load = arg;
    struct generation *g = load->generation;
    const char *error = load->error.len ? buf_cstr(&load->error) : NULL;
    if (!error)
        swap(g->all, g);
    else if (!work_submit(g->all->pool, close_run, close_done, g))
        close_run(g);
    load->done(load->arg, error);
    buf_free(&load->error);
    free(load);
}

static struct generation *generation_new(struct generations *all, struct set *set, unsigned number)
{
    struct generation *g = mem_zalloc(sizeof *g);
    g->all = all;
    g->set = set;
    g->number = number;
    return g;
}

void generations_load(struct generations *all, struct set *set, unsigned number,
                      void (*done)(void *arg, const char *error), void *arg)
{
    struct load *load = mem_zalloc(sizeof *load);
    load->generation = generation_new(all, set, number);
    load->done = done;
    load->arg = arg;
    if (!work_submit(all->pool, load_run, load_done, load)) {
        load_run(load);
        load_done(load);
    }
}

bool generations_load_now(struct generations *all, struct set *set, unsigned number, struct buf *error)
{
    struct generation *g = generation_new(all, set, number);
    if (!build(g, error)) {
        generation_free(g);
        return false;
    }
    swap(all, g);
    return true;
}

/* ---- memory ---- */

size_t generations_memory(const struct generations *all)
{
    size_t sum = 0;
    for (const struct generation *g = all->newest; g; g = g->older)
        sum += vm_memory(g->vm);
    return sum;
}

void generations_balance(struct generations *all)
{
    size_t sum = generations_memory(all);
    for (struct generation *g = all->newest; g; g = g->older)
        vm_limit(g->vm, sum - vm_memory(g->vm));
}

/* ---- stop ---- */

static void check_stopped(struct generations *all)
{
    if (!all->stopped)
        return;
    for (struct generation *g = all->newest; g; g = g->older)
        if (vm_task_count(g->vm) > 0)
            return;
    timer_stop(&all->deadline);
    void (*stopped)(void *) = all->stopped;
    all->stopped = NULL;
    loop_defer(all->env->loop, stopped, all->stopped_arg);
}

static void on_deadline(struct timer *timer)
{
    struct generations *all = (struct generations *)((char *)timer - offsetof(struct generations, deadline));
    for (struct generation *g = all->newest; g; g = g->older)
        vm_cancel_tasks(g->vm, "stop", "the server stops");
}

void generations_stop(struct generations *all, double seconds, void (*done)(void *arg), void *arg)
{
    all->stopped = done;
    all->stopped_arg = arg;
    timer_start(&all->deadline, seconds);
    if (all->newest) {
        retire(all->newest, "stop");
        vm_on_idle(all->newest->vm, on_idle, all->newest);
    } else {
        check_stopped(all);
    }
}

/* ---- all of them ---- */

struct generations *generations_new(struct worker_env *env, generations_swap_fn *swap_fn)
{
    struct generations *all = mem_zalloc(sizeof *all);
    all->env = env;
    all->swap = swap_fn;
    all->pool = work_new(env->loop, 1, 64);
    if (!all->pool) {
        free(all);
        return NULL;
    }
    timer_init(&all->deadline, env->loop, on_deadline);
    return all;
}

void generations_free(struct generations *all)
{
    work_free(all->pool);
    timer_stop(&all->deadline);
    while (all->newest) {
        struct generation *g = all->newest;
        all->newest = g->older;
        loop_undefer(all->env->loop, close_soon, g);
        vm_before_close(g->vm);
        generation_free(g);
    }
    free(all);
}
