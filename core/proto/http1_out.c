/* proto/http1_out.c: see http1_out.h. */
#include "proto/http1_out.h"

#include "base/clock.h"
#include "proto/field.h"

/* IANA HTTP Status Code Registry. */
#define STATUSES(X)                                                                                                    \
    X(100, "Continue")                                                                                                 \
    X(101, "Switching Protocols")                                                                                      \
    X(102, "Processing")                                                                                               \
    X(103, "Early Hints")                                                                                              \
    X(200, "OK")                                                                                                       \
    X(201, "Created")                                                                                                  \
    X(202, "Accepted")                                                                                                 \
    X(203, "Non-Authoritative Information")                                                                            \
    X(204, "No Content")                                                                                               \
    X(205, "Reset Content")                                                                                            \
    X(206, "Partial Content")                                                                                          \
    X(207, "Multi-Status")                                                                                             \
    X(300, "Multiple Choices")                                                                                         \
    X(301, "Moved Permanently")                                                                                        \
    X(302, "Found")                                                                                                    \
    X(303, "See Other")                                                                                                \
    X(304, "Not Modified")                                                                                             \
    X(307, "Temporary Redirect")                                                                                       \
    X(308, "Permanent Redirect")                                                                                       \
    X(400, "Bad Request")                                                                                              \
    X(401, "Unauthorized")                                                                                             \
    X(402, "Payment Required")                                                                                         \
    X(403, "Forbidden")                                                                                                \
    X(404, "Not Found")                                                                                                \
    X(405, "Method Not Allowed")                                                                                       \
    X(406, "Not Acceptable")                                                                                           \
    X(407, "Proxy Authentication Required")                                                                            \
    X(408, "Request Timeout")                                                                                          \
    X(409, "Conflict")                                                                                                 \
    X(410, "Gone")                                                                                                     \
    X(411, "Length Required")                                                                                          \
    X(412, "Precondition Failed")                                                                                      \
    X(413, "Content Too Large")                                                                                        \
    X(414, "URI Too Long")                                                                                             \
    X(415, "Unsupported Media Type")                                                                                   \
    X(416, "Range Not Satisfiable")                                                                                    \
    X(417, "Expectation Failed")                                                                                       \
    X(421, "Misdirected Request")                                                                                      \
    X(422, "Unprocessable Content")                                                                                    \
    X(423, "Locked")                                                                                                   \
    X(424, "Failed Dependency")                                                                                        \
    X(425, "Too Early")                                                                                                \
    X(426, "Upgrade Required")                                                                                         \
    X(428, "Precondition Required")                                                                                    \
    X(429, "Too Many Requests")                                                                                        \
    X(431, "Request Header Fields Too Large")                                                                          \
    X(451, "Unavailable For Legal Reasons")                                                                            \
    X(500, "Internal Server Error")                                                                                    \
    X(501, "Not Implemented")                                                                                          \
    X(502, "Bad Gateway")                                                                                              \
    X(503, "Service Unavailable")                                                                                      \
    X(504, "Gateway Timeout")                                                                                          \
    X(505, "HTTP Version Not Supported")                                                                               \
    X(507, "Insufficient Storage")                                                                                     \
    X(511, "Network Authentication Required")

/* Status lines ready to be copied, by status - 100. */
static const struct str lines[512] = {
#define X(status, reason)                                                                                              \
    [(status)-100] = {"HTTP/1.1 " #status " " reason "\r\n", sizeof("HTTP/1.1 123 " reason "\r\n") - 1},
    STATUSES(X)
#undef X
};

enum { BEFORE_REASON = sizeof("HTTP/1.1 123 ") - 1 };

static struct str line_of(int status)
{
    return status >= 100 && status < 100 + 512 ? lines[status - 100] : STR_NULL;
}

struct str http_reason(int status)
{
    struct str line = line_of(status);
    return line.p ? str_of(line.p + BEFORE_REASON, line.n - BEFORE_REASON - 2) : STR("");
}

void http1_out_status(struct buf *out, int status)
{
    struct str line = line_of(status);
    if (line.p)
        buf_append_str(out, line);
    else
        buf_printf(out, "HTTP/1.1 %03d \r\n", status);
}

static char *put(char *p, struct str s)
{
    memcpy(p, s.p, s.n);
    return p + s.n;
}

bool http1_out_field(struct buf *out, struct str name, struct str value)
{
    if (!http_is_token(name) || !http_is_value(value))
        return false;
    char *p = put(buf_reserve(out, name.n + value.n + 4), name);
    p = put(p, STR(": "));
    if (value.n)
        p = put(p, value);
    p = put(p, STR("\r\n"));
    out->len = (size_t)(p - out->data);
    return true;
}

void http1_out_date(struct buf *out)
{
    char *p = put(buf_reserve(out, sizeof "Date: \r\n" + HTTP_DATE_SIZE), STR("Date: "));
    p = put(p, clock_http_date());
    p = put(p, STR("\r\n"));
    out->len = (size_t)(p - out->data);
}

void http1_out_length(struct buf *out, uint64_t length)
{
    char *p = put(buf_reserve(out, sizeof "Content-Length: \r\n" + 20), STR("Content-Length: "));
    p += u64_to_digits(length, p);
    p = put(p, STR("\r\n"));
    out->len = (size_t)(p - out->data);
}

void http1_out_chunked(struct buf *out)
{
    buf_append_str(out, STR("Transfer-Encoding: chunked\r\n"));
}

void http1_out_end(struct buf *out)
{
    buf_append(out, "\r\n", 2);
}

void http1_out_chunk_head(struct buf *out, size_t size)
{
    char digits[16], *end = digits + sizeof digits, *p = end;
    do
        *--p = "0123456789abcdef"[size & 15];
    while (size >>= 4);
    buf_append(out, p, (size_t)(end - p));
    buf_append(out, "\r\n", 2);
}

void http1_out_chunk(struct buf *out, struct str data)
{
    if (data.n == 0)
        return;
    buf_reserve(out, data.n + 20);
    http1_out_chunk_head(out, data.n);
    buf_append_str(out, data);
    buf_append(out, "\r\n", 2);
}

void http1_out_last_chunk(struct buf *out)
{
    buf_append(out, "0\r\n", 3);
}
