/* bind/server.c: host.server: counts, who answers, and the wait for the end of a generation. The request object is
 * request.c's, prepared headers are answer.c's. Called only from Lua. */
#include <signal.h>
#include <unistd.h>

#include "bind/serving.h"
#include "vm/settings.h"

struct swapped_wait {
    struct wait wait;
    struct vm_hook hook;
};

static void set_number(lua_State *L, const char *name, double value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

static int l_counts(lua_State *L)
{
    struct worker_env *env = vm_env(vm_of(L));
    struct server_counts counts = {0};
    if (env->server)
        counts = server_counts(env->server);
    lua_createtable(L, 0, 5);
    set_number(L, "requests", (double)counts.requests);
    set_number(L, "connections", counts.connections);
    set_number(L, "websockets", counts.websockets);
    set_number(L, "streams", counts.streams);
    set_number(L, "generations", env->generations);
    return 1;
}

static int l_whoami(lua_State *L)
{
    struct vm *vm = vm_of(L);
    struct worker_env *env = vm_env(vm);
    lua_createtable(L, 0, 4);
    set_number(L, "pid", getpid());
    set_number(L, "worker", env->worker);
    set_number(L, "generation", vm_generation(vm));
    lua_pushboolean(L, env->draining);
    lua_setfield(L, -2, "draining");
    return 1;
}

static void on_retire(struct vm_hook *hook, const char *reason)
{
    struct swapped_wait *w = (struct swapped_wait *)((char *)hook - offsetof(struct swapped_wait, hook));
    lua_pushstring(wait_state(&w->wait), reason);
    task_wake(&w->wait, 1);
}

static void on_cancel(struct wait *wait)
{
    vm_hook_remove(&((struct swapped_wait *)wait)->hook);
}

static int l_swapped(lua_State *L)
{
    struct vm *vm = vm_of(L);
    if (vm_retired(vm)) {
        lua_pushstring(L, vm_env(vm)->draining ? "stop" : "reload");
        return 1;
    }
    struct swapped_wait *w = wait_new(L, sizeof *w, on_cancel);
    vm_on_retire(vm, &w->hook, on_retire);
    return task_wait(L, &w->wait);
}

/* For fault suites: what a defect of the core would do. */
static int l_crash(lua_State *L)
{
    const struct worker_env *env = vm_env(vm_of(L));
    if (!env->settings || !settings_bool(env->settings, "fault_drills"))
        return luaL_error(L, "crash() works only where the setting fault_drills is true");
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return 0;
}

static const luaL_Reg functions[] = {
    {"counts", l_counts}, {"crash", l_crash}, {"headers", l_prepare_headers}, {"whoami", l_whoami}, {NULL, NULL}};

int luaopen_host_server(lua_State *L)
{
    request_class(L);
    lua_pop(L, 1);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    bind_waiting(L, "swapped", l_swapped);
    return 1;
}
