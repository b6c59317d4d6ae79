/* client/redis_pool.h: the worker's Redis: one connection for everybody's commands, which go out together at the end of
 * a turn, and one for subscriptions. Called by bind/redis.c; lives as long as the worker. */
#ifndef CLIENT_REDIS_POOL_H
#define CLIENT_REDIS_POOL_H

#include "base/arena.h"
#include "base/buf.h"

#include <hiredis/hiredis.h>

struct loop;
struct work;
struct redis_pool;

/* url: "redis://[user:password@]host:port[/n]" or "unix:/path"; NULL with a sentence in error if it is neither. */
struct redis_pool *redis_pool_new(struct loop *loop, struct work *work, const char *url, const char **error);

/* Answers everyone who waits. NULL is allowed. */
void redis_pool_free(struct redis_pool *pool);

/* ---- Commands ---- */

/* One or more commands sent together. Its memory is its own, so it outlives the task that asked: whoever loses interest
 * sets owner to NULL. */
struct redis_request {
    struct redis_request *next;
    struct redis_pool *pool;
    struct buf text; /* the commands as they are sent */
    unsigned *ends;  /* where each ends in it */
    unsigned count, capacity, replied;
    double queued;
    const char *code, *message; /* of a failure; NULL: none */

    /* On the loop, while owner is not NULL: each reply in turn, then done, once; request is gone when it returns. */
    void (*on_reply)(struct redis_request *request, unsigned index, const redisReply *reply);
    void (*on_done)(struct redis_request *request);
    void *owner;
};

struct redis_request *redis_request_new(struct redis_pool *pool, unsigned count);

/* Begins a command of argc parts, which then follow one by one. */
void redis_request_add(struct redis_request *r, unsigned argc);
void redis_request_part(struct redis_request *r, struct str part);

/* Sends it, now or when there is a connection. on_done may be called before this returns. */
void redis_pool_submit(struct redis_request *r);

/* NULL if a command may be sent on the shared connection, else a sentence that says why not. */
const char *redis_refuses(struct str command);

/* ok; if not, the reason. */
bool redis_pool_ok(const struct redis_pool *pool, const char **reason);

/* ---- Subscriptions ---- */

struct redis_subscription {
    struct redis_subscription *next;
    struct redis_pool *pool;
    char *channel;
    bool active;
    /* A message; payload.p NULL: listening begins (again), earlier ones may have been missed. On the loop. */
    void (*fn)(struct redis_subscription *s, struct str payload);
    void *arg;
};

/* s is the caller's until redis_unsubscribe. */
void redis_subscribe(struct redis_pool *pool, struct redis_subscription *s, struct str channel);
void redis_unsubscribe(struct redis_subscription *s);

/* For redis_pool.c. */
struct redis_target;
struct redis_listener;
void redis_listener_free(struct redis_listener *listener);
struct redis_listener **redis_pool_listener(struct redis_pool *pool);
const struct redis_target *redis_pool_target(const struct redis_pool *pool);

#endif
