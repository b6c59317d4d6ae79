/* bind/all.c: the list of host modules, and what every binding exports its functions with. Called by vm.c through
 * worker_env.bind. A new module is a file bind/NAME.c and a row here. */
#include "bind/bind.h"

static const luaL_Reg modules[] = {
    {"host.crypto", luaopen_host_crypto},
    {"host.file", luaopen_host_file},
    {"host.form", luaopen_host_form},
    {"host.http", luaopen_host_http},
    {"host.json", luaopen_host_json},
    {"host.jwt", luaopen_host_jwt},
    {"host.log", luaopen_host_log},
    {"host.mail", luaopen_host_mail},
    {"host.metrics", luaopen_host_metrics},
    {"host.pg", luaopen_host_pg},
    {"host.redis", luaopen_host_redis},
    {"host.server", luaopen_host_server},
    {"host.settings", luaopen_host_settings},
    {"host.store", luaopen_host_store},
    {"host.task", luaopen_host_task},
    {"host.timer", luaopen_host_timer},
    {"host.ws", luaopen_host_ws},
    {NULL, NULL},
};

void bind_all(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
    luaL_register(L, NULL, modules);
    lua_pop(L, 1);
}

void bind_waiting(lua_State *L, const char *name, lua_CFunction fn)
{
    vm_push_shim(L);
    lua_pushcfunction(L, fn);
    lua_call(L, 1, 1);
    lua_setfield(L, -2, name);
}

void bind_class(lua_State *L, const char *type, const luaL_Reg *methods, const luaL_Reg *waiting, lua_CFunction gc)
{
    luaL_newmetatable(L, type);
    lua_newtable(L);
    if (methods)
        luaL_register(L, NULL, methods);
    for (; waiting && waiting->name; waiting++)
        bind_waiting(L, waiting->name, waiting->func);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, type);
    lua_setfield(L, -2, "__metatable");
    if (gc) {
        lua_pushcfunction(L, gc);
        lua_setfield(L, -2, "__gc");
    }
}
