/* base/buf.h: bytes that grow. Used by every layer.
 *
 * `struct buf b = {0};` is an empty buffer; it allocates at the first append and owns its memory until buf_free().
 * Growing never fails (see mem.h), and moves the bytes: slices into a buffer end with the next append. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

#include <stdarg.h>

struct buf {
    char *data;
    size_t len, cap;
};

/* buf_reserve() where there is no room yet. */
char *buf_grow(struct buf *b, size_t extra);

/* Makes room for `extra` more bytes and returns where they go: write there, then add to len what was written. */
static inline char *buf_reserve(struct buf *b, size_t extra)
{
    return b->data && extra <= b->cap - b->len ? b->data + b->len : buf_grow(b, extra);
}

static inline void buf_append(struct buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    memcpy(buf_reserve(b, n), bytes, n);
    b->len += n;
}

static inline void buf_append_str(struct buf *b, struct str s)
{
    buf_append(b, s.p, s.n);
}

static inline void buf_append_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}

/* Decimal digits of `value`. */
void buf_append_u64(struct buf *b, uint64_t value);

void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Drops the first `n` bytes (n ≤ len) and moves the rest to the front. */
void buf_consume(struct buf *b, size_t n);

/* Empties it and keeps the memory. */
static inline void buf_clear(struct buf *b)
{
    b->len = 0;
}

/* Gives the memory back; the buffer is empty and usable again. */
void buf_free(struct buf *b);

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->data, b->len};
}

/* The bytes with a NUL behind them (not counted in len). */
char *buf_cstr(struct buf *b);

/* Decimal digits of `value` to `out` (at most 20 bytes, no NUL); returns how many. */
size_t u64_to_digits(uint64_t value, char out[20]);

#endif
