/* proto/sse.h: server-sent events (WHATWG HTML §9.2). Called by server/ for event streams. */
#ifndef PROTO_SSE_H
#define PROTO_SSE_H

#include "base/buf.h"

/* Appends one event. `event` and `id` may be empty (left out). False, nothing written, if `event` or `id` holds a line
 * break or `id` a NUL. Line breaks in `data` (LF, CR, CRLF) become lines. */
bool sse_write(struct buf *out, struct str data, struct str event, struct str id);

/* Appends a comment line that keeps proxies from closing an idle stream. */
void sse_write_keepalive(struct buf *out);

#endif
