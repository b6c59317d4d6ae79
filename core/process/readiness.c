/* process/readiness.c: see readiness.h. */
#include "process/readiness.h"

#include <lua.h>

#include "loop/loop.h"
#include "process/stores.h"
#include "process/threads.h"
#include "vm/generation.h"
#include "vm/task.h"
#include "vm/vm.h"

struct question {
    struct worker_env *env;
    struct buf *error;
    bool answered;
};

static void on_done(struct task *task, enum task_end end, lua_State *L, int count, void *arg)
{
    struct question *question = arg;
    (void)task;
    if (end != TASK_DONE)
        buf_printf(question->error, "%s", lua_tostring(L, -2) ? lua_tostring(L, -2) : "the app's ready failed");
    else if (count && lua_isstring(L, 1))
        buf_printf(question->error, "%s", lua_tostring(L, 1));
    question->answered = true;
}

static void run(struct question *question, struct vm *vm)
{
    lua_State *L = vm_state(vm);
    struct task *task =
        task_new(vm, &(struct task_options){.label = "ready", .quiet = true, .on_done = on_done, .arg = question});
    lua_xmove(L, task_state(task), 1);
    task_start(task, 0);
    lua_settop(L, 0);
    while (!question->answered)
        loop_turn(question->env->loop, true);
    vm_cancel_tasks(vm, "stop", "the app has answered");
    while (vm_task_count(vm) > 0)
        loop_turn(question->env->loop, true);
}

/* In the order in which a worker closes: what the VM holds of the stores is given back before they go. */
static void ask(struct question *question, struct vm *vm)
{
    struct worker_env *env = question->env;
    env->vm = vm;
    stores_open(env);
    run(question, vm);
    vm_before_close(vm);
    vm_close(vm);
    stores_close(env);
    env->vm = NULL;
}

bool readiness_ask(struct worker_env *env, struct vm *vm, struct buf *error)
{
    struct question question = {.env = env, .error = error};
    lua_State *L = vm_state(vm);
    generation_push_app(L);
    lua_getfield(L, -1, "ready");
    bool asks = lua_isfunction(L, -1);
    bool open = asks && threads_open(env);
    if (open)
        ask(&question, vm);
    else
        vm_close(vm);
    if (asks && !open)
        buf_printf(error, "no descriptors for threads to start with");
    threads_close(env);
    return error->len == 0;
}
