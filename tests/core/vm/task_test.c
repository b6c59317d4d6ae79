/* Tasks and waits as a binding sees them, and the caps of a VM (vm/task.h, vm/vm.h). What Lua sees of them is in
 * tests/lua/host/task_spec.lua. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>

#include "loop/loop.h"
#include "vm/task.h"
#include "vm/vm.h"

struct fixture {
    struct worker_env env;
    struct vm *vm;
};

/* ---- a binding that waits until the test says otherwise ---- */

struct probe {
    struct wait wait;
    int tag;
};

static struct probe *waiting;
static int cancels;

static void on_cancel(struct wait *wait)
{
    assert_ptr_equal(wait, waiting);
    waiting = NULL;
    cancels++;
}

static int l_probe(lua_State *L)
{
    struct probe *p = wait_new(L, sizeof *p, on_cancel);
    p->tag = 7;
    waiting = p;
    return task_wait(L, &p->wait);
}

/* Is woken before it waits. */
static int l_at_once(lua_State *L)
{
    struct probe *p = wait_new(L, sizeof *p, on_cancel);
    lua_pushliteral(wait_state(&p->wait), "at once");
    task_wake(&p->wait, 1);
    return task_wait(L, &p->wait);
}

static int l_fails(lua_State *L)
{
    struct probe *p = wait_new(L, sizeof *p, on_cancel);
    wait_fail(&p->wait, "gone", "it is gone");
    return task_wait(L, &p->wait);
}

static void add_waiting(lua_State *L, const char *name, lua_CFunction fn)
{
    vm_push_shim(L);
    lua_pushcfunction(L, fn);
    lua_call(L, 1, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_insert(L, -2);
    lua_setfield(L, -2, name); /* require finds it there */
    lua_pop(L, 1);
}

static int set_up(void **state)
{
    static struct fixture f;
    f = (struct fixture){.env = {.loop = loop_new(), .worker = -1, .lua_limit = 8 << 20}};
    waiting = NULL;
    cancels = 0;
    struct vm_options options = {.env = &f.env, .generation = 3};
    f.vm = vm_new(&options);
    if (!f.env.loop || !f.vm)
        return -1;
    add_waiting(vm_state(f.vm), "probe", l_probe);
    add_waiting(vm_state(f.vm), "at_once", l_at_once);
    add_waiting(vm_state(f.vm), "fails", l_fails);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    vm_cancel_tasks(f->vm, "stop", "the test ends");
    loop_turn(f->env.loop, false);
    assert_int_equal(vm_task_count(f->vm), 0);
    vm_close(f->vm);
    loop_free(f->env.loop);
    return 0;
}

/* ---- running a chunk and keeping its end ---- */

struct outcome {
    int calls;
    enum task_end end;
    char text[300]; /* the first value, or the error */
    lua_State *state;
};

static void on_done(struct task *task, enum task_end end, lua_State *L, int count, void *arg)
{
    struct outcome *o = arg;
    (void)task;
    o->calls++;
    o->end = end;
    o->state = L;
    int index = -count;
    if (count && lua_istable(L, index)) {
        lua_getfield(L, index, "code");
        index = -1;
    }
    snprintf(o->text, sizeof o->text, "%s", count && lua_tostring(L, index) ? lua_tostring(L, index) : "");
}

static struct task *begin(struct fixture *f, const char *chunk, struct outcome *o, struct task_options options)
{
    options.on_done = on_done;
    options.arg = o;
    options.quiet = true;
    memset(o, 0, sizeof *o);
    struct task *task = task_new(f->vm, &options);
    assert_int_equal(luaL_loadbuffer(task_state(task), chunk, strlen(chunk), "=chunk"), 0);
    task_start(task, 0);
    return task;
}

static void a_task_runs_at_once_and_reports_its_results(void **state)
{
    struct outcome o;
    begin(*state, "return 'done', 2", &o, (struct task_options){.label = "x"});
    assert_int_equal(o.calls, 1);
    assert_int_equal(o.end, TASK_DONE);
    assert_string_equal(o.text, "done");
}

static void the_next_task_takes_the_coroutine_of_the_last(void **state)
{
    struct outcome first, second, failed, third;
    begin(*state, "return 1", &first, (struct task_options){0});
    begin(*state, "return 2", &second, (struct task_options){0});
    begin(*state, "error 'x'", &failed, (struct task_options){0});
    begin(*state, "return 'after an error'", &third, (struct task_options){0});
    assert_ptr_equal(first.state, second.state);
    assert_int_equal(failed.end, TASK_FAILED);
    assert_ptr_equal(first.state, third.state);
    assert_string_equal(third.text, "after an error");
}

static void a_wait_goes_on_at_the_end_of_the_turn_with_what_was_pushed(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    begin(f, "local a, b = require 'probe'() return a .. b", &o, (struct task_options){0});
    assert_int_equal(o.calls, 0);
    assert_int_equal(vm_task_count(f->vm), 1);
    lua_pushliteral(wait_state(&waiting->wait), "one ");
    lua_pushliteral(wait_state(&waiting->wait), "two");
    task_wake(&waiting->wait, 2);
    assert_int_equal(o.calls, 0); /* whoever wakes is never re-entered */
    assert_int_equal(waiting->tag, 7);
    loop_turn(f->env.loop, false);
    assert_int_equal(o.calls, 1);
    assert_string_equal(o.text, "one two");
}

static void a_wait_that_is_woken_early_does_not_suspend(void **state)
{
    struct outcome o;
    begin(*state, "return require 'at_once'()", &o, (struct task_options){0});
    assert_int_equal(o.calls, 1);
    assert_string_equal(o.text, "at once");
    begin(*state, "local v, err = require 'fails'() return tostring(v) .. ' ' .. err.code .. ' ' .. tostring(err)", &o,
          (struct task_options){0});
    assert_string_equal(o.text, "nil gone it is gone");
}

static void a_cancel_stops_the_operation_and_raises(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    struct task *task = begin(f, "require 'probe'()", &o, (struct task_options){0});
    task_cancel(task, "closed", "the client went away");
    task_cancel(task, "closed", "again");
    assert_int_equal(cancels, 1);
    loop_turn(f->env.loop, false);
    assert_int_equal(o.calls, 1);
    assert_int_equal(o.end, TASK_CANCELLED);
    assert_string_equal(o.text, "closed");
}

static void a_cancelled_task_cannot_wait_any_more(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    struct task *task = begin(f,
                              "local probe = require 'probe'\n"
                              "local _, first = pcall(probe)\n"
                              "local _, second = pcall(probe)\n"
                              "return first.code .. ' ' .. second.code",
                              &o, (struct task_options){0});
    task_cancel(task, "closed", "the client went away");
    loop_turn(f->env.loop, false);
    assert_int_equal(o.end, TASK_DONE); /* it chose to return */
    assert_string_equal(o.text, "closed closed");
    assert_int_equal(cancels, 1);
}

static void the_end_of_a_parent_cancels_its_children(void **state)
{
    struct fixture *f = *state;
    struct outcome parent, child;
    struct task *task = begin(f, "require 'probe'()", &parent, (struct task_options){0});
    struct probe *of_parent = waiting;
    begin(f, "require 'probe'()", &child, (struct task_options){.parent = task});
    task_wake(&of_parent->wait, 0);
    loop_turn(f->env.loop, false);
    assert_int_equal(parent.end, TASK_DONE);
    assert_int_equal(child.end, TASK_CANCELLED);
}

static void a_deadline_cancels(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    begin(f, "require 'probe'()", &o, (struct task_options){.deadline = 0.01});
    while (!o.calls)
        loop_turn(f->env.loop, true);
    assert_int_equal(o.end, TASK_CANCELLED);
    assert_string_equal(o.text, "deadline");
}

static void waiting_outside_of_a_task_is_an_error(void **state)
{
    struct fixture *f = *state;
    lua_State *L = vm_state(f->vm);
    assert_int_equal(luaL_loadstring(L, "require 'probe'()"), 0);
    assert_false(vm_call(L, 0, 0));
    assert_non_null(strstr(lua_tostring(L, -1), "needs a task"));
    lua_settop(L, 0);
}

static void errors_name_the_script_and_not_the_shim(void **state)
{
    static struct outcome outliving; /* told at the end of the VM, which outlives this frame */
    struct outcome o;
    begin(*state, "local x\nrequire 'probe'(nil)\nreturn x.y", &outliving, (struct task_options){0});
    assert_int_equal(outliving.calls, 0);
    begin(*state, "local ok = 1\nlocal x = nil\nreturn x.y", &o, (struct task_options){0});
    assert_non_null(strstr(o.text, "chunk:3:"));
}

/* ---- limits ---- */

static void memory_ends_at_its_cap_and_comes_back(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    begin(f, "local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end", &o, (struct task_options){0});
    assert_int_equal(o.end, TASK_FAILED);
    assert_string_equal(o.text, "not enough memory");
    assert_true(f->env.replace);
    assert_true(vm_memory(f->vm) <= f->env.lua_limit + 100000);
    begin(f, "collectgarbage() return 'still alive'", &o, (struct task_options){0});
    assert_string_equal(o.text, "still alive");
    assert_true(vm_memory(f->vm) < f->env.lua_limit / 2);
}

static int l_interrupt(lua_State *L)
{
    (void)L;
    vm_interrupt("enough"); /* as a signal handler does */
    return 0;
}

static void an_interruption_raises_where_the_script_is(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    add_waiting(vm_state(f->vm), "interrupt", l_interrupt);
    begin(f, "require 'interrupt'()\nwhile true do end", &o, (struct task_options){0});
    assert_int_equal(o.end, TASK_FAILED);
    assert_non_null(strstr(o.text, "enough"));
    begin(f, "local n = 0 for i = 1, 10 do n = n + i end return n", &o, (struct task_options){0});
    assert_string_equal(o.text, "55"); /* the next one is left alone */
    vm_interrupt("nobody runs");
    begin(f, "local n = 0 for i = 1, 10 do n = n + i end return n", &o, (struct task_options){0});
    assert_string_equal(o.text, "55");
}

static void served_scripts_find_closed_doors(void **state)
{
    static const char *const chunks[] = {
        "local o = os return o.exit",
        "return io.open",
        "return require 'ffi'",
        "return debug.sethook",
        "return load(string.dump(function() end))",
        "return loadstring(string.dump(function() end))",
        "accidental = 1",
        "return accidental",
    };
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        struct outcome o;
        begin(*state, chunks[i], &o, (struct task_options){0});
        assert_int_equal(o.end, TASK_FAILED);
    }
    struct outcome o;
    begin(*state, "return load('return 1 + 1')()", &o, (struct task_options){0});
    assert_string_equal(o.text, "2");
}

static int order[4], order_count;

static void note_one(struct vm_hook *hook, const char *reason)
{
    (void)hook;
    assert_string_equal(reason, "reload");
    order[order_count++] = 1;
}

static void note_two(struct vm_hook *hook, const char *reason)
{
    (void)hook, (void)reason;
    order[order_count++] = 2;
}

static void hooks_run_once_and_newest_first(void **state)
{
    struct fixture *f = *state;
    struct vm_hook one, two, gone;
    order_count = 0;
    vm_on_retire(f->vm, &one, note_one);
    vm_on_retire(f->vm, &gone, note_two);
    vm_on_retire(f->vm, &two, note_two);
    vm_hook_remove(&gone);
    vm_hook_remove(&gone);
    vm_retire(f->vm, "reload");
    vm_retire(f->vm, "stop");
    assert_int_equal(order_count, 2);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_runs_at_once_and_reports_its_results),
        TEST(the_next_task_takes_the_coroutine_of_the_last),
        TEST(a_wait_goes_on_at_the_end_of_the_turn_with_what_was_pushed),
        TEST(a_wait_that_is_woken_early_does_not_suspend),
        TEST(a_cancel_stops_the_operation_and_raises),
        TEST(a_cancelled_task_cannot_wait_any_more),
        TEST(the_end_of_a_parent_cancels_its_children),
        TEST(a_deadline_cancels),
        TEST(waiting_outside_of_a_task_is_an_error),
        TEST(errors_name_the_script_and_not_the_shim),
        TEST(memory_ends_at_its_cap_and_comes_back),
        TEST(an_interruption_raises_where_the_script_is),
        TEST(served_scripts_find_closed_doors),
        TEST(hooks_run_once_and_newest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
