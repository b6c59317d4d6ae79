#include "bind/channel.h"

#include <lauxlib.h>
#include <stddef.h>
#include <string.h>

#include "vm/task.h"

void *channel_new(lua_State *L, size_t size, int channel, int fn, int keep)
{
    size_t n;
    const char *name = luaL_checklstring(L, channel, &n);
    luaL_argcheck(L, n > 0 && n <= CHANNEL_NAME_MAX && !memchr(name, '"', n) && !memchr(name, '\0', n), channel,
                  "expected a channel's name of at most 63 octets");
    luaL_checktype(L, fn, LUA_TFUNCTION);
    if (vm_retired(vm_of(L)))
        luaL_error(L, "listeners belong to a generation, and this one has been replaced");
    struct channel *l = lua_newuserdata(L, size);
    memset(l, 0, size);
    l->vm = vm_of(L);
    memcpy(l->name, name, n);
    if (keep) {
        lua_createtable(L, 1, 0);
        lua_pushvalue(L, keep);
        lua_rawseti(L, -2, 1);
        lua_setfenv(L, -2);
    }
    l->self = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, fn);
    l->fn = luaL_ref(L, LUA_REGISTRYINDEX);
    return l;
}

static void on_retire(struct vm_hook *hook, const char *reason)
{
    (void)reason;
    struct channel *l = (struct channel *)hook;
    lua_State *L = vm_state(l->vm);
    l->end(l);
    luaL_unref(L, LUA_REGISTRYINDEX, l->fn);
    luaL_unref(L, LUA_REGISTRYINDEX, l->self); /* its memory is the collector's now */
}

static void on_activate(struct vm_hook *hook, const char *reason)
{
    (void)reason;
    struct channel *l = (struct channel *)hook;
    vm_on_retire(l->vm, &l->life, on_retire);
    l->begin(l);
}

void channel_start(struct channel *l, void (*begin)(struct channel *l), void (*end)(struct channel *l))
{
    l->begin = begin;
    l->end = end;
    vm_on_activate(l->vm, &l->life, on_activate);
}

void channel_deliver(struct channel *l, struct str payload)
{
    struct task *task = task_new(l->vm, &(struct task_options){.label = l->name});
    lua_State *L = task_state(task);
    lua_rawgeti(L, LUA_REGISTRYINDEX, l->fn);
    if (payload.p)
        lua_pushlstring(L, payload.p, payload.n);
    else
        lua_pushnil(L);
    task_start(task, 1);
}
