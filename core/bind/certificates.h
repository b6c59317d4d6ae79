/* bind/certificates.h: the certificates of a set as TLS contexts. Called by serve.c at a swap and by
 * process/candidate.c, so that certificates that cannot be used refuse the reload. */
#ifndef BIND_CERTIFICATES_H
#define BIND_CERTIFICATES_H

#include <stdbool.h>

#include "base/buf.h"

struct set;
struct tls_context;
struct tls_tickets;

/* What services.NAME.tls of the set's settings says; the caller releases it. NULL without a word in error if the
 * service has no certificates, with one line if they cannot be used. tickets may be NULL. */
struct tls_context *certificates_context(const struct set *set, const char *service, struct tls_tickets *tickets,
                                         struct buf *error);

/* Whether those of all services can be used; false with one line in error. */
bool certificates_check(const struct set *set, struct buf *error);

#endif
