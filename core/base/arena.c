/* base/arena.c: see arena.h. A list of blocks; only the last one is being filled. */
#include "base/arena.h"

#include "base/mem.h"

#include <stdlib.h>

enum { ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    char data[] __attribute__((aligned(ALIGNMENT)));
};

void arena_init(struct arena *a, size_t block_size)
{
    *a = (struct arena){.block_size = block_size};
}

static void *add_block(struct arena *a, size_t size)
{
    size_t capacity = size > a->block_size ? size : a->block_size;
    struct arena_block *block = mem_alloc(sizeof *block + capacity);
    block->next = NULL;
    block->size = capacity;
    if (a->last)
        a->last->next = block;
    else
        a->first = block;
    a->last = block;
    a->used = size;
    return block->data;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!a->last || size > a->last->size - a->used)
        return add_block(a, size);
    void *p = a->last->data + a->used;
    a->used += size;
    return p;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

char *arena_dup(struct arena *a, const void *bytes, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    if (n)
        memcpy(copy, bytes, n);
    copy[n] = '\0';
    return copy;
}

struct str arena_dup_str(struct arena *a, struct str s)
{
    return str_of(arena_dup(a, s.p, s.n), s.n);
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_reset(struct arena *a)
{
    a->used = 0;
    if (a->first == a->last)
        return;
    free_blocks(a->first->next);
    a->first->next = NULL;
    a->last = a->first;
}

void arena_free(struct arena *a)
{
    free_blocks(a->first);
    arena_init(a, a->block_size);
}
