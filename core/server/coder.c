/* server/coder.c: see coder.h. One zlib or Brotli stream for one answer; its window is small, as many may be open. */
#include "server/coder.h"

#include <brotli/encode.h>
#include <stdlib.h>
#define ZLIB_CONST /* zlib takes its input by const pointer */
#include <zlib.h>

#include "base/mem.h"

enum { STEP = 4096, GZIP_LEVEL = 4, GZIP_WINDOW = 13 + 16, GZIP_MEMORY = 6, BROTLI_LEVEL = 3, BROTLI_WINDOW = 16 };

struct coder {
    bool brotli, begun;
    z_stream z;
    BrotliEncoderState *br;
};

struct coder *coder_new(struct str coding)
{
    struct coder *c = mem_zalloc(sizeof *c);
    c->brotli = str_eq(coding, STR("br"));
    return c;
}

void coder_free(struct coder *c)
{
    if (!c)
        return;
    if (c->br)
        BrotliEncoderDestroyInstance(c->br);
    else if (c->begun)
        deflateEnd(&c->z);
    free(c);
}

static bool begin(struct coder *c)
{
    if (!c->brotli)
        return deflateInit2(&c->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;
    c->br = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    return c->br && BrotliEncoderSetParameter(c->br, BROTLI_PARAM_QUALITY, BROTLI_LEVEL) &&
           BrotliEncoderSetParameter(c->br, BROTLI_PARAM_LGWIN, BROTLI_WINDOW);
}

static bool write_brotli(struct coder *c, struct str chunk, bool last, struct buf *out)
{
    BrotliEncoderOperation operation = last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH;
    const uint8_t *in = (const uint8_t *)chunk.p;
    size_t left = chunk.n;
    do {
        size_t room = STEP;
        uint8_t *to = (uint8_t *)buf_reserve(out, STEP);
        if (!BrotliEncoderCompressStream(c->br, operation, &left, &in, &room, &to, NULL))
            return false;
        out->len += STEP - room;
    } while (left > 0 || BrotliEncoderHasMoreOutput(c->br));
    return true;
}

static bool write_gzip(struct coder *c, struct str chunk, bool last, struct buf *out)
{
    c->z.next_in = (const Bytef *)chunk.p;
    c->z.avail_in = (uInt)chunk.n;
    do {
        c->z.next_out = (Bytef *)buf_reserve(out, STEP);
        c->z.avail_out = STEP;
        if (deflate(&c->z, last ? Z_FINISH : Z_SYNC_FLUSH) == Z_STREAM_ERROR)
            return false;
        out->len += STEP - c->z.avail_out;
    } while (c->z.avail_out == 0);
    return true;
}

bool coder_write(struct coder *c, struct str chunk, bool last, struct buf *out)
{
    if (!c->begun && !begin(c))
        return false;
    c->begun = true;
    return c->brotli ? write_brotli(c, chunk, last, out) : write_gzip(c, chunk, last, out);
}
