/* proto/sse.c: see sse.h. */
#include "proto/sse.h"

static bool has_any(struct str s, const char *octets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s.n && memchr(s.p, octets[i], s.n))
            return true;
    return false;
}

static void write_line(struct buf *out, struct str field, struct str value)
{
    buf_append_str(out, field);
    buf_append(out, ": ", 2);
    buf_append_str(out, value);
    buf_append_char(out, '\n');
}

/* Cuts the first line off; CRLF, LF and CR end one. */
static struct str cut_line(struct str *rest)
{
    struct str line = *rest;
    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] != '\n' && rest->p[i] != '\r')
            continue;
        size_t end = rest->p[i] == '\r' && i + 1 < rest->n && rest->p[i + 1] == '\n' ? i + 2 : i + 1;
        line.n = i;
        *rest = str_of(rest->p + end, rest->n - end);
        return line;
    }
    *rest = STR_NULL;
    return line;
}

bool sse_write(struct buf *out, struct str data, struct str event, struct str id)
{
    if (has_any(event, "\r\n", 2) || has_any(id, "\r\n\0", 3))
        return false;
    if (id.n)
        write_line(out, STR("id"), id);
    if (event.n)
        write_line(out, STR("event"), event);
    if (!data.p)
        data = STR("");
    while (data.p)
        write_line(out, STR("data"), cut_line(&data));
    buf_append_char(out, '\n');
    return true;
}

void sse_write_keepalive(struct buf *out)
{
    buf_append(out, ":\n\n", 3);
}
