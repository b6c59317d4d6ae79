/* crypto/memory.c: see memory.h. */
#include "crypto/memory.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

static void *allocate(size_t size, const char *file, int line)
{
    void *p = NULL;
    (void)file, (void)line;
    if (size < HUGE_PAGE)
        return malloc(size);
    if (posix_memalign(&p, HUGE_PAGE, size) != 0)
        return NULL;
    madvise(p, size, MADV_HUGEPAGE); /* a wish: without huge pages it works as well */
    return p;
}

static void *resize(void *p, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return realloc(p, size);
}

static void release(void *p, const char *file, int line)
{
    (void)file, (void)line;
    free(p);
}

void crypto_memory_init(void)
{
    CRYPTO_set_mem_functions(allocate, resize, release);
}
