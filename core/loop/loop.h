/* loop/loop.h: the event loop of one process, a thin layer over libevent. One thread runs it; nothing on it blocks. */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>

struct loop;
struct event_base;
struct timer;

/* Returns a new loop, or NULL when the system gives no epoll descriptor or no memory. */
struct loop *loop_new(void);

/* Frees a loop that does not run. Watches and timers must be stopped before; deferred calls that are left are dropped.
 */
void loop_free(struct loop *loop);

/* Runs turns until loop_stop. A turn waits for events, runs their callbacks, then the deferred calls. */
void loop_run(struct loop *loop);

/* Runs one turn. With wait = false it only takes what is ready. For tests and for processes that pump by hand. */
void loop_turn(struct loop *loop, bool wait);

/* Ends loop_run after the turn that runs. */
void loop_stop(struct loop *loop);

/* Calls fn(arg) at the end of this turn, before the loop waits again. Calls made from a deferred call run in the same
 * sweep, but after SWEEP_ROUNDS rounds what is left goes to the next turn, so that sockets are served in between. */
void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg);

/* Drops every deferred call of fn with arg: for whoever frees arg. */
void loop_undefer(struct loop *loop, void (*fn)(void *arg), void *arg);

/* The libevent base, for libraries that bring an adapter of their own. */
struct event_base *loop_event_base(struct loop *loop);

/* Must be called first by every callback that libevent makes outside watch and timer: refreshes the turn's clock. */
void loop_enter(struct loop *loop);

/* The heap of timers; only timer.c uses these. */
struct timer_heap {
    struct timer **slots; /* 4-ary heap by armed time */
    unsigned count, capacity;
};
struct timer_heap *loop_timers(struct loop *loop);
void loop_timers_changed(struct loop *loop);

#endif
