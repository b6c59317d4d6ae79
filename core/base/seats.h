/* base/seats.h: a few seats that many processes share: who wants a taken one waits until it is left. A seat is a record
 * lock (fcntl(2)) on an octet of a file without a name, so that of a process that dies is free again. */
#ifndef BASE_SEATS_H
#define BASE_SEATS_H

struct seats;

/* For this process and those that it forks from now on; count is at least 1. NULL: no memory or no descriptors. */
struct seats *seats_new(unsigned count);

/* Closes them in this process; NULL is fine. Not while one is taken. */
void seats_free(struct seats *seats);

/* Waits for a seat: that with this number, counted round. Of two processes that take the same one again and again, each
 * gets it in turn. A process takes a seat once, whatever its threads. Where the kernel gives no locks it is taken at
 * once. */
void seats_take(struct seats *seats, unsigned number);

void seats_leave(struct seats *seats, unsigned number);

#endif
