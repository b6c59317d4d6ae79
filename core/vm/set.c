/* vm/set.c: a set as its readers see it, mapped from its memory file. The format, written by set_build.c:
 *
 *   struct set_header, count × struct set_record sorted by kind and name, then names and data, each ended by a NUL.
 *
 * Master, workers and candidate are the same binary, so numbers are in the machine's own form; bounds are checked all
 * the same. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "vm/loader.h"
#include "vm/set_format.h"
#include "vm/settings.h"

struct set {
    _Atomic unsigned references;
    void *map;
    size_t size, count;
    struct set_entry *entries;
    struct settings *settings;
};

static int compare(enum set_kind kind, struct str name, const struct set_entry *e)
{
    if (kind != e->kind)
        return kind < e->kind ? -1 : 1;
    size_t n = name.n < e->name.n ? name.n : e->name.n;
    int order = memcmp(name.p, e->name.p, n);
    return order ? order : name.n < e->name.n ? -1 : name.n > e->name.n;
}

static bool inside(const struct set *set, uint64_t offset, uint64_t length)
{
    return offset < set->size && length < set->size - offset;
}

static bool read_entries(struct set *set)
{
    const struct set_header *header = set->map;
    if (set->size < sizeof *header || memcmp(header->magic, SET_MAGIC, sizeof header->magic) != 0)
        return false;
    const struct set_record *records = (const struct set_record *)(header + 1);
    if (header->count > (set->size - sizeof *header) / sizeof *records)
        return false;
    set->count = header->count;
    set->entries = mem_zalloc((set->count + 1) * sizeof *set->entries);
    const char *base = set->map;
    for (size_t i = 0; i < set->count; i++) {
        const struct set_record *r = &records[i];
        struct set_entry *e = &set->entries[i];
        if (!inside(set, r->name, r->name_length) || !inside(set, r->data, r->data_length))
            return false;
        e->kind = (enum set_kind)r->kind;
        e->name = str_of(base + r->name, r->name_length);
        e->data = str_of(base + r->data, r->data_length);
        e->digest = str_of(r->digest, sizeof r->digest);
    }
    return true;
}

struct set *set_open(int fd)
{
    struct stat st;
    struct set *set = mem_zalloc(sizeof *set);
    set->references = 1;
    set->map = MAP_FAILED;
    if (fstat(fd, &st) != 0 || st.st_size <= 0)
        goto err;
    set->size = (size_t)st.st_size;
    set->map = mmap(NULL, set->size, PROT_READ, MAP_SHARED, fd, 0);
    if (set->map == MAP_FAILED || !read_entries(set))
        goto err;
    const struct set_entry *packed = set_find(set, SET_SETTINGS, STR(""));
    set->settings = packed ? settings_unpack(packed->data.p, packed->data.n) : NULL;
    if (!set->settings)
        goto err;
    return set;
err:
    set_release(set);
    return NULL;
}

struct set *set_retain(struct set *set)
{
    atomic_fetch_add(&set->references, 1);
    return set;
}

void set_release(struct set *set)
{
    if (!set || atomic_fetch_sub(&set->references, 1) != 1)
        return;
    if (set->settings)
        settings_free(set->settings);
    if (set->map != MAP_FAILED)
        munmap(set->map, set->size);
    free(set->entries);
    free(set);
}

void set_rest(const struct set *set)
{
    madvise(set->map, set->size, MADV_DONTNEED);
}

const struct set_entry *set_find(const struct set *set, enum set_kind kind, struct str name)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(kind, name, &set->entries[middle]);
        if (order == 0)
            return &set->entries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

size_t set_count(const struct set *set)
{
    return set->count;
}

const struct set_entry *set_at(const struct set *set, size_t index)
{
    return index < set->count ? &set->entries[index] : NULL;
}

const struct settings *set_settings(const struct set *set)
{
    return set->settings;
}
