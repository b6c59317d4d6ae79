/* bind/json.c: host.json. Values from tokens; owns the decoder's and the encoder's memory, one pair per VM, which is
 * used again for every call. Called from Lua, and from other bindings through json.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/json.h"
#include "proto/json.h"

static const char mark[] = "host.json.array", coder_type[] = "host.json.coder";

/* What a large text has made grow is given back; ordinary ones find their memory ready. */
enum { KEEP_TOKENS = 16 * 1024, KEEP_OCTETS = 256 * 1024 };

struct coder {
    struct json json;
    struct buf out;
};

/* Tables of up to so many names compare them with one another; beyond, the table itself is asked. */
enum { FEW_NAMES = 16 };

/* Objects in an array tend to have the same names: their strings stay on the stack, found by a hash of few octets. */
enum { KNOWN_NAMES = 32 };

struct name {
    const char *p; /* Lua's own; NULL: none yet */
    size_t n;
};

struct builder {
    lua_State *L;
    struct json *json;
    struct str text;
    const struct json_token *next;
    int array_mark; /* stack index of the metatable, which is pushed for the first array; the known names follow */
    bool marked, in_array;
    struct name names[KNOWN_NAMES]; /* meaningful once in_array was set */
};

static int coder_gc(lua_State *L)
{
    struct coder *c = lua_touserdata(L, 1);
    json_free(&c->json);
    buf_free(&c->out);
    return 0;
}

/* The VM's coder, left on the stack so that it stays while it is used. */
static struct coder *push_coder(lua_State *L)
{
    static const char instance; /* its address is the key */
    lua_pushlightuserdata(L, (void *)(uintptr_t)&instance);
    lua_rawget(L, LUA_REGISTRYINDEX);
    struct coder *c = lua_touserdata(L, -1);
    if (c)
        return c;
    lua_pop(L, 1);
    c = lua_newuserdata(L, sizeof *c);
    *c = (struct coder){0};
    if (luaL_newmetatable(L, coder_type)) {
        lua_pushcfunction(L, coder_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&instance);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    return c;
}

static void push_mark(lua_State *L)
{
    if (luaL_newmetatable(L, mark)) {
        lua_pushstring(L, mark);
        lua_setfield(L, -2, "__metatable");
    }
}

void json_mark_array(lua_State *L, int index)
{
    lua_pushvalue(L, index);
    push_mark(L);
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

const void *json_mark(lua_State *L)
{
    push_mark(L);
    const void *address = lua_topointer(L, -1);
    lua_pop(L, 1);
    return address;
}

int json_has_mark(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index))
        return 0;
    luaL_getmetatable(L, mark);
    int marked = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return marked;
}

/* Decoding. */

static bool build(struct builder *b);

/* Pushes a name; returns Lua's octets of it. Equal strings of a VM are one string, so pointers tell them apart. */
static const char *push_name(struct builder *b)
{
    struct str s = json_string(b->json, b->text, b->next++);
    if (!b->in_array || s.n == 0) {
        lua_pushlstring(b->L, s.p, s.n);
        return lua_tostring(b->L, -1);
    }
    unsigned place = ((unsigned)s.n * 5 + (unsigned char)s.p[0] * 3 + (unsigned char)s.p[s.n - 1]) % KNOWN_NAMES;
    struct name *known = &b->names[place];
    if (known->p && known->n == s.n && memcmp(known->p, s.p, s.n) == 0) {
        lua_pushvalue(b->L, b->array_mark + 1 + (int)place);
        return known->p;
    }
    lua_pushlstring(b->L, s.p, s.n);
    lua_pushvalue(b->L, -1);
    lua_replace(b->L, b->array_mark + 1 + (int)place);
    *known = (struct name){lua_tostring(b->L, -1), s.n};
    return known->p;
}

/* True if the name on top, with these octets, is not yet in the table below it. */
static bool name_is_new(lua_State *L, const char *name, const char **names, uint32_t count)
{
    if (count >= FEW_NAMES) {
        lua_pushvalue(L, -1);
        lua_rawget(L, -3);
        bool is_new = lua_isnil(L, -1);
        lua_pop(L, 1);
        return is_new;
    }
    for (uint32_t i = 0; i < count; i++)
        if (names[i] == name)
            return false;
    names[count] = name;
    return true;
}

static bool build_object(struct builder *b, uint32_t pairs)
{
    const char *names[FEW_NAMES];
    lua_createtable(b->L, 0, (int)pairs);
    for (uint32_t i = 0; i < pairs; i++) {
        const struct json_token *token = b->next;
        if (!name_is_new(b->L, push_name(b), names, i)) {
            b->json->message = "repeated name";
            b->json->offset = token->as.text.at;
            return false;
        }
        if (!build(b))
            return false;
        lua_rawset(b->L, -3);
    }
    return true;
}

static void mark_array(struct builder *b)
{
    if (!b->marked) {
        push_mark(b->L);
        lua_replace(b->L, b->array_mark);
        b->marked = true;
    }
    lua_pushvalue(b->L, b->array_mark);
    lua_setmetatable(b->L, -2);
}

static bool build_array(struct builder *b, uint32_t members)
{
    lua_createtable(b->L, (int)members, 0);
    mark_array(b);
    if (members > 1 && !b->in_array) {
        memset(b->names, 0, sizeof b->names);
        b->in_array = true;
    }
    for (uint32_t i = 1; i <= members; i++) {
        if (!build(b))
            return false;
        lua_rawseti(b->L, -2, (int)i);
    }
    return true;
}

/* Pushes the value whose token is next; false at a repeated name. */
static bool build(struct builder *b)
{
    const struct json_token *token = b->next++;
    struct str string;
    switch ((enum json_kind)token->kind) {
    case JSON_NULL:
        lua_pushlightuserdata(b->L, NULL);
        return true;
    case JSON_FALSE:
    case JSON_TRUE:
        lua_pushboolean(b->L, token->kind == JSON_TRUE);
        return true;
    case JSON_NUMBER:
        lua_pushnumber(b->L, token->as.number);
        return true;
    case JSON_STRING:
        string = json_string(b->json, b->text, token);
        lua_pushlstring(b->L, string.p, string.n);
        return true;
    case JSON_ARRAY:
        return build_array(b, token->size);
    case JSON_OBJECT:
        return build_object(b, token->size);
    }
    return false;
}

static int push_refusal(lua_State *L, const struct json *json)
{
    lua_pushnil(L);
    lua_createtable(L, 0, 3);
    lua_pushliteral(L, "json");
    lua_setfield(L, -2, "code");
    lua_pushstring(L, json->message);
    lua_setfield(L, -2, "message");
    lua_pushnumber(L, (lua_Number)json->offset);
    lua_setfield(L, -2, "offset");
    return 2;
}

int json_decode(lua_State *L, struct str text)
{
    luaL_checkstack(L, 3 * JSON_DEPTH_MAX + KNOWN_NAMES + 8, "json");
    struct coder *c = push_coder(L);
    if (!json_parse(&c->json, text))
        return push_refusal(L, &c->json);
    struct builder b;
    b.L = L;
    b.json = &c->json;
    b.text = text;
    b.next = c->json.tokens;
    b.array_mark = lua_gettop(L) + 1;
    b.marked = b.in_array = false;
    lua_settop(L, b.array_mark + KNOWN_NAMES);
    bool built = build(&b);
    if (c->json.capacity > KEEP_TOKENS || c->json.unescaped.cap > KEEP_OCTETS) {
        struct json large = c->json;
        c->json = (struct json){.message = large.message, .offset = large.offset};
        json_free(&large);
    }
    return built ? 1 : push_refusal(L, &c->json);
}

static int l_decode(lua_State *L)
{
    struct str text;
    luaL_checktype(L, 1, LUA_TSTRING);
    text.p = lua_tolstring(L, 1, &text.n);
    return json_decode(L, text);
}

struct buf *json_text(lua_State *L)
{
    struct coder *c = push_coder(L);
    buf_clear(&c->out);
    return &c->out;
}

void json_push_text(lua_State *L, struct buf *out)
{
    lua_pushlstring(L, out->data, out->len);
    if (out->cap > KEEP_OCTETS)
        buf_free(out);
}

static int encoded(lua_State *L, void (*encode)(lua_State *L, int index, struct buf *out))
{
    luaL_checkany(L, 1);
    struct buf *out = json_text(L);
    encode(L, 1, out);
    json_push_text(L, out);
    return 1;
}

static int l_encode(lua_State *L)
{
    return encoded(L, json_encode);
}

static int l_canonical(lua_State *L)
{
    return encoded(L, json_encode_canonical);
}

/* array(t) -> t. A table that has another metatable keeps it: that is an error. */
static int l_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_getmetatable(L, 1)) {
        lua_pop(L, 1);
        luaL_argcheck(L, json_has_mark(L, 1), 1, "the table has a metatable of its own");
    }
    json_mark_array(L, 1);
    lua_settop(L, 1);
    return 1;
}

/* is_array(value): would encode write [ ]? */
static int l_is_array(lua_State *L)
{
    bool array = json_has_mark(L, 1);
    if (!array && lua_type(L, 1) == LUA_TTABLE) {
        lua_rawgeti(L, 1, 1);
        array = !lua_isnil(L, -1);
    }
    lua_pushboolean(L, array);
    return 1;
}

static const luaL_Reg functions[] = {
    {"array", l_array},       {"canonical", l_canonical}, {"decode", l_decode}, {"encode", l_encode},
    {"is_array", l_is_array}, {"writer", json_writer},    {NULL, NULL},
};

int luaopen_host_json(lua_State *L)
{
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    return 1;
}
