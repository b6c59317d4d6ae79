#include "client/redis_link.h"

#include "base/log.h"
#include "client/backoff.h"
#include "loop/loop.h"

#include <hiredis/hiredis.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const double connect_limit = 5; /* seconds until READY */

static void set_reason(struct redis_link *link, const char *reason)
{
    snprintf(link->reason, sizeof link->reason, "%s", reason && *reason ? reason : "the connection was closed");
}

/* ---- hiredis' events ---- */

static void on_event(struct watch *w, unsigned events)
{
    struct redis_link *link = (struct redis_link *)((char *)w - offsetof(struct redis_link, watch));
    if ((events & WATCH_WRITE) && link->context)
        redisAsyncHandleWrite(link->context);
    if ((events & WATCH_READ) && link->context)
        redisAsyncHandleRead(link->context);
}

static void want(struct redis_link *link, unsigned events)
{
    link->wanted = events;
    if (link->watch.events != events)
        watch_start(&link->watch, link->target->loop, link->context->c.fd, events, on_event);
}

static void add_read(void *data)
{
    struct redis_link *link = data;
    want(link, link->wanted | WATCH_READ);
}

static void del_read(void *data)
{
    struct redis_link *link = data;
    want(link, link->wanted & ~(unsigned)WATCH_READ);
}

static void flush(void *data)
{
    struct redis_link *link = data;
    link->deferred = false;
    if (!link->context)
        return;
    link->flushing = true;
    redisAsyncHandleWrite(link->context);
    link->flushing = false;
}

/* Connecting, or a full socket: wait until it is writable. Else the octets go at the end of the turn. */
static void add_write(void *data)
{
    struct redis_link *link = data;
    if (link->state == REDIS_CONNECTING || link->flushing) {
        want(link, link->wanted | WATCH_WRITE);
    } else if (!link->deferred && !(link->wanted & WATCH_WRITE)) {
        link->deferred = true;
        loop_defer(link->target->loop, flush, link);
    }
}

static void del_write(void *data)
{
    struct redis_link *link = data;
    if (link->wanted & WATCH_WRITE)
        want(link, link->wanted & ~(unsigned)WATCH_WRITE);
}

/* hiredis is about to close the socket and free the context. */
static void cleanup(void *data)
{
    struct redis_link *link = data;
    watch_stop(&link->watch);
    link->wanted = 0;
    link->context = NULL;
}

/* ---- The end of a connection ---- */

static void on_timer(struct timer *t);

static void closed(struct redis_link *link)
{
    bool was_ready = link->state == REDIS_READY;
    link->state = REDIS_CLOSED;
    if (link->closing)
        return;
    if (was_ready || link->failures == 0)
        log_write(LOG_WARN, "Redis is away", log_str("reason", link->reason), LOG_END);
    timer_start(&link->timer, backoff_seconds(link->failures++));
    link->lost(link);
}

/* Called by hiredis after every pending command was answered with NULL; not for a connection that never was. */
static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct redis_link *link = context->data;
    if (status != REDIS_OK)
        set_reason(link, context->errstr);
    closed(link);
}

void redis_link_break(struct redis_link *link, const char *reason)
{
    set_reason(link, reason);
    redisAsyncContext *context = link->context;
    bool connected = link->state >= REDIS_GREETING;
    if (context)
        redisAsyncFree(context);
    if (!connected || !context)
        closed(link); /* else on_disconnect has done it, or will, once hiredis has left its callback */
}

/* ---- Opening ---- */

static void become_ready(struct redis_link *link)
{
    link->state = REDIS_READY;
    if (link->failures)
        log_write(LOG_INFO, "Redis is there again", LOG_END);
    link->failures = 0;
    timer_stop(&link->timer);
    link->ready(link);
}

static void on_greeting(redisAsyncContext *context, void *reply, void *arg)
{
    struct redis_link *link = arg;
    redisReply *r = reply;
    (void)context;
    if (!r)
        return; /* the connection ends */
    if (r->type == REDIS_REPLY_ERROR) {
        redis_link_break(link, r->str);
        return;
    }
    if (--link->greetings == 0 && link->state == REDIS_GREETING)
        become_ready(link);
}

static void greet(struct redis_link *link)
{
    const struct redis_target *t = link->target;
    link->greetings = (t->password != NULL) + (t->database > 0);
    if (t->password && t->user)
        redisAsyncCommand(link->context, on_greeting, link, "AUTH %s %s", t->user, t->password);
    else if (t->password)
        redisAsyncCommand(link->context, on_greeting, link, "AUTH %s", t->password);
    if (t->database > 0)
        redisAsyncCommand(link->context, on_greeting, link, "SELECT %d", t->database);
    if (link->greetings == 0)
        become_ready(link);
}

/* A failed attempt: hiredis frees the context after this. */
static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis_link *link = context->data;
    if (status != REDIS_OK) {
        set_reason(link, context->errstr);
        closed(link);
        return;
    }
    link->state = REDIS_GREETING;
    if (link->target->host) /* hiredis takes the refusal of a Unix socket for the end of the connection */
        redisEnableKeepAlive(&link->context->c);
    greet(link);
}

static void attach(struct redis_link *link, redisAsyncContext *context)
{
    if (!context || context->err) {
        set_reason(link, context ? context->errstr : "out of memory");
        if (context)
            redisAsyncFree(context);
        closed(link);
        return;
    }
    link->context = context;
    link->state = REDIS_CONNECTING;
    context->data = link;
    context->ev.data = link;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = cleanup;
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
}

static void resolved(void *arg, int count, const char *const *addresses, const char *error)
{
    struct redis_link *link = arg;
    link->resolve = NULL;
    if (count > 0) {
        /* One address per attempt, the next one at the next. */
        attach(link, redisAsyncConnect(addresses[link->failures % (unsigned)count], link->target->port));
    } else {
        set_reason(link, error);
        closed(link);
    }
}

static void open_link(struct redis_link *link)
{
    timer_start(&link->timer, connect_limit);
    if (!link->target->host) {
        attach(link, redisAsyncConnectUnix(link->target->path));
        return;
    }
    link->state = REDIS_RESOLVING;
    link->resolve = resolve_start(link->target->work, link->target->host, resolved, link);
    if (!link->resolve) {
        set_reason(link, "too much work waits for the thread pool");
        closed(link);
    }
}

static void on_timer(struct timer *t)
{
    struct redis_link *link = (struct redis_link *)((char *)t - offsetof(struct redis_link, timer));
    if (link->state == REDIS_CLOSED) {
        open_link(link);
        return;
    }
    if (link->resolve)
        resolve_cancel(link->resolve);
    link->resolve = NULL;
    redis_link_break(link, "connecting takes too long");
}

void redis_link_init(struct redis_link *link, const struct redis_target *target, void *owner,
                     void (*ready)(struct redis_link *), void (*lost)(struct redis_link *))
{
    *link = (struct redis_link){.target = target, .owner = owner, .ready = ready, .lost = lost};
    set_reason(link, "connecting");
    timer_init(&link->timer, target->loop, on_timer);
    timer_start(&link->timer, 0);
}

void redis_link_close(struct redis_link *link)
{
    link->closing = true;
    timer_stop(&link->timer);
    if (link->resolve)
        resolve_cancel(link->resolve);
    set_reason(link, "the worker stops");
    if (link->context)
        redisAsyncFree(link->context);
    if (link->deferred)
        loop_undefer(link->target->loop, flush, link);
}
