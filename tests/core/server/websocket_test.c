/* WebSockets, event streams and rooms on the server (RFC 6455; the codec's own rules are tests/core/proto's). */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include <sys/socket.h>

#include "loop/loop.h"

static const char upgrade[] = "GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n";

static struct socket *opened;

static void open_socket(struct request *r)
{
    struct response response;
    struct buf state = {0};
    struct str reason;
    int status = websocket_refusal(r, &reason);
    if (status) {
        answer(r, status, "refused");
        return;
    }
    response_init(&response, 101);
    opened = websocket_open(r, STR("echo"), NULL, &state, &response);
    request_handled(r);
}

static void open_stream(struct request *r)
{
    struct response response;
    struct buf state = {0};
    response_init(&response, 200);
    opened = stream_open(r, STR("feed"), &state, &response);
    request_handled(r);
}

static void send_upgrade(struct client *c, const char *extra)
{
    char text[1024];
    snprintf(text, sizeof text, upgrade, extra);
    client_connect(c);
    client_send(c, text);
}

static void connect_socket(struct client *c)
{
    fx.on_request = open_socket;
    opened = NULL;
    send_upgrade(c, "");
    client_take(c, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    client_take(c, "\r\n\r\n");
    wait_for(opened);
}

/* A masked frame (the mask is zero, so the payload stands as it is). */
static void send_frame(struct client *c, int head, const char *payload)
{
    char frame[6 + 125];
    size_t n = strlen(payload);
    assert_true(n <= 125);
    frame[0] = (char)head;
    frame[1] = (char)(0x80 | n);
    memset(frame + 2, 0, 4);
    memcpy(frame + 6, payload, n);
    client_send_octets(c, frame, 6 + n);
}

enum { FIN = 0x80, TEXT = 1, CLOSE = 8, PING = 9 };

static void messages_come_back(void **state)
{
    (void)state;
    struct client c;
    connect_socket(&c);
    send_frame(&c, FIN | TEXT, "hello");
    client_take(&c, "\x81\x05hello");
    send_frame(&c, TEXT, "in ");
    send_frame(&c, FIN | PING, "now");
    send_frame(&c, FIN, "pieces");
    client_take(&c, "\x8a\x03now"); /* a control frame between fragments (§5.4) */
    client_take(&c, "\x81\x09in pieces");
    client_close(&c);
    wait_for(fx.closes == 1);
    assert_int_equal(fx.close_code, WS_ABNORMAL);
}

static void a_message_right_behind_the_handshake_is_not_lost(void **state)
{
    (void)state;
    struct client c;
    char text[1024];
    int n = snprintf(text, sizeof text, upgrade, "");
    memcpy(text + n, "\x81\x82\0\0\0\0hi", 8);
    fx.on_request = open_socket;
    client_connect(&c);
    client_send_octets(&c, text, (size_t)n + 8);
    client_take(&c, "\r\n\r\n");
    client_take(&c, "\x81\x02hi");
    client_close(&c);
}

/* §5.5.1, §7.1.1: the close frame is answered, then the server closes the connection. */
static void a_close_frame_is_answered(void **state)
{
    (void)state;
    struct client c;
    connect_socket(&c);
    send_frame(&c, FIN | CLOSE,
               "\x03\xe8"
               "bye");
    client_take(&c, "\x88\x02\x03\xe8");
    client_expect_end(&c);
    wait_for(fx.closes == 1);
    assert_int_equal(fx.close_code, 1000);
    client_close(&c);
}

static void a_breach_of_the_protocol_is_1002(void **state)
{
    (void)state;
    struct client c;
    connect_socket(&c);
    client_send_octets(&c, "\x81\x01x", 3); /* not masked (§5.1) */
    client_expect(&c, "\x03\xea");
    client_expect_end(&c);
    wait_for(fx.closes == 1);
    assert_int_equal(fx.close_code, 1002);
    client_close(&c);
}

static void our_close_waits_for_the_answer(void **state)
{
    (void)state;
    struct client c;
    connect_socket(&c);
    wait_for(fx.opens == 1);
    socket_close(opened, 1008, STR("no"));
    assert_int_equal(websocket_send(opened, STR("late"), false), SOCKET_CLOSED);
    client_take(&c, "\x88\x04\x03\xf0no");
    assert_false(c.eof);
    send_frame(&c, FIN | CLOSE, "\x03\xf0");
    client_expect_end(&c);
    wait_for(fx.closes == 1);
    assert_int_equal(fx.close_code, 1008);
    client_close(&c);
}

static void hold_message(struct socket *s, struct str data, bool binary)
{
    (void)s;
    (void)binary;
    buf_append_str(&fx.said, data);
    buf_append_char(&fx.said, ';');
}

static void one_message_is_handled_at_a_time(void **state)
{
    (void)state;
    struct client c;
    fx.on_message = hold_message;
    connect_socket(&c);
    send_frame(&c, FIN | TEXT, "one");
    send_frame(&c, FIN | TEXT, "two");
    send_frame(&c, FIN | PING, "p");
    client_take(&c, "\x8a\x01p"); /* pings are answered meanwhile */
    assert_string_equal(buf_cstr(&fx.said), "one;");
    socket_done(opened);
    wait_for(fx.messages == 2);
    assert_string_equal(buf_cstr(&fx.said), "one;two;");
    socket_done(opened);
    client_close(&c);
    wait_for(fx.closes == 1);
}

static void messages_before_a_close_are_still_handled(void **state)
{
    (void)state;
    struct client c;
    fx.on_message = hold_message;
    connect_socket(&c);
    send_frame(&c, FIN | TEXT, "one");
    send_frame(&c, FIN | TEXT, "two");
    send_frame(&c, FIN | CLOSE, "\x03\xe8");
    client_expect_end(&c);
    assert_int_equal(fx.messages, 1);
    socket_done(opened);
    wait_for(fx.messages == 2);
    assert_int_equal(fx.closes, 0);
    socket_done(opened);
    wait_for(fx.closes == 1);
    client_close(&c);
}

static void a_flood_behind_a_busy_handler_is_held_back(void **state)
{
    (void)state;
    struct client c;
    static char frame[6 + 125] = {(char)(FIN | TEXT), (char)(0x80 | 125)};
    fx.on_message = hold_message;
    connect_socket(&c);
    int idle = 0;
    while (idle < 20) {
        idle = send(c.fd, frame, sizeof frame, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 ? 0 : idle + 1;
        loop_turn(fx.loop, false);
    }
    assert_true(opened->waiting < 512 * 1024);
    client_reset(&c);
    wait_for(fx.sockets_gone == 1 && fx.closes == 1);
}

static void a_slow_reader_is_closed_with_1013(void **state)
{
    (void)state;
    struct client c;
    static char data[65536];
    fx.options.ws_queue_limit = 200000;
    server_configure(fx.server, &fx.options);
    connect_socket(&c);
    wait_for(fx.opens == 1);
    enum socket_result result = SOCKET_SENT;
    for (int i = 0; i < 10000 && result == SOCKET_SENT; i++) {
        result = websocket_send(opened, str_of(data, sizeof data), true);
        loop_turn(fx.loop, false);
    }
    assert_int_equal(result, SOCKET_FULL);
    wait_for(fx.closes == 1);
    assert_int_equal(fx.close_code, 1013);
    client_expect(&c, "\x03\xf5"); /* it is told, once it reads */
    client_close(&c);
}

static void silent_clients_are_pinged_then_dropped(void **state)
{
    (void)state;
    struct client c;
    fx.options.ws_ping_interval = 0.02;
    fx.options.ws_idle_timeout = 0.1;
    server_configure(fx.server, &fx.options);
    connect_socket(&c);
    client_expect(&c, "\x89");
    client_expect_end(&c);
    wait_for(fx.closes == 1);
    assert_int_equal(fx.close_code, WS_ABNORMAL);
    client_close(&c);
}

static void draining_tells_1001(void **state)
{
    (void)state;
    struct client c;
    connect_socket(&c);
    server_drain(fx.server, 1001, NULL, NULL);
    client_take(&c, "\x88\x02\x03\xe9");
    send_frame(&c, FIN | CLOSE, "\x03\xe9");
    client_expect_end(&c);
    wait_for(fx.closes == 1);
    client_close(&c);
}

static void a_generation_without_the_handler_closes_1012(void **state)
{
    (void)state;
    struct client c;
    connect_socket(&c);
    wait_for(fx.opens == 1);
    server_set_generation(fx.server, &fx, 2);
    assert_int_equal(websocket_send(opened, STR("still"), false), SOCKET_SENT);
    fx.known = 0;
    server_set_generation(fx.server, &fx, 3);
    client_take(&c, "\x81\x05still");
    client_take(&c, "\x03\xf4");
    client_close(&c);
    wait_for(fx.closes == 1);
    assert_int_equal(fx.close_code, 1012);
}

/* The opening handshake. --- */

static void other_requests_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *extra, *status;
    } cases[] = {
        {"Origin: http://evil\r\n", "403"},
        {"Origin: http://test.evil\r\n", "403"},
        {"Origin: http://test\r\n", "101"},
        {"Origin: https://school.example\r\n", "101"},
        {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "400"},
        {"Content-Length: 1\r\n", "400"},
    };
    static const char *const origins[] = {"https://school.example", NULL};
    fx.options.ws_origins = origins;
    server_configure(fx.server, &fx.options);
    fx.on_request = open_socket;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client c;
        char wanted[32];
        send_upgrade(&c, cases[i].extra);
        if (strstr(cases[i].extra, "Content-Length"))
            client_send(&c, "x");
        snprintf(wanted, sizeof wanted, "HTTP/1.1 %s ", cases[i].status);
        client_expect(&c, wanted);
        client_close(&c);
    }
    struct client c;
    client_connect(&c);
    client_send(&c, "GET /ws HTTP/1.1\r\nHost: test\r\n\r\n");
    client_expect(&c, "HTTP/1.1 426 ");
    client_close(&c);
}

/* Event streams and rooms. --- */

static void streams_carry_events_until_the_client_leaves(void **state)
{
    (void)state;
    struct client c;
    fx.on_request = open_stream;
    client_connect(&c);
    client_send(&c, "GET /feed HTTP/1.1\r\nHost: test\r\n\r\n");
    client_take(&c, "Content-Type: text/event-stream");
    wait_for(fx.opens == 1);
    assert_int_equal(stream_send(opened, STR("a\nb"), STR("note"), STR("7")), SOCKET_SENT);
    client_take(&c, "data: a\ndata: b\n\n");
    client_close(&c);
    wait_for(fx.closes == 1);
    assert_int_equal(server_counts(fx.server).streams, 0);
}

static void rooms_reach_their_members(void **state)
{
    (void)state;
    struct client a, b, feed;
    connect_socket(&a);
    struct socket *first = opened;
    connect_socket(&b);
    struct socket *second = opened;
    fx.on_request = open_stream;
    client_connect(&feed);
    client_send(&feed, "GET /feed HTTP/1.1\r\nHost: test\r\n\r\n");
    wait_for(fx.opens == 3);
    room_join(first, STR("hall"));
    room_join(first, STR("hall")); /* once is enough */
    room_join(second, STR("hall"));
    room_join(opened, STR("hall"));
    assert_int_equal(room_count(fx.server, STR("hall")), 3);
    assert_int_equal(room_broadcast(fx.server, STR("hall"), STR("news"), false, STR("e"), STR_NULL), 3);
    client_take(&a, "\x81\x04news");
    client_take(&b, "\x81\x04news");
    client_take(&feed, "event: e\ndata: news\n\n");
    room_leave(first, STR("hall"));
    assert_int_equal(room_broadcast(fx.server, STR("hall"), STR("more"), false, STR_NULL, STR_NULL), 2);
    client_close(&b);
    wait_for(room_count(fx.server, STR("hall")) == 1); /* who is gone has left */
    assert_int_equal(room_broadcast(fx.server, STR("none"), STR("x"), false, STR_NULL, STR_NULL), 0);
    assert_int_equal(room_broadcast(fx.server, STR("hall"), STR("x"), false, STR("a\nb"), STR_NULL), -1);
    client_close(&a);
    client_close(&feed);
}

static void sockets_are_found_by_their_id(void **state)
{
    (void)state;
    struct client c;
    char id[SOCKET_ID_MAX];
    connect_socket(&c);
    socket_id(opened, id);
    assert_ptr_equal(socket_find(fx.server, str_from(id)), opened);
    assert_null(socket_find(fx.server, STR("1-2-3")));
    assert_null(socket_find(fx.server, STR("nonsense")));
    client_close(&c);
    wait_for(fx.closes == 1);
    assert_null(socket_find(fx.server, str_from(id)));
    connect_socket(&c); /* the object is used again, under another id */
    assert_null(socket_find(fx.server, str_from(id)));
    client_close(&c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
    const struct CMUnitTest tests[] = {
        T(messages_come_back),
        T(a_message_right_behind_the_handshake_is_not_lost),
        T(a_close_frame_is_answered),
        T(a_breach_of_the_protocol_is_1002),
        T(our_close_waits_for_the_answer),
        T(one_message_is_handled_at_a_time),
        T(messages_before_a_close_are_still_handled),
        T(a_flood_behind_a_busy_handler_is_held_back),
        T(a_slow_reader_is_closed_with_1013),
        T(silent_clients_are_pinged_then_dropped),
        T(draining_tells_1001),
        T(a_generation_without_the_handler_closes_1012),
        T(other_requests_are_refused),
        T(streams_carry_events_until_the_client_leaves),
        T(rooms_reach_their_members),
        T(sockets_are_found_by_their_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
