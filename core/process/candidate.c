/* process/candidate.c: see candidate.h.
 *
 * The child reads the configuration, compiles every script, runs the modules' bodies as a worker would, asks the app
 * whether it is ready (before a start), and answers with one message. JIT off and a hook set by SIGALRM stop an endless
 * loop at its line; the master kills a child that does not even end then. */
#include "process/candidate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sanitized.h"
#include "bind/bind.h"
#include "bind/certificates.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "process/message.h"
#include "process/readiness.h"
#include "process/spawn.h"
#include "vm/generation.h"
#include "vm/loader.h"
#include "vm/settings.h"
#include "vm/vm.h"

enum { CONFIG_CODE = 2, SCRIPT_CODE = 1 };

/* Beyond Lua's own limit, for the compiled set and the rest of the process. */
#define CANDIDATE_MEMORY ((rlim_t)1 << 30)

static const double GRACE = 0.5; /* seconds, for the child to report that its time is over */

/* ---- in the child (or in `toolboxd check`) ---- */

static bool refused_change(const struct set *before, const struct settings *settings, struct buf *error)
{
    const char *name = before ? settings_needs_restart(set_settings(before), settings) : NULL;
    if (name)
        buf_printf(error, "%s: %s: a change needs a restart", settings_file(settings), name);
    return name != NULL;
}

/* What keeps an app from starting lies outside of its scripts, so it counts as configuration. */
static bool try_app(struct worker_env *env, struct set *set, bool ask, struct buf *error, int *code)
{
    struct vm *vm = generation_try(env, set, error);
    if (!vm)
        return false;
    if (!ask) {
        vm_close(vm);
        return true;
    }
    bool good = readiness_ask(env, vm, error);
    if (!good)
        *code = CONFIG_CODE;
    return good;
}

static bool load_check(int fd, bool ask, struct buf *error, int *code)
{
    struct set *set = set_open(fd);
    struct counter_segment *counters = counter_segment_new();
    struct worker_env env = {.bind = bind_all, .loop = loop_new(), .counters = counters, .worker = -1};
    bool good = false;
    if (!set || !counters || !env.loop) {
        buf_printf(error, "the candidate cannot start: %s", strerror(errno));
    } else {
        env.segments = &env.counters;
        env.segment_count = 1;
        env.settings = set_settings(set);
        env.set = set;
        env.lua_limit = (size_t)settings_int(env.settings, "lua_memory");
        good = certificates_check(set, error) && try_app(&env, set, ask, error, code);
    }
    if (env.loop)
        loop_free(env.loop);
    if (counters)
        counter_segment_free(counters);
    set_release(set);
    return good;
}

int candidate_check(const char *config, const struct set *before, bool ask, struct buf *error, int *code)
{
    *code = CONFIG_CODE;
    struct settings *settings = settings_load(config, environ, error);
    if (!settings || refused_change(before, settings, error)) {
        if (settings)
            settings_free(settings);
        return -1;
    }
    *code = SCRIPT_CODE;
    int fd = set_build(settings, before, error);
    if (fd >= 0 && !load_check(fd, ask, error, code)) {
        close(fd);
        fd = -1;
    }
    settings_free(settings);
    return fd;
}

static double time_limit;

static void on_alarm(int signal)
{
    (void)signal;
    vm_interrupt("loading took longer than load_timeout");
}

static _Noreturn void child(int socket, const char *config, const struct set *before, bool ask)
{
    struct rlimit memory = {CANDIDATE_MEMORY, CANDIDATE_MEMORY};
    struct itimerval timer = {.it_value = {(time_t)time_limit, (suseconds_t)((time_limit - (time_t)time_limit) * 1e6)}};
    struct buf error = {0};
    int code;
    timer.it_interval = (struct timeval){0, 100000};
    if (!SANITIZED)
        setrlimit(RLIMIT_DATA, &memory);
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &timer, NULL);
    int fd = candidate_check(config, before, ask, &error, &code);
    if (fd >= 0)
        message_send(socket, MESSAGE_ACCEPTED, 0, NULL, fd);
    else
        message_send(socket, MESSAGE_REFUSED, (unsigned)code, buf_cstr(&error), -1);
    _exit(0);
}

/* ---- in the master ---- */

struct candidate {
    struct loop *loop;
    struct watch watch;
    struct timer timer;
    pid_t pid;
    double seconds;
    void (*done)(void *arg, int set_fd, const char *error, int code);
    void *arg;
};

static void finish(struct candidate *c, int fd, const char *error, int code)
{
    void (*done)(void *, int, const char *, int) = c->done;
    void *arg = c->arg;
    candidate_cancel(c);
    done(arg, fd, error, code);
}

static void on_message(struct watch *w, unsigned events)
{
    struct candidate *c = (struct candidate *)((char *)w - offsetof(struct candidate, watch));
    struct message m;
    (void)events;
    int got = message_receive(w->fd, &m);
    if (got == 0)
        return;
    if (got < 0)
        finish(c, -1, "the scripts ended the process that tried them (memory limit or a crash)", SCRIPT_CODE);
    else if (m.kind == MESSAGE_ACCEPTED && m.fd >= 0)
        finish(c, m.fd, NULL, 0);
    else
        finish(c, -1, m.text, (int)m.number);
}

static void on_late(struct timer *timer)
{
    struct candidate *c = (struct candidate *)((char *)timer - offsetof(struct candidate, timer));
    struct buf error = {0};
    buf_printf(&error, "loading took longer than load_timeout (%g s)", c->seconds);
    finish(c, -1, buf_cstr(&error), SCRIPT_CODE);
    buf_free(&error);
}

struct candidate *candidate_start(struct loop *loop, const char *config, const struct set *before, bool ask,
                                  double seconds, void (*done)(void *arg, int set_fd, const char *error, int code),
                                  void *arg)
{
    int fds[2];
    if (!message_pair(fds))
        return NULL;
    time_limit = seconds;
    pid_t pid = spawn(&fds[1], 1, true);
    if (pid == 0)
        child(fds[1], config, before, ask);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return NULL;
    }
    struct candidate *c = mem_zalloc(sizeof *c);
    *c = (struct candidate){.loop = loop, .pid = pid, .seconds = seconds, .done = done, .arg = arg};
    watch_start(&c->watch, loop, fds[0], WATCH_READ, on_message);
    timer_init(&c->timer, loop, on_late);
    timer_start(&c->timer, seconds + GRACE);
    return c;
}

void candidate_cancel(struct candidate *c)
{
    int fd = c->watch.fd;
    kill(c->pid, SIGKILL);
    timer_stop(&c->timer);
    watch_stop(&c->watch);
    close(fd);
    free(c);
}
