/* client/pg_sql and pg_statement: what may run on a shared connection, and the bounded memory of statements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "client/pg_sql.h"
#include "client/pg_statement.h"

static void expect(const char *sql, enum pg_sql kind)
{
    assert_int_equal(pg_sql_kind(str_from(sql)), kind);
}

static void test_plain(void **state)
{
    (void)state;
    expect("SELECT 1", PG_SQL_PLAIN);
    expect("  -- set\n/* begin /* nested */ */ (select 1)", PG_SQL_PLAIN);
    expect("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", PG_SQL_PLAIN);
    expect("update settings set a = 1", PG_SQL_PLAIN);
    expect("create table temperatures()", PG_SQL_PLAIN);
    expect("select pg_advisory_xact_lock(1)", PG_SQL_PLAIN);
    expect("", PG_SQL_PLAIN);
    expect("/* never closed", PG_SQL_PLAIN);
}

static void test_what_leaves_something_behind(void **state)
{
    (void)state;
    expect("begin", PG_SQL_TRANSACTION);
    expect(" /*x*/COMMIT;", PG_SQL_TRANSACTION);
    expect("-- a\nRollback to s", PG_SQL_TRANSACTION);
    expect("SET timezone = 'UTC'", PG_SQL_SESSION);
    expect("listen x", PG_SQL_SESSION);
    expect("PREPARE p AS SELECT 1", PG_SQL_SESSION);
    expect("create TEMP table t()", PG_SQL_SESSION);
    expect("create temporary view v as select 1", PG_SQL_SESSION);
    expect("select set_config('a.b', 'c', false)", PG_SQL_SESSION);
    expect("SELECT Pg_Advisory_Lock(1)", PG_SQL_SESSION);
    expect("copy t from stdin", PG_SQL_COPY);
}

static void test_statements_are_found_again(void **state)
{
    (void)state;
    struct pg_statements *all = mem_zalloc(sizeof *all);
    uint32_t number = pg_statement_get(all, STR("select 1"))->number;
    assert_int_equal(pg_statement_get(all, STR("select 1"))->number, number);
    assert_int_not_equal(pg_statement_get(all, STR("select 2"))->number, number);
    pg_statements_free(all);
    free(all);
}

/* The one unused for longest makes room; those in use stay. */
static void test_statements_are_bounded(void **state)
{
    (void)state;
    struct pg_statements *all = mem_zalloc(sizeof *all);
    struct pg_statement *used = pg_statement_get(all, STR("often")), *unused = pg_statement_get(all, STR("once"));
    uint32_t often = used->number, once = unused->number, place = unused->index;
    for (int i = 0; i < 3 * PG_STATEMENTS_MAX; i++) {
        char sql[32];
        int n = snprintf(sql, sizeof sql, "select %d", i);
        pg_statement_get(all, str_of(sql, (size_t)n));
        assert_int_equal(pg_statement_get(all, STR("often"))->number, often);
    }
    assert_int_equal(all->count, PG_STATEMENTS_MAX);
    assert_null(pg_statement_find(all, place, once));
    assert_int_not_equal(pg_statement_get(all, STR("once"))->number, once);
    pg_statements_free(all);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_what_leaves_something_behind),
        cmocka_unit_test(test_statements_are_found_again),
        cmocka_unit_test(test_statements_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
