/* client: PostgreSQL and Redis that are not there. Every waiter gets an answer, in time or when the pool is closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/clock.h"
#include "client/pg_pool.h"
#include "client/redis_pool.h"
#include "loop/loop.h"
#include "loop/work.h"

static struct loop *loop;
static struct work *work;
static int answers;
static char code[32];

static int begin(void **state)
{
    (void)state;
    loop = loop_new();
    work = work_new(loop, 1, 16);
    return loop && work ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    work_free(work);
    loop_free(loop);
    return 0;
}

static void wait_for(int count)
{
    double limit = clock_precise() + 30;
    while (answers < count) {
        assert_true(clock_precise() < limit);
        loop_turn(loop, true);
    }
}

/* ---- PostgreSQL ---- */

static void on_query(struct pg_request *r)
{
    snprintf(code, sizeof code, "%s", r->error.code ? r->error.code : "none");
    answers++;
}

static void on_hold(struct pg_hold *hold, const struct pg_error *error)
{
    snprintf(code, sizeof code, "%s", error ? error->code : "none");
    answers++;
    pg_hold_release(hold);
}

static struct pg_pool *absent_database(struct pg_pools *all, const char *url)
{
    return pg_pools_add(all, &(struct pg_pool_options){.loop = loop,
                                                       .work = work,
                                                       .name = "absent",
                                                       .url = url,
                                                       .size = 2,
                                                       .connect_timeout = 1,
                                                       .query_timeout = 1});
}

static struct pg_request *query(struct pg_pool *pool)
{
    struct pg_request *r = pg_request_new(PG_STATEMENTS, 1);
    pg_request_add(r, STR("SELECT 1"), 0);
    r->on_done = on_query;
    r->owner = pool;
    pg_pool_submit(pool, r);
    return r;
}

static void test_database_is_absent(void **state)
{
    (void)state;
    static const char *const urls[] = {"postgresql:///x?host=/nonexistent", "postgresql://127.0.0.1:1/x",
                                       "postgresql://name.invalid/x", "postgresql://a,b/x", "nonsense=1"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct pg_pools *all = pg_pools_new();
        struct pg_pool *pool = absent_database(all, urls[i]);
        answers = 0;
        query(pool);
        pg_hold_new(pool, true, on_hold, NULL);
        wait_for(2);
        assert_string_equal(code, "unavailable");
        struct pg_pool_status status = pg_pool_status(pool);
        assert_false(status.ok);
        assert_true(status.reason && status.reason[0]);
        assert_int_equal(status.waiting, 0);
        pg_pools_free(all);
    }
}

static void test_closing_a_database_answers(void **state)
{
    (void)state;
    struct pg_pools *all = pg_pools_new();
    struct pg_pool *pool = absent_database(all, "postgresql:///x?host=/nonexistent");
    answers = 0;
    query(pool);
    query(pool)->owner = NULL; /* its task has gone: nobody is called */
    pg_hold_new(pool, false, on_hold, NULL);
    pg_pools_free(all);
    assert_int_equal(answers, 2);
    assert_string_equal(code, "unavailable");
}

/* ---- Redis ---- */

static void on_reply(struct redis_request *r, unsigned index, const redisReply *reply)
{
    (void)r, (void)index, (void)reply;
    fail_msg("nobody can have replied");
}

static void on_command(struct redis_request *r)
{
    snprintf(code, sizeof code, "%s", r->code ? r->code : "none");
    answers++;
}

static void ping(struct redis_pool *pool)
{
    struct redis_request *r = redis_request_new(pool, 1);
    redis_request_add(r, 1);
    redis_request_part(r, STR("PING"));
    r->on_reply = on_reply;
    r->on_done = on_command;
    r->owner = pool;
    redis_pool_submit(r);
}

static void test_redis_is_absent(void **state)
{
    (void)state;
    static const char *const urls[] = {"unix:/nonexistent", "redis://127.0.0.1:1", "redis://name.invalid/3"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        const char *error = NULL, *reason;
        struct redis_pool *pool = redis_pool_new(loop, work, urls[i], &error);
        assert_non_null(pool);
        answers = 0;
        ping(pool);
        wait_for(1);
        assert_string_equal(code, "unavailable");
        assert_false(redis_pool_ok(pool, &reason));
        ping(pool);
        redis_pool_free(pool); /* answers the second */
        assert_int_equal(answers, 2);
    }
}

static void test_redis_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"redis://h", "redis://u:p%40ss@h:1/2", "redis://:p@h", "redis://[::1]:6379",
                                       "unix:/x"};
    static const char *const bad[] = {"",
                                      "http://h",
                                      "redis://",
                                      "redis://h:x",
                                      "redis://h:65536",
                                      "redis://h/x",
                                      "redis://u@h",
                                      "redis://:%zz@h",
                                      "unix:",
                                      "redis://:1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *error = NULL;
        struct redis_pool *pool = redis_pool_new(loop, work, good[i], &error);
        assert_non_null(pool);
        redis_pool_free(pool);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *error = NULL;
        assert_null(redis_pool_new(loop, work, bad[i], &error));
        assert_non_null(error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_database_is_absent),
        cmocka_unit_test(test_closing_a_database_answers),
        cmocka_unit_test(test_redis_is_absent),
        cmocka_unit_test(test_redis_addresses),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
