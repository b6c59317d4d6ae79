/* JSON text in and out (RFC 8259). */
#include "proto/json.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The tokens of a text written out again: what was understood. */
static const struct json_token *write_token(struct buf *out, const struct json *j, struct str text,
                                            const struct json_token *token)
{
    static const char *const literals[] = {[JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
    const struct json_token *next = token + 1;
    if (token->kind <= JSON_TRUE) {
        buf_append_str(out, str_from(literals[token->kind]));
    } else if (token->kind == JSON_NUMBER) {
        assert_true(json_write_number(out, token->as.number));
    } else if (token->kind == JSON_STRING) {
        assert_true(json_write_string(out, json_string(j, text, token)));
    } else {
        buf_append_char(out, token->kind == JSON_ARRAY ? '[' : '{');
        for (uint32_t i = 0; i < token->size; i++) {
            if (i)
                buf_append_char(out, ',');
            next = write_token(out, j, text, next);
            if (token->kind == JSON_OBJECT) {
                buf_append_char(out, ':');
                next = write_token(out, j, text, next);
            }
        }
        buf_append_char(out, token->kind == JSON_ARRAY ? ']' : '}');
    }
    return next;
}

/* Parses from a block of exactly the right size. */
static bool parse(struct json *j, struct str text, char **block)
{
    *block = malloc(text.n ? text.n : 1);
    if (text.n)
        memcpy(*block, text.p, text.n);
    return json_parse(j, str_of(*block, text.n));
}

static void expect(struct str text, const char *expected)
{
    struct json j = {0};
    struct buf out = {0};
    char *block;
    assert_true(parse(&j, text, &block));
    assert_ptr_equal(write_token(&out, &j, str_of(block, text.n), j.tokens), j.tokens + j.count);
    assert_string_equal(buf_cstr(&out), expected);
    buf_free(&out);
    json_free(&j);
    free(block);
}

static void refused(struct str text, size_t offset, const char *message)
{
    struct json j = {0};
    char *block;
    assert_false(parse(&j, text, &block));
    assert_string_equal(j.message, message);
    assert_int_equal(j.offset, offset);
    json_free(&j);
    free(block);
}

#define EXPECT(text, expected) expect(STR(text), expected)
#define REFUSED(text, offset, message) refused(STR(text), offset, message)

static void values(void **state) /* §3 */
{
    (void)state;
    EXPECT(" {\"a\" : [ 1 ,\t2\r\n] , \"b\":{}, \"c\":[], \"d\":[{}, [null, true,false]]} ",
           "{\"a\":[1,2],\"b\":{},\"c\":[],\"d\":[{},[null,true,false]]}");
    EXPECT("null", "null");
    REFUSED("", 0, "expected a value");
    REFUSED("  ", 2, "expected a value");
    REFUSED("nul", 0, "expected a value");
    REFUSED("True", 0, "expected a value");
    REFUSED("NaN", 0, "expected a value");
    REFUSED("\xEF\xBB\xBF[]", 0, "expected a value"); /* §8.1: no byte order mark */
    REFUSED("1 2", 2, "something behind the value");
    REFUSED("[]\0", 2, "something behind the value");
    REFUSED("\v1", 0, "expected a value");
    REFUSED("// x\n1", 0, "expected a value");
}

static void containers(void **state) /* §4, §5 */
{
    (void)state;
    REFUSED("[1,]", 3, "expected a value");
    REFUSED("[,1]", 1, "expected a value");
    REFUSED("[1 2]", 3, "expected ',' or ']'");
    REFUSED("[1", 2, "expected ',' or ']'");
    REFUSED("[1}", 2, "expected ',' or ']'");
    REFUSED("[", 1, "expected a value");
    REFUSED("{\"a\":1,}", 7, "expected a name in quotes");
    REFUSED("{a:1}", 1, "expected a name in quotes");
    REFUSED("{\"a\" 1}", 5, "expected ':'");
    REFUSED("{\"a\":}", 5, "expected a value");
    REFUSED("{\"a\":1]", 6, "expected ',' or '}'");
    REFUSED("{\"a\"", 4, "expected ':'");
    REFUSED("{", 1, "expected a name in quotes");
}

static void depth(void **state) /* §9: a limit of our own */
{
    struct buf text = {0};
    (void)state;
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buf_append_char(&text, '[');
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buf_append_char(&text, ']');
    const char *same = buf_cstr(&text); /* may move the buffer */
    expect(buf_str(&text), same);
    buf_clear(&text);
    for (int i = 0; i < 100000; i++)
        buf_append_char(&text, '[');
    refused(buf_str(&text), JSON_DEPTH_MAX, "nested deeper than 64 levels");
    buf_free(&text);
}

static void strings(void **state) /* §7 */
{
    (void)state;
    EXPECT("\"\"", "\"\"");
    EXPECT("\"0123456789abcdef0123456789abcdef\xC3\xA4\"", "\"0123456789abcdef0123456789abcdef\xC3\xA4\"");
    EXPECT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20AC\"", "\"\\\"\\\\/\\b\\f\\n\\r\\tA\xC3\xA4\xE2\x82\xAC\"");
    EXPECT("\"\\ud834\\udd1e\\u0000\"", "\"\xF0\x9D\x84\x9E\\u0000\"");
    EXPECT("\"\x7F\"", "\"\x7F\"");
    REFUSED("\"", 1, "unterminated string");
    REFUSED("\"abc", 4, "unterminated string");
    REFUSED("\"\\", 1, "malformed escape");
    REFUSED("\"\\n", 3, "unterminated string");
    REFUSED("\"a\nb\"", 2, "control character in string");
    REFUSED("\"\\na\x1F\"", 4, "control character in string");
    REFUSED("\"\0\"", 1, "control character in string");
    REFUSED("\"\\x41\"", 1, "malformed escape");
    REFUSED("\"\\0\"", 1, "malformed escape");
    REFUSED("\"\\u00g0\"", 1, "malformed escape");
    REFUSED("\"\\u00\"", 1, "malformed escape");
    REFUSED("'a'", 0, "expected a value");
}

static void unicode(void **state) /* §8.1, §8.2 */
{
    (void)state;
    REFUSED("\"\\ud800\"", 1, "lone surrogate");
    REFUSED("\"a\\udc00\"", 2, "lone surrogate");
    REFUSED("\"\\ud800\\n\"", 1, "lone surrogate");
    REFUSED("\"\\ud800\\ud800\"", 1, "lone surrogate");
    REFUSED("\"\\ud800\\u\"", 1, "lone surrogate");
    REFUSED("\"ab\xFF\"", 3, "invalid UTF-8");
    REFUSED("\"ab\xC0\x80\"", 3, "invalid UTF-8");
    REFUSED("\"\xED\xA0\x80\"", 1, "invalid UTF-8");
    REFUSED("\"0123456789abcdef\\n\xC3\"", 19, "invalid UTF-8");
}

static void numbers(void **state) /* §6 */
{
    (void)state;
    EXPECT("[0,-0,1,-1,0.5,1e2,1E+2,1e-2,12.50,9007199254740992,-9007199254740992]",
           "[0,-0,1,-1,0.5,100,100,0.01,12.5,9007199254740992,-9007199254740992]");
    EXPECT("[1e22,1.7976931348623157e308,5e-324,0e999,0.1,3.14159,1e-7]",
           "[1e+22,1.7976931348623157e+308,4.94065645841247e-324,0,0.1,3.14159,0.0000001]");
    EXPECT("[100000000000000000000,18446744073709551616]", "[1e+20,1.8446744073709552e+19]");
    REFUSED("01", 0, "malformed number");
    REFUSED("-", 0, "malformed number");
    REFUSED("-a", 0, "malformed number");
    REFUSED("1.", 0, "malformed number");
    REFUSED("1.e1", 0, "malformed number");
    REFUSED("1e", 0, "malformed number");
    REFUSED("1e+", 0, "malformed number");
    REFUSED(".5", 0, "expected a value");
    REFUSED("+1", 0, "expected a value");
    REFUSED("0x10", 1, "something behind the value");
    REFUSED("[1e400]", 1, "number does not fit");
    REFUSED("-1e999999999999999999999", 0, "number does not fit");
    REFUSED("1e-400", 0, "number does not fit");
    REFUSED("9007199254740993", 0, "number does not fit");
    REFUSED("12345678901234567890", 0, "number does not fit");
    REFUSED("100000000000000000001", 0, "number does not fit");
}

static double reread(double number)
{
    struct buf out = {0};
    struct json j = {0};
    assert_true(json_write_number(&out, number));
    assert_true(json_parse(&j, buf_str(&out)));
    assert_int_equal(j.count, 1);
    double back = j.tokens[0].as.number;
    assert_true(back == strtod(buf_cstr(&out), NULL));
    json_free(&j);
    buf_free(&out);
    return back;
}

static void numbers_come_back(void **state)
{
    static const double special[] = {0.1,   1.0 / 3, DBL_MAX, DBL_MIN, DBL_TRUE_MIN,     123456.789,       1e15 + 0.3,
                                     1e300, 4.35,    2.675,   1e-5,    9007199254740991, 9007199254740992, 1e22,
                                     1e23,  0.3,     5e-324,  1e21};
    uint64_t random = 88172645463325252u;
    (void)state;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        assert_true(reread(special[i]) == special[i]);
        assert_true(reread(-special[i]) == -special[i]);
    }
    for (int i = 0; i < 200000; i++) { /* xorshift64 */
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        double bits, decimal = (double)(random % 1000000000) / 10000;
        memcpy(&bits, &random, sizeof bits);
        if (isfinite(bits))
            assert_true(reread(bits) == bits);
        assert_true(reread(decimal) == decimal);
    }
}

static void the_shortest_text_of_a_decimal(void **state)
{
    struct buf out = {0};
    (void)state;
    json_write_number(&out, 0.1);
    buf_append_char(&out, ' ');
    json_write_number(&out, -12.25);
    buf_append_char(&out, ' ');
    json_write_number(&out, 0.001);
    buf_append_char(&out, ' ');
    json_write_number(&out, 4.35);
    assert_string_equal(buf_cstr(&out), "0.1 -12.25 0.001 4.35");
    assert_false(json_write_number(&out, NAN));
    assert_false(json_write_number(&out, INFINITY));
    assert_false(json_write_number(&out, -INFINITY));
    assert_false(json_write_string(&out, STR("\xFF")));
    buf_free(&out);
}

static void one_parser_reads_many_texts(void **state)
{
    struct json j = {0};
    (void)state;
    assert_true(json_parse(&j, STR("[\"\\n\",1,2,3]")));
    assert_false(json_parse(&j, STR("[\"\\n\",")));
    assert_true(json_parse(&j, STR("7")));
    assert_int_equal(j.count, 1);
    json_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(containers),
        cmocka_unit_test(depth),
        cmocka_unit_test(strings),
        cmocka_unit_test(unicode),
        cmocka_unit_test(numbers),
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(the_shortest_text_of_a_decimal),
        cmocka_unit_test(one_parser_reads_many_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
