/* loop/send_batch.h: sends on many sockets by one system call. Entering and leaving the kernel is a fifth of what a
 * small send costs, so whoever has several answers at hand (server/conn.c) sends them together.
 *
 * io_submit(2) takes writes for any descriptors; on a socket that does not block they are done, or refused with EAGAIN,
 * before it returns. Where the kernel or a sandbox has no io_submit, and for a single piece, it is send(2). */
#ifndef LOOP_SEND_BATCH_H
#define LOOP_SEND_BATCH_H

#include <stddef.h>

#include "base/str.h"

enum { SEND_BATCH_MAX = 32 };

struct send_batch;

/* Octets for one plain socket that does not block. */
struct send_piece {
    int fd;
    struct str data;
    size_t taken; /* 0: none now, or the connection is broken: the next send(2) tells */
};

struct send_batch *send_batch_new(void);
void send_batch_free(struct send_batch *b);

/* Sends at most SEND_BATCH_MAX pieces in their order and says what was taken of each. SIGPIPE must be ignored. */
void send_batch_run(struct send_batch *b, struct send_piece *pieces, unsigned count);

#endif
