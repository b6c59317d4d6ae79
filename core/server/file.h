/* server/file.h: open files that are being sent, and a small cache of them. Used by static.c and out.c. */
#ifndef SERVER_FILE_H
#define SERVER_FILE_H

#include <stdint.h>
#include <time.h>

struct open_file;
struct file_cache;

/* What was true when it was opened. */
struct file_facts {
    uint64_t size;
    time_t modified;
    char etag[64]; /* with its quotes */
};

struct file_cache *file_cache_new(void);

/* Closes what nobody uses; files being sent are closed by their last user. */
void file_cache_free(struct file_cache *cache);

/* A regular file, opened or from the cache; NULL with errno (ENOENT also for what is no regular file). An entry is
 * looked at again after a second. The caller releases it. */
struct open_file *file_cache_open(struct file_cache *cache, const char *path);

struct open_file *open_file_retain(struct open_file *file);
void open_file_release(struct open_file *file);
int open_file_fd(const struct open_file *file);
const struct file_facts *open_file_facts(const struct open_file *file);

#endif
