/* vm/vm.h: one Lua state with a memory cap, strict globals and the modules a script may use.
 *
 * A VM belongs to one generation (or to one command). It may be built and closed on another thread, but only one
 * thread uses it at a time; after the swap that is the loop's. Used by vm/generation.c, bindings and the command line.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "base/buf.h"
#include "base/str.h"
#include "vm/env.h"

struct vm;

struct vm_options {
    struct worker_env *env;
    const struct set *set;           /* assets, and where require looks unless open; NULL: files under roots */
    const struct settings *settings; /* NULL only for VMs that evaluate a configuration */
    const char *const *roots;        /* NULL-ended folders, for a VM without set */
    unsigned generation;
    bool open; /* a command's VM: all of LuaJIT's libraries, files and package.path; else what served scripts get */
};

/* A VM, its libraries and the preloaded host modules; NULL if the memory limit does not even suffice for that.
 * Options and what they point at must outlive it (the strings are not copied). */
struct vm *vm_new(const struct vm_options *options);

/* Closes the state; tasks must have ended (vm_task_count() == 0). Any thread. */
void vm_close(struct vm *vm);

/* The VM that a state or coroutine belongs to: no lookup, cheap. */
struct vm *vm_of(lua_State *L);

/* The main state. Not for calls that may wait: those need a task (task.h). */
lua_State *vm_state(struct vm *vm);

struct worker_env *vm_env(const struct vm *vm);
struct loop *vm_loop(const struct vm *vm);
const struct settings *vm_settings(const struct vm *vm);
const struct set *vm_set(const struct vm *vm);
unsigned vm_generation(const struct vm *vm);

/* Octets that Lua uses now in this VM. */
size_t vm_memory(const struct vm *vm);

/* The others' VMs use so many octets: this one may use what they leave of lua_limit. */
void vm_limit(struct vm *vm, size_t others);

/* Pushes the function that wraps a waiting C function (for bind_waiting). */
void vm_push_shim(lua_State *L);

/* lua_pcall with the memory cap in force. Nothing called this way may wait. Returns
 * false with a message (text, file:line) on top of L. */
bool vm_call(lua_State *L, int nargs, int nresults);

/* Loads the module name (as require does) and leaves its value on L; false with a message (file:line) on L. */
bool vm_require(lua_State *L, const char *name);

/* Raises message in the Lua code that this thread runs, at the next line that the interpreter reaches; nothing if none
 * runs. For signal handlers. Compiled loops do not notice, unless the setting script_guard is on. */
void vm_interrupt(const char *message);

/* Called once when the generation is replaced or the worker stops, newest first; the hook's memory stays the
 * caller's, and it is unlinked before fn runs. May be armed by luaopen functions (on the loading thread). */
struct vm_hook {
    void (*fn)(struct vm_hook *hook, const char *reason); /* "reload" or "stop" */
    struct vm_hook *next, **link;
};
void vm_on_retire(struct vm *vm, struct vm_hook *hook, void (*fn)(struct vm_hook *hook, const char *reason));
void vm_hook_remove(struct vm_hook *hook);
void vm_retire(struct vm *vm, const char *reason);
bool vm_retired(const struct vm *vm);

/* The same for the moment before the state is closed, on the loop. Closing itself runs on a side thread, so a __gc that
 * would touch the loop, a pool or the server arms this hook, gives its resource back in it, and removes it when __gc
 * comes first. */
void vm_on_close(struct vm *vm, struct vm_hook *hook, void (*fn)(struct vm_hook *hook, const char *reason));
void vm_before_close(struct vm *vm);

/* The same for the moment the generation takes over (after the swap, on the loop): timers made at load start here.
 * A hook that is armed later runs at once. */
void vm_on_activate(struct vm *vm, struct vm_hook *hook, void (*fn)(struct vm_hook *hook, const char *reason));
void vm_activate(struct vm *vm);

#endif
