#include "crypto/aead.h"

#include "crypto/random.h"

#include <openssl/evp.h>

#include <stdlib.h>

/* Sealing cannot fail but by a missing cipher or memory; going on would leave a secret open. */
static void must(int ok)
{
    if (ok != 1)
        abort();
}

void aead_seal(const unsigned char key[AEAD_KEY_SIZE], struct str plain, struct str context, unsigned char *out)
{
    unsigned char *nonce = out, *cipher = nonce + AEAD_NONCE_SIZE, *tag = cipher + plain.n;
    random_bytes(nonce, AEAD_NONCE_SIZE);

    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    must(ctx != NULL);
    must(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce));
    if (context.n > 0)
        must(EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)context.p, (int)context.n));
    if (plain.n > 0)
        must(EVP_EncryptUpdate(ctx, cipher, &n, (const unsigned char *)plain.p, (int)plain.n));
    must(EVP_EncryptFinal_ex(ctx, tag, &n));
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, AEAD_TAG_SIZE, tag));
    EVP_CIPHER_CTX_free(ctx);
}

bool aead_unseal(const unsigned char key[AEAD_KEY_SIZE], struct str sealed, struct str context, unsigned char *out)
{
    if (sealed.n < AEAD_OVERHEAD)
        return false;
    const unsigned char *nonce = (const unsigned char *)sealed.p, *cipher = nonce + AEAD_NONCE_SIZE;
    size_t length = sealed.n - AEAD_OVERHEAD;
    unsigned char tag[AEAD_TAG_SIZE];
    memcpy(tag, cipher + length, sizeof tag);

    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1;
    if (ok && context.n > 0)
        ok = EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)context.p, (int)context.n) == 1;
    if (ok && length > 0)
        ok = EVP_DecryptUpdate(ctx, out, &n, cipher, (int)length) == 1;
    ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, AEAD_TAG_SIZE, tag) == 1 &&
         EVP_DecryptFinal_ex(ctx, tag, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok)
        explicit_bzero(out, length); /* unauthenticated text must not be found later */
    return ok;
}
