/* loop/listen.c: opening listening sockets and accepting from them.
 *
 * accepting --EMFILE, ENFILE, ENOMEM--> exhausted --time or a resume--> accepting
 * accepting --listener_pause--> paused --listener_resume--> accepting */
#include "loop/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"

#define LISTEN_PAUSE 0.1 /* seconds */

enum {
    LISTEN_BACKLOG = 4096,
    ACCEPTS_PER_TURN = 64, /* so that a flood of connections does not keep the others from being served */
};

struct listener {
    struct loop *loop;
    struct watch watch;
    struct timer retry;
    int fd;
    bool paused;
    unsigned long exhausted;
    void (*accepted)(void *arg, int fd, const struct sockaddr *peer, size_t peer_length);
    void *arg;
};

struct endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    };
    socklen_t length;
};

static bool parse_port(const char *text, in_port_t *port)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long n = strtoul(text, &end, 10);
    if (*end || n > 65535)
        return false;
    *port = htons((in_port_t)n);
    return true;
}

static bool parse_address(const char *text, struct endpoint *ep)
{
    memset(ep, 0, sizeof *ep);
    if (strncmp(text, "unix:", 5) == 0) {
        size_t n = strlen(text + 5);
        if (n == 0 || n >= sizeof ep->local.sun_path)
            return false;
        ep->local.sun_family = AF_UNIX;
        memcpy(ep->local.sun_path, text + 5, n + 1);
        ep->length = sizeof ep->local;
        return true;
    }
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    size_t n = strlen(host);
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        ep->v6.sin6_family = AF_INET6;
        ep->length = sizeof ep->v6;
        return inet_pton(AF_INET6, host + 1, &ep->v6.sin6_addr) == 1 && parse_port(colon + 1, &ep->v6.sin6_port);
    }
    if (strcmp(host, "*") == 0) {
        ep->v6.sin6_family = AF_INET6;
        ep->length = sizeof ep->v6;
        return parse_port(colon + 1, &ep->v6.sin6_port);
    }
    ep->v4.sin_family = AF_INET;
    ep->length = sizeof ep->v4;
    return inet_pton(AF_INET, host, &ep->v4.sin_addr) == 1 && parse_port(colon + 1, &ep->v4.sin_port);
}

static void set_option(int fd, int level, int name)
{
    int on = 1;
    setsockopt(fd, level, name, &on, sizeof on);
}

/* A socket file that nobody answers on is left over from a process that died: it is removed. */
static void remove_stale_socket(const struct endpoint *ep)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, &ep->any, ep->length) < 0 && errno == ECONNREFUSED)
        unlink(ep->local.sun_path);
    close(fd);
}

int listen_open(const char *address, bool shared, char *error, size_t error_size)
{
    struct endpoint ep;
    if (!parse_address(address, &ep)) {
        snprintf(error, error_size,
                 "%s: expected an address such as \"127.0.0.1:8008\", \"[::1]:8008\", \"*:8008\" or \"unix:/path\"",
                 address);
        return -1;
    }
    int fd = socket(ep.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        goto err;
    if (ep.any.sa_family == AF_UNIX) {
        remove_stale_socket(&ep);
    } else {
        set_option(fd, SOL_SOCKET, SO_REUSEADDR);
        set_option(fd, IPPROTO_TCP, TCP_NODELAY); /* accepted sockets inherit it */
        if (shared)
            set_option(fd, SOL_SOCKET, SO_REUSEPORT);
        if (ep.any.sa_family == AF_INET6 && address[0] == '[')
            set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    }
    if (bind(fd, &ep.any, ep.length) < 0 || listen(fd, LISTEN_BACKLOG) < 0)
        goto err;
    return fd;
err:
    snprintf(error, error_size, "%s: cannot listen: %s", address, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

void listen_address_text(const struct sockaddr *address, size_t length, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (length >= sizeof(struct sockaddr_in) && address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(text, size, "%s:%u", host, (unsigned)ntohs(v4->sin_port));
    } else if (length >= sizeof(struct sockaddr_in6) && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(text, size, "[%s]:%u", host, (unsigned)ntohs(v6->sin6_port));
    } else if (length > offsetof(struct sockaddr_un, sun_path) && address->sa_family == AF_UNIX) {
        snprintf(text, size, "unix:%s", ((const struct sockaddr_un *)address)->sun_path);
    } else {
        snprintf(text, size, "unix:");
    }
}

bool listen_address(int fd, char *text, size_t size)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return false;
    listen_address_text((struct sockaddr *)&address, length, text, size);
    return true;
}

static void on_readable(struct watch *w, unsigned events);

static struct listener *listener_of_watch(struct watch *w)
{
    return (struct listener *)((char *)w - offsetof(struct listener, watch));
}

static void start(struct listener *l)
{
    watch_start(&l->watch, l->loop, l->fd, WATCH_READ, on_readable);
}

static void exhausted(struct listener *l)
{
    if (l->exhausted++ == 0)
        log_write(LOG_WARN, "accepting pauses: no descriptors or memory left", log_str("reason", strerror(errno)),
                  LOG_END);
    watch_stop(&l->watch);
    timer_start(&l->retry, LISTEN_PAUSE);
}

static void accept_up_to(struct listener *l, int most)
{
    for (int i = 0; i < most && l->watch.events; i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int fd = accept4(l->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            l->accepted(l->arg, fd, (struct sockaddr *)&peer, length);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            exhausted(l);
            return;
        }
        /* ECONNABORTED and other errors of the one connection: the next may be good (accept(2)) */
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
    }
}

static void on_readable(struct watch *w, unsigned events)
{
    (void)events;
    accept_up_to(listener_of_watch(w), ACCEPTS_PER_TURN);
}

void listener_empty(struct listener *l)
{
    accept_up_to(l, LISTEN_BACKLOG);
}

static void on_retry(struct timer *t)
{
    struct listener *l = (struct listener *)((char *)t - offsetof(struct listener, retry));
    if (!l->paused)
        start(l);
}

struct listener *listener_new(struct loop *loop, int fd,
                              void (*accepted)(void *arg, int fd, const struct sockaddr *peer, size_t peer_length),
                              void *arg)
{
    struct listener *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->loop = loop;
    l->fd = fd;
    l->accepted = accepted;
    l->arg = arg;
    timer_init(&l->retry, loop, on_retry);
    start(l);
    return l;
}

void listener_pause(struct listener *l)
{
    l->paused = true;
    watch_stop(&l->watch);
}

void listener_resume(struct listener *l)
{
    l->paused = false;
    timer_stop(&l->retry);
    start(l);
}

unsigned long listener_exhausted(const struct listener *l)
{
    return l->exhausted;
}

void listener_free(struct listener *l)
{
    if (!l)
        return;
    watch_stop(&l->watch);
    timer_stop(&l->retry);
    free(l);
}
