/* bind/file.c: host.file. Assets of the accepted set: what the candidate read, never what lies on the disk now. */
#include <string.h>

#include "bind/bind.h"
#include "vm/loader.h"

static const struct set_entry *find_asset(lua_State *L)
{
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    const struct set *set = vm_set(vm_of(L));
    return set ? set_find(set, SET_ASSET, (struct str){name, n}) : NULL;
}

static int l_read(lua_State *L)
{
    const struct set_entry *asset = find_asset(L);
    if (!asset)
        return 0;
    lua_pushlstring(L, asset->data.p, asset->data.n);
    return 1;
}

static int l_digest(lua_State *L)
{
    const struct set_entry *asset = find_asset(L);
    if (!asset)
        return 0;
    lua_pushlstring(L, asset->digest.p, asset->digest.n);
    return 1;
}

static int l_list(lua_State *L)
{
    size_t n;
    const char *prefix = luaL_checklstring(L, 1, &n);
    const struct set *set = vm_set(vm_of(L));
    lua_newtable(L);
    for (size_t i = 0, found = 0; set && i < set_count(set); i++) {
        const struct set_entry *entry = set_at(set, i);
        if (entry->kind != SET_ASSET || entry->name.n < n || memcmp(entry->name.p, prefix, n) != 0)
            continue;
        lua_pushlstring(L, entry->name.p, entry->name.n);
        lua_rawseti(L, -2, (int)++found);
    }
    return 1;
}

int luaopen_host_file(lua_State *L)
{
    static const luaL_Reg functions[] = {{"read", l_read}, {"digest", l_digest}, {"list", l_list}, {NULL, NULL}};
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    return 1;
}
