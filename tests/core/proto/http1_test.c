/* Requests in: each rule with its section, and every way to split the bytes (RFC 9110, RFC 9112). */
#include "proto/http1.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A connection as the server keeps it: bytes come in pieces, what is consumed is dropped. Each call sees a block of
 * exactly the right size, so that a sanitizer notices a read beyond it. */
struct peer {
    struct http1 parser;
    struct buf pending;
    struct buf transcript; /* what happened, as text */
    struct buf body;
    bool failed;
};

static void write_head(struct peer *peer)
{
    const struct http1_head *head = &peer->parser.head;
    struct buf *out = &peer->transcript;
    buf_printf(out, "%.*s path=%.*s query=%.*s host=%.*s 1.%d%s%s%s", STR_ARG(http1_slice(head, head->method_name)),
               STR_ARG(http1_path(head)), STR_ARG(http1_slice(head, head->query)),
               STR_ARG(http1_slice(head, head->authority)), head->minor, head->keep_alive ? "" : " close",
               head->expect_continue ? " expect" : "", head->upgrade ? " upgrade" : "");
    for (size_t i = 0; i < head->field_count; i++)
        buf_printf(out, " [%.*s=%.*s]", STR_ARG(http1_field_name(head, &head->fields[i])),
                   STR_ARG(http1_field_value(head, &head->fields[i])));
    buf_append_char(out, '\n');
}

static void write_end(struct peer *peer)
{
    const struct http1_head *head = &peer->parser.head;
    buf_printf(&peer->transcript, "body=%.*s", STR_ARG(buf_str(&peer->body)));
    for (size_t i = 0; i < head->trailer_count; i++) {
        struct str name, value;
        http1_trailer(head, i, &name, &value);
        buf_printf(&peer->transcript, " (%.*s=%.*s)", STR_ARG(name), STR_ARG(value));
    }
    buf_append_char(&peer->transcript, '\n');
    buf_clear(&peer->body);
}

static void receive(struct peer *peer, struct str piece)
{
    buf_append_str(&peer->pending, piece);
    for (;;) {
        char *exact = malloc(peer->pending.len ? peer->pending.len : 1);
        struct str body = STR_NULL;
        size_t consumed = 0;
        if (peer->pending.len)
            memcpy(exact, peer->pending.data, peer->pending.len);
        enum http1_event event = http1_next(&peer->parser, str_of(exact, peer->pending.len), &consumed, &body);
        if (event == HTTP1_HEAD)
            write_head(peer);
        else if (event == HTTP1_BODY)
            buf_append_str(&peer->body, body);
        else if (event == HTTP1_END)
            write_end(peer);
        else if (event == HTTP1_ERROR)
            buf_printf(&peer->transcript, "%d %s\n", peer->parser.status, peer->parser.reason);
        free(exact);
        buf_consume(&peer->pending, consumed);
        peer->failed = event == HTTP1_ERROR;
        if (event == HTTP1_MORE || event == HTTP1_ERROR)
            break;
    }
}

/* The transcript of `input` sent in pieces that end at the given offsets; the caller frees it. */
static char *converse(struct str input, const struct http1_limits *limits, size_t first, size_t second)
{
    struct peer peer = {.failed = false};
    size_t ends[] = {first, second, input.n}, from = 0;
    http1_init(&peer.parser, limits);
    for (size_t i = 0; i < 3 && !peer.failed; from = ends[i++])
        receive(&peer, str_of(input.p + from, ends[i] - from));
    char *text = strdup(buf_cstr(&peer.transcript));
    buf_free(&peer.transcript);
    buf_free(&peer.pending);
    buf_free(&peer.body);
    return text;
}

static char *converse_by_octet(struct str input, const struct http1_limits *limits)
{
    struct peer peer = {.failed = false};
    http1_init(&peer.parser, limits);
    for (size_t i = 0; i < input.n && !peer.failed; i++)
        receive(&peer, str_of(input.p + i, 1));
    char *text = strdup(buf_cstr(&peer.transcript));
    buf_free(&peer.transcript);
    buf_free(&peer.pending);
    buf_free(&peer.body);
    return text;
}

static void check_limited(struct str input, const char *expected, const struct http1_limits *limits)
{
    char *whole = converse(input, limits, input.n, input.n), *octets = converse_by_octet(input, limits);
    assert_string_equal(whole, expected);
    assert_string_equal(octets, expected);
    free(whole);
    free(octets);
}

#define CHECK(input, expected) check_limited(STR(input), expected, &http1_default_limits)

/* The request is refused with this status, whether it comes whole or octet by octet. */
#define REFUSED(input, status, reason) CHECK(input, #status " " reason "\n")
#define REFUSED_LINE(line, reason) REFUSED("GET / HTTP/1.1\r\nHost: a\r\n" line "\r\n\r\n", 400, reason)

static void every_split_reads_the_same(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nPOST /p?q=1 HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nX: y \t\r\n\r\nhello",
        "PUT /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3;x=\"\\\"y\"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: v\r\n\r\n"
        "GET http://b/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nHEAD /x HTTP/1.0\r\n\r\n",
    };
    (void)state;
    for (size_t r = 0; r < sizeof requests / sizeof *requests; r++) {
        struct str input = str_from(requests[r]);
        char *expected = converse(input, &http1_default_limits, input.n, input.n);
        assert_null(strstr(expected, "400"));
        for (size_t first = 0; first <= input.n; first++) {
            for (size_t second = first; second <= input.n; second++) {
                char *split = converse(input, &http1_default_limits, first, second);
                assert_string_equal(split, expected);
                free(split);
            }
        }
        free(expected);
    }
}

static void request_line(void **state) /* RFC 9112 §3 */
{
    (void)state;
    CHECK("GET /a/b?c=d&e HTTP/1.1\r\nHost: h\r\n\r\n", "GET path=/a/b query=c=d&e host=h 1.1 [Host=h]\nbody=\n");
    CHECK("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n", "BREW path=/pot query= host=h 1.1 [Host=h]\nbody=\n");
    CHECK("GET /?a?b HTTP/1.1\r\nHost: h\r\n\r\n", "GET path=/ query=a?b host=h 1.1 [Host=h]\nbody=\n");
    REFUSED("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED(" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line");
    REFUSED("GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line");
    REFUSED("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400, "malformed version");
    REFUSED("GET /\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET / HTTP/1.1\nHost: h\r\n\r\n", 400, "malformed version");
    REFUSED("GET / HTTP/1.1\rHost: h\r\n\r\n", 400, "malformed version");
    REFUSED("G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line");
    REFUSED("\x16\x03\x01\x02", 400, "malformed request line");
    REFUSED("CONNECT a:1 HTTP/1.1\r\nHost: h\r\n\r\n", 501, "CONNECT is for proxies");
    REFUSED("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH / HTTP/1.1\r\n", 501, "method too long");
    REFUSED("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line"); /* §2.2: one empty line */
    REFUSED("\n\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line");
}

static void versions(void **state) /* RFC 9110 §2.5, RFC 9112 §2.3 */
{
    (void)state;
    CHECK("GET / HTTP/1.0\r\n\r\n", "GET path=/ query= host= 1.0 close\nbody=\n");
    CHECK("GET / HTTP/1.7\r\nHost: h\r\n\r\n", "GET path=/ query= host=h 1.1 [Host=h]\nbody=\n");
    REFUSED("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "unsupported version");
    REFUSED("GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505, "unsupported version");
    REFUSED("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed target");
    REFUSED("GET / http/1.1\r\nHost: h\r\n\r\n", 400, "malformed version");
    REFUSED("GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400, "malformed version");
    REFUSED("GET / HTTP/11\r\nHost: h\r\n\r\n", 400, "malformed version");
}

static void targets(void **state) /* RFC 9112 §3.2 */
{
    (void)state;
    CHECK("GET http://h/p?q HTTP/1.1\r\nHost: other\r\n\r\n", "GET path=/p query=q host=h 1.1 [Host=other]\nbody=\n");
    CHECK("GET HTTPS://h:8?q HTTP/1.1\r\nHost: h\r\n\r\n", "GET path=/ query=q host=h:8 1.1 [Host=h]\nbody=\n");
    CHECK("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS path=* query= host=h 1.1 [Host=h]\nbody=\n");
    REFUSED("GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET p HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET http:///p HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET /#f HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET /\xC3\xA4 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET /\x7F HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
    REFUSED("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed target");
}

static void hosts(void **state) /* RFC 9112 §3.2 */
{
    (void)state;
    CHECK("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET path=/ query= host=[::1]:80 1.1 [Host=[::1]:80]\nbody=\n");
    REFUSED("GET / HTTP/1.1\r\n\r\n", 400, "missing Host");
    REFUSED("GET http://h/ HTTP/1.1\r\n\r\n", 400, "missing Host");
    REFUSED("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "repeated Host");
    REFUSED("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "malformed Host");
    REFUSED("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed Host");
    REFUSED("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "malformed Host");
    REFUSED("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "malformed Host");
    REFUSED("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400, "malformed Host");
    REFUSED("GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400, "malformed Host");
    REFUSED("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "malformed Host");
}

static void field_lines(void **state) /* RFC 9112 §5, RFC 9110 §5.5 */
{
    (void)state;
    CHECK("GET / HTTP/1.1\r\nHost:h\r\nX-A: \t a b\t \r\nX-B:\r\nx-c: \xC3\xA4\r\n\r\n",
          "GET path=/ query= host=h 1.1 [Host=h] [X-A=a b] [X-B=] [x-c=\xC3\xA4]\nbody=\n");
    REFUSED_LINE("X : y", "blank before colon");
    REFUSED_LINE("X\t: y", "blank before colon");
    REFUSED_LINE("X: y\r\n folded", "folded line");
    REFUSED_LINE("X: y\r\n\tfolded", "folded line");
    REFUSED("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "folded line");
    REFUSED_LINE(": y", "malformed field name");
    REFUSED_LINE("X", "malformed field name");
    REFUSED_LINE("X(: y", "malformed field name");
    REFUSED_LINE("X\xC3\xA4: y", "malformed field name");
    REFUSED_LINE("X: a\nY: b", "bare LF");
    REFUSED_LINE("X: a\rY: b", "bare CR");
    REFUSED_LINE("X: a\r\rY: b", "bare CR");
    REFUSED_LINE("X: a\0b", "control character in field");
    REFUSED_LINE("X: 0123456789abcdef0123456789\x01", "control character in field");
    REFUSED_LINE("X: a\x7F", "control character in field");
    REFUSED_LINE("X\0: a", "malformed field name");
    REFUSED("GET / HTTP/1.1\r\nHost: a\r\n\rX", 400, "bare CR");
    REFUSED("GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "malformed field name");
}

static void content_length(void **state) /* RFC 9110 §8.6, RFC 9112 §6.3 */
{
    (void)state;
    CHECK("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n",
          "POST path=/ query= host=h 1.1 [Host=h] [Content-Length=3]\nbody=abc\n"
          "GET path=/ query= host=h 1.1 [Host=h]\nbody=\n");
    CHECK("POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 000\r\n\r\n",
          "POST path=/ query= host=h 1.1 [Host=h] [content-length=000]\nbody=\n");
    REFUSED_LINE("Content-Length: 1\r\nContent-Length: 1", "repeated Content-Length");
    REFUSED_LINE("Content-Length: 1\r\nContent-Length: 2", "repeated Content-Length");
    REFUSED_LINE("Content-Length: 1, 1", "malformed Content-Length");
    REFUSED_LINE("Content-Length: +1", "malformed Content-Length");
    REFUSED_LINE("Content-Length: -1", "malformed Content-Length");
    REFUSED_LINE("Content-Length: 0x1", "malformed Content-Length");
    REFUSED_LINE("Content-Length: 1 1", "malformed Content-Length");
    REFUSED_LINE("Content-Length:", "malformed Content-Length");
    REFUSED_LINE("Content-Length: 1\r\nTransfer-Encoding: chunked", "Content-Length with Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding: chunked\r\nContent-Length: 1", "Content-Length with Transfer-Encoding");
    REFUSED("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 413, "content too large");
}

static void transfer_encoding(void **state) /* RFC 9112 §6.1, §6.3 */
{
    (void)state;
    REFUSED_LINE("Transfer-Encoding: xchunked", "malformed Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding: chunked, chunked", "malformed Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding: chunked, identity", "malformed Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding: identity", "malformed Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding: gzip", "malformed Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding: \"chunked\"", "malformed Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding: chunked;q=1", "malformed Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding:", "malformed Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "repeated Transfer-Encoding");
    REFUSED_LINE("Transfer-Encoding: \x0B"
                 "chunked",
                 "control character in field");
    REFUSED("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501,
            "unsupported transfer coding");
    REFUSED("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Transfer-Encoding in HTTP/1.0");
    CHECK("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
          "POST path=/ query= host=h 1.1 [Host=h] [Transfer-Encoding=CHUNKED]\nbody=\n");
}

#define CHUNKED_HEAD "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CHUNKED_SEEN "POST path=/ query= host=h 1.1 [Host=h] [Transfer-Encoding=chunked]\n"

static void chunks(void **state) /* RFC 9112 §7.1 */
{
    (void)state;
    CHECK(CHUNKED_HEAD "3\r\nabc\r\n2 ; a ; b = \"c;\\\"\" \t;d=e\r\nde\r\n000\r\nX: y\r\nZ: w\r\n\r\n",
          CHUNKED_SEEN "body=abcde (X=y) (Z=w)\n");
    CHECK(CHUNKED_HEAD "\r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "g\r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "-1\r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "0x3\r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD " 3\r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "3 \r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "3;\r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "3;a=\r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "3;a=\"b\r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "3\nabc", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "3\rabc", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "3;a\nabc", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "3\r\nabcd\r\n", CHUNKED_SEEN "400 chunk longer than its size\n");
    CHECK(CHUNKED_HEAD "3\r\nabc\n", CHUNKED_SEEN "400 chunk longer than its size\n");
    CHECK(CHUNKED_HEAD "3\r\nabc\rx", CHUNKED_SEEN "400 bare CR\n");
    CHECK(CHUNKED_HEAD "11111111111111111\r\n", CHUNKED_SEEN "400 malformed chunk size\n");
    CHECK(CHUNKED_HEAD "0\r\nContent-Length: 3\r\n\r\n", CHUNKED_SEEN "400 field not allowed as a trailer\n");
    CHECK(CHUNKED_HEAD "0\r\nX : 3\r\n\r\n", CHUNKED_SEEN "400 blank before colon\n");
}

static void trailers(void **state) /* RFC 9112 §7.1.2, RFC 9110 §6.5.1: by the rules of field lines, without framing */
{
    (void)state;
    CHECK(CHUNKED_HEAD "0;last=1\r\nX: \t y \r\nx: \xC3\xA4\r\n\r\n", CHUNKED_SEEN "body= (X=y) (x=\xC3\xA4)\n");
    CHECK(CHUNKED_HEAD "0\r\nX: y\r\n z\r\n\r\n", CHUNKED_SEEN "400 folded line\n");
    CHECK(CHUNKED_HEAD "0\r\n X: y\r\n\r\n", CHUNKED_SEEN "400 folded line\n");
    CHECK(CHUNKED_HEAD "0\r\nX: y\nZ: w\r\n\r\n", CHUNKED_SEEN "400 bare LF\n");
    CHECK(CHUNKED_HEAD "0\r\nX: y\rZ: w\r\n\r\n", CHUNKED_SEEN "400 bare CR\n");
    CHECK(CHUNKED_HEAD "0\r\nX: a\0b\r\n\r\n", CHUNKED_SEEN "400 control character in field\n");
    CHECK(CHUNKED_HEAD "0\r\n: y\r\n\r\n", CHUNKED_SEEN "400 malformed field name\n");
    CHECK(CHUNKED_HEAD "0\r\nabc\r\n\r\n", CHUNKED_SEEN "400 malformed field name\n");
    CHECK(CHUNKED_HEAD "0\r\nHost: h\r\n\r\n", CHUNKED_SEEN "400 field not allowed as a trailer\n");
    CHECK(CHUNKED_HEAD "0\r\ntransfer-encoding: chunked\r\n\r\n", CHUNKED_SEEN "400 field not allowed as a trailer\n");
}

static void connections(void **state) /* RFC 9112 §9.3, RFC 9110 §7.6.1, §7.8 */
{
    (void)state;
    CHECK("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n",
          "GET path=/ query= host=h 1.1 close [Host=h] [Connection=x, Close]\nbody=\n");
    CHECK("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
          "GET path=/ query= host= 1.0 [Connection=Keep-Alive]\nbody=\n");
    CHECK("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
          "GET path=/ query= host=h 1.1 upgrade [Host=h] [Connection=keep-alive] [Connection=Upgrade] "
          "[Upgrade=websocket]\nbody=\n");
    CHECK("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\r\n",
          "GET path=/ query= host=h 1.1 [Host=h] [Connection=Upgrade]\nbody=\n");
}

static void expectations(void **state) /* RFC 9110 §10.1.1 */
{
    (void)state;
    CHECK("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
          "PUT path=/ query= host=h 1.1 expect [Host=h] [Expect=100-Continue] [Content-Length=1]\nbody=x\n");
    CHECK("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
          "PUT path=/ query= host=h 1.1 [Host=h] [Expect=100-continue]\nbody=\n");
    CHECK("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
          "PUT path=/ query= host= 1.0 close [Expect=100-continue] [Content-Length=1]\nbody=x\n");
    REFUSED("PUT / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n\r\n", 417, "unknown expectation");
}

static void limits(void **state) /* RFC 9112 §3 (414), RFC 6585 §5 (431), RFC 9110 §15.5.14 (413) */
{
    static const struct http1_limits tight = {.target = 8, .head = 64, .fields = 3, .body = 4};
#define LIMITED(input, expected) check_limited(STR(input), expected, &tight)
    (void)state;
    LIMITED("GET /234567 HTTP/1.1\r\nHost: h\r\n\r\n", "GET path=/234567 query= host=h 1.1 [Host=h]\nbody=\n");
    LIMITED("GET /23456789 HTTP/1.1\r\nHost: h\r\n\r\n", "414 target too long\n");
    LIMITED("GET /234567890123456789012345678901234567890123456789012345678901234567890", "414 target too long\n");
    LIMITED("GET / HTTP/1.1\r\nHost: h\r\na:1\r\nb:2\r\nc:3\r\n\r\n", "431 too many fields\n");
    LIMITED("GET / HTTP/1.1\r\nHost: h\r\na:0123456789012345678901234567890123456789\r\n\r\n", "431 head too large\n");
    /* What is wrong behind the limit says nothing, whether it has come already or not. */
    LIMITED("GET / HTTP/1.1\r\nHost: h\r\na:0123456789012345678901234567890123456789\0", "431 head too large\n");
    LIMITED("GET / HTTP/1.1\r\nHost: h\r\na:012345678901234567890123456789012345678901234567890123456789",
            "431 head too large\n");
    LIMITED("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", "413 content too large\n");
    LIMITED("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            "PUT path=/ query= host=h 1.1 [Host=h] [Transfer-Encoding=chunked]\n413 content too large\n");
#undef LIMITED
}

static void chunk_extensions_are_limited(void **state) /* RFC 9112 §7.1.1 */
{
    struct buf input = {0};
    (void)state;
    buf_append_str(&input, STR(CHUNKED_HEAD "1;"));
    for (int i = 0; i < 1100; i++)
        buf_append_char(&input, 'x');
    check_limited(buf_str(&input), CHUNKED_SEEN "400 chunk line too long\n", &http1_default_limits);
    buf_clear(&input);
    buf_append_str(&input, STR(CHUNKED_HEAD));
    for (int i = 0; i < 20; i++) {
        buf_append_str(&input, STR("1;"));
        for (int j = 0; j < 1000; j++)
            buf_append_char(&input, 'x');
        buf_append_str(&input, STR("\r\na\r\n"));
    }
    check_limited(buf_str(&input), CHUNKED_SEEN "400 too many chunk extensions\n", &http1_default_limits);
    buf_free(&input);
}

static void body_limit_of_one_request(void **state)
{
    struct http1 p;
    struct str body, input = STR("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n");
    size_t consumed;
    (void)state;
    http1_init(&p, &http1_default_limits);
    assert_true(http1_idle(&p));
    assert_int_equal(http1_next(&p, input, &consumed, &body), HTTP1_HEAD);
    assert_int_equal(consumed, input.n);
    assert_int_equal(p.head.size, input.n);
    assert_false(http1_idle(&p));
    assert_false(http1_limit_body(&p, 8));
    assert_true(http1_limit_body(&p, 9));
}

static void fields_by_name(void **state)
{
    struct http1 p;
    struct str body, value, input = STR("GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\naccept: x\r\nx-a: 2\r\n\r\n");
    size_t consumed, i = 0;
    (void)state;
    http1_init(&p, &http1_default_limits);
    assert_int_equal(http1_next(&p, input, &consumed, &body), HTTP1_HEAD);
    assert_true(str_eq(http1_value(&p.head, HTTP_FIELD_ACCEPT), STR("x")));
    assert_null(http1_value(&p.head, HTTP_FIELD_RANGE).p);
    assert_true(http1_find(&p.head, STR("x-A"), &i, &value) && str_eq(value, STR("1")));
    assert_true(http1_find(&p.head, STR("x-A"), &i, &value) && str_eq(value, STR("2")));
    assert_false(http1_find(&p.head, STR("x-A"), &i, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_reads_the_same),
        cmocka_unit_test(request_line),
        cmocka_unit_test(versions),
        cmocka_unit_test(targets),
        cmocka_unit_test(hosts),
        cmocka_unit_test(field_lines),
        cmocka_unit_test(content_length),
        cmocka_unit_test(transfer_encoding),
        cmocka_unit_test(chunks),
        cmocka_unit_test(trailers),
        cmocka_unit_test(connections),
        cmocka_unit_test(expectations),
        cmocka_unit_test(limits),
        cmocka_unit_test(chunk_extensions_are_limited),
        cmocka_unit_test(body_limit_of_one_request),
        cmocka_unit_test(fields_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
