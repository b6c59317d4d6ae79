/* process/upgrade.h: SIGUSR2: the master becomes the program that now lies at its path, without closing a listener.
 *
 *   signal ─▶ the new program checks the configuration (a child) ─fails─▶ logged, nothing has changed
 *                 └─ succeeds ─▶ exec in place: same process, so its workers stay its children. The new image finds
 *                    listeners, control socket and old workers in a memory file, starts new workers, and each old one
 *                    drains (WebSockets: 1012) once its successor serves.
 * Called by master.c and slot.c. */
#ifndef PROCESS_UPGRADE_H
#define PROCESS_UPGRADE_H

#include <stdbool.h>
#include <sys/types.h>

#include "process/master.h"

/* Remembers the program's path and how it was called: before anything replaces the file. */
void upgrade_prepare(const char *config, bool watch);

/* Begins an upgrade, unless one is under way. */
void upgrade_start(struct master *m);

/* A child of ours ended; true if it was the check. Does not return if that succeeded and the exec does. */
bool upgrade_reaped(struct master *m, pid_t pid, int status);

struct inherited_worker {
    unsigned slot;
    pid_t pid;
    int channel;
};

struct inherited {
    bool any; /* false: an ordinary start */
    unsigned workers, generation;
    int control, lock;
    struct listeners listeners;
    struct inherited_worker *old;
    size_t old_count;
};

/* What the image before left for this one; descriptors are close-on-exec again. False if it cannot be read. */
bool upgrade_inherit(struct inherited *in);
void inherited_free(struct inherited *in);

#endif
