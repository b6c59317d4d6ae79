/* server/stream.c: streams of server-sent events: an answer that never ends, over whatever carries the request. The
 * socket keeps the request; request_gone() ends it. */
#include "base/clock.h"
#include "proto/sse.h"
#include "server/socket_state.h"

static void on_keepalive(struct timer *t)
{
    struct socket *s = (struct socket *)((char *)t - offsetof(struct socket, timer));
    struct buf text = {0};
    timer_start(t, s->server->options.ws_ping_interval);
    sse_write_keepalive(&text);
    stream_send_text(s, buf_str(&text));
    buf_free(&text);
}

struct socket *stream_open(struct request *r, struct str handler, struct buf *state, struct response *response)
{
    if (!r->carrier || r->started_answer)
        return NULL;
    response->status = 200;
    if (!response_find(response, STR("content-type")).p)
        response_add(response, STR("Content-Type"), STR("text/event-stream; charset=utf-8"));
    if (!response_find(response, STR("cache-control")).p)
        response_add(response, STR("Cache-Control"), STR("no-store"));
    response_add(response, STR("X-Accel-Buffering"), STR("no")); /* nginx in front must not collect events */
    struct socket *s = socket_new(r, SOCKET_EVENTS, handler, state);
    response_start(r, response);
    s->request = r;
    r->stream = s;
    timer_init(&s->timer, s->server->loop, on_keepalive);
    timer_start(&s->timer, s->server->options.ws_ping_interval);
    if (s->server->draining)
        socket_close(s, WS_GOING_AWAY, STR_NULL);
    return s;
}

enum socket_result stream_send_text(struct socket *s, struct str text)
{
    if (s->closed || !s->request)
        return SOCKET_CLOSED;
    int64_t queued = response_write(s->request, text);
    if (queued < 0)
        return SOCKET_CLOSED;
    if ((uint64_t)queued <= s->server->options.ws_queue_limit + text.n)
        return SOCKET_SENT;
    socket_close(s, WS_TRY_LATER, STR("The client reads too slowly."));
    return SOCKET_FULL;
}

enum socket_result stream_send(struct socket *s, struct str data, struct str event, struct str id)
{
    struct buf text = {0};
    enum socket_result result = SOCKET_SENT;
    if (sse_write(&text, data, event, id))
        result = stream_send_text(s, buf_str(&text));
    buf_free(&text);
    return result;
}

static void let_go(struct socket *s)
{
    timer_stop(&s->timer);
    if (s->request)
        s->request->stream = NULL;
    s->request = NULL;
}

void stream_close(struct socket *s)
{
    struct request *r = s->request;
    let_go(s);
    if (r)
        response_finish(r, NULL);
}

void stream_gone(struct socket *s)
{
    let_go(s);
    if (s->handling && !s->closed)
        s->server->hooks->socket_gone(s);
    socket_ended(s, WS_ABNORMAL, STR("The connection was lost."));
}
