/* bind/bind.h: the modules that Lua gets with require "host.x", a file each: bind/pg.c is host.pg.
 *
 * A luaopen function leaves the module's table on the stack. It runs while the generation loads, perhaps on a side
 * thread: it must not touch the loop, pools or the server; vm_on_activate() is the time for that. */
#ifndef BIND_BIND_H
#define BIND_BIND_H

#include <lua.h>
#include <lauxlib.h>

#include "vm/task.h"
#include "vm/vm.h"

/* Registers every module of bind/all.c for require; called once per VM. */
void bind_all(lua_State *L);

/* Sets field name of the table on top to fn, a function that waits (ends in return task_wait(…) or raises, or returns
 * at once). All others are set by luaL_Reg as usual. */
void bind_waiting(lua_State *L, const char *name, lua_CFunction fn);

/* For the methods of an object: makes the metatable type with __index, fills it from methods and waiting (either may
 * be NULL), gives it gc, and leaves it on the stack. */
void bind_class(lua_State *L, const char *type, const luaL_Reg *methods, const luaL_Reg *waiting, lua_CFunction gc);

int luaopen_host_crypto(lua_State *L);
int luaopen_host_file(lua_State *L);
int luaopen_host_form(lua_State *L);
int luaopen_host_http(lua_State *L);
int luaopen_host_json(lua_State *L);
int luaopen_host_jwt(lua_State *L);
int luaopen_host_log(lua_State *L);
int luaopen_host_mail(lua_State *L);
int luaopen_host_metrics(lua_State *L);
int luaopen_host_pg(lua_State *L);
int luaopen_host_redis(lua_State *L);
int luaopen_host_server(lua_State *L);
int luaopen_host_settings(lua_State *L);
int luaopen_host_store(lua_State *L);
int luaopen_host_task(lua_State *L);
int luaopen_host_timer(lua_State *L);
int luaopen_host_ws(lua_State *L);

#endif
