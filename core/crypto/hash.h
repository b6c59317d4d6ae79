/* crypto/hash.h: digests and message authentication by OpenSSL. Used by aead's callers, jwt.c and bind/crypto.c. */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/str.h"

enum hash_kind { HASH_SHA1, HASH_SHA256, HASH_SHA512 };

enum { HASH_MAX = 64 };

/* "sha1", "sha256", "sha512" → kind; false for another name. */
bool hash_kind_from(struct str name, enum hash_kind *kind);

/* The digest of data to out (FIPS 180-4); returns its length, 20, 32 or 64. */
size_t hash_digest(enum hash_kind kind, struct str data, unsigned char out[HASH_MAX]);

/* A digest of what comes in pieces; any thread, one at a time. NULL when out of memory. */
struct hash_stream;
struct hash_stream *hash_stream_new(enum hash_kind kind);
void hash_stream_add(struct hash_stream *stream, struct str data);

/* The digest to out; returns its length. Nothing may be added afterwards. */
size_t hash_stream_end(struct hash_stream *stream, unsigned char out[HASH_MAX]);
void hash_stream_free(struct hash_stream *stream);

/* HMAC of data under key (RFC 2104) to out; returns its length. */
size_t hash_hmac(enum hash_kind kind, struct str key, struct str data, unsigned char out[HASH_MAX]);

/* Equal? The time depends on the lengths only. */
bool hash_equal(struct str a, struct str b);

#endif
