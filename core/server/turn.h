/* server/turn.h: the connections that have something to read or to write in this turn of the loop. Each is served in
 * the sweep or sooner, up to 32 of them by one system call. Used by conn.c. */
#ifndef SERVER_TURN_H
#define SERVER_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct conn;
struct loop;
struct turn;

struct turn *turn_new(struct loop *loop);
void turn_free(struct turn *t);

/* There may be input. Only from callbacks of the loop: connections may be served before it returns. */
void turn_read(struct turn *t, struct conn *c);

/* Something is queued. */
void turn_write(struct turn *t, struct conn *c);

/* What turn.c asks of conn.c. --- */

/* Whether all that c needs is octets of a plain socket. */
bool conn_wants_input(const struct conn *c);

/* Goes on with n octets, or what else a read with that much room has ended in (enum sock_result). */
void conn_take(struct conn *c, char *data, size_t room, ssize_t n);

/* Reads and handles what there is. */
void conn_process(struct conn *c);

/* Writes what is queued. */
void conn_flush(struct conn *c);

#endif
