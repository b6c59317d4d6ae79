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

static const EVP_MD *md_of(enum hash_kind kind)
{
    return kind == HASH_SHA1 ? EVP_sha1() : kind == HASH_SHA256 ? EVP_sha256() : EVP_sha512();
}

/* struct hash_stream is OpenSSL's EVP_MD_CTX: the name alone is ours. */
static EVP_MD_CTX *context_of(struct hash_stream *stream)
{
    return (EVP_MD_CTX *)(void *)stream;
}

struct hash_stream *hash_stream_new(enum hash_kind kind)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context && EVP_DigestInit_ex(context, md_of(kind), NULL) != 1) {
        EVP_MD_CTX_free(context);
        context = NULL;
    }
    return (struct hash_stream *)(void *)context;
}

void hash_stream_add(struct hash_stream *stream, struct str data)
{
    if (EVP_DigestUpdate(context_of(stream), data.p, data.n) != 1)
        abort(); /* only after the end */
}

size_t hash_stream_end(struct hash_stream *stream, unsigned char out[HASH_MAX])
{
    unsigned length = 0;
    if (EVP_DigestFinal_ex(context_of(stream), out, &length) != 1)
        abort(); /* only after the end */
    return length;
}

void hash_stream_free(struct hash_stream *stream)
{
    EVP_MD_CTX_free(context_of(stream));
}

size_t hash_hmac(enum hash_kind kind, struct str key, struct str data, unsigned char out[HASH_MAX])
{
    const EVP_MD *md = md_of(kind);
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
