/* server/file.c: open files with a count of users, and the cache that keeps the last few dozen open. static.c, which
 * calls it, has checked the path; here it is only a key. */
#include "server/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

enum { CACHE_SLOTS = 32 }; /* descriptors kept at most */
#define FRESH_SECONDS 1.0

struct open_file {
    int fd;
    unsigned users;
    double checked; /* monotonic; the cache looks again after FRESH_SECONDS */
    struct stat seen;
    struct file_facts facts;
    char path[];
};

struct file_cache {
    struct open_file *slots[CACHE_SLOTS]; /* by hash of the path; a newcomer takes the place */
};

struct file_cache *file_cache_new(void)
{
    return mem_zalloc(sizeof(struct file_cache));
}

void file_cache_free(struct file_cache *cache)
{
    for (int i = 0; cache && i < CACHE_SLOTS; i++)
        if (cache->slots[i])
            open_file_release(cache->slots[i]);
    free(cache);
}

static struct open_file *open_anew(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return NULL;
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        errno = ENOENT;
        return NULL;
    }
    size_t n = strlen(path);
    struct open_file *f = mem_zalloc(sizeof *f + n + 1);
    f->fd = fd;
    f->users = 1;
    f->checked = clock_now();
    f->seen = st;
    f->facts.size = (uint64_t)st.st_size;
    f->facts.modified = st.st_mtim.tv_sec;
    snprintf(f->facts.etag, sizeof f->facts.etag, "\"%" PRIx64 "-%" PRIx64 "-%lx\"", (uint64_t)st.st_mtim.tv_sec,
             f->facts.size, (unsigned long)st.st_mtim.tv_nsec);
    memcpy(f->path, path, n + 1);
    return f;
}

/* Still the same file, unchanged? */
static bool still_good(struct open_file *f)
{
    if (clock_now() - f->checked < FRESH_SECONDS)
        return true;
    struct stat now;
    if (lstat(f->path, &now) < 0 || now.st_ino != f->seen.st_ino || now.st_dev != f->seen.st_dev ||
        now.st_size != f->seen.st_size || now.st_mtim.tv_sec != f->seen.st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != f->seen.st_mtim.tv_nsec)
        return false;
    f->checked = clock_now();
    return true;
}

struct open_file *file_cache_open(struct file_cache *cache, const char *path)
{
    struct open_file **slot = &cache->slots[str_hash(str_from(path)) % CACHE_SLOTS];
    if (*slot && strcmp((*slot)->path, path) == 0 && still_good(*slot))
        return open_file_retain(*slot);
    struct open_file *f = open_anew(path);
    if (!f)
        return NULL;
    if (*slot)
        open_file_release(*slot);
    *slot = open_file_retain(f);
    return f;
}

struct open_file *open_file_retain(struct open_file *f)
{
    f->users++;
    return f;
}

void open_file_release(struct open_file *f)
{
    if (--f->users > 0)
        return;
    close(f->fd);
    free(f);
}

int open_file_fd(const struct open_file *f)
{
    return f->fd;
}

const struct file_facts *open_file_facts(const struct open_file *f)
{
    return &f->facts;
}
