/* Slices, buffers, arenas. */
#include "base/arena.h"
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void slices(void **state)
{
    uint64_t value;
    struct str rest = STR("a,,b");
    (void)state;
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a"), STR("ab")));
    assert_true(str_eq(STR_NULL, STR("")));
    assert_true(str_ieq(STR("Content-LENGTH"), STR("content-length")));
    assert_false(str_ieq(STR("@"), STR("`"))); /* differ in the bit that tells letters apart */
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_eq(str_trim(STR(" \t a b\t ")), STR("a b")));
    assert_int_equal(str_trim(STR(" \t")).n, 0);
    assert_true(str_eq(str_cut(&rest, ','), STR("a")));
    assert_true(str_eq(str_cut(&rest, ','), STR("")));
    assert_true(str_eq(str_cut(&rest, ','), STR("b")));
    assert_null(rest.p);
    assert_true(str_to_u64(STR("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
    assert_false(str_to_u64(STR("18446744073709551616"), &value));
    assert_false(str_to_u64(STR("99999999999999999999"), &value));
    assert_false(str_to_u64(STR(""), &value));
    assert_false(str_to_u64(STR("+1"), &value));
    assert_false(str_to_u64(STR(" 1"), &value));
    assert_false(str_to_u64(STR("1x"), &value));
}

static void buffers(void **state)
{
    struct buf b = {0};
    (void)state;
    buf_append_str(&b, STR("abc"));
    buf_append_char(&b, 'd');
    buf_append_u64(&b, 0);
    buf_append_u64(&b, UINT64_MAX);
    buf_printf(&b, "%s-%d", "x", -1);
    assert_string_equal(buf_cstr(&b), "abcd018446744073709551615x--1");
    buf_consume(&b, 4);
    assert_string_equal(buf_cstr(&b), "018446744073709551615x--1");
    buf_consume(&b, b.len);
    assert_int_equal(b.len, 0);
    for (int i = 0; i < 100000; i++)
        buf_append(&b, "0123456789", 10);
    assert_int_equal(b.len, 1000000);
    assert_memory_equal(b.data + 999990, "0123456789", 10);
    buf_free(&b);
    assert_null(b.data);
    buf_append(&b, NULL, 0);
    assert_null(b.data);
}

static void arenas(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 256);
    char *first = arena_alloc(&a, 1), *second = arena_alloc(&a, 1);
    assert_int_equal((uintptr_t)first % 16, 0);
    assert_int_equal(second - first, 16);
    assert_string_equal(arena_dup(&a, "copy", 4), "copy");
    char *large = arena_zalloc(&a, 10000);
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(large[i], 0);
    memset(large, 1, 10000);
    for (int i = 0; i < 100; i++)
        memset(arena_alloc(&a, 100), 2, 100);
    arena_reset(&a);
    assert_ptr_equal(arena_alloc(&a, 1), first); /* the first block stays */
    arena_free(&a);
    assert_true(str_eq(arena_dup_str(&a, STR("again")), STR("again")));
    arena_free(&a);
    arena_reset(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices),
        cmocka_unit_test(buffers),
        cmocka_unit_test(arenas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
