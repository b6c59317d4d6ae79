/* crypto/aead.h: authenticated encryption, AES-256-GCM (NIST SP 800-38D). Used by bind/crypto.c.
 *
 * A sealed text is nonce (12 octets, random), cipher text, tag (16). With random nonces one key may seal 2^32 texts
 * (SP 800-38D §8.3); keys are rotated by their users long before. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/buf.h"

enum { AEAD_KEY_SIZE = 32, AEAD_NONCE_SIZE = 12, AEAD_TAG_SIZE = 16, AEAD_OVERHEAD = AEAD_NONCE_SIZE + AEAD_TAG_SIZE };

/* Appends plain, sealed, to out. context is authenticated but not in it. */
void aead_seal(const unsigned char key[AEAD_KEY_SIZE], struct str plain, struct str context, struct buf *out);

/* Appends the plain text to out; false, and nothing appended, if sealed, key or context is not what it was. */
bool aead_unseal(const unsigned char key[AEAD_KEY_SIZE], struct str sealed, struct str context, struct buf *out);

#endif
