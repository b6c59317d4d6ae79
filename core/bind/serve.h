/* bind/serve.h: joins server/ and Lua: makes the worker's server from the settings and hands it the functions that run
 * handlers. Called by process/worker.c. */
#ifndef BIND_SERVE_H
#define BIND_SERVE_H

#include <stdbool.h>

#include "server/server.h"
#include "vm/env.h"

struct tls_tickets;

/* The worker's server, stored in env->server. env->loop and env->counters must be set; env->settings at the latest by
 * the first serve_set_generation(). */
struct server *serve_new(struct worker_env *env);

/* Ends the server and whatever connection is left, and sets env->server to NULL. Before the VMs are closed. */
void serve_free(struct worker_env *env);

/* The swap: settings, certificates and folders of the generation in force (env->settings, env->set) hold from now on,
 * new requests and next messages go to vm. Has the type of generations_swap_fn. */
void serve_set_generation(struct worker_env *env, struct vm *vm);

/* Session tickets that all workers can open; before the first generation. NULL: none. */
void serve_set_tickets(struct server *server, struct tls_tickets *tickets);

#endif
