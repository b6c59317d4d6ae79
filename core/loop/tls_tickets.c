/* loop/tls_tickets.c: see the header. The memory is shared between processes, any of which may be killed at any time:
 * a robust mutex guards it, held for a copy of 160 octets, or once a period for two hashes. */
#include "loop/tls_tickets.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

struct key {
    unsigned char name[16], cipher[32], mac[32];
};

struct tls_tickets {
    pthread_mutex_t lock;
    double period, next; /* seconds; next: monotonic, when the keys move on */
    unsigned char secret[32];
    struct key key[2]; /* of this period and of the one before */
};

static int context_index = -1;

/* A worker that is killed while it holds the lock leaves keys that are whole or half new: at worst, tickets are refused
 * for a while. */
static void lock(struct tls_tickets *t)
{
    if (pthread_mutex_lock(&t->lock) == EOWNERDEAD)
        pthread_mutex_consistent(&t->lock);
}

static void unlock(struct tls_tickets *t)
{
    pthread_mutex_unlock(&t->lock);
}

static void derive(const unsigned char secret[32], const char *purpose, unsigned char out[32])
{
    unsigned length = 32;
    HMAC(EVP_sha256(), secret, 32, (const unsigned char *)purpose, strlen(purpose), out, &length);
}

/* Keys come from the secret, the next secret too; then the old secret is gone. */
static void step(struct tls_tickets *t)
{
    unsigned char name[32], next[32];
    t->key[1] = t->key[0];
    derive(t->secret, "name", name);
    memcpy(t->key[0].name, name, sizeof t->key[0].name);
    derive(t->secret, "cipher", t->key[0].cipher);
    derive(t->secret, "mac", t->key[0].mac);
    derive(t->secret, "next", next);
    memcpy(t->secret, next, sizeof next);
    OPENSSL_cleanse(next, sizeof next);
}

struct tls_tickets *tls_tickets_new(double period)
{
    struct tls_tickets *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t == MAP_FAILED)
        return NULL;
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&t->lock, &shared);
    pthread_mutexattr_destroy(&shared);
    t->period = period;
    t->next = clock_now() + period;
    if (RAND_bytes(t->secret, sizeof t->secret) != 1) {
        munmap(t, sizeof *t);
        return NULL;
    }
    step(t);
    step(t);
    return t;
}

void tls_tickets_free(struct tls_tickets *t)
{
    if (!t)
        return;
    OPENSSL_cleanse(t, sizeof *t);
    munmap(t, sizeof *t);
}

void tls_tickets_rotate(struct tls_tickets *t)
{
    lock(t);
    step(t);
    unlock(t);
}

/* Copies the keys in force; takes the steps that are due first. */
static void take_keys(struct tls_tickets *t, struct key keys[2])
{
    lock(t);
    for (int i = 0; i < 2 && clock_now() >= t->next; i++) {
        step(t);
        t->next += t->period;
    }
    if (clock_now() >= t->next)
        t->next = clock_now() + t->period;
    memcpy(keys, t->key, sizeof t->key);
    unlock(t);
}

static int start(const struct key *key, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->mac, sizeof key->mac),
                           OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"sha256", 0),
                           OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, seal) == 1 &&
           EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* OpenSSL: -1 error, 0 no such key (a full handshake follows), 1 go on, 2 opened, but send a fresh ticket. */
static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                     int seal)
{
    struct tls_tickets *t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index);
    struct key keys[2];
    int answer = 0;
    take_keys(t, keys);
    if (seal) {
        memcpy(name, keys[0].name, sizeof keys[0].name);
        bool good = RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1;
        answer = good && start(&keys[0], iv, cipher, mac, 1) ? 1 : -1;
    } else {
        /* TLS 1.3 clients use a ticket once (RFC 8446 C.4), so they always get another. */
        bool renew = SSL_version(ssl) == TLS1_3_VERSION;
        for (int i = 0; i < 2 && answer == 0; i++)
            if (CRYPTO_memcmp(name, keys[i].name, sizeof keys[i].name) == 0)
                answer = start(&keys[i], iv, cipher, mac, 0) ? (renew || i == 1 ? 2 : 1) : -1;
    }
    OPENSSL_cleanse(keys, sizeof keys);
    return answer;
}

void tls_tickets_use(struct tls_tickets *t, SSL_CTX *ctx)
{
    if (context_index < 0)
        context_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    SSL_CTX_set_ex_data(ctx, context_index, t);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
}
