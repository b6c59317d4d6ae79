/* process/spawn.h: forking a child that keeps nothing it was not given. Called by candidate.c and slot.c. */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Forks. The child has default signals, dies with its parent, and of all descriptors only 0, 1, 2, the log's and those
 * of keep; a background child gives way from its first moment. Returns as fork does. The parent must have no other
 * threads. */
pid_t spawn(const int *keep, size_t count, bool background);

#endif
