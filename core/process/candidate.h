/* process/candidate.h: a process that tries a configuration and its scripts, so that nothing broken ever reaches a
 * worker and the master never runs a script. Started by master.c, at the first start as at every reload. */
#ifndef PROCESS_CANDIDATE_H
#define PROCESS_CANDIDATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

struct loop;
struct set;
struct candidate;

/* Starts one. before is the accepted set, whose settings a reload must be able to follow; NULL at the first start. ask:
 * whether the app's `ready` is asked (readiness.h): at a start it is, at a reload or after an upgrade not. done is
 * called once, on the loop: with the new set's descriptor (the receiver's to close), or -1, one line that says what is
 * wrong, and the exit code for it (2: the configuration or what it points at, 1: the scripts). NULL if it cannot start.
 */
struct candidate *candidate_start(struct loop *loop, const char *config, const struct set *before, bool ask,
                                  double seconds, void (*done)(void *arg, int set_fd, const char *error, int code),
                                  void *arg);

/* Ends one that runs; done is not called. */
void candidate_cancel(struct candidate *candidate);

/* The same in this process: `toolboxd check`. Returns the set's descriptor or -1, and the exit code. */
int candidate_check(const char *config, const struct set *before, bool ask, struct buf *error, int *code);

#endif
