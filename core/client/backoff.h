/* client/backoff.h: how long to wait before connecting again. Used by the PostgreSQL and Redis clients. */
#ifndef CLIENT_BACKOFF_H
#define CLIENT_BACKOFF_H

/* Seconds after so many failures in a row: 0.1 doubling up to 2, a random half of it taken off, so that workers do not
 * come all at once. */
double backoff_seconds(unsigned failures);

#endif
