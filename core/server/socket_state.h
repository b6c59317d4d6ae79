/* server/socket_state.h: what socket.c, websocket.c, stream.c and rooms.c share. */
#ifndef SERVER_SOCKET_STATE_H
#define SERVER_SOCKET_STATE_H

#include "server/socket.h"
#include "server/state.h"

struct message {
    struct message *next;
    size_t size;
    bool binary;
    char data[];
};

/* A socket of the request's service, remote and server; its open event comes at the end of the turn. */
struct socket *socket_new(struct request *r, enum socket_kind kind, struct str handler, struct buf *state);

/* A message came: to the hook at once if nothing is before it, else it waits. */
void socket_message(struct socket *s, struct str data, bool binary);
void socket_push(struct socket *s, struct str data, bool binary);
void socket_drop_messages(struct socket *s);
bool socket_overloaded(const struct socket *s);

/* No sends any more; the close event follows the messages that wait. Code and reason of the first call count. */
void socket_ended(struct socket *s, int code, struct str reason);

/* Hands out events as long as none is being handled; frees the socket after the last. Takes a struct socket. */
void socket_step(void *socket);

void sockets_each(struct server *server, void (*fn)(struct socket *s, void *arg), void *arg);
void websocket_resume(struct socket *s);
void websocket_close(struct socket *s, int code, struct str reason);
void stream_close(struct socket *s);

/* Frames that are already encoded: one of these forms. */
enum socket_result websocket_send_shared(struct socket *s, struct shared *frame);
enum socket_result stream_send_text(struct socket *s, struct str text);

struct rooms *rooms_new(void);
void rooms_free(struct rooms *rooms);
void rooms_leave_all(struct socket *s);

#endif
