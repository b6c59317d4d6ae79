/* crypto/encoding.h: octets as text: hex, base64, base64url (RFC 4648). Used by password.c, jwt.c and bind/crypto.c.
 *
 * No table is indexed and no branch taken by an octet's value, so that keys and tokens leak nothing through the cache
 * or through time. Decoding takes the canonical form only: one text per octet string, padding bits zero (RFC 4648
 * §3.5). */
#ifndef CRYPTO_ENCODING_H
#define CRYPTO_ENCODING_H

#include "base/str.h"

enum base64_alphabet {
    BASE64,        /* RFC 4648 §4, padded */
    BASE64_NO_PAD, /* the same without padding, as password hashes have it */
    BASE64_URL     /* RFC 4648 §5, without padding, as tokens have it (RFC 7515 §2) */
};

/* Octets that encoding n octets gives, without a NUL; an upper bound of what decoding n octets gives. */
size_t base64_encoded_size(enum base64_alphabet alphabet, size_t n);
size_t base64_decoded_size(size_t n);

/* Writes the text to out (base64_encoded_size octets); returns its length. */
size_t base64_encode(enum base64_alphabet alphabet, const void *octets, size_t n, char *out);

/* Writes the octets to out (base64_decoded_size octets) and their count to *n; false if text is not canonical. */
bool base64_decode(enum base64_alphabet alphabet, struct str text, unsigned char *out, size_t *n);

/* Lower-case hex: 2 n characters to out. */
void hex_encode(const void *octets, size_t n, char *out);

/* text.n / 2 octets to out; false unless text is hex of whole octets, in either case. */
bool hex_decode(struct str text, unsigned char *out);

#endif
