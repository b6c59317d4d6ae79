/* server/websocket.c: WebSockets on connections (RFC 6455): the opening handshake, frames in and out, pings, the
 * closing handshake. The codec is proto/ws.c; what happens with a message is socket.c's. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/deflate.h"
#include "server/socket_state.h"

#define CLOSE_SECONDS 5.0 /* how long the client may take to answer our close frame */
#define FIN_SECONDS 0.5   /* how long a handler goes on after the client's FIN */

enum { DEFLATE_LEAST = 128, PONG_QUEUE_MAX = 64 * 1024, SMALL_FRAME = 1024 };

static const struct conn_protocol websocket_protocol;

/* Opening. --- */

static bool origin_allowed(struct request *r)
{
    struct str origin = http1_value(&r->parser.head, HTTP_FIELD_ORIGIN);
    if (!origin.p)
        return true; /* no browser, so nobody's cookies are at stake */
    for (size_t i = 0; i < r->server->origin_count; i++)
        if (strcmp(r->server->origins[i], "*") == 0 || str_ieq(origin, str_from(r->server->origins[i])))
            return true;
    struct str scheme = request_scheme(r), host = request_host(r);
    return origin.n == scheme.n + 3 + host.n && str_starts(origin, scheme) &&
           memcmp(origin.p + scheme.n, "://", 3) == 0 && str_ieq(str_of(origin.p + scheme.n + 3, host.n), host);
}

int websocket_refusal(struct request *r, struct str *reason)
{
    const struct http1_head *head = &r->parser.head;
    char accept[WS_ACCEPT_SIZE];
    *reason = STR("This address is for WebSockets.");
    if (r->version != 11 || head->method != HTTP_GET || !head->upgrade ||
        !http_list_has(request_header(r, STR("upgrade")), STR("websocket")))
        return 426;
    *reason = STR("Only version 13 of WebSocket is known.");
    if (!str_eq(http1_value(head, HTTP_FIELD_SEC_WEBSOCKET_VERSION), STR("13")))
        return 426;
    *reason = STR("Sec-WebSocket-Key is missing or malformed.");
    size_t i = 0;
    struct str value;
    unsigned keys = 0;
    while (http1_find(head, STR("sec-websocket-key"), &i, &value))
        keys++;
    if (keys != 1 || !ws_accept(http1_value(head, HTTP_FIELD_SEC_WEBSOCKET_KEY), accept))
        return 400;
    *reason = STR("A WebSocket request has no content.");
    if (head->chunked || head->content_length)
        return 400;
    *reason = STR("This origin may not connect.");
    return origin_allowed(r) ? 0 : 403;
}

static void keep_watch(struct conn *c)
{
    conn_read_deadline(c, c->server->options.ws_ping_interval);
}

struct socket *websocket_open(struct request *r, struct str handler, const char *protocol, struct buf *state,
                              struct response *response)
{
    struct server *server = r->server;
    char accept[WS_ACCEPT_SIZE];
    if (!r->carrier || r->started_answer ||
        !ws_accept(http1_value(&r->parser.head, HTTP_FIELD_SEC_WEBSOCKET_KEY), accept))
        return NULL;
    bool deflated = ws_deflate_offered(request_header(r, STR("sec-websocket-extensions")));
    response->status = 101;
    response_add(response, STR("Sec-WebSocket-Accept"), str_of(accept, sizeof accept));
    if (deflated)
        response_add(response, STR("Sec-WebSocket-Extensions"), STR(WS_DEFLATE_ANSWER));
    if (protocol)
        response_add(response, STR("Sec-WebSocket-Protocol"), str_from(protocol));
    struct socket *s = socket_new(r, SOCKET_WEB, handler, state);
    r->started_answer = true;
    r->status = 101;
    ws_init(&s->ws, server->options.ws_message_limit, deflated ? server->deflate : NULL);
    s->protocol = protocol ? mem_dup(protocol, strlen(protocol)) : NULL;
    s->conn = http1_take_over(r, response);
    s->conn->protocol = &websocket_protocol;
    s->conn->state = s;
    keep_watch(s->conn);
    if (server->draining)
        socket_close(s, WS_GOING_AWAY, STR_NULL);
    else
        conn_resume(s->conn);
    return s;
}

/* Out. --- */

/* A frame of at most SMALL_FRAME octets, in one piece. */
static void write_small(struct conn *c, enum ws_opcode opcode, struct str payload)
{
    char *to = out_room(&c->out, &c->server->chunks, WS_HEAD_MAX + payload.n);
    size_t head = ws_head(to, opcode, false, payload.n);
    if (payload.n)
        memcpy(to + head, payload.p, payload.n);
    out_filled(&c->out, head + payload.n);
    conn_flush_later(c);
}

static enum socket_result may_send(struct socket *s)
{
    if (s->closed || !s->conn)
        return SOCKET_CLOSED;
    if (s->conn->out.queued <= s->server->options.ws_queue_limit)
        return SOCKET_SENT;
    socket_close(s, WS_TRY_LATER, STR("The client reads too slowly."));
    return SOCKET_FULL;
}

enum socket_result websocket_send(struct socket *s, struct str data, bool binary)
{
    enum socket_result result = may_send(s);
    if (result != SOCKET_SENT)
        return result;
    enum ws_opcode opcode = binary ? WS_BINARY : WS_TEXT;
    if (s->ws.deflate && data.n >= DEFLATE_LEAST) {
        struct buf *frame = &s->server->body;
        buf_clear(frame);
        ws_write_deflated(frame, opcode, data, s->ws.deflate);
        conn_write_long(s->conn, buf_str(frame));
        return SOCKET_SENT;
    }
    if (data.n <= SMALL_FRAME) {
        write_small(s->conn, opcode, data);
        return SOCKET_SENT;
    }
    char head[WS_HEAD_MAX];
    conn_write(s->conn, head, ws_head(head, opcode, false, data.n));
    conn_write_long(s->conn, data);
    return SOCKET_SENT;
}

enum socket_result websocket_send_shared(struct socket *s, struct shared *frame)
{
    enum socket_result result = may_send(s);
    if (result != SOCKET_SENT)
        return result;
    out_append_shared(&s->conn->out, &s->server->chunks, frame);
    conn_flush_later(s->conn);
    return SOCKET_SENT;
}

static void send_close(struct socket *s, int code, struct str reason)
{
    if (s->close_sent)
        return;
    s->close_sent = true;
    struct buf frame = {0};
    ws_write_close(&frame, (uint16_t)code, reason);
    conn_write(s->conn, frame.data, frame.len);
    buf_free(&frame);
}

void websocket_close(struct socket *s, int code, struct str reason)
{
    if (!s->conn || s->close_sent)
        return;
    send_close(s, code, reason);
    s->conn->paused = false;
    conn_resume(s->conn);
    conn_read_deadline(s->conn, CLOSE_SECONDS);
}

/* In. --- */

static void on_control(struct socket *s, const struct ws_message *m)
{
    if (m->opcode == WS_PING && !s->close_sent && s->conn->out.queued < PONG_QUEUE_MAX) {
        write_small(s->conn, WS_PONG, m->payload);
    } else if (m->opcode == WS_CLOSE) {
        bool ours = s->close_sent;
        send_close(s, m->code, STR_NULL);
        if (!ours)
            socket_ended(s, m->code, m->payload);
        conn_finish(s->conn, false);
    }
}

static void fail(struct socket *s, const struct ws_message *m)
{
    send_close(s, m->code, m->payload);
    socket_ended(s, m->code, m->payload);
    conn_finish(s->conn, true);
}

static size_t on_input(struct conn *c, char *data, size_t n)
{
    struct socket *s = c->state;
    size_t used = 0;
    s->seen = clock_now();
    while (!c->paused && !c->closing && !c->closed) {
        size_t took = 0;
        struct ws_message m;
        enum ws_event event = ws_next(&s->ws, data + used, n - used, &took, &m);
        used += took;
        if (event == WS_MORE)
            break;
        if (event == WS_FAIL) {
            fail(s, &m);
        } else if (event == WS_CONTROL) {
            on_control(s, &m);
        } else if (!s->close_sent) {
            socket_message(s, m.payload, m.opcode == WS_BINARY);
            if (socket_overloaded(s))
                c->paused = true;
        }
    }
    return c->closing || c->closed ? n : used;
}

void websocket_resume(struct socket *s)
{
    struct conn *c = s->conn;
    if (c->input_over && !s->handling && !s->first && !c->closing)
        conn_close(c, true); /* the client had sent its FIN and its last messages are handled */
    else if (c->paused && !c->closing)
        conn_resume(c);
}

/* Time and ends. --- */

static void on_timed_out(struct conn *c)
{
    struct socket *s = c->state;
    double idle = clock_now() - s->seen;
    if (s->close_sent || c->input_over || idle >= c->server->options.ws_idle_timeout) {
        conn_close(c, true);
        return;
    }
    write_small(c, WS_PING, STR_NULL);
    double left = c->server->options.ws_idle_timeout - idle, next = c->server->options.ws_ping_interval;
    conn_read_deadline(c, left < next ? left : next);
}

static void on_input_ended(struct conn *c)
{
    struct socket *s = c->state;
    if (s->handling || s->first)
        conn_read_deadline(c, FIN_SECONDS);
    else
        conn_close(c, true);
}

static void on_drain(struct conn *c, int code)
{
    socket_close(c->state, code, STR_NULL);
}

static void on_end(struct conn *c, bool lost)
{
    struct socket *s = c->state;
    c->state = NULL;
    s->conn = NULL;
    ws_free(&s->ws);
    if (lost) {
        socket_drop_messages(s);
        if (s->handling && !s->closed)
            s->server->hooks->socket_gone(s);
    }
    socket_ended(s, WS_ABNORMAL, STR("The connection was lost."));
}

static const struct conn_protocol websocket_protocol = {
    .input = on_input,
    .input_ended = on_input_ended,
    .timed_out = on_timed_out,
    .drain = on_drain,
    .end = on_end,
};
