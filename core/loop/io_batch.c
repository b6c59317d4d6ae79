/* loop/io_batch.c: see io_batch.h. Owns a worker's context of Linux's asynchronous I/O, of which only the batch is
 * used: nothing is asynchronous here. */
#include "loop/io_batch.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/sock.h"

struct io_batch {
    aio_context_t context; /* 0: there is none */
};

/* A sandbox may allow some of the calls and forbid others. */
static bool works(aio_context_t context)
{
    return syscall(SYS_io_submit, context, 0L, NULL) == 0 &&
           syscall(SYS_io_getevents, context, 0L, 0L, NULL, NULL) == 0;
}

struct io_batch *io_batch_new(void)
{
    struct io_batch *b = mem_zalloc(sizeof *b);
    if (syscall(SYS_io_setup, IO_BATCH_MAX, &b->context) != 0)
        b->context = 0;
    else if (!works(b->context)) {
        syscall(SYS_io_destroy, b->context);
        b->context = 0;
    }
    return b;
}

void io_batch_free(struct io_batch *b)
{
    if (b && b->context)
        syscall(SYS_io_destroy, b->context);
    free(b);
}

/* n: octets, or the negative of errno. */
static ssize_t result_of(long long n)
{
    if (n >= 0)
        return (ssize_t)n;
    return n == -EAGAIN || n == -EINTR ? SOCK_AGAIN : SOCK_BROKEN;
}

static void run_one(enum io_kind kind, struct io_piece *p)
{
    ssize_t n = kind == IO_READ ? recv(p->fd, p->data, p->size, MSG_DONTWAIT)
                                : send(p->fd, p->data, p->size, MSG_DONTWAIT | MSG_NOSIGNAL);
    p->result = result_of(n < 0 ? -errno : n);
}

/* How many of the pieces the kernel has dealt with: those before the first that it would not take. */
static unsigned run_together(struct io_batch *b, enum io_kind kind, struct io_piece *pieces, unsigned count)
{
    struct iocb asked[IO_BATCH_MAX], *list[IO_BATCH_MAX];
    struct io_event done[IO_BATCH_MAX];
    for (unsigned i = 0; i < count; i++) {
        asked[i] = (struct iocb){
            .aio_data = i,
            .aio_lio_opcode = kind == IO_READ ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE,
            .aio_fildes = (uint32_t)pieces[i].fd,
            .aio_buf = (uintptr_t)pieces[i].data,
            .aio_nbytes = pieces[i].size,
        };
        list[i] = &asked[i];
    }
    long taken = syscall(SYS_io_submit, b->context, (long)count, list);
    if (taken <= 0)
        return 0;
    long got = syscall(SYS_io_getevents, b->context, taken, taken, done, NULL);
    if (got != taken)
        abort(); /* nobody knows what was read and written: better a respawned worker */
    for (long i = 0; i < got; i++)
        pieces[done[i].data].result = result_of(done[i].res);
    return (unsigned)taken;
}

void io_batch_run(struct io_batch *b, enum io_kind kind, struct io_piece *pieces, unsigned count)
{
    unsigned done = b->context && count > 1 ? run_together(b, kind, pieces, count) : 0;
    for (; done < count; done++)
        run_one(kind, &pieces[done]);
}
