/* TLS streams: certificates by SNI, ALPN, tickets that two contexts share, stapled OCSP, versions. The client is
 * OpenSSL over a socket pair, pumped in the same thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/tls.h"
#include "loop/tls_tickets.h"

struct pem {
    struct buf chain, key, ocsp;
    X509 *certificate;
    EVP_PKEY *pkey;
};

static void append_bio(struct buf *out, BIO *bio)
{
    char *data;
    long n = BIO_get_mem_data(bio, &data);
    buf_append(out, data, (size_t)n);
    BIO_free(bio);
}

static void make_pem(struct pem *pem, const char *host)
{
    char san[64] = "DNS:";
    X509 *x = X509_new();
    pem->pkey = EVP_EC_gen("P-256");
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, pem->pkey);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)host, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, strcat(san, host));
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(x, pem->pkey, EVP_sha256()) > 0);
    pem->certificate = x;

    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x);
    append_bio(&pem->chain, bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, pem->pkey, NULL, NULL, 0, NULL, NULL);
    append_bio(&pem->key, bio);
}

/* A response that says "good" from -60 s for lifetime seconds, signed by the certificate itself. */
static void make_ocsp(struct pem *pem, long lifetime)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, pem->certificate, pem->certificate);
    ASN1_TIME *from = X509_gmtime_adj(NULL, -7200), *until = X509_gmtime_adj(NULL, lifetime);
    assert_non_null(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, from, until));
    assert_int_equal(OCSP_basic_sign(basic, pem->certificate, pem->pkey, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char *der = NULL;
    int n = i2d_OCSP_RESPONSE(response, &der);
    buf_append(&pem->ocsp, der, (size_t)n);
    OPENSSL_free(der);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
}

static void free_pem(struct pem *pem)
{
    buf_free(&pem->chain);
    buf_free(&pem->key);
    buf_free(&pem->ocsp);
    X509_free(pem->certificate);
    EVP_PKEY_free(pem->pkey);
}

static struct tls_context *context_of(struct pem *pems, size_t count, struct tls_tickets *tickets, bool http2)
{
    struct tls_certificate certificates[2];
    struct buf error = {0};
    for (size_t i = 0; i < count; i++)
        certificates[i] = (struct tls_certificate){STR("test.pem"), buf_str(&pems[i].chain), buf_str(&pems[i].key),
                                                   buf_str(&pems[i].ocsp)};
    struct tls_options options = {certificates, count, tickets, http2};
    struct tls_context *context = tls_context_new(&options, &error);
    if (!context)
        fail_msg("%s", buf_cstr(&error));
    return context;
}

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    struct sock server;
    char host[64];
    bool resumed, stapled;
    int version;
    const char *protocol;
};

static SSL_SESSION *saved;

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(saved);
    saved = session;
    return 1;
}

static bool is_broken(ssize_t n)
{
    return n == SOCK_BROKEN;
}

static const char *groups; /* that a client offers; NULL: OpenSSL's own */

/* Shakes hands, sends one octet each way (so that tickets arrive) and notes what was agreed. False if it fails. */
static bool talk(struct client *c, struct tls_context *context, const char *host, const char *alpn, int max_version)
{
    int pair[2];
    char octet = 0, name[64] = "";
    bool sent = false, echoed = false, good = true;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_true(sock_tls(&c->server, pair[0], context));
    c->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(c->ctx, TLS1_VERSION);
    SSL_CTX_set_security_level(c->ctx, 0);
    SSL_CTX_set_max_proto_version(c->ctx, max_version);
    if (groups)
        assert_int_equal(SSL_CTX_set1_groups_list(c->ctx, groups), 1);
    SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c->ctx, on_session);
    c->ssl = SSL_new(c->ctx);
    SSL_set_fd(c->ssl, pair[1]);
    SSL_set_connect_state(c->ssl);
    SSL_set_tlsext_status_type(c->ssl, TLSEXT_STATUSTYPE_ocsp);
    if (host)
        SSL_set_tlsext_host_name(c->ssl, host);
    if (alpn)
        SSL_set_alpn_protos(c->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    if (saved)
        SSL_set_session(c->ssl, saved);

    for (int round = 0; round < 50 && good && octet != 'y'; round++) {
        ssize_t n = sock_read(&c->server, name, sizeof name);
        if (n > 0 && !echoed)
            echoed = sock_writev(&c->server, &(struct iovec){(void *)(uintptr_t) "y", 1}, 1) == 1;
        good = !is_broken(n);
        if (!sent)
            sent = SSL_write(c->ssl, "x", 1) == 1;
        else
            SSL_read(c->ssl, &octet, 1);
        if (!sent && SSL_get_error(c->ssl, -1) == SSL_ERROR_SSL)
            good = false;
    }
    good = good && octet == 'y';
    if (good) {
        const unsigned char *ocsp;
        X509 *leaf = SSL_get0_peer_certificate(c->ssl);
        if (leaf)
            X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, c->host, sizeof c->host);
        c->resumed = SSL_session_reused(c->ssl);
        c->stapled = SSL_get_tlsext_status_ocsp_resp(c->ssl, &ocsp) > 0;
        c->version = SSL_version(c->ssl);
        c->protocol = sock_protocol(&c->server);
    }
    return good;
}

static void hang_up(struct client *c)
{
    int fd = SSL_get_fd(c->ssl);
    sock_close(&c->server);
    SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* else its session counts as broken */
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(fd);
    *c = (struct client){0};
}

static void forget_session(void)
{
    SSL_SESSION_free(saved);
    saved = NULL;
}

static struct pem pems[2];

static int set_up(void **state)
{
    (void)state;
    make_pem(&pems[0], "a.example");
    make_pem(&pems[1], "*.b.example");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free_pem(&pems[0]);
    free_pem(&pems[1]);
    forget_session();
    return 0;
}

/* RFC 6066 3: the server picks the certificate that fits the name. */
static void sni_chooses_the_certificate(void **state)
{
    (void)state;
    struct tls_context *context = context_of(pems, 2, NULL, false);
    struct client c = {0};
    static const char *const cases[][2] = {{"a.example", "a.example"},
                                           {"x.b.example", "*.b.example"},
                                           {"other.example", "a.example"},
                                           {NULL, "a.example"}};
    for (size_t i = 0; i < 4; i++) {
        assert_true(talk(&c, context, cases[i][0], NULL, TLS1_3_VERSION));
        assert_string_equal(c.host, cases[i][1]);
        hang_up(&c);
    }
    tls_context_release(context);
}

/* RFC 7301 3.2 */
static void alpn_prefers_h2_and_refuses_strangers(void **state)
{
    (void)state;
    struct tls_context *both = context_of(pems, 1, NULL, true), *plain = context_of(pems, 1, NULL, false);
    struct client c = {0};
    assert_true(talk(&c, both, "a.example", "\x08http/1.1\x02h2", TLS1_3_VERSION));
    assert_string_equal(c.protocol, "h2");
    hang_up(&c);
    assert_true(talk(&c, plain, "a.example", "\x02h2\x08http/1.1", TLS1_3_VERSION));
    assert_string_equal(c.protocol, "http/1.1");
    hang_up(&c);
    assert_true(talk(&c, both, "a.example", NULL, TLS1_3_VERSION));
    assert_string_equal(c.protocol, "");
    hang_up(&c);
    assert_false(talk(&c, both, "a.example", "\x04spdy", TLS1_3_VERSION));
    hang_up(&c);
    tls_context_release(both);
    tls_context_release(plain);
}

static void versions_below_1_2_are_refused(void **state)
{
    (void)state;
    struct tls_context *context = context_of(pems, 1, NULL, false);
    struct client c = {0};
    assert_true(talk(&c, context, "a.example", NULL, TLS1_2_VERSION));
    assert_int_equal(c.version, TLS1_2_VERSION);
    hang_up(&c);
    assert_false(talk(&c, context, "a.example", NULL, TLS1_1_VERSION));
    hang_up(&c);
    tls_context_release(context);
}

static void finite_fields_are_refused(void **state)
{
    (void)state;
    static const char *const good[] = {"X25519", "P-256", "P-384", "ffdhe8192:P-256"};
    struct tls_context *context = context_of(pems, 1, NULL, false);
    struct client c = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        groups = good[i];
        assert_true(talk(&c, context, "a.example", NULL, TLS1_3_VERSION));
        hang_up(&c);
    }
    groups = "ffdhe2048:ffdhe8192";
    assert_false(talk(&c, context, "a.example", NULL, TLS1_3_VERSION));
    hang_up(&c);
    groups = NULL;
    tls_context_release(context);
}

/* RFC 5077, RFC 8446 4.6.1: a ticket of one worker is good at another, for this period and the next. */
static void tickets_are_shared_and_rotate(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct tls_tickets *tickets = tls_tickets_new(3600);
        struct tls_context *one = context_of(pems, 1, tickets, false), *two = context_of(pems, 1, tickets, false);
        struct client c = {0};
        forget_session();
        assert_true(talk(&c, one, "a.example", NULL, versions[i]));
        assert_false(c.resumed);
        hang_up(&c);
        assert_non_null(saved);
        assert_true(talk(&c, two, "a.example", NULL, versions[i]));
        assert_true(c.resumed);
        hang_up(&c);
        tls_tickets_rotate(tickets);
        assert_true(talk(&c, two, "a.example", NULL, versions[i]));
        assert_true(c.resumed);
        hang_up(&c);
        tls_tickets_rotate(tickets);
        tls_tickets_rotate(tickets);
        assert_true(talk(&c, one, "a.example", NULL, versions[i]));
        assert_false(c.resumed);
        hang_up(&c);
        forget_session();
        tls_context_release(one);
        tls_context_release(two);
        tls_tickets_free(tickets);
    }
}

/* RFC 6066 8 */
static void ocsp_is_stapled_while_it_is_valid(void **state)
{
    (void)state;
    static const long lifetimes[] = {3600, -3600};
    for (size_t i = 0; i < 2; i++) {
        struct client c = {0};
        make_ocsp(&pems[0], lifetimes[i]);
        struct tls_context *context = context_of(pems, 1, NULL, false);
        assert_true(talk(&c, context, "a.example", NULL, TLS1_3_VERSION));
        assert_int_equal(c.stapled, lifetimes[i] > 0);
        hang_up(&c);
        tls_context_release(context);
        buf_free(&pems[0].ocsp);
        pems[0].ocsp = (struct buf){0};
    }
}

static void bad_certificates_are_named(void **state)
{
    (void)state;
    struct tls_certificate certificate = {STR("x.pem"), STR("junk"), buf_str(&pems[0].key), STR("")};
    struct tls_options options = {&certificate, 1, NULL, false};
    struct buf error = {0};
    assert_null(tls_context_new(&options, &error));
    assert_non_null(strstr(buf_cstr(&error), "x.pem: is no certificate in PEM"));
    buf_clear(&error);
    certificate.chain = buf_str(&pems[1].chain);
    assert_null(tls_context_new(&options, &error));
    assert_non_null(strstr(buf_cstr(&error), "x.pem: its key cannot be used"));
    buf_free(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sni_chooses_the_certificate),       cmocka_unit_test(alpn_prefers_h2_and_refuses_strangers),
        cmocka_unit_test(versions_below_1_2_are_refused),    cmocka_unit_test(tickets_are_shared_and_rotate),
        cmocka_unit_test(finite_fields_are_refused),         cmocka_unit_test(tickets_are_shared_and_rotate),
        cmocka_unit_test(ocsp_is_stapled_while_it_is_valid), cmocka_unit_test(bad_certificates_are_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
