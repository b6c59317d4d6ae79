/* proto/accept.h: content negotiation (RFC 9110 §12). A field that is absent is STR_NULL. */
#ifndef PROTO_ACCEPT_H
#define PROTO_ACCEPT_H

#include "base/str.h"

/* Quality 0–1000 that Accept gives the media type `type` ("text/html"): the most specific range decides; 1000 without
 * the field, 0 if it is not acceptable (RFC 9110 §12.5.1). */
int accept_media(struct str accept, struct str type);

/* Index of the type in `types` that the client likes best (the earlier one of equals), -1 if none is acceptable. */
int accept_best_media(struct str accept, const struct str *types, size_t count);

/* Quality 0–1000 that Accept-Encoding gives a coding ("gzip", "br", "identity"); without the field only identity is
 * acceptable (RFC 9110 §12.5.3; a server may then send any coding, but clients that say nothing seldom decode). */
int accept_encoding(struct str accept_encoding, struct str coding);

#endif
