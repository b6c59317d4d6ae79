/* vm/set_build.c: reads and compiles what a set consists of, and seals it. Called by process/candidate.c, in a process
 * of its own: it may take its time and use what memory it is allowed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "vm/forbidden.h"
#include "vm/loader.h"
#include "vm/read_file.h"
#include "vm/set_format.h"
#include "vm/settings.h"

enum { DEPTH_MAX = 32, SCRIPT_MAX = 4 << 20, ASSET_MAX = 32 << 20, ENTRIES_MAX = 20000 };

struct item {
    enum set_kind kind;
    char *name;
    char *file;      /* as messages name it */
    struct buf own;  /* what was read or compiled now */
    struct str data; /* that, or bytecode of the set before */
    char digest[64];
};

struct build {
    const struct settings *settings;
    const struct set *before; /* whose bytecode is taken where the script is the same; NULL: none */
    const char *root;
    struct buf *error;
    lua_State *L; /* compiles; runs nothing */
    EVP_MD_CTX *hash;
    struct item *items;
    size_t count, capacity;
    bool failed;
};

static void fail(struct build *b, const char *file, const char *problem)
{
    if (!b->failed)
        buf_printf(b->error, "%s: %s", file, problem);
    b->failed = true;
}

/* Paths are shown as they stand in the configuration: from the root. */
static const char *shown(const struct build *b, const char *path)
{
    size_t n = strlen(b->root);
    return strncmp(path, b->root, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

/* Of one text behind the other. */
static void digest(struct build *b, struct str one, struct str other, char out[64])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    EVP_DigestInit_ex(b->hash, EVP_sha256(), NULL);
    EVP_DigestUpdate(b->hash, one.p, one.n);
    EVP_DigestUpdate(b->hash, other.p, other.n);
    EVP_DigestFinal_ex(b->hash, sum, NULL);
    for (int i = 0; i < 32; i++) {
        out[2 * i] = "0123456789abcdef"[sum[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
    }
}

static struct item *add(struct build *b, enum set_kind kind, const char *name, const char *file)
{
    if (b->count == b->capacity) {
        b->capacity = b->capacity ? b->capacity * 2 : 256;
        b->items = mem_realloc(b->items, b->capacity * sizeof *b->items);
    }
    struct item *item = &b->items[b->count++];
    *item = (struct item){.kind = kind, .name = mem_dup(name, strlen(name)), .file = mem_dup(file, strlen(file))};
    if (b->count > ENTRIES_MAX)
        fail(b, file, "the set has more than 20000 files");
    return item;
}

static bool read_into(struct build *b, const char *path, size_t limit, struct buf *out)
{
    struct buf problem = {0};
    bool good = read_file(path, limit, out, &problem);
    if (!good)
        fail(b, shown(b, path), buf_cstr(&problem));
    buf_free(&problem);
    return good;
}

/* ---- scripts ---- */

static int append_chunk(lua_State *L, const void *p, size_t n, void *ud)
{
    (void)L;
    buf_append(ud, p, n);
    return 0;
}

/* "web/router.lua" → "web.router", "x/init.lua" → "x" */
static char *module_name(const char *relative)
{
    size_t n = strlen(relative) - strlen(".lua");
    if (n > 5 && strncmp(relative + n - 5, "/init", 5) == 0)
        n -= 5;
    char *name = mem_dup(relative, n);
    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '.';
    return name;
}

static bool compiled_before(const struct build *b, struct item *item)
{
    const struct set_entry *entry = b->before ? set_find(b->before, SET_MODULE, str_from(item->name)) : NULL;
    if (!entry || memcmp(entry->digest.p, item->digest, sizeof item->digest) != 0)
        return false;
    item->data = entry->data;
    return true;
}

static void compile(struct build *b, struct item *item, struct str source)
{
    lua_State *L = b->L;
    /* Bytecode holds its file's name, so the same source in another file is another script. */
    digest(b, str_of(item->file, strlen(item->file) + 1), source, item->digest);
    if (compiled_before(b, item))
        return;
    if (source.n > 0 && source.p[0] == '\x1b') {
        fail(b, item->file, "bytecode; a script is source text");
        return;
    }
    lua_pushfstring(L, "@%s", item->file);
    if (luaL_loadbufferx(L, source.p, source.n, lua_tostring(L, -1), "t") != 0) {
        if (!b->failed)
            buf_printf(b->error, "%s", lua_tostring(L, -1));
        b->failed = true;
    } else if (forbidden_find(source, item->file, b->error)) {
        b->failed = true;
    } else {
        lua_dump(L, append_chunk, &item->own);
        item->data = buf_str(&item->own);
    }
    lua_settop(L, 0);
}

static void add_script(struct build *b, const char *path, const char *relative)
{
    struct buf source = {0};
    if (read_into(b, path, SCRIPT_MAX, &source)) {
        char *name = module_name(relative);
        compile(b, add(b, SET_MODULE, name, shown(b, path)), buf_str(&source));
        free(name);
    }
    buf_free(&source);
}

/* data is the set's from now on. */
static void add_file(struct build *b, enum set_kind kind, const char *name, const char *path, struct buf data)
{
    struct item *item = add(b, kind, name, shown(b, path));
    item->own = data;
    item->data = buf_str(&item->own);
    digest(b, item->data, STR_NULL, item->digest);
}

static void add_asset(struct build *b, const char *path, const char *relative)
{
    (void)relative;
    struct buf data = {0};
    if (read_into(b, path, ASSET_MAX, &data))
        add_file(b, SET_ASSET, shown(b, path), path, data);
}

/* ---- folders ---- */

typedef void visit_fn(struct build *b, const char *path, const char *relative);

/* Stubs describe host modules and commands run by themselves, outside of the server: neither is served. */
static bool served(const char *relative)
{
    return strcmp(relative, "host") != 0 && strcmp(relative, "commands") != 0;
}

static bool ends_in_lua(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".lua") == 0;
}

static void walk(struct build *b, const char *folder, const char *relative, bool scripts, int depth)
{
    struct dirent **list = NULL;
    int n = depth > DEPTH_MAX ? (errno = ELOOP, -1) : scandir(folder, &list, NULL, alphasort);
    if (n < 0)
        fail(b, shown(b, folder), strerror(errno));
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        struct buf path = {0}, below = {0};
        struct stat st;
        buf_printf(&path, "%s/%s", folder, name);
        buf_printf(&below, "%s%s%s", relative, *relative ? "/" : "", name);
        bool wanted = name[0] != '.' && !b->failed && (!scripts || served(buf_cstr(&below)));
        if (!wanted)
            ;
        else if (stat(buf_cstr(&path), &st) != 0)
            fail(b, shown(b, buf_cstr(&path)), strerror(errno));
        else if (S_ISDIR(st.st_mode))
            walk(b, buf_cstr(&path), buf_cstr(&below), scripts, depth + 1);
        else if (!scripts || ends_in_lua(name))
            (scripts ? add_script : add_asset)(b, buf_cstr(&path), buf_cstr(&below));
        buf_free(&path);
        buf_free(&below);
        free(list[i]);
    }
    free(list);
}

static void add_root(void *arg, const char *name, const struct setting *setting)
{
    (void)name;
    walk(arg, setting->text, "", true, 0);
}

static void add_asset_folder(void *arg, const char *name, const struct setting *setting)
{
    struct build *b = arg;
    struct stat st;
    (void)name;
    if (stat(setting->text, &st) == 0 && S_ISREG(st.st_mode))
        add_asset(b, setting->text, "");
    else
        walk(b, setting->text, "", false, 0);
}

/* ---- certificates ---- */

static void add_pem(struct build *b, const char *service, const char *index, const char *field)
{
    struct buf path = {0}, data = {0};
    buf_printf(&path, "services.%s.tls.%s.%s", service, index, field);
    const struct setting *file = settings_find(b->settings, buf_cstr(&path));
    if (file && read_into(b, file->text, SCRIPT_MAX, &data))
        add_file(b, SET_CERTIFICATE, file->text, file->text, data);
    buf_free(&path);
}

struct tls_walk {
    struct build *build;
    const char *service;
};

static void add_tls(void *arg, const char *name, const struct setting *setting)
{
    struct tls_walk *w = arg;
    (void)setting;
    add_pem(w->build, w->service, name, "certificate");
    add_pem(w->build, w->service, name, "key");
}

static void add_service(void *arg, const char *name, const struct setting *setting)
{
    struct tls_walk w = {arg, name};
    struct buf path = {0};
    (void)setting;
    buf_printf(&path, "services.%s.tls", name);
    if (settings_find(w.build->settings, buf_cstr(&path)))
        settings_each(w.build->settings, buf_cstr(&path), add_tls, &w);
    buf_free(&path);
}

/* ---- the memory file ---- */

static int by_name(const void *x, const void *y)
{
    const struct item *a = x, *b = y;
    return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->name, b->name);
}

/* One name must mean one file. A certificate or asset that is named twice is the same file. */
static void drop_doubles(struct build *b)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->count; i++) {
        struct item *item = &b->items[i], *last = kept ? &b->items[kept - 1] : NULL;
        if (!last || by_name(last, item) != 0) {
            b->items[kept++] = *item;
            continue;
        }
        if (item->kind == SET_MODULE && !b->failed) {
            buf_printf(b->error, "%s: module %s is also in %s: a name belongs to one file", item->file, item->name,
                       last->file);
            b->failed = true;
        }
        free(item->name);
        free(item->file);
        buf_free(&item->own);
    }
    b->count = kept;
}

static bool write_all(int fd, struct str data)
{
    while (data.n > 0) {
        ssize_t n = write(fd, data.p, data.n);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            data = str_of(data.p + n, data.n - (size_t)n);
    }
    return true;
}

/* Header, records and names; the data, each with a NUL behind it, follows. */
static void describe(const struct build *b, struct buf *head)
{
    struct set_header header = {.magic = SET_MAGIC, .count = b->count};
    uint64_t name = sizeof header + b->count * sizeof(struct set_record), data = name;
    for (size_t i = 0; i < b->count; i++)
        data += strlen(b->items[i].name) + 1;
    buf_append(head, &header, sizeof header);
    for (size_t i = 0; i < b->count; i++) {
        const struct item *item = &b->items[i];
        struct set_record r = {.kind = item->kind, .name = name, .data = data, .data_length = item->data.n};
        r.name_length = (uint32_t)strlen(item->name);
        memcpy(r.digest, item->digest, sizeof r.digest);
        buf_append(head, &r, sizeof r);
        name += r.name_length + 1;
        data += item->data.n + 1;
    }
    for (size_t i = 0; i < b->count; i++)
        buf_append(head, b->items[i].name, strlen(b->items[i].name) + 1);
}

static bool write_set(const struct build *b, int fd)
{
    struct buf head = {0};
    describe(b, &head);
    bool good = write_all(fd, buf_str(&head));
    buf_free(&head);
    for (size_t i = 0; good && i < b->count; i++)
        good = write_all(fd, b->items[i].data) && write_all(fd, str_of("", 1));
    return good;
}

static int seal(struct build *b)
{
    int fd = memfd_create("toolbox-set", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 &&
        (!write_set(b, fd) || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)) {
        close(fd);
        fd = -1;
    }
    if (fd < 0)
        fail(b, "the accepted set", strerror(errno));
    return fd;
}

static int build_set(const struct settings *settings, const struct set *before, bool assets_only, struct buf *error)
{
    struct build b = {.settings = settings,
                      .before = before,
                      .root = settings_root(settings),
                      .error = error,
                      .L = luaL_newstate(),
                      .hash = EVP_MD_CTX_new()};
    struct buf packed = {0};
    int fd = -1;
    settings_pack(settings, &packed);
    add_file(&b, SET_SETTINGS, "", "settings", packed);
    if (!assets_only)
        settings_each(settings, "roots", add_root, &b);
    if (settings_find(settings, "assets"))
        settings_each(settings, "assets", add_asset_folder, &b);
    if (!assets_only && settings_find(settings, "services"))
        settings_each(settings, "services", add_service, &b);
    qsort(b.items, b.count, sizeof *b.items, by_name);
    drop_doubles(&b);
    if (!b.failed)
        fd = seal(&b);
    for (size_t i = 0; i < b.count; i++) {
        free(b.items[i].name);
        free(b.items[i].file);
        buf_free(&b.items[i].own);
    }
    free(b.items);
    EVP_MD_CTX_free(b.hash);
    lua_close(b.L);
    return fd;
}

int set_build(const struct settings *settings, const struct set *before, struct buf *error)
{
    return build_set(settings, before, false, error);
}

int set_build_assets(const struct settings *settings, struct buf *error)
{
    return build_set(settings, NULL, true, error);
}
