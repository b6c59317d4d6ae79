/* bind/json_encode.c: Lua values as JSON text. See json.h.
 *
 * A table is an array if it is marked or if lua_next() gives 1 first; it is an object if it gives a string first.
 * LuaJIT walks an array's slots in order, so one walk both writes and checks an ordinary array; only one whose members
 * lie in the hash part, in any order, is written again by index. Canonical text has the members of objects in the order
 * of their names: equal values are one text, whatever order they were made in. */
#include "bind/json.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "proto/json.h"

struct step {
    const char *name; /* of an object's member; NULL: an array's */
    size_t size;
    int index;
};

struct encoder {
    lua_State *L;
    struct buf *out;
    bool canonical;
    int depth;
    const void *mark; /* of arrays; NULL: not looked up yet */
    struct step path[JSON_DEPTH_MAX];
};

static void encode(struct encoder *e);

/* Raises "json: <what> at $.lessons[3].title". */
static void fail(struct encoder *e, const char *what)
{
    luaL_Buffer text;
    lua_State *L = e->L;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "json: ");
    luaL_addstring(&text, what);
    luaL_addstring(&text, " at $");
    for (int i = 0; i < e->depth; i++) {
        if (e->path[i].name) {
            luaL_addchar(&text, '.');
            luaL_addlstring(&text, e->path[i].name, e->path[i].size);
        } else {
            char number[24];
            size_t n = u64_to_digits((uint64_t)e->path[i].index, number + 1);
            number[0] = '[';
            number[n + 1] = ']';
            luaL_addlstring(&text, number, n + 2);
        }
    }
    luaL_pushresult(&text);
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
    lua_error(L);
}

static void encode_string(struct encoder *e)
{
    struct str s;
    s.p = lua_tolstring(e->L, -1, &s.n);
    if (!json_write_string(e->out, s))
        fail(e, "text that is not UTF-8");
}

/* Writes a member and what stands before it. */
static void encode_member(struct encoder *e, bool first)
{
    if (!first)
        buf_append_char(e->out, ',');
    encode(e);
}

/* Key and value of the first member are on the stack, and are taken off. The table lies below them. */
static void encode_object(struct encoder *e)
{
    lua_State *L = e->L;
    struct step *step = &e->path[e->depth - 1];
    char separator = '{';
    do {
        if (lua_type(L, -2) != LUA_TSTRING) {
            step->name = "?";
            step->size = 1;
            fail(e, "a table with names and other keys");
        }
        step->name = lua_tolstring(L, -2, &step->size);
        buf_append_char(e->out, separator);
        if (!json_write_string(e->out, str_of(step->name, step->size)))
            fail(e, "a name that is not UTF-8");
        buf_append_char(e->out, ':');
        encode(e);
        separator = ',';
        lua_pop(L, 1);
    } while (lua_next(L, -2));
    buf_append_char(e->out, '}');
}

static int compare_names(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

const struct str *json_names(lua_State *L, size_t *count)
{
    int table = lua_gettop(L);
    size_t room = 8;
    struct str *names = lua_newuserdata(L, room * sizeof *names);
    *count = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            return NULL;
        if (*count == room) {
            struct str *more = lua_newuserdata(L, 2 * room * sizeof *names);
            memcpy(more, names, room * sizeof *names);
            lua_replace(L, table + 1);
            names = more;
            room *= 2;
        }
        struct str *name = &names[(*count)++];
        name->p = lua_tolstring(L, -2, &name->n);
        lua_pop(L, 1);
    }
    qsort(names, *count, sizeof *names, compare_names);
    return names;
}

/* As encode_object(). */
static void encode_sorted(struct encoder *e)
{
    lua_State *L = e->L;
    struct step *step = &e->path[e->depth - 1];
    size_t count;
    lua_pop(L, 2);
    const struct str *names = json_names(L, &count);
    if (!names) {
        step->name = "?";
        step->size = 1;
        fail(e, "a table with names and other keys");
    }
    for (size_t i = 0; i < count; i++) {
        step->name = names[i].p;
        step->size = names[i].n;
        buf_append_char(e->out, i ? ',' : '{');
        if (!json_write_string(e->out, names[i]))
            fail(e, "a name that is not UTF-8");
        buf_append_char(e->out, ':');
        lua_pushlstring(L, names[i].p, names[i].n);
        lua_rawget(L, -3);
        encode(e);
        lua_pop(L, 1);
    }
    buf_append_char(e->out, '}');
    lua_pop(L, 1);
}

/* Number of members of the table on top, if its keys are exactly 1 … n. */
static int count_members(struct encoder *e)
{
    lua_State *L = e->L;
    int count = 0;
    double highest = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_Number key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
        if (!(key >= 1) || key > INT32_MAX || key != (int)key) {
            e->depth--;
            fail(e, "a table with both an array's and other keys");
        }
        highest = key > highest ? key : highest;
        count++;
        lua_pop(L, 1);
    }
    if (highest != count) {
        e->depth--;
        fail(e, "an array with holes");
    }
    return count;
}

static void encode_by_index(struct encoder *e)
{
    lua_State *L = e->L;
    struct step *step = &e->path[e->depth - 1];
    int count = count_members(e);
    buf_append_char(e->out, '[');
    for (step->index = 1; step->index <= count; step->index++) {
        lua_rawgeti(L, -1, step->index);
        encode_member(e, step->index == 1);
        lua_pop(L, 1);
    }
    buf_append_char(e->out, ']');
}

/* As encode_object(); false, with the stack cleared down to the table, if the members do not come in order. */
static bool encode_in_order(struct encoder *e)
{
    lua_State *L = e->L;
    struct step *step = &e->path[e->depth - 1];
    step->index = 0;
    buf_append_char(e->out, '[');
    do {
        step->index++;
        if (lua_type(L, -2) != LUA_TNUMBER || lua_tonumber(L, -2) != step->index) {
            lua_pop(L, 2);
            return false;
        }
        encode_member(e, step->index == 1);
        lua_pop(L, 1);
    } while (lua_next(L, -2));
    buf_append_char(e->out, ']');
    return true;
}

/* True if the table on top is marked as an array. */
static bool has_mark(struct encoder *e)
{
    if (!lua_getmetatable(e->L, -1))
        return false;
    const void *metatable = lua_topointer(e->L, -1);
    lua_pop(e->L, 1);
    if (!e->mark)
        e->mark = json_mark(e->L);
    return metatable == e->mark;
}

static void encode_table(struct encoder *e)
{
    lua_State *L = e->L;
    size_t begin = e->out->len;
    bool marked = has_mark(e);
    if (e->depth == JSON_DEPTH_MAX)
        fail(e, "a table nested deeper than 64 levels");
    e->path[e->depth++].name = NULL;
    lua_pushnil(L);
    if (!lua_next(L, -2)) {
        buf_append_str(e->out, marked ? STR("[]") : STR("{}"));
    } else if (!marked && lua_type(L, -2) == LUA_TSTRING) {
        (e->canonical ? encode_sorted : encode_object)(e);
    } else if (!encode_in_order(e)) {
        e->out->len = begin;
        encode_by_index(e);
    }
    e->depth--;
}

/* Appends the value on top of the stack and leaves it there. */
static void encode(struct encoder *e)
{
    lua_State *L = e->L;
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        encode_string(e);
        break;
    case LUA_TNUMBER:
        if (!json_write_number(e->out, lua_tonumber(L, -1)))
            fail(e, "a number that is not finite");
        break;
    case LUA_TTABLE:
        encode_table(e);
        break;
    case LUA_TBOOLEAN:
        buf_append_str(e->out, lua_toboolean(L, -1) ? STR("true") : STR("false"));
        break;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, -1))
            fail(e, "a userdata");
        buf_append_str(e->out, STR("null"));
        break;
    default:
        lua_pushfstring(L, "a %s", luaL_typename(L, -1));
        fail(e, lua_tostring(L, -1));
    }
}

static void encode_at(lua_State *L, int index, struct buf *out, bool canonical)
{
    struct encoder e;
    e.L = L;
    e.out = out;
    e.canonical = canonical;
    e.depth = 0;
    e.mark = NULL;
    luaL_checkstack(L, 3 * JSON_DEPTH_MAX + 8, "json");
    lua_pushvalue(L, index);
    encode(&e);
    lua_pop(L, 1);
}

void json_encode(lua_State *L, int index, struct buf *out)
{
    encode_at(L, index, out, false);
}

void json_encode_canonical(lua_State *L, int index, struct buf *out)
{
    encode_at(L, index, out, true);
}
