/* multipart/form-data, split anywhere (RFC 7578, RFC 2046 §5.1). */
#include "proto/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TYPE "multipart/form-data; boundary=XyZ"

/* Feeds pieces of `step` octets, each from its own block, and writes down what comes out. */
static char *read_all(struct str type, struct str input, size_t step, uint32_t parts_max)
{
    struct multipart m;
    struct buf seen = {0};
    enum multipart_event event = MULTIPART_MORE;
    assert_true(multipart_init(&m, type, parts_max));
    for (size_t from = 0; from < input.n && event != MULTIPART_ERROR; from += step) {
        size_t n = input.n - from < step ? input.n - from : step, at = 0, consumed;
        char *exact = malloc(n);
        struct str data;
        memcpy(exact, input.p + from, n);
        while ((event = multipart_next(&m, str_of(exact + at, n - at), &consumed, &data)) != MULTIPART_MORE) {
            at += consumed;
            if (event == MULTIPART_PART)
                buf_printf(&seen, "<%.*s|%.*s|%.*s:", STR_ARG(m.name), m.filename.p ? (int)m.filename.n : 1,
                           m.filename.p ? m.filename.p : "-", m.type.p ? (int)m.type.n : 1, m.type.p ? m.type.p : "-");
            else if (event == MULTIPART_DATA)
                buf_append_str(&seen, data);
            else if (event == MULTIPART_LAST)
                buf_append_char(&seen, '>');
            else if (event == MULTIPART_END)
                buf_append_char(&seen, '.');
            else
                buf_printf(&seen, "! %s", m.reason);
            if (event == MULTIPART_ERROR)
                break;
        }
        free(exact);
    }
    assert_true(event == MULTIPART_ERROR || multipart_complete(&m) == (seen.len && seen.data[seen.len - 1] == '.'));
    multipart_free(&m);
    return buf_cstr(&seen);
}

static void check_limited(struct str type, struct str input, uint32_t parts_max, const char *expected)
{
    for (size_t step = 1; step <= input.n; step++) {
        char *seen = read_all(type, input, step, parts_max);
        assert_string_equal(seen, expected);
        free(seen);
    }
}

#define CHECK(input, expected) check_limited(STR(TYPE), STR(input), 10, expected)
#define PART(head, content) "--XyZ\r\n" head "\r\n\r\n" content "\r\n"
#define FIELD(name, content) PART("Content-Disposition: form-data; name=\"" name "\"", content)

static void parts(void **state) /* RFC 7578 §4 */
{
    (void)state;
    CHECK(FIELD("a", "1") FIELD("b", "") "--XyZ--\r\n", "<a|-|-:1><b|-|-:>.");
    CHECK("preamble\r\n" FIELD("a", "1") "--XyZ--\r\nepilogue --XyZ\r\n", "<a|-|-:1>.");
    CHECK(PART("content-disposition: FORM-DATA; filename=\"f;x.png\"; name=a\r\nContent-Type: image/png\r\nX-Other: 1",
               "\x89PNG") "--XyZ--",
          "<a|f;x.png|image/png:\x89PNG>.");
    CHECK(PART("Content-Disposition: form-data; name=\"\"; filename=\"\"", "x") "--XyZ--", "<||-:x>.");
    CHECK("--XyZ \t\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--XyZ--", "<a|-|-:x>.");
    CHECK("--XyZ--", ".");
}

static void content_that_looks_like_a_delimiter(void **state) /* RFC 2046 §5.1.1 */
{
    (void)state;
    CHECK(FIELD("a", "\r\r\n\r\n-\r\n--\r\n--Xy\r\n--Xy\r\n\n--XyZ") "--XyZ--",
          "<a|-|-:\r\r\n\r\n-\r\n--\r\n--Xy\r\n--Xy\r\n\n--XyZ>.");
    CHECK(FIELD("a", "x--XyZ") "--XyZ--", "<a|-|-:x--XyZ>.");
    CHECK(FIELD("a", "\r") "--XyZ--", "<a|-|-:\r>.");
}

static void escaped_names(void **state) /* WHATWG HTML §4.10.21.8, RFC 9110 §5.6.4 */
{
    (void)state;
    CHECK(FIELD("%22a%0D%0Ab%22%41", "") "--XyZ--", "<\"a\r\nb\"%41|-|-:>.");
    CHECK(FIELD("\\\"a\\\\\\b", "") "--XyZ--", "<\"a\\\\b|-|-:>.");
    CHECK(FIELD("\xC3\xA4", "") "--XyZ--", "<\xC3\xA4|-|-:>.");
}

static void malformed(void **state)
{
    (void)state;
    CHECK("--XyZ\r\n\r\nx\r\n--XyZ--", "! part without a name");
    CHECK(PART("Content-Type: text/plain", "x") "--XyZ--", "! part without a name");
    CHECK(PART("Content-Disposition: attachment; name=\"a\"", "x") "--XyZ--", "! malformed part head");
    CHECK(PART("Content-Disposition: form-data", "x") "--XyZ--", "! malformed part head");
    CHECK(PART("Content-Disposition: form-data; name=\"a", "x") "--XyZ--", "! malformed part head");
    CHECK(PART("Content-Disposition: form-data; name=\"a\"; name=\"b\"", "x") "--XyZ--", "! malformed part head");
    CHECK(PART("Content-Disposition: form-data; name=\"\xFF\"", "x") "--XyZ--", "! malformed part head");
    CHECK(PART("Content-Disposition: form-data; name=\"a\"\r\n folded", "x") "--XyZ--", "! malformed part head");
    CHECK(PART("Content-Disposition : form-data; name=\"a\"", "x") "--XyZ--", "! malformed part head");
    CHECK(PART("Content-Disposition: form-data; name=\"a\"\nX: y", "x") "--XyZ--", "! malformed part head");
    CHECK(FIELD("a", "x") "--XyZw\r\n", "<a|-|-:x>! malformed delimiter");
    CHECK(FIELD("a", "x") "--XyZ-\r\n", "<a|-|-:x>! malformed delimiter");
    CHECK(FIELD("a", "x") "--XyZ\n", "<a|-|-:x>! malformed delimiter");
}

static void limits(void **state)
{
    struct buf input = {0};
    (void)state;
    check_limited(STR(TYPE), STR(FIELD("a", "") FIELD("b", "") FIELD("c", "")), 2, "<a|-|-:><b|-|-:>! too many parts");
    buf_append_str(&input, STR("--XyZ\r\nX: "));
    for (int i = 0; i < MULTIPART_HEAD_MAX; i++)
        buf_append_char(&input, 'x');
    for (size_t step = 1; step < 20000; step += 997) {
        char *seen = read_all(STR(TYPE), buf_str(&input), step, 1);
        assert_string_equal(seen, "! part head too large");
        free(seen);
    }
    buf_free(&input);
}

static void a_truncated_body_is_not_complete(void **state)
{
    (void)state;
    CHECK(FIELD("a", "1") "--XyZ", "<a|-|-:1>");
    CHECK("--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n12", "<a|-|-:12");
}

static void content_types(void **state) /* RFC 2046 §5.1.1 */
{
    struct multipart m;
    (void)state;
    assert_true(multipart_init(&m, STR("Multipart/Form-Data;charset=utf-8; BOUNDARY=\"a b:c\""), 1));
    assert_true(multipart_init(&m, STR("multipart/form-data; boundary=----WebKitFormBoundary7MA4"), 1));
    assert_false(multipart_init(&m, STR_NULL, 1));
    assert_false(multipart_init(&m, STR("multipart/form-data"), 1));
    assert_false(multipart_init(&m, STR("multipart/form-data; boundary="), 1));
    assert_false(multipart_init(&m, STR("multipart/form-data; boundary=\"\""), 1));
    assert_false(multipart_init(&m, STR("multipart/form-data; boundary=\"a \""), 1));
    assert_false(multipart_init(&m, STR("multipart/form-data; boundary=\"a\\\"\""), 1));
    assert_false(multipart_init(&m, STR("multipart/form-data; boundary=a; boundary=b"), 1));
    assert_false(multipart_init(&m, STR("multipart/form-data; boundary=a junk"), 1));
    assert_false(multipart_init(&m, STR("multipart/mixed; boundary=a"), 1));
    assert_false(multipart_init(
        &m,
        STR("multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789x"),
        1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),         cmocka_unit_test(content_that_looks_like_a_delimiter),
        cmocka_unit_test(escaped_names), cmocka_unit_test(malformed),
        cmocka_unit_test(limits),        cmocka_unit_test(a_truncated_body_is_not_complete),
        cmocka_unit_test(content_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
