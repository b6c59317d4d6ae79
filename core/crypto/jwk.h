/* crypto/jwk.h: key pairs for RS256 and ES256, and public keys as JSON Web Keys (RFC 7517, 7518 §6) and back. Called by
 * bind/crypto.c. */
#ifndef CRYPTO_JWK_H
#define CRYPTO_JWK_H

#include "base/buf.h"
#include "crypto/jwt.h"

/* A new private key as PEM (PKCS 8) to out: RSA of 2048 bits, or P-256. Takes up to some hundred milliseconds: never on
 * the loop of a server. False if OpenSSL fails or alg has no key pair. */
bool jwk_generate(enum token_alg alg, struct buf *out);

enum { JWK_NUMBER_MAX = 1024 /* octets: RSA of 8192 bits */ };

/* The public key's numbers, big-endian without leading zeros (RSA), or of 32 octets (P-256). */
struct jwk {
    enum token_alg alg;
    unsigned char a[JWK_NUMBER_MAX], b[JWK_NUMBER_MAX]; /* n and e, or x and y */
    size_t a_size, b_size;
};

/* Reads a PEM, private or public; false if it is no RSA or P-256 key. */
bool jwk_from_pem(struct str pem, struct jwk *key);

/* Appends the public key as PEM; false if the numbers are no key. */
bool jwk_to_pem(const struct jwk *key, struct buf *out);

#endif
