/* loop/poll.c: descriptors on the loop, over libevent's events. */
#include "loop/poll.h"

#include <event2/event.h>

#include "loop/loop.h"

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct watch *w = arg;
    loop_enter(w->loop);
    unsigned events = 0;
    if (what & EV_READ)
        events |= WATCH_READ;
    if (what & EV_WRITE)
        events |= WATCH_WRITE;
    if (what & EV_CLOSED)
        events |= WATCH_CLOSED;
    w->fn(w, events);
}

void watch_start(struct watch *w, struct loop *loop, int fd, unsigned events,
                 void (*fn)(struct watch *w, unsigned events))
{
    w->fn = fn;
    if (w->events == events)
        return;
    if (w->events)
        event_del(&w->event);
    w->loop = loop;
    w->fd = fd;
    w->events = events;
    if (!events)
        return;
    short what = EV_PERSIST;
    if (events & WATCH_READ)
        what |= EV_READ;
    if (events & WATCH_WRITE)
        what |= EV_WRITE;
    if (events & WATCH_CLOSED)
        what |= EV_CLOSED;
    if (events & WATCH_EDGE)
        what |= EV_ET;
    event_assign(&w->event, loop_event_base(loop), fd, what, on_event, w);
    event_add(&w->event, NULL);
}

void watch_stop(struct watch *w)
{
    if (!w->events)
        return;
    event_del(&w->event);
    w->events = 0;
}
