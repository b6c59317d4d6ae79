/* process/control.c: see control.h. */
#include "process/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/poll.h"

enum { LINE_MAX_LENGTH = 64, CLIENTS_MAX = 32 };

struct control_client {
    struct watch watch;
    struct control *control;
    struct control_client *next, **link;
    char line[LINE_MAX_LENGTH + 1];
    size_t length;
    bool asked;
};

struct control {
    struct loop *loop;
    struct watch watch;
    char *path;
    int lock, fd;
    unsigned count;
    struct control_client *clients;
    void (*command)(void *arg, struct control_client *client, const char *line);
    void *arg;
};

/* ---- the server's end ---- */

static void client_free(struct control_client *client)
{
    int fd = client->watch.fd;
    watch_stop(&client->watch);
    close(fd);
    *client->link = client->next;
    if (client->next)
        client->next->link = client->link;
    client->control->count--;
    free(client);
}

void control_answer(struct control_client *client, bool good, const char *text)
{
    struct buf out = {0};
    buf_printf(&out, "%s\n%s", good ? "ok" : "error", text);
    /* A Unix socket's buffer takes far more than an answer; a client that cannot take it has gone. */
    if (send(client->watch.fd, out.data, out.len, MSG_NOSIGNAL) < 0)
        out.len = 0;
    buf_free(&out);
    client_free(client);
}

static void on_client(struct watch *w, unsigned events)
{
    struct control_client *client = (struct control_client *)w;
    (void)events;
    ssize_t n = read(w->fd, client->line + client->length, LINE_MAX_LENGTH - client->length);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* gone: but a stop that it asked for goes on */
        if (!client->asked)
            client_free(client);
        else
            watch_stop(w);
        return;
    }
    client->length += (size_t)n;
    client->line[client->length] = '\0';
    char *end = memchr(client->line, '\n', client->length);
    if (end && !client->asked) {
        *end = '\0';
        client->asked = true;
        client->control->command(client->control->arg, client, client->line);
    } else if (!end && client->length == LINE_MAX_LENGTH) {
        control_answer(client, false, "unknown command");
    }
}

static void on_connect(struct watch *w, unsigned events)
{
    struct control *c = (struct control *)((char *)w - offsetof(struct control, watch));
    (void)events;
    int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (c->count >= CLIENTS_MAX) {
        close(fd);
        return;
    }
    struct control_client *client = mem_zalloc(sizeof *client);
    client->control = c;
    client->next = c->clients;
    client->link = &c->clients;
    if (client->next)
        client->next->link = &client->next;
    c->clients = client;
    c->count++;
    watch_start(&client->watch, c->loop, fd, WATCH_READ, on_client);
}

static void make_folders(const char *path)
{
    char *copy = mem_dup(path, strlen(path));
    for (char *p = copy + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(copy, 0755); /* what fails here shows when the socket is made */
        *p = '/';
    }
    free(copy);
}

static bool fill_address(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path)
        return false;
    memcpy(address->sun_path, path, strlen(path));
    return true;
}

/* The lock tells a server that lives from a socket that one left behind; it is freed with the process, however it ends.
 */
static int take_lock(const char *path, struct buf *error)
{
    struct buf name = {0};
    buf_printf(&name, "%s.lock", path);
    int fd = open(buf_cstr(&name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        buf_printf(error, "control socket: %s: %s", buf_cstr(&name), strerror(errno));
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        buf_printf(error, "control socket %s: another server uses it", path);
        close(fd);
        fd = -1;
    }
    buf_free(&name);
    return fd;
}

static int open_socket(const char *path, struct buf *error)
{
    struct sockaddr_un address;
    if (!fill_address(&address, path)) {
        buf_printf(error, "control socket %s: the path is longer than %zu octets", path, sizeof address.sun_path - 1);
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177);
    unlink(path);
    bool good = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0;
    umask(mask);
    if (!good) {
        buf_printf(error, "control socket %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

struct control *control_adopt(struct loop *loop, const char *path, int fd, int lock,
                              void (*command)(void *arg, struct control_client *client, const char *line), void *arg)
{
    struct control *c = mem_zalloc(sizeof *c);
    *c = (struct control){.loop = loop, .command = command, .arg = arg, .fd = fd, .lock = lock};
    c->path = mem_dup(path, strlen(path));
    watch_start(&c->watch, loop, fd, WATCH_READ, on_connect);
    return c;
}

struct control *control_new(struct loop *loop, const char *path,
                            void (*command)(void *arg, struct control_client *client, const char *line), void *arg,
                            struct buf *error)
{
    make_folders(path);
    int lock = take_lock(path, error), fd = lock < 0 ? -1 : open_socket(path, error);
    if (fd >= 0)
        return control_adopt(loop, path, fd, lock, command, arg);
    if (lock >= 0)
        close(lock);
    return NULL;
}

void control_descriptors(const struct control *c, int *fd, int *lock)
{
    *fd = c->fd;
    *lock = c->lock;
}

void control_free(struct control *c)
{
    while (c->clients)
        client_free(c->clients);
    watch_stop(&c->watch);
    unlink(c->path);
    close(c->fd);
    close(c->lock);
    free(c->path);
    free(c);
}

/* ---- the client's end ---- */

int control_ask(const char *path, const char *command, double seconds, struct buf *answer)
{
    struct sockaddr_un address;
    struct buf line = {0}, got = {0};
    struct timeval limit = {.tv_sec = (time_t)seconds};
    int result = 2, fd = -1;
    if (!fill_address(&address, path))
        errno = ENAMETOOLONG;
    else
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        buf_printf(answer, "no server answers at %s: %s", path, strerror(errno));
        goto out;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    buf_printf(&line, "%s\n", command);
    ssize_t n = send(fd, line.data, line.len, MSG_NOSIGNAL);
    while (n > 0 && (n = read(fd, buf_reserve(&got, 4096), 4096)) > 0)
        got.len += (size_t)n;
    if (got.len >= 3 && memcmp(got.data, "ok\n", 3) == 0) {
        buf_append(answer, got.data + 3, got.len - 3);
        result = 0;
    } else if (got.len >= 6 && memcmp(got.data, "error\n", 6) == 0) {
        buf_append(answer, got.data + 6, got.len - 6);
        result = 1;
    } else {
        buf_printf(answer, "the server at %s gave no answer%s", path, n < 0 ? " in time" : "");
    }
out:
    if (fd >= 0)
        close(fd);
    buf_free(&line);
    buf_free(&got);
    return result;
}
