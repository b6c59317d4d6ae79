/* crypto/jwk: keys made here go to JSON Web Keys and back, and what they sign is verified by what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/jwk.h"

static void expect_round(enum token_alg alg)
{
    struct buf private = {0}, public = {0}, token = {0}, scratch = {0};
    struct jwk key = {.alg = TOKEN_HS256};
    assert_true(jwk_generate(alg, &private));
    assert_true(jwk_from_pem(buf_str(&private), &key));
    assert_int_equal(key.alg, alg);
    assert_true(jwk_to_pem(&key, &public));
    assert_true(str_starts(buf_str(&public), STR("-----BEGIN PUBLIC KEY-----")));

    const char *fault;
    struct token_key *signer = token_key_new(alg, buf_str(&private), &fault);
    struct token_key *reader = token_key_new(alg, buf_str(&public), &fault);
    assert_non_null(signer);
    assert_non_null(reader);
    struct token_parts parts;
    assert_true(token_sign(signer, STR("{\"sub\":\"ada\"}"), STR("k1"), &token));
    assert_true(token_split(buf_str(&token), &scratch, &parts));
    assert_int_equal(token_verify(buf_str(&token), &parts, reader), TOKEN_OK);
    token_key_free(signer);
    token_key_free(reader);
    buf_free(&private);
    buf_free(&public);
    buf_free(&token);
    buf_free(&scratch);
}

static void test_p256(void **state)
{
    (void)state;
    expect_round(TOKEN_ES256);
}

static void test_rsa(void **state)
{
    (void)state;
    expect_round(TOKEN_RS256);
}

static void test_refuses_what_is_no_key(void **state)
{
    (void)state;
    struct buf out = {0};
    struct jwk key = {.alg = TOKEN_ES256, .a_size = 32, .b_size = 32}; /* (0, 0) is not on the curve */
    assert_false(jwk_to_pem(&key, &out));
    key.a_size = 31;
    assert_false(jwk_to_pem(&key, &out));
    assert_false(jwk_from_pem(STR("no PEM"), &key));
    assert_false(jwk_generate(TOKEN_HS256, &out));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p256),
        cmocka_unit_test(test_rsa),
        cmocka_unit_test(test_refuses_what_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
