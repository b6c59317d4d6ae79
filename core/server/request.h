/* server/request.h: one request and its answer, whatever carries them (HTTP/1.1 or an HTTP/2 stream). Made by the
 * protocols, read by bind/server.c through the functions here.
 *
 *   waiting for the head ──request_dispatch──▶ handling ──the answer is complete──▶ over ──request_release──▶ pool
 *
 * Requests come from a pool and are never given back to the heap while the server lives: a Lua object that outlived its
 * request finds out by comparing serial numbers. */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "proto/http1.h"
#include "server/address.h"

struct coder;
struct conn;
struct open_file;
struct request;
struct response;
struct server;
struct service;
struct socket;

enum { REQUEST_LABEL_MAX = 64, REQUEST_ID_SIZE = 32 };

/* How far the content has come. */
enum body_state { BODY_MORE, BODY_READY, BODY_TOO_LARGE, BODY_TIMEOUT, BODY_CLOSED };

/* What the protocol does for a request. All cope with a client that is gone. */
struct request_transport {
    void (*send)(struct request *r, const struct response *response, struct str body); /* the whole answer */
    void (*send_file)(struct request *r, const struct response *response, struct open_file *file, uint64_t from,
                      uint64_t size);
    void (*interim)(struct request *r, const struct response *response);
    void (*start)(struct request *r, const struct response *response); /* head of an answer of unknown length */
    void (*write)(struct request *r, struct str chunk);
    void (*finish)(struct request *r, const struct response *trailers);
    size_t (*queued)(const struct request *r); /* octets that the client has not taken */
    void (*want_body)(struct request *r);      /* someone waits for more of the content */
    void (*abort)(struct request *r);          /* the answer cannot be completed: break it off */
};

struct request {
    struct http1 parser; /* its head holds the fields, of HTTP/2 as well */
    const struct request_transport *transport;
    void *carrier; /* the connection, or the HTTP/2 stream */
    struct server *server;
    struct service *service;
    struct request *next_free, *next_made;
    uint64_t serial; /* changes when the object is used for another request */

    struct arena arena; /* until it is over */
    struct str path;    /* decoded */
    struct str remote;  /* text; STR_NULL until request_remote() */
    struct peer_address peer;
    bool secure;
    uint8_t version;               /* 10, 11, 20 */
    char id[REQUEST_ID_SIZE + 1];  /* "" until request_id() */
    char label[REQUEST_LABEL_MAX]; /* route, for logs and metrics; "" */
    double started;                /* clock_now() when its head was complete */
    double linger;                 /* seconds that the handler goes on after the client's FIN */

    struct buf body;     /* content that came and was not taken */
    size_t body_at;      /* octets of body already taken */
    uint64_t body_taken; /* octets taken in all, by request_read() */
    uint64_t moved;      /* body_taken and sent when the handler's deadline began: see bind/request.c */
    uint64_t body_limit;
    enum body_state body_state; /* MORE, or how it ended */
    bool body_wanted;           /* someone waits for it */
    bool body_whole;            /* … for all of it */
    bool continue_due;          /* the client waits for 100 Continue */

    int64_t compress_least; /* octets; -1: never */
    struct coder *coder;    /* of a streamed answer; NULL: it is plain */
    int status;             /* of the answer; 0: none yet */
    uint64_t sent;          /* octets of the answer's content */
    bool dispatched;        /* the handler was called */
    bool handling;          /* … and has not ended: see request_handled() */
    bool started_answer;    /* its head is written */
    bool answered;          /* it is complete, or nobody waits for it any more */
    bool gone;              /* the client is */
    bool must_close;        /* no other request on this connection */
    bool discarding;        /* answered before its content was read: the rest is dropped */
    bool timed;             /* its head is late: the deadline runs */
    bool half_closed;       /* the client has sent its FIN: the handler has r->linger seconds */
    bool keeps_head;        /* the head's octets were copied to the arena */

    struct socket *stream; /* the event stream that it has become, NULL: none */
    void *generation;      /* that handles it */
    void *task;            /* the hooks' own */
    void *waiting;
    int wait_kind;
};

/* A fresh request from the pool. */
struct request *request_new(struct server *server, struct service *service, const struct request_transport *transport,
                            void *carrier);

/* The carrier lets go of it: back to the pool, as soon as its handler has ended too. */
void request_release(struct request *r);

/* The head is in r->parser.head: runs the handler (or answers by itself: bad path, static file, no generation). */
void request_dispatch(struct request *r);

/* The octets of the head move or go: copies them to the arena. */
void request_keep_head(struct request *r);

/* Content arrives, ends or fails; called by the protocols. */
void request_body_data(struct request *r, struct str data);
void request_body_end(struct request *r, enum body_state how);

/* The client is gone, or its time is over; cancels what runs. */
void request_gone(struct request *r);

/* The answer is complete (or given up): counts and logs it, once. Called by the protocols before they let go. */
void request_answered(struct request *r);

/* For the hooks. --- */

/* The handler has ended. Comes before the answer that its return values make. */
void request_handled(struct request *r);

/* The whole content, limited to limit octets: READY means r->body holds it all, MORE that request_event() will tell. */
enum body_state request_body(struct request *r, uint64_t limit);

/* The next piece: READY with a piece that stays valid until the next call, or with an empty one at the end. */
enum body_state request_read(struct request *r, uint64_t limit, struct str *piece);

struct str request_method(const struct request *r);
struct str request_target(const struct request *r);
struct str request_query(const struct request *r);
struct str request_service(const struct request *r);
struct str request_host(const struct request *r);
struct str request_remote(struct request *r);
struct str request_scheme(struct request *r);
const char *request_id(struct request *r);

/* All lines of that name (lower case) joined with ", " (cookie: "; "), in the arena if there are several; STR_NULL if
 * there is none. */
struct str request_header(struct request *r, struct str name);

static inline bool request_is_head(const struct request *r)
{
    return r->parser.head.method == HTTP_HEAD;
}

#endif
