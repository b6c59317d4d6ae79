/* server/http2_stream.c: answers on HTTP/2 streams: heads as nghttp2 takes them, content from a buffer or a file as the
 * client's window allows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/http1_out.h"
#include "server/http2.h"

enum { FIELDS_OWN = 3 }; /* :status, date, content-length */

/* Heads. --- */

static nghttp2_nv pair(struct str name, struct str value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.p, (uint8_t *)(uintptr_t)value.p, name.n, value.n,
                        NGHTTP2_NV_FLAG_NONE};
}

/* Names are lower case on the wire (RFC 9113 §8.2.1). */
static struct str lowered(struct request *r, struct str name)
{
    char *copy = arena_dup(&r->arena, name.p, name.n);
    for (size_t i = 0; i < name.n; i++)
        copy[i] = ascii_lower(copy[i]);
    return str_of(copy, name.n);
}

static size_t add_fields(struct request *r, nghttp2_nv *to, size_t count, const struct response_field *fields,
                         unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[count++] = pair(lowered(r, fields[i].name), fields[i].value);
    return count;
}

/* length: octets of the content, -1 when unknown. */
static size_t head_of(struct request *r, const struct response *response, int64_t length, nghttp2_nv *to)
{
    static const char digits[] = "0123456789";
    char *status = arena_alloc(&r->arena, 3), *number = arena_alloc(&r->arena, 20);
    for (int i = 2, rest = response->status; i >= 0; i--, rest /= 10)
        status[i] = digits[rest % 10];
    size_t count = 0;
    to[count++] = pair(STR(":status"), str_of(status, 3));
    if (response->status >= 200)
        to[count++] = pair(STR("date"), clock_http_date());
    if (length >= 0 && !http_status_is_bodiless(response->status))
        to[count++] = pair(STR("content-length"), str_of(number, u64_to_digits((uint64_t)length, number)));
    return add_fields(r, to, count, response->fields, response->count);
}

/* Content. --- */

static size_t buffered(const struct http2_stream *s)
{
    return s->out.len - s->out_at;
}

bool http2_stream_has_output(const struct http2_stream *s)
{
    return buffered(s) || (s->file && s->file_at < s->file_end);
}

static ssize_t from_file(struct http2_stream *s, uint8_t *to, size_t room)
{
    uint64_t left = s->file_end - s->file_at;
    ssize_t n = pread(open_file_fd(s->file), to, left < room ? (size_t)left : room, (off_t)s->file_at);
    if (n <= 0 && left > 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* shorter than announced: the stream is reset */
    s->file_at += (uint64_t)n;
    return n;
}

static size_t from_buffer(struct http2_stream *s, uint8_t *to, size_t room)
{
    size_t n = buffered(s) < room ? buffered(s) : room;
    if (n)
        memcpy(to, s->out.data + s->out_at, n);
    s->out_at += n;
    if (buffered(s) == 0) {
        buf_clear(&s->out);
        s->out_at = 0;
    }
    return n;
}

static void end_content(struct http2_stream *s, nghttp2_session *session, uint32_t *flags)
{
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!s->trailer_count || !s->request)
        return;
    nghttp2_nv fields[RESPONSE_FIELDS_MAX];
    size_t count = add_fields(s->request, fields, 0, s->trailers, s->trailer_count);
    if (nghttp2_submit_trailer(session, s->id, fields, count) == 0)
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t room, uint32_t *flags,
                       nghttp2_data_source *source, void *arg)
{
    struct http2_stream *s = source->ptr;
    (void)id;
    (void)arg;
    s->moved = true;
    if (s->file) {
        ssize_t n = from_file(s, to, room);
        if (n >= 0 && s->file_at == s->file_end)
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        return n;
    }
    size_t n = from_buffer(s, to, room);
    struct request *r = s->request;
    if (r && r->waiting && buffered(s) == 0)
        r->server->hooks->request_event(r);
    if (buffered(s) == 0 && s->ended)
        end_content(s, session, flags);
    else if (n == 0) {
        s->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)n;
}

static bool carries_content(const struct request *r, int status)
{
    return !request_is_head(r) && !http_status_is_bodiless(status);
}

static void submit(struct http2_stream *s, const struct response *response, int64_t length, bool content)
{
    nghttp2_nv fields[RESPONSE_FIELDS_MAX + FIELDS_OWN];
    size_t count = head_of(s->request, response, length, fields);
    nghttp2_data_provider provider = {.source.ptr = s, .read_callback = on_read};
    nghttp2_submit_response(s->h->session, s->id, fields, count, content ? &provider : NULL);
    http2_pump_later(s->h);
}

static void resume(struct http2_stream *s)
{
    if (s->deferred) {
        s->deferred = false;
        nghttp2_session_resume_data(s->h->session, s->id);
    }
    http2_pump_later(s->h);
}

/* The answer is complete. The stream goes when it is sent; content that the client still sends is of no use. */
static void answered(struct http2_stream *s)
{
    request_answered(s->request);
    if (s->unconsumed)
        http2_consume(s);
}

static void h2_send(struct request *r, const struct response *response, struct str body)
{
    struct http2_stream *s = r->carrier;
    bool content = carries_content(r, response->status) && body.n > 0;
    if (content)
        buf_append_str(&s->out, body);
    s->ended = true;
    r->sent = content ? body.n : 0;
    submit(s, response, (int64_t)body.n, content);
    answered(s);
}

static void h2_send_file(struct request *r, const struct response *response, struct open_file *file, uint64_t from,
                         uint64_t size)
{
    struct http2_stream *s = r->carrier;
    bool content = carries_content(r, response->status) && size > 0;
    if (content) {
        s->file = open_file_retain(file);
        s->file_at = from;
        s->file_end = from + size;
    }
    r->sent = content ? size : 0;
    submit(s, response, (int64_t)size, content);
    answered(s);
}

static void h2_interim(struct request *r, const struct response *response)
{
    struct http2_stream *s = r->carrier;
    nghttp2_nv fields[RESPONSE_FIELDS_MAX + FIELDS_OWN];
    size_t count = head_of(r, response, -1, fields);
    nghttp2_submit_headers(s->h->session, NGHTTP2_FLAG_NONE, s->id, NULL, fields, count, NULL);
    http2_pump_later(s->h);
}

static void h2_start(struct request *r, const struct response *response)
{
    submit(r->carrier, response, -1, carries_content(r, response->status));
}

static void h2_write(struct request *r, struct str chunk)
{
    struct http2_stream *s = r->carrier;
    if (!carries_content(r, r->status) || chunk.n == 0)
        return;
    r->sent += chunk.n;
    if (s->out_at > s->out.len / 2) {
        buf_consume(&s->out, s->out_at);
        s->out_at = 0;
    }
    buf_append_str(&s->out, chunk);
    resume(s);
}

static void h2_finish(struct request *r, const struct response *trailers)
{
    struct http2_stream *s = r->carrier;
    s->ended = true;
    if (trailers && trailers->count) {
        s->trailers = arena_alloc(&r->arena, trailers->count * sizeof *s->trailers);
        s->trailer_count = trailers->count;
        for (unsigned i = 0; i < s->trailer_count; i++) { /* Lua's strings may be gone when they are sent */
            s->trailers[i].name = arena_dup_str(&r->arena, trailers->fields[i].name);
            s->trailers[i].value = arena_dup_str(&r->arena, trailers->fields[i].value);
        }
    }
    resume(s);
    answered(s);
}

static size_t h2_queued(const struct request *r)
{
    return buffered(r->carrier);
}

static void h2_want_body(struct request *r)
{
    struct http2_stream *s = r->carrier;
    if (r->continue_due) {
        struct response response;
        r->continue_due = false;
        response_init(&response, 100);
        h2_interim(r, &response);
    }
    if (s->unconsumed) {
        http2_consume(s);
        http2_pump_later(s->h);
    }
}

static void h2_abort(struct request *r)
{
    struct http2_stream *s = r->carrier;
    nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
    http2_pump_later(s->h);
}

const struct request_transport http2_transport = {
    .send = h2_send,
    .send_file = h2_send_file,
    .interim = h2_interim,
    .start = h2_start,
    .write = h2_write,
    .finish = h2_finish,
    .queued = h2_queued,
    .want_body = h2_want_body,
    .abort = h2_abort,
};

/* Ends. --- */

void http2_stream_free(struct http2_stream *s)
{
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    if (s->file)
        open_file_release(s->file);
    buf_free(&s->method);
    buf_free(&s->target);
    buf_free(&s->authority);
    buf_free(&s->fields);
    buf_free(&s->out);
    free(s);
}

void http2_stream_drop(struct http2_stream *s)
{
    struct request *r = s->request;
    if (r) {
        r->carrier = NULL;
        if (!r->answered)
            request_gone(r);
        request_release(r);
    }
    http2_stream_free(s);
}
