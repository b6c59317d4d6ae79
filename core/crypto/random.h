/* crypto/random.h: octets that nobody can guess, from the kernel's generator, and identifiers made of them. Used by
 * everything that makes keys, nonces, salts, tokens or ids; from any thread. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { UUID_TEXT_SIZE = 36 };

/* n random octets to out. Small wishes are served from a page read ahead; the page is wiped as it is used, and a forked
 * child never sees its parent's. */
void random_bytes(void *out, size_t n);

/* A version 7 UUID (RFC 9562 §5.7), 36 characters without a NUL: sorts by time, within a process strictly. */
void random_uuid(char out[UUID_TEXT_SIZE]);

#endif
