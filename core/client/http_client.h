/* client/http_client.h: outgoing HTTP by libcurl's multi interface on the loop. Called by bind/http.c; lives as long as
 * the worker. Connections are kept and shared by all requests, but never between those that may reach private addresses
 * and those that may not.
 *
 *   http_request_new ── set what differs ──▶ http_start ──▶ on_head ──▶ on_data … ──▶ on_done ──▶ http_request_free
 *
 * Callbacks come from the loop, never from within http_start, and never after http_request_free, which may be called at
 * any time and cancels. */
#ifndef CLIENT_HTTP_CLIENT_H
#define CLIENT_HTTP_CLIENT_H

#include "base/buf.h"

struct loop;
struct transfers;
struct http_client;
struct http_request;

struct http_client *http_client_new(struct loop *loop);

/* Ends every request with "closed". NULL is allowed. */
void http_client_free(struct http_client *client);

/* What it sends by, for mail. */
struct transfers *http_client_transfers(struct http_client *client);

struct http_options {
    const char *url, *method; /* method NULL: GET, or POST with a body */
    struct str body;          /* must live as long as the request; p NULL: none */
    double timeout;           /* seconds: for all of it; streaming: until the head is there */
    double idle_timeout;      /* seconds without an octet */
    size_t limit;             /* octets of the answer's body */
    bool stream;              /* the body stays with libcurl until http_read */
    bool public_only;         /* only to addresses of the public Internet */
    int redirects;            /* how many are followed */
};

struct http_events {
    void (*on_head)(struct http_request *r); /* streaming: status and headers are there */
    void (*on_data)(struct http_request *r); /* streaming: http_read gives something, or the end */
    /* code NULL: whole; else "timeout", "refused", "dns", "tls", "closed", "too_large", "forbidden", "bad_url" */
    void (*on_done)(struct http_request *r, const char *code, const char *message);
};

/* NULL with code and message (static) if the options cannot be carried out. Strings are copied, but for the body. */
struct http_request *http_request_new(struct http_client *client, const struct http_options *options,
                                      const struct http_events *events, void *arg, const char **code,
                                      const char **message);

/* A header of the request; false if name or value may not stand in one. Framing is libcurl's: Content-Length,
 * Transfer-Encoding, Connection and Host are refused. */
bool http_request_header(struct http_request *r, struct str name, struct str value);

void http_start(struct http_request *r);
void http_request_free(struct http_request *r);

void *http_arg(const struct http_request *r);

/* Of the last answer (redirects before it are forgotten): valid from on_head or on_done. */
int http_status(const struct http_request *r);

/* Calls each for every header in order; names in lower case. */
void http_headers(const struct http_request *r, void (*each)(void *arg, struct str name, struct str value), void *arg);

/* What has come of the body and was not taken; valid until http_take. */
struct str http_body(const struct http_request *r);

/* Drops what http_body gave; libcurl goes on reading. */
void http_take(struct http_request *r);

/* True once it has ended; then what on_done tells. */
bool http_is_done(const struct http_request *r, const char **code, const char **message);

#endif
