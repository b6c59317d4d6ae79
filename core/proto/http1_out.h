/* proto/http1_out.h: HTTP/1.1 responses out (RFC 9112 §4, §7.1). Called by server/http1_conn.c.
 *
 *     p = http1_put_status(p, 200);  p = http1_put_date(p);  p = http1_put_field(p, name, value);  p =
 * http1_put_end(p);
 *
 * Each writes at p, where there is room, and returns the end of what it wrote. Names and values were checked by
 * response_add(), so that nobody splits a response. */
#ifndef PROTO_HTTP1_OUT_H
#define PROTO_HTTP1_OUT_H

#include "base/str.h"

/* Room for one of each of the lines below but http1_put_field(), which takes the octets of name and value and 4 more.
 */
enum { HTTP1_LINES_MAX = 256 };

/* The reason phrase of a registered status (RFC 9110 §15 and the IANA registry), "" for another. */
struct str http_reason(int status);

/* "HTTP/1.1 200 OK\r\n". Status 100–999. */
char *http1_put_status(char *p, int status);

/* One field line, of a valid name and value (http_is_token(), http_is_value()). */
char *http1_put_field(char *p, struct str name, struct str value);

/* "Date: …\r\n" as of the clock's last refresh (RFC 9110 §6.6.1). */
char *http1_put_date(char *p);

/* "Content-Length: n\r\n" (RFC 9110 §8.6). */
char *http1_put_length(char *p, uint64_t length);

/* "Transfer-Encoding: chunked\r\n" (RFC 9112 §6.1). */
char *http1_put_chunked(char *p);

/* The empty line behind the fields; also what ends a chunk's data. */
char *http1_put_end(char *p);

/* The line before a chunk's data, of which there must be some: an empty chunk ends the content (RFC 9112 §7.1). */
char *http1_put_chunk_size(char *p, size_t size);

/* The last chunk, "0\r\n"; then trailers by http1_put_field(), then http1_put_end() (RFC 9112 §7.1.2). */
char *http1_put_last_chunk(char *p);

/* True if a response with this status has no content at all: 1xx, 204, 304 (RFC 9110 §6.4.1). */
static inline bool http_status_is_bodiless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

#endif
