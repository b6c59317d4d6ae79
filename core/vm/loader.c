/* vm/loader.c: require. In a served VM it finds modules of the accepted set, host modules and a few libraries of
 * LuaJIT's; in a command's VM files under the roots, then whatever the system has. */
#include "vm/loader.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "vm/read_file.h"
#include "vm/settings.h"
#include "vm/state.h"

enum { SCRIPT_MAX = 4 << 20, NAME_MAX_LENGTH = 200 };

static const char cjson_file[] = "/usr/lib/x86_64-linux-gnu/lua/5.1/cjson.so";

static char loading;        /* in package.loaded while a module's body runs */
static char system_require; /* registry key of Lua's own require */

static const char *shown(const struct vm *vm, const char *path)
{
    const char *root = vm->options.settings ? settings_root(vm->options.settings) : NULL;
    size_t n = root ? strlen(root) : 0;
    return n && strncmp(path, root, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

/* ---- finding: each pushes the module's body and returns true, or adds to the places searched ---- */

static void load_chunk(lua_State *L, struct str code, const char *name, const char *mode)
{
    if (luaL_loadbufferx(L, code.p, code.n, name, mode) != 0)
        lua_error(L);
}

static void set_places(lua_State *L, const char *path)
{
    struct vm *vm = vm_of(L);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (int i = 1;; i++) {
        char key[32];
        snprintf(key, sizeof key, "roots.%d", i);
        const struct setting *root = settings_find(vm->options.settings, key);
        if (!root)
            break;
        lua_pushfstring(L, "%s%s/%s.lua, %s/%s/init.lua", i > 1 ? ", " : "", shown(vm, root->text), path,
                        shown(vm, root->text), path);
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
}

static bool find_in_set(lua_State *L, const char *name)
{
    const struct set *set = vm_of(L)->options.set;
    const struct set_entry *entry = set_find(set, SET_MODULE, str_from(name));
    if (entry) {
        load_chunk(L, entry->data, name, "b");
        return true;
    }
    return false;
}

/* A command's module: the file ROOT/NAME.lua or ROOT/NAME/init.lua. */
static bool find_file(lua_State *L, const char *path)
{
    static const char *const forms[] = {"%s/%s.lua", "%s/%s/init.lua"};
    struct vm *vm = vm_of(L);
    int found = 0;
    for (const char *const *root = vm->options.roots; root && *root; root++) {
        for (int i = 0; i < 2; i++) {
            struct buf file = {0}, source = {0}, problem = {0};
            buf_printf(&file, forms[i], *root, path);
            bool read = read_file(buf_cstr(&file), SCRIPT_MAX, &source, &problem);
            if (read) {
                lua_pushfstring(L, "@%s", shown(vm, buf_cstr(&file)));
                found = luaL_loadbufferx(L, source.data, source.len, lua_tostring(L, -1), "t") == 0 ? found + 1 : -1;
                lua_remove(L, -2);
            }
            buf_free(&file);
            buf_free(&source);
            buf_free(&problem);
            if (found < 0)
                lua_error(L);
        }
    }
    if (found > 1)
        luaL_error(L, "module '%s' is in two files: a name belongs to one file", path);
    return found == 1;
}

static bool find_preload(lua_State *L, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    if (!lua_isnil(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

static bool find_cjson(lua_State *L, const char *name)
{
    if (strcmp(name, "cjson") != 0)
        return false;
    void *library = dlopen(cjson_file, RTLD_NOW | RTLD_LOCAL);
    lua_CFunction open = NULL;
    if (library)
        *(void **)&open = dlsym(library, "luaopen_cjson"); /* POSIX's form of this cast */
    if (!open)
        luaL_error(L, "module 'cjson' does not load: %s", dlerror());
    lua_pushcfunction(L, open);
    return true;
}

/* ---- require ---- */

/* The body is on top: runs it and keeps its value. The mark tells a loop from a module that is there. */
static int run_body(lua_State *L, int loaded, const char *name)
{
    lua_pushlightuserdata(L, &loading);
    lua_setfield(L, loaded, name);
    lua_pushcfunction(L, vm_describe);
    lua_insert(L, -2);
    lua_pushstring(L, name);
    int status = lua_pcall(L, 1, 1, lua_gettop(L) - 2);
    if (status != 0) {
        lua_pushnil(L);
        lua_setfield(L, loaded, name);
        return status == LUA_ERRMEM ? luaL_error(L, "module '%s': not enough memory", name) : lua_error(L);
    }
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, loaded, name);
    return 1;
}

static int call_system(lua_State *L, const char *name)
{
    lua_pushlightuserdata(L, &system_require);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    return 1;
}

int loader_require(lua_State *L)
{
    struct vm *vm = vm_of(L);
    const char *name = luaL_checkstring(L, 1);
    char path[NAME_MAX_LENGTH + 1];
    size_t n = strlen(name);
    luaL_argcheck(L, n > 0 && n <= NAME_MAX_LENGTH, 1, "expected the name of a module");
    for (size_t i = 0; i <= n; i++)
        path[i] = name[i] == '.' ? '/' : name[i];
    lua_settop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_getfield(L, 2, name);
    if (lua_touserdata(L, 3) == &loading)
        return luaL_error(L, "module '%s' requires itself, by way of others", name);
    if (lua_toboolean(L, 3))
        return 1;
    lua_pop(L, 1);
    bool open = vm->options.open;
    if (find_preload(L, name) || (!open && find_cjson(L, name)) ||
        (vm->options.set && !open ? find_in_set(L, name) : find_file(L, path)))
        return run_body(L, 2, name);
    if (open)
        return call_system(L, name);
    if (!vm->options.set)
        return luaL_error(L, "module '%s' not found", name);
    if (strncmp(name, "host.", 5) == 0)
        return luaL_error(L, "module '%s' not found: the core has no such module", name);
    set_places(L, path);
    return luaL_error(L, "module '%s' not found in the accepted set; searched: %s", name, lua_tostring(L, -1));
}

void loader_open(lua_State *L)
{
    if (vm_of(L)->options.open) {
        lua_pushlightuserdata(L, &system_require);
        lua_getglobal(L, "require");
        lua_rawset(L, LUA_REGISTRYINDEX);
    } else {
        static const char *const closed[] = {"ffi", "jit.util", "jit.profile", "thread.exdata", "thread.exdata2"};
        lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
        for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
            lua_pushnil(L);
            lua_setfield(L, -2, closed[i]);
        }
        lua_pop(L, 1);
        lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
        lua_pushnil(L);
        lua_setfield(L, -2, "jit.opt");
        lua_pop(L, 1);
    }
    lua_pushcfunction(L, loader_require);
    lua_setglobal(L, "require");
}
