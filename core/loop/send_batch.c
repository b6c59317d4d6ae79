/* loop/send_batch.c: see send_batch.h. Owns a worker's context of Linux's asynchronous I/O, of which only the batch is
 * used: nothing is asynchronous here. */
#include "loop/send_batch.h"

#include <linux/aio_abi.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

struct send_batch {
    aio_context_t context; /* 0: there is none */
};

struct send_batch *send_batch_new(void)
{
    struct send_batch *b = mem_zalloc(sizeof *b);
    if (syscall(SYS_io_setup, SEND_BATCH_MAX, &b->context) != 0)
        b->context = 0;
    return b;
}

static void stop_batching(struct send_batch *b)
{
    if (b->context)
        syscall(SYS_io_destroy, b->context);
    b->context = 0;
}

void send_batch_free(struct send_batch *b)
{
    if (b)
        stop_batching(b);
    free(b);
}

static void send_one(struct send_piece *p)
{
    ssize_t n = send(p->fd, p->data.p, p->data.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    p->taken = n > 0 ? (size_t)n : 0;
}

/* Takes the results of count writes, which are there already. */
static void collect(struct send_batch *b, struct send_piece *pieces, long count)
{
    struct io_event events[SEND_BATCH_MAX];
    long got = syscall(SYS_io_getevents, b->context, count, count, events, NULL);
    for (long i = 0; i < got; i++)
        pieces[events[i].data].taken = events[i].res > 0 ? (size_t)events[i].res : 0;
}

/* How many of the pieces the kernel has dealt with. */
static unsigned submit(struct send_batch *b, struct send_piece *pieces, unsigned count)
{
    struct iocb writes[SEND_BATCH_MAX], *list[SEND_BATCH_MAX];
    for (unsigned i = 0; i < count; i++) {
        pieces[i].taken = 0;
        writes[i] = (struct iocb){
            .aio_data = i,
            .aio_lio_opcode = IOCB_CMD_PWRITE,
            .aio_fildes = (uint32_t)pieces[i].fd,
            .aio_buf = (uintptr_t)pieces[i].data.p,
            .aio_nbytes = pieces[i].data.n,
        };
        list[i] = &writes[i];
    }
    long taken = syscall(SYS_io_submit, b->context, (long)count, list);
    if (taken <= 0) {
        stop_batching(b); /* a sandbox may allow io_setup and forbid this */
        return 0;
    }
    collect(b, pieces, taken);
    return (unsigned)taken;
}

void send_batch_run(struct send_batch *b, struct send_piece *pieces, unsigned count)
{
    unsigned done = b->context && count > 1 ? submit(b, pieces, count) : 0;
    for (; done < count; done++)
        send_one(&pieces[done]);
}
