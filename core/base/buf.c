/* base/buf.c: see buf.h. */
#include "base/buf.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST = 64 };

char *buf_reserve(struct buf *b, size_t extra)
{
    if (extra > b->cap - b->len || !b->data) {
        size_t needed, cap = b->cap ? b->cap : SMALLEST;
        if (__builtin_add_overflow(b->len, extra, &needed) || needed > SIZE_MAX / 2)
            abort();
        while (cap < needed)
            cap *= 2;
        b->data = mem_realloc(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

void buf_append(struct buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    memcpy(buf_reserve(b, n), bytes, n);
    b->len += n;
}

void buf_append_str(struct buf *b, struct str s)
{
    buf_append(b, s.p, s.n);
}

void buf_append_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}

size_t u64_to_digits(uint64_t value, char out[20])
{
    size_t n = 1;
    for (uint64_t bound = 10; n < 20 && value >= bound; bound *= 10)
        n++;
    for (char *p = out + n; p > out; value /= 10)
        *--p = (char)('0' + value % 10);
    return n;
}

void buf_append_u64(struct buf *b, uint64_t value)
{
    b->len += u64_to_digits(value, buf_reserve(b, 20));
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n <= 0)
        return;
    vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, format, args);
    b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_consume(struct buf *b, size_t n)
{
    if (n == 0)
        return;
    b->len -= n;
    if (b->len)
        memmove(b->data, b->data + n, b->len);
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return b->data;
}
