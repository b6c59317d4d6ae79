/* process/worker.h: a worker process: one loop, one generation in force, the server and the pools. Started by slot.c in
 * a child of the master. */
#ifndef PROCESS_WORKER_H
#define PROCESS_WORKER_H

#include <stddef.h>

#include "process/listeners.h"

struct beat;
struct counter_segment;
struct seats;
struct tls_tickets;

/* Close codes of WebSockets (RFC 6455 §7.4.1, IANA): the number of MESSAGE_STOP. */
enum { WORKER_STOPS = 1001, WORKER_RESTARTS = 1012 };

struct worker_start {
    struct tls_tickets *tickets; /* session keys that all workers share */
    struct seats *hash_seats;    /* where passwords are hashed */
    unsigned index, workers;
    int set_fd; /* the accepted set */
    unsigned generation;
    int channel; /* to the master */
    struct beat *beat;
    struct counter_segment **segments; /* all workers', then the master's */
    size_t segment_count;
    const struct listeners *listeners;
};

_Noreturn void worker_main(const struct worker_start *start);

#endif
