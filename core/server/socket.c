/* server/socket.c: what WebSockets and event streams have in common: the table of them, their events one at a time, and
 * their end. */
#include "server/socket.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "server/socket_state.h"

enum {
    WAITING_OCTETS = 256 * 1024, /* messages kept for a busy handler; then the client has to wait */
    WAITING_COUNT = 64,
};

/* The objects are never freed while the server lives, so that Lua objects can compare serial numbers. */
struct socket_table {
    struct socket **slots;
    uint32_t count, capacity;
    uint32_t *free; /* slots not in use */
    uint32_t free_count;
};

struct socket_table *socket_table_new(void)
{
    return mem_zalloc(sizeof(struct socket_table));
}

void socket_table_free(struct socket_table *t)
{
    if (!t)
        return;
    for (uint32_t i = 0; i < t->count; i++)
        free(t->slots[i]);
    free(t->slots);
    free(t->free);
    free(t);
}

static bool is_open(const struct socket *s)
{
    return s->serial % 2 == 1;
}

static struct socket *take_slot(struct socket_table *t)
{
    if (t->free_count)
        return t->slots[t->free[--t->free_count]];
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 64;
        t->slots = mem_realloc(t->slots, t->capacity * sizeof(struct socket *));
        t->free = mem_realloc(t->free, t->capacity * sizeof(uint32_t));
    }
    struct socket *s = mem_zalloc(sizeof *s);
    s->slot = t->count;
    t->slots[t->count++] = s;
    return s;
}

struct socket *socket_new(struct request *r, enum socket_kind kind, struct str handler, struct buf *state)
{
    struct server *server = r->server;
    struct socket *s = take_slot(server->sockets);
    uint32_t slot = s->slot;
    uint64_t serial = s->serial + 1;
    memset(s, 0, sizeof *s);
    s->slot = slot;
    s->serial = serial;
    s->kind = kind;
    s->server = server;
    s->service = r->service;
    s->last = &s->first;
    s->open_due = true;
    s->seen = clock_now();
    struct str remote = request_remote(r);
    memcpy(s->remote, remote.p, remote.n);
    memcpy(s->handler, handler.p, handler.n < SOCKET_HANDLER_MAX ? handler.n : SOCKET_HANDLER_MAX - 1);
    s->state = *state;
    *state = (struct buf){0};
    if (kind == SOCKET_WEB)
        server->counts.websockets++;
    else
        server->counts.streams++;
    metrics_connections(server->metrics, &server->counts);
    loop_defer(server->loop, socket_step, s);
    return s;
}

static void free_socket(struct socket *s)
{
    struct server *server = s->server;
    server->hooks->socket_over(s);
    rooms_leave_all(s);
    buf_free(&s->state);
    buf_free(&s->close_reason);
    free(s->protocol);
    if (s->kind == SOCKET_WEB)
        server->counts.websockets--;
    else
        server->counts.streams--;
    s->serial++;
    s->bound = NULL;
    struct socket_table *t = server->sockets;
    t->free[t->free_count++] = s->slot;
    server_conn_over(server);
}

/* Messages that wait. --- */

void socket_push(struct socket *s, struct str data, bool binary)
{
    struct message *m = mem_alloc(sizeof *m + data.n);
    *m = (struct message){.size = data.n, .binary = binary};
    if (data.n)
        memcpy(m->data, data.p, data.n);
    *s->last = m;
    s->last = &m->next;
    s->waiting += data.n;
    s->waiting_count++;
}

static struct message *pop(struct socket *s)
{
    struct message *m = s->first;
    s->first = m->next;
    if (!s->first)
        s->last = &s->first;
    s->waiting -= m->size;
    s->waiting_count--;
    return m;
}

bool socket_overloaded(const struct socket *s)
{
    return s->waiting > WAITING_OCTETS || s->waiting_count > WAITING_COUNT;
}

void socket_drop_messages(struct socket *s)
{
    while (s->first)
        free(pop(s));
}

/* Events. --- */

static bool is_carried(const struct socket *s)
{
    return s->conn || s->request;
}

/* The next event to the hook; false if there is none now. */
static bool next_event(struct socket *s)
{
    const struct server_hooks *hooks = s->server->hooks;
    if (s->open_due) {
        s->open_due = false;
        hooks->socket_open(s);
    } else if (s->first) {
        struct message *m = pop(s);
        hooks->socket_message(s, str_of(m->data, m->size), m->binary);
        free(m);
    } else if (s->closed && !s->close_told) {
        s->close_told = true;
        hooks->socket_close(s, s->close_code, buf_str(&s->close_reason));
    } else {
        return false;
    }
    return true;
}

void socket_step(void *arg)
{
    struct socket *s = arg;
    if (s->stepping || !is_open(s)) /* it may have been freed since this call was deferred */
        return;
    s->stepping = true;
    while (!s->handling) {
        s->handling = true;
        if (!next_event(s)) {
            s->handling = false;
            break;
        }
    }
    s->stepping = false;
    if (s->close_told && !s->handling && !is_carried(s))
        free_socket(s);
    else if (s->conn && !socket_overloaded(s))
        websocket_resume(s);
}

void socket_done(struct socket *s)
{
    s->handling = false;
    s->task = NULL;
    if (!s->stepping)
        socket_step(s);
}

void socket_message(struct socket *s, struct str data, bool binary)
{
    if (s->handling || s->open_due || s->first || s->stepping) {
        socket_push(s, data, binary);
        return;
    }
    s->handling = true;
    s->stepping = true; /* the octets lie in the caller's buffer: nothing else happens before it has them back */
    s->server->hooks->socket_message(s, data, binary);
    s->stepping = false;
    if (!s->handling && (s->first || s->closed))
        loop_defer(s->server->loop, socket_step, s);
}

void socket_ended(struct socket *s, int code, struct str reason)
{
    if (!s->closed) {
        s->closed = true;
        s->close_code = (uint16_t)code;
        buf_append_str(&s->close_reason, reason);
        rooms_leave_all(s);
    }
    loop_defer(s->server->loop, socket_step, s);
}

void socket_close(struct socket *s, int code, struct str reason)
{
    if (s->closed)
        return;
    socket_ended(s, code, reason);
    if (s->kind == SOCKET_WEB)
        websocket_close(s, code, reason);
    else
        stream_close(s);
}

struct str socket_service(const struct socket *s)
{
    return s->service->name;
}

/* The table. --- */

void socket_id(const struct socket *s, char id[SOCKET_ID_MAX])
{
    snprintf(id, SOCKET_ID_MAX, "%x-%" PRIx32 "-%" PRIx64, (unsigned)getpid(), s->slot, s->serial);
}

struct socket *socket_find(struct server *server, struct str id)
{
    char text[SOCKET_ID_MAX];
    unsigned pid;
    uint32_t slot;
    uint64_t serial;
    if (id.n >= sizeof text)
        return NULL;
    memcpy(text, id.p, id.n);
    text[id.n] = '\0';
    const struct socket_table *t = server->sockets;
    if (sscanf(text, "%x-%" SCNx32 "-%" SCNx64, &pid, &slot, &serial) != 3 || pid != (unsigned)getpid() ||
        slot >= t->count)
        return NULL;
    struct socket *s = t->slots[slot];
    char own[SOCKET_ID_MAX];
    socket_id(s, own);
    return s->serial == serial && is_open(s) && !s->closed && strcmp(own, text) == 0 ? s : NULL;
}

void sockets_each(struct server *server, void (*fn)(struct socket *s, void *arg), void *arg)
{
    const struct socket_table *t = server->sockets;
    for (uint32_t i = 0; i < t->count; i++)
        if (is_open(t->slots[i]))
            fn(t->slots[i], arg);
}

static void rebind(struct socket *s, void *arg)
{
    void *generation = arg;
    if (!s->handling)
        s->server->hooks->socket_unbind(s);
    if (!s->closed && !s->server->hooks->socket_known(generation, s))
        socket_close(s, WS_RESTART, STR("Its handler is gone."));
}

void sockets_rebind(struct server *server, void *generation)
{
    sockets_each(server, rebind, generation);
}
