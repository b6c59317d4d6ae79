/* server/conn.h: one accepted connection: reading, the output queue, time-outs and its end, whatever protocol is spoken
 * on it. The protocols are http1_conn.c, websocket.c, stream.c and http2_conn.c. */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "loop/poll.h"
#include "loop/sock.h"
#include "loop/timer.h"
#include "server/address.h"
#include "server/out.h"

struct conn;
struct server;
struct service;

/* What is spoken on a connection. input and end must be there, the others may be NULL. */
struct conn_protocol {
    /* n octets (which may be overwritten) have come; returns how many are done with, the rest is offered again with
     * what follows. Sets c->paused to be left alone. */
    size_t (*input)(struct conn *c, char *data, size_t n);
    /* The client has sent its FIN (seen at once, even while paused). What came before it is still to be read. */
    void (*half_closed)(struct conn *c);
    /* All input before the FIN has been taken. */
    void (*input_ended)(struct conn *c);
    /* All output was written. */
    void (*drained)(struct conn *c);
    /* The read deadline is over. */
    void (*timed_out)(struct conn *c);
    /* The server stops (code: see server_drain). */
    void (*drain)(struct conn *c, int code);
    /* The connection is over: lost is true if it broke. Called once; afterwards c goes. */
    void (*end)(struct conn *c, bool lost);
};

struct conn {
    struct watch watch;
    struct timer timer; /* the earlier of the two deadlines */
    struct sock sock;
    struct conn *previous, *next; /* of the server's list */
    struct conn *next_due[2];     /* of the lists of turn.c, by enum io_kind */
    struct server *server;
    struct service *service;
    const struct conn_protocol *protocol;
    void *state; /* the protocol's */
    struct address_count *address;
    struct peer_address peer;
    struct out out;
    struct buf in;        /* input that is not done with; no memory while there is none */
    double read_deadline; /* monotonic; 0: none */
    double write_deadline;
    uint32_t in_seen; /* octets of in that the protocol has seen and left */
    bool readable;    /* the socket may have more (edges are told once) */
    bool paused;      /* the protocol wants no input now */
    bool fin_seen, input_over;
    bool blocked;    /* the socket took less than we have */
    bool processing; /* inside conn_process(): the flush comes at its end */
    bool due[2];     /* in one of turn.c's lists */
    bool closing;    /* close once the queue is empty */
    bool discard;    /* … then read and drop what still comes, so that no reset destroys the answer */
    bool lingering;
    bool closed;
    bool secure; /* TLS */
    bool agreed; /* … and ALPN has named the protocol */
};

/* Takes over an accepted descriptor, which speaks HTTP/1.1 at first. Closes it if a limit forbids it. */
void conn_accept(struct server *server, struct service *service, int fd, const struct sockaddr *peer, size_t length,
                 bool secure);

/* Octets to send; they go out at the end of conn_process() or of the turn. */
void conn_write(struct conn *c, const void *data, size_t n);

/* The same for a long piece: tries to write it at once, so that only what does not fit is copied. */
void conn_write_long(struct conn *c, struct str data);

/* After something was put into c->out directly. */
void conn_flush_later(struct conn *c);

/* Goes on with input after c->paused was cleared. */
void conn_resume(struct conn *c);

/* Deadlines in seconds from now; 0 removes one. conn_read_deadline is the protocol's to use. */
void conn_read_deadline(struct conn *c, double seconds);

/* Closes in order: when the queue is written. discard: input that nobody wants may still be coming. */
void conn_finish(struct conn *c, bool discard);

/* Closes at once. The protocol's end() is called; c is freed at the end of the turn. */
void conn_close(struct conn *c, bool lost);

#endif
