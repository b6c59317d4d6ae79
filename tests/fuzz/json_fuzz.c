/* JSON: what was read, written out again, reads as the same. */
#include "fuzz.h"

#include "proto/json.h"

static const struct json_token *write_value(struct buf *out, const struct json *j, struct str text,
                                            const struct json_token *token)
{
    static const char *const literals[] = {[JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
    const struct json_token *next = token + 1;
    PROMISE(token < j->tokens + j->count);
    if (token->kind <= JSON_TRUE)
        buf_append_str(out, str_from(literals[token->kind]));
    else if (token->kind == JSON_NUMBER)
        PROMISE(json_write_number(out, token->as.number));
    else if (token->kind == JSON_STRING)
        PROMISE(json_write_string(out, json_string(j, text, token)));
    if (token->kind < JSON_ARRAY)
        return next;
    buf_append_char(out, token->kind == JSON_ARRAY ? '[' : '{');
    for (uint32_t i = 0; i < token->size; i++) {
        if (i)
            buf_append_char(out, ',');
        next = write_value(out, j, text, next);
        if (token->kind == JSON_OBJECT) {
            buf_append_char(out, ':');
            next = write_value(out, j, text, next);
        }
    }
    buf_append_char(out, token->kind == JSON_ARRAY ? ']' : '}');
    return next;
}

static bool rewrite(struct json *j, struct str text, struct buf *out)
{
    if (!json_parse(j, text)) {
        PROMISE(j->message && j->offset <= text.n);
        return false;
    }
    PROMISE(write_value(out, j, text, j->tokens) == j->tokens + j->count);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json j; /* used again, as the server does */
    char *block = exact_copy(data, size);
    struct buf once = {0}, twice = {0};
    if (rewrite(&j, str_of(block, size), &once)) {
        PROMISE(rewrite(&j, buf_str(&once), &twice));
        PROMISE(str_eq(buf_str(&once), buf_str(&twice)));
    }
    buf_free(&once);
    buf_free(&twice);
    free(block);
    return 0;
}
