/* server/address.c: client addresses and the table of how many connections each has. */
#include "server/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUCKETS_FIRST = 64 };

struct address_count {
    struct address_count *next;
    struct peer_address address;
    unsigned connections;
};

struct address_table {
    struct address_count **buckets; /* chains; their number is a power of two */
    size_t bucket_count, entries;
};

struct peer_address peer_address_of(const struct sockaddr *address, size_t length)
{
    struct peer_address a = {{0}};
    if (length >= sizeof(struct sockaddr_in) && address->sa_family == AF_INET) {
        a.ip[10] = a.ip[11] = 0xFF;
        memcpy(a.ip + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else if (length >= sizeof(struct sockaddr_in6) && address->sa_family == AF_INET6) {
        memcpy(a.ip, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    }
    return a;
}

static bool is_v4(const struct peer_address *a)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    return memcmp(a->ip, mapped, sizeof mapped) == 0;
}

static bool is_unix(const struct peer_address *a)
{
    static const uint8_t zero[16];
    return memcmp(a->ip, zero, sizeof zero) == 0;
}

size_t peer_address_text(const struct peer_address *a, char text[ADDRESS_TEXT_MAX])
{
    if (is_unix(a))
        memcpy(text, "unix", 5);
    else if (is_v4(a))
        inet_ntop(AF_INET, a->ip + 12, text, ADDRESS_TEXT_MAX);
    else
        inet_ntop(AF_INET6, a->ip, text, ADDRESS_TEXT_MAX);
    return strlen(text);
}

static bool parse_ip(struct str text, struct peer_address *a)
{
    char copy[ADDRESS_TEXT_MAX];
    if (text.n == 0 || text.n >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    *a = (struct peer_address){{0}};
    if (inet_pton(AF_INET6, copy, a->ip) == 1)
        return true;
    a->ip[10] = a->ip[11] = 0xFF;
    return inet_pton(AF_INET, copy, a->ip + 12) == 1;
}

bool peer_address_parse(struct str text, struct peer_address *a)
{
    text = str_trim(text);
    if (text.n && text.p[0] == '[') { /* [v6] or [v6]:port */
        const char *end = memchr(text.p, ']', text.n);
        return end && parse_ip(str_of(text.p + 1, (size_t)(end - text.p) - 1), a);
    }
    const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
    if (colon && !memchr(colon + 1, ':', text.n - (size_t)(colon + 1 - text.p))) /* v4:port */
        text.n = (size_t)(colon - text.p);
    return parse_ip(text, a);
}

bool network_parse(struct str text, struct network *n)
{
    if (str_eq(text, STR("unix"))) {
        *n = (struct network){.bits = 128};
        return true;
    }
    struct str rest = text, ip = str_cut(&rest, '/');
    if (!parse_ip(ip, &n->address))
        return false;
    unsigned most = is_v4(&n->address) && memchr(ip.p, '.', ip.n) ? 32 : 128;
    uint64_t bits = most;
    if (rest.p && (!str_to_u64(rest, &bits) || bits > most))
        return false;
    n->bits = (unsigned)bits + 128 - most;
    return true;
}

bool network_has(const struct network *n, const struct peer_address *a)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->address.ip, a->ip, whole) != 0)
        return false;
    return rest == 0 || ((n->address.ip[whole] ^ a->ip[whole]) >> (8 - rest)) == 0;
}

static size_t bucket_of(const struct address_table *t, const struct peer_address *a)
{
    /* The table is per worker and small: chains that a client lengthens by choosing addresses cost it connections. */
    return (size_t)str_hash(str_of(a->ip, sizeof a->ip)) & (t->bucket_count - 1);
}

struct address_table *address_table_new(void)
{
    struct address_table *t = mem_zalloc(sizeof *t);
    t->bucket_count = BUCKETS_FIRST;
    t->buckets = mem_zalloc(t->bucket_count * sizeof(struct address_count *));
    return t;
}

void address_table_free(struct address_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->bucket_count; i++)
        while (t->buckets[i]) {
            struct address_count *c = t->buckets[i];
            t->buckets[i] = c->next;
            free(c);
        }
    free(t->buckets);
    free(t);
}

static void grow(struct address_table *t)
{
    struct address_table wider = {.bucket_count = t->bucket_count * 2, .entries = t->entries};
    wider.buckets = mem_zalloc(wider.bucket_count * sizeof(struct address_count *));
    for (size_t i = 0; i < t->bucket_count; i++)
        while (t->buckets[i]) {
            struct address_count *c = t->buckets[i];
            t->buckets[i] = c->next;
            size_t to = bucket_of(&wider, &c->address);
            c->next = wider.buckets[to];
            wider.buckets[to] = c;
        }
    free(t->buckets);
    *t = wider;
}

struct address_count *address_table_add(struct address_table *t, const struct peer_address *a, unsigned limit)
{
    struct address_count **first = &t->buckets[bucket_of(t, a)];
    for (struct address_count *c = *first; c; c = c->next)
        if (memcmp(&c->address, a, sizeof *a) == 0) {
            if (limit && c->connections >= limit)
                return NULL;
            c->connections++;
            return c;
        }
    struct address_count *c = mem_alloc(sizeof *c);
    *c = (struct address_count){.next = *first, .address = *a, .connections = 1};
    *first = c;
    if (++t->entries > t->bucket_count)
        grow(t);
    return c;
}

void address_table_drop(struct address_table *t, struct address_count *count)
{
    if (--count->connections > 0)
        return;
    struct address_count **p = &t->buckets[bucket_of(t, &count->address)];
    while (*p != count)
        p = &(*p)->next;
    *p = count->next;
    t->entries--;
    free(count);
}
