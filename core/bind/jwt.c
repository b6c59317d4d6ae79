/* bind/jwt.c: host.jwt. Owns, per VM, the keys that scripts have used and the tokens that were verified with them.
 * Called only from Lua. */
#include <math.h>

#include "base/clock.h"
#include "bind/bind.h"
#include "bind/json.h"
#include "bind/jwk.h"
#include "crypto/jwt.h"

static const char state_type[] = "host.jwt.state", key_type[] = "host.jwt.key";

enum { KEYS_MAX = 256 /* kept; more than that are read anew */ };

/* The first upvalue of both functions; the second is the table of keys by their text, one table per algorithm. */
struct state {
    struct token_cache *cache;
    struct buf parts, text;
    int keys;
};

static int l_state_gc(lua_State *L)
{
    struct state *s = luaL_checkudata(L, 1, state_type);
    token_cache_free(s->cache);
    buf_free(&s->parts);
    buf_free(&s->text);
    return 0;
}

static struct str string_at(lua_State *L, int index)
{
    struct str s = STR_NULL;
    if (lua_type(L, index) == LUA_TSTRING)
        s.p = lua_tolstring(L, index, &s.n);
    return s;
}

/* ---- Keys ---- */

struct key {
    struct token_key *key;
};

static int l_key_gc(lua_State *L)
{
    token_key_free(((struct key *)luaL_checkudata(L, 1, key_type))->key);
    return 0;
}

static struct token_key *make_key(lua_State *L, struct state *s, enum token_alg alg, struct str text)
{
    const char *fault = NULL;
    struct key *k = lua_newuserdata(L, sizeof *k);
    k->key = NULL;
    luaL_getmetatable(L, key_type);
    lua_setmetatable(L, -2);
    k->key = token_key_new(alg, text, &fault);
    if (!k->key)
        luaL_error(L, "host.jwt: %s", fault);
    if (s->keys++ == KEYS_MAX) {
        for (int i = TOKEN_HS256; i <= TOKEN_ES256; i++) {
            lua_newtable(L);
            lua_rawseti(L, lua_upvalueindex(2), i + 1);
        }
        s->keys = 1;
    }
    return k->key;
}

/* The key that the table at index says: { alg, key }. Alive while it is in the table of keys, or on the stack. */
static struct token_key *check_key(lua_State *L, struct state *s, int index)
{
    enum token_alg alg;
    luaL_argcheck(L, lua_istable(L, index), 2, "expected a key { alg, key }");
    lua_getfield(L, index, "alg");
    lua_getfield(L, index < 0 ? index - 1 : index, "key");
    luaL_argcheck(L, token_alg_from(string_at(L, -2), &alg), 2, "alg is \"HS256\", \"RS256\" or \"ES256\"");
    struct str text = string_at(L, -1);
    luaL_argcheck(L, text.p, 2, "expected the key's text");
    lua_rawgeti(L, lua_upvalueindex(2), (int)alg + 1);
    lua_pushvalue(L, -2);
    lua_rawget(L, -2);
    struct key *known = lua_touserdata(L, -1);
    if (known)
        return known->key;
    struct token_key *key = make_key(L, s, alg, text);
    lua_rawgeti(L, lua_upvalueindex(2), (int)alg + 1); /* not the table from before: it may have been replaced */
    lua_pushlstring(L, text.p, text.n);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    return key;
}

/* ---- Claims: the table on top ---- */

/* A NumericDate (RFC 7519 §2); false if it is there but no number. */
static bool read_time(lua_State *L, const char *name, double *value)
{
    lua_getfield(L, -1, name);
    bool ok = lua_isnil(L, -1) || lua_type(L, -1) == LUA_TNUMBER;
    *value = lua_isnil(L, -1) ? NAN : lua_tonumber(L, -1);
    lua_pop(L, 1);
    return ok;
}

/* The text field of the options at index 2, or STR_NULL. */
static struct str option(lua_State *L, const char *name)
{
    lua_getfield(L, 2, name);
    struct str s = string_at(L, -1);
    luaL_argcheck(L, lua_isnil(L, -1) || s.p, 2, "issuer and audience are strings");
    lua_pop(L, 1); /* the options keep the string */
    return s;
}

static bool has_issuer(lua_State *L, struct str wanted)
{
    if (!wanted.p)
        return true;
    lua_getfield(L, -1, "iss");
    bool same = lua_type(L, -1) == LUA_TSTRING && str_eq(string_at(L, -1), wanted);
    lua_pop(L, 1);
    return same;
}

/* RFC 7519 §4.1.3: a token that names an audience is refused by whoever is none of it. */
static bool has_audience(lua_State *L, struct str wanted)
{
    lua_getfield(L, -1, "aud");
    bool found = lua_isnil(L, -1) && !wanted.p;
    if (wanted.p && lua_type(L, -1) == LUA_TSTRING)
        found = str_eq(string_at(L, -1), wanted);
    for (int i = 1; wanted.p && lua_istable(L, -1) && !found && i <= (int)lua_objlen(L, -1); i++) {
        lua_rawgeti(L, -1, i);
        found = lua_type(L, -1) == LUA_TSTRING && str_eq(string_at(L, -1), wanted);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return found;
}

static int check_claims(lua_State *L)
{
    double expires, begins, now = clock_wall();
    struct str issuer = option(L, "issuer"), audience = option(L, "audience");
    lua_getfield(L, 2, "leeway");
    double leeway = lua_isnil(L, -1) ? 0 : lua_tonumber(L, -1);
    lua_pop(L, 1);
    luaL_argcheck(L, leeway >= 0 && leeway <= 3600, 2, "leeway is at most 3600 seconds");
    if (!read_time(L, "exp", &expires) || !read_time(L, "nbf", &begins))
        return push_failure(L, "malformed", "exp and nbf are numbers");
    if (now >= expires + leeway)
        return push_failure(L, "expired", "the token has expired");
    if (now < begins - leeway)
        return push_failure(L, "not_yet", "the token is not valid yet");
    if (!has_issuer(L, issuer))
        return push_failure(L, "issuer", "the token comes from another issuer");
    if (!has_audience(L, audience))
        return push_failure(L, "audience", "the token is meant for somebody else");
    return 1;
}

/* Leaves the claims on top, or returns false: they are no JSON object, or one that repeats a name. */
static bool push_claims(lua_State *L, struct str claims)
{
    return json_decode(L, claims) == 1 && lua_istable(L, -1) && !json_has_mark(L, -1);
}

/* ---- The functions ---- */

static int malformed(lua_State *L)
{
    return push_failure(L, "malformed", "not a token");
}

/* The key of options.key, or of options.keys by the token's kid; NULL: none fits. */
static struct token_key *choose_key(lua_State *L, struct state *s, const struct token_parts *parts)
{
    lua_getfield(L, 2, "key");
    if (lua_istable(L, -1))
        return check_key(L, s, lua_gettop(L));
    lua_getfield(L, 2, "keys");
    if (!parts->kid.p)
        return NULL;
    lua_pushlstring(L, parts->kid.p, parts->kid.n);
    lua_rawget(L, -2);
    return lua_istable(L, -1) ? check_key(L, s, lua_gettop(L)) : NULL;
}

/* A token seen before, with options.key, is not taken apart again. */
static bool push_known(lua_State *L, struct state *s, struct str token)
{
    lua_getfield(L, 2, "key");
    if (!lua_istable(L, -1)) {
        lua_getfield(L, 2, "keys");
        luaL_argcheck(L, lua_istable(L, -1), 2, "expected key or keys");
        return false;
    }
    struct str claims = token_cache_get(s->cache, token, check_key(L, s, lua_gettop(L)));
    return claims.p && push_claims(L, claims);
}

static int l_verify(lua_State *L)
{
    struct state *s = lua_touserdata(L, lua_upvalueindex(1));
    struct token_parts parts;
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 2);
    struct str token = string_at(L, 1);
    if (push_known(L, s, token))
        return check_claims(L);
    if (!token_split(token, &s->parts, &parts))
        return malformed(L);
    struct token_key *key = choose_key(L, s, &parts);
    if (!key)
        return push_failure(L, "key", "no key has the token's kid");
    if (!token_cache_get(s->cache, token, key).p) {
        enum token_result result = token_verify(token, &parts, key);
        if (result == TOKEN_KEY)
            return push_failure(L, "key", "the token names another algorithm than its key's");
        if (result != TOKEN_OK)
            return push_failure(L, "signature", "the signature is not the key's");
        token_cache_put(s->cache, token, key, parts.claims);
    }
    return push_claims(L, parts.claims) ? check_claims(L) : malformed(L);
}

static int l_sign(lua_State *L)
{
    struct state *s = lua_touserdata(L, lua_upvalueindex(1));
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, !json_has_mark(L, 1), 1, "expected a table of claims");
    struct str kid = lua_isnoneornil(L, 3) ? STR_NULL : (luaL_checkstring(L, 3), string_at(L, 3));
    luaL_argcheck(L, kid.n <= TOKEN_KID_MAX, 3, "a key id has at most 128 octets");
    lua_settop(L, 3);
    struct token_key *key = check_key(L, s, 2);
    buf_clear(&s->parts);
    buf_clear(&s->text);
    json_encode(L, 1, &s->parts);
    if (!token_sign(key, buf_str(&s->parts), kid, &s->text))
        return luaL_error(L, "host.jwt: this key cannot sign");
    luaL_argcheck(L, s->text.len <= TOKEN_MAX, 1, "too many claims: the token would be longer than 8192 octets");
    lua_pushlstring(L, s->text.data, s->text.len);
    return 1;
}

int luaopen_host_jwt(lua_State *L)
{
    bind_class(L, key_type, NULL, NULL, l_key_gc);
    bind_class(L, state_type, NULL, NULL, l_state_gc);
    lua_pop(L, 2);
    lua_newtable(L);
    bind_jwk(L);
    struct state *s = lua_newuserdata(L, sizeof *s);
    *s = (struct state){.cache = token_cache_new()};
    luaL_getmetatable(L, state_type);
    lua_setmetatable(L, -2);
    lua_createtable(L, 3, 0);
    for (int i = TOKEN_HS256; i <= TOKEN_ES256; i++) {
        lua_newtable(L);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, l_sign, 2);
    lua_setfield(L, -4, "sign");
    lua_pushcclosure(L, l_verify, 2);
    lua_setfield(L, -2, "verify");
    return 1;
}
