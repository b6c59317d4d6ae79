#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <stdlib.h>

bool hash_kind_from(struct str name, enum hash_kind *kind)
{
    if (str_eq(name, STR("sha256")))
        *kind = HASH_SHA256;
    else if (str_eq(name, STR("sha512")))
        *kind = HASH_SHA512;
    else if (str_eq(name, STR("sha1")))
        *kind = HASH_SHA1;
    else
        return false;
    return true;
}

/* The one-shot functions skip OpenSSL 3's fetch of an implementation, which costs more than hashing a short text. */
size_t hash_digest(enum hash_kind kind, struct str data, unsigned char out[HASH_MAX])
{
    const unsigned char *octets = (const unsigned char *)(data.p ? data.p : "");
    switch (kind) {
    case HASH_SHA1:
        SHA1(octets, data.n, out);
        return SHA_DIGEST_LENGTH;
    case HASH_SHA256:
        SHA256(octets, data.n, out);
        return SHA256_DIGEST_LENGTH;
    case HASH_SHA512:
        SHA512(octets, data.n, out);
        return SHA512_DIGEST_LENGTH;
    }
    abort();
}

size_t hash_hmac(enum hash_kind kind, struct str key, struct str data, unsigned char out[HASH_MAX])
{
    const EVP_MD *md = kind == HASH_SHA1 ? EVP_sha1() : kind == HASH_SHA256 ? EVP_sha256() : EVP_sha512();
    unsigned length = 0;
    /* A NULL key would mean "the key of last time" to HMAC(). */
    if (!HMAC(md, key.p ? key.p : "", (int)key.n, (const unsigned char *)(data.p ? data.p : ""), data.n, out, &length))
        abort(); /* only without memory */
    return length;
}

bool hash_equal(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
