/* process/command.c: see command.h. */
#include "process/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/buf.h"
#include "base/counter.h"
#include "base/mem.h"
#include "bind/bind.h"
#include "loop/loop.h"
#include "process/signal.h"
#include "process/stores.h"
#include "process/threads.h"
#include "vm/loader.h"
#include "vm/settings.h"
#include "vm/task.h"
#include "vm/vm.h"

enum { ROOTS_MAX = 64 };

/* Runs the file, given as its first argument, with the others. */
static const char starter[] = "local file, first = ...\n"
                              "local command = assert(loadfile(file))()\n"
                              "if type(command) ~= 'table' or type(command.run) ~= 'function' then\n"
                              "  error(file .. ': a command returns { usage = text, run = function }', 0)\n"
                              "end\n"
                              "if first == '--help' then\n"
                              "  io.write(command.usage, '\\n')\n"
                              "  return 0\n"
                              "end\n"
                              "return command.run(select(2, ...))\n";

static struct {
    struct worker_env env;
    struct settings *settings;
    struct set *assets; /* what host.file gives */
    struct vm *vm;
    struct task *task;
    const char *roots[ROOTS_MAX + 1];
    size_t root_count;
    int code;
} command;

static void add_root(void *arg, const char *name, const struct setting *setting)
{
    (void)arg, (void)name;
    if (command.root_count < ROOTS_MAX)
        command.roots[command.root_count++] = setting->text;
}

static char *find_file(const char *name)
{
    for (size_t i = 0; i < command.root_count && !strchr(name, '/') && *name != '.'; i++) {
        struct buf path = {0};
        buf_printf(&path, "%s/commands/%s.lua", command.roots[i], name);
        if (access(buf_cstr(&path), R_OK) == 0)
            return path.data;
        buf_free(&path);
    }
    return NULL;
}

static void on_done(struct task *task, enum task_end end, lua_State *L, int count, void *arg)
{
    (void)task, (void)arg;
    command.task = NULL;
    if (end == TASK_DONE)
        command.code = count && lua_isnumber(L, 1) ? (int)lua_tointeger(L, 1) : 0;
    else {
        const char *text = lua_tostring(L, -2);
        if (!text && luaL_callmeta(L, -2, "__tostring"))
            text = lua_tostring(L, -1);
        fprintf(stderr, "toolboxd: %s\n", text ? text : "the command failed");
        if (end == TASK_FAILED && getenv("TOOLBOX_TRACEBACK"))
            fprintf(stderr, "%s\n", lua_tostring(L, -1));
        command.code = 1;
    }
    loop_stop(command.env.loop);
}

/* Ctrl-C cancels the command, so that it can clean up; the second time the default is back. */
static void on_signal(void *arg)
{
    (void)arg;
    if (!signal_taken(SIGINT) && !signal_taken(SIGTERM))
        return;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    vm_cancel_tasks(command.vm, "stop", "interrupted");
}

static void run_task(const char *file, char **args)
{
    struct task_options options = {.label = "command", .quiet = true, .on_done = on_done};
    command.task = task_new(command.vm, &options);
    lua_State *L = task_state(command.task);
    int count = 0;
    luaL_loadbuffer(L, starter, sizeof starter - 1, "=toolboxd");
    lua_pushstring(L, file);
    for (; args[count]; count++) {
        luaL_checkstack(L, 4, "too many arguments");
        lua_pushstring(L, args[count]);
    }
    task_start(command.task, count + 1);
    if (command.task)
        loop_run(command.env.loop);
}

/* What the command started and did not wait for ends with it. */
static void end_tasks(void)
{
    vm_cancel_tasks(command.vm, "stop", "the command has ended");
    vm_retire(command.vm, "stop");
    while (vm_task_count(command.vm) > 0)
        loop_turn(command.env.loop, true);
    vm_before_close(command.vm);
    vm_close(command.vm);
}

static bool open_assets(struct buf *error)
{
    int fd = set_build_assets(command.settings, error);
    if (fd < 0)
        return false;
    command.assets = set_open(fd);
    close(fd);
    return command.assets != NULL;
}

static bool open_all(void)
{
    struct worker_env *env = &command.env;
    *env = (struct worker_env){.bind = bind_all, .worker = -1, .settings = command.settings};
    env->counters = counter_segment_new();
    env->segments = &env->counters;
    env->segment_count = 1;
    env->loop = loop_new();
    if (!env->loop || !env->counters || !threads_open(env))
        return false;
    struct vm_options options = {.env = env,
                                 .set = command.assets,
                                 .settings = command.settings,
                                 .roots = command.roots,
                                 .generation = 1,
                                 .open = true};
    command.vm = vm_new(&options);
    if (!command.vm)
        return false;
    env->vm = command.vm;
    stores_open(env);
    vm_activate(command.vm);
    return true;
}

int command_run(const char *config, const char *name, char **args)
{
    static const int caught[] = {SIGINT, SIGTERM, 0};
    struct buf error = {0};
    command.settings = settings_load(config, environ, &error);
    if (!command.settings) {
        fprintf(stderr, "toolboxd: %s\n", buf_cstr(&error));
        buf_free(&error);
        return 2;
    }
    settings_each(command.settings, "roots", add_root, NULL);
    char *file = find_file(name);
    if (!file || !open_assets(&error)) {
        if (file)
            fprintf(stderr, "toolboxd: %s\n", buf_cstr(&error));
        else
            fprintf(stderr, "toolboxd: unknown command %s; toolboxd --help lists them\n", name);
        buf_free(&error);
        free(file);
        settings_free(command.settings);
        return 2;
    }
    if (!open_all()) {
        fprintf(stderr, "toolboxd: no memory or no descriptors to start with\n");
        return 1;
    }
    signals_catch(command.env.loop, caught, on_signal, NULL);
    run_task(file, args);
    end_tasks();
    stores_close(&command.env);
    threads_close(&command.env);
    set_release(command.assets);
    free(file);
    settings_free(command.settings);
    return command.code;
}
