/* base/mem.h: heap memory that is there or the process ends. Used by every layer.
 *
 * Linux overcommits, so malloc answers NULL only when the address space or a limit is used up. A worker has nothing
 * useful to do then: it says so on stderr and aborts, and the master starts another. What comes from outside is bounded
 * by limits long before, so no client can ask for that much. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Uninitialised memory of `size` bytes (never NULL); free with free(). */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));

/* Zeroed memory of `size` bytes (never NULL); free with free(). */
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));

/* Grows or shrinks `p` (NULL allowed) to `size` bytes (never NULL). */
void *mem_realloc(void *p, size_t size) __attribute__((returns_nonnull));

/* A copy of `n` bytes with a NUL behind them. */
char *mem_dup(const void *p, size_t n) __attribute__((malloc, returns_nonnull));

#endif
