/* proto/deflate.c: see deflate.h. Owns two zlib streams that are reset for each message. */
#include "proto/deflate.h"

#include "base/mem.h"

#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST /* zlib takes its input by const pointer */
#include <zlib.h>

enum { RAW_WINDOW = -15, MEMORY_LEVEL = 8, STEP = 4096, TAIL = 4 };

/* What ends every message on the wire and is left out there (RFC 7692 §7.2.1). */
static const char tail[TAIL] = {0x00, 0x00, (char)0xFF, (char)0xFF};

struct deflate {
    z_stream out, in;
    int level;
    bool can_deflate, can_inflate;
};

struct deflate *deflate_new(int level)
{
    struct deflate *d = mem_zalloc(sizeof *d);
    d->level = level;
    return d;
}

void deflate_free(struct deflate *d)
{
    if (!d)
        return;
    if (d->can_deflate)
        deflateEnd(&d->out);
    if (d->can_inflate)
        inflateEnd(&d->in);
    free(d);
}

/* zlib fails only for want of memory here, as mem_alloc() would. */
static void must(int result)
{
    if (result != Z_OK)
        abort();
}

static void prepare_deflate(struct deflate *d)
{
    if (d->can_deflate)
        must(deflateReset(&d->out));
    else
        must(deflateInit2(&d->out, d->level, Z_DEFLATED, RAW_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY));
    d->can_deflate = true;
}

static void prepare_inflate(struct deflate *d)
{
    if (d->can_inflate)
        must(inflateReset(&d->in));
    else
        must(inflateInit2(&d->in, RAW_WINDOW));
    d->can_inflate = true;
}

static void set_input(z_stream *z, struct str in)
{
    z->next_in = (const Bytef *)in.p;
    z->avail_in = (uInt)in.n;
}

void deflate_message(struct deflate *d, struct str in, struct buf *out)
{
    size_t begin = out->len;
    if (in.n > UINT_MAX)
        abort();
    prepare_deflate(d);
    set_input(&d->out, in);
    do {
        d->out.next_out = (Bytef *)buf_reserve(out, STEP);
        d->out.avail_out = (uInt)STEP;
        deflate(&d->out, Z_SYNC_FLUSH);
        out->len += STEP - d->out.avail_out;
    } while (d->out.avail_out == 0);
    if (out->len - begin >= TAIL && memcmp(out->data + out->len - TAIL, tail, TAIL) == 0)
        out->len -= TAIL;
}

/* Inflates all of `in`. A final block ends one deflate stream, and another may follow (RFC 7692 §7.2.3.4). */
static enum deflate_result inflate_piece(struct deflate *d, struct str in, size_t largest, struct buf *out)
{
    set_input(&d->in, in);
    for (;;) {
        d->in.next_out = (Bytef *)buf_reserve(out, STEP);
        d->in.avail_out = (uInt)STEP;
        int result = inflate(&d->in, Z_SYNC_FLUSH);
        out->len += STEP - d->in.avail_out;
        if (out->len > largest)
            return DEFLATE_TOO_BIG;
        if (result == Z_STREAM_END)
            must(inflateReset(&d->in));
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return DEFLATE_BROKEN;
        if (d->in.avail_in == 0 && d->in.avail_out > 0)
            return DEFLATE_OK;
        if (result == Z_BUF_ERROR && d->in.avail_out > 0)
            return DEFLATE_BROKEN;
    }
}

enum deflate_result inflate_message(struct deflate *d, struct str in, uint64_t limit, struct buf *out)
{
    if (in.n > UINT_MAX)
        return DEFLATE_TOO_BIG;
    size_t largest = limit > SIZE_MAX - out->len ? SIZE_MAX : out->len + (size_t)limit;
    prepare_inflate(d);
    enum deflate_result result = in.n ? inflate_piece(d, in, largest, out) : DEFLATE_OK;
    return result == DEFLATE_OK ? inflate_piece(d, str_of(tail, TAIL), largest, out) : result;
}
