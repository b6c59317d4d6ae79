#include "client/resolve.h"

#include "base/mem.h"
#include "loop/work.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ADDRESS_SIZE = 64, ERROR_SIZE = 160 };

struct resolve {
    resolve_fn *fn; /* NULL: cancelled */
    void *arg;
    char *host;
    int count;
    char addresses[RESOLVE_ADDRESSES][ADDRESS_SIZE];
    char error[ERROR_SIZE];
};

/* On a thread of the pool: touches nothing but r. */
static void look_up(void *arg)
{
    struct resolve *r = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list = NULL;
    int failed = getaddrinfo(r->host, NULL, &hints, &list);
    if (failed) {
        snprintf(r->error, sizeof r->error, "%s: %s", r->host, gai_strerror(failed));
        return;
    }
    for (struct addrinfo *a = list; a && r->count < RESOLVE_ADDRESSES; a = a->ai_next)
        if (getnameinfo(a->ai_addr, a->ai_addrlen, r->addresses[r->count], ADDRESS_SIZE, NULL, 0, NI_NUMERICHOST) == 0)
            r->count++;
    freeaddrinfo(list);
    if (r->count == 0)
        snprintf(r->error, sizeof r->error, "%s: no address", r->host);
}

static void looked_up(void *arg)
{
    struct resolve *r = arg;
    const char *addresses[RESOLVE_ADDRESSES];
    for (int i = 0; i < r->count; i++)
        addresses[i] = r->addresses[i];
    if (r->fn)
        r->fn(r->arg, r->count, addresses, r->error);
    free(r->host);
    free(r);
}

struct resolve *resolve_start(struct work *work, const char *host, resolve_fn *fn, void *arg)
{
    struct resolve *r = mem_zalloc(sizeof *r);
    r->fn = fn;
    r->arg = arg;
    r->host = mem_dup(host, strlen(host));
    if (work_submit(work, look_up, looked_up, r))
        return r;
    free(r->host);
    free(r);
    return NULL;
}

void resolve_cancel(struct resolve *r)
{
    r->fn = NULL;
}
