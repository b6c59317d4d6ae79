/* vm/state.h: struct vm and struct task as vm.c, task.c, wait.c and loader.c see them; nobody else includes this. */
#ifndef VM_STATE_H
#define VM_STATE_H

#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#include "loop/timer.h"
#include "vm/beat.h"
#include "vm/heap.h"
#include "vm/task.h"
#include "vm/vm.h"

enum { WAIT_CLASSES = 4 };

struct vm {
    lua_State *L;
    struct vm_options options;

    /* Memory. used belongs to the thread that uses the VM; others read it as an estimate. */
    struct heap heap;
    size_t used;
    size_t limit;     /* what this VM may use; 0: no limit */
    size_t high;      /* 75 % of it */
    unsigned guarded; /* > 0 while Lua runs protected: only then may an allocation be refused */

    /* Life. */
    struct vm_hook *retire, *activate, *close;
    bool retired, active;
    bool guard; /* compiled loops look for vm_interrupt */

    /* Tasks: all alive, those to run at the end of the turn, and ended ones that keep their coroutine. */
    struct task *current;
    struct task *alive;
    struct {
        struct task *first, *last;
    } ready;
    struct task *spare;
    unsigned spare_count;
    size_t task_count;
    bool sweep_deferred;
    void *spare_waits[WAIT_CLASSES];
    void (*on_idle)(struct vm *vm, void *arg);
    void *idle_arg;
    int failure_ref; /* metatable of errors that task.c raises */
    int shim_ref;    /* what prelude.lua returned */
};

enum { TASK_LABEL = BEAT_LABEL, TASK_TRACE = 33 };

enum task_state { SPARE, NEW, READY, RUNNING, WAITING };

struct task {
    struct vm *vm;
    lua_State *co;
    int co_ref; /* keeps co alive */
    enum task_state state;
    int nargs; /* NEW: arguments to start with */
    bool begun, cancelled, detached, quiet;
    struct wait *wait;
    struct task *next, *previous;                     /* vm->alive, or vm->spare by next */
    struct task *next_ready;                          /* vm->ready */
    struct task *parent, *children, *sibling, **link; /* link: what points at this one among its siblings */
    void (*on_done)(struct task *task, enum task_end end, lua_State *L, int count, void *arg);
    const char *(*find_trace)(void *arg); /* NULL: trace holds it, or there is none */
    void *arg;
    const char *code; /* of the cancel */
    char *message;
    double started, deadline;
    double patience;    /* seconds from start or renewal to deadline; 0: there is none */
    struct timer timer; /* runs only once the task has waited: most requests never do */
    uint64_t id;
    char label[TASK_LABEL], trace[TASK_TRACE];
};

/* wait.c. Only the addresses of the marks count: values that no script can have. */
extern char wait_mark, wait_cancel_mark;
void wait_free(struct vm *vm, struct wait *w);
void wait_free_spares(struct vm *vm);
void wait_push_error(lua_State *L, const char *code, const char *message);

/* task.c: resumes it at the end of the turn. */
void task_ready(struct task *task);

/* wait.c: what errors are made of, in a new VM. task.c: the end of one. */
void wait_open(struct vm *vm);
void task_close(struct vm *vm);

/* wait.c: what prelude.lua is given: pass(), refuse() and the two marks. */
void task_push_primitives(lua_State *L);

/* loader.c: what require keeps in the registry. */
void loader_open(lua_State *L);

/* vm.c: message handler for lua_pcall: makes an error text with its place. */
int vm_describe(lua_State *L);

/* vm.c: the state that runs on this thread, for vm_interrupt; returns the one before. */
lua_State *vm_running(lua_State *L);

/* Prefixes of errors that were raised at the shim name the shim: gives them the place of the Lua code that called.
 * The message is on top of L; where is the state (or coroutine) that failed. */
void vm_fix_position(lua_State *L, lua_State *where);

#endif
