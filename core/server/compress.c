/* server/compress.c: whether an answer is compressed and how (RFC 9110 §8.4, §12.5.3): Brotli or gzip, whatever the
 * client likes better. Whole answers are compressed here, when that makes them smaller, by coders that the worker
 * keeps; streamed ones by coder.c. */
#include <brotli/encode.h>
#include <string.h>
#include <zlib.h>

#include "proto/accept.h"
#include "proto/http1_out.h"
#include "server/coder.h"
#include "server/state.h"

enum {
    GZIP_LEVEL = 5,
    BROTLI_LEVEL = 4,
    COMPRESS_MOST = 4 * 1024 * 1024, /* octets: above, it would hold the loop too long */
};

/* Text and what is text inside; media that are compressed already gain nothing. */
static bool is_compressible(struct str type)
{
    static const struct str text[] = {
        {"text/", 5},
        {"application/json", 16},
        {"application/javascript", 22},
        {"application/xml", 15},
        {"application/problem+json", 24},
        {"application/manifest+json", 25},
        {"application/rss+xml", 19},
        {"application/openapi+json", 24},
        {"image/svg+xml", 13},
    };
    if (str_starts(type, STR("text/event-stream")))
        return false;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (str_starts(type, text[i]))
            return true;
    return false;
}

static bool gzip(struct str in, struct buf *out)
{
    static z_stream z;
    static bool ready;
    if (!ready)
        ready = deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    else
        deflateReset(&z);
    if (!ready)
        return false;
    buf_reserve(out, deflateBound(&z, in.n));
    z.next_in = (unsigned char *)(uintptr_t)in.p;
    z.avail_in = (unsigned)in.n;
    z.next_out = (unsigned char *)out->data;
    z.avail_out = (unsigned)out->cap;
    bool ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
    out->len = out->cap - z.avail_out;
    return ok;
}

static bool brotli(struct str in, struct buf *out)
{
    size_t size = BrotliEncoderMaxCompressedSize(in.n);
    buf_reserve(out, size);
    bool ok = BrotliEncoderCompress(BROTLI_LEVEL, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, in.n,
                                    (const unsigned char *)in.p, &size, (unsigned char *)out->data);
    out->len = ok ? size : 0;
    return ok;
}

/* Vary: Accept-Encoding, joined with what the handler said. */
static void add_vary(struct request *r, struct response *response)
{
    for (unsigned i = 0; i < response->count; i++) {
        struct response_field *field = &response->fields[i];
        if (!str_ieq(field->name, STR("vary")))
            continue;
        if (!http_list_has(field->value, STR("accept-encoding")) && !str_eq(field->value, STR("*"))) {
            char *joined = arena_alloc(&r->arena, field->value.n + 17);
            memcpy(joined, field->value.p, field->value.n);
            memcpy(joined + field->value.n, ", Accept-Encoding", 17);
            field->value = str_of(joined, field->value.n + 17);
        }
        return;
    }
    response_add(response, STR("Vary"), STR("Accept-Encoding"));
}

/* A strong ETag names these octets, not the compressed ones: it becomes a weak one (RFC 9110 §8.8.1). */
static void weaken_etag(struct request *r, struct response *response)
{
    for (unsigned i = 0; i < response->count; i++) {
        struct response_field *field = &response->fields[i];
        if (!str_ieq(field->name, STR("etag")) || str_starts(field->value, STR("W/")))
            continue;
        char *weak = arena_alloc(&r->arena, field->value.n + 2);
        memcpy(weak, "W/", 2);
        memcpy(weak + 2, field->value.p, field->value.n);
        field->value = str_of(weak, field->value.n + 2);
    }
}

bool compress_vary(struct request *r, struct response *response)
{
    if (response_find(response, STR("content-encoding")).p ||
        !is_compressible(response_find(response, STR("content-type"))))
        return false;
    add_vary(r, response);
    return true;
}

/* The coding to answer in, STR_NULL for none. */
static struct str choose(struct request *r, struct response *response)
{
    if (response->status == 206 || http_status_is_bodiless(response->status) || !compress_vary(r, response))
        return STR_NULL;
    struct str accepted = request_header(r, STR("accept-encoding"));
    if (!accepted.p)
        return STR_NULL;
    int br = accept_encoding(accepted, STR("br")), gz = accept_encoding(accepted, STR("gzip"));
    if (br <= 0 && gz <= 0)
        return STR_NULL;
    return br >= gz ? STR("br") : STR("gzip");
}

static void say(struct request *r, struct response *response, struct str coding)
{
    response_add(response, STR("Content-Encoding"), coding);
    weaken_etag(r, response);
}

struct str compress_body(struct request *r, struct response *response, struct str body)
{
    if (body.n > COMPRESS_MOST)
        return body;
    struct str coding = choose(r, response);
    struct buf *out = &r->server->body;
    buf_clear(out);
    if (!coding.p || !(coding.n == 2 ? brotli(body, out) : gzip(body, out)) || out->len >= body.n)
        return body;
    say(r, response, coding);
    return buf_str(out);
}

struct coder *compress_stream(struct request *r, struct response *response)
{
    struct str coding = choose(r, response);
    if (!coding.p)
        return NULL;
    say(r, response, coding);
    return coder_new(coding);
}
