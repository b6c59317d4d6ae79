#include "client/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block {
    uint32_t network;
    int bits;
};

static bool is_public_v4(uint32_t address)
{
    static const struct block special[] = {
        {0x00000000, 8},  /* this network */
        {0x0a000000, 8},  /* private */
        {0x64400000, 10}, /* shared by carriers */
        {0x7f000000, 8},  /* loopback */
        {0xa9fe0000, 16}, /* link-local: cloud metadata */
        {0xac100000, 12}, /* private */
        {0xc0000000, 24}, /* protocol assignments */
        {0xc0000200, 24}, /* documentation */
        {0xc0586300, 24}, /* 6to4 relays */
        {0xc0a80000, 16}, /* private */
        {0xc6120000, 15}, /* benchmarks */
        {0xc6336400, 24}, /* documentation */
        {0xcb007100, 24}, /* documentation */
        {0xe0000000, 3},  /* multicast, reserved, broadcast */
    };
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if ((address ^ special[i].network) >> (32 - special[i].bits) == 0)
            return false;
    return true;
}

/* Global unicast is 2000::/3; in it are protocol assignments (2001::/23), documentation (2001:db8::/32, 3fff::/20) and
 * 6to4 (2002::/16), which carries an IPv4 address. */
static bool is_public_v6(const unsigned char *a)
{
    bool global = (a[0] & 0xe0) == 0x20;
    bool assigned = a[0] == 0x20 && a[1] == 0x01 && a[2] < 2;
    bool documentation =
        (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8) || (a[0] == 0x3f && a[1] == 0xff && a[2] < 0x10);
    bool relayed = a[0] == 0x20 && a[1] == 0x02;
    return global && !assigned && !documentation && !relayed;
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public_v4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_public_v6(in6.sin6_addr.s6_addr);
    }
    return false;
}
