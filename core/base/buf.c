/* base/buf.c: see buf.h. */
#include "base/buf.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST = 64 };

char *buf_grow(struct buf *b, size_t extra)
{
    size_t needed, cap = b->cap ? b->cap : SMALLEST;
    if (__builtin_add_overflow(b->len, extra, &needed) || needed > SIZE_MAX / 2)
        abort();
    while (cap < needed)
        cap *= 2;
    b->data = mem_realloc(b->data, cap);
    b->cap = cap;
    return b->data + b->len;
}

/* Two digits a division. */
size_t u64_to_digits(uint64_t value, char out[20])
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char digits[20], *p = digits + sizeof digits;
    for (; value >= 100; value /= 100) {
        p -= 2;
        memcpy(p, pairs + value % 100 * 2, 2);
    }
    if (value >= 10) {
        p -= 2;
        memcpy(p, pairs + value * 2, 2);
    } else {
        *--p = (char)('0' + value);
    }
    size_t n = (size_t)(digits + sizeof digits - p);
    memcpy(out, p, n);
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
