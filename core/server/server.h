/* server/server.h: the HTTP and WebSocket server of a worker. Made and fed by bind/serve.c, which hands in the
 * functions that run Lua; driven by process/worker.c. Knows no Lua: a generation is an opaque pointer here. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct conn;
struct counter_segment;
struct loop;
struct request;
struct server;
struct service;
struct socket;
struct tls_context;

/* What the settings of these names say; seconds and octets. */
struct server_options {
    uint64_t body_limit;
    uint32_t target_limit, header_limit;
    double header_timeout, body_timeout, idle_timeout, write_timeout;
    unsigned max_connections, max_connections_per_address; /* the second: 0 is no limit */
    uint64_t ws_message_limit, ws_queue_limit;
    double ws_ping_interval, ws_idle_timeout;
    bool access_log;
    const char *const *ws_origins;      /* NULL-ended; copied */
    const char *const *trusted_proxies; /* NULL-ended; copied. Addresses or networks such as 10.0.0.0/8 */
};

/* How the server reaches Lua. All are called on the loop. */
struct server_hooks {
    /* A request's head is there (and as much of its body as came with it): run its handler. Ends in request_handled()
     * and, unless the handler has answered itself, response_send(), now or later. */
    void (*request)(struct request *r);
    /* More of the body, its end or its failure is there, or the output has drained: wake who waits for it. */
    void (*request_event)(struct request *r);
    /* The client is gone: cancel the handler. r stays valid until request_handled(). */
    void (*request_gone)(struct request *r);

    /* Whether the generation has this handler for sockets (or streams). */
    bool (*socket_known)(void *generation, const struct socket *s);
    /* Handle the next event of a socket in server's generation; ends in socket_done(). */
    void (*socket_open)(struct socket *s);
    void (*socket_message)(struct socket *s, struct str data, bool binary);
    void (*socket_close)(struct socket *s, int code, struct str reason);
    /* The connection is lost while a message is being handled: cancel that. */
    void (*socket_gone)(struct socket *s);
    /* The generation is about to change: write what is bound to the old one back to s->state. */
    void (*socket_unbind)(struct socket *s);
    /* The socket is freed: forget it. */
    void (*socket_over)(struct socket *s);
};

struct server *server_new(struct loop *loop, const struct server_hooks *hooks, void *hooks_arg,
                          struct counter_segment *counters);

/* Takes over new settings: at once for new requests and connections. */
void server_configure(struct server *server, const struct server_options *options);

/* A static folder of a service: requests for GET prefix… are answered from dir (absolute). Replaces one of that prefix.
 */
void server_set_static(struct server *server, const char *service, const char *prefix, const char *dir);

/* The service of that name, made if it is new; a pointer to compare with request.service. */
struct service *server_service_named(struct server *server, const char *name);

/* Accepts for this service on fd (which stays the caller's). False when out of memory. */
bool server_listen(struct server *server, int fd, const char *service, bool tls);

/* Serves /metrics and /healthz on fd without Lua. metrics() appends Prometheus text. */
bool server_listen_admin(struct server *server, int fd, void (*metrics)(void *arg, struct buf *out), void *arg);

/* The certificates of a service's TLS listeners from now on (retained); connections keep those they began with. */
void server_set_tls(struct server *server, const char *service, struct tls_context *context);

/* New requests and next messages go to this generation. NULL until the first. */
void server_set_generation(struct server *server, void *generation, unsigned number);
void *server_generation(const struct server *server);
void *server_hooks_arg(const struct server *server);

/* Stops accepting, closes idle connections, ends WebSockets (code, such as 1001 or 1012) and event streams; answers in
 * flight are finished with Connection: close. done(arg) is called once no connection is left. */
void server_drain(struct server *server, int code, void (*done)(void *arg), void *arg);

/* Closes whatever is left, at once. */
void server_free(struct server *server);

struct server_counts {
    uint64_t requests; /* since the start */
    unsigned connections, websockets, streams;
};
struct server_counts server_counts(const struct server *server);

#endif
