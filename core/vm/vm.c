/* vm/vm.c: see vm.h. A state with a capped allocator, the libraries, prelude.lua, and hooks for its life. Called by
 * generation.c and the command line. */
#include "vm/vm.h"

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <luajit.h>
#include <lualib.h>

#include "base/log.h"
#include "base/mem.h"
#include "vm/beat.h"
#include "vm/loader.h"
#include "vm/settings.h"
#include "vm/state.h"

static const unsigned char prelude[] = {
#include "vm/prelude.inc"
};

/* ---- memory ---- */

/* Tells the master, which prepares another worker, and the log. */
static void warn_of_limit(struct vm *vm, size_t used)
{
    struct worker_env *env = vm->options.env;
    if (atomic_exchange(&env->replace, true))
        return;
    if (env->beat)
        atomic_store(&env->beat->replace, 1);
    log_write(LOG_WARN, "Lua memory passed 75 % of lua_memory", log_int("octets", (int64_t)used),
              vm->current ? log_str("task", task_label(vm->current)) : LOG_END, LOG_END);
}

/* lua_Alloc. Refuses beyond the limit, but only while Lua runs protected: an error elsewhere would end the process. */
static void *allocate(void *ud, void *p, size_t old, size_t size)
{
    struct vm *vm = ud;
    size_t used = vm->used - old + size;
    if (used > vm->high && size > old) {
        if (used > vm->limit && vm->guarded)
            return NULL;
        warn_of_limit(vm, used);
    }
    void *q = heap_realloc(&vm->heap, p, old, size);
    if (q || size == 0)
        vm->used = used;
    return q;
}

static void set_limit(struct vm *vm, size_t limit)
{
    vm->limit = limit ? limit : SIZE_MAX;
    vm->high = limit ? limit / 4 * 3 : SIZE_MAX;
}

void vm_limit(struct vm *vm, size_t others)
{
    size_t all = vm->options.env->lua_limit;
    set_limit(vm, all == 0 ? 0 : all > others + 1 ? all - others : 1);
}

static int panic(lua_State *L)
{
    log_write(LOG_ERROR, "Lua failed outside of a task", log_str("error", lua_tostring(L, -1)), LOG_END);
    abort();
}

/* ---- errors ---- */

/* "[host]:12: text" → "lua/x.lua:3: text", with the innermost Lua code that is not prelude.lua. */
void vm_fix_position(lua_State *L, lua_State *where)
{
    static const char shim[] = "[host]:";
    const char *text = lua_tostring(L, -1);
    if (strncmp(text, shim, sizeof shim - 1) != 0)
        return;
    const char *rest = strstr(text, ": ");
    lua_Debug ar;
    for (int level = 0; rest && lua_getstack(where, level, &ar); level++) {
        lua_getinfo(where, "Sl", &ar);
        if (ar.currentline <= 0 || strcmp(ar.short_src, "[host]") == 0)
            continue;
        lua_pushfstring(L, "%s:%d%s", ar.short_src, ar.currentline, rest);
        lua_replace(L, -2);
        return;
    }
}

/* Message handler of vm_call: the message, or for an error that is a table what __tostring makes of it. */
int vm_describe(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TSTRING) {
        lua_settop(L, 1);
        vm_fix_position(L, L);
    } else if (!luaL_callmeta(L, 1, "__tostring")) {
        lua_pushfstring(L, "an error that is a %s", luaL_typename(L, 1));
    }
    return 1;
}

bool vm_call(lua_State *L, int nargs, int nresults)
{
    struct vm *vm = vm_of(L);
    int base = lua_gettop(L) - nargs;
    lua_pushcfunction(L, vm_describe);
    lua_insert(L, base);
    lua_State *before = vm_running(L);
    vm->guarded++;
    int status = lua_pcall(L, nargs, nresults, base);
    vm->guarded--;
    vm_running(before);
    lua_remove(L, base);
    return status == 0;
}

bool vm_require(lua_State *L, const char *name)
{
    lua_pushcfunction(L, loader_require);
    lua_pushstring(L, name);
    return vm_call(L, 1, 1);
}

/* ---- interrupting: from a signal handler, on the thread that runs Lua ---- */

static _Thread_local lua_State *volatile running;
static _Thread_local const char *volatile interruption;

lua_State *vm_running(lua_State *L)
{
    lua_State *before = running;
    running = L;
    if (!L && interruption) { /* it came too late: the next task must not pay for it */
        lua_sethook(before, NULL, 0, 0);
        interruption = NULL;
    }
    return before;
}

static void on_hook(lua_State *L, lua_Debug *ar)
{
    const char *message = interruption;
    lua_sethook(L, NULL, 0, 0);
    interruption = NULL;
    if (!message)
        return;
    lua_getinfo(L, "Sl", ar); /* the function that runs is level 0 here: luaL_error would name its caller */
    if (ar->currentline > 0)
        lua_pushfstring(L, "%s:%d: %s", ar->short_src, ar->currentline, message);
    else
        lua_pushstring(L, message);
    lua_error(L);
}

void vm_interrupt(const char *message)
{
    lua_State *L = running;
    if (!L)
        return;
    interruption = message;
    lua_sethook(L, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    if (vm_of(L)->guard)
        raise(SIGPROF); /* the profiler's handler makes compiled code leave its loop */
}

/* script_guard: the profiler, sampling hardly ever, makes the compiler put a check into every loop. It serves one state
 * at a time: the generation in force. */
static struct vm *guarded_vm;

static void on_sample(void *data, lua_State *L, int samples, int state)
{
    (void)data, (void)L, (void)samples, (void)state;
}

static void unguard(struct vm *vm)
{
    if (!vm || !vm->guard)
        return;
    luaJIT_profile_stop(vm->L);
    vm->guard = false;
    guarded_vm = NULL;
}

static void guard(struct vm *vm)
{
    unguard(guarded_vm);
    luaJIT_profile_start(vm->L, "li100000000", on_sample, NULL);
    vm->guard = true;
    guarded_vm = vm;
}

/* ---- libraries ---- */

static int open_libraries(lua_State *L)
{
    struct vm *vm = lua_touserdata(L, 1);
    luaL_openlibs(L);
    loader_open(L);
    if (vm->options.env->bind)
        vm->options.env->bind(L);
    if (luaL_loadbuffer(L, (const char *)prelude, sizeof prelude, "=[host]") != 0)
        lua_error(L);
    task_push_primitives(L);
    lua_pushboolean(L, !vm->options.open);
    lua_call(L, 2, 1);
    vm->shim_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

struct vm *vm_new(const struct vm_options *options)
{
    struct vm *vm = mem_zalloc(sizeof *vm);
    vm->options = *options;
    set_limit(vm, options->env->lua_limit);
    vm->L = lua_newstate(allocate, vm);
    if (!vm->L)
        goto err;
    lua_atpanic(vm->L, panic);
    wait_open(vm);
    lua_pushcfunction(vm->L, open_libraries);
    lua_pushlightuserdata(vm->L, vm);
    if (!vm_call(vm->L, 1, 0)) {
        log_write(LOG_ERROR, "a Lua state does not start", log_str("error", lua_tostring(vm->L, -1)), LOG_END);
        goto err;
    }
    return vm;
err:
    if (vm->L)
        lua_close(vm->L);
    heap_close(&vm->heap);
    free(vm);
    return NULL;
}

void vm_close(struct vm *vm)
{
    task_close(vm);
    lua_close(vm->L);
    heap_close(&vm->heap);
    free(vm);
}

void vm_push_shim(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm_of(L)->shim_ref);
}

/* ---- what belongs to it ---- */

struct vm *vm_of(lua_State *L)
{
    void *ud;
    lua_getallocf(L, &ud);
    return ud;
}

lua_State *vm_state(struct vm *vm)
{
    return vm->L;
}

struct worker_env *vm_env(const struct vm *vm)
{
    return vm->options.env;
}

struct loop *vm_loop(const struct vm *vm)
{
    return vm->options.env->loop;
}

const struct settings *vm_settings(const struct vm *vm)
{
    return vm->options.settings;
}

const struct set *vm_set(const struct vm *vm)
{
    return vm->options.set;
}

unsigned vm_generation(const struct vm *vm)
{
    return vm->options.generation;
}

size_t vm_memory(const struct vm *vm)
{
    return vm->used;
}

/* ---- life ---- */

static void hook_add(struct vm_hook **list, struct vm_hook *hook)
{
    hook->next = *list;
    hook->link = list;
    if (hook->next)
        hook->next->link = &hook->next;
    *list = hook;
}

void vm_hook_remove(struct vm_hook *hook)
{
    if (!hook->link)
        return;
    *hook->link = hook->next;
    if (hook->next)
        hook->next->link = hook->link;
    hook->link = NULL;
}

static void run_hooks(struct vm_hook **list, const char *reason)
{
    while (*list) {
        struct vm_hook *hook = *list;
        vm_hook_remove(hook);
        hook->fn(hook, reason);
    }
}

void vm_on_retire(struct vm *vm, struct vm_hook *hook, void (*fn)(struct vm_hook *hook, const char *reason))
{
    hook->fn = fn;
    hook_add(&vm->retire, hook);
}

void vm_on_close(struct vm *vm, struct vm_hook *hook, void (*fn)(struct vm_hook *hook, const char *reason))
{
    hook->fn = fn;
    hook_add(&vm->close, hook);
}

void vm_before_close(struct vm *vm)
{
    unguard(vm);
    run_hooks(&vm->close, "close");
}

void vm_on_activate(struct vm *vm, struct vm_hook *hook, void (*fn)(struct vm_hook *hook, const char *reason))
{
    hook->fn = fn;
    hook->link = NULL;
    if (vm->active)
        fn(hook, NULL);
    else
        hook_add(&vm->activate, hook);
}

void vm_activate(struct vm *vm)
{
    vm->active = true;
    if (vm->options.set && !vm->options.open && settings_bool(vm->options.settings, "script_guard"))
        guard(vm);
    run_hooks(&vm->activate, NULL);
}

void vm_retire(struct vm *vm, const char *reason)
{
    vm->retired = true;
    run_hooks(&vm->retire, reason);
}

bool vm_retired(const struct vm *vm)
{
    return vm->retired;
}
