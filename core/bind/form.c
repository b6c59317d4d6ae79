/* bind/form.c: host.form. multipart/form-data as it arrives, so that an upload is never kept whole; a reader owns its
 * parser. Called only from Lua. */
#include "bind/bind.h"
#include "proto/multipart.h"

static const char type[] = "host.form";

enum { PARTS_DEFAULT = 100, PARTS_MOST = 10000 };

static int fail(lua_State *L, const char *message)
{
    lua_pushnil(L);
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "form");
    lua_setfield(L, -2, "code");
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    return 2;
}

static void set_slice(lua_State *L, const char *name, struct str value)
{
    if (!value.p)
        return;
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, name);
}

/* Pushes { kind = …, … }. */
static void push_event(lua_State *L, const struct multipart *m, enum multipart_event event, struct str data)
{
    static const char *const kinds[] = {
        [MULTIPART_PART] = "part", [MULTIPART_DATA] = "data", [MULTIPART_LAST] = "last", [MULTIPART_END] = "end"};
    lua_createtable(L, 0, 4);
    lua_pushstring(L, kinds[event]);
    lua_setfield(L, -2, "kind");
    if (event == MULTIPART_PART) {
        set_slice(L, "name", m->name);
        set_slice(L, "filename", m->filename);
        set_slice(L, "type", m->type);
    } else if (event == MULTIPART_DATA) {
        set_slice(L, "data", data);
    }
}

/* new(content_type, parts) */
static int l_new(lua_State *L)
{
    struct str content_type;
    content_type.p = luaL_checklstring(L, 1, &content_type.n);
    lua_Number parts = luaL_optnumber(L, 2, PARTS_DEFAULT);
    luaL_argcheck(L, parts >= 1 && parts <= PARTS_MOST, 2, "expected a number of parts");
    struct multipart *m = lua_newuserdata(L, sizeof *m);
    *m = (struct multipart){0};
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
    if (!multipart_init(m, content_type, (uint32_t)parts))
        return fail(L, "expected multipart/form-data with a boundary");
    return 1;
}

/* reader:feed(chunk) -> events */
static int l_feed(lua_State *L)
{
    struct multipart *m = luaL_checkudata(L, 1, type);
    struct str input, data;
    input.p = luaL_checklstring(L, 2, &input.n);
    lua_newtable(L);
    for (int count = 1;; count++) {
        size_t consumed;
        enum multipart_event event = multipart_next(m, input, &consumed, &data);
        input = str_of(input.p + consumed, input.n - consumed);
        if (event == MULTIPART_MORE)
            return 1;
        if (event == MULTIPART_ERROR)
            return fail(L, m->reason);
        push_event(L, m, event, data);
        lua_rawseti(L, 3, count);
    }
}

/* reader:complete() */
static int l_complete(lua_State *L)
{
    lua_pushboolean(L, multipart_complete(luaL_checkudata(L, 1, type)));
    return 1;
}

static int l_gc(lua_State *L)
{
    multipart_free(lua_touserdata(L, 1));
    return 0;
}

static const luaL_Reg methods[] = {{"complete", l_complete}, {"feed", l_feed}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"new", l_new}, {NULL, NULL}};

int luaopen_host_form(lua_State *L)
{
    bind_class(L, type, methods, NULL, l_gc);
    lua_pop(L, 1);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    return 1;
}
