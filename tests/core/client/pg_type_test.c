/* client/pg_type and pg_array: each value in both formats gives the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "client/pg_type.h"

enum {
    BOOL = 16,
    BYTEA = 17,
    INT8 = 20,
    INT2 = 21,
    INT4 = 23,
    TEXT = 25,
    OID = 26,
    JSON = 114,
    FLOAT4 = 700,
    FLOAT8 = 701,
    DATE = 1082,
    TIMESTAMP = 1114,
    TIMESTAMPTZ = 1184,
    NUMERIC = 1700,
    UUID = 2950,
    JSONB = 3802,
    INT4_ARRAY = 1007,
};

static struct buf scratch;

static int end(void **state)
{
    (void)state;
    buf_free(&scratch);
    return 0;
}

static void expect_number(uint32_t type, struct str binary, struct str text, double number)
{
    struct pg_value b = pg_decode(type, true, binary, &scratch), t = pg_decode(type, false, text, &scratch);
    assert_int_equal(b.kind, PG_NUMBER);
    assert_int_equal(t.kind, PG_NUMBER);
    assert_true(b.number == number && t.number == number);
}

static void expect_text(uint32_t type, struct str binary, struct str text, const char *expected)
{
    struct pg_value value = pg_decode(type, true, binary, &scratch);
    assert_int_equal(value.kind, PG_TEXT);
    assert_true(str_eq(value.text, str_from(expected)));
    value = pg_decode(type, false, text, &scratch);
    assert_int_equal(value.kind, PG_TEXT);
    assert_true(str_eq(value.text, str_from(expected)));
}

static void expect_kind(uint32_t type, bool binary, struct str data, enum pg_kind kind)
{
    assert_int_equal(pg_decode(type, binary, data, &scratch).kind, kind);
}

static void test_numbers(void **state)
{
    (void)state;
    expect_number(INT2, STR("\xff\xfe"), STR("-2"), -2);
    expect_number(INT4, STR("\x80\0\0\0"), STR("-2147483648"), -2147483648.0);
    expect_number(OID, STR("\xff\xff\xff\xff"), STR("4294967295"), 4294967295.0);
    expect_number(INT8, STR("\0\x20\0\0\0\0\0\0"), STR("9007199254740992"), 0x1p53);
    expect_number(FLOAT8, STR("\x40\x09\x21\xfb\x54\x44\x2d\x18"), STR("3.141592653589793"), 3.141592653589793);
    expect_number(FLOAT4, STR("\x3d\xcc\xcc\xcd"), STR("0.1"), 0.1); /* not 0.10000000149 */
    assert_true(isnan(pg_decode(FLOAT8, false, STR("NaN"), &scratch).number));
    assert_true(isinf(pg_decode(FLOAT4, true, STR("\x7f\x80\0\0"), &scratch).number));
}

static void test_what_a_double_cannot_hold_is_refused(void **state)
{
    (void)state;
    expect_kind(INT8, true, STR("\0\x20\0\0\0\0\0\1"), PG_RANGE);
    expect_kind(INT8, false, STR("9007199254740993"), PG_RANGE);
    expect_kind(INT8, false, STR("-9007199254740993"), PG_RANGE);
}

static void test_times(void **state)
{
    (void)state;
    /* microseconds since 2000-01-01 */
    expect_text(TIMESTAMPTZ, STR("\0\0\0\0\0\0\0\0"), STR("2000-01-01 00:00:00+00"), "2000-01-01T00:00:00Z");
    expect_text(TIMESTAMPTZ, STR("\xff\xff\xff\xff\xff\xff\xff\xff"), STR("1999-12-31 23:59:59.999999+00"),
                "1999-12-31T23:59:59.999999Z");
    expect_text(TIMESTAMP, STR("\0\0\0\0\0\x07\xa1\x20"), STR("2000-01-01 00:00:00.5"), "2000-01-01T00:00:00.5");
    expect_text(DATE, STR("\0\0\0\x3b"), STR("2000-02-29"), "2000-02-29");
    expect_text(DATE, STR("\xff\xff\xd5\x33"), STR("1970-01-01"), "1970-01-01");
    expect_text(DATE, STR("\x7f\xff\xff\xff"), STR("infinity"), "infinity");
    struct pg_value value = pg_decode(TIMESTAMPTZ, false, STR("2026-01-31 12:00:00+09"), &scratch);
    assert_true(str_eq(value.text, STR("2026-01-31T12:00:00+09:00")));
    expect_kind(DATE, true, STR("\x7f\0\0\0"), PG_RANGE);
    expect_kind(DATE, false, STR("10000-01-01"), PG_RANGE);
    expect_kind(TIMESTAMPTZ, false, STR("0044-03-15 00:00:00 BC"), PG_RANGE);
}

static void test_numeric(void **state)
{
    (void)state;
    expect_text(NUMERIC, STR("\0\2\0\1\0\0\0\2\0\1\x09\x29"), STR("12345.00"), "12345.00");
    expect_text(NUMERIC, STR("\0\1\xff\xff\x40\0\0\5\0\1"), STR("-0.00010"), "-0.00010");
    expect_text(NUMERIC, STR("\0\0\0\0\0\0\0\0"), STR("0"), "0");
    expect_text(NUMERIC, STR("\0\1\0\2\0\0\0\0\0\1"), STR("100000000"), "100000000");
    expect_text(NUMERIC, STR("\0\0\0\0\xc0\0\0\0"), STR("NaN"), "NaN");
    expect_kind(NUMERIC, true, STR("\0\1\0\0\0\0\0\0\x27\x10"), PG_BAD); /* a digit of 10000 */
    expect_kind(NUMERIC, true, STR("\0\2\0\0\0\0\0\0\0\1"), PG_BAD);
}

static void test_others(void **state)
{
    (void)state;
    expect_text(UUID, STR("\x01\x23\x45\x67\x89\xab\xcd\xef\0\x11\x22\x33\x44\x55\x66\x77"),
                STR("01234567-89ab-cdef-0011-223344556677"), "01234567-89ab-cdef-0011-223344556677");
    struct pg_value value = pg_decode(BYTEA, false, STR("\\x00fF"), &scratch);
    assert_true(str_eq(value.text, STR("\0\xff")));
    assert_true(pg_decode(BOOL, false, STR("t"), &scratch).boolean);
    assert_true(pg_decode(BOOL, true, STR("\1"), &scratch).boolean);
    value = pg_decode(JSONB, true, STR("\1{}"), &scratch);
    assert_int_equal(value.kind, PG_JSON);
    assert_true(str_eq(value.text, STR("{}")));
    expect_kind(JSONB, true, STR("\2{}"), PG_BAD);
    expect_kind(JSON, true, STR("[1]"), PG_JSON);
}

static void test_refuses_what_is_no_value(void **state)
{
    (void)state;
    expect_kind(INT4, true, STR("\0\0\0"), PG_BAD);
    expect_kind(INT4, false, STR("12x"), PG_BAD);
    expect_kind(INT4, false, STR(""), PG_BAD);
    expect_kind(BOOL, false, STR("yes"), PG_BAD);
    expect_kind(BYTEA, false, STR("\\x0"), PG_BAD);
    expect_kind(BYTEA, false, STR("\\xzz"), PG_BAD);
    expect_kind(UUID, true, STR("\0"), PG_BAD);
    expect_kind(999999, true, STR("x"), PG_BAD);
}

/* The array as text of our own: [a,b,[c]] with ~ for NULL; "!" where it is broken. */
static const char *walk(bool binary, struct str data)
{
    static struct buf out;
    struct pg_array a;
    buf_clear(&out);
    pg_array_open(&a, TEXT, binary, data);
    for (;;) {
        struct str element = STR_NULL;
        enum pg_array_event event = pg_array_next(&a, &element);
        if (event == PG_ARRAY_OPEN || event == PG_ARRAY_CLOSE)
            buf_append_char(&out, event == PG_ARRAY_OPEN ? '[' : ']');
        else if (event == PG_ARRAY_ELEMENT)
            buf_printf(&out, "%.*s,", STR_ARG(element));
        else if (event == PG_ARRAY_NULL)
            buf_append(&out, "~,", 2);
        else
            buf_append(&out, event == PG_ARRAY_BAD ? "!" : "", event == PG_ARRAY_BAD);
        if (event == PG_ARRAY_END || event == PG_ARRAY_BAD)
            break;
    }
    pg_array_free(&a);
    static char result[200];
    snprintf(result, sizeof result, "%s", buf_cstr(&out));
    buf_free(&out);
    return result;
}

static void test_arrays(void **state)
{
    (void)state;
    assert_int_equal(pg_decode(INT4_ARRAY, true, STR(""), &scratch).kind, PG_ARRAY);
    assert_int_equal(pg_decode(INT4_ARRAY, true, STR(""), &scratch).element, INT4);
    assert_string_equal(walk(false, STR("{}")), "[]");
    assert_string_equal(walk(false, STR("{1,NULL,\"a,\\\"b\\\\\",\"NULL\"}")), "[1,~,a,\"b\\,NULL,]");
    assert_string_equal(walk(false, STR("{{1,2},{3,4}}")), "[[1,2,][3,4,]]");
    assert_string_equal(walk(false, STR("[0:1]={7,8}")), "[7,8,]");
    assert_string_equal(walk(true, STR("\0\0\0\0\0\0\0\0\0\0\0\x19")), "[]");
    assert_string_equal(walk(true, STR("\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\1x\xff\xff\xff\xff")),
                        "[x,~,]");
    assert_string_equal(walk(true, STR("\0\0\0\2\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\1\0\0\0\1x\0\0\0\1y")),
                        "[[x,y,]]");
}

static void test_broken_arrays(void **state)
{
    (void)state;
    static const char *const texts[] = {"",     "{",     "}",      "{1",    "{1,}",    "{,1}",
                                        "{1}x", "{\"a}", "{\"a\\", "{1 }{", "[0:1={1}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_non_null(strchr(walk(false, str_from(texts[i])), '!'));
    assert_non_null(strchr(walk(false, STR("{{{{{{{1}}}}}}}")), '!'));
    assert_non_null(strchr(walk(true, STR("\0\0\0\7\0\0\0\0\0\0\0\x19")), '!'));
    assert_non_null(strchr(walk(true, STR("\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\x09x")), '!'));
    assert_non_null(strchr(walk(true, STR("\0\0\0\0\0\0\0\0\0\0\0\x19 more")), '!'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_what_a_double_cannot_hold_is_refused),
        cmocka_unit_test(test_times),   cmocka_unit_test(test_numeric),
        cmocka_unit_test(test_others),  cmocka_unit_test(test_refuses_what_is_no_value),
        cmocka_unit_test(test_arrays),  cmocka_unit_test(test_broken_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
