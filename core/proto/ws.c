/* proto/ws.c: see ws.h. Reading frames.
 *
 *   head ──complete──▶ payload ──all of it──▶ head
 *                         ├─ control frame: WS_CONTROL
 *                         └─ last frame of a message: WS_MESSAGE
 *
 * Control frames may come between the frames of a message (RFC 6455 §5.4), so each kind has its own buffer. */
#include "proto/ws.h"

#include "proto/deflate.h"

enum { FIN = 0x80, RSV1 = 0x40, RSV23 = 0x30, OPCODE = 0x0F, MASKED = 0x80, LENGTH = 0x7F, CONTROL_MAX = 125 };
enum { CONTINUATION = 0, GO_ON = WS_FAIL + 1 };

void ws_init(struct ws *w, uint64_t message_limit, struct deflate *deflate)
{
    *w = (struct ws){.limit = message_limit, .deflate = deflate};
}

void ws_free(struct ws *w)
{
    buf_free(&w->partial);
    buf_free(&w->control);
}

bool ws_close_code_valid(unsigned code)
{
    if (code >= 3000)
        return code <= 4999;
    return code >= 1000 && code <= 1014 && code != 1004 && code != WS_NO_STATUS && code != WS_ABNORMAL;
}

static int fail(struct ws *w, struct ws_message *m, enum ws_close code, const char *reason)
{
    w->closed = true;
    *m = (struct ws_message){.opcode = WS_CLOSE, .code = (uint16_t)code, .payload = str_from(reason)};
    return WS_FAIL;
}

/* The first two bytes of a head say nearly everything that can be wrong with it. */
static const char *head_fault(const struct ws *w)
{
    unsigned opcode = w->head[0] & OPCODE, length = w->head[1] & LENGTH;
    bool control = opcode >= WS_CLOSE, first = opcode == WS_TEXT || opcode == WS_BINARY;
    if (w->head[0] & RSV23 || ((w->head[0] & RSV1) && !(w->deflate && first)))
        return "reserved bit set"; /* RFC 6455 §5.2, RFC 7692 §6 */
    if (opcode > WS_PONG || (opcode > WS_BINARY && !control))
        return "unknown opcode";
    if (!(w->head[1] & MASKED))
        return "frame not masked"; /* §5.1 */
    if (control && !(w->head[0] & FIN))
        return "fragmented control frame"; /* §5.5 */
    if (control && length > CONTROL_MAX)
        return "control frame too long";
    if (first && w->message)
        return "message within a message"; /* §5.4 */
    if (opcode == CONTINUATION && !w->message)
        return "continuation of nothing";
    return NULL;
}

/* As far as it is known: the first two octets tell the rest. */
static size_t head_size(const struct ws *w)
{
    unsigned length = w->head[1] & LENGTH;
    return w->head_size < 2 ? 2 : 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + 4;
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | p[i];
    return value;
}

/* Compressed content may be a little longer than what it inflates to: stored blocks have heads. */
static uint64_t wire_limit(const struct ws *w)
{
    return w->compressed ? w->limit + w->limit / 1024 + 64 : w->limit;
}

static int begin_payload(struct ws *w, struct ws_message *m)
{
    size_t size = head_size(w);
    unsigned length = w->head[1] & LENGTH;
    w->remaining = length < 126 ? length : big_endian(w->head + 2, size - 6);
    if ((length == 126 && w->remaining < 126) || (length == 127 && (w->remaining <= UINT16_MAX || w->remaining >> 63)))
        return fail(w, m, WS_PROTOCOL_ERROR, "malformed length"); /* §5.2: minimal, most significant bit 0 */
    memcpy(w->mask, w->head + size - 4, 4);
    w->mask_at = 0;
    w->opcode = w->head[0] & OPCODE;
    w->fin = w->head[0] & FIN;
    w->head_size = 0;
    w->in_payload = true;
    if (w->opcode >= WS_CLOSE)
        return GO_ON;
    if (w->opcode != CONTINUATION) {
        w->message = w->opcode;
        w->compressed = w->head[0] & RSV1;
        w->utf8 = (struct utf8){0};
    }
    if (w->remaining > wire_limit(w) || w->partial.len > wire_limit(w) - w->remaining)
        return fail(w, m, WS_TOO_BIG, "message too big");
    return GO_ON;
}

/* The head of a frame whose longest form lies before us. */
static int take_head(struct ws *w, const char *data, size_t *at, struct ws_message *m)
{
    memcpy(w->head, data + *at, sizeof w->head);
    const char *fault = head_fault(w);
    if (fault)
        return fail(w, m, WS_PROTOCOL_ERROR, fault);
    w->head_size = 2;
    *at += head_size(w);
    return begin_payload(w, m);
}

/* Collects the head of a frame from [*at, n); WS_MORE if it is not complete. */
static int read_head(struct ws *w, const char *data, size_t n, size_t *at, struct ws_message *m)
{
    if (w->head_size == 0 && n - *at >= sizeof w->head)
        return take_head(w, data, at, m);
    for (size_t wanted; (wanted = head_size(w)) > w->head_size;) {
        size_t take = wanted - w->head_size;
        if (take > n - *at)
            take = n - *at;
        if (take == 0)
            return WS_MORE;
        memcpy(w->head + w->head_size, data + *at, take);
        *at += take;
        w->head_size = (uint8_t)(w->head_size + take);
        const char *fault = w->head_size == 2 ? head_fault(w) : NULL;
        if (fault)
            return fail(w, m, WS_PROTOCOL_ERROR, fault);
    }
    return begin_payload(w, m);
}

static void unmask(struct ws *w, char *p, size_t n)
{
    uint8_t turned[4];
    uint32_t half;
    size_t i = 0;
    for (size_t k = 0; k < 4; k++)
        turned[k] = w->mask[(w->mask_at + k) & 3];
    memcpy(&half, turned, 4);
    uint64_t mask = (uint64_t)half << 32 | half, word;
    for (; n - i >= 8; i += 8) {
        memcpy(&word, p + i, 8);
        word ^= mask;
        memcpy(p + i, &word, 8);
    }
    for (; i < n; i++)
        p[i] = (char)((uint8_t)p[i] ^ turned[i & 3]);
    w->mask_at = (w->mask_at + n) & 3;
}

static int emit_close(struct ws *w, struct str payload, struct ws_message *m)
{
    *m = (struct ws_message){.opcode = WS_CLOSE, .code = WS_NO_STATUS};
    if (payload.n == 1)
        return fail(w, m, WS_PROTOCOL_ERROR, "malformed close frame"); /* §5.5.1 */
    if (payload.n >= 2) {
        m->code = (uint16_t)big_endian((const uint8_t *)payload.p, 2);
        m->payload = str_of(payload.p + 2, payload.n - 2);
        if (!ws_close_code_valid(m->code))
            return fail(w, m, WS_PROTOCOL_ERROR, "malformed close code"); /* §7.4 */
        if (!utf8_valid(m->payload))
            return fail(w, m, WS_INVALID_DATA, "reason is not UTF-8");
    }
    w->closed = true;
    return WS_CONTROL;
}

/* A piece of a control frame's payload; the frame is complete if nothing remains. */
static int read_control(struct ws *w, struct str piece, struct ws_message *m)
{
    struct str payload = piece;
    if (w->remaining || w->control.len) {
        buf_append_str(&w->control, piece);
        payload = buf_str(&w->control);
    }
    if (w->remaining)
        return WS_MORE;
    w->in_payload = false;
    if (w->opcode == WS_CLOSE)
        return emit_close(w, payload, m);
    *m = (struct ws_message){.opcode = w->opcode, .payload = payload};
    return WS_CONTROL;
}

static int emit_inflated(struct ws *w, struct str payload, struct ws_message *m)
{
    struct buf inflated = {0};
    enum deflate_result result = inflate_message(w->deflate, payload, w->limit, &inflated);
    buf_free(&w->partial);
    w->partial = inflated;
    if (result == DEFLATE_TOO_BIG)
        return fail(w, m, WS_TOO_BIG, "message too big");
    if (result == DEFLATE_BROKEN)
        return fail(w, m, WS_INVALID_DATA, "compressed data is broken");
    if (m->opcode == WS_TEXT && !utf8_valid(buf_str(&inflated)))
        return fail(w, m, WS_INVALID_DATA, "text is not UTF-8");
    m->payload = inflated.len ? buf_str(&inflated) : STR("");
    return WS_MESSAGE;
}

/* A piece of a data frame's payload. */
static int read_data(struct ws *w, struct str piece, struct ws_message *m)
{
    bool text = w->message == WS_TEXT && !w->compressed, last = w->remaining == 0 && w->fin;
    struct str payload = piece;
    if (text && !utf8_feed(&w->utf8, piece))
        return fail(w, m, WS_INVALID_DATA, "text is not UTF-8"); /* §8.1 */
    if (!last || w->partial.len) {
        buf_append_str(&w->partial, piece);
        payload = buf_str(&w->partial);
    }
    if (w->remaining)
        return WS_MORE;
    w->in_payload = false;
    if (!w->fin)
        return GO_ON;
    if (text && !utf8_complete(&w->utf8))
        return fail(w, m, WS_INVALID_DATA, "text is not UTF-8");
    *m = (struct ws_message){.opcode = w->message, .payload = payload};
    w->message = 0;
    w->handed_out = true;
    return w->compressed ? emit_inflated(w, payload, m) : WS_MESSAGE;
}

/* Whatever of the payload lies in [*at, n). */
static int read_payload(struct ws *w, char *data, size_t n, size_t *at, struct ws_message *m)
{
    size_t take = n - *at < w->remaining ? n - *at : (size_t)w->remaining;
    struct str piece = take ? str_of(data + *at, take) : STR("");
    if (take)
        unmask(w, data + *at, take);
    *at += take;
    w->remaining -= take;
    return w->opcode >= WS_CLOSE ? read_control(w, piece, m) : read_data(w, piece, m);
}

/* What the last event handed out is used up: an idle socket keeps no memory. */
static void release(struct ws *w)
{
    if (w->partial.data && w->handed_out)
        buf_free(&w->partial);
    w->handed_out = false;
    if (w->control.data && !w->in_payload)
        buf_free(&w->control);
}

enum ws_event ws_next(struct ws *w, char *data, size_t n, size_t *consumed, struct ws_message *message)
{
    size_t at = 0;
    int event = GO_ON;
    release(w);
    while (event == GO_ON && !w->closed) {
        if (!w->in_payload)
            event = read_head(w, data, n, &at, message);
        if (event == GO_ON)
            event = read_payload(w, data, n, &at, message);
    }
    *consumed = event == GO_ON ? n : at; /* behind a close frame everything is ignored (§5.5.1) */
    return event == GO_ON ? WS_MORE : (enum ws_event)event;
}
