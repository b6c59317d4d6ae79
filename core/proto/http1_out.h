/* proto/http1_out.h: HTTP/1.1 responses out (RFC 9112 §4, §7.1). Called by server/response.c; appends to a buffer.
 *
 *     http1_out_status(&out, 200);  http1_out_date(&out);  http1_out_field(&out, name, value);  http1_out_end(&out);
 *
 * What is written is well-formed whatever the caller hands in: a name that is no token or a value with a control
 * character (response splitting) is refused, nothing is written, and the caller is told. */
#ifndef PROTO_HTTP1_OUT_H
#define PROTO_HTTP1_OUT_H

#include "base/buf.h"

/* The reason phrase of a registered status (RFC 9110 §15 and the IANA registry), "" for another. */
struct str http_reason(int status);

/* "HTTP/1.1 200 OK\r\n". Status 100–999. */
void http1_out_status(struct buf *out, int status);

/* One field line; false if name or value may not stand there (RFC 9110 §5.1, §5.5). */
bool http1_out_field(struct buf *out, struct str name, struct str value);

/* "Date: …\r\n" as of the clock's last refresh (RFC 9110 §6.6.1). */
void http1_out_date(struct buf *out);

/* "Content-Length: n\r\n" (RFC 9110 §8.6). */
void http1_out_length(struct buf *out, uint64_t length);

/* "Transfer-Encoding: chunked\r\n" (RFC 9112 §6.1). */
void http1_out_chunked(struct buf *out);

/* The empty line behind the fields. */
void http1_out_end(struct buf *out);

/* One chunk with its framing; nothing for an empty one, which would end the body (RFC 9112 §7.1). */
void http1_out_chunk(struct buf *out, struct str data);

/* The same in parts, for data that goes out from elsewhere: size line, then the data, then "\r\n". */
void http1_out_chunk_head(struct buf *out, size_t size);

/* The last chunk, "0\r\n"; then trailers by http1_out_field(), then http1_out_end() (RFC 9112 §7.1.2). */
void http1_out_last_chunk(struct buf *out);

/* True if a response with this status has no content at all: 1xx, 204, 304 (RFC 9110 §6.4.1). */
static inline bool http_status_is_bodiless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

#endif
