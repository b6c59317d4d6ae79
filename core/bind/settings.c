/* bind/settings.c: host.settings. The effective settings as a table; the top is read-only and knows its names, so that
 * a misspelt setting raises instead of being nil. */
#include "bind/bind.h"
#include "vm/settings.h"

struct fill {
    lua_State *L;
    const struct settings *settings;
};

static void push_value(struct fill *fill, const struct setting *setting);

static void add_child(void *arg, const char *name, const struct setting *setting)
{
    struct fill *fill = arg;
    push_value(fill, setting);
    lua_setfield(fill->L, -2, name);
}

static void add_element(void *arg, const char *name, const struct setting *setting)
{
    struct fill *fill = arg;
    (void)name; /* 1, 2, … in order */
    push_value(fill, setting);
    lua_rawseti(fill->L, -2, (int)lua_objlen(fill->L, -2) + 1);
}

static void push_value(struct fill *fill, const struct setting *setting)
{
    lua_State *L = fill->L;
    luaL_checkstack(L, 4, "settings nest too deeply");
    switch (setting->kind) {
    case SETTING_BOOLEAN:
        lua_pushboolean(L, setting->boolean);
        break;
    case SETTING_NUMBER:
        lua_pushnumber(L, setting->number);
        break;
    case SETTING_TEXT:
        lua_pushlstring(L, setting->text, setting->length);
        break;
    case SETTING_TABLE:
        lua_newtable(L);
        settings_each(fill->settings, setting->path, add_child, fill);
        break;
    case SETTING_LIST:
        lua_newtable(L);
        settings_each(fill->settings, setting->path, add_element, fill);
        break;
    case SETTING_UNSET:
        lua_pushnil(L);
        break;
    }
}

/* settings[name], with the values as upvalue. */
static int l_index(lua_State *L)
{
    const char *name = luaL_checkstring(L, 2);
    lua_getfield(L, lua_upvalueindex(1), name);
    if (lua_isnil(L, -1) && !settings_declared(vm_settings(vm_of(L)), name))
        return luaL_error(L, "no such setting: %s (config/default.lua declares them)", name);
    return 1;
}

static int l_newindex(lua_State *L)
{
    return luaL_error(L, "settings are read-only: %s", luaL_checkstring(L, 2));
}

int luaopen_host_settings(lua_State *L)
{
    struct fill fill = {L, vm_settings(vm_of(L))};
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
    settings_each(fill.settings, NULL, add_child, &fill);
    lua_pushcclosure(L, l_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    return 1;
}
