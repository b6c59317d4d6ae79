/* Requests: whatever the split, the same events; slices stay inside the input; limits hold. The first octet of the
 * input says how long the pieces are. */
#include "fuzz.h"

#include "proto/http1.h"

static const struct http1_limits limits = {.target = 60, .head = 300, .fields = 8, .body = 100};

static void check_head(const struct http1_head *head, struct str input)
{
    PROMISE(head->size <= input.n && head->size <= limits.head && head->base == input.p);
    PROMISE(head->target.at + head->target.size <= head->size && head->target.size <= limits.target);
    PROMISE(head->authority.at + head->authority.size <= head->size);
    PROMISE(head->path.at + head->path.size <= head->size && head->query.at + head->query.size <= head->size);
    PROMISE(head->field_count <= limits.fields && !(head->chunked && head->content_length));
    PROMISE(head->minor == 0 || head->authority.size > 0);
    for (size_t i = 0; i < head->field_count; i++) {
        struct str name = http1_field_name(head, &head->fields[i]), value = http1_field_value(head, &head->fields[i]);
        PROMISE(http_is_token(name) && http_is_value(value) && value.p + value.n <= input.p + head->size);
    }
}

static void note_head(struct buf *out, const struct http1_head *head)
{
    buf_append_str(out, STR("HEAD "));
    buf_append_str(out, http1_slice(head, head->method_name));
    buf_append_str(out, http1_slice(head, head->target));
    buf_append_str(out, http1_slice(head, head->authority));
    buf_printf(out, "%d%d%d%d%d", head->minor, head->keep_alive, head->expect_continue, head->upgrade, head->chunked);
    for (size_t i = 0; i < head->field_count; i++) {
        buf_append_str(out, http1_field_name(head, &head->fields[i]));
        buf_append_str(out, http1_field_value(head, &head->fields[i]));
    }
}

static void note_end(struct buf *out, const struct http1 *p, uint64_t received)
{
    PROMISE(received <= limits.body && (p->head.chunked || received == p->head.content_length));
    buf_append_str(out, STR(" END"));
    for (size_t i = 0; i < p->head.trailer_count; i++) {
        struct str name, value;
        http1_trailer(&p->head, i, &name, &value);
        buf_append_str(out, name);
        buf_append_str(out, value);
    }
}

/* Offers what is pending until nothing comes of it; false after an error. */
static bool drain(struct http1 *p, struct buf *pending, struct buf *seen, uint64_t *received)
{
    for (;;) {
        size_t consumed = 0;
        struct str body = STR_NULL;
        char *block = exact_copy(pending->data, pending->len);
        struct str input = str_of(block, pending->len);
        enum http1_event event = http1_next(p, input, &consumed, &body);
        PROMISE(consumed <= input.n);
        if (event == HTTP1_HEAD) {
            check_head(&p->head, input);
            note_head(seen, &p->head);
            *received = 0;
        } else if (event == HTTP1_BODY) {
            PROMISE(body.n > 0 && body.p >= input.p && body.p + body.n <= input.p + consumed);
            buf_append_str(seen, body);
            *received += body.n;
        } else if (event == HTTP1_END) {
            note_end(seen, p, *received);
        } else if (event == HTTP1_ERROR) {
            PROMISE(p->status >= 400 && p->reason);
            buf_printf(seen, "ERROR %d", p->status);
        } else {
            PROMISE(pending->len - consumed <= limits.head + 1200); /* never waits for more than it would take */
        }
        free(block);
        buf_consume(pending, consumed);
        if (event == HTTP1_MORE || event == HTTP1_ERROR)
            return event == HTTP1_MORE;
    }
}

static struct buf converse(struct str input, size_t step)
{
    struct http1 p;
    struct buf pending = {0}, seen = {0};
    uint64_t received = 0;
    http1_init(&p, &limits);
    for (size_t at = 0; at < input.n; at += step) {
        buf_append(&pending, input.p + at, input.n - at < step ? input.n - at : step);
        if (!drain(&p, &pending, &seen, &received))
            break;
    }
    buf_free(&pending);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct str input = str_of(data + 1, size - 1);
    struct buf whole = converse(input, input.n), split = converse(input, data[0] % 37 + 1);
    PROMISE(str_eq(buf_str(&whole), buf_str(&split)));
    buf_free(&whole);
    buf_free(&split);
    return 0;
}
