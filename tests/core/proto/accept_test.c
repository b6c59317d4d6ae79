/* Accept-Encoding (RFC 9110 §12.5.3). */
#include "proto/accept.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void weights(void **state) /* §12.4.2: a malformed weight is no consent */
{
    (void)state;
    assert_int_equal(accept_encoding(STR("br;q=0.125"), STR("br")), 125);
    assert_int_equal(accept_encoding(STR("br ; Q=1.000"), STR("br")), 1000);
    assert_int_equal(accept_encoding(STR("br;q=1."), STR("br")), 1000);
    for (size_t i = 0; i < 5; i++) {
        const char *malformed[] = {"br;q=1.001", "br;q=2", "br;q=.5", "br;q=0.1234", "br;q="};
        assert_int_equal(accept_encoding(str_from(malformed[i]), STR("br")), 0);
    }
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
        cmocka_unit_test(weights),
        cmocka_unit_test(encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
