/* tests/core/server/fixture.h: a server in this process whose handlers are C functions, and a client over a real
 * socket. Everything is driven by hand: wait_for() turns the loop until a condition holds. */
#ifndef TESTS_SERVER_FIXTURE_H
#define TESTS_SERVER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "loop/timer.h"
#include "server/request.h"
#include "server/response.h"
#include "server/server.h"
#include "server/socket.h"

struct fixture {
    struct loop *loop;
    struct server *server;
    struct server_options options; /* change, then server_configure() */
    int listening;
    char address[64];

    /* What the hooks call; NULL: an answer 200 with the path as its body. */
    void (*on_request)(struct request *r);
    void (*on_event)(struct request *r);
    void (*on_message)(struct socket *s, struct str data, bool binary);

    struct request *last; /* the last request that reached the handler */
    int requests, gone, events, opens, messages, closes, sockets_gone, known;
    int close_code;
    struct buf said; /* what tests note down, in order */
};

extern struct fixture fx;

/* cmocka's set-up and tear-down. */
int fixture_up(void **state);
int fixture_down(void **state);

/* Turns the loop until the expression is true; fails after 20 s. */
#define wait_for(condition)                                                                                            \
    do {                                                                                                               \
        double wait_until = fixture_deadline();                                                                        \
        while (!(condition))                                                                                           \
            fixture_turn(wait_until, #condition);                                                                      \
    } while (0)
double fixture_deadline(void);
void fixture_turn(double until, const char *what);

/* Ends the handler of r and answers. */
void answer(struct request *r, int status, const char *body);

/* Clients: blocking to write, read without blocking. */
struct client {
    int fd;
    struct buf in;
    bool eof, reset;
};
void client_connect(struct client *c);
void client_send(struct client *c, const char *text);
void client_send_octets(struct client *c, const void *data, size_t n);
void client_fin(struct client *c);
void client_reset(struct client *c); /* closes with RST */
void client_close(struct client *c);

/* Reads what is there. */
void client_pull(struct client *c);

/* Waits until the text has come (anywhere in what was received); client_take() also drops all up to its end. */
void client_expect(struct client *c, const char *text);
void client_take(struct client *c, const char *text);

/* Waits for the connection's end. */
void client_expect_end(struct client *c);
bool client_has(struct client *c, const char *text);

#endif
