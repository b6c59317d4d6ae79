/* Metrics in shared memory: between processes, between threads, as text. */
#include "base/counter.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void text_of_two_workers(void **state)
{
    struct counter_segment *segments[] = {counter_segment_new(), counter_segment_new()};
    static const double bounds[] = {0.1, 1};
    struct buf out = {0}, labels = {0};
    (void)state;
    counter_label(&labels, STR("route"), STR("GET /a\"b\\\n"));
    counter_label(&labels, STR("code"), STR("200"));
    for (int i = 0; i < 2; i++) {
        counter_add(counter_get(segments[i], COUNTER_COUNT, STR("requests_total"), buf_str(&labels)), 2);
        counter_set(counter_get(segments[i], COUNTER_GAUGE, STR("connections"), STR_NULL), 1.5);
        struct counter *h = counter_histogram(segments[i], STR("seconds"), STR("q=\"1\""), bounds, 2);
        counter_observe(h, 0.05);
        counter_observe(h, 0.1);
        counter_observe(h, 5);
    }
    counter_add(counter_get(segments[1], COUNTER_COUNT, STR("requests_total"), STR_NULL), 7);
    counter_dump(segments, 2, &out);
    assert_string_equal(buf_cstr(&out), "# TYPE connections gauge\nconnections 3\n"
                                        "# TYPE requests_total counter\nrequests_total 7\n"
                                        "requests_total{route=\"GET /a\\\"b\\\\\\n\",code=\"200\"} 4\n"
                                        "# TYPE seconds histogram\n"
                                        "seconds_bucket{q=\"1\",le=\"0.1\"} 4\n"
                                        "seconds_bucket{q=\"1\",le=\"1\"} 4\n"
                                        "seconds_bucket{q=\"1\",le=\"+Inf\"} 6\n"
                                        "seconds_sum{q=\"1\"} 10.300000000000001\n"
                                        "seconds_count{q=\"1\"} 6\n"
                                        "# TYPE toolbox_metrics_refused counter\ntoolbox_metrics_refused 0\n");
    counter_reset_gauges(segments[0]);
    buf_clear(&out);
    counter_dump(segments, 2, &out);
    assert_non_null(strstr(buf_cstr(&out), "connections 1.5\n"));
    assert_non_null(strstr(buf_cstr(&out), "requests_total 7\n"));
    buf_free(&out);
    buf_free(&labels);
    counter_segment_free(segments[0]);
    counter_segment_free(segments[1]);
}

static void counts_outlive_their_process(void **state)
{
    struct counter_segment *segment = counter_segment_new();
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        counter_add(counter_get(segment, COUNTER_COUNT, STR("born_in_the_child"), STR_NULL), 3);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(counter_value(counter_get(segment, COUNTER_COUNT, STR("born_in_the_child"), STR_NULL)) == 3);
    counter_segment_free(segment);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct counter_segment *segment = counter_segment_new();
    char name[COUNTER_NAME_MAX + 2];
    (void)state;
    memset(name, 'n', sizeof name);
    struct counter *refused = counter_get(segment, COUNTER_COUNT, str_of(name, sizeof name), STR_NULL);
    assert_ptr_equal(refused, counter_get(segment, COUNTER_COUNT, STR(""), STR_NULL));
    struct counter *c = counter_get(segment, COUNTER_COUNT, STR("kind"), STR_NULL);
    assert_ptr_equal(counter_get(segment, COUNTER_COUNT, STR("kind"), STR_NULL), c);
    assert_ptr_equal(counter_get(segment, COUNTER_GAUGE, STR("kind"), STR_NULL), refused);
    for (int i = 0; i < COUNTER_SLOTS + 10; i++) {
        int n = snprintf(name, sizeof name, "name_%d", i);
        counter_add(counter_get(segment, COUNTER_COUNT, str_of(name, (size_t)n), STR_NULL), 1);
    }
    assert_true(counter_value(refused) == 11);
    assert_ptr_equal(counter_get(segment, COUNTER_COUNT, STR("kind"), STR_NULL), c);
    counter_segment_free(segment);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count_up(void *segment)
{
    for (int i = 0; i < ROUNDS; i++)
        counter_add(counter_get(segment, COUNTER_COUNT, STR("shared"), STR_NULL), 1);
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    struct counter_segment *segment = counter_segment_new();
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, segment), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(counter_value(counter_get(segment, COUNTER_COUNT, STR("shared"), STR_NULL)) == THREADS * ROUNDS);
    counter_segment_free(segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_two_workers),
        cmocka_unit_test(counts_outlive_their_process),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(nothing_is_lost_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
