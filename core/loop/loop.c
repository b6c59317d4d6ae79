/* loop/loop.c: turns of the loop and the sweep at their end. Owns the libevent base, the deferred calls and the one
 * libevent timer that stands for all of ours. Everything that waits in a worker hangs on one of these.
 *
 * A turn: libevent waits and runs callbacks -> the sweep of deferred calls -> timers that are due -> their sweep.
 * Objects inside their own callback are not freed there: they defer their end to the sweep. */
#include "loop/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/clock.h"
#include "loop/timer.h"

enum { SWEEP_ROUNDS = 16 };

struct deferred {
    void (*fn)(void *arg);
    void *arg;
};

struct deferred_list {
    struct deferred *calls;
    unsigned count, capacity;
};

struct loop {
    struct event_base *base;
    struct event tick; /* fires when the earliest timer is due */
    double tick_at;    /* 0 when not armed */
    bool fresh;        /* the clock was read in this turn */
    bool stopped;
    struct deferred_list next, now; /* collected; being run */
    struct timer_heap timers;
};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop *loop = arg;
    loop->tick_at = 0;
    loop_enter(loop);
}

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return NULL;
    struct event_config *config = event_config_new();
    if (!config)
        goto err;
    /* One thread: no locks. The changelist merges a delete and an add of the same turn into one system call. */
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!loop->base)
        goto err;
    event_assign(&loop->tick, loop->base, -1, 0, on_tick, loop);
    clock_refresh();
    return loop;
err:
    free(loop);
    return NULL;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    event_del(&loop->tick);
    event_base_free(loop->base);
    free(loop->timers.slots);
    free(loop->next.calls);
    free(loop->now.calls);
    free(loop);
}

struct event_base *loop_event_base(struct loop *loop)
{
    return loop->base;
}

struct timer_heap *loop_timers(struct loop *loop)
{
    return &loop->timers;
}

void loop_enter(struct loop *loop)
{
    if (loop->fresh)
        return;
    loop->fresh = true;
    clock_refresh();
}

void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct deferred_list *list = &loop->next;
    if (list->count == list->capacity) {
        unsigned capacity = list->capacity ? list->capacity * 2 : 64;
        struct deferred *calls = realloc(list->calls, capacity * sizeof *calls);
        if (!calls)
            abort(); /* a lost deferred call is a lost close or wake: better a respawned worker */
        list->calls = calls;
        list->capacity = capacity;
    }
    list->calls[list->count++] = (struct deferred){fn, arg};
}

static void forget(struct deferred_list *list, void (*fn)(void *arg), void *arg)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->calls[i].fn == fn && list->calls[i].arg == arg)
            list->calls[i].fn = NULL;
}

void loop_undefer(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    forget(&loop->next, fn, arg);
    forget(&loop->now, fn, arg);
}

static void sweep(struct loop *loop)
{
    for (int round = 0; loop->next.count && round < SWEEP_ROUNDS; round++) {
        struct deferred_list calls = loop->next;
        loop->next = loop->now;
        loop->now = calls;
        for (unsigned i = 0; i < loop->now.count; i++)
            if (loop->now.calls[i].fn)
                loop->now.calls[i].fn(loop->now.calls[i].arg);
        loop->now.count = 0;
    }
}

/* Arms libevent's timer for our earliest one; a tick that comes too early does no harm, so only an earlier one re-arms.
 */
void loop_timers_changed(struct loop *loop)
{
    double at = timer_earliest(&loop->timers);
    if (at == 0 || (loop->tick_at != 0 && loop->tick_at <= at))
        return;
    double wait = at - clock_now();
    if (wait < 0)
        wait = 0;
    wait += 0.0005; /* epoll counts whole milliseconds: not one turn too early */
    struct timeval tv = {.tv_sec = (time_t)wait, .tv_usec = (suseconds_t)((wait - (double)(time_t)wait) * 1e6)};
    event_add(&loop->tick, &tv);
    loop->tick_at = at;
}

void loop_turn(struct loop *loop, bool wait)
{
    bool block = wait && !loop->next.count && !loop->stopped;
    event_base_loop(loop->base, EVLOOP_ONCE | (block ? EVLOOP_NO_EXIT_ON_EMPTY : EVLOOP_NONBLOCK));
    loop_enter(loop);
    sweep(loop); /* what has come in before a limit of time may find it missing */
    timer_run_due(&loop->timers);
    sweep(loop);
    loop_timers_changed(loop);
    loop->fresh = false;
}

void loop_run(struct loop *loop)
{
    loop_timers_changed(loop);
    while (!loop->stopped)
        loop_turn(loop, true);
    loop->stopped = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
    event_base_loopbreak(loop->base);
}
