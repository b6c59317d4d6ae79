/* process/stores.h: the pools and clients that a worker or a command has besides its server, made from the settings. */
#ifndef PROCESS_STORES_H
#define PROCESS_STORES_H

#include "vm/env.h"

/* Fills env->pg, redis and http from env->settings; they begin to connect. env->loop and env->work must be set. */
void stores_open(struct worker_env *env);

/* Answers everyone who waits and closes. */
void stores_close(struct worker_env *env);

#endif
