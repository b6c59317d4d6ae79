/* HTTP/1.1 connections: order, framing of answers, content, limits, ends (RFC 9110, RFC 9112). */
#include "fixture.h"

#include <string.h>

#include "base/clock.h"
#include "loop/loop.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: test\r\n\r\n"

static void connections_are_kept_and_answers_follow_the_requests(void **state)
{
    (void)state;
    struct client c;
    client_connect(&c);
    client_send(&c, GET("/one"));
    client_take(&c, "HTTP/1.1 200 OK\r\n");
    client_take(&c, "Content-Length: 4\r\n\r\n/one");
    client_send(&c, GET("/two"));
    client_take(&c, "Content-Length: 4\r\n\r\n/two");
    assert_int_equal(fx.requests, 2);
    client_close(&c);
}

static struct request *held;

static void hold_first(struct request *r)
{
    if (held)
        answer(r, 200, "second");
    else
        held = r;
}

/* RFC 9112 §9.3.2: pipelined requests are answered in order, although the second could be answered at once. */
static void pipelined_requests_wait_for_the_one_before(void **state)
{
    (void)state;
    struct client c;
    held = NULL;
    fx.on_request = hold_first;
    client_connect(&c);
    client_send(&c, GET("/a") GET("/b") GET("/c"));
    wait_for(held);
    for (int i = 0; i < 5; i++)
        loop_turn(fx.loop, false);
    assert_int_equal(fx.requests, 1);
    answer(held, 200, "first");
    client_take(&c, "first");
    client_take(&c, "second");
    client_take(&c, "second");
    assert_int_equal(fx.requests, 3);
    client_close(&c);
}

static void answers_of_one_turn_are_written_together(void **state)
{
    (void)state;
    struct client c;
    client_connect(&c);
    wait_for(server_counts(fx.server).connections == 1);
    client_send(&c, GET("/a") GET("/b") GET("/c"));
    wait_for(fx.requests == 3);
    client_pull(&c); /* nothing was written before all three were answered, and then all of it */
    assert_true(client_has(&c, "/a") && client_has(&c, "/b") && client_has(&c, "/c"));
    client_close(&c);
}

static void any_split_of_the_octets_reads_the_same(void **state)
{
    (void)state;
    static const char text[] = "POST /x HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc" GET("/y");
    for (size_t cut = 1; cut < sizeof text - 1; cut += 7) {
        struct client c;
        int before = fx.requests;
        client_connect(&c);
        client_send_octets(&c, text, cut);
        wait_for(server_counts(fx.server).connections == 1);
        for (int i = 0; i < 3; i++)
            loop_turn(fx.loop, false);
        client_send_octets(&c, text + cut, sizeof text - 1 - cut);
        client_take(&c, "/x");
        client_take(&c, "/y");
        assert_int_equal(fx.requests, before + 2);
        client_close(&c);
        wait_for(server_counts(fx.server).connections == 0);
    }
}

static void head_has_the_length_but_no_content(void **state)
{
    (void)state;
    struct client c;
    client_connect(&c);
    client_send(&c, "HEAD /abc HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    client_expect_end(&c);
    assert_true(client_has(&c, "Content-Length: 4\r\n"));
    assert_false(client_has(&c, "/abc"));
    client_close(&c);
}

static void http_1_0_closes_unless_asked_otherwise(void **state)
{
    (void)state;
    struct client c;
    client_connect(&c);
    client_send(&c, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_take(&c, "Connection: keep-alive\r\n\r\n/a");
    client_send(&c, "GET /b HTTP/1.0\r\n\r\n");
    client_take(&c, "Connection: close\r\n\r\n/b");
    client_expect_end(&c);
    client_close(&c);
}

static void ambiguous_framing_gets_400_and_a_close(void **state)
{
    (void)state;
    struct client c;
    client_connect(&c);
    client_send(&c,
                "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" GET("/"));
    client_expect(&c, "HTTP/1.1 400 ");
    client_expect_end(&c);
    assert_int_equal(fx.requests, 0);
    client_close(&c);
}

/* Content. --- */

static uint64_t body_limit;

static void take_body(struct request *r)
{
    switch (request_body(r, body_limit)) {
    case BODY_READY:
        buf_append(&r->body, "", 1);
        answer(r, 200, r->body.data + r->body_at);
        break;
    case BODY_TOO_LARGE:
        answer(r, 413, "too large");
        break;
    case BODY_TIMEOUT:
        answer(r, 408, "too slow");
        break;
    case BODY_CLOSED:
        answer(r, 400, "cut off");
        break;
    case BODY_MORE:
        break;
    }
}

static void read_bodies(uint64_t limit)
{
    body_limit = limit;
    fx.on_request = take_body;
    fx.on_event = take_body;
}

static void chunked_content_is_put_together(void **state)
{
    (void)state;
    struct client c;
    read_bodies(100);
    client_connect(&c);
    client_send(&c, "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    wait_for(fx.requests == 1);
    client_send(&c, "2\r\nde\r\n0\r\n\r\n");
    client_take(&c, "Content-Length: 5\r\n\r\nabcde");
    client_close(&c);
}

/* RFC 9110 §10.1.1 */
static void continue_is_sent_when_the_content_is_wanted(void **state)
{
    (void)state;
    struct client c;
    read_bodies(100);
    client_connect(&c);
    client_send(&c, "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    client_take(&c, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&c, "ok");
    client_take(&c, "\r\n\r\nok");
    client_close(&c);
}

static void too_large_is_decided_before_the_upload(void **state)
{
    (void)state;
    struct client c;
    read_bodies(100);
    client_connect(&c);
    client_send(&c, "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
    client_expect(&c, "HTTP/1.1 413 ");
    client_expect_end(&c);
    assert_false(client_has(&c, "100 Continue"));
    client_close(&c);
}

static void chunked_content_above_the_limit_is_cut_off(void **state)
{
    (void)state;
    struct client c;
    read_bodies(4);
    client_connect(&c);
    client_send(&c, "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n");
    client_expect(&c, "HTTP/1.1 413 ");
    client_expect_end(&c);
    client_close(&c);
}

static void unread_content_is_dropped_and_the_connection_goes_on(void **state)
{
    (void)state;
    struct client c;
    client_connect(&c);
    client_send(&c, "POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n01234");
    client_take(&c, "\r\n\r\n/a");
    client_send(&c, "56789" GET("/b"));
    client_take(&c, "\r\n\r\n/b");
    client_close(&c);
}

static void hold(struct request *r)
{
    held = r;
}

/* A handler that does not read holds the client back: at most the window and the kernel's buffers are taken. */
static void content_that_nobody_reads_is_not_collected(void **state)
{
    (void)state;
    struct client c;
    held = NULL;
    fx.on_request = hold;
    client_connect(&c);
    client_send(&c, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n");
    wait_for(held);
    static char piece[65536];
    int idle = 0;
    while (idle < 20) { /* the kernel takes what it can hold, then nothing any more */
        ssize_t n = send(c.fd, piece, sizeof piece, MSG_DONTWAIT | MSG_NOSIGNAL);
        idle = n > 0 ? 0 : idle + 1;
        loop_turn(fx.loop, false);
    }
    assert_true(held->body.len < 256 * 1024);
    client_reset(&c);
    wait_for(fx.gone == 1);
}

static size_t taken;
static enum body_state ended;

static void take_pieces(struct request *r)
{
    struct str piece;
    while ((ended = request_read(r, 1 << 20, &piece)) == BODY_READY && piece.p)
        taken += piece.n;
}

/* The last octets fill the window while nobody reads: nothing comes after them that would tell the end. */
static void content_that_came_whole_before_it_is_read_ends(void **state)
{
    (void)state;
    static char content[66000];
    struct client c;
    held = NULL;
    taken = 0;
    fx.on_request = hold;
    fx.on_event = take_pieces;
    client_connect(&c);
    client_send(&c, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 66000\r\n\r\n");
    wait_for(held);
    assert_int_equal(send(c.fd, content, 60000, MSG_NOSIGNAL), 60000);
    wait_for(held->body.len == 60000);
    assert_int_equal(send(c.fd, content, 6000, MSG_NOSIGNAL), 6000);
    wait_for(held->body.len == sizeof content);
    take_pieces(held);
    wait_for(ended != BODY_MORE);
    assert_int_equal(ended, BODY_READY);
    assert_int_equal(taken, sizeof content);
    answer(held, 200, "all");
    client_take(&c, "\r\n\r\nall");
    client_close(&c);
}

/* Ends. --- */

static void a_reset_cancels_at_once(void **state)
{
    (void)state;
    struct client c;
    held = NULL;
    fx.on_request = hold;
    client_connect(&c);
    client_send(&c, GET("/"));
    wait_for(held);
    held->linger = 1000;
    client_reset(&c);
    wait_for(fx.gone == 1);
}

static void after_a_half_close_the_answer_still_comes(void **state)
{
    (void)state;
    struct client c;
    held = NULL;
    fx.on_request = hold;
    client_connect(&c);
    client_send(&c, GET("/"));
    client_fin(&c);
    wait_for(held);
    for (int i = 0; i < 5; i++)
        loop_turn(fx.loop, false);
    assert_int_equal(fx.gone, 0);
    answer(held, 200, "late");
    client_expect(&c, "late");
    client_expect_end(&c);
    client_close(&c);
}

/* RFC 9112 §9.3.2, §9.6: what was pipelined before the FIN is answered too, at once or later. */
static void after_a_half_close_all_that_came_is_answered(void **state)
{
    (void)state;
    struct client c;
    held = NULL;
    client_connect(&c);
    client_send(&c, GET("/a") GET("/b"));
    client_fin(&c);
    client_take(&c, "/a");
    client_take(&c, "/b");
    client_expect_end(&c);
    client_close(&c);

    fx.on_request = hold_first;
    client_connect(&c);
    client_send(&c, GET("/a") GET("/b"));
    client_fin(&c);
    wait_for(held);
    answer(held, 200, "first");
    client_take(&c, "first");
    client_take(&c, "second");
    client_expect_end(&c);
    client_close(&c);
}

static void options_of_the_server_are_answered_by_it(void **state) /* RFC 9110 §9.3.7 */
{
    (void)state;
    struct client c;
    client_connect(&c);
    client_send(&c, "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n");
    client_take(&c, "HTTP/1.1 204 ");
    client_take(&c, "Allow: GET, HEAD, ");
    assert_int_equal(fx.requests, 0);
    client_close(&c);
}

static void after_a_half_close_the_handler_has_its_limit(void **state)
{
    (void)state;
    struct client c;
    held = NULL;
    fx.on_request = hold;
    client_connect(&c);
    client_send(&c, GET("/"));
    wait_for(held);
    held->linger = 0.01;
    client_fin(&c);
    wait_for(fx.gone == 1);
    client_expect_end(&c);
    client_close(&c);
}

static void slow_heads_get_408(void **state)
{
    (void)state;
    struct client c;
    fx.options.header_timeout = 0.02;
    server_configure(fx.server, &fx.options);
    client_connect(&c);
    client_send(&c, "GET / HT");
    client_expect(&c, "HTTP/1.1 408 ");
    client_expect_end(&c);
    client_close(&c);
}

static void slow_content_gets_408(void **state)
{
    (void)state;
    struct client c;
    fx.options.body_timeout = 0.02;
    server_configure(fx.server, &fx.options);
    read_bodies(100);
    client_connect(&c);
    client_send(&c, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nab");
    client_expect(&c, "HTTP/1.1 408 ");
    client_expect_end(&c);
    client_close(&c);
}

static void idle_connections_are_closed_silently(void **state)
{
    (void)state;
    struct client c;
    fx.options.idle_timeout = 0.02;
    server_configure(fx.server, &fx.options);
    client_connect(&c);
    client_send(&c, GET("/a"));
    client_take(&c, "\r\n\r\n/a");
    client_expect_end(&c);
    assert_int_equal(c.in.len, 0);
    assert_false(c.reset);
    client_close(&c);
}

static void stream_much(struct request *r)
{
    static char piece[65536];
    if (!r->started_answer) {
        struct response response;
        response_init(&response, 200);
        response_start(r, &response);
        r->waiting = r; /* so that on_event is called when the output drains */
    }
    while (response_write(r, str_of(piece, sizeof piece)) >= 0 && r->transport->queued(r) <= RESPONSE_QUEUE_MAX)
        ;
}

static void a_client_that_does_not_read_is_closed(void **state)
{
    (void)state;
    struct client c;
    fx.options.write_timeout = 0.05;
    server_configure(fx.server, &fx.options);
    fx.on_request = stream_much;
    fx.on_event = stream_much;
    client_connect(&c);
    client_send(&c, GET("/"));
    wait_for(fx.gone == 1);
    client_close(&c);
}

static void limits_of_connections_hold(void **state)
{
    (void)state;
    struct client c[4];
    fx.options.max_connections = 3;
    server_configure(fx.server, &fx.options);
    for (int i = 0; i < 4; i++)
        client_connect(&c[i]);
    wait_for(server_counts(fx.server).connections == 3);
    client_send(&c[3], GET("/waits"));
    for (int i = 0; i < 5; i++)
        loop_turn(fx.loop, false);
    assert_int_equal(fx.requests, 0);
    client_close(&c[0]);
    client_take(&c[3], "/waits");
    for (int i = 1; i < 4; i++)
        client_close(&c[i]);
}

static void limits_of_an_address_hold(void **state)
{
    (void)state;
    struct client a, b, late;
    fx.options.max_connections_per_address = 2;
    server_configure(fx.server, &fx.options);
    client_connect(&a);
    client_connect(&b);
    wait_for(server_counts(fx.server).connections == 2);
    client_connect(&late);
    client_expect_end(&late);
    client_send(&a, GET("/a"));
    client_take(&a, "/a");
    client_close(&a);
    client_close(&b);
    client_close(&late);
}

static int drained;

static void on_drained(void *arg)
{
    (void)arg;
    drained = 1;
}

static void draining_finishes_answers_and_closes_idle_connections(void **state)
{
    (void)state;
    struct client idle, busy;
    held = NULL;
    drained = 0;
    client_connect(&idle);
    client_send(&idle, GET("/a"));
    client_take(&idle, "/a");
    fx.on_request = hold;
    client_connect(&busy);
    client_send(&busy, GET("/b"));
    wait_for(held);
    server_drain(fx.server, 1001, on_drained, NULL);
    client_expect_end(&idle);
    assert_false(idle.reset);
    assert_int_equal(drained, 0);
    answer(held, 200, "done");
    client_take(&busy, "Connection: close\r\n\r\ndone");
    client_expect_end(&busy);
    wait_for(drained);
    client_close(&idle);
    client_close(&busy);
}

static void ended_requests_are_told_from_their_successors(void **state)
{
    (void)state;
    struct client c;
    client_connect(&c);
    client_send(&c, GET("/a"));
    client_take(&c, "/a");
    struct request *first = fx.last;
    uint64_t serial = first->serial;
    client_send(&c, GET("/b"));
    client_take(&c, "/b");
    assert_ptr_equal(fx.last, first); /* the object is used again */
    assert_true(first->serial > serial);
    client_close(&c);
}

static void responses_are_never_split(void **state) /* RFC 9110 §5.5 */
{
    static struct response response;
    (void)state;
    assert_null(response_add(&response, STR("X"), STR("a\tb \xE4")));
    assert_non_null(response_add(&response, STR("X"), STR("a\r\nSet-Cookie: b")));
    assert_non_null(response_add(&response, STR("X"), STR("a\nb")));
    assert_non_null(response_add(&response, STR("X"), STR("a\0")));
    assert_non_null(response_add(&response, STR("X"), STR(" a")));
    assert_non_null(response_add(&response, STR("X:"), STR("a")));
    assert_non_null(response_add(&response, STR(""), STR("a")));
    assert_non_null(response_add(&response, STR("X\r\nY"), STR("a")));
    assert_int_equal(response.count, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
    const struct CMUnitTest tests[] = {
        T(connections_are_kept_and_answers_follow_the_requests),
        T(pipelined_requests_wait_for_the_one_before),
        T(answers_of_one_turn_are_written_together),
        T(any_split_of_the_octets_reads_the_same),
        T(responses_are_never_split),
        T(head_has_the_length_but_no_content),
        T(http_1_0_closes_unless_asked_otherwise),
        T(ambiguous_framing_gets_400_and_a_close),
        T(chunked_content_is_put_together),
        T(continue_is_sent_when_the_content_is_wanted),
        T(too_large_is_decided_before_the_upload),
        T(chunked_content_above_the_limit_is_cut_off),
        T(unread_content_is_dropped_and_the_connection_goes_on),
        T(content_that_nobody_reads_is_not_collected),
        T(content_that_came_whole_before_it_is_read_ends),
        T(a_reset_cancels_at_once),
        T(after_a_half_close_the_answer_still_comes),
        T(after_a_half_close_all_that_came_is_answered),
        T(options_of_the_server_are_answered_by_it),
        T(after_a_half_close_the_handler_has_its_limit),
        T(slow_heads_get_408),
        T(slow_content_gets_408),
        T(idle_connections_are_closed_silently),
        T(a_client_that_does_not_read_is_closed),
        T(limits_of_connections_hold),
        T(limits_of_an_address_hold),
        T(draining_finishes_answers_and_closes_idle_connections),
        T(ended_requests_are_told_from_their_successors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
