/* vm/task.c: see task.h. Owns every coroutine that the core resumes; called by bindings, the server (a task per request
 * or message) and generation.c. Waits are in wait.c. */
#include "vm/task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "vm/beat.h"
#include "vm/state.h"

enum {
    SPARE_MAX = 1024,   /* ended tasks that keep their coroutine */
    STACK_ROOM = 20,    /* values that a waker may push */
    SWEEP_TASKS = 4096, /* resumed in one sweep; the rest lets the sockets go first */
};

static uint64_t next_id = 1;

static void on_deadline(struct timer *timer)
{
    struct task *t = (struct task *)((char *)timer - offsetof(struct task, timer));
    task_cancel(t, "deadline", "the task's deadline has passed");
}

static void sweep(void *arg);

void task_ready(struct task *t)
{
    struct vm *vm = t->vm;
    t->state = READY;
    t->next_ready = NULL;
    if (vm->ready.last)
        vm->ready.last->next_ready = t;
    else
        vm->ready.first = t;
    vm->ready.last = t;
    if (!vm->sweep_deferred) {
        vm->sweep_deferred = true;
        loop_defer(vm->options.env->loop, sweep, vm);
    }
}

/* ---- running ---- */

static void unlink_from_parent(struct task *t)
{
    if (!t->parent)
        return;
    *t->link = t->sibling;
    if (t->sibling)
        t->sibling->link = t->link;
    t->parent = NULL;
}

static void cancel_children(struct task *t, const char *code, const char *message)
{
    while (t->children) {
        struct task *child = t->children;
        unlink_from_parent(child);
        task_cancel(child, code, message);
    }
}

static void spare_coroutine(struct vm *vm, struct task *t, bool broken)
{
    free(t->message);
    t->message = NULL;
    timer_stop(&t->timer);
    if (broken)
        lua_resetthread(vm->L, t->co);
    lua_settop(t->co, 0);
    if (vm->spare_count >= SPARE_MAX) {
        luaL_unref(vm->L, LUA_REGISTRYINDEX, t->co_ref);
        free(t);
        return;
    }
    t->state = SPARE;
    t->next = vm->spare;
    vm->spare = t;
    vm->spare_count++;
}

/* The error at index as text, left on the stack: itself, or the message of a table { code, message }. */
static const char *error_text(lua_State *L, int index)
{
    lua_pushvalue(L, index);
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "message");
        lua_rawget(L, -2);
    }
    const char *text = lua_tostring(L, -1);
    return text ? text : "an error that is no text";
}

static void log_failure(struct task *t, const char *error, const char *traceback)
{
    log_write(LOG_ERROR, "task failed", log_str("task", t->label), log_int("task_id", (int64_t)t->id),
              log_str("error", error), log_str("traceback", traceback),
              task_trace(t) ? log_str("request", task_trace(t)) : LOG_END, LOG_END);
}

/* Ends a task that returned count values, or whose coroutine failed with an error on top (and its stack still there).
 */
static void end_task(struct task *t, enum task_end end, int count)
{
    struct vm *vm = t->vm;
    lua_State *co = t->co;
    bool broken = end != TASK_DONE && t->begun;
    if (end != TASK_DONE) {
        if (lua_type(co, -1) == LUA_TSTRING)
            vm_fix_position(co, co);
        luaL_traceback(co, co, NULL, 0);
        count = 2;
    }
    cancel_children(t, "cancelled", "the task that started this one has ended");
    unlink_from_parent(t);
    if (end == TASK_FAILED && !t->quiet) {
        int top = lua_gettop(co);
        const char *traceback = lua_tostring(co, -1);
        log_failure(t, error_text(co, -2), traceback);
        lua_settop(co, top);
    }
    if (t->on_done)
        t->on_done(t, end, co, count, t->arg);
    if (t->previous)
        t->previous->next = t->next;
    else
        vm->alive = t->next;
    if (t->next)
        t->next->previous = t->previous;
    spare_coroutine(vm, t, broken);
    if (--vm->task_count == 0 && vm->on_idle) {
        void (*on_idle)(struct vm *, void *) = vm->on_idle;
        vm->on_idle = NULL;
        on_idle(vm, vm->idle_arg);
    }
}

static void beat_begin(struct task *t)
{
    struct beat *beat = t->vm->options.env->beat;
    if (!beat)
        return;
    memcpy(beat->label, t->label, TASK_LABEL);
    atomic_store_explicit(&beat->generation, t->vm->options.generation, memory_order_relaxed);
    atomic_store_explicit(&beat->started, t->started, memory_order_relaxed);
    atomic_store_explicit(&beat->turns, atomic_load_explicit(&beat->turns, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    atomic_store_explicit(&beat->running, 1, memory_order_release);
}

static void beat_end(struct vm *vm)
{
    struct beat *beat = vm->options.env->beat;
    if (beat)
        atomic_store_explicit(&beat->running, 0, memory_order_release);
}

/* The only lua_resume there is. */
static void run(struct task *t, int nargs)
{
    struct vm *vm = t->vm;
    lua_State *co = t->co;
    t->state = RUNNING;
    t->begun = true;
    vm->current = t;
    vm->guarded++;
    beat_begin(t);
    lua_State *before = vm_running(co);
    int status = lua_resume(co, nargs);
    vm_running(before);
    beat_end(vm);
    vm->guarded--;
    vm->current = NULL;
    if (status == LUA_YIELD && t->wait) {
        lua_settop(co, 0);
        t->state = WAITING;
        lua_checkstack(co, STACK_ROOM);
        if (t->deadline > 0 && !timer_running(&t->timer))
            timer_start_at(&t->timer, t->deadline);
    } else if (status == LUA_YIELD) {
        lua_settop(co, 0);
        lua_pushliteral(co, "coroutine.yield outside of a coroutine of one's own");
        end_task(t, TASK_FAILED, 1);
    } else if (status != 0) {
        end_task(t, t->cancelled ? TASK_CANCELLED : TASK_FAILED, 1);
    } else {
        end_task(t, TASK_DONE, lua_gettop(co));
    }
}

/* Cancelled before it ran. */
static void end_unbegun(struct task *t)
{
    lua_settop(t->co, 0);
    wait_push_error(t->co, t->code, t->message);
    end_task(t, TASK_CANCELLED, 1);
}

static void go_on(struct task *t)
{
    if (!t->begun) {
        if (t->cancelled)
            end_unbegun(t);
        else
            run(t, t->nargs);
        return;
    }
    struct wait *w = t->wait;
    int count = w ? (int)w->results : lua_gettop(t->co);
    t->wait = NULL;
    if (w)
        wait_free(t->vm, w);
    run(t, count);
}

/* Resumes what became ready, at the end of the turn. */
static void sweep(void *arg)
{
    struct vm *vm = arg;
    for (int n = 0; vm->ready.first && n < SWEEP_TASKS; n++) {
        struct task *t = vm->ready.first;
        vm->ready.first = t->next_ready;
        if (!vm->ready.first)
            vm->ready.last = NULL;
        go_on(t);
    }
    vm->sweep_deferred = vm->ready.first != NULL;
    if (vm->sweep_deferred)
        loop_defer(vm->options.env->loop, sweep, vm);
}

/* ---- tasks ---- */

static struct task *task_alloc(struct vm *vm)
{
    struct task *t = vm->spare;
    if (t) {
        vm->spare = t->next;
        vm->spare_count--;
        return t;
    }
    t = mem_zalloc(sizeof *t);
    t->vm = vm;
    t->co = lua_newthread(vm->L);
    t->co_ref = luaL_ref(vm->L, LUA_REGISTRYINDEX);
    timer_init(&t->timer, vm->options.env->loop, on_deadline);
    struct counter_segment *counters = vm->options.env->counters;
    if (counters) /* rare, so it need not be kept */
        counter_add(counter_get(counters, COUNTER_COUNT, STR("toolbox_coroutines_total"), STR("")), 1);
    return t;
}

struct task *task_new(struct vm *vm, const struct task_options *options)
{
    struct task *t = task_alloc(vm), *parent = options->parent;
    t->id = next_id++;
    t->state = NEW;
    t->begun = t->cancelled = t->detached = false;
    t->quiet = options->quiet;
    t->on_done = options->on_done;
    t->find_trace = options->trace;
    t->arg = options->arg;
    t->started = clock_now();
    t->patience = options->deadline > 0 ? options->deadline : 0;
    t->deadline = t->patience > 0 ? t->started + t->patience : 0;
    if (options->label || parent)
        task_set_label(t, options->label ? options->label : parent->label);
    else
        memcpy(t->label, "task", sizeof "task");
    t->trace[0] = '\0';
    t->children = NULL;
    t->parent = parent;
    if (parent) {
        if (task_trace(parent))
            task_set_trace(t, parent->trace);
        t->sibling = parent->children;
        if (t->sibling)
            t->sibling->link = &t->sibling;
        t->link = &parent->children;
        parent->children = t;
    }
    t->previous = NULL;
    t->next = vm->alive;
    if (t->next)
        t->next->previous = t;
    vm->alive = t;
    vm->task_count++;
    return t;
}

lua_State *task_state(struct task *task)
{
    return task->co;
}

void task_start(struct task *task, int nargs)
{
    task->nargs = nargs;
    if (task->vm->current)
        task_ready(task);
    else
        run(task, nargs);
}

void task_cancel(struct task *task, const char *code, const char *message)
{
    if (task->cancelled || task->state == SPARE)
        return;
    task->cancelled = true;
    task->code = code;
    task->message = mem_dup(message, strlen(message));
    cancel_children(task, code, message);
    struct wait *w = task->wait;
    if (task->state != WAITING || !w)
        return; /* it raises at its next wait */
    task->wait = NULL;
    w->on_cancel(w);
    wait_free(task->vm, w);
    lua_settop(task->co, 0);
    lua_pushlightuserdata(task->co, &wait_cancel_mark);
    wait_push_error(task->co, code, message);
    task_ready(task);
}

struct task *task_current(lua_State *L)
{
    return vm_of(L)->current;
}

struct task *task_parent(const struct task *t)
{
    return t->parent;
}

uint64_t task_id(const struct task *task)
{
    return task->id;
}

void task_set_label(struct task *task, const char *label)
{
    size_t n = strnlen(label, TASK_LABEL - 1);
    memcpy(task->label, label, n);
    task->label[n] = '\0';
    struct beat *beat = task->vm->options.env->beat;
    if (beat && task->state == RUNNING)
        memcpy(beat->label, task->label, TASK_LABEL);
}

const char *task_label(const struct task *task)
{
    return task->label;
}

void task_detach(struct task *task)
{
    task->detached = true;
}

bool task_detached(const struct task *task)
{
    return task->detached;
}

void task_renew(struct task *t)
{
    if (t->patience <= 0)
        return;
    t->deadline = clock_now() + t->patience;
    if (timer_running(&t->timer))
        timer_start_at(&t->timer, t->deadline);
}

const char *task_cancelled(const struct task *task)
{
    return task->cancelled ? task->code : NULL;
}

void task_forget(struct task *task)
{
    task->on_done = NULL;
    task->find_trace = NULL;
}

void task_set_trace(struct task *task, const char *trace)
{
    size_t n = strnlen(trace, TASK_TRACE - 1);
    memcpy(task->trace, trace, n);
    task->trace[n] = '\0';
    task->find_trace = NULL;
}

const char *task_trace(struct task *task)
{
    if (task->find_trace)
        task_set_trace(task, task->find_trace(task->arg));
    return task->trace[0] ? task->trace : NULL;
}

/* ---- the VM's tasks ---- */

size_t vm_task_count(const struct vm *vm)
{
    return vm->task_count;
}

void vm_cancel_tasks(struct vm *vm, const char *code, const char *message)
{
    for (struct task *t = vm->alive; t; t = t->next)
        task_cancel(t, code, message);
}

void vm_on_idle(struct vm *vm, void (*fn)(struct vm *vm, void *arg), void *arg)
{
    if (vm->task_count == 0) {
        fn(vm, arg);
        return;
    }
    vm->on_idle = fn;
    vm->idle_arg = arg;
}

void task_close(struct vm *vm)
{
    assert(vm->task_count == 0);
    while (vm->spare) {
        struct task *t = vm->spare;
        vm->spare = t->next;
        free(t);
    }
    wait_free_spares(vm);
}
