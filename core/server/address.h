/* server/address.h: addresses of clients, and how many connections each has. Used by conn.c and request.c. */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/str.h"

/* An IP address as IPv6 (IPv4 mapped), all zero for a Unix socket. */
struct peer_address {
    uint8_t ip[16];
};

enum { ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN };

struct peer_address peer_address_of(const struct sockaddr *address, size_t length);

/* Text of the IP ("127.0.0.1", "2001:db8::1"; "unix" for a Unix socket); returns its length. */
size_t peer_address_text(const struct peer_address *a, char text[ADDRESS_TEXT_MAX]);

/* "10.0.0.1" or "2001:db8::1", perhaps in brackets and with a port, as X-Forwarded-For has them. */
bool peer_address_parse(struct str text, struct peer_address *a);

/* Networks: "10.0.0.0/8", "::1", "unix". */
struct network {
    struct peer_address address;
    unsigned bits;
};
bool network_parse(struct str text, struct network *n);
bool network_has(const struct network *n, const struct peer_address *a);

/* Connections per address. */
struct address_table;
struct address_count;

struct address_table *address_table_new(void);
void address_table_free(struct address_table *t);

/* Counts one more connection of that address; NULL if it has limit already (0: no limit). */
struct address_count *address_table_add(struct address_table *t, const struct peer_address *a, unsigned limit);
void address_table_drop(struct address_table *t, struct address_count *count);

#endif
