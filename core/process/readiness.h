/* process/readiness.h: what an app has to say before a server starts: its function `ready`, which may ask databases.
 * Called by candidate.c, in the process that tries a configuration. */
#ifndef PROCESS_READINESS_H
#define PROCESS_READINESS_H

#include <stdbool.h>

#include "base/buf.h"
#include "vm/env.h"

struct vm;

/* Runs the app's `ready`, if it has one, as a task of vm, with the stores of env->settings, and closes vm. False, with
 * one line in error, if it returned a text or raised. env->loop must be set; its work pool and stores are opened and
 * closed here. Nothing limits the time but the function itself and who waits for this process. */
bool readiness_ask(struct worker_env *env, struct vm *vm, struct buf *error);

#endif
