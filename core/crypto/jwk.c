#include "crypto/jwk.h"

#include "base/mem.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

enum { RSA_BITS = 2048, P256_NUMBER = 32 };

static bool append_bio(BIO *bio, bool written, struct buf *out)
{
    char *text;
    long n = bio && written ? BIO_get_mem_data(bio, &text) : 0;
    if (n > 0)
        buf_append(out, text, (size_t)n);
    BIO_free(bio);
    return n > 0;
}

bool jwk_generate(enum token_alg alg, struct buf *out)
{
    EVP_PKEY *key = alg == TOKEN_RS256 ? EVP_RSA_gen(RSA_BITS) : alg == TOKEN_ES256 ? EVP_EC_gen("prime256v1") : NULL;
    if (!key)
        return false;
    BIO *bio = BIO_new(BIO_s_mem());
    bool written = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    EVP_PKEY_free(key);
    return append_bio(bio, written, out);
}

/* ---- PEM to numbers ---- */

static EVP_PKEY *read_pem(struct str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    if (!bio)
        return NULL;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
    if (!key && BIO_reset(bio) == 1)
        key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

/* width 0: as many octets as it has. */
static bool take_number(EVP_PKEY *key, const char *name, int width, unsigned char *out, size_t *size)
{
    BIGNUM *number = NULL;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
        return false;
    int n = width ? width : BN_num_bytes(number);
    bool ok = n <= JWK_NUMBER_MAX && BN_bn2binpad(number, out, n) == n;
    *size = (size_t)n;
    BN_free(number);
    return ok;
}

static bool is_p256(EVP_PKEY *key)
{
    char name[32];
    size_t n;
    return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, name, sizeof name, &n) == 1 &&
           strcmp(name, "prime256v1") == 0;
}

static bool take_key(EVP_PKEY *key, struct jwk *out)
{
    if (EVP_PKEY_is_a(key, "RSA")) {
        out->alg = TOKEN_RS256;
        return take_number(key, OSSL_PKEY_PARAM_RSA_N, 0, out->a, &out->a_size) &&
               take_number(key, OSSL_PKEY_PARAM_RSA_E, 0, out->b, &out->b_size);
    }
    out->alg = TOKEN_ES256;
    return is_p256(key) && take_number(key, OSSL_PKEY_PARAM_EC_PUB_X, P256_NUMBER, out->a, &out->a_size) &&
           take_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, P256_NUMBER, out->b, &out->b_size);
}

bool jwk_from_pem(struct str pem, struct jwk *out)
{
    EVP_PKEY *key = read_pem(pem);
    bool ok = key && take_key(key, out);
    EVP_PKEY_free(key);
    return ok;
}

/* ---- Numbers to PEM ---- */

static EVP_PKEY *make_key(const char *kind, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (params && context && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *make_rsa(const struct jwk *k, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    BIGNUM *n = BN_bin2bn(k->a, (int)k->a_size, NULL), *e = BN_bin2bn(k->b, (int)k->b_size, NULL);
    if (n && e && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = make_key("RSA", build);
    BN_free(n);
    BN_free(e);
    return key;
}

/* An uncompressed point (SEC 1 §2.3.3). OpenSSL refuses one that is not on the curve. */
static EVP_PKEY *make_p256(const struct jwk *k, OSSL_PARAM_BLD *build)
{
    unsigned char point[1 + 2 * P256_NUMBER] = {4};
    if (k->a_size != P256_NUMBER || k->b_size != P256_NUMBER)
        return NULL;
    memcpy(point + 1, k->a, P256_NUMBER);
    memcpy(point + 1 + P256_NUMBER, k->b, P256_NUMBER);
    if (OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) != 1)
        return NULL;
    return make_key("EC", build);
}

bool jwk_to_pem(const struct jwk *k, struct buf *out)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (!build || k->a_size == 0 || k->b_size == 0) {
        OSSL_PARAM_BLD_free(build);
        return false;
    }
    EVP_PKEY *key = k->alg == TOKEN_RS256 ? make_rsa(k, build) : k->alg == TOKEN_ES256 ? make_p256(k, build) : NULL;
    OSSL_PARAM_BLD_free(build);
    if (!key)
        return false;
    BIO *bio = BIO_new(BIO_s_mem());
    bool written = bio && PEM_write_bio_PUBKEY(bio, key) == 1;
    EVP_PKEY_free(key);
    return append_bio(bio, written, out);
}
