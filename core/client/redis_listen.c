/* Subscriptions: a connection of their own, opened at the first, because one that listens takes no other commands. When
 * it is lost it subscribes again and tells every subscriber that messages may have been missed. */
#include "client/redis_pool.h"

#include "base/mem.h"
#include "client/redis_link.h"

#include <stdlib.h>

struct redis_listener {
    struct redis_link link;
    struct redis_subscription *first;
};

static struct str part(const redisReply *reply, size_t index)
{
    const redisReply *element = reply->element[index];
    return element->type == REDIS_REPLY_STRING ? str_of(element->str, element->len) : STR_NULL;
}

/* ["subscribe", channel, count] activates, ["message", channel, payload] delivers; NULL: the connection ends. */
static void on_push(redisAsyncContext *context, void *arg, void *data)
{
    struct redis_listener *l = data;
    const redisReply *reply = arg;
    (void)context;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
        return;
    struct str kind = part(reply, 0), channel = part(reply, 1), payload = part(reply, 2);
    bool begins = str_eq(kind, STR("subscribe")), message = str_eq(kind, STR("message"));
    struct redis_subscription *next;
    for (struct redis_subscription *s = l->first; s; s = next) {
        next = s->next;
        if (!str_eq(str_from(s->channel), channel))
            continue;
        if (begins && !s->active) {
            s->active = true;
            s->fn(s, STR_NULL);
        } else if (message && s->active) {
            s->fn(s, payload);
        }
    }
}

static void tell(struct redis_listener *l, const char *verb, const char *channel)
{
    const char *argv[] = {verb, channel};
    redisAsyncCommandArgv(l->link.context, on_push, l, 2, argv, NULL);
}

static void on_ready(struct redis_link *link)
{
    struct redis_listener *l = link->owner;
    for (struct redis_subscription *s = l->first; s; s = s->next)
        tell(l, "SUBSCRIBE", s->channel); /* again for a second subscriber: harmless */
}

static void on_lost(struct redis_link *link)
{
    struct redis_listener *l = link->owner;
    for (struct redis_subscription *s = l->first; s; s = s->next)
        s->active = false;
}

void redis_subscribe(struct redis_pool *pool, struct redis_subscription *s, struct str channel)
{
    struct redis_listener **listener = redis_pool_listener(pool);
    if (!*listener) {
        *listener = mem_zalloc(sizeof **listener);
        redis_link_init(&(*listener)->link, redis_pool_target(pool), *listener, on_ready, on_lost);
    }
    struct redis_listener *l = *listener;
    s->pool = pool;
    s->channel = mem_dup(channel.p, channel.n);
    s->active = false;
    s->next = l->first;
    l->first = s;
    if (l->link.state == REDIS_READY)
        tell(l, "SUBSCRIBE", s->channel);
}

void redis_unsubscribe(struct redis_subscription *s)
{
    struct redis_listener *l = *redis_pool_listener(s->pool);
    struct redis_subscription **link = &l->first;
    while (*link != s)
        link = &(*link)->next;
    *link = s->next;
    bool others = false;
    for (struct redis_subscription *o = l->first; o; o = o->next)
        others |= strcmp(o->channel, s->channel) == 0;
    if (!others && l->link.state == REDIS_READY)
        tell(l, "UNSUBSCRIBE", s->channel);
    free(s->channel);
    s->channel = NULL;
}

void redis_listener_free(struct redis_listener *l)
{
    if (!l)
        return;
    redis_link_close(&l->link);
    free(l);
}
