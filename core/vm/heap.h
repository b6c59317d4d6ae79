/* vm/heap.h: the memory of one Lua state. Called by vm.c's allocator, by one thread at a time.
 *
 * Lua makes and drops small objects all the time: a request's userdata, a string, a table. Those come from slabs and go
 * back to a list of their size, which costs a few instructions and never reaches malloc() once the state has its size.
 * Lua tells the old size with every call, so a block has no head. All slabs go at once when the state closes. */
#ifndef VM_HEAP_H
#define VM_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

enum { HEAP_GRAIN = 16, HEAP_SMALL = 512, HEAP_CLASSES = HEAP_SMALL / HEAP_GRAIN };

struct heap {
    void *free[HEAP_CLASSES]; /* lists of blocks of (index + 1) × HEAP_GRAIN octets, through the first word of each */
    char *fresh;              /* the part of the newest slab that was never given out */
    size_t left;
    struct slab *slabs;
};

#if defined(__has_feature) /* clang's way to say it */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static inline bool heap_is_small(size_t size)
{
#if defined(__SANITIZE_ADDRESS__)
    return (void)size, false; /* it is to watch every object by itself */
#else
    return size <= HEAP_SMALL;
#endif
}

static inline size_t heap_class(size_t size)
{
    return (size - 1) / HEAP_GRAIN;
}

/* A block that no list has: from a slab, or from malloc(). */
void *heap_take_new(struct heap *heap, size_t size);

/* size octets, at least one; NULL without memory. */
static inline void *heap_take(struct heap *heap, size_t size)
{
    void **first = heap_is_small(size) ? heap->free[heap_class(size)] : NULL;
    if (!first)
        return heap_take_new(heap, size);
    heap->free[heap_class(size)] = *first;
    return first;
}

/* Gives back p, which has size octets. */
static inline void heap_drop(struct heap *heap, void *p, size_t size)
{
    if (!heap_is_small(size)) {
        free(p);
        return;
    }
    *(void **)p = heap->free[heap_class(size)];
    heap->free[heap_class(size)] = p;
}

/* p, of old octets, becomes one of size octets, both at least one. NULL without memory, and then p stays as it was. */
void *heap_resize(struct heap *heap, void *p, size_t old, size_t size);

/* Gives the slabs back. Blocks above HEAP_SMALL must have been freed. */
void heap_close(struct heap *heap);

#endif
