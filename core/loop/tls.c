/* loop/tls.c: OpenSSL streams and the contexts behind them. Called by the server's listeners and connections. */
#include "loop/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/tls_tickets.h"

enum { RECORD_MAX = 16384, CLOCK_SKEW = 300 };

struct identity {
    SSL_CTX *ctx;
    X509 *leaf;
    char *ocsp;
    size_t ocsp_length;
};

struct tls_context {
    unsigned references;
    bool http2;
    size_t count;
    struct identity identities[];
};

/* --- certificates --- */

/* "NAME: what: OpenSSL's reason" */
static void explain(struct buf *error, struct str name, const char *what)
{
    char reason[160] = "";
    unsigned long code = ERR_peek_last_error();
    if (code)
        ERR_error_string_n(code, reason, sizeof reason);
    buf_printf(error, "%.*s: %s%s%s", (int)name.n, name.p, what, code ? ": " : "", reason);
    ERR_clear_error();
}

static bool use_chain(struct identity *identity, struct str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *certificate = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;
    identity->leaf = certificate;
    bool good = certificate && SSL_CTX_use_certificate(identity->ctx, certificate) == 1;
    while (good && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        good = SSL_CTX_add0_chain_cert(identity->ctx, certificate) == 1;
        if (!good)
            X509_free(certificate);
    }
    if (good)
        ERR_clear_error(); /* the end of the file counts as an error */
    BIO_free(bio);
    return good;
}

static bool use_key(SSL_CTX *ctx, struct str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    bool good = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return good;
}

/* A response is stapled only while it is valid; an old one would make strict clients refuse the certificate. */
static bool ocsp_in_time(struct str der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
    OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
    OCSP_SINGLERESP *single = basic ? OCSP_resp_get0(basic, 0) : NULL;
    ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
    bool good = single && OCSP_single_get0_status(single, NULL, NULL, &from, &until) >= 0 &&
                OCSP_check_validity(from, until, CLOCK_SKEW, -1) == 1;
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return good;
}

static int on_status(SSL *ssl, void *arg)
{
    const struct identity *identity = arg;
    struct str der = {identity->ocsp, identity->ocsp_length};
    if (!ocsp_in_time(der))
        return SSL_TLSEXT_ERR_NOACK;
    unsigned char *copy = OPENSSL_memdup(der.p, der.n); /* OpenSSL frees it */
    if (!copy || SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)der.n) != 1) {
        OPENSSL_free(copy);
        return SSL_TLSEXT_ERR_NOACK;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* ALPN (RFC 7301 3.2): a client that offers only what we do not speak gets no_application_protocol. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *offered,
                   unsigned offered_length, void *arg)
{
    static const unsigned char protocols[] = "\x02h2\x08http/1.1";
    const struct tls_context *context = arg;
    size_t skip = context->http2 ? 0 : 3;
    unsigned char *chosen;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, length, protocols + skip, (unsigned)(sizeof protocols - 1 - skip), offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    const struct tls_context *context = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    for (size_t i = 0; name && i < context->count; i++) {
        if (X509_check_host(context->identities[i].leaf, name, 0, 0, NULL) == 1) {
            SSL_set_SSL_CTX(ssl, context->identities[i].ctx);
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return name ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK;
}

static void configure(struct tls_context *context, SSL_CTX *ctx, const struct tls_options *options)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
    /* No finite fields: a client can ask for one with any octets, and a server works for milliseconds (CVE-2002-20001).
     */
    SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384");
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, context);
    SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(ctx, context);
    if (options->tickets)
        tls_tickets_use(options->tickets, ctx);
    else
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
}

static bool make_identity(struct tls_context *context, struct identity *identity,
                          const struct tls_certificate *certificate, const struct tls_options *options,
                          struct buf *error)
{
    ERR_clear_error();
    identity->ctx = SSL_CTX_new(TLS_server_method());
    if (!identity->ctx) {
        explain(error, certificate->name, "cannot make a TLS context");
        return false;
    }
    configure(context, identity->ctx, options);
    if (!use_chain(identity, certificate->chain)) {
        explain(error, certificate->name, "is no certificate in PEM");
        return false;
    }
    if (!use_key(identity->ctx, certificate->key)) {
        explain(error, certificate->name, "its key cannot be used");
        return false;
    }
    if (certificate->ocsp.n > 0) {
        identity->ocsp = mem_dup(certificate->ocsp.p, certificate->ocsp.n);
        identity->ocsp_length = certificate->ocsp.n;
        SSL_CTX_set_tlsext_status_cb(identity->ctx, on_status);
        SSL_CTX_set_tlsext_status_arg(identity->ctx, identity);
    }
    return true;
}

struct tls_context *tls_context_new(const struct tls_options *options, struct buf *error)
{
    struct tls_context *context = mem_zalloc(sizeof *context + options->count * sizeof context->identities[0]);
    context->references = 1;
    context->http2 = options->http2;
    context->count = options->count;
    for (size_t i = 0; i < options->count; i++) {
        if (!make_identity(context, &context->identities[i], &options->certificates[i], options, error)) {
            tls_context_release(context);
            return NULL;
        }
    }
    return context;
}

struct tls_context *tls_context_retain(struct tls_context *context)
{
    context->references++;
    return context;
}

void tls_context_release(struct tls_context *context)
{
    if (!context || --context->references > 0)
        return;
    for (size_t i = 0; i < context->count; i++) {
        SSL_CTX_free(context->identities[i].ctx);
        X509_free(context->identities[i].leaf);
        free(context->identities[i].ocsp);
    }
    free(context);
}

/* --- streams --- */

/* The context stays with the stream: OpenSSL's callbacks point at it. */
static struct tls_context *context_of(SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

static ssize_t outcome(struct sock *s, int n, bool *wants_other, int other)
{
    SSL *ssl = s->tls;
    int error = SSL_get_error(ssl, n);
    *wants_other = error == other;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return SOCK_AGAIN;
    ERR_clear_error();
    return error == SSL_ERROR_ZERO_RETURN ? SOCK_EOF : SOCK_BROKEN;
}

static ssize_t tls_read(struct sock *s, void *data, size_t size)
{
    SSL *ssl = s->tls;
    ERR_clear_error();
    int n = SSL_read(ssl, data, size > RECORD_MAX ? RECORD_MAX : (int)size);
    s->buffered = n > 0 && SSL_has_pending(ssl);
    if (n > 0) {
        s->read_wants_write = false;
        return n;
    }
    return outcome(s, n, &s->read_wants_write, SSL_ERROR_WANT_WRITE);
}

/* Parts are gathered into one record: a head and its body would otherwise cost two. A retry presents the same octets
 * again, perhaps with more behind, as SSL_write wants it. */
static ssize_t tls_writev(struct sock *s, const struct iovec *parts, int count)
{
    static _Thread_local char record[RECORD_MAX];
    const void *data = parts->iov_base;
    size_t size = parts->iov_len;
    if (count > 1 && size < RECORD_MAX) {
        size = 0;
        for (int i = 0; i < count && size < RECORD_MAX; i++) {
            size_t room = RECORD_MAX - size, n = parts[i].iov_len < room ? parts[i].iov_len : room;
            memcpy(record + size, parts[i].iov_base, n);
            size += n;
        }
        data = record;
    }
    if (size == 0)
        return 0;
    ERR_clear_error();
    int n = SSL_write(s->tls, data, size > RECORD_MAX ? RECORD_MAX : (int)size);
    if (n > 0) {
        s->write_wants_read = false;
        return n;
    }
    ssize_t result = outcome(s, n, &s->write_wants_read, SSL_ERROR_WANT_READ);
    return result == SOCK_EOF ? SOCK_BROKEN : result;
}

static void tls_shutdown(struct sock *s)
{
    ERR_clear_error();
    if (SSL_is_init_finished(s->tls))
        SSL_shutdown(s->tls);
    ERR_clear_error();
    shutdown(s->fd, SHUT_WR);
}

static void tls_close(struct sock *s)
{
    struct tls_context *context = context_of(s->tls);
    ERR_clear_error();
    if (SSL_is_init_finished(s->tls) && !(SSL_get_shutdown(s->tls) & SSL_SENT_SHUTDOWN))
        SSL_shutdown(s->tls);
    ERR_clear_error();
    SSL_free(s->tls);
    s->tls = NULL;
    tls_context_release(context);
    close(s->fd);
    s->fd = -1;
}

static const struct sock_ops tls_ops = {tls_read, tls_writev, NULL, tls_shutdown, tls_close};

bool sock_tls(struct sock *s, int fd, struct tls_context *context)
{
    SSL *ssl = SSL_new(context->identities[0].ctx);
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return false;
    }
    SSL_set_accept_state(ssl);
    SSL_set_app_data(ssl, tls_context_retain(context));
    *s = (struct sock){.ops = &tls_ops, .fd = fd, .tls = ssl};
    return true;
}

static bool sock_is_tls(const struct sock *s)
{
    return s->ops == &tls_ops;
}

const char *sock_protocol(const struct sock *s)
{
    const unsigned char *name;
    unsigned length;
    if (!sock_is_tls(s) || !SSL_is_init_finished(s->tls))
        return NULL;
    SSL_get0_alpn_selected(s->tls, &name, &length);
    return length == 2 ? "h2" : length == 8 ? "http/1.1" : "";
}
