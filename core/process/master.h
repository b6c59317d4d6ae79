/* process/master.h: what the files of the master share: master.c (start, signals, stop), slot.c (workers' lives),
 * reload.c, watchdog.c, status.c, watch.c and upgrade.c. The master runs no Lua and no request. */
#ifndef PROCESS_MASTER_H
#define PROCESS_MASTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/counter.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "process/candidate.h"
#include "process/control.h"
#include "process/listeners.h"
#include "vm/beat.h"
#include "vm/loader.h"

enum { CRASHES = 5 }; /* so many within CRASH_WINDOW seconds are a crash loop */
static const double CRASH_WINDOW = 10;

struct master;
struct slot;
struct inherited;

/* A worker process. STARTING ─loaded─▶ SERVING ─stop─▶ LEAVING ─▶ reaped */
struct worker {
    struct slot *slot;
    struct worker *next; /* in its slot: the newest first */
    enum { STARTING, SERVING, LEAVING } state;
    pid_t pid;
    struct beat *beat;
    struct watch channel;
    struct timer limit; /* STARTING: must load; LEAVING: must end */
    double started;
    unsigned generation; /* that it reported */
    bool foreign;        /* started before an upgrade: it serves until its successor does */
    /* watchdog.c */
    unsigned turns;
    double moved, cpu; /* when turns changed, and the CPU time then */
    bool killed;
    bool asked; /* has been told to interrupt its script */
};

/* A place for a worker, with its listeners and its metrics. */
struct slot {
    struct master *master;
    unsigned index;
    struct worker *workers; /* one serves; others start in its place or leave */
    struct timer respawn;
    double crashes[CRASHES];
    unsigned crash_count, in_row, restarts;
};

/* A reload that is asked for or under way. */
struct reload {
    struct control_client *client; /* NULL: a signal or a changed file asked */
    struct reload *next;
};

struct seats;
struct tls_tickets;

struct master {
    struct tls_tickets *tickets; /* session keys that all workers share */
    struct seats *hash_seats;    /* where they hash passwords: one core is left to requests */
    struct loop *loop;
    const char *config;
    struct control *control;
    struct listeners listeners;
    struct slot *slots;
    unsigned workers;
    struct beat *beats;
    size_t beat_count;
    struct counter_segment **segments; /* a worker slot's each, then the master's own */
    struct set *set;                   /* the last accepted */
    int set_fd;
    unsigned generation;
    double started;
    struct inherited *inherited; /* from the image before an upgrade; while starting */

    /* reload.c */
    struct candidate *candidate;
    struct reload *reloads, **last_reload;
    bool handing_over;
    struct timer reload_limit;
    unsigned reload_stage;
    unsigned long reloads_done, reloads_refused;
    char *last_error; /* of the last reload; NULL if it was accepted */

    struct timer watchdog;
    struct watcher *watcher;

    /* stop */
    bool stopping;
    struct control_client *stop_client;
    struct timer stop_limit;
    int exit_code;
};

const struct settings *master_settings(const struct master *m);
void master_count_generation(struct master *m); /* for /metrics */
void master_stop(struct master *m, struct control_client *client);

/* slot.c */
void slots_start(struct master *m, const struct inherited *in);
void slots_reap(struct master *m);
void slots_stop(struct master *m); /* tells all to drain */
void slots_kill(struct master *m);
void slots_reopen_log(struct master *m, const char *file);
bool slots_empty(const struct master *m);
struct worker *slot_serving(const struct slot *slot);     /* or NULL */
void slot_replace(struct slot *slot, const char *reason); /* starts another, then lets this one drain */
void worker_kill(struct worker *w, const char *reason);   /* at once; another follows */

/* reload.c */
void reload_request(struct master *m, struct control_client *client);
void reload_worker_ready(struct master *m);
void reload_abandon(struct master *m);

/* watchdog.c */
void watchdog_start(struct master *m);

/* status.c */
void status_write(const struct master *m, struct buf *out);

/* watch.c */
struct watcher *watcher_start(struct master *m);
void watcher_refresh(struct watcher *w); /* the set has changed: look at its folders */
void watcher_stop(struct watcher *w);

#endif
