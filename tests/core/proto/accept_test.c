/* Content negotiation (RFC 9110 §12.5). */
#include "proto/accept.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void media_types(void **state) /* §12.5.1 and its example */
{
    struct str accept = STR("text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/x;q=0.4, */*;q=0.5");
    (void)state;
    assert_int_equal(accept_media(accept, STR("TEXT/X")), 400);
    assert_int_equal(accept_media(accept, STR("text/html")), 300);
    assert_int_equal(accept_media(accept, STR("image/jpeg")), 500);
    assert_int_equal(accept_media(STR_NULL, STR("a/b")), 1000);
    assert_int_equal(accept_media(STR(" "), STR("a/b")), 1000);
    assert_int_equal(accept_media(STR("a/c"), STR("a/b")), 0);
    assert_int_equal(accept_media(STR("*/*, a/b;q=0"), STR("a/b")), 0);
    assert_int_equal(accept_media(STR("*/b"), STR("a/b")), 0);
}

static void weights(void **state) /* §12.4.2: a malformed weight is no consent */
{
    (void)state;
    assert_int_equal(accept_media(STR("a/b;q=0.125"), STR("a/b")), 125);
    assert_int_equal(accept_media(STR("a/b ; Q=1.000"), STR("a/b")), 1000);
    assert_int_equal(accept_media(STR("a/b;q=1."), STR("a/b")), 1000);
    assert_int_equal(accept_media(STR("a/b;q=1.001"), STR("a/b")), 0);
    assert_int_equal(accept_media(STR("a/b;q=2"), STR("a/b")), 0);
    assert_int_equal(accept_media(STR("a/b;q=.5"), STR("a/b")), 0);
    assert_int_equal(accept_media(STR("a/b;q=0.1234"), STR("a/b")), 0);
    assert_int_equal(accept_media(STR("a/b;q="), STR("a/b")), 0);
}

static void the_best_of_several(void **state)
{
    struct str types[] = {STR("application/json"), STR("text/html")};
    (void)state;
    assert_int_equal(accept_best_media(STR("text/html,application/json;q=0.9"), types, 2), 1);
    assert_int_equal(accept_best_media(STR("*/*"), types, 2), 0);
    assert_int_equal(accept_best_media(STR_NULL, types, 2), 0);
    assert_int_equal(accept_best_media(STR("image/*"), types, 2), -1);
}

static void encodings(void **state) /* §12.5.3 */
{
    (void)state;
    assert_int_equal(accept_encoding(STR("gzip, deflate, br;q=0.5"), STR("gzip")), 1000);
    assert_int_equal(accept_encoding(STR("gzip, deflate, br;q=0.5"), STR("br")), 500);
    assert_int_equal(accept_encoding(STR("x-gzip"), STR("gzip")), 1000);
    assert_int_equal(accept_encoding(STR("deflate"), STR("gzip")), 0);
    assert_int_equal(accept_encoding(STR("*;q=0.2"), STR("gzip")), 200);
    assert_int_equal(accept_encoding(STR("gzip;q=0, *"), STR("gzip")), 0);
    assert_int_equal(accept_encoding(STR_NULL, STR("gzip")), 0);
    assert_int_equal(accept_encoding(STR_NULL, STR("identity")), 1000);
    assert_int_equal(accept_encoding(STR("gzip"), STR("identity")), 1000);
    assert_int_equal(accept_encoding(STR("identity;q=0"), STR("identity")), 0);
    assert_int_equal(accept_encoding(STR("gzip, *;q=0"), STR("identity")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_types),
        cmocka_unit_test(weights),
        cmocka_unit_test(the_best_of_several),
        cmocka_unit_test(encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
