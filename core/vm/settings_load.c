/* vm/settings_load.c: evaluates a configuration file and the rows of default.lua in a throw-away Lua state. The
 * candidate and the command line call it through settings_load(). */
#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "vm/settings_check.h"

enum { FILE_MAX = 1024 * 1024 };

/* Runs a file and leaves the one table that it returns on the stack. */
static bool run_file(struct load *load, const char *path, const char *shown_as)
{
    lua_State *L = load->L;
    struct buf chunk = {0};
    bool good = false;
    load->source = shown_as;
    FILE *f = fopen(path, "re");
    if (!f)
        return settings_fail(load, NULL, "%s", strerror(errno));
    buf_reserve(&chunk, FILE_MAX);
    size_t n = fread(chunk.data, 1, FILE_MAX, f);
    fclose(f);
    lua_pushfstring(L, "@%s", shown_as);
    if (n == FILE_MAX)
        settings_fail(load, NULL, "is larger than 1 MiB");
    else if (luaL_loadbufferx(L, chunk.data, n, lua_tostring(L, -1), "t") != 0 || lua_pcall(L, 0, 1, 0) != 0) {
        buf_clear(load->error); /* the message starts with file:line */
        buf_printf(load->error, "%s", lua_tostring(L, -1) ? lua_tostring(L, -1) : "an error that is no text");
    } else if (!lua_istable(L, -1))
        settings_fail(load, NULL, "expected one table to be returned, got %s", luaL_typename(L, -1));
    else
        good = true;
    buf_free(&chunk);
    return good;
}

/* include("development") in a configuration: the table that the file of that name beside it returns. */
static int l_include(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
        return luaL_error(L, "include: expected the name of a configuration beside this one, got \"%s\"", name);
    lua_pushfstring(L, "%s/%s.lua", lua_tostring(L, lua_upvalueindex(1)), name);
    if (luaL_loadfilex(L, lua_tostring(L, -1), "t") != 0)
        return lua_error(L);
    lua_call(L, 0, 1);
    luaL_argcheck(L, lua_istable(L, -1), 1, "does not return a table");
    return 1;
}

/* Configuration may compute, read variables, include its neighbours, and nothing else. */
static void open_libraries(lua_State *L, const char *folder)
{
    static const luaL_Reg libraries[] = {{"", luaopen_base},
                                         {LUA_TABLIBNAME, luaopen_table},
                                         {LUA_STRLIBNAME, luaopen_string},
                                         {LUA_MATHLIBNAME, luaopen_math},
                                         {LUA_OSLIBNAME, luaopen_os}};
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        lua_pushcfunction(L, libraries[i].func);
        lua_pushstring(L, libraries[i].name);
        lua_call(L, 1, 0);
    }
    static const char *const closed[] = {"dofile", "loadfile", "load", "loadstring", "print", "os"};
    lua_getglobal(L, "os");
    lua_getfield(L, -1, "getenv");
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
        lua_pushnil(L);
        lua_setglobal(L, closed[i]);
    }
    lua_newtable(L);
    lua_insert(L, -2);
    lua_setfield(L, -2, "getenv");
    lua_setglobal(L, "os");
    lua_pop(L, 1);
    lua_pushstring(L, folder);
    lua_pushcclosure(L, l_include, 1);
    lua_setglobal(L, "include");
}

/* default.lua beside the file, or in the root's config/; false if there is none. */
static bool find_rows(const char *folder, const char *root, struct buf *path)
{
    buf_printf(path, "%s/default.lua", folder);
    if (access(buf_cstr(path), R_OK) == 0)
        return true;
    buf_clear(path);
    buf_printf(path, "%s/config/default.lua", root);
    return access(buf_cstr(path), R_OK) == 0;
}

static bool check_files(struct load *load, const char *rows, const char *file)
{
    if (!run_file(load, rows, "config/default.lua"))
        return false;
    int top = lua_gettop(load->L);
    if (!run_file(load, file, file))
        return false;
    load->source = file;
    return settings_check_rows(load, top, lua_gettop(load->L), NULL, SETTINGS_TOP);
}

static bool load_files(struct load *load, const char *file, const char *folder)
{
    struct buf rows = {0};
    bool good = false;
    load->source = file;
    open_libraries(load->L, folder);
    if (access(file, R_OK) != 0)
        settings_fail(load, NULL, "%s", strerror(errno));
    else if (find_rows(folder, load->settings->root, &rows))
        good = check_files(load, buf_cstr(&rows), file);
    else
        settings_fail(load, NULL, "no default.lua beside it or in %s/config", load->settings->root);
    buf_free(&rows);
    return good;
}

/* The folder that holds file, and its parent: the root. */
static bool find_folders(const char *file, char folder[PATH_MAX], char root[PATH_MAX])
{
    const char *slash = strrchr(file, '/');
    char relative[PATH_MAX];
    snprintf(relative, sizeof relative, "%.*s", slash ? (int)(slash - file + 1) : 2, slash ? file : "./");
    if (!realpath(relative, folder))
        return false;
    char *last = strrchr(folder, '/');
    snprintf(root, PATH_MAX, "%.*s", last == folder ? 1 : (int)(last - folder), folder);
    return true;
}

struct settings *settings_load(const char *file, char *const *environment, struct buf *error)
{
    char folder[PATH_MAX], root[PATH_MAX];
    if (!find_folders(file, folder, root)) {
        buf_printf(error, "%s: %s", file, strerror(errno));
        return NULL;
    }
    struct load load = {.environment = environment, .error = error, .L = luaL_newstate()};
    if (!load.L) {
        buf_printf(error, "%s: no memory for a Lua state", file);
        return NULL;
    }
    load.settings = settings_new(file, root);
    bool good = load_files(&load, file, folder);
    lua_close(load.L);
    if (good)
        return load.settings;
    settings_free(load.settings);
    return NULL;
}
