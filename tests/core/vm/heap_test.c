/* The heap of a VM: objects keep their octets through everything that happens to others, and memory comes back. */
#include "base/sanitized.h"
#include "vm/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OBJECTS = 20000, STEPS = 400000, REGION = 1024 * 1024 };

struct object {
    unsigned char *p;
    size_t size;
    unsigned char mark;
};

static void check(const struct object *o)
{
    for (size_t i = 0; i < o->size; i++)
        assert_int_equal(o->p[i], o->mark);
}

static void resize(struct heap *heap, struct object *o, size_t size, unsigned char mark)
{
    unsigned char *p = heap_realloc(heap, o->p, o->size, size);
    assert_true(size == 0 ? !p : p != NULL);
    assert_int_equal((uintptr_t)p % 16, 0);
    size_t kept = size < o->size ? size : o->size;
    for (size_t i = 0; i < kept; i++)
        assert_int_equal(p[i], o->mark);
    if (size)
        memset(p, mark, size);
    *o = (struct object){p, size, mark};
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed >> 8;
}

/* Every size up to beyond HEAP_SMALL, growing and shrinking across it. */
static void objects_keep_their_octets(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct object *objects = calloc(OBJECTS, sizeof *objects);
    unsigned seed = 7;
    for (int i = 0; i < STEPS; i++) {
        struct object *o = &objects[next_random(&seed) % OBJECTS];
        size_t size = next_random(&seed) % 4 == 0 ? 0 : next_random(&seed) % (HEAP_SMALL + 200);
        check(o);
        resize(&heap, o, size, (unsigned char)next_random(&seed));
    }
    for (int i = 0; i < OBJECTS; i++) {
        check(&objects[i]);
        resize(&heap, &objects[i], 0, 0);
    }
    assert_true(heap_mapped(&heap) <= REGION);
    heap_close(&heap);
    free(objects);
}

/* What objects of one size have left serves another size, and regions without objects go back to the system. */
static void memory_comes_back(void **state)
{
    (void)state;
    struct heap heap = {0};
    static void *objects[OBJECTS];
    if (SANITIZED)
        skip(); /* malloc serves all sizes */
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = heap_realloc(&heap, NULL, 0, 480);
    assert_true(heap_mapped(&heap) >= OBJECTS * 480);
    for (int i = 0; i < OBJECTS; i++)
        heap_realloc(&heap, objects[i], 480, 0);
    assert_int_equal(heap_mapped(&heap), REGION);
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = heap_realloc(&heap, NULL, 0, 48);
    assert_int_equal(heap_mapped(&heap), REGION);
    for (int i = 0; i < OBJECTS; i++)
        heap_realloc(&heap, objects[i], 48, 0);
    heap_close(&heap);
    assert_int_equal(heap_mapped(&heap), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(objects_keep_their_octets),
                                       cmocka_unit_test(memory_comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
