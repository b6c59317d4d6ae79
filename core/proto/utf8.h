/* proto/utf8.h: strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include "base/str.h"

/* True if all of it is valid. */
bool utf8_valid(struct str s);

/* Offset of the first byte that cannot be part of valid text, or s.n: for error messages. */
size_t utf8_valid_prefix(struct str s);

/* Checks text that comes in pieces, and fails at the first byte that can no longer become valid (RFC 6455 §8.1). Start
 * with {0}; after the last piece, utf8_complete() must hold. */
struct utf8 {
    uint8_t left;      /* continuation bytes still wanted */
    uint8_t low, high; /* range of the next one */
};

bool utf8_feed(struct utf8 *u, struct str piece);

static inline bool utf8_complete(const struct utf8 *u)
{
    return u->left == 0;
}

/* Writes code point `c` (≤ U+10FFFF, no surrogate); returns how many bytes, 1–4. */
size_t utf8_encode(uint32_t c, char out[4]);

#endif
