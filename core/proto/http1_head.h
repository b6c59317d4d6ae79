/* proto/http1_head.h: the lines of a request's head, between http1.c (states, body) and http1_head.c. */
#ifndef PROTO_HTTP1_HEAD_H
#define PROTO_HTTP1_HEAD_H

#include "proto/http1.h"

enum http1_line {
    LINE_MORE,  /* not complete yet */
    LINE_READ,  /* one more line is stored, p->at stands behind it */
    LINE_EMPTY, /* the end of the section, p->at stands behind it */
    LINE_BAD,   /* p->status and p->reason are set */
};

/* Sets status and reason; LINE_BAD. */
enum http1_line http1_refuse(struct http1 *p, uint16_t status, const char *reason);

/* Reads the request line at p->at of `input` (RFC 9112 §3). */
enum http1_line http1_request_line(struct http1 *p, struct str input);

/* Reads the field line at p->at of `input` and appends it to head.fields, without looking at its meaning (RFC 9112 §5).
 */
enum http1_line http1_field_line(struct http1 *p, struct str input);

/* Takes note of the field just read, as far as framing and connection depend on it; false: refused. */
bool http1_note_field(struct http1 *p);

/* Decides about framing, host and connection when all fields are read; false: refused (RFC 9112 §3.2, §6, §9.3). */
bool http1_finish_head(struct http1 *p);

#endif
