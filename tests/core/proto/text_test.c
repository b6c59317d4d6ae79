/* The small ones: UTF-8, URLs, field names, responses out, event streams. */
#include "base/clock.h"
#include "proto/chars.h"
#include "proto/field.h"
#include "proto/http1_out.h"
#include "proto/sse.h"
#include "proto/url.h"
#include "proto/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void utf8(void **state) /* RFC 3629 §4 */
{
    static const char *const good[] = {"",
                                       "abc",
                                       "0123456789abcdef\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x41",
                                      "\xE0\x9F\xBF",
                                      "\xE0\xA0",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "0123456789abcdef\xFE",
                                      "\xE2\x82",
                                      "a\xE2\x28\xA1"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_valid(str_from(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(str_from(bad[i])));
    assert_int_equal(utf8_valid_prefix(STR("ab\xE2\x82")), 2);
    assert_int_equal(utf8_valid_prefix(STR("ab\xE2\x82z")), 2);
    assert_int_equal(utf8_valid_prefix(STR("ab\xFFz")), 2);
    assert_int_equal(utf8_valid_prefix(STR("ab\xC3\xA4")), 4);
}

static void every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char text[4];
        size_t n = utf8_encode(c, text);
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        assert_true(utf8_valid(str_of(text, n)) == !surrogate);
    }
}

/* The classes, built again from the grammars. */
static void classes_of_octets(void **state)
{
    static const char tchar[] = "!#$%&'*+-.^_`|~", unreserved[] = "-._~", sub_delims[] = "!$&'()*+,;=";
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool digit = c >= '0' && c <= '9', alpha = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool alnum = digit || alpha, visible = c > 0x20 && c < 0x7F;
        unsigned expected = 0;
        expected |= alnum || (c && strchr(tchar, c)) ? CHAR_TOKEN : 0;              /* RFC 9110 §5.6.2 */
        expected |= c == '\t' || c == ' ' || visible || c >= 0x80 ? CHAR_VALUE : 0; /* §5.5 */
        expected |= visible && !strchr("\"<>#", c) ? CHAR_QUERY : 0;
        expected |= visible && !strchr("\"<>#\\?", c) ? CHAR_PATH : 0;
        expected |= alnum || (c && (strchr(unreserved, c) || strchr(sub_delims, c))) ? CHAR_HOST : 0;
        expected |= digit ? CHAR_DIGIT : 0;
        expected |= (visible && c != '"') || c >= 0x80 ? CHAR_ETAG : 0;          /* §8.8.3 */
        expected |= alnum || (c && strchr(unreserved, c)) ? CHAR_UNRESERVED : 0; /* RFC 3986 §2.3 */
        assert_int_equal(http_chars[c], expected);
    }
}

static void scanning(void **state)
{
    char text[40];
    (void)state;
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < sizeof text; at++) {
            memset(text, 'x', sizeof text);
            text[at] = (char)c;
            const char *stop = scan_value(text, text + sizeof text);
            assert_ptr_equal(stop, http_chars[c] & CHAR_VALUE ? text + sizeof text : text + at);
            for (size_t i = 0; i < 4; i++) {
                int class = (int[]){CHAR_TOKEN, CHAR_HOST, CHAR_PATH, CHAR_QUERY}[i];
                stop = scan_words(text, text + sizeof text, class);
                assert_ptr_equal(stop, http_chars[c] & class ? text + sizeof text : text + at);
            }
        }
    }
}

static void field_names(void **state)
{
    (void)state;
    for (enum http_field id = 1; id < HTTP_FIELD_COUNT; id++) {
        char upper[64];
        struct str name = http_field_name(id);
        for (size_t i = 0; i < name.n; i++)
            upper[i] = (char)(name.p[i] >= 'a' && name.p[i] <= 'z' ? name.p[i] - 32 : name.p[i]);
        assert_int_equal(http_field_id(name), id);
        assert_int_equal(http_field_id(str_of(upper, name.n)), id);
        upper[0] = '~';
        assert_int_equal(http_field_id(str_of(upper, name.n)), HTTP_FIELD_OTHER);
    }
    assert_int_equal(http_field_id(STR("x")), HTTP_FIELD_OTHER);
    assert_int_equal(http_field_id(STR("")), HTTP_FIELD_OTHER);
    assert_true(http_list_has(STR("a, Close ,b"), STR("close")));
    assert_false(http_list_has(STR("a, closed"), STR("close")));
    assert_false(http_list_has(STR_NULL, STR("close")));
}

static void expect_decoded(struct str in, const char *expected)
{
    char out[64];
    size_t n;
    if (!expected) {
        assert_false(url_decode(in, out, &n));
        return;
    }
    assert_true(url_decode(in, out, &n));
    assert_true(str_eq(str_of(out, n), str_from(expected)));
}

static void percent_decoding(void **state) /* RFC 3986 §2.1 */
{
    (void)state;
    expect_decoded(STR("a%41%7e%C3%a4"), "aA~\xC3\xA4");
    expect_decoded(STR("a+b"), "a+b");
    expect_decoded(STR("%2541"), "%41"); /* once */
    expect_decoded(STR("%"), NULL);
    expect_decoded(STR("%4"), NULL);
    expect_decoded(STR("%4g"), NULL);
    expect_decoded(STR("%g4"), NULL);
    expect_decoded(STR("a%00"), NULL);
    expect_decoded(STR("%C3"), NULL);
    expect_decoded(STR("%C0%AF"), NULL);
    expect_decoded(STR("%ED%A0%80"), NULL);
}

static void plain_paths(void **state)
{
    (void)state;
    assert_true(url_path_is_plain(STR("/")));
    assert_true(url_path_is_plain(STR("/a/b.c/")));
    assert_true(url_path_is_plain(STR("/...")));
    assert_false(url_path_is_plain(STR("")));
    assert_false(url_path_is_plain(STR("a")));
    assert_false(url_path_is_plain(STR("/..")));
    assert_false(url_path_is_plain(STR("/a/../b")));
    assert_false(url_path_is_plain(STR("/./b")));
    assert_false(url_path_is_plain(STR("//b")));
    assert_false(url_path_is_plain(STR("/a\\b")));
    assert_false(url_path_is_plain(STR("/a\nb")));
}

static void authorities(void **state) /* RFC 9112 §3.2, RFC 3986 §3.2.2 */
{
    (void)state;
    assert_true(url_authority_valid(STR("example.org")));
    assert_true(url_authority_valid(STR("example.org:")));
    assert_true(url_authority_valid(STR("127.0.0.1:65535")));
    assert_true(url_authority_valid(STR("[2001:db8::1]:80")));
    assert_true(url_authority_valid(STR("a%2Db")));
    assert_false(url_authority_valid(STR("")));
    assert_false(url_authority_valid(STR(":80")));
    assert_false(url_authority_valid(STR("a:65536")));
    assert_false(url_authority_valid(STR("a:1:2")));
    assert_false(url_authority_valid(STR("a:-1")));
    assert_false(url_authority_valid(STR("[::1")));
    assert_false(url_authority_valid(STR("[::1]x")));
    assert_false(url_authority_valid(STR("[fe80::1%eth0]")));
    assert_false(url_authority_valid(STR("a%2")));
    assert_false(url_authority_valid(STR("a\xC3\xA4")));
}

static void responses(void **state) /* RFC 9112 §4, §7.1 */
{
    char out[HTTP1_LINES_MAX], *p;
    (void)state;
    p = http1_put_status(out, 200);
    p = http1_put_length(p, 18446744073709551615u);
    p = http1_put_field(p, STR("X-A"), STR("b c"));
    p = http1_put_field(p, STR("X-B"), STR_NULL);
    *http1_put_end(p) = '\0';
    assert_string_equal(out, "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\nX-A: b c\r\nX-B: \r\n\r\n");
    p = http1_put_status(out, 299);
    p = http1_put_chunked(p);
    p = http1_put_chunk_size(p, 17);
    p = http1_put_chunk_size(p, SIZE_MAX);
    p = http1_put_last_chunk(p);
    *http1_put_end(p) = '\0';
    assert_string_equal(out, "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\n11\r\nffffffffffffffff\r\n0\r\n\r\n");
    assert_true(str_eq(http_reason(422), STR("Unprocessable Content")));
    assert_true(str_eq(http_reason(599), STR("")));
    assert_true(str_eq(http_reason(9999), STR("")));
}

static void dates(void **state) /* RFC 9110 §5.6.7 */
{
    char text[HTTP_DATE_SIZE];
    char line[HTTP1_LINES_MAX];
    (void)state;
    clock_format_http(784111777, text);
    assert_memory_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT", HTTP_DATE_SIZE);
    clock_format_http(951782400, text);
    assert_memory_equal(text, "Tue, 29 Feb 2000 00:00:00 GMT", HTTP_DATE_SIZE);
    assert_ptr_equal(http1_put_date(line), line + 6 + HTTP_DATE_SIZE + 2);
    assert_memory_equal(line, "Date: ", 6);
}

static void events(void **state) /* WHATWG HTML §9.2.5, §9.2.6 */
{
    struct buf out = {0};
    (void)state;
    assert_true(sse_write(&out, STR("a\nb\r\nc\rd"), STR("note"), STR("7")));
    assert_true(sse_write(&out, STR(""), STR(""), STR("")));
    assert_true(sse_write(&out, STR("x\n"), STR(""), STR("")));
    sse_write_keepalive(&out);
    assert_string_equal(buf_cstr(&out), "id: 7\nevent: note\ndata: a\ndata: b\ndata: c\ndata: d\n\n"
                                        "data: \n\ndata: x\ndata: \n\n:\n\n");
    buf_clear(&out);
    assert_false(sse_write(&out, STR("x"), STR("a\nb"), STR("")));
    assert_false(sse_write(&out, STR("x"), STR(""), STR("a\rb")));
    assert_false(sse_write(&out, STR("x"), STR(""), STR("a\0")));
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8),        cmocka_unit_test(every_code_point), cmocka_unit_test(classes_of_octets),
        cmocka_unit_test(scanning),    cmocka_unit_test(field_names),      cmocka_unit_test(percent_decoding),
        cmocka_unit_test(plain_paths), cmocka_unit_test(authorities),      cmocka_unit_test(responses),
        cmocka_unit_test(dates),       cmocka_unit_test(events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
