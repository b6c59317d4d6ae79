/* client/redis_link.h: one connection to Redis: hiredis on our loop, its name resolved in the thread pool, signed in,
 * opened again when it is lost. Owned by redis_pool.c, one for commands and one for subscriptions.
 *
 *   CLOSED ──open──▶ RESOLVING ──▶ CONNECTING ──▶ GREETING (AUTH, SELECT) ──▶ READY
 *      ▲                 └──────────────┴──────────────┴───────────────────────┘ lost: again after a while
 *
 * hiredis frees its context itself when it ends; nothing here frees one inside its own callbacks. What is written in a
 * turn goes out at its end in one piece, without asking the kernel first whether it may. */
#ifndef CLIENT_REDIS_LINK_H
#define CLIENT_REDIS_LINK_H

#include "base/buf.h"
#include "client/resolve.h"
#include "loop/poll.h"
#include "loop/timer.h"

#include <hiredis/async.h>

struct loop;
struct work;

/* Where; all owned by the pool. */
struct redis_target {
    struct loop *loop;
    struct work *work;
    char *host; /* NULL: path is a Unix socket */
    char *path;
    int port;
    char *user, *password; /* NULL: none */
    int database;
};

enum redis_state { REDIS_CLOSED, REDIS_RESOLVING, REDIS_CONNECTING, REDIS_GREETING, REDIS_READY };

struct redis_link {
    const struct redis_target *target;
    void (*ready)(struct redis_link *link);
    void (*lost)(struct redis_link *link); /* every command's callback was called with NULL before */
    void *owner;

    enum redis_state state;
    redisAsyncContext *context;
    struct watch watch;
    unsigned wanted; /* of the watch */
    bool deferred, flushing, closing;
    struct timer timer; /* CLOSED: until the next attempt; before READY: its limit */
    struct resolve *resolve;
    unsigned failures, greetings;
    char reason[160]; /* why it is not READY */
};

/* Must come first; begins to connect at the next turn. */
void redis_link_init(struct redis_link *link, const struct redis_target *target, void *owner,
                     void (*ready)(struct redis_link *), void (*lost)(struct redis_link *));

/* Ends the present connection with that reason; it connects again. */
void redis_link_break(struct redis_link *link, const char *reason);

/* For good; lost is not called. */
void redis_link_close(struct redis_link *link);

#endif
