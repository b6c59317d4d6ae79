/* server/turn.c: see turn.h.
 *
 * A connection in one of the lists is still there when its turn comes: closing it defers the freeing, which comes
 * behind the deferred call that serves the list. */
#include "server/turn.h"

#include <stdlib.h>

#include "base/mem.h"
#include "loop/io_batch.h"
#include "loop/loop.h"
#include "server/out.h"
#include "server/state.h"

enum { PIECE_SIZE = 2048 }; /* read at first: whoever has sent more is read by conn.c from there */

/* Connections in order. */
struct due {
    struct conn *first, *last;
    unsigned count;
    bool deferred; /* the call that serves them is under way */
};

struct turn {
    struct loop *loop;
    struct io_batch *batch;
    struct due due[2]; /* by enum io_kind */
    char input[IO_BATCH_MAX][PIECE_SIZE];
};

struct turn *turn_new(struct loop *loop)
{
    struct turn *t = mem_zalloc(sizeof *t);
    t->loop = loop;
    t->batch = io_batch_new();
    return t;
}

void turn_free(struct turn *t)
{
    io_batch_free(t->batch);
    free(t);
}

static void add(struct turn *t, enum io_kind kind, struct conn *c, void (*serve)(void *turn))
{
    struct due *due = &t->due[kind];
    if (c->due[kind])
        return;
    c->due[kind] = true;
    c->next_due[kind] = NULL;
    if (due->last)
        due->last->next_due[kind] = c;
    else
        due->first = c;
    due->last = c;
    due->count++;
    if (!due->deferred)
        loop_defer(t->loop, serve, t);
    due->deferred = true;
}

/* Takes the first IO_BATCH_MAX; returns how many there were. */
static unsigned take(struct turn *t, enum io_kind kind, struct conn **conns)
{
    struct due *due = &t->due[kind];
    unsigned n = 0;
    for (struct conn *c; n < IO_BATCH_MAX && (c = due->first); n++) {
        due->first = c->next_due[kind];
        c->due[kind] = false;
        conns[n] = c;
    }
    if (!due->first)
        due->last = NULL;
    due->count -= n;
    return n;
}

/* Whatever conn_flush() calls may close any of them. */
static void write_some(struct turn *t)
{
    struct conn *conns[IO_BATCH_MAX], *owners[IO_BATCH_MAX];
    struct io_piece pieces[IO_BATCH_MAX];
    unsigned count = take(t, IO_WRITE, conns), n = 0;
    for (unsigned i = 0; i < count; i++) {
        struct conn *c = conns[i];
        struct str data = c->closed || c->secure ? STR_NULL : out_single(&c->out);
        if (data.p) {
            pieces[n] = (struct io_piece){.fd = c->sock.fd, .data = (void *)(uintptr_t)data.p, .size = data.n};
            owners[n++] = c;
        }
    }
    io_batch_run(t->batch, IO_WRITE, pieces, n);
    for (unsigned i = 0; i < n; i++)
        if (pieces[i].result > 0)
            out_sent(&owners[i]->out, &owners[i]->server->chunks, (size_t)pieces[i].result);
    for (unsigned i = 0; i < count; i++)
        conn_flush(conns[i]); /* what is left, and what comes after it; or meets the error again */
}

static void read_some(struct turn *t)
{
    struct conn *conns[IO_BATCH_MAX], *owners[IO_BATCH_MAX];
    struct io_piece pieces[IO_BATCH_MAX];
    unsigned count = take(t, IO_READ, conns), n = 0;
    for (unsigned i = 0; i < count; i++)
        if (conn_wants_input(conns[i])) {
            pieces[n] = (struct io_piece){.fd = conns[i]->sock.fd, .data = t->input[n], .size = PIECE_SIZE};
            owners[n++] = conns[i];
        }
    if (n == 1)
        n = 0; /* it reads for itself */
    io_batch_run(t->batch, IO_READ, pieces, n);
    for (unsigned i = 0, k = 0; i < count; i++) {
        if (k < n && owners[k] == conns[i]) {
            conn_take(conns[i], pieces[k].data, PIECE_SIZE, pieces[k].result);
            k++;
        } else {
            conn_process(conns[i]);
        }
        if (t->due[IO_WRITE].count >= IO_BATCH_MAX)
            write_some(t); /* those behind need not be waited for */
    }
}

/* Those that are due now: whoever becomes due meanwhile has its own call. */
static void serve(struct turn *t, enum io_kind kind, void (*some)(struct turn *t))
{
    unsigned rounds = (t->due[kind].count + IO_BATCH_MAX - 1) / IO_BATCH_MAX;
    t->due[kind].deferred = false;
    while (rounds-- > 0)
        some(t);
}

static void serve_reads(void *turn)
{
    serve(turn, IO_READ, read_some);
}

static void serve_writes(void *turn)
{
    serve(turn, IO_WRITE, write_some);
}

void turn_read(struct turn *t, struct conn *c)
{
    add(t, IO_READ, c, serve_reads);
    if (t->due[IO_READ].count >= IO_BATCH_MAX)
        read_some(t);
}

void turn_write(struct turn *t, struct conn *c)
{
    add(t, IO_WRITE, c, serve_writes);
}
