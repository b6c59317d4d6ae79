/* server/metric.c: what the server counts, and the access log. Counters are looked up by text once and then found by
 * service, route and status in a small table, so that a request costs a comparison or a hash, and a few additions. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/state.h"

enum { SERIES_SLOTS = 2048, ROUTES_MAX = 1024 };

struct series {
    const struct service *service;
    int status;
    char label[REQUEST_LABEL_MAX];
    struct counter *requests, *seconds;
};

struct metrics {
    struct counter_segment *segment;
    struct counter *connections, *websockets, *streams;
    struct series *last;                /* found: most requests are like the one before */
    struct series *slots[SERIES_SLOTS]; /* open addressing */
    unsigned count;
};

struct metrics *metrics_new(struct counter_segment *segment)
{
    struct metrics *m = mem_zalloc(sizeof *m);
    m->segment = segment;
    if (!segment)
        return m;
    m->connections = counter_get(segment, COUNTER_GAUGE, STR("toolbox_connections"), STR(""));
    m->websockets = counter_get(segment, COUNTER_GAUGE, STR("toolbox_websockets"), STR(""));
    m->streams = counter_get(segment, COUNTER_GAUGE, STR("toolbox_event_streams"), STR(""));
    return m;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < SERIES_SLOTS; i++)
        free(m->slots[i]);
    free(m);
}

static struct series *series_new(struct metrics *m, const struct request *r)
{
    struct series *s = mem_zalloc(sizeof *s);
    s->service = r->service;
    s->status = r->status;
    memcpy(s->label, r->label, sizeof s->label);
    struct buf labels = {0};
    counter_label(&labels, STR("service"), r->service->name);
    counter_label(&labels, STR("route"), str_from(r->label));
    s->seconds = counter_histogram(m->segment, STR("toolbox_request_seconds"), buf_str(&labels), counter_seconds,
                                   COUNTER_BUCKETS);
    char digits[20];
    counter_label(&labels, STR("status"), str_of(digits, u64_to_digits((uint64_t)r->status, digits)));
    s->requests = counter_get(m->segment, COUNTER_COUNT, STR("toolbox_requests_total"), buf_str(&labels));
    buf_free(&labels);
    m->count++;
    return s;
}

static bool is_series(const struct series *s, const struct request *r)
{
    return s->status == r->status && s->service == r->service && strcmp(s->label, r->label) == 0;
}

static struct series *find_series(struct metrics *m, const struct request *r)
{
    if (m->last && is_series(m->last, r))
        return m->last;
    uint64_t hash = str_hash(str_from(r->label)) + (uint64_t)r->status * 0x9E3779B97F4A7C15u + (uintptr_t)r->service;
    for (size_t i = (size_t)(hash >> 7) % SERIES_SLOTS;; i = (i + 1) % SERIES_SLOTS) {
        struct series *s = m->slots[i];
        if (!s)
            return m->slots[i] = m->count < ROUTES_MAX ? series_new(m, r) : NULL;
        if (is_series(s, r))
            return m->last = s;
    }
}

static void access_log(struct request *r, double seconds)
{
    struct log_field fields[] = {
        log_slice("service", r->service->name),
        log_slice("method", request_method(r)),
        log_slice("target", request_target(r)),
        log_int("status", r->status),
        log_int("octets", (int64_t)r->sent),
        log_real("seconds", seconds),
        log_slice("remote", request_remote(r)),
        log_str("request", request_id(r)),
        log_str("route", r->label),
    };
    log_fields(LOG_INFO, STR("request"), fields, sizeof fields / sizeof *fields);
}

void metrics_request(struct metrics *m, struct request *r)
{
    if (r->status == 0)
        r->status = 499; /* the client went away before an answer, as nginx names it */
    double seconds = r->dispatched ? clock_precise() - r->started : 0;
    if (m->segment) {
        struct series *s = find_series(m, r);
        if (s)
            counter_event(s->requests, s->seconds, seconds);
    }
    if (r->server->options.access_log && r->dispatched)
        access_log(r, seconds);
}

void metrics_connections(struct metrics *m, const struct server_counts *counts)
{
    if (!m->segment)
        return;
    counter_set(m->connections, counts->connections);
    counter_set(m->websockets, counts->websockets);
    counter_set(m->streams, counts->streams);
}
