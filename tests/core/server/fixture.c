/* tests/core/server/fixture.c: see fixture.h. */
#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/listen.h"
#include "loop/loop.h"

struct fixture fx;

static const struct server_options defaults = {
    .body_limit = 1 << 20,
    .target_limit = 8192,
    .header_limit = 16384,
    .header_timeout = 10,
    .body_timeout = 10,
    .idle_timeout = 10,
    .write_timeout = 10,
    .max_connections = 100,
    .ws_message_limit = 1 << 20,
    .ws_queue_limit = 1 << 20,
    .ws_ping_interval = 30,
    .ws_idle_timeout = 60,
};

void answer(struct request *r, int status, const char *body)
{
    struct response response;
    request_handled(r);
    response_init(&response, status);
    response_send(r, &response, str_from(body));
}

static void hook_request(struct request *r)
{
    fx.requests++;
    fx.last = r;
    if (fx.on_request) {
        fx.on_request(r);
        return;
    }
    char path[256] = "";
    memcpy(path, r->path.p, r->path.n < 255 ? r->path.n : 255);
    answer(r, 200, path);
}

static void hook_event(struct request *r)
{
    fx.events++;
    if (fx.on_event)
        fx.on_event(r);
}

static void hook_gone(struct request *r)
{
    fx.gone++;
    request_handled(r);
}

static bool hook_known(void *generation, const struct socket *s)
{
    (void)generation;
    (void)s;
    return fx.known;
}

static void hook_open(struct socket *s)
{
    fx.opens++;
    socket_done(s);
}

static void hook_message(struct socket *s, struct str data, bool binary)
{
    fx.messages++;
    if (fx.on_message) {
        fx.on_message(s, data, binary);
        return;
    }
    websocket_send(s, data, binary);
    socket_done(s);
}

static void hook_close(struct socket *s, int code, struct str reason)
{
    (void)reason;
    fx.closes++;
    fx.close_code = code;
    socket_done(s);
}

static void hook_socket_gone(struct socket *s)
{
    fx.sockets_gone++;
    socket_done(s);
}

static void hook_nothing(struct socket *s)
{
    (void)s;
}

static const struct server_hooks hooks = {
    .request = hook_request,
    .request_event = hook_event,
    .request_gone = hook_gone,
    .socket_known = hook_known,
    .socket_open = hook_open,
    .socket_message = hook_message,
    .socket_close = hook_close,
    .socket_gone = hook_socket_gone,
    .socket_unbind = hook_nothing,
    .socket_over = hook_nothing,
};

int fixture_up(void **state)
{
    (void)state;
    char error[200];
    fx = (struct fixture){.options = defaults, .known = 1};
    fx.loop = loop_new();
    fx.listening = listen_open("127.0.0.1:0", false, error, sizeof error);
    if (!fx.loop || fx.listening < 0)
        return -1;
    listen_address(fx.listening, fx.address, sizeof fx.address);
    fx.server = server_new(fx.loop, &hooks, NULL, NULL);
    server_configure(fx.server, &fx.options);
    server_listen(fx.server, fx.listening, "test", false);
    server_set_generation(fx.server, &fx, 1);
    return 0;
}

int fixture_down(void **state)
{
    (void)state;
    server_free(fx.server);
    close(fx.listening);
    loop_free(fx.loop);
    buf_free(&fx.said);
    return 0;
}

double fixture_deadline(void)
{
    clock_refresh();
    return clock_now() + 20;
}

static void on_pause(struct timer *t)
{
    (void)t;
}

/* A turn that waits a millisecond at most, as the condition may depend on the client's socket alone. */
void fixture_turn(double until, const char *what)
{
    struct timer pause;
    timer_init(&pause, fx.loop, on_pause);
    timer_start(&pause, 0.001);
    loop_turn(fx.loop, true);
    timer_stop(&pause);
    if (clock_now() > until)
        fail_msg("waited in vain for: %s", what);
}

void client_connect(struct client *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(strchr(fx.address, ':') + 1))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    *c = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(connect(c->fd, (struct sockaddr *)&to, sizeof to), 0);
}

void client_send_octets(struct client *c, const void *data, size_t n)
{
    assert_int_equal(send(c->fd, data, n, MSG_NOSIGNAL), n);
}

void client_send(struct client *c, const char *text)
{
    client_send_octets(c, text, strlen(text));
}

void client_fin(struct client *c)
{
    shutdown(c->fd, SHUT_WR);
}

void client_close(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    buf_free(&c->in);
}

void client_reset(struct client *c)
{
    struct linger now = {1, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    client_close(c);
}

void client_pull(struct client *c)
{
    for (;;) {
        char *to = buf_reserve(&c->in, 65536);
        ssize_t n = recv(c->fd, to, 65536, MSG_DONTWAIT);
        if (n > 0) {
            c->in.len += (size_t)n;
            continue;
        }
        if (n == 0)
            c->eof = true;
        else if (errno == ECONNRESET)
            c->eof = c->reset = true;
        return;
    }
}

static char *find(struct client *c, const char *text)
{
    client_pull(c);
    return c->in.len ? memmem(c->in.data, c->in.len, text, strlen(text)) : NULL;
}

bool client_has(struct client *c, const char *text)
{
    return find(c, text) != NULL;
}

void client_expect(struct client *c, const char *text)
{
    double until = fixture_deadline();
    while (!find(c, text))
        fixture_turn(until, text);
}

void client_take(struct client *c, const char *text)
{
    client_expect(c, text);
    char *at = find(c, text);
    buf_consume(&c->in, (size_t)(at - c->in.data) + strlen(text));
}

void client_expect_end(struct client *c)
{
    double until = fixture_deadline();
    for (client_pull(c); !c->eof; client_pull(c))
        fixture_turn(until, "the end of the connection");
}
