#include "client/http_client.h"

#include "base/mem.h"
#include "client/address.h"
#include "client/transfer.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <curl/curl.h>

#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    HEADERS_MAX = 64 * 1024, /* octets of an answer's header lines */
    PAUSE_AT = 256 * 1024,   /* octets of a streamed body that may wait to be taken */
};

static const double connect_limit = 10; /* seconds */

struct http_client {
    struct loop *loop;
    struct transfers *transfers;
    struct http_request *all;
    struct http_request *told; /* those whose owners must be told something at the end of the turn */
    bool deferred;
};

/* What is to be told. */
enum { TELL_HEAD = 1, TELL_DATA = 2, TELL_DONE = 4 };

struct http_request {
    struct transfer transfer; /* first */
    struct http_client *client;
    struct http_request *next, **link; /* client->all */
    struct http_request *next_told;    /* client->told, while tell is not 0 */
    const struct http_events *events;
    void *arg;
    struct curl_slist *headers_out;
    struct timer limit, idle;
    double timeout, idle_timeout;
    size_t body_limit, received;
    curl_off_t moved; /* octets in both directions, when idle was restarted */
    bool stream, public_only, typed;
    bool head, paused, done;
    bool forbidden, too_large;
    int redirects;
    unsigned tell;
    struct buf headers; /* "name: value\n" of the last answer */
    bool location;
    struct buf body;
    const char *code, *message;
    char detail[CURL_ERROR_SIZE];
};

/* ---- Telling: never from within libcurl, which must not be re-entered ---- */

static void deliver(void *arg)
{
    struct http_client *client = arg;
    client->deferred = false;
    while (client->told) {
        struct http_request *r = client->told;
        client->told = r->next_told;
        unsigned tell = r->tell;
        r->tell = 0;
        /* The owner may free r in the callback, so one is the last thing that happens here. */
        if (tell & TELL_DONE)
            r->events->on_done(r, r->code, r->message);
        else if (tell & TELL_HEAD)
            r->events->on_head(r);
        else
            r->events->on_data(r);
    }
}

static void tell(struct http_request *r, unsigned what)
{
    struct http_client *client = r->client;
    if (r->tell == 0) {
        r->next_told = client->told;
        client->told = r;
    }
    r->tell |= what;
    if (!client->deferred) {
        client->deferred = true;
        loop_defer(client->loop, deliver, client);
    }
}

static void stop(struct http_request *r)
{
    transfer_stop(&r->transfer); /* may report progress once more: timers come after */
    timer_stop(&r->limit);
    timer_stop(&r->idle);
}

static void finish(struct http_request *r, const char *code, const char *message)
{
    stop(r);
    r->done = true;
    r->code = code;
    r->message = message;
    tell(r, TELL_DONE);
}

static const char *code_of(const struct http_request *r, CURLcode result)
{
    if (r->too_large)
        return "too_large";
    if (result == CURLE_TOO_MANY_REDIRECTS || (result == CURLE_COULDNT_CONNECT && r->forbidden))
        return "forbidden";
    return transfer_code(result);
}

static const char *message_of(const struct http_request *r, CURLcode result)
{
    if (r->too_large)
        return "the answer is longer than the limit";
    if (result == CURLE_COULDNT_CONNECT && r->forbidden)
        return "the address is not public";
    return r->detail[0] ? r->detail : curl_easy_strerror(result);
}

static void on_result(struct transfer *t, CURLcode result)
{
    struct http_request *r = (struct http_request *)t;
    finish(r, code_of(r, result), message_of(r, result));
}

/* ---- One request's callbacks ---- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_request *r = arg;
    if (r->public_only && !address_is_public(&address->addr)) {
        r->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void head_is_there(struct http_request *r)
{
    r->head = true;
    if (r->stream) {
        timer_stop(&r->limit);
        tell(r, TELL_HEAD);
    }
}

static bool is_followed(const struct http_request *r)
{
    int status = http_status(r);
    return r->redirects > 0 && r->location && status >= 300 && status < 400;
}

static void add_header(struct http_request *r, struct str line)
{
    struct str value = line, name = str_cut(&value, ':');
    if (!value.p)
        return; /* the status line */
    for (size_t i = 0; i < name.n; i++)
        buf_append_char(&r->headers, ascii_lower(name.p[i]));
    buf_append(&r->headers, ": ", 2);
    buf_append_str(&r->headers, str_trim(value));
    buf_append_char(&r->headers, '\n');
    r->location |= str_ieq(name, STR("location"));
}

/* One line of the head, CRLF included. A new status line (after 100, or a redirect) begins it anew; what comes after
 * the head is a trailer, which nobody here asks for. */
static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct http_request *r = arg;
    size_t n = size * count;
    struct str line = {data, n};
    if (r->head)
        return n;
    if (r->headers.len + n > HEADERS_MAX) {
        r->too_large = true;
        return 0;
    }
    while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
        line.n--;
    if (str_starts(line, STR("HTTP/"))) {
        buf_clear(&r->headers);
        r->location = false;
    } else if (line.n > 0) {
        add_header(r, line);
    } else if (http_status(r) >= 200 && !is_followed(r)) {
        head_is_there(r);
    }
    return n;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_request *r = arg;
    size_t n = size * count;
    if (r->stream && r->body.len >= PAUSE_AT) {
        r->paused = true;
        timer_stop(&r->idle); /* our reader is slow, not the server */
        return CURL_WRITEFUNC_PAUSE;
    }
    r->received += n;
    if (r->received > r->body_limit) {
        r->too_large = true;
        return 0;
    }
    buf_append(&r->body, data, n);
    if (r->stream)
        tell(r, TELL_DATA);
    return n;
}

/* Called often by libcurl; restarts the idle limit whenever something moved. */
static int on_progress(void *arg, curl_off_t total_in, curl_off_t in, curl_off_t total_out, curl_off_t out)
{
    (void)total_in, (void)total_out;
    struct http_request *r = arg;
    if (r->transfer.running && in + out != r->moved && !r->paused) {
        r->moved = in + out;
        timer_start(&r->idle, r->idle_timeout);
    }
    return 0;
}

static void on_limit(struct timer *t)
{
    finish((struct http_request *)((char *)t - offsetof(struct http_request, limit)), "timeout",
           "the answer takes too long");
}

static void on_idle(struct timer *t)
{
    finish((struct http_request *)((char *)t - offsetof(struct http_request, idle)), "timeout",
           "the server has fallen silent");
}

/* ---- Making a request ---- */

static bool is_method(const char *method)
{
    size_t n = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return n > 0 && n <= 16 && method[n] == '\0';
}

static void set_method(CURL *easy, const struct http_options *o)
{
    const char *method = o->method ? o->method : o->body.p ? "POST" : "GET";
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    bool post = strcmp(method, "POST") == 0;
    if (post || o->body.p) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, o->body.p ? o->body.p : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)o->body.n);
    }
    if (!post)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_options(struct http_request *r, const struct http_options *o)
{
    CURL *easy = r->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_URL, o->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->detail);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_limit * 1000));
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, o->redirects > 0 ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)o->redirects);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, r);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, r);
    if (o->public_only) { /* on a connection of its own, whose address was looked at; a proxy would hide it */
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
    set_method(easy, o);
}

/* http or https with a host, without control characters. */
static bool is_url(const char *url)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL;
    bool ok = parsed && curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
              curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return ok;
}

struct http_request *http_request_new(struct http_client *client, const struct http_options *o,
                                      const struct http_events *events, void *arg, const char **code,
                                      const char **message)
{
    *code = "bad_url";
    *message = "expected an http or https URL";
    if (!is_url(o->url))
        return NULL;
    *message = "expected a method such as GET";
    if (o->method && !is_method(o->method))
        return NULL;
    struct http_request *r = mem_zalloc(sizeof *r);
    r->client = client;
    r->events = events;
    r->arg = arg;
    r->timeout = o->timeout;
    r->idle_timeout = o->idle_timeout;
    r->body_limit = o->limit;
    r->stream = o->stream;
    r->public_only = o->public_only;
    r->redirects = o->redirects;
    r->transfer.on_result = on_result;
    r->transfer.easy = curl_easy_init();
    if (!r->transfer.easy)
        abort(); /* without memory; see base/mem.h */
    timer_init(&r->limit, client->loop, on_limit);
    timer_init(&r->idle, client->loop, on_idle);
    set_options(r, o);
    r->next = client->all;
    r->link = &client->all;
    if (r->next)
        r->next->link = &r->next;
    client->all = r;
    return r;
}

static bool is_token(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] <= ' ' || (unsigned char)name.p[i] > '~' ||
            strchr("()<>@,;:\\\"/[]?={}", name.p[i]))
            return false;
    return name.n > 0;
}

bool http_request_header(struct http_request *r, struct str name, struct str value)
{
    static const char *const refused[] = {"content-length", "transfer-encoding", "connection", "host", "expect", NULL};
    for (const char *const *word = refused; *word; word++)
        if (str_ieq(name, str_from(*word)))
            return false;
    for (size_t i = 0; i < value.n; i++)
        if (((unsigned char)value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f)
            return false;
    if (!is_token(name))
        return false;
    struct buf line = {0};
    if (value.n > 0)
        buf_printf(&line, "%.*s: %.*s", STR_ARG(name), STR_ARG(value));
    else
        buf_printf(&line, "%.*s;", STR_ARG(name)); /* how libcurl is told of an empty one */
    r->headers_out = curl_slist_append(r->headers_out, buf_cstr(&line));
    r->typed |= str_ieq(name, STR("content-type"));
    buf_free(&line);
    return true;
}

void http_start(struct http_request *r)
{
    if (!r->typed)
        r->headers_out = curl_slist_append(r->headers_out, "Content-Type:"); /* or libcurl would invent one */
    r->headers_out = curl_slist_append(r->headers_out, "Expect:");
    curl_easy_setopt(r->transfer.easy, CURLOPT_HTTPHEADER, r->headers_out);
    timer_start(&r->limit, r->timeout);
    timer_start(&r->idle, r->idle_timeout);
    transfer_start(r->client->transfers, &r->transfer);
}

void http_request_free(struct http_request *r)
{
    stop(r);
    if (r->tell) {
        struct http_request **link = &r->client->told;
        while (*link != r)
            link = &(*link)->next_told;
        *link = r->next_told;
    }
    *r->link = r->next;
    if (r->next)
        r->next->link = r->link;
    curl_easy_cleanup(r->transfer.easy);
    curl_slist_free_all(r->headers_out);
    buf_free(&r->headers);
    buf_free(&r->body);
    free(r);
}

/* ---- Answers ---- */

void *http_arg(const struct http_request *r)
{
    return r->arg;
}

int http_status(const struct http_request *r)
{
    long status = 0;
    curl_easy_getinfo(r->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

void http_headers(const struct http_request *r, void (*each)(void *arg, struct str name, struct str value), void *arg)
{
    struct str rest = buf_str(&r->headers);
    while (rest.n > 0) {
        struct str line = str_cut(&rest, '\n'), name = str_cut(&line, ':');
        each(arg, name, str_trim(line));
    }
}

struct str http_body(const struct http_request *r)
{
    return buf_str(&r->body);
}

void http_take(struct http_request *r)
{
    buf_clear(&r->body);
    if (!r->paused || r->done)
        return;
    r->paused = false;
    timer_start(&r->idle, r->idle_timeout);
    curl_easy_pause(r->transfer.easy, CURLPAUSE_CONT);
}

bool http_is_done(const struct http_request *r, const char **code, const char **message)
{
    *code = r->code;
    *message = r->message;
    return r->done;
}

/* ---- The client ---- */

struct http_client *http_client_new(struct loop *loop)
{
    struct http_client *client = mem_zalloc(sizeof *client);
    client->loop = loop;
    client->transfers = transfers_new(loop);
    return client;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    for (struct http_request *r = client->all, *next; r; r = next) {
        next = r->next;
        if (!r->done)
            finish(r, "closed", "the worker stops");
    }
    deliver(client); /* owners may free theirs */
    while (client->all)
        http_request_free(client->all);
    transfers_free(client->transfers);
    loop_undefer(client->loop, deliver, client);
    free(client);
}

struct transfers *http_client_transfers(struct http_client *client)
{
    return client->transfers;
}
