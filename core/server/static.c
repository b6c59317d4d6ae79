/* server/static.c: files of a folder: type by extension, entity tag, conditional requests, one range (several get the
 * whole file, RFC 9110 §14.2), sendfile. Small text files are compressed like any answer.
 *
 * Files are opened on the loop, on purpose: these folders hold the program's own assets on a local disk, which the
 * kernel has in memory after their first use. An open file is asked about once a second at most (file.c), and one turn
 * reads at most COMPRESSED_FILE_MAX octets or what a socket takes by sendfile. Files that people upload are read by
 * host.store, in the thread pool. */
#include "server/static.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "proto/conditional.h"
#include "proto/url.h"
#include "server/state.h"

enum { PATH_MAX_OCTETS = 1024, COMPRESSED_FILE_MAX = 512 * 1024 };

static struct str type_of(struct str path)
{
    static const struct {
        struct str extension, type;
    } types[] = {
        {{"html", 4}, {"text/html; charset=utf-8", 24}},
        {{"css", 3}, {"text/css; charset=utf-8", 23}},
        {{"js", 2}, {"text/javascript; charset=utf-8", 30}},
        {{"mjs", 3}, {"text/javascript; charset=utf-8", 30}},
        {{"json", 4}, {"application/json", 16}},
        {{"map", 3}, {"application/json", 16}},
        {{"txt", 3}, {"text/plain; charset=utf-8", 25}},
        {{"md", 2}, {"text/markdown; charset=utf-8", 28}},
        {{"luau", 4}, {"text/plain; charset=utf-8", 25}},
        {{"xml", 3}, {"application/xml", 15}},
        {{"svg", 3}, {"image/svg+xml", 13}},
        {{"png", 3}, {"image/png", 9}},
        {{"jpg", 3}, {"image/jpeg", 10}},
        {{"jpeg", 4}, {"image/jpeg", 10}},
        {{"gif", 3}, {"image/gif", 9}},
        {{"webp", 4}, {"image/webp", 10}},
        {{"ico", 3}, {"image/x-icon", 12}},
        {{"woff2", 5}, {"font/woff2", 10}},
        {{"wasm", 4}, {"application/wasm", 16}},
        {{"pdf", 3}, {"application/pdf", 15}},
        {{"mp3", 3}, {"audio/mpeg", 10}},
        {{"mp4", 3}, {"video/mp4", 9}},
        {{"webmanifest", 11}, {"application/manifest+json", 25}},
    };
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != '.' && path.p[at - 1] != '/')
        at--;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (at > 0 && path.p[at - 1] == '.' && str_ieq(str_of(path.p + at, path.n - at), types[i].extension))
            return types[i].type;
    return STR("application/octet-stream");
}

static struct open_file *open_below(struct request *r, const struct folder *folder, struct str path)
{
    char full[PATH_MAX_OCTETS];
    if (!url_path_is_plain(path) || path.n == 0 || path.p[path.n - 1] == '/') {
        errno = ENOENT;
        return NULL;
    }
    int n = snprintf(full, sizeof full, "%s%.*s", folder->path, STR_ARG(path));
    if (n < 0 || (size_t)n >= sizeof full) {
        errno = ENOENT;
        return NULL;
    }
    return file_cache_open(r->server->files, full);
}

/* The whole file in memory, compressed if the client takes that; false if it cannot be read. */
static bool send_text(struct request *r, struct response *response, struct open_file *file, size_t size)
{
    char *octets = arena_alloc(&r->arena, size);
    if (pread(open_file_fd(file), octets, size, 0) != (ssize_t)size)
        return false;
    response_send(r, response, str_of(octets, size));
    return true;
}

/* Small text files are compressed like any answer. */
static bool may_be_compressed(struct request *r, struct response *response, uint64_t size)
{
    return size > 0 && size <= COMPRESSED_FILE_MAX && r->compress_least >= 0 && size >= (uint64_t)r->compress_least &&
           compress_vary(r, response);
}

static void send_range(struct request *r, struct response *response, struct open_file *file,
                       const struct validators *validators, bool compressed)
{
    const struct file_facts *facts = open_file_facts(file);
    const struct http1_head *head = &r->parser.head;
    uint64_t first = 0, last = facts->size - 1;
    char text[80];
    enum range_result range = RANGE_NONE;
    if (head->method == HTTP_GET)
        range = range_parse(http1_value(head, HTTP_FIELD_RANGE), http1_value(head, HTTP_FIELD_IF_RANGE), validators,
                            facts->size, &first, &last);
    if (range == RANGE_UNSATISFIABLE) {
        int n = snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)facts->size);
        response->status = 416;
        response_add(response, STR("Content-Range"), str_of(text, (size_t)n));
        response_send(r, response, STR_NULL);
        return;
    }
    if (range == RANGE_ONE) {
        int n = snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)first, (unsigned long long)last,
                         (unsigned long long)facts->size);
        response->status = 206;
        response_add(response, STR("Content-Range"), str_of(text, (size_t)n));
        response_send_file(r, response, file, first, last - first + 1);
        return;
    }
    if (!compressed || !head->known[HTTP_FIELD_ACCEPT_ENCODING] || !send_text(r, response, file, (size_t)facts->size))
        response_send_file(r, response, file, 0, facts->size);
}

static void send_found(struct request *r, struct response *response, struct open_file *file)
{
    const struct file_facts *facts = open_file_facts(file);
    char modified[HTTP_DATE_SIZE];
    bool compressed = may_be_compressed(r, response, facts->size);
    clock_format_http(facts->modified, modified);
    response_add(response, STR("ETag"), str_from(facts->etag));
    response_add(response, STR("Last-Modified"), str_of(modified, sizeof modified));
    struct preconditions asked = {
        .if_match = request_header(r, STR("if-match")),
        .if_none_match = request_header(r, STR("if-none-match")),
        .if_modified_since = http1_value(&r->parser.head, HTTP_FIELD_IF_MODIFIED_SINCE),
        .if_unmodified_since = http1_value(&r->parser.head, HTTP_FIELD_IF_UNMODIFIED_SINCE),
    };
    struct validators validators = {str_from(facts->etag), facts->modified, true};
    int status = precondition_check(&asked, &validators, true);
    if (status) {
        response->status = status;
        response_send(r, response, STR_NULL);
        return;
    }
    response_add(response, STR("Accept-Ranges"), STR("bytes"));
    send_range(r, response, file, &validators, compressed);
}

static void send_file(struct request *r, struct response *response, struct open_file *file, struct str path)
{
    if (!response_find(response, STR("content-type")).p)
        response_add(response, STR("Content-Type"), type_of(path));
    if (!response_find(response, STR("cache-control")).p)
        response_add(response, STR("Cache-Control"), STR("no-cache")); /* may be kept, is asked about each time */
    response_add(response, STR("X-Content-Type-Options"), STR("nosniff"));
    send_found(r, response, file);
    open_file_release(file);
}

bool static_send(struct request *r, struct response *response, struct str path)
{
    for (const struct folder *f = r->service->folders; f; f = f->next) {
        struct str below = path;
        if (str_starts(path, f->prefix))
            below = str_of(path.p + f->prefix.n - 1, path.n - f->prefix.n + 1);
        struct open_file *file = open_below(r, f, below);
        if (!file)
            continue;
        send_file(r, response, file, path);
        return true;
    }
    return false;
}

bool static_answer(struct request *r)
{
    const struct folder *folder = r->service->folders;
    while (folder && !str_starts(r->path, folder->prefix))
        folder = folder->next;
    if (!folder)
        return false;
    struct response response;
    response_init(&response, 200);
    memcpy(r->label, "static", 7);
    enum http_method method = r->parser.head.method;
    if (method != HTTP_GET && method != HTTP_HEAD) {
        response_add(&response, STR("Allow"), STR("GET, HEAD"));
        response.status = 405;
        response_send(r, &response, STR_NULL);
        return true;
    }
    struct str below = str_of(r->path.p + folder->prefix.n - 1, r->path.n - folder->prefix.n + 1);
    struct open_file *file = open_below(r, folder, below);
    if (file)
        send_file(r, &response, file, below);
    else if (errno == EMFILE || errno == ENFILE)
        response_refuse(r, 503, STR("No descriptors are left."));
    else
        response_refuse(r, 404, STR("There is no such file."));
    return true;
}
