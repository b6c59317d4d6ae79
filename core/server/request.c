/* server/request.c: the life of a request between the protocol that carries it and the handler that answers it. */
#include "server/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/url.h"
#include "server/coder.h"
#include "server/state.h"

enum { ARENA_BLOCK = 2048 };
#define HALF_CLOSE_SECONDS 0.5

/* From and to the pool. --- */

static struct request *make(struct server *server)
{
    struct request *r = mem_zalloc(sizeof *r);
    r->next_made = server->all_requests;
    server->all_requests = r;
    arena_init(&r->arena, ARENA_BLOCK);
    http1_init(&r->parser, &server->limits);
    return r;
}

struct request *request_new(struct server *server, struct service *service, const struct request_transport *transport,
                            void *carrier)
{
    struct request *r = server->free_requests;
    if (r) {
        server->free_requests = r->next_free;
        server->free_request_count--;
    } else {
        r = make(server);
    }
    http1_reuse(&r->parser, &server->limits);
    r->transport = transport;
    r->carrier = carrier;
    r->server = server;
    r->service = service;
    r->path = r->remote = STR_NULL;
    r->id[0] = r->label[0] = '\0';
    r->linger = HALF_CLOSE_SECONDS;
    r->body_at = 0;
    r->body_taken = r->moved = 0;
    r->body_limit = UINT64_MAX;
    r->body_state = BODY_MORE;
    r->body_wanted = r->body_whole = r->continue_due = false;
    r->compress_least = COMPRESS_LEAST;
    r->status = 0;
    r->sent = 0;
    r->dispatched = r->handling = r->started_answer = r->answered = r->gone = r->must_close = false;
    r->discarding = r->timed = r->half_closed = r->keeps_head = false;
    r->stream = NULL;
    r->generation = r->task = r->waiting = NULL;
    r->wait_kind = 0;
    return r;
}

static void recycle(struct request *r)
{
    struct server *server = r->server;
    r->serial++;
    if (r->coder)
        coder_free(r->coder);
    r->coder = NULL;
    if (server->free_request_count >= REQUEST_POOL_MAX) {
        arena_free(&r->arena);
        buf_free(&r->body);
    } else {
        arena_reset(&r->arena);
        if (r->body.cap > BODY_WINDOW)
            buf_free(&r->body);
        buf_clear(&r->body);
    }
    r->next_free = server->free_requests;
    server->free_requests = r;
    server->free_request_count++;
}

void request_release(struct request *r)
{
    r->carrier = NULL;
    r->answered = true;
    if (!r->handling)
        recycle(r);
}

void request_handled(struct request *r)
{
    r->handling = false;
    r->task = NULL;
    if (!r->carrier)
        recycle(r);
}

/* Its course. --- */

void request_keep_head(struct request *r)
{
    struct http1_head *head = &r->parser.head;
    bool path_inside = r->path.p == head->base + head->path.at;
    r->keeps_head = true;
    head->base = arena_dup(&r->arena, head->base, head->size);
    if (path_inside)
        r->path.p = head->base + head->path.at;
}

static bool decode_path(struct request *r)
{
    struct str raw = http1_slice(&r->parser.head, r->parser.head.path);
    if (!memchr(raw.p, '%', raw.n)) {
        r->path = raw;
        return true;
    }
    char *decoded = arena_alloc(&r->arena, raw.n);
    size_t n;
    if (!url_decode(raw, decoded, &n))
        return false;
    r->path = str_of(decoded, n);
    return true;
}

/* OPTIONS * asks about the server as a whole (RFC 9110 §9.3.7); what a resource allows its handler knows. */
static void answer_options(struct request *r)
{
    struct response response;
    response_init(&response, 204);
    response_add(&response, STR("Allow"), STR("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    response_send(r, &response, STR_NULL);
}

void request_dispatch(struct request *r)
{
    struct server *server = r->server;
    r->dispatched = true;
    r->started = clock_now();
    if (!decode_path(r)) {
        r->must_close = true;
        response_refuse(r, 400, STR("The path is not valid."));
        return;
    }
    if (str_eq(r->path, STR("*"))) {
        answer_options(r);
        return;
    }
    if (r->service->admin) {
        admin_answer(r);
        return;
    }
    if (r->service->folders && static_answer(r))
        return;
    r->generation = server->generation;
    if (!r->generation) {
        response_refuse(r, 503, STR("The service is starting."));
        return;
    }
    r->handling = true;
    server->hooks->request(r);
}

void request_gone(struct request *r)
{
    r->gone = true;
    if (!r->answered)
        request_answered(r);
    if (r->body_state == BODY_MORE)
        r->body_state = BODY_CLOSED;
    if (r->stream)
        stream_gone(r->stream);
    if (r->handling)
        r->server->hooks->request_gone(r);
}

void request_answered(struct request *r)
{
    r->answered = true;
    r->server->counts.requests++;
    metrics_request(r->server->metrics, r);
}

/* Content. --- */

void request_body_data(struct request *r, struct str data)
{
    buf_append(&r->body, data.p, data.n);
    if (r->dispatched && r->body_wanted && !r->body_whole)
        r->server->hooks->request_event(r);
}

void request_body_end(struct request *r, enum body_state how)
{
    if (r->body_state == BODY_MORE)
        r->body_state = how;
    if (r->dispatched && r->body_wanted)
        r->server->hooks->request_event(r);
}

/* Puts the limit in force; false if what is announced or received is above it. */
static bool limit_body(struct request *r, uint64_t limit)
{
    if (r->body_limit == limit || r->body_state == BODY_TOO_LARGE)
        return r->body_state != BODY_TOO_LARGE;
    r->body_limit = limit;
    bool ended = r->body_state != BODY_MORE;
    if (ended ? r->body_taken + r->body.len - r->body_at <= limit : http1_limit_body(&r->parser, limit))
        return true;
    r->must_close = r->must_close || !ended;
    r->body_state = BODY_TOO_LARGE;
    return false;
}

static enum body_state want_more(struct request *r, bool whole)
{
    r->body_wanted = true;
    r->body_whole = whole;
    if (r->carrier)
        r->transport->want_body(r);
    return BODY_MORE;
}

enum body_state request_body(struct request *r, uint64_t limit)
{
    r->body_wanted = false;
    if (r->gone)
        return BODY_CLOSED;
    if (!limit_body(r, limit))
        return BODY_TOO_LARGE;
    if (r->body_state == BODY_MORE)
        return want_more(r, true);
    return r->body_state;
}

enum body_state request_read(struct request *r, uint64_t limit, struct str *piece)
{
    r->body_wanted = false;
    if (r->gone)
        return BODY_CLOSED;
    if (!limit_body(r, limit))
        return BODY_TOO_LARGE;
    if (r->body.len > r->body_at) {
        *piece = str_of(r->body.data + r->body_at, r->body.len - r->body_at);
        r->body_taken += piece->n;
        buf_clear(&r->body); /* its octets stay in place until more is appended */
        r->body_at = 0;
        if (r->carrier && r->body_state == BODY_MORE)
            r->transport->want_body(r);
        return BODY_READY;
    }
    if (r->body_state == BODY_MORE)
        return want_more(r, false);
    *piece = STR_NULL;
    return r->body_state;
}

/* What it says. --- */

struct str request_method(const struct request *r)
{
    return http1_slice(&r->parser.head, r->parser.head.method_name);
}

struct str request_target(const struct request *r)
{
    return http1_slice(&r->parser.head, r->parser.head.target);
}

struct str request_query(const struct request *r)
{
    return http1_slice(&r->parser.head, r->parser.head.query);
}

struct str request_service(const struct request *r)
{
    return r->service->name;
}

struct str request_host(const struct request *r)
{
    return http1_slice(&r->parser.head, r->parser.head.authority);
}

/* The client that a chain of trusted proxies vouches for: the last address in X-Forwarded-For that is not a proxy. */
static void find_client(struct request *r, struct peer_address *client)
{
    *client = r->peer;
    if (!server_trusts(r->server, client))
        return;
    struct str list = request_header(r, STR("x-forwarded-for"));
    while (list.n) {
        size_t at = list.n;
        while (at > 0 && list.p[at - 1] != ',')
            at--;
        struct peer_address next;
        if (!peer_address_parse(str_of(list.p + at, list.n - at), &next))
            return;
        *client = next;
        if (!server_trusts(r->server, client))
            return;
        list.n = at ? at - 1 : 0;
    }
}

struct str request_remote(struct request *r)
{
    if (!r->remote.p) {
        struct peer_address client;
        char *text = arena_alloc(&r->arena, ADDRESS_TEXT_MAX);
        find_client(r, &client);
        r->remote = str_of(text, peer_address_text(&client, text));
    }
    return r->remote;
}

struct str request_scheme(struct request *r)
{
    if (server_trusts(r->server, &r->peer)) {
        struct str said = http1_value(&r->parser.head, HTTP_FIELD_X_FORWARDED_PROTO);
        if (str_eq(said, STR("https")) || str_eq(said, STR("http")))
            return said;
    }
    return r->secure ? STR("https") : STR("http");
}

/* traceparent: version "-" 32 hex "-" 16 hex "-" flags (W3C Trace Context §3.2); all zero is invalid. */
static bool trace_id(struct str field, char id[REQUEST_ID_SIZE + 1])
{
    if (field.n < 55 || field.p[2] != '-' || field.p[35] != '-' || field.p[52] != '-' || memcmp(field.p, "ff", 2) == 0)
        return false;
    bool zero = true;
    for (size_t i = 0; i < REQUEST_ID_SIZE; i++) {
        char c = field.p[3 + i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        zero = zero && c == '0';
    }
    memcpy(id, field.p + 3, REQUEST_ID_SIZE);
    id[REQUEST_ID_SIZE] = '\0';
    return !zero;
}

/* 16 octets as 32 digits, eight digits at a time: each octet's halves are spread over a word, then turned to digits. */
static void write_hex(const unsigned char *octets, char *digits)
{
    for (int i = 0; i < REQUEST_ID_SIZE / 8; i++) {
        uint32_t four;
        memcpy(&four, octets + 4 * i, sizeof four);
        uint64_t x = four;
        x = (x | x << 16) & 0x0000FFFF0000FFFF;
        x = (x | x << 8) & 0x00FF00FF00FF00FF;
        x = (x & 0x000F000F000F000F) << 8 | (x >> 4 & 0x000F000F000F000F);     /* the higher half comes first */
        uint64_t letters = (x + 0x0606060606060606) >> 4 & 0x0101010101010101; /* 1 where a digit is above 9 */
        x += 0x3030303030303030 + letters * ('a' - '0' - 10);
        memcpy(digits + 8 * i, &x, sizeof x);
    }
}

const char *request_id(struct request *r)
{
    if (r->id[0] || trace_id(http1_value(&r->parser.head, HTTP_FIELD_TRACEPARENT), r->id))
        return r->id;
    static unsigned char pool[4096]; /* random octets for 256 requests at a time */
    static size_t left;
    if (left < REQUEST_ID_SIZE / 2) {
        if (getrandom(pool, sizeof pool, 0) != (ssize_t)sizeof pool)
            abort(); /* the kernel has no random numbers: nothing that needs them may go on */
        left = sizeof pool;
    }
    left -= REQUEST_ID_SIZE / 2;
    write_hex(pool + left, r->id);
    r->id[REQUEST_ID_SIZE] = '\0';
    return r->id;
}

struct str request_header(struct request *r, struct str name)
{
    const struct http1_head *head = &r->parser.head;
    size_t i = 0;
    struct str first, next;
    enum http_field id = http_field_id(name);
    if (id != HTTP_FIELD_OTHER) {
        if (!head->known[id])
            return STR_NULL;
        i = head->known[id] - 1u;
    }
    if (!http1_find(head, name, &i, &first))
        return STR_NULL;
    if (!http1_find(head, name, &i, &next))
        return first;
    struct buf joined = {0};
    buf_append_str(&joined, first);
    do {
        buf_append_str(&joined, id == HTTP_FIELD_COOKIE ? STR("; ") : STR(", "));
        buf_append_str(&joined, next);
    } while (http1_find(head, name, &i, &next));
    struct str all = arena_dup_str(&r->arena, buf_str(&joined));
    buf_free(&joined);
    return all;
}
