/* loop/io_batch.h: reads or writes of many sockets by one system call. Entering and leaving the kernel is a fifth of
 * what a small send costs, so whoever has several connections at hand (server/turn.c) serves them together.
 *
 * io_submit(2) takes reads and writes for any descriptors; on a socket that does not block they are done, or refused
 * with EAGAIN, before it returns. Where a sandbox forbids io_submit, and for a single piece, it is recv(2) or send(2).
 */
#ifndef LOOP_IO_BATCH_H
#define LOOP_IO_BATCH_H

#include <stddef.h>
#include <sys/types.h>

enum { IO_BATCH_MAX = 32 };

enum io_kind { IO_READ, IO_WRITE };

struct io_batch;

/* Octets of one plain socket that does not block. */
struct io_piece {
    int fd;
    void *data; /* not written to by IO_WRITE */
    size_t size;
    ssize_t result; /* octets, or one of enum sock_result (loop/sock.h) */
};

/* A batch belongs to the process that made it. */
struct io_batch *io_batch_new(void);
void io_batch_free(struct io_batch *b);

/* Reads or writes at most IO_BATCH_MAX pieces in their order and fills in each result. SIGPIPE must be ignored. */
void io_batch_run(struct io_batch *b, enum io_kind kind, struct io_piece *pieces, unsigned count);

#endif
