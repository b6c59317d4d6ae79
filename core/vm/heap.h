/* vm/heap.h: the memory of one VM. Lua makes and drops small objects of few sizes at a high rate, and says their size
 * when it frees them: so they come from slabs of objects of one size, without headers and without malloc's bookkeeping.
 * Used by vm.c; one thread at a time.
 *
 *   region (1 MiB, aligned) = descriptors of its slabs | slab | slab | …       slab = 32 KiB of objects of one size
 * class
 *
 * The address of an object gives its region and the descriptor of its slab. An empty slab may serve any size again; a
 * region without objects goes back to the system. What is larger than HEAP_SMALL is malloc's. */
#ifndef VM_HEAP_H
#define VM_HEAP_H

#include <stddef.h>

enum { HEAP_SMALL = 512, HEAP_STEP = 16, HEAP_CLASSES = HEAP_SMALL / HEAP_STEP };

struct heap_region;
struct heap_slab;

/* {0} is an empty heap. */
struct heap {
    struct heap_slab *open[HEAP_CLASSES]; /* slabs with room, by size class */
    struct heap_slab *empty;              /* slabs without objects */
    struct heap_region *regions;
    unsigned idle; /* regions without objects: at most one */
};

/* As lua_Alloc: p of old octets (0: none) becomes one of size octets (0: is freed). NULL: the system gives no memory;
 * p is then as it was. */
void *heap_realloc(struct heap *heap, void *p, size_t old, size_t size);

/* Octets of its regions. */
size_t heap_mapped(const struct heap *heap);

/* Gives every region back. What is larger than HEAP_SMALL must have been freed. */
void heap_close(struct heap *heap);

#endif
