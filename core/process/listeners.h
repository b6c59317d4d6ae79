/* process/listeners.h: the sockets that the server listens on: for each address one per worker (SO_REUSEPORT), so that
 * the kernel spreads connections. The master keeps them all: a worker's queue of connections survives the worker. */
#ifndef PROCESS_LISTENERS_H
#define PROCESS_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct settings;

struct listener_row {
    char *service;    /* name in the settings; "" is the admin listener */
    char *configured; /* as the settings say it: "*:8008" */
    char *address;    /* as it is bound: "0.0.0.0:8008" */
    int *fds;         /* one per worker; a Unix socket has one descriptor for all */
};

struct listeners {
    struct listener_row *rows;
    size_t count;
    unsigned workers;
};

/* Opens what the settings list; what inherited (or NULL) has of it is moved from there. An address that anyone else
 * listens on is refused. False with one line in error. */
bool listeners_open(struct listeners *all, const struct settings *settings, unsigned workers,
                    struct listeners *inherited, struct buf *error);
void listeners_close(struct listeners *all);

#endif
