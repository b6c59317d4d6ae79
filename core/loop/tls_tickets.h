/* loop/tls_tickets.h: keys of TLS session tickets, in memory that all workers share, so that a session begun in one is
 * resumed in another. The keys move on by a one-way step every period; two are accepted, so a ticket lives one to two
 * periods, and what was sealed earlier cannot be opened any more, not even by who reads the memory (RFC 5077 5.5). */
#ifndef LOOP_TLS_TICKETS_H
#define LOOP_TLS_TICKETS_H

#include <openssl/ssl.h>

struct tls_tickets;

/* Made by the master before it forks; period in seconds. NULL (errno set) without memory. */
struct tls_tickets *tls_tickets_new(double period);
void tls_tickets_free(struct tls_tickets *tickets);

/* Takes the step now, as the end of a period does. */
void tls_tickets_rotate(struct tls_tickets *tickets);

/* Makes ctx seal and open its tickets with these keys. */
void tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *ctx);

#endif
