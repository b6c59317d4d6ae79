#include "vm/heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sanitized.h"

enum { SLAB = 32 * 1024, SLABS = 32, REGION = SLAB * SLABS /* the first one holds the descriptors */ };

struct heap_slab {
    void *freed;       /* objects that were freed, linked through their first word */
    char *fresh, *end; /* objects that never were used: their pages need not exist yet */
    unsigned used, size_class;
    struct heap_slab *next, **link; /* in heap->open or heap->empty; link NULL: full, in neither */
};

struct heap_region {
    struct heap_region *next, **link;
    unsigned used; /* slabs with objects */
    struct heap_slab slabs[SLABS];
};

static struct heap_region *region_of(const void *p)
{
    return (struct heap_region *)((uintptr_t)p & ~(uintptr_t)(REGION - 1));
}

static struct heap_slab *slab_of(const void *p)
{
    return &region_of(p)->slabs[((uintptr_t)p & (REGION - 1)) / SLAB];
}

static char *memory_of(struct heap_slab *slab)
{
    struct heap_region *region = region_of(slab);
    return (char *)region + (size_t)(slab - region->slabs) * SLAB;
}

static void push(struct heap_slab **list, struct heap_slab *slab)
{
    slab->next = *list;
    slab->link = list;
    if (slab->next)
        slab->next->link = &slab->next;
    *list = slab;
}

static void take_out(struct heap_slab *slab)
{
    *slab->link = slab->next;
    if (slab->next)
        slab->next->link = slab->link;
    slab->link = NULL;
}

/* ---- Regions ---- */

static bool add_region(struct heap *heap)
{
    char *p = mmap(NULL, 2 * REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return false;
    struct heap_region *region = region_of(p + REGION - 1);
    size_t before = (size_t)((char *)region - p);
    if (before)
        munmap(p, before);
    munmap((char *)region + REGION, REGION - before);

    region->next = heap->regions;
    region->link = &heap->regions;
    if (region->next)
        region->next->link = &region->next;
    heap->regions = region;
    heap->idle++;
    for (unsigned i = SLABS - 1; i > 0; i--)
        push(&heap->empty, &region->slabs[i]);
    return true;
}

/* One without objects stays, so that a VM at its edge does not map and unmap it again and again. */
static void retire_region(struct heap *heap, struct heap_region *region)
{
    if (heap->idle == 0) {
        heap->idle++;
        return;
    }
    for (unsigned i = 1; i < SLABS; i++)
        take_out(&region->slabs[i]);
    *region->link = region->next;
    if (region->next)
        region->next->link = region->link;
    munmap(region, REGION);
}

/* ---- Slabs ---- */

static struct heap_slab *open_slab(struct heap *heap, unsigned size_class)
{
    if (!heap->empty && !add_region(heap))
        return NULL;
    struct heap_slab *slab = heap->empty;
    size_t size = (size_class + 1) * (size_t)HEAP_STEP;
    take_out(slab);
    if (region_of(slab)->used++ == 0)
        heap->idle--;
    slab->size_class = size_class;
    slab->freed = NULL;
    slab->fresh = memory_of(slab);
    slab->end = slab->fresh + SLAB / size * size;
    push(&heap->open[size_class], slab);
    return slab;
}

static void *take(struct heap *heap, unsigned size_class)
{
    struct heap_slab *slab = heap->open[size_class];
    if (!slab && !(slab = open_slab(heap, size_class)))
        return NULL;
    void *p = slab->freed;
    if (p) {
        slab->freed = *(void **)p;
        __builtin_prefetch(slab->freed, 1); /* freed long ago, and wanted soon */
    } else {
        p = slab->fresh;
        slab->fresh += (size_class + 1) * (size_t)HEAP_STEP;
    }
    slab->used++;
    if (!slab->freed && slab->fresh == slab->end)
        take_out(slab);
    return p;
}

static void give_back(struct heap *heap, void *p)
{
    struct heap_slab *slab = slab_of(p);
    *(void **)p = slab->freed;
    slab->freed = p;
    if (!slab->link)
        push(&heap->open[slab->size_class], slab);
    if (--slab->used > 0)
        return;
    struct heap_region *region = region_of(p);
    take_out(slab);
    push(&heap->empty, slab);
    if (--region->used == 0)
        retire_region(heap, region);
}

static unsigned class_of(size_t size)
{
    return (unsigned)((size - 1) / HEAP_STEP);
}

/* Under AddressSanitizer none is, so that it sees who reads beyond a string's end. */
static bool is_small(size_t size)
{
    return size > 0 && size <= HEAP_SMALL && !SANITIZED;
}

static void *allocate(struct heap *heap, size_t size)
{
    return is_small(size) ? take(heap, class_of(size)) : malloc(size);
}

static void release(struct heap *heap, void *p, size_t size)
{
    if (is_small(size))
        give_back(heap, p);
    else
        free(p);
}

void *heap_realloc(struct heap *heap, void *p, size_t old, size_t size)
{
    if (old == 0)
        return size > 0 ? allocate(heap, size) : NULL;
    if (size == 0) {
        release(heap, p, old);
        return NULL;
    }
    if (!is_small(old) && !is_small(size))
        return realloc(p, size);
    if (is_small(old) && is_small(size) && class_of(old) == class_of(size))
        return p;
    void *q = allocate(heap, size);
    if (q) {
        memcpy(q, p, old < size ? old : size);
        release(heap, p, old);
    }
    return q;
}

size_t heap_mapped(const struct heap *heap)
{
    size_t octets = 0;
    for (const struct heap_region *region = heap->regions; region; region = region->next)
        octets += REGION;
    return octets;
}

void heap_close(struct heap *heap)
{
    while (heap->regions) {
        struct heap_region *region = heap->regions;
        heap->regions = region->next;
        munmap(region, REGION);
    }
    *heap = (struct heap){0};
}
