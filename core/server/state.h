/* server/state.h: what the files of server/ share. Nobody outside includes it. */
#ifndef SERVER_STATE_H
#define SERVER_STATE_H

#include "proto/http1.h"
#include "server/conn.h"
#include "server/file.h"
#include "server/out.h"
#include "server/request.h"
#include "server/response.h"
#include "server/server.h"

enum {
    SCRATCH_SIZE = 64 * 1024, /* one read */
    BODY_WINDOW = 64 * 1024,  /* content kept for a handler that has not asked for it */
    DISCARD_MAX = 256 * 1024, /* unread content that is read and dropped to keep a connection */
    REQUEST_POOL_MAX = 128,   /* released requests that keep their memory */
    COMPRESS_LEAST = 1400,    /* octets: below, compression saves no packet */
};

struct deflate;
struct metrics;
struct rooms;
struct socket_table;
struct tls_context;
struct turn;

struct folder {
    struct folder *next;
    struct str prefix; /* "/static/" */
    char *path;        /* absolute, without a slash at its end */
};

struct service {
    struct service *next;
    struct server *server;
    struct str name;
    struct folder *folders;
    struct tls_context *tls;                   /* NULL: none configured */
    void (*admin)(void *arg, struct buf *out); /* the admin listener's; NULL: an ordinary service */
    void *admin_arg;
};

/* A listening socket with the service it is for. */
struct entrance {
    struct entrance *next;
    struct listener *listener;
    struct service *service;
    bool tls;
};

struct server {
    struct loop *loop;
    const struct server_hooks *hooks;
    void *hooks_arg;
    struct server_options options;
    struct http1_limits limits;
    struct network *proxies;
    size_t proxy_count;
    char **origins;
    size_t origin_count;

    void *generation;
    unsigned generation_number;

    struct service *services;
    struct entrance *entrances;
    struct conn *conns; /* all, doubly linked */
    struct turn *turn;
    struct address_table *addresses;
    struct server_counts counts;
    bool accepting, draining;
    void (*drained)(void *arg);
    void *drained_arg;

    struct request *free_requests, *all_requests; /* all_requests: by next_made, to free them */
    unsigned free_request_count;
    struct chunk_pool chunks;
    struct file_cache *files;
    struct metrics *metrics;
    struct deflate *deflate;
    struct rooms *rooms;
    struct socket_table *sockets;

    struct buf body; /* where an answer is compressed */
    char scratch[SCRATCH_SIZE];
};

struct service *server_service(struct server *server, struct str name);

/* Whether a peer is a proxy that is believed. */
bool server_trusts(const struct server *server, const struct peer_address *a);

/* Connections end: accepting may go on, draining may be done. */
void server_conn_over(struct server *server);

/* HTTP/1.1 on a fresh connection (http1_conn.c). */
extern const struct conn_protocol http1_protocol;

/* Makes a fresh connection one of HTTP/2 (http2_conn.c). False without memory. */
bool http2_begin(struct conn *c);

/* Takes the connection of an HTTP/1.1 request for another protocol (WebSocket, event stream) once the answer's head is
 * written; the request is over. NULL if the client is gone. */
struct conn *http1_take_over(struct request *r, const struct response *response);

/* Sockets (socket.c, stream.c). */
struct socket_table *socket_table_new(void);
void socket_table_free(struct socket_table *t);
void sockets_rebind(struct server *server, void *generation);
void stream_gone(struct socket *s);

/* Metrics and the access log (metric.c). */
struct metrics *metrics_new(struct counter_segment *segment);
void metrics_free(struct metrics *m);
void metrics_request(struct metrics *m, struct request *r);
void metrics_connections(struct metrics *m, const struct server_counts *counts);

/* The admin listener's routes (admin.c). */
void admin_answer(struct request *r);

/* Answers from a folder of the service if a prefix fits; false if none does (static.c). */
bool static_answer(struct request *r);

/* Compresses body if that pays and the client takes it; returns what to send (compress.c). */
struct str compress_body(struct request *r, struct response *response, struct str body);

/* An answer that may be compressed says that it depends on the client, compressed or not, and in a 206 and a 304 too
 * (RFC 9110 §12.5.5, §15.4.5). False if it never is. */
bool compress_vary(struct request *r, struct response *response);

/* The coder of a streamed answer, NULL if it stays plain. */
struct coder *compress_stream(struct request *r, struct response *response);

#endif
