/* client/address.h: which addresses belong to the public Internet. Called by http_client.c, so that a URL that a user
 * gave cannot reach what only this machine or its network may reach (SSRF). */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/* False for loopback, private, link-local, shared, documentation, multicast and reserved addresses (IANA's
 * special-purpose registries, RFC 6890), for IPv6 addresses that carry an IPv4 one, and for other families. */
bool address_is_public(const struct sockaddr *address);

#endif
