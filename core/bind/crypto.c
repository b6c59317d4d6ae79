/* bind/crypto.c: host.crypto. Hashing, sealing, random values and encodings at once; passwords on a thread of their
 * own. Called only from Lua. */
#include <stdlib.h>

#include "base/mem.h"
#include "bind/bind.h"
#include "crypto/aead.h"
#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "loop/work.h"

enum { RANDOM_MAX = 65536 };

static struct str check_octets(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TSTRING);
    struct str s;
    s.p = lua_tolstring(L, index, &s.n);
    return s;
}

static int push_octets(lua_State *L, const void *octets, size_t n)
{
    lua_pushlstring(L, octets, n);
    return 1;
}

/* ---- Hashes ---- */

static int push_digest(lua_State *L, enum hash_kind kind)
{
    unsigned char out[HASH_MAX];
    return push_octets(L, out, hash_digest(kind, check_octets(L, 1), out));
}

static int l_sha256(lua_State *L)
{
    return push_digest(L, HASH_SHA256);
}

static int l_sha1(lua_State *L)
{
    return push_digest(L, HASH_SHA1);
}

static int l_hmac(lua_State *L)
{
    enum hash_kind kind;
    luaL_argcheck(L, hash_kind_from(check_octets(L, 1), &kind), 1, "expected \"sha256\", \"sha512\" or \"sha1\"");
    unsigned char out[HASH_MAX];
    return push_octets(L, out, hash_hmac(kind, check_octets(L, 2), check_octets(L, 3), out));
}

/* ---- Digests of what comes in pieces: the object is a pointer, NULL once it has told its digest ---- */

static const char hasher_type[] = "host.crypto.hasher";

/* hasher() -> object */
static int l_hasher(lua_State *L)
{
    struct hash_stream **object = lua_newuserdata(L, sizeof *object);
    *object = NULL;
    luaL_getmetatable(L, hasher_type);
    lua_setmetatable(L, -2);
    *object = hash_stream_new(HASH_SHA256);
    if (!*object)
        return luaL_error(L, "not enough memory");
    return 1;
}

static struct hash_stream **check_hasher(lua_State *L)
{
    struct hash_stream **object = luaL_checkudata(L, 1, hasher_type);
    if (!*object)
        luaL_error(L, "this hasher has told its digest");
    return object;
}

static int l_hasher_add(lua_State *L)
{
    struct hash_stream **object = check_hasher(L);
    hash_stream_add(*object, check_octets(L, 2));
    return 0;
}

static int l_hasher_gc(lua_State *L)
{
    struct hash_stream **object = luaL_checkudata(L, 1, hasher_type);
    if (*object)
        hash_stream_free(*object);
    *object = NULL;
    return 0;
}

static int l_hasher_finish(lua_State *L)
{
    unsigned char out[HASH_MAX];
    size_t n = hash_stream_end(*check_hasher(L), out);
    l_hasher_gc(L);
    return push_octets(L, out, n);
}

static int l_equal(lua_State *L)
{
    lua_pushboolean(L, hash_equal(check_octets(L, 1), check_octets(L, 2)));
    return 1;
}

/* ---- Random values ---- */

static int l_random(lua_State *L)
{
    lua_Number n = luaL_checknumber(L, 1);
    luaL_argcheck(L, n >= 1 && n <= RANDOM_MAX && n == (lua_Number)(size_t)n, 1, "expected 1 to 65536 octets");
    void *out = lua_newuserdata(L, (size_t)n);
    random_bytes(out, (size_t)n);
    return push_octets(L, out, (size_t)n);
}

static int l_uuid(lua_State *L)
{
    char out[UUID_TEXT_SIZE];
    random_uuid(out);
    return push_octets(L, out, sizeof out);
}

/* ---- Encodings; the userdata is scratch memory that survives an error ---- */

static int l_hex(lua_State *L)
{
    struct str octets = check_octets(L, 1);
    char *out = lua_newuserdata(L, 2 * octets.n + 1);
    hex_encode(octets.p, octets.n, out);
    return push_octets(L, out, 2 * octets.n);
}

static int l_unhex(lua_State *L)
{
    struct str text = check_octets(L, 1);
    unsigned char *out = lua_newuserdata(L, text.n / 2 + 1);
    return hex_decode(text, out) ? push_octets(L, out, text.n / 2) : 0;
}

static int encode(lua_State *L, enum base64_alphabet alphabet)
{
    struct str octets = check_octets(L, 1);
    char *out = lua_newuserdata(L, base64_encoded_size(alphabet, octets.n) + 1);
    return push_octets(L, out, base64_encode(alphabet, octets.p, octets.n, out));
}

static int decode(lua_State *L, enum base64_alphabet alphabet)
{
    struct str text = check_octets(L, 1);
    unsigned char *out = lua_newuserdata(L, base64_decoded_size(text.n));
    size_t n;
    return base64_decode(alphabet, text, out, &n) ? push_octets(L, out, n) : 0;
}

static int l_base64(lua_State *L)
{
    return encode(L, BASE64);
}

static int l_unbase64(lua_State *L)
{
    return decode(L, BASE64);
}

static int l_base64url(lua_State *L)
{
    return encode(L, BASE64_URL);
}

static int l_unbase64url(lua_State *L)
{
    return decode(L, BASE64_URL);
}

/* ---- Sealing ---- */

static const unsigned char *check_key(lua_State *L)
{
    struct str key = check_octets(L, 1);
    luaL_argcheck(L, key.n == AEAD_KEY_SIZE, 1, "expected a key of 32 octets");
    return (const unsigned char *)key.p;
}

static int l_seal(lua_State *L)
{
    const unsigned char *key = check_key(L);
    struct str plain = check_octets(L, 2), context = lua_isnoneornil(L, 3) ? STR_NULL : check_octets(L, 3);
    unsigned char *out = lua_newuserdata(L, plain.n + AEAD_OVERHEAD);
    aead_seal(key, plain, context, out);
    return push_octets(L, out, plain.n + AEAD_OVERHEAD);
}

static int l_unseal(lua_State *L)
{
    const unsigned char *key = check_key(L);
    struct str sealed = check_octets(L, 2), context = lua_isnoneornil(L, 3) ? STR_NULL : check_octets(L, 3);
    if (sealed.n < AEAD_OVERHEAD)
        return 0;
    size_t n = sealed.n - AEAD_OVERHEAD;
    unsigned char *out = lua_newuserdata(L, n + 1);
    return aead_unseal(key, sealed, context, out) ? push_octets(L, out, n) : 0;
}

/* ---- Passwords ---- */

/* Lives until the pool is done with it, although its task may be gone by then. */
struct job {
    _Atomic(struct password_wait *) wait; /* NULL: cancelled, and a thread that has not begun need not */
    bool verify, ok;
    struct password_result result;
    char hash[PASSWORD_HASH_SIZE];
    size_t length;
    char password[PASSWORD_MAX];
};

struct password_wait {
    struct wait wait;
    struct job *job;
};

static void run_job(void *arg)
{
    struct job *job = arg;
    struct str password = {job->password, job->length};
    bool wanted = job->wait != NULL;
    if (wanted && job->verify)
        job->result = password_verify(password, str_from(job->hash));
    else if (wanted)
        job->ok = password_hash(password, job->hash);
    explicit_bzero(job->password, sizeof job->password);
}

static void job_done(void *arg)
{
    struct job *job = arg;
    struct password_wait *w = job->wait;
    if (w && job->verify) {
        lua_pushboolean(wait_state(&w->wait), job->result.matches);
        lua_pushboolean(wait_state(&w->wait), job->result.stale);
        task_wake(&w->wait, 2);
    } else if (w && job->ok) {
        lua_pushstring(wait_state(&w->wait), job->hash);
        task_wake(&w->wait, 1);
    } else if (w) {
        wait_fail(&w->wait, "unavailable", "no memory for a password hash");
    }
    free(job);
}

static void on_cancel(struct wait *wait)
{
    ((struct password_wait *)wait)->job->wait = NULL;
}

static int start_job(lua_State *L, struct str password, struct str hash, bool verify)
{
    struct password_wait *w = wait_new(L, sizeof *w, on_cancel);
    struct job *job = mem_zalloc(sizeof *job);
    *job = (struct job){.wait = w, .verify = verify, .length = password.n};
    memcpy(job->password, password.p, password.n);
    memcpy(job->hash, hash.p, hash.n);
    w->job = job;
    if (work_submit(vm_env(vm_of(L))->hashing, run_job, job_done, job))
        return task_wait(L, &w->wait);
    free(job);
    wait_drop(&w->wait);
    return push_failure(L, "unavailable", "too many passwords wait to be hashed");
}

static struct str check_password(lua_State *L)
{
    struct str password = check_octets(L, 1);
    luaL_argcheck(L, password.n <= PASSWORD_MAX, 1, "expected at most 4096 octets");
    return password;
}

static int l_password_hash(lua_State *L)
{
    return start_job(L, check_password(L), STR(""), false);
}

/* A hash that is too long is malformed: it takes the same time as any other and does not match. */
static int l_password_verify(lua_State *L)
{
    struct str password = check_password(L), hash = check_octets(L, 2);
    return start_job(L, password, hash.n < PASSWORD_HASH_SIZE ? hash : STR(""), true);
}

int luaopen_host_crypto(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"sha256", l_sha256},
        {"sha1", l_sha1},
        {"hmac", l_hmac},
        {"equal", l_equal},
        {"random", l_random},
        {"uuid", l_uuid},
        {"hex", l_hex},
        {"unhex", l_unhex},
        {"base64", l_base64},
        {"unbase64", l_unbase64},
        {"base64url", l_base64url},
        {"unbase64url", l_unbase64url},
        {"seal", l_seal},
        {"unseal", l_unseal},
        {"hasher", l_hasher},
        {NULL, NULL},
    };
    static const luaL_Reg hasher_methods[] = {{"add", l_hasher_add}, {"finish", l_hasher_finish}, {NULL, NULL}};
    bind_class(L, hasher_type, hasher_methods, NULL, l_hasher_gc);
    lua_pop(L, 1);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    bind_waiting(L, "password_hash", l_password_hash);
    bind_waiting(L, "password_verify", l_password_verify);
    return 1;
}
