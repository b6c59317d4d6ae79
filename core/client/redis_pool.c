#include "client/redis_pool.h"

#include "base/clock.h"
#include "base/mem.h"
#include "client/redis_link.h"
#include "proto/url.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUEUE_MAX = 10000, SPARE_MAX = 64, KEEP_OCTETS = 16384 };

static const double wait_limit = 1;   /* seconds for a connection */
static const double answer_limit = 5; /* for an answer: then the connection counts as dead */

struct redis_pool {
    struct redis_target target;
    struct redis_link link;
    struct redis_listener *listener;
    struct redis_request *first, *last;     /* wait for a connection */
    struct redis_request *sent, *sent_last; /* wait for their answers, oldest first */
    unsigned waiting;
    struct timer patience, silence;
    struct redis_request *spare;
    unsigned spares;
};

/* ---- The address ---- */

static char *decoded(struct str part)
{
    char *out = mem_dup(part.p, part.n);
    size_t n;
    if (!url_decode(part, out, &n)) {
        free(out);
        return NULL;
    }
    out[n] = '\0';
    return out;
}

/* "user:password@", ":password@" or nothing, cut off the front of *rest. */
static bool take_credentials(struct redis_target *t, struct str *rest)
{
    const char *at = memrchr(rest->p, '@', rest->n);
    if (!at)
        return true;
    struct str credentials = {rest->p, (size_t)(at - rest->p)};
    *rest = str_of(at + 1, rest->n - credentials.n - 1);
    struct str user = str_cut(&credentials, ':');
    if (user.n > 0)
        t->user = decoded(user);
    if (credentials.p)
        t->password = decoded(credentials);
    return t->password && (user.n == 0 || t->user);
}

static bool take_number(struct str digits, uint64_t max, int *value)
{
    uint64_t number;
    if (!str_to_u64(digits, &number) || number > max)
        return false;
    *value = (int)number;
    return true;
}

static bool parse_url(struct redis_target *t, struct str url)
{
    if (str_starts(url, STR("unix:"))) {
        t->path = mem_dup(url.p + 5, url.n - 5);
        return url.n > 5;
    }
    if (!str_starts(url, STR("redis://")))
        return false;
    struct str rest = {url.p + 8, url.n - 8};
    if (!take_credentials(t, &rest))
        return false;
    struct str authority = str_cut(&rest, '/');
    if (rest.n > 0 && !take_number(rest, 1000000, &t->database))
        return false;
    const char *colon = memrchr(authority.p, ':', authority.n);
    bool bracket = authority.n > 0 && authority.p[authority.n - 1] == ']';
    t->port = 6379;
    struct str host = authority;
    if (colon && !bracket) {
        host.n = (size_t)(colon - authority.p);
        if (!take_number(str_of(colon + 1, authority.n - host.n - 1), 65535, &t->port))
            return false;
    }
    if (host.n > 2 && host.p[0] == '[')
        host = str_of(host.p + 1, host.n - 2);
    t->host = mem_dup(host.p, host.n);
    return host.n > 0;
}

/* ---- Requests ---- */

struct redis_request *redis_request_new(struct redis_pool *pool, unsigned count)
{
    struct redis_request *r = pool->spare;
    if (r) {
        pool->spare = r->next;
        pool->spares--;
    } else {
        r = mem_zalloc(sizeof *r);
    }
    struct buf text = r->text;
    unsigned *ends = r->ends, capacity = r->capacity;
    if (count > capacity) {
        ends = mem_realloc(ends, count * sizeof *ends);
        capacity = count;
    }
    buf_clear(&text);
    *r = (struct redis_request){.pool = pool, .text = text, .ends = ends, .capacity = capacity, .queued = clock_now()};
    return r;
}

static void append_header(struct buf *text, char mark, size_t number)
{
    buf_append_char(text, mark);
    buf_append_u64(text, number);
    buf_append(text, "\r\n", 2);
}

void redis_request_add(struct redis_request *r, unsigned argc)
{
    append_header(&r->text, '*', argc);
    r->ends[r->count++] = (unsigned)r->text.len;
}

void redis_request_part(struct redis_request *r, struct str part)
{
    append_header(&r->text, '$', part.n);
    buf_append_str(&r->text, part);
    buf_append(&r->text, "\r\n", 2);
    r->ends[r->count - 1] = (unsigned)r->text.len;
}

static void finish(struct redis_request *r)
{
    struct redis_pool *pool = r->pool;
    if (r->owner)
        r->on_done(r);
    if (pool->spares < SPARE_MAX && r->text.cap <= KEEP_OCTETS) {
        r->next = pool->spare;
        pool->spare = r;
        pool->spares++;
        return;
    }
    buf_free(&r->text);
    free(r->ends);
    free(r);
}

static void fail(struct redis_request *r, const char *code, const char *message)
{
    r->code = code;
    r->message = message;
    finish(r);
}

/* ---- Sending and receiving ---- */

static void unlink_sent(struct redis_pool *pool, struct redis_request *r)
{
    pool->sent = r->next; /* answers come in order */
    if (!pool->sent)
        pool->sent_last = NULL;
}

/* reply NULL: the connection has ended. */
static void on_reply(redisAsyncContext *context, void *reply, void *arg)
{
    struct redis_request *r = arg;
    struct redis_pool *pool = r->pool;
    (void)context;
    if (!reply && !r->code) {
        r->code = "unavailable";
        r->message = pool->link.reason;
    }
    if (reply && r->owner)
        r->on_reply(r, r->replied, reply);
    if (++r->replied == r->count) {
        unlink_sent(pool, r);
        finish(r);
    }
}

static void send_request(struct redis_pool *pool, struct redis_request *r)
{
    r->next = NULL;
    r->queued = clock_now();
    if (pool->sent_last)
        pool->sent_last->next = r;
    else
        pool->sent = r;
    pool->sent_last = r;
    if (!timer_running(&pool->silence))
        timer_start(&pool->silence, answer_limit);
    unsigned from = 0;
    for (unsigned i = 0; i < r->count; i++) {
        redisAsyncFormattedCommand(pool->link.context, on_reply, r, r->text.data + from, r->ends[i] - from);
        from = r->ends[i];
    }
}

static struct redis_request *dequeue(struct redis_pool *pool)
{
    struct redis_request *r = pool->first;
    pool->first = r->next;
    if (!pool->first)
        pool->last = NULL;
    pool->waiting--;
    return r;
}

void redis_pool_submit(struct redis_request *r)
{
    struct redis_pool *pool = r->pool;
    if (pool->link.state == REDIS_READY) {
        send_request(pool, r);
        return;
    }
    if (pool->waiting >= QUEUE_MAX) {
        fail(r, "unavailable", "too many commands wait for Redis");
        return;
    }
    r->next = NULL;
    if (pool->last)
        pool->last->next = r;
    else
        pool->first = r;
    pool->last = r;
    pool->waiting++;
    if (!timer_running(&pool->patience))
        timer_start(&pool->patience, wait_limit);
}

static void on_patience(struct timer *t)
{
    struct redis_pool *pool = (struct redis_pool *)((char *)t - offsetof(struct redis_pool, patience));
    while (pool->first && pool->first->queued + wait_limit <= clock_now())
        fail(dequeue(pool), "unavailable", pool->link.reason);
    if (pool->first)
        timer_start_at(&pool->patience, pool->first->queued + wait_limit);
}

/* The oldest command has had no answer for too long. */
static void on_silence(struct timer *t)
{
    struct redis_pool *pool = (struct redis_pool *)((char *)t - offsetof(struct redis_pool, silence));
    if (!pool->sent)
        return;
    if (pool->sent->queued + answer_limit > clock_now()) {
        timer_start_at(&pool->silence, pool->sent->queued + answer_limit);
        return;
    }
    for (struct redis_request *r = pool->sent; r; r = r->next) {
        r->code = "timeout";
        r->message = "Redis does not answer";
    }
    redis_link_break(&pool->link, "Redis does not answer");
}

static void on_ready(struct redis_link *link)
{
    struct redis_pool *pool = link->owner;
    timer_stop(&pool->patience);
    while (pool->first && link->state == REDIS_READY) {
        struct redis_request *r = dequeue(pool);
        if (r->owner)
            send_request(pool, r);
        else
            finish(r);
    }
}

static void on_lost(struct redis_link *link)
{
    (void)link; /* every command in flight was answered; those that wait have their limit */
}

/* ---- What a shared connection can't do ---- */

const char *redis_refuses(struct str command)
{
    static const char *const blocking[] = {"BLPOP",    "BRPOP",    "BRPOPLPUSH", "BLMOVE",   "BLMPOP",
                                           "BZPOPMIN", "BZPOPMAX", "BZMPOP",     "WAIT",     "MONITOR",
                                           "SYNC",     "PSYNC",    "DEBUG",      "SHUTDOWN", NULL};
    static const char *const state[] = {"MULTI", "EXEC",  "DISCARD", "WATCH", "UNWATCH", "SELECT",
                                        "AUTH",  "HELLO", "QUIT",    "RESET", "CLIENT",  NULL};
    static const char *const listening[] = {"SUBSCRIBE",  "UNSUBSCRIBE",  "PSUBSCRIBE", "PUNSUBSCRIBE",
                                            "SSUBSCRIBE", "SUNSUBSCRIBE", NULL};
    for (const char *const *word = blocking; *word; word++)
        if (str_ieq(command, str_from(*word)))
            return "this command would block the connection that all tasks share";
    for (const char *const *word = state; *word; word++)
        if (str_ieq(command, str_from(*word)))
            return "this command changes the connection that all tasks share; EVAL does several things at once";
    for (const char *const *word = listening; *word; word++)
        if (str_ieq(command, str_from(*word)))
            return "use redis.subscribe(channel, fn)";
    return NULL;
}

bool redis_pool_ok(const struct redis_pool *pool, const char **reason)
{
    bool ok = pool->link.state == REDIS_READY;
    *reason = ok ? NULL : pool->link.reason;
    return ok;
}

struct redis_listener **redis_pool_listener(struct redis_pool *pool)
{
    return &pool->listener;
}

const struct redis_target *redis_pool_target(const struct redis_pool *pool)
{
    return &pool->target;
}

/* ---- Life ---- */

static void free_target(struct redis_target *t)
{
    free(t->host);
    free(t->path);
    free(t->user);
    free(t->password);
}

struct redis_pool *redis_pool_new(struct loop *loop, struct work *work, const char *url, const char **error)
{
    struct redis_pool *pool = mem_zalloc(sizeof *pool);
    pool->target = (struct redis_target){.loop = loop, .work = work};
    if (!parse_url(&pool->target, str_from(url))) {
        *error = "expected redis://[user:password@]host:port[/n] or unix:/path";
        free_target(&pool->target);
        free(pool);
        return NULL;
    }
    timer_init(&pool->patience, loop, on_patience);
    timer_init(&pool->silence, loop, on_silence);
    redis_link_init(&pool->link, &pool->target, pool, on_ready, on_lost);
    return pool;
}

void redis_pool_free(struct redis_pool *pool)
{
    if (!pool)
        return;
    redis_link_close(&pool->link);
    redis_listener_free(pool->listener);
    timer_stop(&pool->patience);
    timer_stop(&pool->silence);
    while (pool->first)
        fail(dequeue(pool), "unavailable", "the worker stops");
    while (pool->spare) {
        struct redis_request *r = pool->spare;
        pool->spare = r->next;
        buf_free(&r->text);
        free(r->ends);
        free(r);
    }
    free_target(&pool->target);
    free(pool);
}
