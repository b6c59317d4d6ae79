/* server/out.c: output queues. Small pieces are copied together into chunks of 4 KiB from a pool, frames of rooms and
 * ranges of files are only referred to; one writev() takes up to 64 of them. */
#include "server/out.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/sock.h"
#include "server/file.h"

enum {
    CHUNK_SIZE = 4096, /* with its head */
    POOL_MAX = 512,
    PARTS_MAX = 64,
    FILE_PIECE = 64 * 1024, /* read at a time where sendfile is not possible (TLS) */
};

enum chunk_kind { CHUNK_DATA, CHUNK_SHARED, CHUNK_FILE };

struct chunk {
    struct chunk *next;
    enum chunk_kind kind;
    bool pooled;
    size_t at, end; /* of data, of the shared octets, or of the file */
    union {
        struct shared *shared;
        struct open_file *file;
        size_t capacity;
    };
    char data[];
};

enum { CHUNK_CAPACITY = CHUNK_SIZE - sizeof(struct chunk) };

struct shared *shared_new(size_t size)
{
    struct shared *s = mem_alloc(sizeof *s + size);
    s->users = 1;
    s->size = size;
    return s;
}

void shared_release(struct shared *s)
{
    if (--s->users == 0)
        free(s);
}

void chunk_pool_free(struct chunk_pool *pool)
{
    while (pool->free) {
        struct chunk *c = pool->free;
        pool->free = c->next;
        free(c);
    }
    pool->count = 0;
}

static struct chunk *take_pooled(struct chunk_pool *pool)
{
    struct chunk *c = pool->free;
    if (c) {
        pool->free = c->next;
        pool->count--;
    } else {
        c = mem_alloc(CHUNK_SIZE);
    }
    *c = (struct chunk){.kind = CHUNK_DATA, .pooled = true, .capacity = CHUNK_CAPACITY};
    return c;
}

static void give_back(struct chunk_pool *pool, struct chunk *c)
{
    if (c->kind == CHUNK_SHARED)
        shared_release(c->shared);
    else if (c->kind == CHUNK_FILE)
        open_file_release(c->file);
    if (c->pooled && pool->count < POOL_MAX) {
        c->next = pool->free;
        pool->free = c;
        pool->count++;
    } else {
        free(c);
    }
}

static void push(struct out *out, struct chunk *c)
{
    c->next = NULL;
    if (out->last)
        out->last->next = c;
    else
        out->first = c;
    out->last = c;
}

static void pop(struct out *out, struct chunk_pool *pool)
{
    struct chunk *c = out->first;
    out->first = c->next;
    if (!out->first)
        out->last = NULL;
    give_back(pool, c);
}

static struct chunk *new_data_chunk(struct chunk_pool *pool, size_t n)
{
    if (n <= CHUNK_CAPACITY)
        return take_pooled(pool);
    struct chunk *c = mem_alloc(sizeof *c + n);
    *c = (struct chunk){.kind = CHUNK_DATA, .capacity = n};
    return c;
}

char *out_room(struct out *out, struct chunk_pool *pool, size_t n)
{
    struct chunk *last = out->last;
    if (!last || last->kind != CHUNK_DATA || last->capacity - last->end < n) {
        last = new_data_chunk(pool, n);
        push(out, last);
    }
    return last->data + last->end;
}

void out_filled(struct out *out, size_t n)
{
    out->last->end += n;
    out->queued += n;
}

void out_append(struct out *out, struct chunk_pool *pool, const void *data, size_t n)
{
    if (n == 0)
        return;
    struct chunk *last = out->last;
    size_t room = last && last->kind == CHUNK_DATA ? last->capacity - last->end : 0;
    size_t fits = n < room ? n : room;
    out->queued += n;
    if (fits) {
        memcpy(last->data + last->end, data, fits);
        last->end += fits;
        if (fits == n)
            return;
    }
    struct chunk *c = new_data_chunk(pool, n - fits);
    memcpy(c->data, (const char *)data + fits, n - fits);
    c->end = n - fits;
    push(out, c);
}

static struct chunk *new_reference(enum chunk_kind kind, size_t at, size_t end)
{
    struct chunk *c = mem_alloc(sizeof *c);
    *c = (struct chunk){.kind = kind, .at = at, .end = end};
    return c;
}

void out_append_shared(struct out *out, struct chunk_pool *pool, struct shared *s)
{
    (void)pool;
    struct chunk *c = new_reference(CHUNK_SHARED, 0, s->size);
    c->shared = s;
    s->users++;
    out->queued += s->size;
    push(out, c);
}

void out_append_file(struct out *out, struct chunk_pool *pool, struct open_file *file, off_t offset, size_t size)
{
    (void)pool;
    if (size == 0)
        return;
    struct chunk *c = new_reference(CHUNK_FILE, (size_t)offset, (size_t)offset + size);
    c->file = open_file_retain(file);
    out->queued += size;
    push(out, c);
}

static char *octets_of(struct chunk *c)
{
    return (c->kind == CHUNK_SHARED ? c->shared->data : c->data) + c->at;
}

struct str out_single(const struct out *out)
{
    struct chunk *c = out->first;
    return c && !c->next && c->kind != CHUNK_FILE ? str_of(octets_of(c), c->end - c->at) : STR_NULL;
}

/* The first pieces that lie in memory. */
static int gather(struct out *out, struct iovec *parts, int max)
{
    int count = 0;
    for (struct chunk *c = out->first; c && c->kind != CHUNK_FILE && count < max; c = c->next)
        parts[count++] = (struct iovec){octets_of(c), c->end - c->at};
    return count;
}

void out_sent(struct out *out, struct chunk_pool *pool, size_t n)
{
    out->queued -= n;
    while (n > 0) {
        struct chunk *c = out->first;
        size_t part = c->end - c->at < n ? c->end - c->at : n;
        c->at += part;
        n -= part;
        if (c->at == c->end)
            pop(out, pool);
    }
}

static ssize_t write_file(struct out *out, struct sock *sock)
{
    struct chunk *c = out->first;
    off_t offset = (off_t)c->at;
    if (sock->ops->sendfile)
        return sock->ops->sendfile(sock, open_file_fd(c->file), &offset, c->end - c->at);
    static char piece[FILE_PIECE];
    size_t want = c->end - c->at < sizeof piece ? c->end - c->at : sizeof piece;
    ssize_t n = pread(open_file_fd(c->file), piece, want, offset);
    if (n <= 0)
        return SOCK_BROKEN; /* it was cut short after its length had been announced */
    return sock_writev(sock, &(struct iovec){piece, (size_t)n}, 1);
}

enum out_result out_write(struct out *out, struct chunk_pool *pool, struct sock *sock, bool *progress)
{
    while (out->first) {
        struct iovec parts[PARTS_MAX];
        int count = gather(out, parts, PARTS_MAX);
        ssize_t n = count ? sock_writev(sock, parts, count) : write_file(out, sock);
        if (n == SOCK_AGAIN)
            return OUT_BLOCKED;
        if (n < 0)
            return OUT_BROKEN;
        if (progress)
            *progress = true;
        out_sent(out, pool, (size_t)n);
    }
    return OUT_EMPTY;
}

enum out_result out_write_with(struct out *out, struct chunk_pool *pool, struct sock *sock, struct str data)
{
    struct iovec parts[PARTS_MAX];
    int count = gather(out, parts, PARTS_MAX - 1);
    size_t before = 0, taken = 0;
    for (int i = 0; i < count; i++)
        before += parts[i].iov_len;
    if (before == out->queued) {
        parts[count++] = (struct iovec){(char *)(uintptr_t)data.p, data.n};
        ssize_t n = sock_writev(sock, parts, count);
        if (n < 0 && n != SOCK_AGAIN)
            return OUT_BROKEN;
        size_t sent = n > 0 ? (size_t)n : 0;
        out_sent(out, pool, sent < before ? sent : before);
        taken = sent > before ? sent - before : 0;
    }
    out_append(out, pool, data.p + taken, data.n - taken);
    return out->first ? OUT_BLOCKED : OUT_EMPTY;
}

void out_clear(struct out *out, struct chunk_pool *pool)
{
    while (out->first)
        pop(out, pool);
    out->queued = 0;
}
