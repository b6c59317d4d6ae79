#include "crypto/jwt.h"

#include "base/mem.h"
#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "proto/json.h"

#include <jwt.h>
#include <openssl/evp.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <stdlib.h>

enum { KEY_TEXT_MAX = 64 * 1024 };

struct token_key {
    enum token_alg alg;
    uint64_t number;   /* never given twice, unlike the address */
    struct buf sign;   /* the secret, or a private key as PEM; empty: it can only verify */
    struct buf public; /* PEM, as libjwt verifies with nothing else */
};

static const jwt_alg_t algs[] = {
    [TOKEN_HS256] = JWT_ALG_HS256, [TOKEN_RS256] = JWT_ALG_RS256, [TOKEN_ES256] = JWT_ALG_ES256};

bool token_alg_from(struct str name, enum token_alg *alg)
{
    static const char *const names[] = {[TOKEN_HS256] = "HS256", [TOKEN_RS256] = "RS256", [TOKEN_ES256] = "ES256"};
    for (enum token_alg a = TOKEN_HS256; a <= TOKEN_ES256; a++)
        if (str_eq(name, str_from(names[a]))) {
            *alg = a;
            return true;
        }
    return false;
}

/* ---- Keys ---- */

static EVP_PKEY *read_pem(struct str text, bool *private)
{
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
    if (!bio)
        return NULL;
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
    *private = pkey != NULL;
    if (!pkey && BIO_reset(bio) == 1)
        pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return pkey;
}

static void write_public(EVP_PKEY *pkey, struct buf *out)
{
    char *text;
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio && PEM_write_bio_PUBKEY(bio, pkey) == 1) {
        long n = BIO_get_mem_data(bio, &text);
        buf_append(out, text, (size_t)n);
        buf_cstr(out);
    }
    BIO_free(bio);
}

static bool is_p256(const EVP_PKEY *pkey)
{
    char name[32];
    size_t n;
    return EVP_PKEY_get_group_name(pkey, name, sizeof name, &n) == 1 && strcmp(name, "prime256v1") == 0;
}

/* What is wrong with a PEM, or NULL and it is in key. */
static const char *take_pem(struct token_key *key, struct str text)
{
    bool private;
    EVP_PKEY *pkey = read_pem(text, &private);
    if (!pkey)
        return "the key is no PEM";
    const char *fault = NULL;
    if (key->alg == TOKEN_RS256 && (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA || EVP_PKEY_get_bits(pkey) < 2048))
        fault = "RS256 needs an RSA key of 2048 bits or more";
    if (key->alg == TOKEN_ES256 && (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC || !is_p256(pkey)))
        fault = "ES256 needs a key on the curve P-256";
    if (!fault && private) {
        buf_append_str(&key->sign, text);
        buf_cstr(&key->sign); /* libjwt wants PEM as a string */
    }
    if (!fault)
        write_public(pkey, &key->public);
    EVP_PKEY_free(pkey);
    return fault;
}

/* RFC 7518 §3.2: a secret is as long as the hash. */
static const char *take_secret(struct token_key *key, struct str text)
{
    buf_append_str(&key->sign, text);
    buf_cstr(&key->sign);
    return text.n < 32 ? "HS256 needs a secret of 32 octets or more" : NULL;
}

struct token_key *token_key_new(enum token_alg alg, struct str text, const char **error)
{
    static uint64_t last;
    struct token_key *key = mem_zalloc(sizeof *key);
    key->alg = alg;
    key->number = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
    if (text.n > KEY_TEXT_MAX)
        *error = "the key is too long";
    else
        *error = alg == TOKEN_HS256 ? take_secret(key, text) : take_pem(key, text);
    if (!*error)
        return key;
    token_key_free(key);
    return NULL;
}

void token_key_free(struct token_key *key)
{
    if (!key)
        return;
    if (key->sign.len)
        explicit_bzero(key->sign.data, key->sign.len);
    buf_free(&key->sign);
    buf_free(&key->public);
    free(key);
}

/* ---- Taking apart ---- */

/* Decodes a part to the end of buffer, which has room, as it must not move. */
static bool decode_part(struct str part, struct buf *buffer, struct str *out)
{
    unsigned char *to = (unsigned char *)buffer->data + buffer->len;
    size_t n;
    if (part.n == 0 || !base64_decode(BASE64_URL, part, to, &n))
        return false;
    *out = str_of(to, n);
    buffer->len += n;
    return true;
}

/* Reads a member of the header, if we know it; false if its value is not what it may be. */
static bool read_member(struct token_parts *parts, struct str name, const struct json *json,
                        const struct json_token *value, bool *has_alg)
{
    struct str text = value->kind == JSON_STRING ? json_string(json, parts->header, value) : STR_NULL;
    if (str_eq(name, STR("alg")))
        return *has_alg = token_alg_from(text, &parts->alg);
    if (str_eq(name, STR("kid"))) {
        parts->kid = text;
        return text.p && text.n <= TOKEN_KID_MAX && !value->escaped; /* escaped text is not in the header */
    }
    if (str_eq(name, STR("typ")))
        return str_ieq(text, STR("JWT")) || str_ieq(text, STR("at+jwt"));
    return !str_eq(name, STR("crit")); /* RFC 7515 §4.1.11: extensions that must be understood; we know none */
}

enum { HEADER_MEMBERS_MAX = 16 };

/* The header is one flat object of few members, none twice (RFC 7515 §4). */
static bool read_header(struct token_parts *parts, const struct json *json)
{
    const struct json_token *t = json->tokens;
    struct str names[HEADER_MEMBERS_MAX];
    bool has_alg = false;
    if (t->kind != JSON_OBJECT || t->size > HEADER_MEMBERS_MAX || json->count != 1 + 2 * t->size)
        return false; /* nested values make more tokens */
    for (uint32_t i = 0; i < t->size; i++) {
        names[i] = json_string(json, parts->header, &t[1 + 2 * i]);
        for (uint32_t k = 0; k < i; k++)
            if (str_eq(names[k], names[i]))
                return false;
        if (!read_member(parts, names[i], json, &t[2 + 2 * i], &has_alg))
            return false;
    }
    return has_alg;
}

bool token_split(struct str token, struct buf *buffer, struct token_parts *parts)
{
    if (token.n == 0 || token.n > TOKEN_MAX)
        return false;
    struct str rest = token, header = str_cut(&rest, '.'), claims = str_cut(&rest, '.'), signature = rest, unused;
    buf_clear(buffer);
    buf_reserve(buffer, token.n + 16);
    *parts = (struct token_parts){0};
    if (!decode_part(header, buffer, &parts->header) || !decode_part(claims, buffer, &parts->claims) ||
        !decode_part(signature, buffer, &unused))
        return false;
    struct json json = {0};
    bool ok = json_parse(&json, parts->header) && read_header(parts, &json);
    json_free(&json);
    return ok;
}

/* ---- Signatures ---- */

/* The signature of HS256 is one HMAC: done here, it costs no JSON reader and no copy. */
static bool verify_hmac(struct str token, const struct token_key *key)
{
    const char *dot = memrchr(token.p, '.', token.n);
    size_t signed_length = (size_t)(dot - token.p), n;
    struct str signature = {dot + 1, token.n - signed_length - 1};
    unsigned char expected[HASH_MAX], given[64];
    if (signature.n != 43 || !base64_decode(BASE64_URL, signature, given, &n))
        return false;
    hash_hmac(HASH_SHA256, buf_str(&key->sign), str_of(token.p, signed_length), expected);
    return hash_equal(str_of(expected, 32), str_of(given, n));
}

static bool verify_by_libjwt(struct str token, const struct token_key *key)
{
    char *text = mem_dup(token.p, token.n);
    jwt_t *jwt = NULL;
    bool ok = jwt_decode(&jwt, text, (const unsigned char *)key->public.data, (int)key->public.len) == 0 &&
              jwt_get_alg(jwt) == algs[key->alg];
    jwt_free(jwt);
    free(text);
    return ok;
}

enum token_result token_verify(struct str token, const struct token_parts *parts, const struct token_key *key)
{
    if (parts->alg != key->alg)
        return TOKEN_KEY;
    bool ok = key->alg == TOKEN_HS256 ? verify_hmac(token, key) : verify_by_libjwt(token, key);
    return ok ? TOKEN_OK : TOKEN_SIGNATURE;
}

bool token_sign(const struct token_key *key, struct str claims, struct str kid, struct buf *out)
{
    if (key->sign.len == 0)
        return false;
    jwt_t *jwt = NULL;
    char *json = mem_dup(claims.p, claims.n), *id = kid.p ? mem_dup(kid.p, kid.n) : NULL, *text = NULL;
    if (jwt_new(&jwt) == 0 && jwt_add_grants_json(jwt, json) == 0 && (!id || jwt_add_header(jwt, "kid", id) == 0) &&
        jwt_set_alg(jwt, algs[key->alg], (const unsigned char *)key->sign.data, (int)key->sign.len) == 0)
        text = jwt_encode_str(jwt);
    if (text)
        buf_append(out, text, strlen(text));
    bool ok = text != NULL;
    free(text);
    jwt_free(jwt);
    free(id);
    free(json);
    return ok;
}

/* ---- The cache: SETS sets of WAYS, in each the one unused for longest makes room ---- */

enum { SETS = 512, WAYS = 4, CACHED_TOKEN_MAX = 2048 };

struct entry {
    char *token; /* the token, then the claims */
    size_t length, claims;
    uint64_t key, used;
};

struct token_cache {
    uint64_t seed, clock;
    struct entry sets[SETS][WAYS];
};

struct token_cache *token_cache_new(void)
{
    struct token_cache *cache = mem_zalloc(sizeof *cache);
    random_bytes(&cache->seed, sizeof cache->seed);
    return cache;
}

void token_cache_free(struct token_cache *cache)
{
    for (size_t i = 0; i < SETS; i++)
        for (size_t k = 0; k < WAYS; k++)
            free(cache->sets[i][k].token);
    free(cache);
}

/* By octets of the signature, which is as good as random in every token that gets in. */
static struct entry *set_of(struct token_cache *cache, struct str token)
{
    uint64_t bits;
    memcpy(&bits, token.p + token.n - 12, sizeof bits);
    bits = (bits ^ cache->seed) * UINT64_C(0x9e3779b97f4a7c15);
    return cache->sets[bits >> 55];
}

struct str token_cache_get(struct token_cache *cache, struct str token, const struct token_key *key)
{
    if (token.n < 16 || token.n > CACHED_TOKEN_MAX)
        return STR_NULL;
    struct entry *set = set_of(cache, token);
    for (size_t i = 0; i < WAYS; i++) {
        struct entry *e = &set[i];
        if (e->key == key->number && e->length == token.n && hash_equal(token, str_of(e->token, e->length))) {
            e->used = ++cache->clock;
            return str_of(e->token + e->length, e->claims);
        }
    }
    return STR_NULL;
}

void token_cache_put(struct token_cache *cache, struct str token, const struct token_key *key, struct str claims)
{
    if (token.n < 16 || token.n > CACHED_TOKEN_MAX)
        return;
    struct entry *set = set_of(cache, token), *oldest = set;
    for (size_t i = 1; i < WAYS; i++)
        if (set[i].used < oldest->used)
            oldest = &set[i];
    free(oldest->token);
    *oldest = (struct entry){mem_alloc(token.n + claims.n + 1), token.n, claims.n, key->number, ++cache->clock};
    memcpy(oldest->token, token.p, token.n);
    memcpy(oldest->token + token.n, claims.p, claims.n);
}
