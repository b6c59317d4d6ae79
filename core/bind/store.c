/* bind/store.c: host.store. Files that people upload, in the folder of setting media_folder: written piece by piece,
 * visible under their name only when they are complete. Every system call is made in the thread pool.
 *
 *   create ──> open ──write*──> finish: synced, renamed to its name
 *                └──cancel, or the collector: the unfinished file is removed
 *
 * Called only from Lua. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "bind/bind.h"
#include "crypto/hash.h"
#include "loop/work.h"
#include "vm/env.h"
#include "vm/settings.h"

static const char type[] = "host.store", unfinished_suffix[] = ".unfinished";

enum { NAME_MOST = 64, PATH_SIZE = 1024, READ_MOST = 1 << 20 };

/* An open, unfinished file. Owned by the Lua object and by the job that works on it: the last one closes it. */
struct out {
    int fd;
    unsigned owners; /* touched on the loop's thread, or by the collector when no job is left */
    bool busy, finished;
    struct hash_stream *hash; /* SHA-256 of what was written */
    unsigned char digest[HASH_MAX];
    size_t digest_size;
    char path[PATH_SIZE], unfinished[PATH_SIZE];
};

enum op { OP_CREATE, OP_WRITE, OP_FINISH, OP_READ, OP_REMOVE };

/* Lives until the pool is done with it, although its task may be gone by then. */
struct job {
    struct store_wait *wait; /* NULL: cancelled */
    enum op op;
    int error; /* errno; 0: done */
    struct out *out;
    char path[PATH_SIZE];
    char *data;
    size_t n;
    off_t offset;
};

struct store_wait {
    struct wait wait;
    struct job *job;
};

static void out_unref(struct out *out)
{
    if (--out->owners)
        return;
    if (out->fd >= 0) {
        close(out->fd);
        if (!out->finished)
            unlink(out->unfinished);
    }
    if (out->hash)
        hash_stream_free(out->hash);
    free(out);
}

/* ---- In the thread pool ---- */

/* The folder of a file, which is in path up to its last slash. */
static void folder_of(const char path[PATH_SIZE], char folder[PATH_SIZE])
{
    memcpy(folder, path, PATH_SIZE);
    *strrchr(folder, '/') = '\0';
}

/* The folder is made when it is missing, not what is above it. */
static int create(struct out *out)
{
    out->hash = hash_stream_new(HASH_SHA256);
    if (!out->hash)
        return ENOMEM;
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    out->fd = open(out->unfinished, flags, 0600);
    if (out->fd < 0 && errno == ENOENT) {
        char folder[PATH_SIZE];
        folder_of(out->path, folder);
        if (mkdir(folder, 0700) && errno != EEXIST)
            return errno;
        out->fd = open(out->unfinished, flags, 0600);
    }
    return out->fd < 0 ? errno : 0;
}

static int write_all(struct out *out, const char *p, size_t n)
{
    hash_stream_add(out->hash, str_of(p, n));
    while (n) {
        ssize_t done = write(out->fd, p, n);
        if (done < 0 && errno != EINTR)
            return errno;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    return 0;
}

/* The name is on disk too when its folder is synced. */
static int finish(struct out *out)
{
    if (fsync(out->fd) || rename(out->unfinished, out->path))
        return errno;
    out->finished = true;
    out->digest_size = hash_stream_end(out->hash, out->digest);
    char folder[PATH_SIZE];
    folder_of(out->path, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = fsync(fd) ? errno : 0;
    close(fd);
    return error;
}

static int read_part(struct job *job)
{
    int fd = open(job->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno;
    size_t have = 0;
    int error = 0;
    while (have < job->n) {
        ssize_t got = pread(fd, job->data + have, job->n - have, job->offset + (off_t)have);
        if (got > 0)
            have += (size_t)got;
        else if (got == 0 || errno != EINTR) {
            error = got ? errno : 0;
            break;
        }
    }
    close(fd);
    job->n = have;
    return error;
}

/* Also what an end of the process left unfinished. */
static int remove_both(struct job *job)
{
    bool removed = unlink(job->path) == 0;
    int error = removed ? 0 : errno;
    strcat(job->path, unfinished_suffix); /* check_folder left room for it */
    return unlink(job->path) && !removed ? error : 0;
}

static void run_job(void *arg)
{
    struct job *job = arg;
    switch (job->op) {
    case OP_CREATE:
        job->error = create(job->out);
        break;
    case OP_WRITE:
        job->error = write_all(job->out, job->data, job->n);
        break;
    case OP_FINISH:
        job->error = finish(job->out);
        break;
    case OP_READ:
        job->error = read_part(job);
        break;
    case OP_REMOVE:
        job->error = remove_both(job);
        break;
    }
}

/* ---- On the loop ---- */

static int push_out(lua_State *L, struct out *out)
{
    struct out **object = lua_newuserdata(L, sizeof *object);
    *object = out;
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
    return 1;
}

static void wake(struct job *job)
{
    struct wait *wait = &job->wait->wait;
    if (job->error == ENOENT) {
        wait_fail(wait, "not_found", "there is no such file");
        return;
    }
    if (job->error) {
        char reason[128];
        wait_fail(wait, "unavailable", strerror_r(job->error, reason, sizeof reason));
        return;
    }
    lua_State *L = wait_state(wait);
    if (job->op == OP_CREATE) {
        job->out->owners++;
        push_out(L, job->out);
    } else if (job->op == OP_FINISH) {
        lua_pushlstring(L, (const char *)job->out->digest, job->out->digest_size);
    } else if (job->op == OP_READ) {
        lua_pushlstring(L, job->data, job->n);
    } else {
        lua_pushboolean(L, 1);
    }
    task_wake(wait, 1);
}

static void job_free(struct job *job)
{
    if (job->out) {
        job->out->busy = false;
        out_unref(job->out);
    }
    free(job->data);
    free(job);
}

static void job_done(void *arg)
{
    struct job *job = arg;
    if (job->wait)
        wake(job);
    job_free(job);
}

static void on_cancel(struct wait *wait)
{
    ((struct store_wait *)wait)->job->wait = NULL;
}

/* Takes job, with a count of its out. */
static int start(lua_State *L, struct store_wait *w, struct job *job)
{
    w->job = job;
    job->wait = w;
    if (job->out)
        job->out->busy = true;
    if (work_submit(vm_env(vm_of(L))->work, run_job, job_done, job))
        return task_wait(L, &w->wait);
    job_free(job);
    wait_drop(&w->wait);
    return push_failure(L, "unavailable", "too much waits for the thread pool");
}

/* Names are letters, digits and hyphens: none leads elsewhere. */
static const char *check_name(lua_State *L, int index)
{
    size_t n;
    const char *name = luaL_checklstring(L, index, &n);
    bool plain = n >= 1 && n <= NAME_MOST && strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz-") == n;
    luaL_argcheck(L, plain, index, "expected a name of a-z, 0-9 and -");
    return name;
}

static const char *check_folder(lua_State *L)
{
    const char *folder = settings_text(vm_env(vm_of(L))->settings, "media_folder");
    if (!folder || strlen(folder) + NAME_MOST + sizeof unfinished_suffix + 1 > PATH_SIZE)
        luaL_error(L, "setting media_folder names no folder of at most %d octets", PATH_SIZE - NAME_MOST - 16);
    return folder;
}

static void name_file(lua_State *L, char path[PATH_SIZE])
{
    const char *name = check_name(L, 1), *folder = check_folder(L);
    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
}

/* create(name) -> file */
static int l_create(lua_State *L)
{
    char path[PATH_SIZE];
    name_file(L, path);
    struct store_wait *w = wait_new(L, sizeof *w, on_cancel);
    struct out *out = mem_zalloc(sizeof *out);
    *out = (struct out){.fd = -1, .owners = 1};
    snprintf(out->path, sizeof out->path, "%s", path);
    memcpy(out->unfinished, path, sizeof path);
    strcat(out->unfinished, unfinished_suffix);
    struct job *job = mem_zalloc(sizeof *job);
    job->op = OP_CREATE;
    job->out = out;
    return start(L, w, job);
}

static int start_named(lua_State *L, enum op op, size_t n, off_t offset)
{
    char path[PATH_SIZE];
    name_file(L, path);
    struct store_wait *w = wait_new(L, sizeof *w, on_cancel);
    struct job *job = mem_zalloc(sizeof *job);
    job->op = op;
    memcpy(job->path, path, sizeof path);
    job->n = n;
    job->offset = offset;
    job->data = n ? mem_alloc(n) : NULL;
    return start(L, w, job);
}

/* read(name, offset, length) -> octets */
static int l_read(lua_State *L)
{
    lua_Number offset = luaL_checknumber(L, 2), length = luaL_checknumber(L, 3);
    luaL_argcheck(L, offset >= 0 && offset <= 9007199254740991.0, 2, "expected an offset");
    luaL_argcheck(L, length >= 1 && length <= READ_MOST, 3, "expected 1 to 1048576 octets");
    return start_named(L, OP_READ, (size_t)length, (off_t)offset);
}

/* remove(name) */
static int l_remove(lua_State *L)
{
    return start_named(L, OP_REMOVE, 0, 0);
}

static struct out *check_open(lua_State *L)
{
    struct out **object = luaL_checkudata(L, 1, type);
    if (!*object || (*object)->finished)
        luaL_error(L, "the file is finished or cancelled");
    if ((*object)->busy)
        luaL_error(L, "busy: another task works on this file");
    return *object;
}

static int start_on(lua_State *L, struct out *out, enum op op, const char *data, size_t n)
{
    struct store_wait *w = wait_new(L, sizeof *w, on_cancel);
    struct job *job = mem_zalloc(sizeof *job);
    job->op = op;
    job->out = out;
    out->owners++;
    job->n = n;
    job->data = n ? mem_dup(data, n) : NULL;
    return start(L, w, job);
}

/* file:write(chunk) */
static int l_write(lua_State *L)
{
    struct out *out = check_open(L);
    size_t n;
    const char *data = luaL_checklstring(L, 2, &n);
    return start_on(L, out, OP_WRITE, data, n);
}

/* file:finish() */
static int l_finish(lua_State *L)
{
    return start_on(L, check_open(L), OP_FINISH, NULL, 0);
}

/* file:cancel(), and the collector: what a job still holds is given up when that is done. */
static int l_cancel(lua_State *L)
{
    struct out **object = luaL_checkudata(L, 1, type);
    if (*object)
        out_unref(*object);
    *object = NULL;
    return 0;
}

static const luaL_Reg methods[] = {{"cancel", l_cancel}, {NULL, NULL}};
static const luaL_Reg waiting[] = {{"write", l_write}, {"finish", l_finish}, {NULL, NULL}};

int luaopen_host_store(lua_State *L)
{
    bind_class(L, type, methods, waiting, l_cancel);
    lua_pop(L, 1);
    lua_newtable(L);
    bind_waiting(L, "create", l_create);
    bind_waiting(L, "read", l_read);
    bind_waiting(L, "remove", l_remove);
    return 1;
}
