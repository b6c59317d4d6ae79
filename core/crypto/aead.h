/* crypto/aead.h: authenticated encryption, AES-256-GCM (NIST SP 800-38D). Used by bind/crypto.c.
 *
 * A sealed text is nonce (12 octets, random), cipher text, tag (16). With random nonces one key may seal 2^32 texts
 * (SP 800-38D §8.3); keys are rotated by their users long before. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/str.h"

enum { AEAD_KEY_SIZE = 32, AEAD_NONCE_SIZE = 12, AEAD_TAG_SIZE = 16, AEAD_OVERHEAD = AEAD_NONCE_SIZE + AEAD_TAG_SIZE };

/* Writes plain.n + AEAD_OVERHEAD octets to out. context is authenticated but not in them. */
void aead_seal(const unsigned char key[AEAD_KEY_SIZE], struct str plain, struct str context, unsigned char *out);

/* Writes sealed.n - AEAD_OVERHEAD octets to out; false, and they are zero, if sealed, key or context is not what it was
 * (or sealed is shorter than AEAD_OVERHEAD: then nothing is written). */
bool aead_unseal(const unsigned char key[AEAD_KEY_SIZE], struct str sealed, struct str context, unsigned char *out);

#endif
