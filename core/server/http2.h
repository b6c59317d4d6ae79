/* server/http2.h: what http2_conn.c (the connection) and http2_stream.c (answers) share. */
#ifndef SERVER_HTTP2_H
#define SERVER_HTTP2_H

#include <nghttp2/nghttp2.h>

#include "server/state.h"

struct http2_stream;

struct http2 {
    struct conn *conn; /* NULL once it is closed */
    nghttp2_session *session;
    struct http2_stream *first; /* all, singly linked */
    unsigned streams, resets;
    bool receiving; /* inside nghttp2: it must not be asked for output */
    bool pump_due;
    bool looking; /* the deadline is for the next look at stalled streams */
};

struct http2_stream {
    struct http2 *h;
    struct http2_stream *next, **link;
    int32_t id;
    struct request *request;                      /* NULL until its head is complete, and after it was released */
    struct buf method, target, authority, fields; /* of the head under way */
    bool malformed;
    size_t unconsumed; /* octets of content that the client's window does not have back yet */

    struct buf out; /* content to send */
    size_t out_at;
    struct open_file *file; /* or a range of a file */
    uint64_t file_at, file_end;
    bool ended;    /* no more comes into out */
    bool deferred; /* nghttp2 waits for more */
    bool moved;    /* content came or went since the last look */
    struct response_field *trailers;
    unsigned trailer_count;
};

extern const struct request_transport http2_transport;

/* Writes what nghttp2 has to say, now or at the end of the turn. */
void http2_pump(struct http2 *h);
void http2_pump_later(struct http2 *h);

/* Gives the client its window for this stream back. */
void http2_consume(struct http2_stream *s);

/* Content waits to be sent. */
bool http2_stream_has_output(const struct http2_stream *s);

void http2_stream_free(struct http2_stream *s);

/* The connection is gone: so is the request's client. */
void http2_stream_drop(struct http2_stream *s);

#endif
