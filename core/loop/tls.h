/* loop/tls.h: TLS 1.2 and 1.3 server streams (OpenSSL) as another table of sock.h. A context holds the certificates of
 * a listener; a reload makes a new one, and connections keep the one they began with. */
#ifndef LOOP_TLS_H
#define LOOP_TLS_H

#include "base/buf.h"
#include "base/str.h"
#include "loop/sock.h"

struct tls_context;
struct tls_tickets;

struct tls_certificate {
    struct str name;  /* for errors: where it comes from */
    struct str chain; /* PEM, leaf first */
    struct str key;   /* PEM */
    struct str ocsp;  /* DER response to staple (RFC 6066 8); empty: none */
};

struct tls_options {
    const struct tls_certificate *certificates; /* chosen by SNI (RFC 6066 3); the first for names that none fits */
    size_t count;
    struct tls_tickets *tickets; /* shared by the workers; NULL: no resumption */
    bool http2;                  /* offer h2 by ALPN before http/1.1 (RFC 7301) */
};

/* Options and what they point at are needed only during the call. NULL with one line in error. */
struct tls_context *tls_context_new(const struct tls_options *options, struct buf *error);

struct tls_context *tls_context_retain(struct tls_context *context);
void tls_context_release(struct tls_context *context);

/* Makes s a TLS stream over fd, which it now owns; the handshake is part of the first reads and writes. False (fd still
 * the caller's) without memory. */
bool sock_tls(struct sock *s, int fd, struct tls_context *context);

/* What was agreed by ALPN: "h2", "http/1.1", or "" when the client named nothing; NULL while the handshake lasts and on
 * plain streams. */
const char *sock_protocol(const struct sock *s);

#endif
