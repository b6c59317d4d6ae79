/* loop/sock.c: plain stream sockets. tls.c is the other table. */
#include "loop/sock.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PARTS_MAX = 64 };

static ssize_t result(ssize_t n)
{
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? SOCK_AGAIN : SOCK_BROKEN;
}

static ssize_t plain_read(struct sock *s, void *data, size_t size)
{
    return result(recv(s->fd, data, size, 0));
}

static ssize_t plain_writev(struct sock *s, const struct iovec *parts, int count)
{
    if (count == 1)
        return result(send(s->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL));
    struct msghdr message = {.msg_iov = (struct iovec *)parts,
                             .msg_iovlen = (size_t)(count < PARTS_MAX ? count : PARTS_MAX)};
    return result(sendmsg(s->fd, &message, MSG_NOSIGNAL));
}

static ssize_t plain_sendfile(struct sock *s, int file, off_t *offset, size_t size)
{
    ssize_t n = result(sendfile(s->fd, file, offset, size));
    return n == 0 ? SOCK_BROKEN : n; /* the file is shorter than promised */
}

static void plain_shutdown(struct sock *s)
{
    shutdown(s->fd, SHUT_WR);
}

static void plain_close(struct sock *s)
{
    close(s->fd);
    s->fd = -1;
}

static const struct sock_ops plain_ops = {plain_read, plain_writev, plain_sendfile, plain_shutdown, plain_close};

void sock_plain(struct sock *s, int fd)
{
    *s = (struct sock){.ops = &plain_ops, .fd = fd};
}
