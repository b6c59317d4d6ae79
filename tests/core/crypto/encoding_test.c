/* crypto/encoding: the vectors of RFC 4648 §10, and that each octet string has one text only (§3.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/encoding.h"

static void expect_base64(enum base64_alphabet alphabet, const char *plain, const char *text)
{
    char out[64];
    unsigned char back[64];
    size_t n = base64_encode(alphabet, plain, strlen(plain), out);
    assert_int_equal(n, base64_encoded_size(alphabet, strlen(plain)));
    assert_int_equal(n, strlen(text));
    assert_memory_equal(out, text, n);
    assert_true(base64_decode(alphabet, str_from(text), back, &n));
    assert_int_equal(n, strlen(plain));
    assert_memory_equal(back, plain, n);
}

static void test_vectors(void **state)
{
    (void)state;
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const padded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    static const char *const bare[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
    for (size_t i = 0; i < 7; i++) {
        expect_base64(BASE64, plain[i], padded[i]);
        expect_base64(BASE64_NO_PAD, plain[i], bare[i]);
        expect_base64(BASE64_URL, plain[i], bare[i]);
    }
    expect_base64(BASE64, "\xfb\xff\xbf", "+/+/");
    expect_base64(BASE64_URL, "\xfb\xff\xbf", "-_-_");
}

static void test_every_octet_returns(void **state)
{
    (void)state;
    unsigned char octets[256], back[260];
    char text[512];
    for (int i = 0; i < 256; i++)
        octets[i] = (unsigned char)i;
    for (size_t length = 250; length <= 256; length++) {
        size_t n = base64_encode(BASE64, octets, length, text), decoded;
        assert_true(base64_decode(BASE64, str_of(text, n), back, &decoded));
        assert_int_equal(decoded, length);
        assert_memory_equal(back, octets, length);
        hex_encode(octets, length, text);
        assert_true(hex_decode(str_of(text, 2 * length), back));
        assert_memory_equal(back, octets, length);
    }
}

static void test_refuses_what_is_not_canonical(void **state)
{
    (void)state;
    unsigned char out[64];
    size_t n;
    static const char *const padded[] = {
        "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm 9v", "Zm9v\n", "-_-_", "Zm9v=", "Zm\xc3\xa4"};
    for (size_t i = 0; i < sizeof padded / sizeof *padded; i++)
        assert_false(base64_decode(BASE64, str_from(padded[i]), out, &n));
    static const char *const url[] = {"Z", "Zh", "Zm9", "Zg==", "+/+/", "Zm9v.", "Zm9vY"};
    for (size_t i = 0; i < sizeof url / sizeof *url; i++)
        assert_false(base64_decode(BASE64_URL, str_from(url[i]), out, &n));
    assert_false(base64_decode(BASE64_URL, STR("Zm\0v"), out, &n));
}

static void test_hex(void **state)
{
    (void)state;
    char text[4];
    unsigned char out[4];
    hex_encode("\x0f\xa9", 2, text);
    assert_memory_equal(text, "0fa9", 4);
    assert_true(hex_decode(STR("0FaF"), out));
    assert_memory_equal(out, "\x0f\xaf", 2);
    assert_false(hex_decode(STR("0fa"), out));
    assert_false(hex_decode(STR("0g"), out));
    assert_false(hex_decode(STR("/:"), out));
    assert_false(hex_decode(STR("@G"), out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_octet_returns),
        cmocka_unit_test(test_refuses_what_is_not_canonical),
        cmocka_unit_test(test_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
