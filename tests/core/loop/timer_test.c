/* Timers and deferred calls: order, moving, pausing, starting and stopping from inside a timer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/timer.h"

enum { MANY = 200 };

struct probe {
    struct timer timer;
    double wanted;
    int fired;
    struct probe *other;
};

static struct loop *loop;
static int fired_total;
static double fired_last;

static struct probe *probe_of(struct timer *t)
{
    return (struct probe *)t;
}

static void on_fire(struct timer *t)
{
    struct probe *p = probe_of(t);
    assert_true(clock_now() >= p->wanted);
    assert_true(p->wanted >= fired_last);
    fired_last = p->wanted;
    p->fired++;
    fired_total++;
}

static void run_until(const int *value, int wanted)
{
    clock_refresh();
    double deadline = clock_now() + 20;
    while (*value < wanted && clock_now() < deadline)
        loop_turn(loop, true);
    assert_int_equal(*value, wanted);
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_new();
    fired_total = 0;
    fired_last = 0;
    clock_refresh();
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

static void fires_in_order(void **state)
{
    (void)state;
    static struct probe probes[MANY];
    for (int i = 0; i < MANY; i++) {
        struct probe *p = &probes[i];
        timer_init(&p->timer, loop, on_fire);
        double seconds = (i * 37 % MANY) * 0.0005;
        p->wanted = clock_now() + seconds;
        timer_start_at(&p->timer, p->wanted);
    }
    for (int i = 0; i < MANY; i += 4)
        timer_stop(&probes[i].timer);
    run_until(&fired_total, MANY - MANY / 4);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(probes[i].fired, i % 4 != 0);
}

static void moved_later_fires_once_at_the_later_time(void **state)
{
    (void)state;
    struct probe p = {0};
    timer_init(&p.timer, loop, on_fire);
    timer_start(&p.timer, 0.001);
    p.wanted = clock_now() + 0.02;
    timer_start_at(&p.timer, p.wanted);
    run_until(&fired_total, 1);
    assert_false(timer_running(&p.timer));
}

static void moved_earlier_fires_at_the_earlier_time(void **state)
{
    (void)state;
    struct probe p = {0}, late = {0};
    timer_init(&p.timer, loop, on_fire);
    timer_init(&late.timer, loop, on_fire);
    timer_start(&p.timer, 1000);
    late.wanted = clock_now() + 0.02;
    timer_start_at(&late.timer, late.wanted);
    p.wanted = clock_now() + 0.001;
    timer_start_at(&p.timer, p.wanted);
    run_until(&fired_total, 2);
}

static void paused_does_not_fire(void **state)
{
    (void)state;
    struct probe p = {0}, marker = {0};
    timer_init(&p.timer, loop, on_fire);
    timer_init(&marker.timer, loop, on_fire);
    timer_start(&p.timer, 0.001);
    timer_pause(&p.timer);
    timer_start(&marker.timer, 0.005);
    run_until(&fired_total, 1);
    assert_int_equal(p.fired, 0);
    timer_stop(&p.timer);
}

static void on_fire_stop_other(struct timer *t)
{
    struct probe *p = probe_of(t);
    p->fired++;
    fired_total++;
    timer_stop(&p->other->timer);
}

static void may_stop_another_due_in_the_same_turn(void **state)
{
    (void)state;
    struct probe a = {0}, b = {0};
    timer_init(&a.timer, loop, on_fire_stop_other);
    timer_init(&b.timer, loop, on_fire_stop_other);
    a.other = &b;
    b.other = &a;
    timer_start(&a.timer, 0);
    timer_start(&b.timer, 0);
    run_until(&fired_total, 1);
    loop_turn(loop, false);
    assert_int_equal(fired_total, 1);
}

static void on_fire_again(struct timer *t)
{
    fired_total++;
    timer_start(t, 0);
}

static void started_again_with_zero_waits_for_the_next_turn(void **state)
{
    (void)state;
    struct probe p = {0};
    timer_init(&p.timer, loop, on_fire_again);
    timer_start(&p.timer, 0);
    run_until(&fired_total, 1);
    run_until(&fired_total, 2);
    timer_stop(&p.timer);
}

static int swept;

static void count_sweep(void *arg)
{
    (void)arg;
    swept++;
}

static void defer_count(void *arg)
{
    loop_defer(loop, count_sweep, arg);
}

static void deferred_calls_run_in_the_same_turn_and_can_be_dropped(void **state)
{
    (void)state;
    int a, b;
    swept = 0;
    loop_defer(loop, defer_count, &a);
    loop_defer(loop, count_sweep, &b);
    loop_defer(loop, count_sweep, &b);
    loop_undefer(loop, count_sweep, &b);
    loop_turn(loop, true);
    assert_int_equal(swept, 1);
}

static void defer_again(void *arg)
{
    swept++;
    loop_defer(loop, defer_again, arg);
}

static void endless_deferring_does_not_hold_the_turn(void **state)
{
    (void)state;
    swept = 0;
    loop_defer(loop, defer_again, NULL);
    loop_turn(loop, true);
    int first = swept;
    assert_true(first > 0);
    loop_turn(loop, true);
    assert_true(swept > first);
    loop_undefer(loop, defer_again, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fires_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(moved_later_fires_once_at_the_later_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(moved_earlier_fires_at_the_earlier_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(paused_does_not_fire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(may_stop_another_due_in_the_same_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(started_again_with_zero_waits_for_the_next_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deferred_calls_run_in_the_same_turn_and_can_be_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(endless_deferring_does_not_hold_the_turn, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
