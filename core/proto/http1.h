/* proto/http1.h: HTTP/1.1 requests in (RFC 9110, RFC 9112). Called by server/conn.c and the fuzzer; no I/O, no heap.
 *
 * The caller keeps the bytes of a connection that are not yet consumed and offers them to http1_next() again and again:
 *
 *     do {
 *         event = http1_next(&p, input, &consumed, &body);
 *         … drop `consumed` bytes, which may be some with MORE too (the size line of a chunk) …
 *     } while (event is neither HTTP1_MORE nor HTTP1_ERROR);
 *
 * However the bytes are split, the events are the same (pieces of a body apart). A request is one HEAD, any number of
 * BODY, one END; the next request follows at once (pipelining). An ERROR is final: answer p.status, close.
 *
 * Every ambiguity of framing is an error, never a guess: two Content-Length, Content-Length with Transfer-Encoding, any
 * Transfer-Encoding but "chunked", a bare CR or LF, a space before a colon, a folded line, a NUL or another control
 * character, a missing, repeated or malformed Host (RFC 9112 §2.2, §3.2, §5.1, §5.2, §6.1, §6.3, §7.1). */
#ifndef PROTO_HTTP1_H
#define PROTO_HTTP1_H

#include "base/str.h"
#include "proto/field.h"

enum http_method {
    HTTP_OTHER, /* a valid token that is none of these */
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_PATCH,
    HTTP_TRACE,
};

enum { HTTP1_FIELDS_MAX = 100, HTTP1_HOST_KEPT = 47 };

struct http1_limits {
    uint32_t target; /* octets of the request target; above: 414 */
    uint32_t head;   /* octets of request line and fields together, also of a trailer section; above: 431 */
    uint32_t fields; /* lines, at most HTTP1_FIELDS_MAX; above: 431 */
    uint64_t body;   /* octets of content; above: 413, decided at the head if the length is announced */
};

/* 8 KiB, 32 KiB, 100, 1 MiB. */
extern const struct http1_limits http1_default_limits;

/* One field line: offsets from the head's (or trailer section's) first byte. */
struct http1_field {
    uint32_t name, value;
    uint32_t value_size;
    uint16_t name_size;
    uint8_t id; /* enum http_field */
};

struct http1_head {
    const char *base; /* first byte of the head; set it anew when the bytes move, all slices follow */
    enum http_method method;
    uint8_t minor;           /* 0: HTTP/1.0, 1: HTTP/1.1 and any later 1.x */
    bool keep_alive;         /* the client wants to go on (RFC 9112 §9.3) */
    bool expect_continue;    /* it waits for 100 before it sends the content (RFC 9110 §10.1.1) */
    bool upgrade;            /* Connection names "upgrade" and there is an Upgrade field (RFC 9110 §7.8) */
    bool chunked;            /* content of unknown length */
    uint64_t content_length; /* 0 if there is none or it is chunked */
    uint32_t size;           /* octets of the whole head: what HTTP1_HEAD consumes */

    /* Slices of the request line as offset and size; read them by http1_slice(). */
    struct http1_span {
        uint32_t at, size;
    } method_name, target, path, query, authority; /* authority: of an absolute-form target, else Host's value */

    uint16_t field_count, trailer_count;
    uint8_t known[HTTP_FIELD_COUNT]; /* by enum http_field: index + 1 of the first such line, 0: none */
    const char *trailer_base; /* trailer lines follow the fields in `fields`; valid at END, until the next call */
    struct http1_field fields[HTTP1_FIELDS_MAX];
};

enum http1_event {
    HTTP1_MORE, /* nothing complete; come back with more bytes behind what is not consumed */
    HTTP1_HEAD, /* p.head is filled; its slices point into `input`: keep or copy those bytes as long as they are used */
    HTTP1_BODY, /* *body is the next piece of content, in `input` */
    HTTP1_END,  /* the request is complete, its trailers stand in p.head */
    HTTP1_ERROR, /* p.status and p.reason say why; http1_next() must not be called again */
};

struct http1 {
    const struct http1_limits *limits;
    uint64_t body_limit; /* of this request, limits->body at first */
    uint64_t remaining;  /* of the content or the chunk */
    uint64_t received;   /* content so far */
    const char *reason;  /* static text, for the log */
    uint16_t status;     /* 400, 413, 414, 417, 431, 501, 505 */
    uint8_t state;
    uint8_t connection;  /* what Connection fields said so far */
    bool used;           /* head tells of an earlier request */
    uint32_t at;         /* offset of the line being read */
    uint32_t extensions; /* octets of chunk extensions so far */
    struct http1_head head;
    uint8_t host_size; /* the last Host that was found valid: nearly always the next one is the same */
    char host[HTTP1_HOST_KEPT];
};

/* "GET" and its like; STR_NULL for HTTP_OTHER. */
struct str http_method_name(enum http_method method);

/* Ready for a connection's first request; `limits` must outlive it. */
void http1_init(struct http1 *p, const struct http1_limits *limits);

/* The same for a parser that has served another connection. */
void http1_reuse(struct http1 *p, const struct http1_limits *limits);

/* Reads on; *consumed says how many bytes of `input` are done with (also with MORE and ERROR). */
enum http1_event http1_next(struct http1 *p, struct str input, size_t *consumed, struct str *body);

/* Sets another limit for the content of the request whose HEAD was just given. False: the announced or received length
 * is above it, answer 413. */
bool http1_limit_body(struct http1 *p, uint64_t octets);

/* True between requests: nothing of a next request has been read, so a close or a time-out here loses nothing. */
bool http1_idle(const struct http1 *p);

static inline struct str http1_slice(const struct http1_head *head, struct http1_span span)
{
    return (struct str){head->base + span.at, span.size};
}

static inline struct str http1_field_name(const struct http1_head *head, const struct http1_field *field)
{
    return (struct str){head->base + field->name, field->name_size};
}

static inline struct str http1_field_value(const struct http1_head *head, const struct http1_field *field)
{
    return (struct str){head->base + field->value, field->value_size};
}

/* The path as it was sent, still encoded: "/" where an absolute-form target has none (RFC 9110 §4.2.3), "*" for the
 * asterisk-form. */
static inline struct str http1_path(const struct http1_head *head)
{
    return head->path.size ? http1_slice(head, head->path) : STR("/");
}

/* Value of the first line of that name, without outer blanks; STR_NULL if there is none. */
static inline struct str http1_value(const struct http1_head *head, enum http_field id)
{
    return head->known[id] ? http1_field_value(head, &head->fields[head->known[id] - 1]) : STR_NULL;
}

/* The next line called `name` (any case) from index *i on, which is set behind it; false if there is none. */
bool http1_find(const struct http1_head *head, struct str name, size_t *i, struct str *value);

/* Trailer line `i` < trailer_count, at END. */
void http1_trailer(const struct http1_head *head, size_t i, struct str *name, struct str *value);

#endif
