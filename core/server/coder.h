/* server/coder.h: content coding of streamed answers (RFC 9110 §8.4): each chunk is flushed, so that the client can
 * read it at once. Called by response.c; whether an answer is coded at all is compress.c's. */
#ifndef SERVER_CODER_H
#define SERVER_CODER_H

#include "base/buf.h"

struct coder;

/* coding: "br" or "gzip". It takes its memory with the first chunk: an answer to HEAD has none. */
struct coder *coder_new(struct str coding);
void coder_free(struct coder *c);

/* Appends chunk, coded, to out; with last = true the end of the coding too. False without memory. */
bool coder_write(struct coder *c, struct str chunk, bool last, struct buf *out);

#endif
