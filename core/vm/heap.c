/* vm/heap.c: see heap.h. */
#include "vm/heap.h"

#include <string.h>
#include <sys/mman.h>

enum { SLAB_SIZE = 256 * 1024 };

struct slab {
    struct slab *next;
    char data[] __attribute__((aligned(HEAP_GRAIN)));
};

static bool add_slab(struct heap *heap)
{
    struct slab *slab = mmap(NULL, SLAB_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (slab == MAP_FAILED)
        return false;
    if (heap->left >= HEAP_GRAIN)
        heap_drop(heap, heap->fresh, heap->left);
    slab->next = heap->slabs;
    heap->slabs = slab;
    heap->fresh = slab->data;
    heap->left = SLAB_SIZE - sizeof *slab;
    return true;
}

void *heap_take_new(struct heap *heap, size_t size)
{
    if (!heap_is_small(size))
        return malloc(size);
    size = (heap_class(size) + 1) * HEAP_GRAIN;
    if (heap->left < size && !add_slab(heap))
        return NULL;
    void *p = heap->fresh;
    heap->fresh += size;
    heap->left -= size;
    return p;
}

void *heap_resize(struct heap *heap, void *p, size_t old, size_t size)
{
    bool small = heap_is_small(size), was_small = heap_is_small(old);
    if (!small && !was_small)
        return realloc(p, size);
    if (small && was_small && heap_class(size) == heap_class(old))
        return p;
    void *moved = heap_take(heap, size);
    if (moved) {
        memcpy(moved, p, size < old ? size : old);
        heap_drop(heap, p, old);
    }
    return moved;
}

void heap_close(struct heap *heap)
{
    while (heap->slabs) {
        struct slab *slab = heap->slabs;
        heap->slabs = slab->next;
        munmap(slab, SLAB_SIZE);
    }
    *heap = (struct heap){.left = 0};
}
