/* proto/url.h: percent-encoding, paths and authorities of URLs (RFC 3986). Queries and forms are lua/util/url.lua's. */
#ifndef PROTO_URL_H
#define PROTO_URL_H

#include "base/str.h"

/* Decodes "%41" once into `out`, which has room for in.n bytes and may be in.p itself. Strict: false for a broken
 * escape, for NUL, and for what is not valid UTF-8 afterwards. */
bool url_decode(struct str in, char *out, size_t *n);

/* The path of a static file: true if the decoded path begins with '/' and has no segment ".", "..", no empty one but
 * the last, no backslash and no control character. */
bool url_path_is_plain(struct str path);

/* uri-host [ ":" port ] of RFC 9112 §3.2, not empty: a name, an IPv4 address or an IPv6 literal in brackets. */
bool url_authority_valid(struct str authority);

#endif
