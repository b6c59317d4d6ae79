/* loop/timer.h: timers embedded in their owner. Starting, moving and stopping cost no system call and no memory. */
#ifndef LOOP_TIMER_H
#define LOOP_TIMER_H

#include <stdbool.h>

struct loop;
struct timer_heap;

struct timer {
    double at;     /* when fn is due, monotonic seconds; 0: not wanted */
    double armed;  /* its place in the heap, never later than at */
    unsigned slot; /* index in the heap + 1; 0: not in it */
    struct loop *loop;
    void (*fn)(struct timer *t);
};

/* Must come first; the timer does not run yet. */
void timer_init(struct timer *t, struct loop *loop, void (*fn)(struct timer *t));

/* (Re)starts it: fn runs once, this many seconds from now (the turn's clock), never earlier. Moving a running timer to
 * a later time only writes a number: what a connection does at every request. fn may start or stop any timer and may
 * free its owner. */
void timer_start(struct timer *t, double seconds);

/* The same with a point of clock_now(). */
void timer_start_at(struct timer *t, double at);

/* fn will not run. The timer keeps its place in the heap: cheaper than timer_stop for owners that soon start it again,
 * but it must be stopped before its memory is freed. */
void timer_pause(struct timer *t);

/* fn will not run, and the memory may be freed. */
void timer_stop(struct timer *t);

static inline bool timer_running(const struct timer *t)
{
    return t->at != 0;
}

/* For loop.c: when the first is due (0: none), and run those that are. */
double timer_earliest(const struct timer_heap *heap);
void timer_run_due(struct timer_heap *heap);

#endif
