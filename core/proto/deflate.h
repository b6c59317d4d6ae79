/* proto/deflate.h: permessage-deflate without context takeover (RFC 7692 §7.2): each message by itself. One per worker,
 * shared by all its WebSockets, so a socket costs no zlib memory. */
#ifndef PROTO_DEFLATE_H
#define PROTO_DEFLATE_H

#include "base/buf.h"

struct deflate;

/* Compression level 1–9. Its zlib state is made at the first use. */
struct deflate *deflate_new(int level);
void deflate_free(struct deflate *d);

/* Appends the compressed message, without the empty block at its end. */
void deflate_message(struct deflate *d, struct str in, struct buf *out);

enum deflate_result { DEFLATE_OK, DEFLATE_BROKEN, DEFLATE_TOO_BIG };

/* Appends the inflated message; stops as soon as it exceeds `limit` octets. */
enum deflate_result inflate_message(struct deflate *d, struct str in, uint64_t limit, struct buf *out);

#endif
