/* proto/http1_head.c: request line, field lines and what they mean for the framing. See http1_head.h.
 *
 * Each line is read in one pass; a line that is not complete is read again when more has come, those before it are not.
 */
#include "proto/http1_head.h"

#include "proto/chars.h"
#include "proto/url.h"

enum { METHOD_MAX = 32, VERSION_LINE = 10 }; /* "HTTP/1.1\r\n" */
enum { KNOWN_MAX = 31 };                     /* no known field name is longer */

enum connection { CONNECTION_CLOSE = 1, CONNECTION_KEEP_ALIVE = 2, CONNECTION_UPGRADE = 4 };

enum http1_line http1_refuse(struct http1 *p, uint16_t status, const char *reason)
{
    p->status = status;
    p->reason = reason;
    return LINE_BAD;
}

static struct http1_span span(struct str input, const char *from, const char *to)
{
    return (struct http1_span){(uint32_t)(from - input.p), (uint32_t)(to - from)};
}

static const struct str methods[] = {
    [HTTP_GET] = {"GET", 3},     [HTTP_HEAD] = {"HEAD", 4},     [HTTP_POST] = {"POST", 4},
    [HTTP_PUT] = {"PUT", 3},     [HTTP_DELETE] = {"DELETE", 6}, [HTTP_OPTIONS] = {"OPTIONS", 7},
    [HTTP_PATCH] = {"PATCH", 5}, [HTTP_TRACE] = {"TRACE", 5},
};

struct str http_method_name(enum http_method method)
{
    return methods[method];
}

static enum http_method method_of(struct str name)
{
    for (enum http_method method = HTTP_GET; method <= HTTP_TRACE; method++)
        if (str_eq(name, methods[method]))
            return method;
    return HTTP_OTHER;
}

/* Where the authority of an absolute-form target begins, or NULL: the scheme is http or https in any case. */
static const char *after_scheme(struct str target)
{
    static const struct str schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < 2; i++)
        if (target.n >= schemes[i].n && str_ieq(str_of(target.p, schemes[i].n), schemes[i]))
            return target.p + schemes[i].n;
    return NULL;
}

/* The path of a target that does not begin with '/': of the absolute-form behind its authority, or the asterisk; NULL
 * if it is neither. path_end: the '?', or the end. */
static const char *find_path(struct http1 *p, struct str input, struct str target, const char *path_end)
{
    if (*target.p == '*')
        return target.n == 1 && p->head.method == HTTP_OPTIONS ? target.p : NULL;
    const char *authority = after_scheme(target);
    if (!authority)
        return NULL;
    const char *path = scan_to(authority, path_end, '/');
    p->head.authority = span(input, authority, path);
    return url_authority_valid(str_of(authority, (size_t)(path - authority))) ? path : NULL;
}

/* "HTTP/1.1" and the end of the line, as much of it as there is: a wrong octet is refused at once. */
static enum http1_line read_version(struct http1 *p, const char *s, const char *end)
{
    static const char form[] = "HTTP/0.0\r\n"; /* 0: any digit */
    if (end - s >= VERSION_LINE && memcmp(s, "HTTP/1.1\r\n", VERSION_LINE) == 0) {
        p->head.minor = 1;
        return LINE_READ;
    }
    for (size_t i = 0; i < VERSION_LINE; i++) {
        if (s + i == end)
            return LINE_MORE;
        if (form[i] == '0' ? !char_is(s[i], CHAR_DIGIT) : s[i] != form[i])
            return http1_refuse(p, 400, "malformed version");
    }
    if (s[5] != '1')
        return http1_refuse(p, 505, "unsupported version");
    p->head.minor = s[7] != '0';
    return LINE_READ;
}

static enum http1_line read_method(struct http1 *p, struct str input, const char **next)
{
    const char *s = input.p + p->at, *end = input.p + input.n, *stop = scan_words(s, end, CHAR_TOKEN);
    if (stop - s > METHOD_MAX)
        return http1_refuse(p, 501, "method too long");
    if (stop == end)
        return LINE_MORE;
    if (stop == s || *stop != ' ')
        return http1_refuse(p, 400, "malformed request line");
    struct str name = str_of(s, (size_t)(stop - s));
    p->head.method = method_of(name);
    if (p->head.method == HTTP_OTHER && str_eq(name, STR("CONNECT")))
        return http1_refuse(p, 501, "CONNECT is for proxies");
    p->head.method_name = span(input, s, stop);
    *next = stop + 1;
    return LINE_READ;
}

static enum http1_line read_target(struct http1 *p, struct str input, const char **next)
{
    const char *s = *next, *end = input.p + input.n, *path_end = scan_words(s, end, CHAR_PATH), *stop = path_end;
    if (path_end < end && *path_end == '?')
        stop = scan_words(path_end + 1, end, CHAR_QUERY);
    if ((size_t)(stop - s) > p->limits->target)
        return http1_refuse(p, 414, "target too long");
    if (stop == end)
        return LINE_MORE;
    if (stop == s || *stop != ' ')
        return http1_refuse(p, 400, "malformed target");
    struct str target = str_of(s, (size_t)(stop - s));
    const char *path = *s == '/' ? s : find_path(p, input, target, path_end);
    if (!path)
        return http1_refuse(p, 400, "malformed target");
    p->head.target = span(input, s, stop);
    p->head.path = span(input, path, path_end);
    if (path_end < stop)
        p->head.query = span(input, path_end + 1, stop);
    *next = stop + 1;
    return LINE_READ;
}

enum http1_line http1_request_line(struct http1 *p, struct str input)
{
    const char *next = NULL;
    enum http1_line line = read_method(p, input, &next);
    if (line == LINE_READ)
        line = read_target(p, input, &next);
    if (line == LINE_READ)
        line = read_version(p, next, input.p + input.n);
    if (line == LINE_READ)
        p->at = (uint32_t)(next - input.p) + VERSION_LINE;
    return line;
}

/* CR LF at `s`, nothing else (RFC 9112 §2.2); anything else refused as `reason`. */
static enum http1_line read_line_end(struct http1 *p, const char *s, const char *end, const char *reason)
{
    if (s == end)
        return LINE_MORE;
    if (*s != '\r')
        return http1_refuse(p, 400, *s == '\n' ? "bare LF" : reason);
    if (s + 1 == end)
        return LINE_MORE;
    if (s[1] != '\n')
        return http1_refuse(p, 400, "bare CR");
    return LINE_READ;
}

static enum http1_line refuse_name(struct http1 *p, const char *line, const char *stop)
{
    if (stop == line)
        return http1_refuse(p, 400, *stop == ' ' || *stop == '\t' ? "folded line" : "malformed field name");
    return http1_refuse(p, 400, *stop == ' ' || *stop == '\t' ? "blank before colon" : "malformed field name");
}

/* The end of the field name at `line`: the colon, or an octet that belongs to no name, or `end`. A name that is known
 * is a token, so only the octets of others are looked at. */
static inline const char *read_name(const char *line, const char *end, enum http_field *id)
{
    const char *near = end - line > KNOWN_MAX ? line + KNOWN_MAX + 1 : end, *colon = scan_to(line, near, ':');
    if (colon < near)
        *id = http_field_id(str_of(line, (size_t)(colon - line)));
    return *id == HTTP_FIELD_OTHER ? scan_words(line, end, CHAR_TOKEN) : colon;
}

enum http1_line http1_field_line(struct http1 *p, struct str input)
{
    struct http1_head *head = &p->head;
    const char *line = input.p + p->at, *end = input.p + input.n;
    if (line < end && *line == '\r') {
        enum http1_line empty = read_line_end(p, line, end, "");
        if (empty != LINE_READ)
            return empty;
        p->at += 2;
        return LINE_EMPTY;
    }
    enum http_field id = HTTP_FIELD_OTHER;
    const char *colon = read_name(line, end, &id);
    if (colon == end)
        return LINE_MORE;
    if (*colon != ':' || colon == line)
        return refuse_name(p, line, colon);
    const char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    const char *stop = scan_value(value, end);
    enum http1_line ended = read_line_end(p, stop, end, "control character in field");
    if (ended != LINE_READ)
        return ended;
    p->at = (uint32_t)(stop + 2 - input.p);
    while (stop > value && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    size_t index = (size_t)head->field_count + head->trailer_count;
    if (index >= p->limits->fields || index >= HTTP1_FIELDS_MAX || colon - line > UINT16_MAX)
        return http1_refuse(p, 431, "too many fields");
    head->fields[index] = (struct http1_field){
        .name = (uint32_t)(line - input.p),
        .name_size = (uint16_t)(colon - line),
        .value = (uint32_t)(value - input.p),
        .value_size = (uint32_t)(stop - value),
        .id = (uint8_t)id,
    };
    return LINE_READ;
}

static bool refuse(struct http1 *p, uint16_t status, const char *reason)
{
    http1_refuse(p, status, reason);
    return false;
}

static bool note_length(struct http1 *p, struct str value, bool repeated)
{
    if (repeated)
        return refuse(p, 400, "repeated Content-Length");
    if (value.n == 0 || scan_class(value.p, value.p + value.n, CHAR_DIGIT) != value.p + value.n)
        return refuse(p, 400, "malformed Content-Length");
    if (!str_to_u64(value, &p->head.content_length))
        return refuse(p, 413, "content too large");
    return true;
}

/* Only "chunked" itself is understood. A known coding under it is named as such; the rest is an attempt at confusing
 * somebody (RFC 9112 §6.1, §6.3). */
static bool note_transfer_encoding(struct http1 *p, struct str value, bool repeated)
{
    static const struct str codings[] = {
        {"gzip", 4}, {"x-gzip", 6}, {"deflate", 7}, {"compress", 8}, {"x-compress", 10}};
    if (repeated)
        return refuse(p, 400, "repeated Transfer-Encoding");
    p->head.chunked = true;
    if (str_ieq(value, STR("chunked")))
        return true;
    struct str first = str_trim(str_cut(&value, ','));
    if (str_ieq(str_trim(value), STR("chunked")))
        for (size_t i = 0; i < sizeof codings / sizeof *codings; i++)
            if (str_ieq(first, codings[i]))
                return refuse(p, 501, "unsupported transfer coding");
    return refuse(p, 400, "malformed Transfer-Encoding");
}

static void note_connection(struct http1 *p, struct str value)
{
    while (value.p) {
        struct str option = str_trim(str_cut(&value, ','));
        if (str_ieq(option, STR("close")))
            p->connection |= CONNECTION_CLOSE;
        else if (str_ieq(option, STR("keep-alive")))
            p->connection |= CONNECTION_KEEP_ALIVE;
        else if (str_ieq(option, STR("upgrade")))
            p->connection |= CONNECTION_UPGRADE;
    }
}

/* HTTP/1.0 clients cannot mean it (RFC 9110 §10.1.1). */
static bool note_expect(struct http1 *p, struct str value)
{
    if (p->head.minor == 0)
        return true;
    if (!str_ieq(value, STR("100-continue")))
        return refuse(p, 417, "unknown expectation");
    p->head.expect_continue = true;
    return true;
}

static bool note_host(struct http1 *p, struct str value, bool repeated)
{
    if (repeated)
        return refuse(p, 400, "repeated Host");
    if (value.n == p->host_size && value.n && memcmp(value.p, p->host, value.n) == 0)
        return true;
    if (!url_authority_valid(value))
        return refuse(p, 400, "malformed Host");
    if (value.n <= sizeof p->host) {
        memcpy(p->host, value.p, value.n);
        p->host_size = (uint8_t)value.n;
    }
    return true;
}

bool http1_note_field(struct http1 *p)
{
    struct http1_head *head = &p->head;
    const struct http1_field *field = &head->fields[head->field_count++];
    struct str value = http1_field_value(head, field);
    bool repeated = head->known[field->id] != 0;
    if (field->id == HTTP_FIELD_OTHER)
        return true;
    if (!repeated)
        head->known[field->id] = (uint8_t)head->field_count;
    switch (field->id) {
    case HTTP_FIELD_HOST:
        return note_host(p, value, repeated);
    case HTTP_FIELD_CONTENT_LENGTH:
        return note_length(p, value, repeated);
    case HTTP_FIELD_TRANSFER_ENCODING:
        return note_transfer_encoding(p, value, repeated);
    case HTTP_FIELD_EXPECT:
        return note_expect(p, value);
    case HTTP_FIELD_CONNECTION:
        note_connection(p, value);
        return true;
    default:
        return true;
    }
}

bool http1_finish_head(struct http1 *p)
{
    struct http1_head *head = &p->head;
    uint8_t host = head->known[HTTP_FIELD_HOST];
    if (!host && head->minor > 0)
        return refuse(p, 400, "missing Host");
    if (host && head->authority.size == 0) /* the authority of an absolute-form target wins (RFC 9112 §3.2.2) */
        head->authority = (struct http1_span){head->fields[host - 1].value, head->fields[host - 1].value_size};
    if (head->chunked && head->known[HTTP_FIELD_CONTENT_LENGTH])
        return refuse(p, 400, "Content-Length with Transfer-Encoding");
    if (head->chunked && head->minor == 0)
        return refuse(p, 400, "Transfer-Encoding in HTTP/1.0");
    if (head->content_length > p->body_limit)
        return refuse(p, 413, "content too large");
    head->keep_alive = head->minor > 0
                           ? !(p->connection & CONNECTION_CLOSE)
                           : (p->connection & (CONNECTION_CLOSE | CONNECTION_KEEP_ALIVE)) == CONNECTION_KEEP_ALIVE;
    head->upgrade = head->minor > 0 && (p->connection & CONNECTION_UPGRADE) && head->known[HTTP_FIELD_UPGRADE];
    if (!head->chunked && head->content_length == 0)
        head->expect_continue = false;
    return true;
}
