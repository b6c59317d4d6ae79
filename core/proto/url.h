/* proto/url.h: percent-encoding, paths and queries of URLs (RFC 3986; forms: WHATWG URL §5). */
#ifndef PROTO_URL_H
#define PROTO_URL_H

#include "base/buf.h"

/* Decodes "%41" (and '+' as a space if `plus`) once into `out`, which has room for in.n bytes and may be in.p itself.
 * Strict: false for a broken escape, for NUL, and for what is not valid UTF-8 afterwards. */
bool url_decode(struct str in, bool plus, char *out, size_t *n);

/* Percent-encodes everything but unreserved characters (RFC 3986 §2.3) and those in `keep` (such as "/"). */
void url_encode(struct buf *out, struct str in, const char *keep);

/* Cuts the next "name=value" off `*rest`, still encoded; false at the end. Empty pieces ("a=1&&b=2") are skipped; a
 * piece without '=' is a name with an empty value. Start with the text behind the '?'. */
bool url_query_next(struct str *rest, struct str *name, struct str *value);

/* The path of a static file: true if the decoded path begins with '/' and has no segment ".", "..", no empty one but
 * the last, no backslash and no control character. */
bool url_path_is_plain(struct str path);

/* uri-host [ ":" port ] of RFC 9112 §3.2, not empty: a name, an IPv4 address or an IPv6 literal in brackets. */
bool url_authority_valid(struct str authority);

#endif
