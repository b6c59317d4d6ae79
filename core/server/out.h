/* server/out.h: what a connection has to send: a queue of pieces, written together. Used by conn.c. */
#ifndef SERVER_OUT_H
#define SERVER_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"

struct sock;
struct chunk;
struct open_file;

/* Octets that several queues send: a room's frame. Freed with its last user. */
struct shared {
    unsigned users;
    size_t size;
    char data[];
};
struct shared *shared_new(size_t size);
void shared_release(struct shared *s);

/* Chunks that no queue uses now; one pool per worker, so that the steady state needs no heap. */
struct chunk_pool {
    struct chunk *free;
    unsigned count;
};
void chunk_pool_free(struct chunk_pool *pool);

struct out {
    struct chunk *first, *last;
    size_t queued; /* octets not yet taken by the socket */
};

enum out_result { OUT_EMPTY, OUT_BLOCKED, OUT_BROKEN };

/* Copies n octets behind what is queued. */
void out_append(struct out *out, struct chunk_pool *pool, const void *data, size_t n);

/* Room for n octets behind what is queued: write there, then out_filled() with how many were written, at least one. */
char *out_room(struct out *out, struct chunk_pool *pool, size_t n);
void out_filled(struct out *out, size_t n);

/* Queues them without a copy. */
void out_append_shared(struct out *out, struct chunk_pool *pool, struct shared *s);

/* size octets of an open file from offset on. */
void out_append_file(struct out *out, struct chunk_pool *pool, struct open_file *file, off_t offset, size_t size);

/* Writes as much as the socket takes. progress, if not NULL, is set when anything went out. */
enum out_result out_write(struct out *out, struct chunk_pool *pool, struct sock *sock, bool *progress);

/* Writes what is queued and then these octets at once; only what the socket does not take is copied. */
enum out_result out_write_with(struct out *out, struct chunk_pool *pool, struct sock *sock, struct str data);

/* All that is queued if it lies in memory in one piece, else STR_NULL; and what is done once somebody has sent n octets
 * of it. */
struct str out_single(const struct out *out);
void out_sent(struct out *out, struct chunk_pool *pool, size_t n);

/* Drops everything. */
void out_clear(struct out *out, struct chunk_pool *pool);

#endif
