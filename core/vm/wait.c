/* vm/wait.c: waits, see task.h: their memory, what may begin one and where, how they are woken or fail. Called by
 * bindings; task.c resumes whoever waited. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/state.h"

char wait_mark, wait_cancel_mark;

/* ---- waits: memory by size classes, kept for the next ---- */

static const size_t wait_sizes[WAIT_CLASSES] = {96, 192, 384, 768};

static struct wait *wait_alloc(struct vm *vm, size_t size)
{
    unsigned bin = 0;
    while (bin < WAIT_CLASSES && wait_sizes[bin] < size)
        bin++;
    struct wait *w;
    if (bin < WAIT_CLASSES && vm->spare_waits[bin]) {
        w = vm->spare_waits[bin];
        vm->spare_waits[bin] = *(void **)w;
    } else {
        w = mem_alloc(bin < WAIT_CLASSES ? wait_sizes[bin] : size);
    }
    memset(w, 0, size);
    w->size_class = (uint8_t)bin;
    return w;
}

void wait_free(struct vm *vm, struct wait *w)
{
    if (w->anchored) {
        lua_pushlightuserdata(vm->L, w);
        lua_pushnil(vm->L);
        lua_rawset(vm->L, LUA_REGISTRYINDEX);
    }
    if (w->size_class >= WAIT_CLASSES) {
        free(w);
        return;
    }
    void **next = &vm->spare_waits[w->size_class]; /* the list runs through the first word of each */
    *(void **)w = *next;
    *next = w;
}

/* ---- errors that waits raise: tables with code and message that read as text ---- */

static int failure_text(lua_State *L)
{
    lua_getfield(L, 1, "message");
    return 1;
}

void wait_push_error(lua_State *L, const char *code, const char *message)
{
    lua_createtable(L, 0, 2);
    lua_pushstring(L, code);
    lua_setfield(L, -2, "code");
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm_of(L)->failure_ref);
    lua_setmetatable(L, -2);
}

int push_failure(lua_State *L, const char *code, const char *message)
{
    lua_pushnil(L);
    wait_push_error(L, code, message);
    return 2;
}

/* ---- where LuaJIT cannot yield ---- */

/* "a callback of sort" and the file:line of the Lua code there. */
static void push_place(lua_State *L)
{
    lua_Debug ar;
    const char *inside = NULL;
    lua_pushliteral(L, "");
    for (int level = 1; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "nSl", &ar);
        bool transparent = ar.name && (strcmp(ar.name, "pcall") == 0 || strcmp(ar.name, "xpcall") == 0);
        if (*ar.what == 'C' && ar.name && !transparent) {
            inside = ar.name;
            break;
        }
        if (*ar.what != 'C' && ar.currentline > 0 && strcmp(ar.short_src, "[host]") != 0 && !*lua_tostring(L, -1)) {
            lua_pop(L, 1);
            lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
        }
    }
    lua_pushfstring(
        L, "%scannot wait inside a callback of %s: LuaJIT cannot yield there; wait before it, and give it the result",
        lua_tostring(L, -1), inside ? inside : "a C function");
    lua_remove(L, -2);
}

/* refuse(): the wait that a user's coroutine made has nowhere to go; returns what makes its shim raise. */
static int l_refuse(lua_State *L)
{
    struct task *t = vm_of(L)->current;
    struct wait *w = t ? t->wait : NULL;
    if (w) {
        t->wait = NULL;
        w->on_cancel(w);
        wait_free(t->vm, w);
    }
    lua_pushlightuserdata(L, &wait_cancel_mark);
    push_place(L);
    return 2;
}

static int l_can_yield(lua_State *L)
{
    lua_pushboolean(L, lua_isyieldable(L));
    return 1;
}

void task_push_primitives(lua_State *L)
{
    lua_createtable(L, 0, 4);
    lua_pushlightuserdata(L, &wait_mark);
    lua_setfield(L, -2, "mark");
    lua_pushlightuserdata(L, &wait_cancel_mark);
    lua_setfield(L, -2, "cancel");
    lua_pushcfunction(L, l_refuse);
    lua_setfield(L, -2, "refuse");
    lua_pushcfunction(L, l_can_yield);
    lua_setfield(L, -2, "can_yield");
}

/* ---- making and ending waits ---- */

void *wait_new(lua_State *L, size_t size, void (*on_cancel)(struct wait *wait))
{
    struct vm *vm = vm_of(L);
    struct task *t = vm->current;
    if (!t) {
        luaL_error(L, "this call waits and needs a task: module bodies only build tables, so call it from a handler, "
                      "a timer or the app's start function");
    } else if (!lua_isyieldable(L)) {
        push_place(L);
        lua_error(L);
    } else if (t->cancelled) {
        wait_push_error(L, t->code, t->message);
        lua_error(L);
    }
    struct wait *w = wait_alloc(vm, size);
    w->task = t;
    w->state = L;
    w->on_cancel = on_cancel;
    return w;
}

void wait_anchor(lua_State *L, struct wait *wait, int index)
{
    assert(!wait->anchored);
    lua_pushvalue(L, index);
    lua_pushlightuserdata(L, wait);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    wait->anchored = true;
}

void wait_push_anchor(lua_State *L, struct wait *wait)
{
    lua_pushlightuserdata(L, wait);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

lua_State *wait_state(struct wait *wait)
{
    return wait->state;
}

int task_wait(lua_State *L, struct wait *wait)
{
    struct task *t = wait->task;
    if (wait->woken) {
        int count = (int)wait->results;
        wait_free(t->vm, wait);
        return count;
    }
    t->wait = wait;
    wait->suspended = true;
    wait->state = t->co;
    lua_pushlightuserdata(L, &wait_mark);
    return lua_yield(L, 1);
}

void wait_drop(struct wait *wait)
{
    assert(!wait->suspended);
    wait_free(wait->task->vm, wait);
}

void task_wake(struct wait *wait, int count)
{
    assert(!wait->woken);
    wait->woken = true;
    wait->results = (uint32_t)count;
    if (wait->suspended)
        task_ready(wait->task);
}

void task_wake_error(struct wait *wait)
{
    lua_State *to = wait_state(wait);
    lua_pushlightuserdata(to, &wait_cancel_mark);
    lua_insert(to, -2);
    task_wake(wait, 2);
}

void wait_fail(struct wait *wait, const char *code, const char *message)
{
    task_wake(wait, push_failure(wait_state(wait), code, message));
}

void wait_free_spares(struct vm *vm)
{
    for (unsigned bin = 0; bin < WAIT_CLASSES; bin++) {
        while (vm->spare_waits[bin]) {
            void *w = vm->spare_waits[bin];
            vm->spare_waits[bin] = *(void **)w;
            free(w);
        }
    }
}

void wait_open(struct vm *vm)
{
    lua_State *L = vm->L;
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, failure_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "host.error");
    lua_setfield(L, -2, "__name");
    vm->failure_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}
