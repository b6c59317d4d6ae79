/* vm/task.h: tasks, the coroutines in which all Lua runs, and waits, by which Lua waits without blocking the loop.
 *
 *   task_new ──task_start──▶ running ──task_wait──▶ waiting ──task_wake──▶ ready ──(end of turn)──▶ running …
 *                               │                      └──task_cancel──▶ ready, and the wait raises
 *                               └──returns or raises──▶ on_done, back on the free list
 *
 * Only task.c resumes coroutines. A task keeps its coroutine when it ends and the next task takes both, so a task costs
 * no allocation in the steady state. task_wake never runs Lua: the task goes on at the end of the loop's turn, so
 * whoever wakes is never re-entered.
 *
 * A waiting call is four short functions in this order (bind/timer.c is the model):
 *   entry      checks arguments (may raise), wait_new, starts the operation, return task_wait(L, &x->wait);
 *   on_done    called by the operation: pushes results on wait_state(w), task_wake(w, how many);
 *   on_cancel  stops the operation; afterwards the wait is gone and must not be touched or woken;
 *   __gc       of the object, if there is one.
 * The entry function is exported with bind_waiting() (bind/bind.h), whose shim raises when the wait was cancelled. */
#ifndef VM_TASK_H
#define VM_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "base/str.h"
#include "vm/vm.h"

struct task;

/* First member of what a waiting call keeps. The memory is the task's: given by wait_new, gone when the task goes on
 * (so it may still be read until the function that called task_wake returns) or after on_cancel. */
struct wait {
    struct task *task;
    void (*on_cancel)(struct wait *wait);
    lua_State *state;
    uint32_t results;
    uint8_t size_class;
    bool woken, suspended, anchored;
};

/* A zeroed wait of size octets. Raises when the caller is not in a task, LuaJIT cannot yield here (the message names
 * the place and the fix), or the task is cancelled: so nothing may be acquired before it that Lua does not own. */
void *wait_new(lua_State *L, size_t size, void (*on_cancel)(struct wait *wait));

/* Keeps the value at index alive as long as the wait lasts (a yield drops the C function's stack). */
void wait_anchor(lua_State *L, struct wait *wait, int index);

/* Pushes that value onto any state of the VM. */
void wait_push_anchor(lua_State *L, struct wait *wait);

/* Where results are pushed before task_wake; has room for 20 values. */
lua_State *wait_state(struct wait *wait);

/* return task_wait(L, wait); ends the entry function. If the wait was woken meanwhile it returns at once. */
int task_wait(lua_State *L, struct wait *wait);

/* The wait is over; its results are the topmost count values of wait_state(wait). Exactly once, from the loop's thread.
 */
void task_wake(struct wait *wait, int count);

/* The same, but the wait raises the topmost value of wait_state(wait). */
void task_wake_error(struct wait *wait);

/* The same with nil, { code = code, message = message }. */
void wait_fail(struct wait *wait, const char *code, const char *message);

/* Gives a wait back that was made but will not be waited for (the operation could not start). */
void wait_drop(struct wait *wait);

/* Pushes nil, { code, message } and returns 2: for calls that fail without waiting. */
int push_failure(lua_State *L, const char *code, const char *message);

enum task_end { TASK_DONE, TASK_FAILED, TASK_CANCELLED };

struct task_options {
    const char *label;   /* route or name, copied (63 octets); NULL: "task" */
    double deadline;     /* seconds from now; 0: none. Past it the task is cancelled with code "deadline" */
    struct task *parent; /* whose end cancels this one; NULL: none */
    bool quiet;          /* on_done reports the failure; else task.c logs it */
    /* Called on the loop once the task has ended. TASK_DONE: its count results are on L. Else two values: the error and
     * a traceback (a string). It may start other tasks, but not one for each that ends
     * (that would recurse: loop instead). May be NULL. arg is not looked at. */
    void (*on_done)(struct task *task, enum task_end end, lua_State *L, int count, void *arg);
    /* What task_trace() is to answer: asked when somebody first wants to know, which for most requests is never. */
    const char *(*trace)(void *arg);
    void *arg;
};

/* A task that does not run yet. Push a function and its arguments on task_state(task), then task_start(). */
struct task *task_new(struct vm *vm, const struct task_options *options);
lua_State *task_state(struct task *task);

/* Runs it until it waits or ends; when called while another task runs, it is queued to the end of the turn instead.
 * After it returns the task may be gone: do not touch it unless on_done has not been called. */
void task_start(struct task *task, int nargs);

/* Makes the task's present wait, or else its next one, raise { code = code, message = message }; from then on every
 * wait raises. A task that has not begun ends at once. Its children are cancelled with it. */
void task_cancel(struct task *task, const char *code, const char *message);

/* Its deadline, if it has one, begins anew. */
void task_renew(struct task *task);

/* The code that it was cancelled with, or NULL. */
const char *task_cancelled(const struct task *task);

/* on_done and trace will not be called: for whoever goes away before the task ends. */
void task_forget(struct task *task);

/* The task that runs now in L's VM; NULL outside (module bodies, C callbacks). */
struct task *task_current(lua_State *L);

/* The task whose end cancels this one, such as the caller of task.all; NULL: none. */
struct task *task_parent(const struct task *task);

uint64_t task_id(const struct task *task);
void task_set_label(struct task *task, const char *label);
const char *task_label(const struct task *task);

/* A detached task goes on although its client goes away: who started it asks before cancelling. */
void task_detach(struct task *task);
bool task_detached(const struct task *task);

/* For the log: 32 hex digits of the request the task serves, inherited by its children; NULL: none. Copied. */
void task_set_trace(struct task *task, const char *trace);
const char *task_trace(struct task *task);

/* Tasks alive in a VM. */
size_t vm_task_count(const struct vm *vm);
void vm_cancel_tasks(struct vm *vm, const char *code, const char *message);

/* Called once when the last task has ended (at once if there is none). */
void vm_on_idle(struct vm *vm, void (*fn)(struct vm *vm, void *arg), void *arg);

#endif
