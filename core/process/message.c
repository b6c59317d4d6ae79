/* process/message.c: see message.h. */
#include "process/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct head {
    unsigned kind, number;
};

bool message_pair(int fds[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0;
}

bool message_send(int socket, enum message_kind kind, unsigned number, const char *text, int fd)
{
    struct head head = {kind, number};
    size_t n = text ? strnlen(text, MESSAGE_TEXT - 1) : 0;
    struct iovec parts[] = {{&head, sizeof head}, {(void *)text, n}};
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.space = {0}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = n ? 2 : 1};
    if (fd >= 0) {
        m.msg_control = control.space;
        m.msg_controllen = sizeof control.space;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &m, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

int message_receive(int socket, struct message *message)
{
    struct head head;
    struct iovec parts[] = {{&head, sizeof head}, {message->text, sizeof message->text - 1}};
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr m = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t n;
    do
        n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n < (ssize_t)sizeof head)
        return -1;
    message->kind = (enum message_kind)head.kind;
    message->number = head.number;
    message->text[(size_t)n - sizeof head] = '\0';
    message->fd = -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(&message->fd, CMSG_DATA(c), sizeof message->fd);
    return 1;
}
