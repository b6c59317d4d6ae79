/* loop/poll.h: watching a descriptor. Level-triggered, unless WATCH_EDGE is given: fn runs in every turn in which the
 * descriptor is ready. An error or a reset is told as READ and WRITE together. */
#ifndef LOOP_POLL_H
#define LOOP_POLL_H

#include <event2/event_struct.h>

struct loop;

enum watch_events {
    WATCH_READ = 1,
    WATCH_WRITE = 2,
    WATCH_CLOSED = 4, /* the peer has sent its FIN, seen even while nobody reads */
    WATCH_EDGE = 8,   /* with the others: tell each change once instead of in every turn (EPOLLET) */
};

struct watch {
    struct event event;
    struct loop *loop;
    void (*fn)(struct watch *w, unsigned events);
    unsigned events; /* what is watched; 0: stopped */
    int fd;
};

/* Watches fd for these events, or changes what an already running watch waits for (same descriptor). w must be zeroed
 * before its first start. fn may stop and free its own watch. 0 as events stops it. */
void watch_start(struct watch *w, struct loop *loop, int fd, unsigned events,
                 void (*fn)(struct watch *w, unsigned events));

/* Stops it. Must come before the descriptor is closed. */
void watch_stop(struct watch *w);

#endif
