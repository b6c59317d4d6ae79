/* vm/task.c: see task.h. Owns every coroutine that the core resumes and every wait; called by bindings, the server
 * (a task per request or message) and generation.c. */
#include "vm/task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "vm/beat.h"
#include "vm/state.h"

enum {
    LABEL_SIZE = BEAT_LABEL,
    TRACE_SIZE = 33,
    SPARE_MAX = 1024,   /* ended tasks that keep their coroutine */
    STACK_ROOM = 20,    /* values that a waker may push */
    SWEEP_TASKS = 4096, /* resumed in one sweep; the rest lets the sockets go first */
};

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
    void *arg;
    const char *code; /* of the cancel */
    char *message;
    double started, deadline;
    struct timer timer; /* runs only once the task has waited: most requests never do */
    uint64_t id;
    char label[LABEL_SIZE], trace[TRACE_SIZE];
};

/* Only the addresses count: values that no script can have. */
static char mark, cancel_mark;

static uint64_t next_id = 1;

/* ---- waits: memory by size classes, kept for the next ---- */

static const size_t wait_sizes[WAIT_CLASSES] = {96, 192, 384, 768};

static struct wait *wait_alloc(struct vm *vm, size_t size)
{
    unsigned class = 0;
    while (class < WAIT_CLASSES && wait_sizes[class] < size)
        class ++;
    struct wait *w;
    if (class < WAIT_CLASSES && vm->spare_waits[class]) {
        w = vm->spare_waits[class];
        vm->spare_waits[class] = *(void **)w;
    } else {
        w = mem_alloc(class < WAIT_CLASSES ? wait_sizes[class] : size);
    }
    memset(w, 0, size);
    w->size_class = (uint8_t) class;
    return w;
}

static void wait_free(struct vm *vm, struct wait *w)
{
    if (w->anchored) {
        lua_pushlightuserdata(vm->L, w);
        lua_pushnil(vm->L);
        lua_rawset(vm->L, LUA_REGISTRYINDEX);
    }
    if (w->size_class >= WAIT_CLASSES) {
        free(w);
        return;
    }
    void **next = &vm->spare_waits[w->size_class]; /* the list runs through the first word of each */
    *(void **)w = *next;
    *next = w;
}

/* ---- errors that task.c raises: tables with code and message that read as text ---- */

static int failure_text(lua_State *L)
{
    lua_getfield(L, 1, "message");
    return 1;
}

static void push_error(lua_State *L, const char *code, const char *message)
{
    lua_createtable(L, 0, 2);
    lua_pushstring(L, code);
    lua_setfield(L, -2, "code");
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm_of(L)->failure_ref);
    lua_setmetatable(L, -2);
}

int push_failure(lua_State *L, const char *code, const char *message)
{
    lua_pushnil(L);
    push_error(L, code, message);
    return 2;
}

/* ---- where LuaJIT cannot yield ---- */

/* "a callback of sort" and the file:line of the Lua code there. */
static void push_place(lua_State *L)
{
    lua_Debug ar;
    const char *inside = NULL;
    lua_pushliteral(L, "");
    for (int level = 1; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "nSl", &ar);
        bool transparent = ar.name && (strcmp(ar.name, "pcall") == 0 || strcmp(ar.name, "xpcall") == 0);
        if (*ar.what == 'C' && ar.name && !transparent) {
            inside = ar.name;
            break;
        }
        if (*ar.what != 'C' && ar.currentline > 0 && strcmp(ar.short_src, "[host]") != 0 && !*lua_tostring(L, -1)) {
            lua_pop(L, 1);
            lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
        }
    }
    lua_pushfstring(
        L, "%scannot wait inside a callback of %s: LuaJIT cannot yield there; wait before it, and give it the result",
        lua_tostring(L, -1), inside ? inside : "a C function");
    lua_remove(L, -2);
}

/* refuse(): the wait that a user's coroutine made has nowhere to go; returns what makes its shim raise. */
static int l_refuse(lua_State *L)
{
    struct task *t = vm_of(L)->current;
    struct wait *w = t ? t->wait : NULL;
    if (w) {
        t->wait = NULL;
        w->on_cancel(w);
        wait_free(t->vm, w);
    }
    lua_pushlightuserdata(L, &cancel_mark);
    push_place(L);
    return 2;
}

static int l_can_yield(lua_State *L)
{
    lua_pushboolean(L, lua_isyieldable(L));
    return 1;
}

void task_push_primitives(lua_State *L)
{
    lua_createtable(L, 0, 4);
    lua_pushlightuserdata(L, &mark);
    lua_setfield(L, -2, "mark");
    lua_pushlightuserdata(L, &cancel_mark);
    lua_setfield(L, -2, "cancel");
    lua_pushcfunction(L, l_refuse);
    lua_setfield(L, -2, "refuse");
    lua_pushcfunction(L, l_can_yield);
    lua_setfield(L, -2, "can_yield");
}

/* ---- making and ending waits ---- */

void *wait_new(lua_State *L, size_t size, void (*on_cancel)(struct wait *wait))
{
    struct vm *vm = vm_of(L);
    struct task *t = vm->current;
    if (!t) {
        luaL_error(L, "this call waits and needs a task: module bodies only build tables, so call it from a handler, "
                      "a timer or the app's start function");
    } else if (!lua_isyieldable(L)) {
        push_place(L);
        lua_error(L);
    } else if (t->cancelled) {
        push_error(L, t->code, t->message);
        lua_error(L);
    }
    struct wait *w = wait_alloc(vm, size);
    w->task = t;
    w->state = L;
    w->on_cancel = on_cancel;
    return w;
}

void wait_anchor(lua_State *L, struct wait *wait, int index)
{
    assert(!wait->anchored);
    lua_pushvalue(L, index);
    lua_pushlightuserdata(L, wait);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    wait->anchored = true;
}

void wait_push_anchor(lua_State *L, struct wait *wait)
{
    lua_pushlightuserdata(L, wait);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

lua_State *wait_state(struct wait *wait)
{
    return wait->state;
}

static void on_deadline(struct timer *timer)
{
    struct task *t = (struct task *)((char *)timer - offsetof(struct task, timer));
    task_cancel(t, "deadline", "the task's deadline has passed");
}

int task_wait(lua_State *L, struct wait *wait)
{
    struct task *t = wait->task;
    if (wait->woken) {
        int count = (int)wait->results;
        wait_free(t->vm, wait);
        return count;
    }
    t->wait = wait;
    wait->suspended = true;
    wait->state = t->co;
    lua_pushlightuserdata(L, &mark);
    return lua_yield(L, 1);
}

void wait_drop(struct wait *wait)
{
    assert(!wait->suspended);
    wait_free(wait->task->vm, wait);
}

static void sweep(void *arg);

static void make_ready(struct task *t)
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

void task_wake(struct wait *wait, int count)
{
    assert(!wait->woken);
    wait->woken = true;
    wait->results = (uint32_t)count;
    if (wait->suspended)
        make_ready(wait->task);
}

void task_wake_error(struct wait *wait)
{
    lua_State *to = wait_state(wait);
    lua_pushlightuserdata(to, &cancel_mark);
    lua_insert(to, -2);
    task_wake(wait, 2);
}

void wait_fail(struct wait *wait, const char *code, const char *message)
{
    task_wake(wait, push_failure(wait_state(wait), code, message));
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
              t->trace[0] ? log_str("request", t->trace) : LOG_END, LOG_END);
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
    memcpy(beat->label, t->label, LABEL_SIZE);
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
    push_error(t->co, t->code, t->message);
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
    t->arg = options->arg;
    t->started = clock_now();
    t->deadline = options->deadline > 0 ? t->started + options->deadline : 0;
    task_set_label(t, options->label ? options->label : parent ? parent->label : "task");
    t->trace[0] = '\0';
    t->children = NULL;
    t->parent = parent;
    if (parent) {
        memcpy(t->trace, parent->trace, sizeof t->trace);
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
        make_ready(task);
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
    lua_pushlightuserdata(task->co, &cancel_mark);
    push_error(task->co, code, message);
    make_ready(task);
}

struct task *task_current(lua_State *L)
{
    return vm_of(L)->current;
}

struct task *task_parent(const struct task *t)
{
    return t->parent;
}

struct vm *task_vm(struct task *task)
{
    return task->vm;
}

uint64_t task_id(const struct task *task)
{
    return task->id;
}

void task_set_label(struct task *task, const char *label)
{
    size_t n = strnlen(label, LABEL_SIZE - 1);
    memcpy(task->label, label, n);
    task->label[n] = '\0';
    struct beat *beat = task->vm->options.env->beat;
    if (beat && task->state == RUNNING)
        memcpy(beat->label, task->label, LABEL_SIZE);
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

const char *task_cancelled(const struct task *task)
{
    return task->cancelled ? task->code : NULL;
}

void task_forget(struct task *task)
{
    task->on_done = NULL;
}

void task_set_trace(struct task *task, const char *trace)
{
    size_t n = strnlen(trace, TRACE_SIZE - 1);
    memcpy(task->trace, trace, n);
    task->trace[n] = '\0';
}

const char *task_trace(const struct task *task)
{
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

void task_open(struct vm *vm)
{
    lua_State *L = vm->L;
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, failure_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "host.error");
    lua_setfield(L, -2, "__name");
    vm->failure_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

void task_close(struct vm *vm)
{
    assert(vm->task_count == 0);
    while (vm->spare) {
        struct task *t = vm->spare;
        vm->spare = t->next;
        free(t);
    }
    for (unsigned class = 0; class < WAIT_CLASSES; class ++) {
        while (vm->spare_waits[class]) {
            void *w = vm->spare_waits[class];
            vm->spare_waits[class] = *(void **)w;
            free(w);
        }
    }
}
