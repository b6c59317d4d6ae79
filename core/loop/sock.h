/* loop/sock.h: a stream socket behind a table of functions, so that plain TCP and TLS read alike. */
#ifndef LOOP_SOCK_H
#define LOOP_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct sock;

enum sock_result {
    SOCK_EOF = 0,     /* read only: the peer has closed its side in order */
    SOCK_AGAIN = -1,  /* nothing now: wait for sock_wants() */
    SOCK_BROKEN = -2, /* reset, or a TLS error: close it */
};

struct sock_ops {
    ssize_t (*read)(struct sock *s, void *data, size_t size);
    ssize_t (*writev)(struct sock *s, const struct iovec *parts, int count);
    ssize_t (*sendfile)(struct sock *s, int file, off_t *offset, size_t size); /* NULL: the caller reads and writes */
    void (*shutdown)(struct sock *s);
    void (*close)(struct sock *s);
};

struct sock {
    const struct sock_ops *ops;
    int fd;
    void *tls;             /* tls.c's, NULL on plain streams */
    bool read_wants_write; /* TLS: a read that cannot go on before something is written, and the reverse */
    bool write_wants_read;
    bool buffered; /* TLS: octets are there to be read although the descriptor is silent */
};

/* Makes s a plain stream over fd, which it now owns. */
void sock_plain(struct sock *s, int fd);

/* Octets read (> 0), or one of enum sock_result. */
static inline ssize_t sock_read(struct sock *s, void *data, size_t size)
{
    return s->ops->read(s, data, size);
}

/* Octets written (> 0, may be fewer than asked), SOCK_AGAIN or SOCK_BROKEN. At most 64 parts are taken. */
static inline ssize_t sock_writev(struct sock *s, const struct iovec *parts, int count)
{
    return s->ops->writev(s, parts, count);
}

/* Ends our side (FIN; TLS: close_notify first). */
static inline void sock_shutdown(struct sock *s)
{
    s->ops->shutdown(s);
}

/* Closes and forgets the descriptor. Watches on it must be stopped before. */
static inline void sock_close(struct sock *s)
{
    s->ops->close(s);
}

#endif
