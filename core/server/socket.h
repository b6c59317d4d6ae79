/* server/socket.h: long-lived conversations: WebSockets (websocket.c) and streams of server-sent events (stream.c).
 * They belong to the worker, not to a generation: between two of their events nothing of them is bound to Lua but what
 * s->state holds as plain octets. Used by bind/ws.c.
 *
 * Events come one after the other: open, messages, close. Each is handed to a hook, and the next one comes only after
 * socket_done().
 *
 *   open ──socket_close, close frame, failure, loss──▶ closed: sends fail ──last message handled, close told──▶ free */
#ifndef SERVER_SOCKET_H
#define SERVER_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "loop/timer.h"
#include "proto/ws.h"
#include "server/address.h"

struct conn;
struct membership;
struct message;
struct request;
struct response;
struct server;
struct service;

enum { SOCKET_HANDLER_MAX = 64, SOCKET_ID_MAX = 40, SOCKET_STATE_MAX = 64 * 1024 };

enum socket_kind { SOCKET_WEB, SOCKET_EVENTS };
enum socket_result { SOCKET_SENT, SOCKET_CLOSED, SOCKET_FULL };

struct socket {
    enum socket_kind kind;
    uint32_t slot;   /* in the server's table */
    uint64_t serial; /* changes when the object is used for another socket */
    struct server *server;
    struct service *service;
    struct conn *conn;       /* SOCKET_WEB; NULL once it is lost */
    struct request *request; /* SOCKET_EVENTS; NULL once it is lost */
    struct ws ws;
    struct timer timer; /* SOCKET_EVENTS: comments that keep it alive */
    char handler[SOCKET_HANDLER_MAX];
    char *protocol; /* agreed subprotocol, NULL: none */
    char remote[ADDRESS_TEXT_MAX];
    struct buf state; /* plain data, as bind/ wrote it */
    struct membership *rooms;
    struct message *first, **last; /* messages that wait for the handler */
    size_t waiting;                /* their octets */
    unsigned waiting_count;
    double seen; /* clock_now() of the last octet that came */
    uint16_t close_code;
    struct buf close_reason;
    bool open_due, handling, stepping, closed, close_told, close_sent;
    void *bound; /* bind's own: the generation whose Lua object stands for it; and while there is one … */
    void *object;
    const void *entry; /* its handlers there */
    int reference;
    void *task; /* what handles the event under way */
};

/* Whether a request is a valid opening handshake of an allowed origin (RFC 6455 §4.2.1): 0, or the status to answer
 * with and a sentence. 426 wants Sec-WebSocket-Version: 13 in its head. */
int websocket_refusal(struct request *r, struct str *reason);

/* Makes the request a WebSocket. protocol: NULL or one that the client offered; state is taken over (and emptied);
 * response holds extra fields. NULL if the client is gone. */
struct socket *websocket_open(struct request *r, struct str handler, const char *protocol, struct buf *state,
                              struct response *response);

/* Makes the request an event stream. */
struct socket *stream_open(struct request *r, struct str handler, struct buf *state, struct response *response);

/* Queues a message. FULL: the client reads too slowly and the socket is being closed with 1013. */
enum socket_result websocket_send(struct socket *s, struct str data, bool binary);

/* Queues an event; event and id may be STR_NULL. */
enum socket_result stream_send(struct socket *s, struct str data, struct str event, struct str id);

/* Closes with a code and a reason of at most 123 octets. The hook hears of it. */
void socket_close(struct socket *s, int code, struct str reason);

/* The hook's work for the event it was given is done. */
void socket_done(struct socket *s);

struct str socket_service(const struct socket *s);

/* Writes the id: unique on this node. */
void socket_id(const struct socket *s, char id[SOCKET_ID_MAX]);
struct socket *socket_find(struct server *server, struct str id);

/* Rooms (rooms.c). --- */

void room_join(struct socket *s, struct str name);
void room_leave(struct socket *s, struct str name);
size_t room_count(struct server *server, struct str name);

/* Member i < room_count(). */
struct socket *room_member(struct server *server, struct str name, size_t i);

/* Sends to everybody in the room; each form of the message is encoded once. Returns how many got it; -1 if event or id
 * holds a line break. */
long room_broadcast(struct server *server, struct str name, struct str data, bool binary, struct str event,
                    struct str id);

#endif
