/* proto/accept.h: which coding a client takes (Accept-Encoding, RFC 9110 §12.5.3). A field that is absent is STR_NULL.
 * Media types are the routes' business (lua/web/negotiate.lua). */
#ifndef PROTO_ACCEPT_H
#define PROTO_ACCEPT_H

#include "base/str.h"

/* Quality 0–1000 that Accept-Encoding gives a coding ("gzip", "br", "identity"); without the field only identity is
 * acceptable (RFC 9110 §12.5.3; a server may then send any coding, but clients that say nothing seldom decode). */
int accept_encoding(struct str accept_encoding, struct str coding);

#endif
