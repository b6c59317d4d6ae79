/* Generations in one process: loaded on a side thread, swapped, drained, bounded, stopped (vm/generation.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <lauxlib.h>

#include "bind/bind.h"
#include "loop/loop.h"
#include "vm/generation.h"
#include "vm/settings.h"

static const char rows[] = "return {\n"
                           "  { name = 'app', type = 'string', default = 'app' },\n"
                           "  { name = 'roots', type = 'list', of = 'path', default = { 'lua' } },\n"
                           "  { name = 'assets', type = 'list', of = 'path', default = {} },\n"
                           "  { name = 'services', type = 'map', of = 'string', default = {} },\n"
                           "  { name = 'generations', type = 'integer', default = 3 },\n"
                           "  { name = 'script_guard', type = 'boolean', default = false },\n"
                           "}\n";

/* start goes on for ever; work() is what the test runs as a request. */
static const char app[] = "local task = require 'host.task'\n"
                          "local timer = require 'host.timer'\n"
                          "local ticks = 0\n"
                          "timer.every('tick', 0.001, function() ticks = ticks + 1 end)\n"
                          "return {\n"
                          "  services = {},\n"
                          "  start = function() task.sleep(3600) end,\n"
                          "  work = function(seconds) task.sleep(seconds) return VERSION end,\n"
                          "  ticks = function() return ticks end,\n"
                          "}\n";

struct fixture {
    struct worker_env env;
    struct generations *all;
    char folder[64];
    struct vm *swapped; /* the last that the server was told of */
    int swaps, loads;
    char error[300];
    bool stopped;
};

static struct fixture f;

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f.folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void write_app(const char *version)
{
    char text[2000];
    const char *hole = strstr(app, "VERSION");
    snprintf(text, sizeof text, "%.*s'%s'%s", (int)(hole - app), app, version, hole + strlen("VERSION"));
    write_file("lua/app.lua", text);
}

static struct set *build(void)
{
    char path[128];
    char *environment[] = {NULL};
    struct buf error = {0};
    snprintf(path, sizeof path, "%s/config/x.lua", f.folder);
    struct settings *settings = settings_load(path, environment, &error);
    assert_non_null(settings);
    int fd = set_build(settings, NULL, &error);
    if (fd < 0)
        fail_msg("%s", buf_cstr(&error));
    struct set *set = set_open(fd);
    close(fd);
    settings_free(settings);
    buf_free(&error);
    return set;
}

static void on_swap(struct worker_env *env, struct vm *vm)
{
    assert_ptr_equal(env->vm, vm);
    f.swapped = vm;
    f.swaps++;
}

static void on_loaded(void *arg, const char *error)
{
    (void)arg;
    f.loads++;
    snprintf(f.error, sizeof f.error, "%s", error ? error : "");
}

static void on_stopped(void *arg)
{
    (void)arg;
    f.stopped = true;
}

static int set_up(void **state)
{
    char path[128];
    (void)state;
    memset(&f, 0, sizeof f);
    strcpy(f.folder, "/tmp/generation-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(path, sizeof path, "%s/config", f.folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/lua", f.folder);
    mkdir(path, 0700);
    write_file("config/default.lua", rows);
    write_file("config/x.lua", "return {}");
    f.env = (struct worker_env){.bind = bind_all, .loop = loop_new(), .worker = -1, .lua_limit = 64 << 20};
    f.all = generations_new(&f.env, on_swap);
    return f.all ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[100];
    (void)state;
    generations_stop(f.all, 0, on_stopped, NULL);
    while (!f.stopped)
        loop_turn(f.env.loop, true);
    generations_free(f.all);
    loop_free(f.env.loop);
    snprintf(command, sizeof command, "rm -r %s", f.folder);
    return system(command);
}

static void load(unsigned number)
{
    int before = f.loads;
    generations_load(f.all, build(), number, on_loaded, NULL);
    while (f.loads == before)
        loop_turn(f.env.loop, true);
}

struct outcome {
    int calls;
    enum task_end end;
    char text[100];
};

static void on_done(struct task *task, enum task_end end, lua_State *L, int count, void *arg)
{
    struct outcome *o = arg;
    o->calls++;
    o->end = end;
    snprintf(o->text, sizeof o->text, "%s",
             end == TASK_DONE       ? lua_tostring(L, -count)
             : task_cancelled(task) ? task_cancelled(task)
                                    : "");
}

/* A request to the generation in force. */
static void request(struct outcome *o, double seconds)
{
    struct task_options options = {.label = "request", .on_done = on_done, .arg = o};
    memset(o, 0, sizeof *o);
    struct task *task = task_new(f.env.vm, &options);
    lua_State *L = task_state(task);
    generation_push_app(L);
    lua_getfield(L, -1, "work");
    lua_remove(L, -2);
    lua_pushnumber(L, seconds);
    task_start(task, 1);
}

static void await(const struct outcome *o)
{
    while (!o->calls)
        loop_turn(f.env.loop, true);
}

static void await_alive(unsigned count)
{
    while (f.env.generations != count)
        loop_turn(f.env.loop, true);
}

static void a_request_ends_with_the_code_it_began_with(void **state)
{
    struct outcome old, new;
    (void)state;
    write_app("one");
    load(1);
    assert_int_equal(f.swaps, 1);
    request(&old, 0.05);
    write_app("two");
    load(2);
    assert_int_equal(vm_generation(f.swapped), 2);
    request(&new, 0);
    await(&new);
    await(&old);
    assert_string_equal(old.text, "one");
    assert_string_equal(new.text, "two");
    await_alive(1); /* the old one closes after its last task */
}

static void what_does_not_load_changes_nothing(void **state)
{
    struct outcome o;
    (void)state;
    write_app("one");
    load(1);
    write_file("lua/app.lua", "\nerror 'not today'");
    load(2);
    assert_string_equal(f.error, "lua/app.lua:2: not today");
    assert_int_equal(f.swaps, 1);
    assert_int_equal(vm_generation(f.env.vm), 1);
    request(&o, 0);
    await(&o);
    assert_string_equal(o.text, "one");
}

static void too_many_generations_cost_the_oldest_its_tasks(void **state)
{
    static struct outcome oldest, second; /* a request may outlive this function: tear_down cancels it */
    (void)state;
    write_app("x");
    load(1);
    request(&oldest, 3600);
    load(2);
    request(&second, 3600);
    load(3);
    assert_int_equal(oldest.calls, 0);
    load(4);
    await(&oldest);
    assert_int_equal(oldest.end, TASK_CANCELLED);
    assert_string_equal(oldest.text, "reload");
    assert_int_equal(second.calls, 0);
}

static void a_stop_lets_tasks_end_and_then_cancels(void **state)
{
    static struct outcome quick, slow; /* a request may outlive this function: tear_down cancels it */
    (void)state;
    write_app("x");
    load(1);
    request(&quick, 0.01);
    request(&slow, 3600);
    generations_stop(f.all, 0.1, on_stopped, NULL);
    while (!f.stopped)
        loop_turn(f.env.loop, true);
    assert_int_equal(quick.end, TASK_DONE);
    assert_int_equal(slow.end, TASK_CANCELLED);
    assert_string_equal(slow.text, "stop");
    f.stopped = false;
}

static bool says(lua_State *L, const char *field)
{
    generation_push_app(L);
    lua_getfield(L, -1, field);
    if (lua_isfunction(L, -1))
        assert_true(vm_call(L, 0, 1));
    bool value = lua_toboolean(L, -1);
    lua_settop(L, 0);
    return value;
}

static void bodies_are_interpreted_and_what_serves_is_compiled(void **state)
{
    (void)state;
    write_file("lua/app.lua",
               "return { services = {}, during = jit.status(), after = function() return jit.status() end }");
    load(1);
    assert_int_equal(f.loads, 1);
    assert_false(says(vm_state(f.env.vm), "during"));
    assert_true(says(vm_state(f.env.vm), "after"));
}

static int ticks(struct vm *vm)
{
    lua_State *L = vm_state(vm);
    generation_push_app(L);
    lua_getfield(L, -1, "ticks");
    assert_true(vm_call(L, 0, 1));
    int n = (int)lua_tointeger(L, -1);
    lua_settop(L, 0);
    return n;
}

static void timers_belong_to_the_generation_in_force(void **state)
{
    static struct outcome held, o; /* a request may outlive this function: tear_down cancels it */
    (void)state;
    write_app("x");
    load(1);
    struct vm *first = f.env.vm;
    while (ticks(first) == 0)
        loop_turn(f.env.loop, true);
    request(&held, 3600); /* keeps it alive */
    load(2);
    int then = ticks(first);
    while (ticks(f.env.vm) < 3)
        loop_turn(f.env.loop, true);
    request(&o, 0.01);
    await(&o);
    assert_int_equal(ticks(first), then);
}

static void memory_is_shared_out(void **state)
{
    (void)state;
    write_app("x");
    load(1);
    load(2);
    await_alive(1);
    generations_balance(f.all);
    assert_true(generations_memory(f.all) == vm_memory(f.env.vm));
    assert_true(generations_memory(f.all) > 10000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_ends_with_the_code_it_began_with),
        TEST(what_does_not_load_changes_nothing),
        TEST(too_many_generations_cost_the_oldest_its_tasks),
        TEST(a_stop_lets_tasks_end_and_then_cancels),
        TEST(bodies_are_interpreted_and_what_serves_is_compiled),
        TEST(timers_belong_to_the_generation_in_force),
        TEST(memory_is_shared_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
