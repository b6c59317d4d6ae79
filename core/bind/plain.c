/* bind/plain.c: plain data written and read. A tag octet, then: 'n' a double, 's' length and octets, '{' pairs of key
 * and value up to '}'; 't' and 'f' are booleans, 'z' is json.null. */
#include "bind/plain.h"

#include <lauxlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

struct writer {
    lua_State *L;
    struct buf *out;
    size_t limit, start;
    int depth;
};

static const char *write_value(struct writer *w, int index);

static const char *write_table(struct writer *w, int index)
{
    lua_State *L = w->L;
    if (++w->depth > DEPTH_MAX)
        return "tables nested more than 32 deep (or in a circle)";
    luaL_checkstack(L, 4, "plain data");
    buf_append_char(w->out, '{');
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        int top = lua_gettop(L);
        const char *wrong = write_value(w, top - 1);
        if (!wrong)
            wrong = write_value(w, top);
        if (wrong) {
            lua_pop(L, 2);
            return wrong;
        }
    }
    buf_append_char(w->out, '}');
    w->depth--;
    return NULL;
}

static void write_string(struct writer *w, int index)
{
    size_t n;
    const char *text = lua_tolstring(w->L, index, &n);
    buf_append_char(w->out, 's');
    buf_append(w->out, &n, sizeof n);
    buf_append(w->out, text, n);
}

static const char *write_value(struct writer *w, int index)
{
    lua_State *L = w->L;
    if (w->out->len - w->start > w->limit)
        return "more than 64 KiB";
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        buf_append_char(w->out, '0');
        return NULL;
    case LUA_TBOOLEAN:
        buf_append_char(w->out, lua_toboolean(L, index) ? 't' : 'f');
        return NULL;
    case LUA_TNUMBER: {
        double number = lua_tonumber(L, index);
        buf_append_char(w->out, 'n');
        buf_append(w->out, &number, sizeof number);
        return NULL;
    }
    case LUA_TSTRING:
        write_string(w, index);
        return NULL;
    case LUA_TTABLE:
        return write_table(w, index);
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, index) == NULL) { /* json.null */
            buf_append_char(w->out, 'z');
            return NULL;
        }
        return "a userdata";
    default:
        return lua_type(L, index) == LUA_TFUNCTION ? "a function" : "a userdata or a coroutine";
    }
}

const char *plain_write(lua_State *L, int index, size_t limit, struct buf *out)
{
    struct writer w = {L, out, limit, out->len, 0};
    const char *wrong = write_value(&w, index < 0 ? lua_gettop(L) + index + 1 : index);
    return wrong || out->len - w.start <= limit ? wrong : "more than 64 KiB";
}

static const char *push_value(lua_State *L, const char *p)
{
    double number;
    size_t n;
    switch (*p++) {
    case 't':
    case 'f':
        lua_pushboolean(L, p[-1] == 't');
        return p;
    case 'n':
        memcpy(&number, p, sizeof number);
        lua_pushnumber(L, number);
        return p + sizeof number;
    case 's':
        memcpy(&n, p, sizeof n);
        lua_pushlstring(L, p + sizeof n, n);
        return p + sizeof n + n;
    case '{':
        luaL_checkstack(L, 4, "plain data");
        lua_newtable(L);
        while (*p != '}') {
            p = push_value(L, p);
            p = push_value(L, p);
            lua_rawset(L, -3);
        }
        return p + 1;
    case 'z':
        lua_pushlightuserdata(L, NULL);
        return p;
    default:
        lua_pushnil(L);
        return p;
    }
}

void plain_push(lua_State *L, struct str data)
{
    if (data.n == 0)
        lua_pushnil(L);
    else
        push_value(L, data.p);
}
