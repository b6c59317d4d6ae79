/* WebSocket frames, each rule with its section (RFC 6455, RFC 7692). */
#include "proto/ws.h"

#include "proto/deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FIN = 0x80, RSV1 = 0x40, RSV2 = 0x20, RSV3 = 0x10, CONT = 0, LIMIT = 1000 };

/* A client's frame: `first` is the first byte (flags and opcode), the payload is masked. */
static void frame(struct buf *out, int first, struct str payload)
{
    static const char mask[4] = {0x12, (char)0xFE, 0x00, 0x77};
    buf_append_char(out, (char)first);
    if (payload.n < 126) {
        buf_append_char(out, (char)(0x80 | payload.n));
    } else {
        buf_append_char(out, (char)(0x80 | 126));
        buf_append_char(out, (char)(payload.n >> 8));
        buf_append_char(out, (char)payload.n);
    }
    buf_append(out, mask, 4);
    for (size_t i = 0; i < payload.n; i++)
        buf_append_char(out, (char)(payload.p[i] ^ mask[i & 3]));
}

static void note(struct buf *transcript, enum ws_event event, const struct ws_message *m)
{
    static const char *const names[] = {[WS_MESSAGE] = "message", [WS_CONTROL] = "control", [WS_FAIL] = "fail"};
    buf_printf(transcript, "%s %d", names[event], m->opcode);
    if (m->opcode == WS_CLOSE)
        buf_printf(transcript, " %d", m->code);
    buf_printf(transcript, " %.*s\n", STR_ARG(m->payload));
}

/* Feeds the bytes in pieces of `step` (from exactly sized blocks) and appends what comes out. */
static void feed(struct ws *w, struct str wire, size_t step, struct buf *transcript)
{
    for (size_t from = 0; from < wire.n; from += step) {
        size_t n = wire.n - from < step ? wire.n - from : step, at = 0, consumed;
        char *exact = malloc(n);
        struct ws_message m = {0};
        enum ws_event event;
        memcpy(exact, wire.p + from, n);
        while ((event = ws_next(w, exact + at, n - at, &consumed, &m)) != WS_MORE) {
            at += consumed;
            note(transcript, event, &m);
            if (event == WS_FAIL)
                break;
        }
        free(exact);
        if (event == WS_FAIL)
            return;
    }
}

/* Whatever the split, `wire` gives `expected`; frees `wire`. */
static void check_with(struct deflate *deflate, struct buf *wire, const char *expected)
{
    size_t steps = wire->len < 300 ? wire->len : 20;
    for (size_t step = 1; step <= steps + 1; step++) {
        struct buf transcript = {0};
        struct ws w;
        ws_init(&w, LIMIT, deflate);
        feed(&w, buf_str(wire), step > steps ? wire->len : step, &transcript);
        assert_string_equal(buf_cstr(&transcript), expected);
        buf_free(&transcript);
        ws_free(&w);
    }
    buf_free(wire);
}

static void check(struct buf *wire, const char *expected)
{
    check_with(NULL, wire, expected);
}

static void messages(void **state) /* §5.6 */
{
    struct buf wire = {0};
    (void)state;
    frame(&wire, FIN | WS_TEXT, STR("hello, w\xC3\xB6rld"));
    frame(&wire, FIN | WS_BINARY, STR("\x01\x02\xFF"));
    frame(&wire, FIN | WS_TEXT, STR(""));
    check(&wire, "message 1 hello, w\xC3\xB6rld\nmessage 2 \x01\x02\xFF\nmessage 1 \n");
}

static void a_whole_frame_is_handed_out_in_place(void **state)
{
    struct buf wire = {0};
    struct ws w;
    struct ws_message m;
    size_t consumed;
    (void)state;
    frame(&wire, FIN | WS_TEXT, STR("in place"));
    ws_init(&w, LIMIT, NULL);
    assert_int_equal(ws_next(&w, wire.data, wire.len, &consumed, &m), WS_MESSAGE);
    assert_ptr_equal(m.payload.p, wire.data + 6);
    assert_int_equal(ws_next(&w, wire.data, 0, &consumed, &m), WS_MORE);
    assert_null(w.partial.data);
    buf_free(&wire);
}

static void an_idle_socket_owns_nothing(void **state)
{
    struct buf wire = {0};
    struct ws w;
    struct ws_message m;
    size_t consumed;
    (void)state;
    frame(&wire, FIN | WS_TEXT, STR("in pieces"));
    frame(&wire, FIN | WS_PING, STR("in pieces"));
    ws_init(&w, LIMIT, NULL);
    assert_int_equal(ws_next(&w, wire.data, 9, &consumed, &m), WS_MORE);
    assert_non_null(w.partial.data);
    assert_int_equal(ws_next(&w, wire.data + 9, wire.len - 9 - 3, &consumed, &m), WS_MESSAGE);
    assert_int_equal(ws_next(&w, wire.data + 9 + consumed, wire.len - 9 - 3 - consumed, &consumed, &m), WS_MORE);
    assert_int_equal(ws_next(&w, wire.data + wire.len - 3, 3, &consumed, &m), WS_CONTROL);
    assert_int_equal(ws_next(&w, wire.data, 0, &consumed, &m), WS_MORE);
    assert_null(w.partial.data);
    assert_null(w.control.data);
    buf_free(&wire);
}

static void fragments(void **state) /* §5.4 */
{
    struct buf wire = {0};
    (void)state;
    frame(&wire, WS_TEXT, STR("a\xC3"));
    frame(&wire, FIN | WS_PING, STR("p"));
    frame(&wire, CONT, STR(""));
    frame(&wire, FIN | CONT, STR("\xA4z"));
    frame(&wire, FIN | WS_BINARY, STR("b"));
    check(&wire, "control 9 p\nmessage 1 a\xC3\xA4z\nmessage 2 b\n");
    frame(&wire, FIN | CONT, STR("x"));
    check(&wire, "fail 8 1002 continuation of nothing\n");
    frame(&wire, WS_TEXT, STR("x"));
    frame(&wire, FIN | WS_TEXT, STR("x"));
    check(&wire, "fail 8 1002 message within a message\n");
    frame(&wire, FIN | WS_TEXT, STR("x"));
    frame(&wire, CONT, STR("x"));
    check(&wire, "message 1 x\nfail 8 1002 continuation of nothing\n");
}

static void heads(void **state) /* §5.1, §5.2 */
{
    struct buf wire = {0};
    (void)state;
    frame(&wire, FIN | RSV2 | WS_TEXT, STR("x"));
    check(&wire, "fail 8 1002 reserved bit set\n");
    frame(&wire, FIN | RSV1 | WS_TEXT, STR("x"));
    check(&wire, "fail 8 1002 reserved bit set\n");
    frame(&wire, FIN | RSV3 | WS_TEXT, STR("x"));
    check(&wire, "fail 8 1002 reserved bit set\n");
    static const uint8_t unknown[] = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15};
    for (size_t i = 0; i < sizeof unknown; i++) {
        frame(&wire, FIN | unknown[i], STR("x"));
        check(&wire, "fail 8 1002 unknown opcode\n");
    }
    buf_append_str(&wire, STR("\x81\x01x"));
    check(&wire, "fail 8 1002 frame not masked\n");
    buf_append_str(&wire, STR("\x81\xFE\x00\x7DMASK"));
    check(&wire, "fail 8 1002 malformed length\n");
    buf_append_str(&wire, STR("\x81\xFF\x00\x00\x00\x00\x00\x00\xFF\xFFMASK"));
    check(&wire, "fail 8 1002 malformed length\n");
    buf_append_str(&wire, STR("\x81\xFF\x80\x00\x00\x00\x00\x01\x00\x00MASK"));
    check(&wire, "fail 8 1002 malformed length\n");
}

static void control_frames(void **state) /* §5.5 */
{
    struct buf wire = {0}, expected = {0};
    char payload[126];
    (void)state;
    memset(payload, 'p', sizeof payload);
    frame(&wire, FIN | WS_PING, str_of(payload, 125));
    frame(&wire, FIN | WS_PONG, STR(""));
    buf_printf(&expected, "control 9 %.125s\ncontrol 10 \n", payload);
    check(&wire, buf_cstr(&expected));
    frame(&wire, FIN | WS_PING, str_of(payload, 126));
    check(&wire, "fail 8 1002 control frame too long\n");
    frame(&wire, WS_PING, STR("x"));
    check(&wire, "fail 8 1002 fragmented control frame\n");
    buf_free(&expected);
}

static void close_frames(void **state) /* §5.5.1, §7.4 */
{
    static const unsigned bad[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};
    static const unsigned good[] = {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999};
    struct buf wire = {0};
    (void)state;
    frame(&wire, FIN | WS_CLOSE, STR(""));
    frame(&wire, FIN | WS_TEXT, STR("ignored"));
    check(&wire, "control 8 1005 \n");
    frame(&wire, FIN | WS_CLOSE,
          STR("\x03\xE8"
              "bye"));
    check(&wire, "control 8 1000 bye\n");
    frame(&wire, FIN | WS_CLOSE, STR("\x03"));
    check(&wire, "fail 8 1002 malformed close frame\n");
    frame(&wire, FIN | WS_CLOSE, STR("\x03\xE8\xFF"));
    check(&wire, "fail 8 1007 reason is not UTF-8\n");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        frame(&wire, FIN | WS_CLOSE, str_of((char[]){(char)(bad[i] >> 8), (char)bad[i]}, 2));
        check(&wire, "fail 8 1002 malformed close code\n");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ws_close_code_valid(good[i]));
}

static void text_fails_at_the_first_bad_byte(void **state) /* §8.1 */
{
    struct buf wire = {0};
    (void)state;
    frame(&wire, WS_TEXT, STR("a\xED\xA0"));
    check(&wire, "fail 8 1007 text is not UTF-8\n");
    frame(&wire, WS_TEXT, STR("a\xC3"));
    frame(&wire, CONT, STR("x"));
    check(&wire, "fail 8 1007 text is not UTF-8\n");
    frame(&wire, FIN | WS_TEXT, STR("a\xFF and much that has not come yet"));
    wire.len = 6 + 2; /* the frame's head and two octets */
    check(&wire, "fail 8 1007 text is not UTF-8\n");
    frame(&wire, FIN | WS_TEXT, STR("a\xE2\x82"));
    check(&wire, "fail 8 1007 text is not UTF-8\n");
    frame(&wire, FIN | WS_BINARY, STR("\xFF"));
    check(&wire, "message 2 \xFF\n");
    frame(&wire, FIN | WS_TEXT, STR("0123456789\xFF"));
    check(&wire, "fail 8 1007 text is not UTF-8\n");
}

static void too_big_is_decided_at_the_head(void **state) /* §7.4.1, §10.4 */
{
    struct buf wire = {0};
    char payload[LIMIT + 1];
    (void)state;
    memset(payload, 'x', sizeof payload);
    frame(&wire, FIN | WS_BINARY, str_of(payload, LIMIT + 1));
    wire.len = 8; /* the head alone */
    check(&wire, "fail 8 1009 message too big\n");
    frame(&wire, WS_BINARY, str_of(payload, 600));
    frame(&wire, CONT, str_of(payload, 401));
    wire.len = 608 + 8;
    check(&wire, "fail 8 1009 message too big\n");
}

static void deflated_messages(void **state) /* RFC 7692 §7.2 */
{
    struct deflate *deflate = deflate_new(6);
    struct buf wire = {0}, compressed = {0}, text = {0}, expected = {0};
    (void)state;
    for (int i = 0; i < 90; i++)
        buf_append_str(&text, STR("repeated, "));
    deflate_message(deflate, buf_str(&text), &compressed);
    assert_true(compressed.len < 50);
    frame(&wire, RSV1 | WS_TEXT, str_of(compressed.data, 5)); /* §6.1: the bit stands on the first frame only */
    frame(&wire, FIN | WS_PING, STR(""));
    frame(&wire, FIN | CONT, str_of(compressed.data + 5, compressed.len - 5));
    frame(&wire, FIN | WS_TEXT, STR("plain"));
    buf_printf(&expected, "control 9 \nmessage 1 %.*s\nmessage 1 plain\n", STR_ARG(buf_str(&text)));
    check_with(deflate, &wire, buf_cstr(&expected));

    frame(&wire, FIN | RSV1 | WS_TEXT, STR("\xF2\x48\xCD\xC9\xC9\x07\x00")); /* §7.2.3.1's example */
    frame(&wire, FIN | RSV1 | WS_TEXT,
          STR("\x00\x05\x00\xFA\xFF\x48\x65\x6C\x6C\x6F\x00"));                  /* §7.2.3.3: no compression */
    frame(&wire, FIN | RSV1 | WS_TEXT, STR("\xF3\x48\xCD\xC9\xC9\x07\x00\x00")); /* §7.2.3.4: BFINAL set */
    frame(&wire, FIN | RSV1 | WS_TEXT, STR("\x00"));                             /* §7.2.3.6: the empty message */
    check_with(deflate, &wire, "message 1 Hello\nmessage 1 Hello\nmessage 1 Hello\nmessage 1 \n");

    frame(&wire, FIN | RSV1 | WS_TEXT, STR("\xFF\xFF\xFF"));
    check_with(deflate, &wire, "fail 8 1007 compressed data is broken\n");
    frame(&wire, FIN | RSV1 | WS_PING, STR("x"));
    check_with(deflate, &wire, "fail 8 1002 reserved bit set\n");
    frame(&wire, WS_TEXT, STR("x"));
    frame(&wire, FIN | RSV1 | CONT, STR("x"));
    check_with(deflate, &wire, "fail 8 1002 reserved bit set\n");

    buf_clear(&compressed);
    deflate_message(deflate, STR("bad \xFF bytes"), &compressed);
    frame(&wire, FIN | RSV1 | WS_TEXT, buf_str(&compressed));
    check_with(deflate, &wire, "fail 8 1007 text is not UTF-8\n");

    buf_reserve(&text, text.len);
    buf_append_str(&text, buf_str(&text)); /* 1800 bytes: a small frame that inflates beyond the limit */
    buf_clear(&compressed);
    deflate_message(deflate, buf_str(&text), &compressed);
    frame(&wire, FIN | RSV1 | WS_TEXT, buf_str(&compressed));
    check_with(deflate, &wire, "fail 8 1009 message too big\n");
    buf_free(&compressed);
    buf_free(&text);
    buf_free(&expected);
    deflate_free(deflate);
}

/* What the server wrote, as its unmasked payload. */
static void frames_of_the_server(void **state) /* §5.2 */
{
    struct buf out = {0}, payload = {0};
    char head[WS_HEAD_MAX];
    (void)state;
    ws_write(&out, WS_TEXT, STR("hi"));
    assert_true(str_eq(buf_str(&out), STR("\x81\x02hi")));
    assert_int_equal(ws_head(head, WS_BINARY, false, 126), 4);
    assert_memory_equal(head, "\x82\x7E\x00\x7E", 4);
    assert_int_equal(ws_head(head, WS_BINARY, true, 65536), 10);
    assert_memory_equal(head, "\xC2\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10);

    buf_clear(&out);
    ws_write_close(&out, WS_NO_STATUS, STR(""));
    ws_write_close(&out, 1012, STR("restart"));
    assert_true(str_eq(buf_str(&out), STR("\x88\x00\x88\x09\x03\xF4restart")));
    for (int i = 0; i < 70; i++) /* the cut falls inside a character */
        buf_append_str(&payload, STR("\xC3\xA4"));
    buf_clear(&out);
    ws_write_close(&out, 1000, buf_str(&payload));
    assert_int_equal(out.len, 2 + 2 + 122);
    buf_free(&payload);
    buf_free(&out);
}

static void deflating_only_where_it_helps(void **state)
{
    struct deflate *deflate = deflate_new(1);
    struct buf out = {0}, text = {0}, back = {0};
    (void)state;
    ws_write_deflated(&out, WS_TEXT, STR("short"), deflate);
    assert_true(str_eq(buf_str(&out), STR("\x81\x05short")));
    for (int i = 0; i < 100; i++)
        buf_append_str(&text, STR("again "));
    buf_clear(&out);
    ws_write_deflated(&out, WS_TEXT, buf_str(&text), deflate);
    assert_int_equal((unsigned char)out.data[0], FIN | RSV1 | WS_TEXT);
    assert_true(out.len < 126);
    assert_int_equal(inflate_message(deflate, str_of(out.data + 2, out.len - 2), 600, &back), DEFLATE_OK);
    assert_true(str_eq(buf_str(&back), buf_str(&text)));
    buf_free(&text);
    buf_free(&back);
    buf_free(&out);
    deflate_free(deflate);
}

static void handshake(void **state) /* §1.3, §4.2.1 */
{
    char accept[WS_ACCEPT_SIZE];
    (void)state;
    assert_true(ws_accept(STR("dGhlIHNhbXBsZSBub25jZQ=="), accept));
    assert_memory_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", WS_ACCEPT_SIZE);
    assert_false(ws_accept(STR("dGhlIHNhbXBsZSBub25jZQ"), accept));
    assert_false(ws_accept(STR("dGhlIHNhbXBsZSBub25j!Q=="), accept));
    assert_false(ws_accept(STR("dGhlIHNhbXBsZSBub25jZQ==AAAA"), accept));
    assert_false(ws_accept(STR("dGhlIHNhbXBsZSBub2 jZQ=="), accept));
    assert_false(ws_accept(STR("dGhlIHNhbXBsZSBub25jZWFh"), accept));
    assert_false(ws_accept(STR_NULL, accept));
}

static void extension_offers(void **state) /* RFC 7692 §5, §7.1 */
{
    (void)state;
    assert_true(ws_deflate_offered(STR("permessage-deflate")));
    assert_true(ws_deflate_offered(STR("permessage-deflate; client_max_window_bits")));
    assert_true(ws_deflate_offered(
        STR("x-webkit, permessage-deflate;client_max_window_bits=\"10\" ; server_no_context_takeover")));
    assert_true(ws_deflate_offered(STR("permessage-deflate; server_max_window_bits=15")));
    assert_true(ws_deflate_offered(STR("permessage-deflate; server_max_window_bits=10, permessage-deflate")));
    assert_false(ws_deflate_offered(STR("permessage-deflate; server_max_window_bits=10")));
    assert_false(ws_deflate_offered(STR("permessage-deflate; server_max_window_bits")));
    assert_false(ws_deflate_offered(STR("permessage-deflate; client_max_window_bits=7")));
    assert_false(ws_deflate_offered(STR("permessage-deflate; client_max_window_bits=08")));
    assert_false(ws_deflate_offered(STR("permessage-deflate; server_no_context_takeover=1")));
    assert_false(ws_deflate_offered(STR("permessage-deflate; server_no_context_takeover; server_no_context_takeover")));
    assert_false(ws_deflate_offered(STR("permessage-deflate; unknown")));
    assert_false(ws_deflate_offered(STR("x-webkit-deflate-frame")));
    assert_false(ws_deflate_offered(STR_NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),
        cmocka_unit_test(a_whole_frame_is_handed_out_in_place),
        cmocka_unit_test(an_idle_socket_owns_nothing),
        cmocka_unit_test(fragments),
        cmocka_unit_test(heads),
        cmocka_unit_test(control_frames),
        cmocka_unit_test(close_frames),
        cmocka_unit_test(text_fails_at_the_first_bad_byte),
        cmocka_unit_test(too_big_is_decided_at_the_head),
        cmocka_unit_test(deflated_messages),
        cmocka_unit_test(frames_of_the_server),
        cmocka_unit_test(deflating_only_where_it_helps),
        cmocka_unit_test(handshake),
        cmocka_unit_test(extension_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
