/* peers/floor.c: the bare floor under every server: one epoll loop that answers each blank line it sees with the same
 * octets. It understands nothing of HTTP; what it costs is what the kernel costs. floor PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS = 8192, AT_ONCE = 64 };

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain\r\n"
                             "Content-Length: 13\r\n\r\nHello, World!";
static char answers[AT_ONCE * (sizeof ANSWER - 1)]; /* the same one many times, for pipelined requests */
static unsigned char matched[DESCRIPTORS];          /* by descriptor: octets of the blank line seen so far */

static int listener(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0) {
        perror("floor");
        exit(1);
    }
    return fd;
}

static void admit(int poller, int listening)
{
    int one = 1, fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (fd >= DESCRIPTORS) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    matched[fd] = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

/* How many heads end in what came. */
static size_t heads(int fd, const char *data, ssize_t n)
{
    static const char END[] = "\r\n\r\n";
    size_t found = 0;
    unsigned char state = matched[fd];
    for (ssize_t i = 0; i < n; i++) {
        state = data[i] == END[state] ? (unsigned char)(state + 1) : data[i] == '\r';
        if (state == 4) {
            found++;
            state = 0;
        }
    }
    matched[fd] = state;
    return found;
}

static void serve(int fd)
{
    static char data[65536];
    ssize_t n = recv(fd, data, sizeof data, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    size_t asked = n > 0 ? heads(fd, data, n) : 0;
    while (asked > 0) {
        size_t some = asked < AT_ONCE ? asked : AT_ONCE, size = some * (sizeof ANSWER - 1);
        if (send(fd, answers, size, MSG_NOSIGNAL) != (ssize_t)size)
            n = 0; /* a client that does not read is no client of ours */
        asked -= some;
    }
    if (n <= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    int listening = listener(argc > 1 ? atoi(argv[1]) : 8080), poller = epoll_create1(0);
    for (size_t i = 0; i < AT_ONCE; i++)
        memcpy(answers + i * (sizeof ANSWER - 1), ANSWER, sizeof ANSWER - 1);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listening}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        int n = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listening)
                admit(poller, listening);
            else
                serve(events[i].data.fd);
        }
    }
}
