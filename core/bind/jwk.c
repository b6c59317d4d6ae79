/* bind/jwk.c: the part of host.jwt that makes keys and turns them into JSON Web Keys and back. Called only from Lua. */
#include "bind/bind.h"
#include "bind/jwk.h"
#include "crypto/encoding.h"
#include "crypto/jwk.h"

static enum token_alg check_alg(lua_State *L, int index)
{
    enum token_alg alg;
    size_t n;
    const char *name = luaL_checklstring(L, index, &n);
    luaL_argcheck(L, token_alg_from(str_of(name, n), &alg) && alg != TOKEN_HS256, index,
                  "expected \"RS256\" or \"ES256\"");
    return alg;
}

/* generate(alg) → PEM of a private key. */
static int l_generate(lua_State *L)
{
    struct buf pem = {0};
    if (!jwk_generate(check_alg(L, 1), &pem)) {
        buf_free(&pem);
        return luaL_error(L, "host.jwt: no key could be made");
    }
    lua_pushlstring(L, pem.data, pem.len);
    explicit_bzero(pem.data, pem.len);
    buf_free(&pem);
    return 1;
}

static void set_number(lua_State *L, const char *name, const unsigned char *octets, size_t n)
{
    char *text = lua_newuserdata(L, base64_encoded_size(BASE64_URL, n) + 1);
    lua_pushlstring(L, text, base64_encode(BASE64_URL, octets, n, text));
    lua_setfield(L, -3, name);
    lua_pop(L, 1);
}

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

/* to_jwk(pem) → { kty, alg, n, e } or { kty, alg, crv, x, y }: the public key. */
static int l_to_jwk(lua_State *L)
{
    struct str pem;
    pem.p = luaL_checklstring(L, 1, &pem.n);
    struct jwk *key = lua_newuserdata(L, sizeof *key);
    luaL_argcheck(L, jwk_from_pem(pem, key), 1, "expected a PEM of an RSA or P-256 key");
    bool rsa = key->alg == TOKEN_RS256;
    lua_createtable(L, 0, 5);
    set_text(L, "kty", rsa ? "RSA" : "EC");
    set_text(L, "alg", rsa ? "RS256" : "ES256");
    if (!rsa)
        set_text(L, "crv", "P-256");
    set_number(L, rsa ? "n" : "x", key->a, key->a_size);
    set_number(L, rsa ? "e" : "y", key->b, key->b_size);
    return 1;
}

static bool has_text(lua_State *L, const char *name, const char *text)
{
    lua_getfield(L, 1, name);
    bool same = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), text) == 0;
    lua_pop(L, 1);
    return same;
}

static bool take_number(lua_State *L, const char *name, unsigned char out[JWK_NUMBER_MAX], size_t *size)
{
    struct str text = STR_NULL;
    lua_getfield(L, 1, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        text.p = lua_tolstring(L, -1, &text.n);
    bool ok = text.p && base64_decoded_size(text.n) <= JWK_NUMBER_MAX && base64_decode(BASE64_URL, text, out, size);
    lua_pop(L, 1);
    return ok;
}

/* to_pem(jwk) → PEM of the public key and its algorithm, or nil: another kind of key, or none. */
static int l_to_pem(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct jwk *key = lua_newuserdata(L, sizeof *key);
    bool rsa = has_text(L, "kty", "RSA"), p256 = has_text(L, "kty", "EC") && has_text(L, "crv", "P-256");
    key->alg = rsa ? TOKEN_RS256 : TOKEN_ES256;
    if ((!rsa && !p256) || !take_number(L, rsa ? "n" : "x", key->a, &key->a_size) ||
        !take_number(L, rsa ? "e" : "y", key->b, &key->b_size))
        return 0;
    struct buf pem = {0};
    bool ok = jwk_to_pem(key, &pem);
    if (ok) {
        lua_pushlstring(L, pem.data, pem.len);
        lua_pushstring(L, rsa ? "RS256" : "ES256");
    }
    buf_free(&pem);
    return ok ? 2 : 0;
}

void bind_jwk(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"generate", l_generate}, {"to_jwk", l_to_jwk}, {"to_pem", l_to_pem}, {NULL, NULL}};
    luaL_register(L, NULL, functions);
}
