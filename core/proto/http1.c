/* proto/http1.c: see http1.h. The states of a connection's requests and the framing of content.
 *
 *   START ──first octet──▶ REQUEST_LINE ──▶ FIELDS ──HEAD──▶ DONE            no content
 *     ▲                                        ├──────HEAD──▶ LENGTH ──▶ DONE         Content-Length
 *     │                                        └──────HEAD──▶ CHUNK_SIZE ⇄ CHUNK_DATA, CHUNK_END
 *     └───────────────END─── DONE ◀── TRAILERS ◀──last chunk──┘
 *
 * Each state has one function, read_…, that answers an event, or AGAIN when it only moved on to the next state. */
#include "proto/http1.h"

#include "proto/chars.h"
#include "proto/http1_head.h"

enum state { START, REQUEST_LINE, FIELDS, LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILERS, DONE, FAILED };

enum { AGAIN = HTTP1_ERROR + 1 };

/* A chunk's size line with its extensions, and all extensions of one body: they carry nothing we use, so more than this
 * is only meant to cost us time. */
enum { CHUNK_LINE_MAX = 1024, EXTENSIONS_MAX = 16 * 1024 };

const struct http1_limits http1_default_limits = {
    .target = 8 * 1024,
    .head = 32 * 1024,
    .fields = HTTP1_FIELDS_MAX,
    .body = 1024 * 1024,
};

void http1_init(struct http1 *p, const struct http1_limits *limits)
{
    p->host_size = 0;
    http1_reuse(p, limits);
}

void http1_reuse(struct http1 *p, const struct http1_limits *limits)
{
    memset(p, 0, offsetof(struct http1, head.fields));
    p->limits = limits;
    p->state = START;
}

bool http1_idle(const struct http1 *p)
{
    return p->state == START;
}

bool http1_limit_body(struct http1 *p, uint64_t octets)
{
    p->body_limit = octets;
    return p->head.content_length <= octets && p->received <= octets;
}

bool http1_find(const struct http1_head *head, struct str name, size_t *i, struct str *value)
{
    while (*i < head->field_count) {
        const struct http1_field *field = &head->fields[(*i)++];
        if (field->name_size == name.n && str_ieq(http1_field_name(head, field), name)) {
            *value = http1_field_value(head, field);
            return true;
        }
    }
    return false;
}

void http1_trailer(const struct http1_head *head, size_t i, struct str *name, struct str *value)
{
    const struct http1_field *field = &head->fields[head->field_count + i];
    *name = str_of(head->trailer_base + field->name, field->name_size);
    *value = str_of(head->trailer_base + field->value, field->value_size);
}

static int fail(struct http1 *p, uint16_t status, const char *reason)
{
    http1_refuse(p, status, reason);
    return HTTP1_ERROR;
}

/* A new request. One empty line before it is let pass, as a part of its head (RFC 9112 §2.2). */
static int read_start(struct http1 *p, struct str *input)
{
    bool empty_line = input->n > 0 && input->p[0] == '\r';
    if (empty_line && input->n > 1 && input->p[1] != '\n')
        return fail(p, 400, "bare CR");
    if (input->n <= (empty_line ? 2u : 0u))
        return HTTP1_MORE;
    if (p->used)
        http1_reuse(p, p->limits);
    p->used = true;
    p->at = empty_line ? 2 : 0;
    p->body_limit = p->limits->body;
    p->state = REQUEST_LINE;
    return AGAIN;
}

/* As much of a section as may be looked at: what lies behind the limit must not matter, or the same octets would be
 * refused differently when they come in other pieces. */
static struct str section(const struct http1 *p, struct str input)
{
    return str_of(input.p, input.n < p->limits->head ? input.n : p->limits->head);
}

/* The section does not end before its limit. */
static bool too_large(const struct http1 *p, enum http1_line line, size_t available)
{
    return line == LINE_MORE && available > p->limits->head;
}

static int read_request_line(struct http1 *p, struct str *input)
{
    p->head.base = input->p;
    enum http1_line line = http1_request_line(p, section(p, *input));
    if (line == LINE_BAD)
        return HTTP1_ERROR;
    if (too_large(p, line, input->n))
        return fail(p, 431, "head too large");
    if (line == LINE_MORE)
        return HTTP1_MORE;
    p->state = FIELDS;
    return AGAIN;
}

static int finish_head(struct http1 *p, struct str *input)
{
    if (!http1_finish_head(p))
        return HTTP1_ERROR;
    p->head.size = p->at;
    p->remaining = p->head.content_length;
    p->state = p->head.chunked ? CHUNK_SIZE : p->remaining ? LENGTH : DONE;
    *input = str_of(input->p + p->at, input->n - p->at);
    return HTTP1_HEAD;
}

static int read_fields(struct http1 *p, struct str *input)
{
    p->head.base = input->p;
    for (;;) {
        enum http1_line line = http1_field_line(p, section(p, *input));
        if (line == LINE_BAD)
            return HTTP1_ERROR;
        if (too_large(p, line, input->n))
            return fail(p, 431, "head too large");
        if (line == LINE_MORE)
            return HTTP1_MORE;
        if (line == LINE_EMPTY)
            return finish_head(p, input);
        if (!http1_note_field(p))
            return HTTP1_ERROR;
    }
}

/* As much of the content or chunk as is there. */
static int read_data(struct http1 *p, struct str *input, struct str *body)
{
    if (input->n == 0)
        return HTTP1_MORE;
    *body = *input;
    if (body->n > p->remaining)
        body->n = (size_t)p->remaining;
    *input = str_of(input->p + body->n, input->n - body->n);
    p->remaining -= body->n;
    p->received += body->n;
    if (p->remaining == 0)
        p->state = p->state == LENGTH ? DONE : CHUNK_END;
    return HTTP1_BODY;
}

static const char *skip_blanks(const char *s, const char *end)
{
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    return s;
}

/* Behind the opening quote of a quoted-string: its end, or NULL if it is not complete and well-formed (RFC 9110
 * §5.6.4). */
static const char *quoted_end(const char *s, const char *end)
{
    while (s < end && *s != '"') {
        if (*s == '\\')
            s++;
        if (s == end || !char_is(*s, CHAR_VALUE))
            return NULL;
        s++;
    }
    return s < end ? s + 1 : NULL;
}

/* chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS value ] ) fills [s, end) (RFC 9112 §7.1.1). */
static bool extensions_valid(const char *s, const char *end)
{
    while (s < end) {
        s = skip_blanks(s, end);
        if (s == end || *s++ != ';')
            return false;
        s = skip_blanks(s, end);
        const char *name = s;
        s = scan_class(s, end, CHAR_TOKEN);
        if (s == name)
            return false;
        const char *equals = skip_blanks(s, end);
        if (equals == end || *equals != '=')
            continue;
        const char *value = skip_blanks(equals + 1, end);
        s = value < end && *value == '"' ? quoted_end(value + 1, end) : scan_class(value, end, CHAR_TOKEN);
        if (!s || s == value)
            return false;
    }
    return true;
}

/* The digits at `s`; returns their end, NULL if the number is too large for any limit. */
static const char *read_hex(const char *s, const char *end, uint64_t *size)
{
    *size = 0;
    for (int digit; s < end && (digit = hex_value(*s)) >= 0; s++) {
        if (*size >> 60)
            return NULL;
        *size = *size << 4 | (unsigned)digit;
    }
    return s;
}

/* There is a digit, and what follows the digits, if it is there already, may follow them. */
static bool plausible_size(const char *digits, const char *digits_end, const char *end)
{
    return digits_end > digits && (digits_end == end || memchr("\r; \t", *digits_end, 4));
}

/* chunk-size [ chunk-ext ] CRLF, read when it is complete; an octet that cannot belong to it is refused at once. */
static int read_chunk_size(struct http1 *p, struct str *input)
{
    const char *end = input->p + input->n, *stop = scan_value(input->p, end);
    uint64_t size;
    const char *digits_end = read_hex(input->p, stop, &size);
    if (!digits_end) /* beyond 64 bits: no size that anybody means, but a way to make recipients disagree */
        return fail(p, 400, "malformed chunk size");
    if (input->n > 0 && !plausible_size(input->p, digits_end, end))
        return fail(p, 400, "malformed chunk size");
    if (stop - input->p > CHUNK_LINE_MAX)
        return fail(p, 400, "chunk line too long");
    if (stop == end || (*stop == '\r' && stop + 1 == end))
        return HTTP1_MORE;
    if (*stop != '\r' || stop[1] != '\n' || !extensions_valid(digits_end, stop))
        return fail(p, 400, "malformed chunk size");
    p->extensions += (uint32_t)(stop - digits_end);
    if (p->extensions > EXTENSIONS_MAX)
        return fail(p, 400, "too many chunk extensions");
    if (size > p->body_limit || p->received > p->body_limit - size)
        return fail(p, 413, "content too large");
    *input = str_of(stop + 2, (size_t)(end - stop - 2));
    p->remaining = size;
    p->at = 0;
    p->state = size ? CHUNK_DATA : TRAILERS;
    return AGAIN;
}

static int read_chunk_end(struct http1 *p, struct str *input)
{
    if (input->n > 0 && input->p[0] != '\r')
        return fail(p, 400, "chunk longer than its size");
    if (input->n < 2)
        return HTTP1_MORE;
    if (input->p[1] != '\n')
        return fail(p, 400, "bare CR");
    *input = str_of(input->p + 2, input->n - 2);
    p->state = CHUNK_SIZE;
    return AGAIN;
}

/* Fields that would change what has been decided already (RFC 9110 §6.5.1). */
static bool forbidden_in_trailer(unsigned id)
{
    return id == HTTP_FIELD_CONTENT_LENGTH || id == HTTP_FIELD_TRANSFER_ENCODING || id == HTTP_FIELD_HOST ||
           id == HTTP_FIELD_CONNECTION || id == HTTP_FIELD_EXPECT || id == HTTP_FIELD_TRAILER;
}

static int read_trailers(struct http1 *p, struct str *input)
{
    struct http1_head *head = &p->head;
    head->trailer_base = input->p;
    for (;;) {
        enum http1_line line = http1_field_line(p, section(p, *input));
        if (line == LINE_BAD)
            return HTTP1_ERROR;
        if (too_large(p, line, input->n))
            return fail(p, 431, "trailers too large");
        if (line == LINE_MORE)
            return HTTP1_MORE;
        if (line == LINE_EMPTY)
            break;
        if (forbidden_in_trailer(head->fields[head->field_count + head->trailer_count++].id))
            return fail(p, 400, "field not allowed as a trailer");
    }
    *input = str_of(input->p + p->at, input->n - p->at);
    p->state = START;
    return HTTP1_END;
}

static int step(struct http1 *p, struct str *input, struct str *body)
{
    switch ((enum state)p->state) {
    case START:
        return read_start(p, input);
    case REQUEST_LINE:
        return read_request_line(p, input);
    case FIELDS:
        return read_fields(p, input);
    case LENGTH:
    case CHUNK_DATA:
        return read_data(p, input, body);
    case CHUNK_SIZE:
        return read_chunk_size(p, input);
    case CHUNK_END:
        return read_chunk_end(p, input);
    case TRAILERS:
        return read_trailers(p, input);
    case DONE:
        p->state = START;
        return HTTP1_END;
    case FAILED:
        break;
    }
    return HTTP1_ERROR;
}

enum http1_event http1_next(struct http1 *p, struct str input, size_t *consumed, struct str *body)
{
    struct str rest = input;
    int event;
    do
        event = step(p, &rest, body);
    while (event == AGAIN);
    if (event == HTTP1_ERROR)
        p->state = FAILED;
    *consumed = input.n - rest.n;
    return (enum http1_event)event;
}
