/* crypto/jwt: RFC 7515's own example, the attacks of RFC 8725, and the cache of verified tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"

static const char secret[] = "0123456789abcdef0123456789abcdef";

static struct token_key *key_of(enum token_alg alg, struct str text)
{
    const char *error = NULL;
    struct token_key *key = token_key_new(alg, text, &error);
    assert_null(error);
    return key;
}

static enum token_result check(struct str token, const struct token_key *key)
{
    struct buf buffer = {0};
    struct token_parts parts;
    enum token_result result = TOKEN_MALFORMED;
    if (token_split(token, &buffer, &parts))
        result = token_verify(token, &parts, key);
    buf_free(&buffer);
    return result;
}

/* header.{"sub":"x"}.HMAC under the secret, whatever the header says. */
static struct str forge(struct buf *out, const char *header)
{
    unsigned char mac[HASH_MAX];
    char text[256];
    buf_clear(out);
    buf_append(out, text, base64_encode(BASE64_URL, header, strlen(header), text));
    buf_append_char(out, '.');
    buf_append(out, text, base64_encode(BASE64_URL, "{\"sub\":\"x\"}", 11, text));
    hash_hmac(HASH_SHA256, str_from(secret), buf_str(out), mac);
    buf_append_char(out, '.');
    buf_append(out, text, base64_encode(BASE64_URL, mac, 32, text));
    return buf_str(out);
}

/* RFC 7515 appendix A.1, whose key is longer than ours must be. */
static void test_published_example(void **state)
{
    (void)state;
    unsigned char octets[80];
    size_t n;
    assert_true(base64_decode(
        BASE64_URL, STR("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"),
        octets, &n));
    struct token_key *key = key_of(TOKEN_HS256, str_of(octets, n));
    assert_int_equal(
        check(STR("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
                  ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
                  ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
              key),
        TOKEN_OK);
    token_key_free(key);
}

static void test_signed_tokens_verify(void **state)
{
    (void)state;
    struct token_key *key = key_of(TOKEN_HS256, str_from(secret)),
                     *other = key_of(TOKEN_HS256, STR("another secret of 32 octets or so"));
    struct buf token = {0}, buffer = {0};
    struct token_parts parts;
    assert_true(token_sign(key, STR("{\"sub\":\"x\"}"), STR("k1"), &token));
    assert_int_equal(check(buf_str(&token), key), TOKEN_OK);
    assert_int_equal(check(buf_str(&token), other), TOKEN_SIGNATURE);
    assert_true(token_split(buf_str(&token), &buffer, &parts));
    assert_true(str_eq(parts.kid, STR("k1")));
    assert_true(str_eq(parts.claims, STR("{\"sub\":\"x\"}")));
    for (size_t i = 0; i < token.len; i++) { /* no octet can be changed */
        token.data[i] ^= 2;
        assert_int_not_equal(check(buf_str(&token), key), TOKEN_OK);
        token.data[i] ^= 2;
    }
    assert_false(token_sign(key, STR("[1]"), STR_NULL, &token));
    buf_free(&token);
    buf_free(&buffer);
    token_key_free(key);
    token_key_free(other);
}

/* The signature is right each time; the header is not (RFC 7515 §4, §4.1.11; RFC 8725 §3.1, §3.2). */
static void test_headers_that_are_refused(void **state)
{
    (void)state;
    struct token_key *key = key_of(TOKEN_HS256, str_from(secret));
    struct buf token = {0};
    assert_int_equal(check(forge(&token, "{\"alg\":\"HS256\"}"), key), TOKEN_OK);
    static const char *const headers[] = {
        "{}",
        "{\"alg\":\"none\"}",
        "{\"alg\":\"hs256\"}",
        "{\"alg\":\"HS512\"}",
        "{\"alg\":1}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}",
        "{\"alg\":\"HS256\",\"crit\":1}",
        "{\"alg\":\"HS256\",\"kid\":5}",
        "{\"alg\":\"HS256\",\"typ\":\"JOSE\"}",
        "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\"}}",
        "{\"alg\":\"HS256\"} ,",
        "[\"HS256\"]",
        "",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_int_equal(check(forge(&token, headers[i]), key), TOKEN_MALFORMED);
    assert_int_equal(check(forge(&token, "{\"alg\":\"RS256\"}"), key), TOKEN_KEY);
    buf_free(&token);
    token_key_free(key);
}

static void test_texts_that_are_no_tokens(void **state)
{
    (void)state;
    struct token_key *key = key_of(TOKEN_HS256, str_from(secret));
    struct buf token = {0}, changed = {0};
    struct str good = forge(&token, "{\"alg\":\"HS256\"}");
    buf_printf(&changed, "%.*s=", STR_ARG(good)); /* padding */
    assert_int_equal(check(buf_str(&changed), key), TOKEN_MALFORMED);
    buf_clear(&changed);
    buf_printf(&changed, "%.*s.x", STR_ARG(good)); /* four parts */
    assert_int_equal(check(buf_str(&changed), key), TOKEN_MALFORMED);
    assert_int_equal(check(str_of(good.p, good.n - 44), key), TOKEN_MALFORMED); /* two */
    assert_int_equal(check(STR(".."), key), TOKEN_MALFORMED);
    assert_int_equal(check(STR(""), key), TOKEN_MALFORMED);
    buf_clear(&changed);
    while (changed.len <= TOKEN_MAX)
        buf_append(&changed, "eyJh", 4);
    assert_int_equal(check(buf_str(&changed), key), TOKEN_MALFORMED);
    buf_free(&token);
    buf_free(&changed);
    token_key_free(key);
}

static void test_keys_that_are_refused(void **state)
{
    (void)state;
    const char *error = NULL;
    assert_null(token_key_new(TOKEN_HS256, STR("too short"), &error));
    assert_non_null(error);
    error = NULL;
    assert_null(token_key_new(TOKEN_RS256, str_from(secret), &error));
    assert_non_null(error);
}

static void test_cache(void **state)
{
    (void)state;
    struct token_cache *cache = token_cache_new();
    struct token_key *key = key_of(TOKEN_HS256, str_from(secret)), *same = key_of(TOKEN_HS256, str_from(secret));
    struct str token = STR("aaaaaaaaaaaa.bbbbbbbbbbbb.cccccccccccccccccccccccc"), claims = STR("{\"a\":1}");
    assert_null(token_cache_get(cache, token, key).p);
    token_cache_put(cache, token, key, claims);
    assert_true(str_eq(token_cache_get(cache, token, key), claims));
    assert_null(token_cache_get(cache, token, same).p); /* another key, although it reads alike */
    assert_null(token_cache_get(cache, str_of(token.p, token.n - 1), key).p);

    char text[64];
    for (int i = 0; i < 20000; i++) { /* more than fit: what was not used makes room */
        int n = snprintf(text, sizeof text, "aaaaaaaaaaaa.bbbbbbbbbbbb.%024d", i * 7919);
        token_cache_put(cache, str_of(text, (size_t)n), key, claims);
        assert_true(str_eq(token_cache_get(cache, str_of(text, (size_t)n), key), claims));
    }
    token_cache_free(cache);
    token_key_free(key);
    token_key_free(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_example),        cmocka_unit_test(test_signed_tokens_verify),
        cmocka_unit_test(test_headers_that_are_refused), cmocka_unit_test(test_texts_that_are_no_tokens),
        cmocka_unit_test(test_keys_that_are_refused),    cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
