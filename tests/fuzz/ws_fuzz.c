/* WebSocket frames: whatever the split, the same messages; text is UTF-8; limits hold; nothing is kept when idle. The
 * first octet of the input says how long the pieces are and whether deflate is on. */
#include "fuzz.h"

#include "proto/deflate.h"
#include "proto/ws.h"

enum { LIMIT = 200 };

static void check(const struct ws_message *m, enum ws_event event)
{
    if (event == WS_FAIL) {
        PROMISE(m->code >= 1000 && ws_close_code_valid(m->code));
    } else if (event == WS_MESSAGE) {
        PROMISE(m->opcode == WS_TEXT || m->opcode == WS_BINARY);
        PROMISE(m->payload.n <= LIMIT && (m->opcode != WS_TEXT || utf8_valid(m->payload)));
    } else {
        PROMISE(m->opcode >= WS_CLOSE && m->opcode <= WS_PONG && m->payload.n <= 125);
        PROMISE(m->opcode != WS_CLOSE || m->code == WS_NO_STATUS || ws_close_code_valid(m->code));
    }
}

static struct buf converse(struct str input, size_t step, struct deflate *deflate)
{
    struct ws w;
    struct buf seen = {0};
    enum ws_event event = WS_MORE;
    ws_init(&w, LIMIT, deflate);
    for (size_t from = 0; from < input.n && event != WS_FAIL; from += step) {
        size_t n = input.n - from < step ? input.n - from : step, at = 0, consumed;
        char *block = exact_copy(input.p + from, n);
        struct ws_message m = {0};
        while ((event = ws_next(&w, block + at, n - at, &consumed, &m)) != WS_MORE) {
            at += consumed;
            PROMISE(at <= n);
            check(&m, event);
            buf_printf(&seen, "%d %d %d ", event, m.opcode, m.code);
            buf_append_str(&seen, m.payload);
            if (event == WS_FAIL)
                break;
        }
        PROMISE(event == WS_FAIL || at + consumed == n);
        PROMISE(w.message || w.in_payload || w.closed || (!w.partial.data && !w.control.data));
        free(block);
    }
    ws_free(&w);
    return seen;
}

/* What is deflated inflates to the same; a limit below its size is noticed. */
static void round_trip(struct str message, struct deflate *deflate)
{
    struct buf wire = {0}, back = {0};
    deflate_message(deflate, message, &wire);
    PROMISE(inflate_message(deflate, buf_str(&wire), message.n, &back) == DEFLATE_OK);
    PROMISE(str_eq(buf_str(&back), message));
    PROMISE(inflate_message(deflate, buf_str(&wire), message.n - 1, &back) == DEFLATE_TOO_BIG);
    buf_free(&wire);
    buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct deflate *deflate;
    if (size < 2)
        return 0;
    if (!deflate)
        deflate = deflate_new(1);
    struct deflate *agreed = data[0] & 1 ? deflate : NULL;
    struct str input = str_of(data + 1, size - 1);
    struct buf whole = converse(input, input.n, agreed), split = converse(input, data[0] / 2 % 19 + 1, agreed);
    PROMISE(str_eq(buf_str(&whole), buf_str(&split)));
    buf_free(&whole);
    buf_free(&split);
    if (data[0] >= 240)
        round_trip(input, deflate);
    return 0;
}
