/* base/arena.h: memory that is freed all at once, one arena per request or connection. Used by every layer.
 *
 * `struct arena a; arena_init(&a, 4096);` allocates nothing yet. The first block stays through arena_reset(), so a
 * connection that serves one request after another touches the heap once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *first, *last;
    size_t used;       /* bytes of `last` given away */
    size_t block_size; /* capacity of an ordinary block */
};

/* An empty arena whose blocks hold `block_size` bytes (larger wishes get a block of their own). */
void arena_init(struct arena *a, size_t block_size);

/* `size` bytes aligned to 16, uninitialised, never NULL, valid until the next reset or free. */
void *arena_alloc(struct arena *a, size_t size);

/* The same, zeroed. */
void *arena_zalloc(struct arena *a, size_t size);

/* A copy of the bytes with a NUL behind them. */
char *arena_dup(struct arena *a, const void *bytes, size_t n);
struct str arena_dup_str(struct arena *a, struct str s);

/* Forgets everything given away; keeps the first block. */
void arena_reset(struct arena *a);

/* Gives all memory back; the arena is empty and usable again. */
void arena_free(struct arena *a);

#endif
