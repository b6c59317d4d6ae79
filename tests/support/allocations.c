/* support/allocations.c: counts what a process asks of the C heap; preloaded into toolboxd by
 * tests/flows/steady_test.py.
 *
 * Each process keeps one number, mapped from the file ALLOCATIONS_FOLDER/PID, so that a test reads it while the process
 * serves. glibc lets a program define malloc and the like, and uses the definition itself too (strdup, getline, …). */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);

static atomic_ulong unseen; /* before the file is there */
static atomic_ulong *count = &unseen;

static void count_one(void)
{
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

/* A process counts for itself: also one that was forked. */
static void begin(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%d", getenv("ALLOCATIONS_FOLDER"), (int)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *page = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof *count) == 0)
        page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        perror(path);
        _exit(70);
    }
    close(fd);
    count = page;
}

__attribute__((constructor)) static void start(void)
{
    begin();
    pthread_atfork(NULL, NULL, begin);
}

void *malloc(size_t size)
{
    count_one();
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count_one();
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    count_one();
    return __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
    size_t octets;
    if (__builtin_mul_overflow(n, size, &octets)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, octets);
}

void *memalign(size_t alignment, size_t size)
{
    count_one();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    void *made = memalign(alignment, size);
    if (!made)
        return ENOMEM;
    *p = made;
    return 0;
}
