/* base/mem.c: see mem.h. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *there(void *p)
{
    static const char message[] = "toolboxd: out of memory\n";
    if (p)
        return p;
    ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
    (void)ignored;
    abort();
}

void *mem_alloc(size_t size)
{
    return there(malloc(size ? size : 1));
}

void *mem_zalloc(size_t size)
{
    return there(calloc(1, size ? size : 1));
}

void *mem_realloc(void *p, size_t size)
{
    return there(realloc(p, size ? size : 1));
}

char *mem_dup(const void *p, size_t n)
{
    char *copy = mem_alloc(n + 1);
    if (n)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}
