#include "crypto/random.h"

#include "crypto/encoding.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

/* `left` octets at the end of `octets` are unused. The page is wiped in a forked child (MADV_WIPEONFORK), which reads
 * as left == 0: it reads its own. */
struct page {
    size_t left;
    unsigned char octets[4096 - sizeof(size_t)];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct page *page;

static void from_kernel(void *out, size_t n)
{
    for (unsigned char *p = out; n > 0;) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno != EINTR)
            abort(); /* without randomness nothing may go on */
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

static void open_page(void)
{
    void *p = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || madvise(p, sizeof *page, MADV_WIPEONFORK) != 0)
        abort();
    page = p;
}

void random_bytes(void *out, size_t n)
{
    if (n > 256) {
        from_kernel(out, n);
        return;
    }
    pthread_mutex_lock(&lock);
    if (!page)
        open_page();
    if (page->left < n) {
        from_kernel(page->octets, sizeof page->octets);
        page->left = sizeof page->octets;
    }
    unsigned char *from = page->octets + sizeof page->octets - page->left;
    memcpy(out, from, n);
    explicit_bzero(from, n);
    page->left -= n;
    pthread_mutex_unlock(&lock);
}

/* Milliseconds since 1970 and, in the low 12 bits, their fraction (RFC 9562 §6.2 method 3), never the same twice. */
static uint64_t unique_time(void)
{
    static uint64_t last;
    static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    uint64_t value = ms << 12 | (uint64_t)(now.tv_nsec % 1000000) * 4096 / 1000000;
    pthread_mutex_lock(&last_lock);
    if (value <= last)
        value = last + 1;
    last = value;
    pthread_mutex_unlock(&last_lock);
    return value;
}

void random_uuid(char out[UUID_TEXT_SIZE])
{
    uint64_t stamp = unique_time();
    unsigned char octets[16];
    random_bytes(octets + 8, 8);
    for (int i = 0; i < 6; i++)
        octets[i] = (unsigned char)(stamp >> (52 - 8 * i));
    octets[6] = (unsigned char)(0x70 | (stamp >> 8 & 15));
    octets[7] = (unsigned char)stamp;
    octets[8] = (unsigned char)(0x80 | (octets[8] & 0x3f));

    static const unsigned char groups[] = {4, 2, 2, 2, 6};
    const unsigned char *from = octets;
    for (size_t i = 0; i < sizeof groups; i++) {
        if (i > 0)
            *out++ = '-';
        hex_encode(from, groups[i], out);
        from += groups[i];
        out += 2 * groups[i];
    }
}
