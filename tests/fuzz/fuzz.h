/* fuzz.h: what the fuzz targets share. A target is LLVMFuzzerTestOneInput() in NAME_fuzz.c, its seeds lie in
 * corpus/NAME/, its words in dict/NAME.dict. A broken promise aborts, which the fuzzer reports as a crash. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A copy in a block of exactly that size, so that reading beyond it is noticed; free it. */
static inline char *exact_copy(const void *bytes, size_t n)
{
    char *copy = malloc(n ? n : 1);
    if (n)
        memcpy(copy, bytes, n);
    return copy;
}

#endif
