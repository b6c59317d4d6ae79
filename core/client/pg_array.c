/* Arrays of PostgreSQL, as one stream of events out of two formats (doc/src/sgml: "Array Input and Output Syntax";
 * array_send in src/backend/utils/adt/arrayfuncs.c). */
#include "client/pg_type.h"

/* Network order. False if the data ends before. */
static bool take_u32(struct str *rest, uint32_t *value)
{
    if (rest->n < 4)
        return false;
    const unsigned char *p = (const unsigned char *)rest->p;
    *value = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    *rest = str_of(rest->p + 4, rest->n - 4);
    return true;
}

/* Dimensions, a flag, the element type; per dimension a size and a lower bound. */
static bool open_binary(struct pg_array *a)
{
    uint32_t dimensions, flags, element, bound;
    if (!take_u32(&a->rest, &dimensions) || !take_u32(&a->rest, &flags) || !take_u32(&a->rest, &element))
        return false;
    if (dimensions > PG_ARRAY_DIMENSIONS)
        return false;
    a->dimensions = (int)dimensions;
    for (uint32_t i = 0; i < dimensions; i++)
        if (!take_u32(&a->rest, &a->size[i]) || !take_u32(&a->rest, &bound) || a->size[i] == 0)
            return false;
    return true;
}

/* "[0:2]={…}": lower bounds other than 1 are told in front; Lua counts from 1 all the same. */
static bool open_text(struct pg_array *a)
{
    if (a->rest.n > 0 && a->rest.p[0] == '[') {
        const char *brace = memchr(a->rest.p, '{', a->rest.n);
        if (!brace || brace - a->rest.p < 3 || brace[-1] != '=' || brace[-2] != ']')
            return false;
        a->rest = str_of(brace, a->rest.n - (size_t)(brace - a->rest.p));
    }
    return a->rest.n > 0;
}

void pg_array_open(struct pg_array *a, uint32_t element, bool binary, struct str data)
{
    *a = (struct pg_array){.binary = binary, .element = element, .rest = data};
}

void pg_array_free(struct pg_array *a)
{
    buf_free(&a->token);
}

static enum pg_array_event next_binary(struct pg_array *a, struct str *data)
{
    if (a->depth == 0) {
        if (a->started)
            return a->rest.n == 0 ? PG_ARRAY_END : PG_ARRAY_BAD;
        a->started = true;
        a->depth = 1;
        a->done[0] = 0;
        return PG_ARRAY_OPEN;
    }
    int level = a->depth - 1;
    if (a->dimensions == 0 || a->done[level] == a->size[level]) {
        a->depth--;
        return PG_ARRAY_CLOSE;
    }
    a->done[level]++;
    if (a->depth < a->dimensions) {
        a->done[a->depth++] = 0;
        return PG_ARRAY_OPEN;
    }
    uint32_t length;
    if (!take_u32(&a->rest, &length))
        return PG_ARRAY_BAD;
    if (length == UINT32_MAX)
        return PG_ARRAY_NULL;
    if (length > a->rest.n)
        return PG_ARRAY_BAD;
    *data = str_of(a->rest.p, length);
    a->rest = str_of(a->rest.p + length, a->rest.n - length);
    return PG_ARRAY_ELEMENT;
}

static char take_char(struct pg_array *a)
{
    char c = a->rest.p[0];
    a->rest = str_of(a->rest.p + 1, a->rest.n - 1);
    return c;
}

/* Up to the closing quote, backslashes removed. */
static enum pg_array_event quoted(struct pg_array *a, struct str *data)
{
    while (a->rest.n > 0) {
        char c = take_char(a);
        if (c == '"') {
            *data = buf_str(&a->token);
            return PG_ARRAY_ELEMENT;
        }
        if (c == '\\') {
            if (a->rest.n == 0)
                break;
            c = take_char(a);
        }
        buf_append_char(&a->token, c);
    }
    return PG_ARRAY_BAD;
}

/* Up to the next delimiter; what needs escapes is always quoted in output. */
static enum pg_array_event bare(struct pg_array *a, struct str *data)
{
    size_t n = 0;
    while (n < a->rest.n && !memchr(",{}\"\\", a->rest.p[n], 5))
        n++;
    if (n == 0)
        return PG_ARRAY_BAD;
    *data = str_of(a->rest.p, n);
    a->rest = str_of(a->rest.p + n, a->rest.n - n);
    return str_eq(*data, STR("NULL")) ? PG_ARRAY_NULL : PG_ARRAY_ELEMENT;
}

static enum pg_array_event next_text(struct pg_array *a, struct str *data)
{
    if (a->depth == 0 && a->started)
        return a->rest.n == 0 ? PG_ARRAY_END : PG_ARRAY_BAD;
    if (a->rest.n == 0)
        return PG_ARRAY_BAD;
    char c = a->rest.p[0];
    if (c == '}') {
        if (a->depth == 0)
            return PG_ARRAY_BAD;
        take_char(a);
        a->depth--;
        a->comma = true;
        return PG_ARRAY_CLOSE;
    }
    if (a->comma) {
        if (take_char(a) != ',' || a->rest.n == 0)
            return PG_ARRAY_BAD;
        a->comma = false;
        c = a->rest.p[0];
        if (c == '}')
            return PG_ARRAY_BAD;
    }
    if (c == '{') {
        if (a->depth == PG_ARRAY_DIMENSIONS)
            return PG_ARRAY_BAD;
        take_char(a);
        a->started = true;
        a->depth++;
        return PG_ARRAY_OPEN;
    }
    if (a->depth == 0)
        return PG_ARRAY_BAD;
    a->comma = true;
    if (c != '"')
        return bare(a, data);
    take_char(a);
    buf_clear(&a->token);
    return quoted(a, data);
}

enum pg_array_event pg_array_next(struct pg_array *a, struct str *data)
{
    if (!a->started && !(a->binary ? open_binary(a) : open_text(a)))
        return PG_ARRAY_BAD;
    return a->binary ? next_binary(a, data) : next_text(a, data);
}
