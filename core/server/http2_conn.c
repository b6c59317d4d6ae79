/* server/http2_conn.c: HTTP/2 (RFC 9113) on a TLS connection that agreed on h2, framed by nghttp2. Each stream carries
 * one request of the same kind as HTTP/1.1's. Sending of answers is http2_stream.c's.
 *
 * A request's fields are written down as an HTTP/1.1 head and read by that parser, so both versions obey one set of
 * rules and limits, and nothing that one refuses comes in by the other. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "server/http2.h"

enum {
    STREAMS_MAX = 100,
    OUT_HIGH = 256 * 1024, /* octets queued: above, nghttp2 is not asked for more */
    RESETS_MAX = 200,      /* streams that a client may break off before their answer, beyond those that it let end
                            * (CVE-2023-44487) */
};
#define FIN_SECONDS 0.5

/* Octets out. --- */

void http2_pump(struct http2 *h)
{
    struct conn *c = h->conn;
    while (!c->closed && c->out.queued < OUT_HIGH) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(h->session, &data);
        if (n <= 0)
            break;
        conn_write(c, data, (size_t)n);
    }
    if (!c->closed && !nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session))
        conn_finish(c, false);
}

static void pump_deferred(void *arg)
{
    struct http2 *h = arg;
    h->pump_due = false;
    if (h->conn)
        http2_pump(h);
    else
        free(h);
}

void http2_pump_later(struct http2 *h)
{
    if (h->receiving || h->pump_due)
        return;
    h->pump_due = true;
    loop_defer(h->conn->server->loop, pump_deferred, h);
}

/* Heads in. --- */

static struct http2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct http2 *h = arg;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct http2_stream *s = mem_zalloc(sizeof *s);
    s->h = h;
    s->id = frame->hd.stream_id;
    s->next = h->first;
    s->link = &h->first;
    if (s->next)
        s->next->link = &s->next;
    h->first = s;
    h->streams++;
    nghttp2_session_set_stream_user_data(session, s->id, s);
    return 0;
}

static void keep(struct buf *to, struct str value)
{
    buf_clear(to);
    buf_append_str(to, value);
}

/* Also fields that go over the limit are read, so that compression stays in step; they are not kept. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                     const uint8_t *value, size_t value_size, uint8_t flags, void *arg)
{
    struct http2 *h = arg;
    struct http2_stream *s = stream_of(session, frame->hd.stream_id);
    struct str n = str_of(name, name_size), v = str_of(value, value_size);
    (void)flags;
    if (!s || s->request)
        return 0; /* trailers of a request are not kept */
    if (s->fields.len > h->conn->server->limits.head)
        return 0;
    if (!http_is_value(v) && v.n) {
        s->malformed = true;
    } else if (str_eq(n, STR(":method"))) {
        keep(&s->method, v);
    } else if (str_eq(n, STR(":path"))) {
        keep(&s->target, v);
    } else if (str_eq(n, STR(":authority"))) {
        keep(&s->authority, v);
    } else if (str_eq(n, STR("host"))) {
        if (s->authority.len && !str_ieq(v, buf_str(&s->authority))) /* RFC 9113 §8.3.1 */
            s->malformed = true;
        keep(&s->authority, v);
    } else if (n.n && n.p[0] != ':') {
        buf_append_str(&s->fields, n);
        buf_append_str(&s->fields, STR(": "));
        buf_append_str(&s->fields, v);
        buf_append_str(&s->fields, STR("\r\n"));
    }
    return 0;
}

/* The head as HTTP/1.1 has it, in the request's arena; the parser's event for it. */
static enum http1_event parse_head(struct http2_stream *s, struct request *r)
{
    struct buf head = {0};
    buf_append_str(&head, buf_str(&s->method));
    buf_append_char(&head, ' ');
    buf_append_str(&head, buf_str(&s->target));
    buf_append_str(&head, STR(" HTTP/1.1\r\nhost: "));
    buf_append_str(&head, buf_str(&s->authority));
    buf_append_str(&head, STR("\r\n"));
    buf_append_str(&head, buf_str(&s->fields));
    buf_append_str(&head, STR("\r\n"));
    struct str kept = arena_dup_str(&r->arena, buf_str(&head)), body;
    buf_free(&head);
    size_t used;
    return http1_next(&r->parser, kept, &used, &body);
}

static bool is_token(const struct buf *b)
{
    return b->len && http_is_token(buf_str(b)) && !str_eq(buf_str(b), STR("CONNECT"));
}

/* The head is complete; with ended = true there is no content. */
static void begin_request(struct http2_stream *s, bool ended)
{
    struct conn *c = s->h->conn;
    struct request *r = request_new(c->server, c->service, &http2_transport, s);
    s->request = r;
    r->version = 20;
    r->peer = c->peer;
    r->secure = c->secure;
    r->keeps_head = true;
    if (ended)
        r->body_state = BODY_READY;
    enum http1_event event = HTTP1_ERROR;
    r->parser.status = 400;
    r->parser.reason = "malformed request";
    if (!s->malformed && is_token(&s->method))
        event = parse_head(s, r);
    if (event != HTTP1_HEAD) {
        response_refuse(r, event == HTTP1_MORE ? 400 : r->parser.status, str_from(r->parser.reason));
        return;
    }
    r->continue_due = r->parser.head.expect_continue && !ended;
    request_dispatch(r);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    (void)arg;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct http2_stream *s = stream_of(session, frame->hd.stream_id);
    bool ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (!s)
        return 0;
    if (!s->request)
        begin_request(s, ended);
    else if (ended && s->request->carrier)
        request_body_end(s->request, BODY_READY);
    return 0;
}

/* Content in. The stream's window is 64 KiB: what the handler has not asked for is bounded by it. --- */

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *arg)
{
    struct http2_stream *s = stream_of(session, id);
    (void)flags;
    (void)arg;
    nghttp2_session_consume_connection(session, n);
    struct request *r = s ? s->request : NULL;
    if (!r || r->answered || r->body_state != BODY_MORE) {
        nghttp2_session_consume_stream(session, id, n);
        return 0;
    }
    s->moved = true;
    r->parser.received += n;
    s->unconsumed += n;
    if (r->parser.received > r->body_limit) {
        request_body_end(r, BODY_TOO_LARGE);
        return 0;
    }
    request_body_data(r, str_of(data, n));
    if (r->body_wanted && s->unconsumed)
        http2_consume(s);
    return 0;
}

void http2_consume(struct http2_stream *s)
{
    nghttp2_session_consume_stream(s->h->session, s->id, s->unconsumed);
    s->unconsumed = 0;
}

/* Ends. --- */

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
    struct http2 *h = arg;
    struct http2_stream *s = stream_of(session, id);
    if (!s)
        return 0;
    struct request *r = s->request;
    if (r) {
        bool answered = r->answered;
        r->carrier = NULL;
        if (answered && h->resets > 0)
            h->resets--;
        if (!answered) {
            request_gone(r);
            if (error != NGHTTP2_NO_ERROR && ++h->resets > RESETS_MAX)
                nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
        }
        request_release(r);
    }
    nghttp2_session_set_stream_user_data(session, id, NULL);
    http2_stream_free(s);
    h->streams--;
    return 0;
}

static void set_deadline(struct http2 *h)
{
    struct conn *c = h->conn;
    if (c->closing || c->closed)
        return;
    if (c->fin_seen)
        conn_read_deadline(c, FIN_SECONDS);
    else if (!h->streams)
        conn_read_deadline(c, c->server->options.idle_timeout);
    else if (!h->looking)
        conn_read_deadline(c, c->server->options.write_timeout);
    h->looking = h->streams > 0;
}

/* A client that neither sends the content it began nor takes what waits for it loses the stream. */
static void look_for_stalled(struct http2 *h)
{
    for (struct http2_stream *s = h->first, *next; s; s = next) {
        next = s->next;
        struct request *r = s->request;
        if (!s->moved && http2_stream_has_output(s))
            nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
        else if (!s->moved && r && r->body_wanted)
            request_body_end(r, BODY_TIMEOUT);
        s->moved = false;
    }
}

static size_t on_input(struct conn *c, char *data, size_t n)
{
    struct http2 *h = c->state;
    h->receiving = true;
    ssize_t used = nghttp2_session_mem_recv(h->session, (const uint8_t *)data, n);
    h->receiving = false;
    if (used < 0 && used != NGHTTP2_ERR_FLOODED)
        nghttp2_session_terminate_session(h->session, NGHTTP2_PROTOCOL_ERROR);
    http2_pump(h);
    if (used < 0)
        conn_finish(c, true);
    set_deadline(h);
    return n;
}

static void on_half_closed(struct conn *c)
{
    set_deadline(c->state);
}

static void on_input_ended(struct conn *c)
{
    struct http2 *h = c->state;
    if (h->streams == 0)
        conn_close(c, false);
}

static void on_drained(struct conn *c)
{
    struct http2 *h = c->state;
    if (!h->receiving)
        http2_pump_later(h);
}

static void on_timed_out(struct conn *c)
{
    struct http2 *h = c->state;
    if (c->fin_seen) {
        conn_close(c, true);
        return;
    }
    if (h->streams)
        look_for_stalled(h);
    else
        nghttp2_session_terminate_session(h->session, NGHTTP2_NO_ERROR);
    http2_pump(h);
    h->looking = false;
    if (!c->closed)
        set_deadline(h);
}

static void on_drain(struct conn *c, int code)
{
    struct http2 *h = c->state;
    (void)code;
    int32_t last = nghttp2_session_get_last_proc_stream_id(h->session);
    nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0);
    http2_pump(h);
    if (!c->closed && h->streams == 0)
        conn_finish(c, false);
}

static void on_end(struct conn *c, bool lost)
{
    struct http2 *h = c->state;
    (void)lost;
    c->state = NULL;
    h->receiving = true; /* what the streams' ends submit goes nowhere */
    nghttp2_session_del(h->session);
    while (h->first)
        http2_stream_drop(h->first);
    h->conn = NULL;
    if (!h->pump_due)
        free(h);
}

const struct conn_protocol http2_protocol = {
    .input = on_input,
    .half_closed = on_half_closed,
    .input_ended = on_input_ended,
    .drained = on_drained,
    .timed_out = on_timed_out,
    .drain = on_drain,
    .end = on_end,
};

static nghttp2_session *session_new(struct http2 *h)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    nghttp2_session *session = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return NULL;
    if (nghttp2_option_new(&option) == 0) {
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
        if (nghttp2_session_server_new2(&session, callbacks, h, option) != 0)
            session = NULL;
        nghttp2_option_del(option);
    }
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

bool http2_begin(struct conn *c)
{
    struct http2 *h = mem_zalloc(sizeof *h);
    h->conn = c;
    h->session = session_new(h);
    if (!h->session) {
        free(h);
        return false;
    }
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, c->server->limits.head},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, BODY_WINDOW},
    };
    nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings);
    c->state = h;
    c->protocol = &http2_protocol;
    return true;
}
