/* client/resolve.h: host names to addresses, by getaddrinfo in the thread pool, so that a slow name server stops
 * nobody. Used by the PostgreSQL and Redis clients (the HTTP client has curl's own resolver thread). */
#ifndef CLIENT_RESOLVE_H
#define CLIENT_RESOLVE_H

struct work;
struct resolve;

enum { RESOLVE_ADDRESSES = 4 };

/* Called once on the loop: count numeric addresses, or 0 and error, a sentence. */
typedef void resolve_fn(void *arg, int count, const char *const *addresses, const char *error);

/* Looks host up; NULL when the pool is full (fn is not called then). */
struct resolve *resolve_start(struct work *work, const char *host, resolve_fn *fn, void *arg);

/* fn will not be called. */
void resolve_cancel(struct resolve *r);

#endif
