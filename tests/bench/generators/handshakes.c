/* generators/handshakes.c: TLS handshakes, one connection each.
 *
 *   handshakes PORT full|resumed SECONDS THREADS
 *
 * After its handshake a connection asks for /plaintext with Connection: close and reads to the end: that a server is
 * done, and with TLS 1.3 its session tickets, come only then. resumed: each connection offers the session of the one
 * before it; one that is not taken counts as an error. Certificates are not verified: the client's work is not what is
 * measured. Prints one JSON object. */
#define _GNU_SOURCE
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include "generator.h"

struct client {
    pthread_t thread;
    SSL_CTX *ctx;
    SSL_SESSION *session; /* the newest that the server has given */
    struct times times;
    long errors;
    bool warm; /* the first handshake of a thread is a full one and is not counted */
};

static int port;
static bool resumed;
static int64_t end;

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct client *c = SSL_get_app_data(ssl);
    SSL_SESSION_free(c->session);
    c->session = session;
    return 1; /* the reference is ours */
}

static bool exchange(SSL *ssl)
{
    static const char ask[] = "GET /plaintext HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n";
    char answer[4096];
    int got = 0, n;
    if (SSL_write(ssl, ask, (int)sizeof ask - 1) <= 0)
        return false;
    while (got < (int)sizeof answer && (n = SSL_read(ssl, answer + got, (int)sizeof answer - got)) > 0)
        got += n;
    return got > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0;
}

static void connect_once(struct client *c)
{
    int fd = dial(port);
    SSL *ssl = SSL_new(c->ctx);
    SSL_set_app_data(ssl, c);
    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, "bench.test");
    if (resumed && c->session)
        SSL_set_session(ssl, c->session);
    int64_t begin = now_ns();
    bool good = SSL_connect(ssl) == 1;
    int64_t took = now_ns() - begin;
    good = good && exchange(ssl);
    if (c->warm) {
        if (good && SSL_session_reused(ssl) == resumed)
            times_add(&c->times, took);
        else
            c->errors++;
    }
    c->warm = true;
    SSL_shutdown(ssl); /* else OpenSSL holds the session for a bad one */
    SSL_free(ssl);
    close(fd);
    ERR_clear_error();
}

static void *work(void *data)
{
    struct client *c = data;
    while (now_ns() < end)
        connect_once(c);
    return NULL;
}

static void prepare(struct client *c)
{
    c->ctx = SSL_CTX_new(TLS_client_method());
    if (!c->ctx)
        die("SSL_CTX_new");
    SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c->ctx, on_session);
    end = now_ns() + 5000000000;
    connect_once(c);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: handshakes PORT full|resumed SECONDS THREADS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    port = atoi(argv[1]);
    resumed = strcmp(argv[2], "resumed") == 0;
    int threads = atoi(argv[4]);
    struct client *clients = calloc((size_t)threads, sizeof *clients);
    if (!clients)
        die("calloc");
    for (int i = 0; i < threads; i++)
        prepare(&clients[i]);
    if (!ready())
        return 0;
    double cpu = cpu_seconds();
    int64_t begin = now_ns();
    end = begin + (int64_t)(atof(argv[3]) * 1e9);
    for (int i = 0; i < threads; i++)
        pthread_create(&clients[i].thread, NULL, work, &clients[i]);
    struct times all = {0};
    long errors = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(clients[i].thread, NULL);
        errors += clients[i].errors;
        for (size_t k = 0; k < clients[i].times.n; k++)
            times_add(&all, clients[i].times.at[k]);
    }
    double seconds = (double)(now_ns() - begin) / 1e9;
    times_sort(&all);
    printf("{\"ok\": %zu, \"errors\": %ld, \"seconds\": %.3f, \"p50\": %.4f, \"p99\": %.4f, \"cpu\": %.6f}\n", all.n,
           errors, seconds, times_at(&all, 0.5), times_at(&all, 0.99), cpu_seconds() - cpu);
    return 0;
}
