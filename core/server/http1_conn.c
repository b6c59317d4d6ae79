/* server/http1_conn.c: HTTP/1.1 on a connection: requests in, answers out, one after the other. Pipelined requests wait
 * in the input until the one before is answered, so answers keep their order; all answers of one turn are written
 * together. The state of the connection is its present request, NULL between two.
 *
 *   idle ─octets─▶ head ─complete─▶ content and handler ─answered─▶ idle, or the rest of the content is dropped, or
 *                                                                   conn_finish() when the connection cannot go on */
#include <string.h>

#include "base/clock.h"
#include "proto/ws.h"
#include "proto/http1_out.h"
#include "server/state.h"

static const struct request_transport http1_transport;

/* Input. --- */

static void refuse(struct conn *c, struct request *r)
{
    (void)c;
    r->must_close = true;
    r->body_state = BODY_CLOSED;
    response_refuse(r, r->parser.status, str_from(r->parser.reason));
}

static void dispatch(struct conn *c, struct request *r)
{
    r->peer = c->peer;
    r->secure = c->secure;
    request_dispatch(r);
}

static void head_complete(struct request *r)
{
    const struct http1_head *head = &r->parser.head;
    r->version = head->minor ? 11 : 10;
    r->continue_due = head->expect_continue && head->minor;
    r->must_close = !head->keep_alive;
    if (!head->chunked && head->content_length == 0)
        r->body_state = BODY_READY;
}

static void content(struct conn *c, struct request *r, struct str data)
{
    r->continue_due = false;
    if (r->discarding)
        return;
    request_body_data(r, data);
    if (!r->dispatched)
        return;
    if (r->body.len - r->body_at >= BODY_WINDOW && !r->body_wanted)
        c->paused = true;
}

static void content_broken(struct conn *c, struct request *r)
{
    r->must_close = true;
    c->paused = true;
    if (r->discarding) {
        c->state = NULL;
        request_release(r);
        conn_finish(c, true);
        return;
    }
    request_body_end(r, r->parser.status == 413 ? BODY_TOO_LARGE : BODY_CLOSED);
}

/* The request has ended and its answer is (or is not) there: may the next one be read? */
static void request_complete(struct conn *c, struct request *r)
{
    if (r->discarding) {
        c->state = NULL;
        request_release(r);
    } else if (c->state == r) {
        c->paused = true; /* until it is answered */
    }
}

static void set_deadline(struct conn *c)
{
    const struct server_options *options = &c->server->options;
    struct request *r = c->state;
    if (c->closing)
        return;
    if (c->fin_seen) {
        if (r && r->dispatched && !r->half_closed)
            conn_read_deadline(c, r->linger);
        if (r && r->dispatched)
            r->half_closed = true;
    } else if (!r) {
        conn_read_deadline(c, options->idle_timeout);
    } else if (r->parser.head.size == 0) {
        if (!r->timed) /* from its first octet on, however many follow */
            conn_read_deadline(c, options->header_timeout);
        r->timed = true;
    } else if (r->body_state == BODY_MORE && !c->paused) {
        conn_read_deadline(c, options->body_timeout);
    } else {
        conn_read_deadline(c, 0);
    }
}

/* Takes one event from the parser; false when there is nothing more to take now. */
static bool step(struct conn *c, char *data, size_t n, size_t *used)
{
    struct request *r = c->state;
    size_t took = 0;
    struct str piece = STR_NULL;
    enum http1_event event = http1_next(&r->parser, n > 0 ? str_of(data + *used, n - *used) : STR_NULL, &took, &piece);
    *used += took;
    switch (event) {
    case HTTP1_HEAD:
        head_complete(r);
        return true;
    case HTTP1_BODY:
        content(c, r, piece);
        return true;
    case HTTP1_END:
        request_body_end(r, BODY_READY);
        if (!r->dispatched && !r->discarding)
            dispatch(c, r);
        if (c->state == r)
            request_complete(c, r);
        return true;
    case HTTP1_ERROR:
        if (r->dispatched)
            content_broken(c, r);
        else
            refuse(c, r);
        return false;
    case HTTP1_MORE:
        break;
    }
    if (r->parser.head.size && !r->dispatched && !r->discarding) {
        dispatch(c, r); /* the content is still under way */
        return c->state != r;
    }
    return false;
}

static size_t on_input(struct conn *c, char *data, size_t n)
{
    size_t used = 0;
    /* An upgrade makes the rest of the input another protocol's. */
    while (c->protocol == &http1_protocol && !c->paused && !c->closing && !c->closed) {
        if (!c->state) {
            if (used == n)
                break;
            c->state = request_new(c->server, c->service, &http1_transport, c);
        }
        if (!step(c, data, n, &used))
            break;
    }
    if (c->closed || c->protocol != &http1_protocol)
        return used;
    struct request *r = c->state;
    if (r && r->dispatched && !r->keeps_head)
        request_keep_head(r);
    set_deadline(c);
    return c->closing ? n : used;
}

/* Ends. --- */

static void on_half_closed(struct conn *c)
{
    set_deadline(c);
}

static void on_input_ended(struct conn *c)
{
    struct request *r = c->state;
    if (!r || !r->dispatched || r->discarding) {
        conn_finish(c, false); /* answers to what was pipelined before the FIN are still to be written */
        return;
    }
    r->must_close = true;
    if (r->body_state == BODY_MORE)
        request_body_end(r, BODY_CLOSED);
}

static void on_timed_out(struct conn *c)
{
    struct request *r = c->state;
    if (!r || (!r->dispatched && http1_idle(&r->parser))) {
        conn_close(c, false);
    } else if (c->fin_seen) {
        conn_close(c, true);
    } else if (!r->dispatched) {
        r->parser.status = 408;
        r->parser.reason = "The request took too long.";
        refuse(c, r);
    } else if (r->discarding) {
        conn_finish(c, true);
    } else if (r->body_state == BODY_MORE) {
        r->must_close = true;
        c->paused = true;
        request_body_end(r, BODY_TIMEOUT);
    }
}

static void on_drained(struct conn *c)
{
    struct request *r = c->state;
    if (r && r->waiting)
        c->server->hooks->request_event(r);
}

/* A request may be on its way: closing an idle connection now would lose it. With a successor that serves already
 * (1012) there is no hurry; a stop is to be quick. Seconds. */
static const double RESTART_GRACE = 2, STOP_GRACE = 0.2;

static void on_drain(struct conn *c, int code)
{
    struct request *r = c->state;
    if (!r || (!r->dispatched && http1_idle(&r->parser)))
        conn_read_deadline(c, code == WS_RESTART ? RESTART_GRACE : STOP_GRACE);
    else
        r->must_close = true;
}

static void on_end(struct conn *c, bool lost)
{
    (void)lost;
    struct request *r = c->state;
    c->state = NULL;
    if (!r)
        return;
    r->carrier = NULL;
    if (r->dispatched)
        request_gone(r);
    request_release(r);
}

const struct conn_protocol http1_protocol = {
    .input = on_input,
    .half_closed = on_half_closed,
    .input_ended = on_input_ended,
    .drained = on_drained,
    .timed_out = on_timed_out,
    .drain = on_drain,
    .end = on_end,
};

/* Output. --- */

enum { WITH_HEAD = 2 * 1024 }; /* octets of content that are put into the same piece as their head */

enum framing { FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE, FRAMING_NONE };

/* Heads are written where they will be sent from: room for one with these fields and for `more` octets behind it. */
static char *begin_lines(struct conn *c, const struct response *response, size_t more)
{
    size_t size = HTTP1_LINES_MAX + more;
    for (unsigned i = 0; i < response->count; i++)
        size += response->fields[i].name.n + response->fields[i].value.n + 4;
    return out_room(&c->out, &c->server->chunks, size);
}

static void end_lines(struct conn *c, const char *begin, const char *end)
{
    out_filled(&c->out, (size_t)(end - begin));
    conn_flush_later(c);
}

static char *put(char *p, struct str s)
{
    memcpy(p, s.p, s.n);
    return p + s.n;
}

static char *put_fields(char *p, const struct response *response)
{
    for (unsigned i = 0; i < response->count; i++)
        p = http1_put_field(p, response->fields[i].name, response->fields[i].value);
    return p;
}

static char *put_connection(char *p, const struct request *r)
{
    if (r->must_close)
        return put(p, STR("Connection: close\r\n"));
    return r->version == 10 ? put(p, STR("Connection: keep-alive\r\n")) : p;
}

/* What is left of the content cannot be dropped cheaply, or is not coming: the connection cannot go on. */
static void decide_keep_alive(struct conn *c, struct request *r)
{
    if (c->server->draining)
        r->must_close = true;
    if (r->body_state == BODY_MORE) {
        const struct http1 *p = &r->parser;
        if (r->continue_due || p->head.chunked || p->head.content_length - p->received > DISCARD_MAX)
            r->must_close = true;
    } else if (r->body_state != BODY_READY) {
        r->must_close = true;
    }
}

/* The head, and what follows it at once. */
static void write_head(struct request *r, const struct response *response, enum framing framing, uint64_t length,
                       struct str content)
{
    struct conn *c = r->carrier;
    char *begin = begin_lines(c, response, content.n), *p = http1_put_status(begin, response->status);
    p = http1_put_date(p);
    p = put_fields(p, response);
    if (framing == FRAMING_LENGTH)
        p = http1_put_length(p, length);
    else if (framing == FRAMING_CHUNKED)
        p = http1_put_chunked(p);
    p = put_connection(p, r);
    p = http1_put_end(p);
    end_lines(c, begin, content.n ? put(p, content) : p);
}

/* The answer is complete. */
static void answered(struct conn *c, struct request *r)
{
    request_answered(r);
    if (r->must_close || r->body_state != BODY_MORE) {
        bool unread = r->body_state != BODY_READY;
        bool close = r->must_close;
        c->state = NULL;
        request_release(r);
        if (close)
            conn_finish(c, unread);
        else if (c->paused)
            conn_resume(c);
        if (!c->processing)
            set_deadline(c);
        return;
    }
    r->discarding = true;
    buf_clear(&r->body);
    r->body_at = 0;
    if (c->paused)
        conn_resume(c);
}

static void h1_send(struct request *r, const struct response *response, struct str body)
{
    struct conn *c = r->carrier;
    decide_keep_alive(c, r);
    enum framing framing = http_status_is_bodiless(response->status) ? FRAMING_NONE : FRAMING_LENGTH;
    bool content = framing == FRAMING_LENGTH && !request_is_head(r), together = content && body.n <= WITH_HEAD;
    write_head(r, response, framing, body.n, together ? body : STR_NULL);
    if (content)
        r->sent = body.n;
    if (content && !together)
        conn_write_long(c, body);
    answered(c, r);
}

static void h1_send_file(struct request *r, const struct response *response, struct open_file *file, uint64_t from,
                         uint64_t size)
{
    struct conn *c = r->carrier;
    decide_keep_alive(c, r);
    write_head(r, response, FRAMING_LENGTH, size, STR_NULL);
    if (!request_is_head(r)) {
        r->sent = size;
        out_append_file(&c->out, &c->server->chunks, file, (off_t)from, (size_t)size);
        conn_flush_later(c);
    }
    answered(c, r);
}

static void h1_interim(struct request *r, const struct response *response)
{
    struct conn *c = r->carrier;
    if (r->version == 10)
        return; /* RFC 9110 §15.2: not to HTTP/1.0 clients */
    char *begin = begin_lines(c, response, 0), *p = http1_put_status(begin, response->status);
    p = put_fields(p, response);
    end_lines(c, begin, http1_put_end(p));
}

static enum framing stream_framing(struct request *r, int status)
{
    if (http_status_is_bodiless(status))
        return FRAMING_NONE;
    return r->version == 10 ? FRAMING_CLOSE : FRAMING_CHUNKED;
}

static void h1_start(struct request *r, const struct response *response)
{
    struct conn *c = r->carrier;
    enum framing framing = stream_framing(r, response->status);
    if (framing == FRAMING_CLOSE)
        r->must_close = true;
    decide_keep_alive(c, r);
    write_head(r, response, framing, 0, STR_NULL);
}

static bool carries_content(const struct request *r)
{
    return !request_is_head(r) && !http_status_is_bodiless(r->status);
}

static void h1_write(struct request *r, struct str chunk)
{
    struct conn *c = r->carrier;
    if (chunk.n == 0 || !carries_content(r))
        return;
    r->sent += chunk.n;
    char size[24];
    if (r->version != 10)
        conn_write(c, size, (size_t)(http1_put_chunk_size(size, chunk.n) - size));
    conn_write(c, chunk.p, chunk.n);
    if (r->version != 10)
        conn_write(c, "\r\n", 2);
}

static void h1_finish(struct request *r, const struct response *trailers)
{
    struct conn *c = r->carrier;
    if (carries_content(r) && r->version != 10) {
        struct response none = {.count = 0};
        if (!trailers)
            trailers = &none;
        char *begin = begin_lines(c, trailers, 0), *p = http1_put_last_chunk(begin);
        p = put_fields(p, trailers);
        end_lines(c, begin, http1_put_end(p));
    }
    answered(c, r);
}

static size_t h1_queued(const struct request *r)
{
    return ((const struct conn *)r->carrier)->out.queued;
}

static void h1_want_body(struct request *r)
{
    struct conn *c = r->carrier;
    if (r->continue_due) {
        r->continue_due = false;
        conn_write(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    }
    if (c->paused && r->body_state == BODY_MORE) {
        conn_resume(c);
        c->in_seen = UINT32_MAX; /* the content may be all there: its end is asked for although no octet follows */
        set_deadline(c);
    }
}

static void h1_abort(struct request *r)
{
    conn_close(r->carrier, true);
}

static const struct request_transport http1_transport = {
    .send = h1_send,
    .send_file = h1_send_file,
    .interim = h1_interim,
    .start = h1_start,
    .write = h1_write,
    .finish = h1_finish,
    .queued = h1_queued,
    .want_body = h1_want_body,
    .abort = h1_abort,
};

struct conn *http1_take_over(struct request *r, const struct response *response)
{
    struct conn *c = r->carrier;
    if (!c || r->version == 20)
        return NULL;
    char *begin = begin_lines(c, response, 0), *p = http1_put_status(begin, response->status);
    p = http1_put_date(p);
    p = put_fields(p, response);
    p = put(p, response->status == 101 ? STR("Upgrade: websocket\r\nConnection: Upgrade\r\n")
                                       : STR("Connection: close\r\n"));
    end_lines(c, begin, http1_put_end(p));
    request_answered(r);
    c->state = NULL;
    r->carrier = NULL;
    request_release(r);
    return c;
}
