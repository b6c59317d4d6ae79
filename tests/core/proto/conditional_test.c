/* Entity tags, preconditions, dates and ranges, each with its section of RFC 9110. */
#include "proto/conditional.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void dates(void **state) /* §5.6.7 */
{
    static const char *const same[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994"};
    static const char *const bad[] = {
        "",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Wed, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun Nov 16 08:49:37 94",
        "784111777",
    };
    time_t t;
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_true(http_date_parse(str_from(same[i]), &t));
        assert_int_equal(t, 784111777);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(http_date_parse(str_from(bad[i]), &t));
    assert_true(http_date_parse(STR("Thu, 29 Feb 2024 00:00:00 GMT"), &t));
    assert_int_equal(t, 1709164800);
}

static void tags(void **state) /* §8.8.3 */
{
    (void)state;
    assert_true(etag_valid(STR("\"\"")));
    assert_true(etag_valid(STR("W/\"a,b\"")));
    assert_false(etag_valid(STR("a")));
    assert_false(etag_valid(STR("w/\"a\"")));
    assert_false(etag_valid(STR("\"a\"b\"")));
    assert_false(etag_valid(STR("\"a b\"")));
    assert_false(etag_valid(STR("\"a")));
    assert_false(etag_valid(STR("W/")));
    assert_false(etag_valid(STR_NULL));
    /* §8.8.3.2's table */
    assert_false(etag_strong_equal(STR("W/\"1\""), STR("W/\"1\"")));
    assert_true(etag_weak_equal(STR("W/\"1\""), STR("W/\"1\"")));
    assert_false(etag_weak_equal(STR("W/\"1\""), STR("W/\"2\"")));
    assert_false(etag_strong_equal(STR("W/\"1\""), STR("\"1\"")));
    assert_true(etag_weak_equal(STR("W/\"1\""), STR("\"1\"")));
    assert_true(etag_strong_equal(STR("\"1\""), STR("\"1\"")));
}

enum { NOW = 784111777 };
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"

static const struct validators here = {{"\"v1\"", 4}, NOW, true}, absent = {{NULL, 0}, -1, false};

static int none_match(const char *list, bool safe)
{
    return precondition_check(&(struct preconditions){.if_none_match = str_from(list)}, &here, safe);
}

static int match(const char *list, const struct validators *v)
{
    return precondition_check(&(struct preconditions){.if_match = str_from(list)}, v, false);
}

static void if_none_match(void **state) /* §13.1.2 */
{
    (void)state;
    assert_int_equal(none_match("\"v1\"", true), 304);
    assert_int_equal(none_match("\"v1\"", false), 412);
    assert_int_equal(none_match("W/\"v1\"", true), 304);
    assert_int_equal(none_match("\"a,b\" , ,W/\"v1\"", true), 304);
    assert_int_equal(none_match("\"v2\"", true), 0);
    assert_int_equal(none_match("*", true), 304);
    assert_int_equal(none_match("v1", true), 0);
    assert_int_equal(none_match("\"x\" \"v1\"", true), 0);
    assert_int_equal(precondition_check(&(struct preconditions){.if_none_match = STR("*")}, &absent, false), 0);
}

static void if_match(void **state) /* §13.1.1 */
{
    (void)state;
    assert_int_equal(match("\"v1\"", &here), 0);
    assert_int_equal(match("\"v0\", \"v1\"", &here), 0);
    assert_int_equal(match("W/\"v1\"", &here), 412);
    assert_int_equal(match("\"v2\"", &here), 412);
    assert_int_equal(match("", &here), 412);
    assert_int_equal(match("*", &here), 0);
    assert_int_equal(match("*", &absent), 412);
    assert_int_equal(match("\"v1\"", &absent), 412);
}

static void dates_as_preconditions(void **state) /* §13.1.3, §13.1.4, §13.2.2 */
{
    struct preconditions p = {.if_modified_since = STR(DATE)};
    (void)state;
    assert_int_equal(precondition_check(&p, &here, true), 304);
    assert_int_equal(precondition_check(&p, &here, false), 0);
    p.if_modified_since = STR(BEFORE);
    assert_int_equal(precondition_check(&p, &here, true), 0);
    p.if_modified_since = STR("yesterday");
    assert_int_equal(precondition_check(&p, &here, true), 0);
    p = (struct preconditions){.if_unmodified_since = STR(BEFORE)};
    assert_int_equal(precondition_check(&p, &here, true), 412);
    p.if_unmodified_since = STR(DATE);
    assert_int_equal(precondition_check(&p, &here, true), 0);
    p.if_match = STR("\"v1\""); /* decides alone */
    p.if_unmodified_since = STR(BEFORE);
    assert_int_equal(precondition_check(&p, &here, true), 0);
    p = (struct preconditions){.if_none_match = STR("\"v2\""), .if_modified_since = STR(DATE)};
    assert_int_equal(precondition_check(&p, &here, true), 0);
}

static void expect_range(const char *range, uint64_t size, enum range_result result, uint64_t first, uint64_t last)
{
    uint64_t from = 0, to = 0;
    assert_int_equal(range_parse(str_from(range), STR_NULL, &here, size, &from, &to), result);
    if (result == RANGE_ONE) {
        assert_int_equal(from, first);
        assert_int_equal(to, last);
    }
}

static void ranges(void **state) /* §14.1.2 */
{
    (void)state;
    expect_range("bytes=0-499", 10000, RANGE_ONE, 0, 499);
    expect_range("Bytes=9500-", 10000, RANGE_ONE, 9500, 9999);
    expect_range("bytes=-500", 10000, RANGE_ONE, 9500, 9999);
    expect_range("bytes=-20000", 10000, RANGE_ONE, 0, 9999);
    expect_range("bytes=9999-20000", 10000, RANGE_ONE, 9999, 9999);
    expect_range("bytes=10000-", 10000, RANGE_UNSATISFIABLE, 0, 0);
    expect_range("bytes=-0", 10000, RANGE_UNSATISFIABLE, 0, 0);
    expect_range("bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0);
    expect_range("bytes=5-4", 10000, RANGE_NONE, 0, 0);
    expect_range("bytes=0-1,3-4", 10000, RANGE_NONE, 0, 0);
    expect_range("bytes=", 10000, RANGE_NONE, 0, 0);
    expect_range("bytes=-", 10000, RANGE_NONE, 0, 0);
    expect_range("bytes=a-b", 10000, RANGE_NONE, 0, 0);
    expect_range("bytes=1-99999999999999999999", 10000, RANGE_NONE, 0, 0);
    expect_range("items=0-1", 10000, RANGE_NONE, 0, 0);
    expect_range("", 10000, RANGE_NONE, 0, 0);
}

static enum range_result ranged_if(const char *if_range, const struct validators *v)
{
    uint64_t first, last;
    return range_parse(STR("bytes=0-0"), str_from(if_range), v, 10, &first, &last);
}

static void if_range(void **state) /* §13.1.5 */
{
    static const struct validators weak = {{"W/\"v1\"", 6}, NOW, true};
    (void)state;
    assert_int_equal(ranged_if("\"v1\"", &here), RANGE_ONE);
    assert_int_equal(ranged_if("\"v2\"", &here), RANGE_NONE);
    assert_int_equal(ranged_if("W/\"v1\"", &weak), RANGE_NONE);
    assert_int_equal(ranged_if(DATE, &here), RANGE_ONE);
    assert_int_equal(ranged_if(BEFORE, &here), RANGE_NONE);
    assert_int_equal(ranged_if("rubbish", &here), RANGE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),
        cmocka_unit_test(tags),
        cmocka_unit_test(if_none_match),
        cmocka_unit_test(if_match),
        cmocka_unit_test(dates_as_preconditions),
        cmocka_unit_test(ranges),
        cmocka_unit_test(if_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
