/* server/server.c: the server of a worker: services, listeners, limits on connections, generations and draining. */
#include "server/server.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/listen.h"
#include "loop/loop.h"
#include "loop/tls.h"
#include "proto/deflate.h"
#include "server/coder.h"
#include "server/socket_state.h"
#include "server/state.h"
#include "server/turn.h"

enum { DEFLATE_LEVEL = 3 };

struct server *server_new(struct loop *loop, const struct server_hooks *hooks, void *hooks_arg,
                          struct counter_segment *counters)
{
    struct server *server = mem_zalloc(sizeof *server);
    server->loop = loop;
    server->hooks = hooks;
    server->hooks_arg = hooks_arg;
    server->accepting = true;
    server->turn = turn_new(loop);
    server->addresses = address_table_new();
    server->files = file_cache_new();
    server->metrics = metrics_new(counters);
    server->deflate = deflate_new(DEFLATE_LEVEL);
    server->rooms = rooms_new();
    server->sockets = socket_table_new();
    return server;
}

/* Settings. --- */

static size_t count_of(const char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

static void free_lists(struct server *server)
{
    for (size_t i = 0; i < server->origin_count; i++)
        free(server->origins[i]);
    free(server->origins);
    free(server->proxies);
}

void server_configure(struct server *server, const struct server_options *options)
{
    free_lists(server);
    server->options = *options;
    server->limits = (struct http1_limits){
        .target = options->target_limit,
        .head = options->header_limit,
        .fields = HTTP1_FIELDS_MAX,
        .body = UINT64_MAX, /* decided by the handler, see request_body() */
    };
    server->origin_count = count_of(options->ws_origins);
    server->origins = mem_zalloc((server->origin_count + 1) * sizeof(char *));
    for (size_t i = 0; i < server->origin_count; i++)
        server->origins[i] = mem_dup(options->ws_origins[i], strlen(options->ws_origins[i]));
    size_t proxies = count_of(options->trusted_proxies);
    server->proxies = mem_zalloc((proxies + 1) * sizeof *server->proxies);
    server->proxy_count = 0;
    for (size_t i = 0; i < proxies; i++)
        if (network_parse(str_from(options->trusted_proxies[i]), &server->proxies[server->proxy_count]))
            server->proxy_count++;
        else
            log_write(LOG_ERROR, "a trusted proxy is no address or network",
                      log_str("value", options->trusted_proxies[i]), LOG_END);
    server->options.ws_origins = server->options.trusted_proxies = NULL;
}

bool server_trusts(const struct server *server, const struct peer_address *a)
{
    for (size_t i = 0; i < server->proxy_count; i++)
        if (network_has(&server->proxies[i], a))
            return true;
    return false;
}

struct service *server_service(struct server *server, struct str name)
{
    for (struct service *s = server->services; s; s = s->next)
        if (str_eq(s->name, name))
            return s;
    struct service *s = mem_zalloc(sizeof *s);
    s->server = server;
    s->name = str_of(mem_dup(name.p, name.n), name.n);
    s->next = server->services;
    server->services = s;
    return s;
}

struct service *server_service_named(struct server *server, const char *name)
{
    return server_service(server, str_from(name));
}

void server_set_static(struct server *server, const char *service, const char *prefix, const char *dir)
{
    struct service *s = server_service(server, str_from(service));
    struct folder *f = s->folders;
    while (f && !str_eq(f->prefix, str_from(prefix)))
        f = f->next;
    if (!f) {
        f = mem_zalloc(sizeof *f);
        f->prefix = str_of(mem_dup(prefix, strlen(prefix)), strlen(prefix));
        f->next = s->folders;
        s->folders = f;
    }
    free(f->path);
    f->path = mem_dup(dir, strlen(dir));
}

void server_set_tls(struct server *server, const char *service, struct tls_context *context)
{
    struct service *s = server_service(server, str_from(service));
    struct tls_context *before = s->tls;
    s->tls = tls_context_retain(context);
    if (before)
        tls_context_release(before);
}

/* Listening. --- */

static void pause_accepting(struct server *server)
{
    server->accepting = false;
    for (struct entrance *e = server->entrances; e; e = e->next)
        if (!e->service->admin)
            listener_pause(e->listener);
}

static void resume_accepting(struct server *server)
{
    server->accepting = true;
    for (struct entrance *e = server->entrances; e; e = e->next)
        listener_resume(e->listener);
}

static void on_accepted(void *arg, int fd, const struct sockaddr *peer, size_t length)
{
    struct entrance *e = arg;
    struct server *server = e->service->server;
    conn_accept(server, e->service, fd, peer, length, e->tls);
    if (server->accepting && server->counts.connections >= server->options.max_connections)
        pause_accepting(server);
}

static bool listen_on(struct server *server, int fd, struct service *service, bool tls)
{
    struct entrance *e = mem_zalloc(sizeof *e);
    e->service = service;
    e->tls = tls;
    e->listener = listener_new(server->loop, fd, on_accepted, e);
    if (!e->listener) {
        free(e);
        return false;
    }
    e->next = server->entrances;
    server->entrances = e;
    return true;
}

bool server_listen(struct server *server, int fd, const char *service, bool tls)
{
    return listen_on(server, fd, server_service(server, str_from(service)), tls);
}

bool server_listen_admin(struct server *server, int fd, void (*metrics)(void *arg, struct buf *out), void *arg)
{
    struct service *service = server_service(server, STR("admin listener"));
    service->admin = metrics;
    service->admin_arg = arg;
    return listen_on(server, fd, service, false);
}

/* Generations. --- */

void server_set_generation(struct server *server, void *generation, unsigned number)
{
    server->generation = generation;
    server->generation_number = number;
    if (generation)
        sockets_rebind(server, generation);
}

void *server_generation(const struct server *server)
{
    return server->generation;
}

void *server_hooks_arg(const struct server *server)
{
    return server->hooks_arg;
}

struct server_counts server_counts(const struct server *server)
{
    return server->counts;
}

/* Ends. --- */

static bool is_drained(const struct server *server)
{
    return !server->conns && server->counts.websockets == 0 && server->counts.streams == 0;
}

static void tell_drained(void *arg)
{
    struct server *server = arg;
    void (*drained)(void *arg) = server->drained;
    server->drained = NULL;
    if (drained)
        drained(server->drained_arg);
}

void server_conn_over(struct server *server)
{
    metrics_connections(server->metrics, &server->counts);
    if (server->draining) {
        if (server->drained && is_drained(server))
            loop_defer(server->loop, tell_drained, server);
    } else if (!server->accepting && server->counts.connections < server->options.max_connections) {
        resume_accepting(server);
    }
}

static void close_entrances(struct server *server)
{
    while (server->entrances) {
        struct entrance *e = server->entrances;
        server->entrances = e->next;
        listener_free(e->listener);
        free(e);
    }
}

static void end_socket(struct socket *s, void *arg)
{
    if (s->kind == SOCKET_EVENTS)
        socket_close(s, *(int *)arg, STR_NULL);
}

void server_drain(struct server *server, int code, void (*done)(void *arg), void *arg)
{
    server->draining = true;
    server->drained = done;
    server->drained_arg = arg;
    for (struct entrance *e = server->entrances; e; e = e->next)
        listener_empty(e->listener);
    close_entrances(server);
    for (struct conn *c = server->conns, *next; c; c = next) {
        next = c->next;
        if (!c->closing && c->protocol->drain)
            c->protocol->drain(c, code);
    }
    sockets_each(server, end_socket, &code);
    server_conn_over(server);
}

static void free_services(struct server *server)
{
    while (server->services) {
        struct service *s = server->services;
        server->services = s->next;
        while (s->folders) {
            struct folder *f = s->folders;
            s->folders = f->next;
            free((char *)(uintptr_t)f->prefix.p);
            free(f->path);
            free(f);
        }
        if (s->tls)
            tls_context_release(s->tls);
        free((char *)(uintptr_t)s->name.p);
        free(s);
    }
}

void server_free(struct server *server)
{
    if (!server)
        return;
    close_entrances(server);
    server->draining = true;
    server->drained = NULL;
    server->generation = NULL; /* no more Lua */
    while (server->conns)
        conn_close(server->conns, true);
    loop_turn(server->loop, false); /* frees them, and tells sockets their close */
    while (server->all_requests) {
        struct request *r = server->all_requests;
        server->all_requests = r->next_made;
        coder_free(r->coder);
        arena_free(&r->arena);
        buf_free(&r->body);
        free(r);
    }
    rooms_free(server->rooms);
    socket_table_free(server->sockets);
    deflate_free(server->deflate);
    metrics_free(server->metrics);
    file_cache_free(server->files);
    address_table_free(server->addresses);
    turn_free(server->turn);
    chunk_pool_free(&server->chunks);
    free_lists(server);
    free_services(server);
    buf_free(&server->body);
    free(server);
}
