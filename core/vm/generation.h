/* vm/generation.h: one accepted set of scripts, running. Loaded on a side thread, swapped in between two events,
 * drained, closed on a side thread. Called by process/worker.c; the server learns of a swap by server_set_generation().
 *
 *   load (side thread) ──▶ swap (loop) ──▶ in force ──▶ retired: tasks finish ──▶ closed (side thread)
 */
#ifndef VM_GENERATION_H
#define VM_GENERATION_H

#include <lua.h>

#include "base/buf.h"
#include "vm/env.h"
#include "vm/loader.h"

struct vm;

struct generations;

/* Called by the swap with the new VM, on the loop: the server directs new work to it. */
typedef void generations_swap_fn(struct worker_env *env, struct vm *vm);

struct generations *generations_new(struct worker_env *env, generations_swap_fn *swap);

/* Loads set (taken over) as generation number on a side thread and swaps it in. done is called on the loop: error NULL
 * when it is in force, else what failed with file:line. */
void generations_load(struct generations *all, struct set *set, unsigned number,
                      void (*done)(void *arg, const char *error), void *arg);

/* Loads set now, on this thread, and swaps it in: the first generation. False with error. */
bool generations_load_now(struct generations *all, struct set *set, unsigned number, struct buf *error);

/* Loads set as a worker would, on this thread: the candidate's check. Runs without the JIT, so that vm_interrupt stops
 * any loop. The VM is the caller's to close; NULL with error. */
struct vm *generation_try(struct worker_env *env, struct set *set, struct buf *error);

/* Octets of Lua in all VMs alive. */
size_t generations_memory(const struct generations *all);

/* Shares lua_limit anew among the VMs; the worker calls it now and then. */
void generations_balance(struct generations *all);

/* The worker stops: retires the one in force ("stop"); tasks get until the deadline (seconds), then are cancelled;
 * done is called when none is left. */
void generations_stop(struct generations *all, double seconds, void (*done)(void *arg), void *arg);

/* After done of generations_stop (no task may be left). */
void generations_free(struct generations *all);

/* Pushes the table that the app module returned, on L of this VM. */
void generation_push_app(lua_State *L);

#endif
