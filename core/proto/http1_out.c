/* proto/http1_out.c: see http1_out.h. */
#include "proto/http1_out.h"

#include "base/buf.h"
#include "base/clock.h"

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

static char *put(char *p, struct str s)
{
    memcpy(p, s.p, s.n);
    return p + s.n;
}

/* A literal: the copy is a few moves, not a call. */
#define PUT(p, literal) ((char *)memcpy((p), (literal), sizeof(literal) - 1) + sizeof(literal) - 1)

char *http1_put_status(char *p, int status)
{
    struct str line = line_of(status);
    if (line.p)
        return put(p, line);
    p = PUT(p, "HTTP/1.1 ");
    p += u64_to_digits((unsigned)status, p);
    return PUT(p, " \r\n");
}

char *http1_put_field(char *p, struct str name, struct str value)
{
    p = put(p, name);
    p = PUT(p, ": ");
    if (value.n)
        p = put(p, value);
    return PUT(p, "\r\n");
}

char *http1_put_date(char *p)
{
    p = PUT(p, "Date: ");
    memcpy(p, clock_http_date().p, HTTP_DATE_SIZE);
    return PUT(p + HTTP_DATE_SIZE, "\r\n");
}

char *http1_put_length(char *p, uint64_t length)
{
    p = PUT(p, "Content-Length: ");
    p += u64_to_digits(length, p);
    return PUT(p, "\r\n");
}

char *http1_put_chunked(char *p)
{
    return PUT(p, "Transfer-Encoding: chunked\r\n");
}

char *http1_put_end(char *p)
{
    return PUT(p, "\r\n");
}

char *http1_put_chunk_size(char *p, size_t size)
{
    char digits[16], *end = digits + sizeof digits, *first = end;
    do
        *--first = "0123456789abcdef"[size & 15];
    while (size >>= 4);
    return PUT(put(p, str_of(first, (size_t)(end - first))), "\r\n");
}

char *http1_put_last_chunk(char *p)
{
    return PUT(p, "0\r\n");
}
