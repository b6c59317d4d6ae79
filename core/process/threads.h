/* process/threads.h: the pools of threads that a worker, a command or a candidate has beside its loop. */
#ifndef PROCESS_THREADS_H
#define PROCESS_THREADS_H

#include "vm/env.h"

/* Fills env->work and env->hashing; env->loop must be set. Threads start at the first job. False: no descriptors. */
bool threads_open(struct worker_env *env);

/* Ends what is accepted, which blocks, and the threads. */
void threads_close(struct worker_env *env);

#endif
